// The network of a campaign: carries packets between the nodes' network namespaces, as badly as it is told to.
//
//     switch RULES NAMESPACE...
//
// Opens a TUN device called `wire` in its own namespace (place 0) and in each that is named by its path (places 1 on),
// prints `ready`, and forwards IPv4 packets by the last byte of their destination: places have 10.98.0.(place + 100).
// RULES is a mapped file of `struct rule`, PLACES x PLACES, row by sender, changed from outside while it runs. No
// queueing discipline or filter of the kernel is needed, which small kernels lack.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { PLACES = 8, HEAP_MAX = 1 << 15, PACKET_MAX = 65536, BASE = 100 };

// The same layout is in world.py.
struct rule {
    uint32_t drop, duplicate;  // of a million packets
    uint32_t delay, jitter;    // microseconds; jitter reorders
};

struct packet {
    uint64_t due;
    int to;
    int length;
    unsigned char bytes[];
};

static struct packet *heap[HEAP_MAX];
static int heap_count;
static int devices[PLACES];

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

// Loss and jitter are not part of what a seed promises to repeat: packets come when the kernel sends them.
static uint32_t below(uint32_t limit) { return limit ? (uint32_t)(drand48() * limit) : 0; }

static void push(struct packet *packet) {
    if (heap_count == HEAP_MAX) {
        free(packet);  // a full queue loses packets, as a router's does
        return;
    }
    int place = heap_count++;
    while (place > 0 && heap[(place - 1) / 2]->due > packet->due) {
        heap[place] = heap[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    heap[place] = packet;
}

static struct packet *pop(void) {
    struct packet *top = heap[0], *last = heap[--heap_count];
    int place = 0;
    while (2 * place + 1 < heap_count) {
        int child = 2 * place + 1;
        if (child + 1 < heap_count && heap[child + 1]->due < heap[child]->due) child++;
        if (heap[child]->due >= last->due) break;
        heap[place] = heap[child];
        place = child;
    }
    heap[place] = last;
    return top;
}

static void deliver(int to, const unsigned char *bytes, int length) {
    // A device that takes nothing now loses the packet.
    if (write(devices[to], bytes, (size_t)length) < 0 && errno != EAGAIN && errno != EIO && errno != ENOBUFS)
        perror("switch: write");
}

static void forward(const struct rule *rule, int to, const unsigned char *bytes, int length) {
    if (below(1000000) < rule->drop) return;
    int copies = below(1000000) < rule->duplicate ? 2 : 1;
    for (; copies > 0; copies--) {
        if (!rule->delay && !rule->jitter) {
            deliver(to, bytes, length);
            continue;
        }
        struct packet *packet = malloc(sizeof *packet + (size_t)length);
        if (!packet) fail("switch: memory");
        packet->due = now() + 1000ull * (rule->delay + below(rule->jitter));
        packet->to = to;
        packet->length = length;
        memcpy(packet->bytes, bytes, (size_t)length);
        push(packet);
    }
}

static int open_device(const char *namespace) {
    if (namespace) {
        int place = open(namespace, O_RDONLY | O_CLOEXEC);
        if (place < 0 || setns(place, CLONE_NEWNET) != 0) fail(namespace);
        close(place);
    }
    int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    strcpy(request.ifr_name, "wire");
    if (device < 0 || ioctl(device, TUNSETIFF, &request) != 0) fail("/dev/net/tun");
    return device;
}

int main(int count, char **arguments) {
    if (count < 3 || count - 1 > PLACES) return 2;
    int file = open(arguments[1], O_RDWR | O_CLOEXEC);
    struct rule(*rules)[PLACES] = mmap(NULL, sizeof(struct rule[PLACES][PLACES]), PROT_READ, MAP_SHARED, file, 0);
    if (file < 0 || rules == MAP_FAILED) fail(arguments[1]);
    int places = count - 1;
    struct pollfd ready[PLACES];
    for (int place = 0; place < places; place++) {
        devices[place] = open_device(place ? arguments[place + 1] : NULL);
        ready[place] = (struct pollfd){.fd = devices[place], .events = POLLIN};
    }
    puts("ready");
    fflush(stdout);
    static unsigned char bytes[PACKET_MAX];
    while (1) {
        struct timespec wait = {.tv_sec = 1};
        if (heap_count) {
            uint64_t time = now(), due = heap[0]->due;
            wait.tv_sec = due > time ? (time_t)((due - time) / 1000000000u) : 0;
            wait.tv_nsec = due > time ? (long)((due - time) % 1000000000u) : 0;
        }
        if (ppoll(ready, (nfds_t)places, &wait, NULL) < 0 && errno != EINTR) fail("switch: ppoll");
        while (heap_count && heap[0]->due <= now()) {
            struct packet *packet = pop();
            deliver(packet->to, packet->bytes, packet->length);
            free(packet);
        }
        for (int from = 0; from < places; from++) {
            if (!(ready[from].revents & POLLIN)) continue;
            for (int burst = 0; burst < 64; burst++) {
                ssize_t length = read(devices[from], bytes, sizeof bytes);
                if (length < 20) break;
                int to = bytes[19] - BASE;
                if (bytes[0] >> 4 != 4 || to < 0 || to >= places || to == from) continue;
                forward(&rules[from][to], to, bytes, (int)length);
            }
        }
    }
}
