// A disk that forgets: preloaded into a node, it journals what is written and not yet synced, so that power can be cut
// afterwards.
//
// A killed process leaves the page cache behind, so that `kill -9` loses nothing. This library stands between the node
// and libc for every file below POWERLOSS_ROOT. Calls are carried out; before each one that changes bytes or names, a
// record with the old and the new goes to the file POWERLOSS_JOURNAL, and another after each sync that succeeded.
// `disk.py` reads the journal once the process is dead, and puts every file back to what was synced plus a chosen part
// of the rest. What is unlinked or replaced is first linked into POWERLOSS_KEEP (same file system), to be brought back.
//
// Faults, set from outside in the mapped file POWERLOSS_CONTROL (`struct control`): syncs that lie, fail or stall;
// reads, writes and closes that fail; no space; and a wall clock that is off.
//
// Cc: -shared -fPIC -O2 -ldl. A failure to journal ends the process: a fault layer with gaps would prove nothing.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// The same layout is in disk.py. All counters are "so many of the next calls", -1 for all of them.
struct control {
    int64_t clock_offset;  // nanoseconds added to CLOCK_REALTIME
    int32_t sync_lies;     // syncs report success and make nothing durable
    int32_t sync_fails;    // syncs report EIO, and what they were to sync never becomes durable by a later sync
    int32_t read_fails;
    int32_t write_fails;
    int32_t close_fails;
    int32_t is_full;       // files cannot grow nor be made
    int32_t sync_delay;    // microseconds that each sync takes longer
    int32_t reserved;
    uint64_t lied, failed, synced;  // told back: how often
};

enum { WRITE = 1, TRUNCATE, SYNCED, DOOMED, CREATE, RENAME, UNLINK, MKDIR, DIRSYNCED };

struct record {
    uint32_t magic, kind;
    uint64_t sequence, file, offset, size_before, old_length, new_length;
};
enum { MAGIC = 0x4c575250, FILES_MAX = 1 << 16, TRACKED_MAX = 1 << 14, CHUNK = 1 << 20 };

static struct control *control;
static struct control none;
static char root[4096], keep[4096];
static size_t root_length;
static int journal = -1;
static uint64_t sequence;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct { uint64_t inode; int is_directory; } open_files[FILES_MAX];
// What is outstanding for each inode, so that the journal is cut back to nothing when nothing is.
static struct { uint64_t inode, changed, settled; } tracked[TRACKED_MAX];
static unsigned outstanding;

#define REAL(name) ((__typeof__(&name))real_##name())
#define DECLARE(name)                                          \
    static void *real_##name(void) {                           \
        static void *found;                                    \
        if (!found) found = dlsym(RTLD_NEXT, #name);           \
        return found;                                          \
    }
DECLARE(open) DECLARE(openat) DECLARE(close) DECLARE(pread) DECLARE(pwrite) DECLARE(write) DECLARE(fsync)
DECLARE(fdatasync) DECLARE(ftruncate) DECLARE(rename) DECLARE(unlink) DECLARE(remove) DECLARE(mkdir)
DECLARE(statvfs) DECLARE(clock_gettime) DECLARE(fallocate) DECLARE(posix_fallocate) DECLARE(pwritev)

static void fail(const char *what) {
    dprintf(2, "powerloss: %s: %s\n", what, strerror(errno));
    _exit(99);
}

// Takes one of the next calls that are to go wrong.
static int takes(int32_t *counter) {
    int32_t left = __atomic_load_n(counter, __ATOMIC_SEQ_CST);
    while (left > 0 && !__atomic_compare_exchange_n(counter, &left, left - 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {}
    return left != 0;
}

static unsigned slot(uint64_t inode) {
    unsigned place = (unsigned)(inode * 0x9E3779B97F4A7C15ull >> 50) % TRACKED_MAX;
    for (unsigned tries = 0; tries < TRACKED_MAX; tries++, place = (place + 1) % TRACKED_MAX) {
        if (tracked[place].inode == inode) return place;
        if (tracked[place].inode == 0) {
            tracked[place].inode = inode;
            return place;
        }
    }
    errno = ENOSPC;
    fail("too many files");
    return 0;
}
static void note_change(uint64_t inode, uint64_t at) {
    unsigned place = slot(inode);
    if (tracked[place].changed <= tracked[place].settled) outstanding++;
    tracked[place].changed = at;
}
static void note_settled(uint64_t inode, uint64_t upto) {
    unsigned place = slot(inode);
    int was = tracked[place].changed > tracked[place].settled;
    if (upto > tracked[place].settled) tracked[place].settled = upto;
    if (was && tracked[place].changed <= tracked[place].settled) outstanding--;
}
// After a sync that failed, the file stays outstanding for ever: only a power cut decides.
static void note_doomed(uint64_t inode) {
    unsigned place = slot(inode);
    if (tracked[place].changed <= tracked[place].settled) outstanding++;
    tracked[place].changed = UINT64_MAX;
}

static void put(const void *bytes, size_t length) {
    const char *from = bytes;
    while (length > 0) {
        ssize_t done = REAL(write)(journal, from, length);
        if (done <= 0) fail("the journal cannot be written");
        from += done;
        length -= (size_t)done;
    }
}

// Appends a record. The mutex is held.
static uint64_t note(uint32_t kind, uint64_t file, uint64_t offset, uint64_t size_before, const void *old,
                     uint64_t old_length, const void *new, uint64_t new_length) {
    struct record record = {MAGIC, kind, ++sequence, file, offset, size_before, old_length, new_length};
    char *bytes = malloc(sizeof record + old_length + new_length);
    if (!bytes) fail("memory");
    memcpy(bytes, &record, sizeof record);
    if (old_length) memcpy(bytes + sizeof record, old, old_length);
    if (new_length) memcpy(bytes + sizeof record + old_length, new, new_length);
    put(bytes, sizeof record + old_length + new_length);
    free(bytes);
    return record.sequence;
}

static void settle(uint32_t kind, uint64_t inode, uint64_t upto) {
    note(kind, inode, upto, 0, NULL, 0, NULL, 0);
    note_settled(inode, upto);
    if (outstanding == 0 && ftruncate(journal, 0) != 0) fail("the journal cannot be cut");
}

// What an earlier process left outstanding.
static void read_journal(void) {
    struct record record;
    off_t place = 0;
    while (REAL(pread)(journal, &record, sizeof record, place) == sizeof record && record.magic == MAGIC) {
        sequence = record.sequence;
        switch (record.kind) {
        case SYNCED: case DIRSYNCED: note_settled(record.file, record.offset); break;
        case DOOMED: note_doomed(record.file); break;
        default: note_change(record.file, record.sequence);
        }
        place += (off_t)(sizeof record + record.old_length + record.new_length);
    }
    // A record that the end of the process cut short describes a call that was never made.
    if (ftruncate(journal, place) != 0) fail("the journal cannot be cut");
}

static const char *setting(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

__attribute__((constructor)) static void begin(void) {
    control = &none;
    snprintf(root, sizeof root, "%s", setting("POWERLOSS_ROOT"));
    snprintf(keep, sizeof keep, "%s", setting("POWERLOSS_KEEP"));
    root_length = strlen(root);
    if (!root_length) return;
    int file = REAL(open)(setting("POWERLOSS_CONTROL"), O_RDWR | O_CLOEXEC);
    if (file < 0) fail("POWERLOSS_CONTROL");
    control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (control == MAP_FAILED) fail("POWERLOSS_CONTROL");
    REAL(close)(file);
    journal = REAL(open)(setting("POWERLOSS_JOURNAL"), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (journal < 0) fail("POWERLOSS_JOURNAL");
    read_journal();
}

// Whether a path is below the root.
static int is_inside(const char *path) {
    return root_length && strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || !path[root_length]);
}

static uint64_t inode_of(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0 ? status.st_ino : 0;
}

static uint64_t parent_of(const char *path) {
    char parent[4096];
    snprintf(parent, sizeof parent, "%s", path);
    char *slash = strrchr(parent, '/');
    if (!slash) return 0;
    *slash = 0;
    return inode_of(parent);
}

static void note_name(uint32_t kind, uint64_t directory, uint64_t inode, uint64_t kept, const char *old,
                      const char *new) {
    uint64_t at = note(kind, directory, inode, kept, old, strlen(old), new, strlen(new));
    note_change(directory, at);
}

// Keeps what a name stands for under a number, so that the name can be brought back. 0 when there is nothing to keep.
static uint64_t keep_file(const char *path) {
    struct stat status;
    if (lstat(path, &status) != 0 || !S_ISREG(status.st_mode)) return 0;
    char kept[8192];
    snprintf(kept, sizeof kept, "%s/%llu", keep, (unsigned long long)(sequence + 1));
    REAL(unlink)(kept);  // of an earlier life of the journal, whose numbers began anew
    return link(path, kept) == 0 ? sequence + 1 : 0;
}

static int opened(int file, const char *path, int existed, int flags) {
    if (file < 0 || file >= FILES_MAX) return file;
    open_files[file].inode = 0;
    struct stat status;
    if (!is_inside(path) || fstat(file, &status) != 0) return file;
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) return file;
    open_files[file].is_directory = S_ISDIR(status.st_mode);
    open_files[file].inode = status.st_ino;
    if (!existed && flags & O_CREAT) note_name(CREATE, parent_of(path), status.st_ino, 0, path, "");
    return file;
}

static int open_path(const char *path, int flags, mode_t mode) {
    if (!is_inside(path)) {
        int file = REAL(open)(path, flags, mode);
        if (file >= 0 && file < FILES_MAX) open_files[file].inode = 0;
        return file;
    }
    if (flags & O_TRUNC) {
        errno = ENOTSUP;
        fail("O_TRUNC is not journalled");
    }
    pthread_mutex_lock(&mutex);
    int existed = inode_of(path) != 0;
    int file = -1;
    if (!existed && flags & O_CREAT && control->is_full) errno = ENOSPC;
    else file = opened(REAL(open)(path, flags, mode), path, existed, flags);
    int reason = errno;
    pthread_mutex_unlock(&mutex);
    errno = reason;
    return file;
}

static mode_t mode_argument(int flags, va_list arguments) {
    return flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(arguments, int) : 0;
}
int open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_argument(flags, arguments);
    va_end(arguments);
    return open_path(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_argument(flags, arguments);
    va_end(arguments);
    return open_path(path, flags, mode);
}
int openat(int directory, const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_argument(flags, arguments);
    va_end(arguments);
    if (path[0] == '/') return open_path(path, flags, mode);
    return REAL(openat)(directory, path, flags, mode);
}

static uint64_t inode_at(int file) { return file >= 0 && file < FILES_MAX ? open_files[file].inode : 0; }

int close(int file) {
    uint64_t inode = inode_at(file);
    int is_file = inode && !open_files[file].is_directory;
    if (inode) open_files[file].inode = 0;
    int outcome = REAL(close)(file);
    if (is_file && takes(&control->close_fails)) {
        errno = EIO;
        return -1;
    }
    return outcome;
}

ssize_t pread(int file, void *bytes, size_t length, off_t offset) {
    if (inode_at(file) && takes(&control->read_fails)) {
        errno = EIO;
        return -1;
    }
    return REAL(pread)(file, bytes, length, offset);
}
ssize_t pread64(int file, void *bytes, size_t length, off_t offset) { return pread(file, bytes, length, offset); }

static off_t size_of(int file) {
    struct stat status;
    if (fstat(file, &status) != 0) fail("fstat");
    return status.st_size;
}

static ssize_t write_at(int file, const void *bytes, size_t length, off_t offset) {
    uint64_t inode = inode_at(file);
    if (takes(&control->write_fails)) {
        errno = EIO;
        return -1;
    }
    pthread_mutex_lock(&mutex);
    off_t size = size_of(file);
    if (control->is_full && offset + (off_t)length > size) {
        pthread_mutex_unlock(&mutex);
        errno = ENOSPC;
        return -1;
    }
    size_t overlap = offset >= size ? 0 : (size_t)(size - offset) < length ? (size_t)(size - offset) : length;
    char *old = malloc(overlap ? overlap : 1);
    if (!old || (overlap && REAL(pread)(file, old, overlap, offset) != (ssize_t)overlap)) fail("what was there");
    uint64_t at = note(WRITE, inode, (uint64_t)offset, (uint64_t)size, old, overlap, bytes, length);
    free(old);
    note_change(inode, at);
    ssize_t done = REAL(pwrite)(file, bytes, length, offset);
    int reason = errno;
    pthread_mutex_unlock(&mutex);
    errno = reason;
    return done;
}
ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset) {
    return inode_at(file) ? write_at(file, bytes, length, offset) : REAL(pwrite)(file, bytes, length, offset);
}
ssize_t pwrite64(int file, const void *bytes, size_t length, off_t offset) {
    return pwrite(file, bytes, length, offset);
}
// Calls that the node does not make on its data. If it ever does, the layer must learn them first.
static void refuse(int file, const char *call) {
    if (!inode_at(file)) return;
    errno = ENOTSUP;
    fail(call);
}
ssize_t write(int file, const void *bytes, size_t length) {
    refuse(file, "write is not journalled");
    return REAL(write)(file, bytes, length);
}
ssize_t pwritev(int file, const struct iovec *parts, int count, off_t offset) {
    refuse(file, "pwritev is not journalled");
    return REAL(pwritev)(file, parts, count, offset);
}
int fallocate(int file, int mode, off_t offset, off_t length) {
    refuse(file, "fallocate is not journalled");
    return REAL(fallocate)(file, mode, offset, length);
}
int posix_fallocate(int file, off_t offset, off_t length) {
    refuse(file, "posix_fallocate is not journalled");
    return REAL(posix_fallocate)(file, offset, length);
}

int ftruncate(int file, off_t size) {
    uint64_t inode = inode_at(file);
    if (!inode) return REAL(ftruncate)(file, size);
    pthread_mutex_lock(&mutex);
    off_t before = size_of(file);
    size_t cut = size < before ? (size_t)(before - size) : 0;
    char *old = malloc(cut ? cut : 1);
    if (!old || (cut && REAL(pread)(file, old, cut, size) != (ssize_t)cut)) fail("what was there");
    note_change(inode, note(TRUNCATE, inode, (uint64_t)size, (uint64_t)before, old, cut, NULL, 0));
    free(old);
    int outcome = REAL(ftruncate)(file, size);
    int reason = errno;
    pthread_mutex_unlock(&mutex);
    errno = reason;
    return outcome;
}

static void wait_microseconds(int32_t microseconds) {
    struct timespec rest = {.tv_sec = microseconds / 1000000, .tv_nsec = microseconds % 1000000 * 1000L};
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR) {}
}

static int sync_file(int file, int (*real)(int)) {
    uint64_t inode = inode_at(file);
    if (!inode) return real(file);
    pthread_mutex_lock(&mutex);
    uint64_t upto = sequence;
    pthread_mutex_unlock(&mutex);
    int32_t delay = __atomic_load_n(&control->sync_delay, __ATOMIC_SEQ_CST);
    if (delay > 0) wait_microseconds(delay);
    int is_directory = open_files[file].is_directory;
    if (!is_directory && takes(&control->sync_fails)) {
        pthread_mutex_lock(&mutex);
        note(DOOMED, inode, upto, 0, NULL, 0, NULL, 0);
        note_doomed(inode);
        pthread_mutex_unlock(&mutex);
        __atomic_add_fetch(&control->failed, 1, __ATOMIC_SEQ_CST);
        errno = EIO;
        return -1;
    }
    if (takes(&control->sync_lies)) {
        __atomic_add_fetch(&control->lied, 1, __ATOMIC_SEQ_CST);
        return 0;
    }
    int outcome = real(file);
    if (outcome == 0) {
        pthread_mutex_lock(&mutex);
        settle(is_directory ? DIRSYNCED : SYNCED, inode, upto);
        pthread_mutex_unlock(&mutex);
        __atomic_add_fetch(&control->synced, 1, __ATOMIC_SEQ_CST);
    }
    return outcome;
}
int fsync(int file) { return sync_file(file, REAL(fsync)); }
int fdatasync(int file) { return sync_file(file, REAL(fdatasync)); }

int rename(const char *old, const char *new) {
    if (!is_inside(old) && !is_inside(new)) return REAL(rename)(old, new);
    pthread_mutex_lock(&mutex);
    uint64_t inode = inode_of(old);
    if (inode) note_name(RENAME, parent_of(new), inode, keep_file(new), old, new);
    int outcome = REAL(rename)(old, new);
    int reason = errno;
    pthread_mutex_unlock(&mutex);
    errno = reason;
    return outcome;
}

static int drop(const char *path, int (*real)(const char *)) {
    if (!is_inside(path)) return real(path);
    pthread_mutex_lock(&mutex);
    uint64_t inode = inode_of(path);
    uint64_t kept = keep_file(path);
    if (kept) note_name(UNLINK, parent_of(path), inode, kept, path, "");
    int outcome = real(path);
    int reason = errno;
    pthread_mutex_unlock(&mutex);
    errno = reason;
    return outcome;
}
int unlink(const char *path) { return drop(path, REAL(unlink)); }
int remove(const char *path) { return drop(path, REAL(remove)); }

int mkdir(const char *path, mode_t mode) {
    if (!is_inside(path)) return REAL(mkdir)(path, mode);
    pthread_mutex_lock(&mutex);
    int outcome = REAL(mkdir)(path, mode);
    int reason = errno;
    if (outcome == 0) note_name(MKDIR, parent_of(path), inode_of(path), 0, path, "");
    pthread_mutex_unlock(&mutex);
    errno = reason;
    return outcome;
}

int statvfs(const char *path, struct statvfs *status) {
    int outcome = REAL(statvfs)(path, status);
    if (outcome == 0 && control->is_full && is_inside(path)) status->f_bavail = status->f_bfree = 0;
    return outcome;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int outcome = REAL(clock_gettime)(clock, time);
    if (outcome != 0 || clock != CLOCK_REALTIME || !control) return outcome;
    int64_t offset = __atomic_load_n(&control->clock_offset, __ATOMIC_RELAXED);
    int64_t nanoseconds = time->tv_nsec + offset % 1000000000;
    time->tv_sec += offset / 1000000000;
    if (nanoseconds < 0) nanoseconds += 1000000000, time->tv_sec--;
    if (nanoseconds >= 1000000000) nanoseconds -= 1000000000, time->tv_sec++;
    time->tv_nsec = nanoseconds;
    return outcome;
}
