// Tells ThreadSanitizer of what `Synchronization.Mutex` does out of its sight.
//
// A mutex that nobody contends for is taken and left by atomic operations that are compiled into its user, which the
// sanitizer sees. A contended one is taken in `_MutexHandle._lockSlow`, and left to the next thread in `_unlockSlow`;
// both are in libswiftSynchronization.so, which is not instrumented, and leave it to the kernel (FUTEX_LOCK_PI,
// FUTEX_UNLOCK_PI). Without a word the sanitizer takes what two threads did under one lock for a race.
//
// These two functions stand in front of the library's when this one is preloaded: they call the library's own, and say
// "release" before the lock is given up and "acquire" after it was taken, as a mutex promises. Nothing is suppressed;
// what is done without the lock is still a race.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *

SWIFT void lock_slow(uint32_t owner, SELF self) __asm__(LOCK);
SWIFT void unlock_slow(SELF self) __asm__(UNLOCK);

static void *library(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    if (function == NULL) abort(); // Another release of Swift: look what its mutex does, and mend this file.
    return function;
}

SWIFT void lock_slow(uint32_t owner, SELF self) {
    ((SWIFT void (*)(uint32_t, SELF))library(LOCK))(owner, self);
    if (__tsan_acquire) __tsan_acquire(self);
}

SWIFT void unlock_slow(SELF self) {
    if (__tsan_release) __tsan_release(self);
    ((SWIFT void (*)(SELF))library(UNLOCK))(self);
}
