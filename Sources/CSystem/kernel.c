// Linux calls that the Glibc module does not give to Swift: epoll, eventfd, signalfd, accept4, posix_spawn's extras.
#define _GNU_SOURCE
#include "CSystem.h"
#include <malloc.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

_Static_assert(TRIREME_READABLE == EPOLLIN && TRIREME_WRITABLE == EPOLLOUT, "epoll bits");
_Static_assert(TRIREME_ERROR == EPOLLERR && TRIREME_HANGUP == EPOLLHUP, "epoll bits");
_Static_assert(TRIREME_HALF_CLOSED == EPOLLRDHUP, "epoll bits");

enum { READY_MAX = 256 };

int trireme_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static int control(int epoll, int operation, int descriptor, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data = {.u64 = data}};
    return epoll_ctl(epoll, operation, descriptor, &event);
}
int trireme_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t data) {
    return control(epoll, EPOLL_CTL_ADD, descriptor, events, data);
}
int trireme_epoll_change(int epoll, int descriptor, uint32_t events, uint64_t data) {
    return control(epoll, EPOLL_CTL_MOD, descriptor, events, data);
}
int trireme_epoll_remove(int epoll, int descriptor) { return control(epoll, EPOLL_CTL_DEL, descriptor, 0, 0); }

static int wait_nanoseconds(int epoll, struct epoll_event *events, int capacity, int64_t nanoseconds) {
#ifdef SYS_epoll_pwait2
    static int is_missing;
    if (!__atomic_load_n(&is_missing, __ATOMIC_RELAXED)) {
        struct timespec limit = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
        int count = (int)syscall(SYS_epoll_pwait2, epoll, events, capacity, nanoseconds < 0 ? NULL : &limit, NULL, 0);
        // Sandboxes that do not know the call answer EPERM.
        if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
        __atomic_store_n(&is_missing, 1, __ATOMIC_RELAXED);
    }
#endif
    int64_t milliseconds = nanoseconds < 0 ? -1 : nanoseconds / 1000000 + (nanoseconds % 1000000 != 0);
    return epoll_wait(epoll, events, capacity, milliseconds > 86400000 ? 86400000 : (int)milliseconds);
}

int trireme_epoll_wait(int epoll, struct trireme_ready *ready, int capacity, int64_t nanoseconds) {
    struct epoll_event events[READY_MAX];
    int count = wait_nanoseconds(epoll, events, capacity < READY_MAX ? capacity : READY_MAX, nanoseconds);
    for (int i = 0; i < count; i++) {
        ready[i].data = events[i].data.u64;
        ready[i].events = events[i].events;
    }
    return count;
}

int trireme_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int trireme_signalfd(const int *signals, size_t count) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < count; i++) sigaddset(&set, signals[i]);
    int failure = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (failure != 0) {
        errno = failure;
        return -1;
    }
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}
int trireme_signalfd_read(int descriptor) {
    struct signalfd_siginfo info;
    ssize_t length;
    do length = read(descriptor, &info, sizeof info);
    while (length < 0 && errno == EINTR);
    return length == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}
int trireme_unblock_signals(void) {
    sigset_t none;
    sigemptyset(&none);
    return pthread_sigmask(SIG_SETMASK, &none, NULL);
}
int trireme_ignore_broken_pipe(void) { return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0; }

int trireme_accept(int listener, struct sockaddr_storage *from, socklen_t *length) {
    return accept4(listener, (struct sockaddr *)from, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
int trireme_tcp_socket(int family) {
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
}
int trireme_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }
ssize_t trireme_getrandom(void *bytes, size_t length) { return getrandom(bytes, length, 0); }
int trireme_name_thread(const char *name) { return pthread_setname_np(pthread_self(), name); }
int trireme_yield_to_others(void) {
    // At the disk only. The sockets of a killed process are closed when its last thread has died, and one of low
    // priority dies late on a busy machine: its peers would learn late that it is gone.
    const int best_effort_lowest = 2 << 13 | 7, this_thread = 1;
    return (int)syscall(SYS_ioprio_set, this_thread, 0, best_effort_lowest);
}
char **trireme_environment(void) { return environ; }

static int prepare_attributes(posix_spawnattr_t *attributes, int session) {
    sigset_t set;
    sigemptyset(&set);
    int failure = posix_spawnattr_setsigmask(attributes, &set);
    if (failure) return failure;
    sigfillset(&set);
    failure = posix_spawnattr_setsigdefault(attributes, &set);
    if (failure) return failure;
    int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (session ? POSIX_SPAWN_SETSID : 0);
    return posix_spawnattr_setflags(attributes, (short)flags);
}

// dup2 onto itself keeps close-on-exec, but posix_spawn clears it in that case (glibc 2.29 and later).
static int prepare_files(posix_spawn_file_actions_t *files, int output, int error) {
    int failure = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);
    if (!failure && output >= 0) failure = posix_spawn_file_actions_adddup2(files, output, 1);
    if (!failure && error >= 0) failure = posix_spawn_file_actions_adddup2(files, error, 2);
    return failure;
}

int trireme_spawn(pid_t *process, const char *path, char *const arguments[], char *const environment[], int session,
                  int output, int error) {
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t files;
    int failure = posix_spawnattr_init(&attributes);
    if (failure) return failure;
    failure = posix_spawn_file_actions_init(&files);
    if (failure) {
        posix_spawnattr_destroy(&attributes);
        return failure;
    }
    failure = prepare_attributes(&attributes, session);
    if (!failure) failure = prepare_files(&files, output, error);
    if (!failure) failure = posix_spawn(process, path, &files, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return failure;
}
int trireme_exit_status(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status); }

void trireme_trim_memory(void) { malloc_trim(0); }

void trireme_prepare_memory(void) {
    // The largest that glibc takes: half a heap, and a heap.
    const int piece = 32 << 20, heap = 64 << 20;
    mallopt(M_MMAP_THRESHOLD, piece);
    mallopt(M_TRIM_THRESHOLD, heap);
    mallopt(M_TOP_PAD, heap);
}
