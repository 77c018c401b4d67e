// One HTTP exchange by libcurl, whose own calls are variadic: Swift cannot import them.
#ifndef TRIREME_CCURL_H
#define TRIREME_CCURL_H
#include <stddef.h>
#include <stdint.h>

/// A connection that is kept open between exchanges. Used by one thread at a time.
typedef struct trireme_curl trireme_curl;

/// Null when there is no memory. The first call prepares the library, in whichever thread.
trireme_curl *trireme_curl_make(void);
void trireme_curl_free(trireme_curl *handle);

/// What is asked, and how long it may take. Pointers need to hold for the time of the call only.
struct trireme_curl_order {
    /// GET, HEAD, PUT, POST or DELETE.
    const char *method;
    const char *url;
    /// Lines `Name: value`, each ended by a line feed.
    const char *headers;
    /// Whether anything is sent, be it nothing long.
    int has_body;
    const unsigned char *body;
    size_t body_length;
    /// A file of certificates in PEM to trust instead of the system's, or null.
    const char *authorities;
    /// Whether a proxy of the environment is passed by.
    int is_direct;
    long connect_milliseconds;
    long total_milliseconds;
    /// Given up when fewer bytes a second than this have moved for so many seconds.
    long slow_bytes;
    long slow_seconds;
    /// Passed to the two functions below.
    void *context;
    /// Takes a piece of the answer's body. 0 gives up.
    int (*take)(void *context, const unsigned char *bytes, size_t count);
    /// Asked several times a second while bytes move, about once a second while none do. Not 0 gives up.
    int (*is_stopped)(void *context);
};

/// What came of it, told apart as far as the remedies differ.
#define TRIREME_CURL_DONE 0
#define TRIREME_CURL_NAME_NOT_RESOLVED 1
#define TRIREME_CURL_REFUSED 2
#define TRIREME_CURL_TLS 3
#define TRIREME_CURL_TIMEOUT 4
/// The connection was lost, or the answer was shorter than it said.
#define TRIREME_CURL_LOST 5
/// `take` gave up.
#define TRIREME_CURL_NOT_TAKEN 6
/// `is_stopped` gave up.
#define TRIREME_CURL_STOPPED 7
/// Not HTTP, or not an answer to what was asked.
#define TRIREME_CURL_NO_ANSWER 8
#define TRIREME_CURL_FAILED 9

int trireme_curl_perform(trireme_curl *handle, const struct trireme_curl_order *order);

// About the last exchange.

/// The answer's status; 0 when there was none.
long trireme_curl_status(trireme_curl *handle);
/// What went wrong, for people. Valid until the next exchange.
const char *trireme_curl_text(trireme_curl *handle);
/// A header of the answer, or null. Valid until the next call.
const char *trireme_curl_header(trireme_curl *handle, const char *name);

#endif
