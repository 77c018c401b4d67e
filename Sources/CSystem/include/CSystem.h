// The few macros and intrinsics that Swift cannot reach: CRC32C, epoll, errno-preserving calls.
#ifndef TRIREME_CSYSTEM_H
#define TRIREME_CSYSTEM_H
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/socket.h>

/// CRC32C (Castagnoli, RFC 3720 appendix B.4) of `length` bytes, continued from `seed` (0 to begin).
/// Uses the SSE4.2 instruction where the processor has it, a table elsewhere.
uint32_t trireme_crc32c(uint32_t seed, const void *bytes, size_t length);

/// Asks the processor to fetch the cache line of an address, which need not be a valid one. Waits for nothing.
static inline void trireme_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

/// Gives memory that was freed back to the system (malloc_trim(3)).
void trireme_trim_memory(void);

/// Has malloc(3) take memory from the system in steps of 64 MiB, and keep as much, instead of a page or a buffer at a
/// time. What is not touched takes no room.
void trireme_prepare_memory(void);

// Every function below returns -1 with errno set when the kernel refuses, as the call that it stands for does.

/// What epoll reports of one descriptor, without the packing that `struct epoll_event` has on x86-64.
struct trireme_ready {
    uint64_t data;
    uint32_t events;
};

enum {
    TRIREME_READABLE = 1,
    TRIREME_WRITABLE = 4,
    TRIREME_ERROR = 8,
    TRIREME_HANGUP = 0x10,
    TRIREME_HALF_CLOSED = 0x2000
};

/// epoll_create1(2) with EPOLL_CLOEXEC.
int trireme_epoll_create(void);
/// epoll_ctl(2); the three operations.
int trireme_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t data);
int trireme_epoll_change(int epoll, int descriptor, uint32_t events, uint64_t data);
int trireme_epoll_remove(int epoll, int descriptor);
/// epoll_pwait2(2), or epoll_wait(2) with the time rounded up to milliseconds on a kernel before 5.11.
/// `nanoseconds` < 0 waits for ever. Fills at most `capacity` (of at most 256) entries of `ready`.
int trireme_epoll_wait(int epoll, struct trireme_ready *ready, int capacity, int64_t nanoseconds);

/// eventfd(2), non-blocking and close-on-exec.
int trireme_eventfd(void);
/// Blocks `count` signals in the calling thread and opens a signalfd(2) for them, non-blocking and close-on-exec.
int trireme_signalfd(const int *signals, size_t count);
/// The number of one pending signal of a signalfd; 0 when there is none.
int trireme_signalfd_read(int descriptor);
/// Unblocks every signal in the calling thread.
int trireme_unblock_signals(void);
/// signal(2) with SIG_IGN for SIGPIPE.
int trireme_ignore_broken_pipe(void);

/// accept4(2), non-blocking and close-on-exec.
int trireme_accept(int listener, struct sockaddr_storage *from, socklen_t *length);
/// socket(2), a TCP stream, non-blocking and close-on-exec.
int trireme_tcp_socket(int family);
/// pipe2(2), close-on-exec: the reading end, then the writing end.
int trireme_pipe(int ends[2]);
/// getrandom(2).
ssize_t trireme_getrandom(void *bytes, size_t length);
/// pthread_setname_np(3) for the calling thread.
int trireme_name_thread(const char *name);
/// ioprio_set(2): lets every other thread go first at the disk.
int trireme_yield_to_others(void);
/// The process's environment, as environ(7).
char **trireme_environment(void);

/// posix_spawn(3): a fresh signal mask and default signal actions; the new process leads a session if `session` is
/// set. Standard input is /dev/null. Output goes to `output` and `error`: descriptors of this process, or -1 to share.
/// Returns 0 or an errno value, as posix_spawn does.
int trireme_spawn(pid_t *process, const char *path, char *const arguments[], char *const environment[], int session,
                  int output, int error);
/// The exit status of wait(2) taken apart: the exit code if >= 0, else minus the signal's number.
int trireme_exit_status(int status);

#endif
