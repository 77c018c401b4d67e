// One HTTP exchange by libcurl's easy interface; the handle keeps its connection for the next.
#include "CCurl.h"
#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct trireme_curl {
    CURL *easy;
    const struct trireme_curl_order *order;
    char text[CURL_ERROR_SIZE];
};

static pthread_once_t prepared = PTHREAD_ONCE_INIT;

static void prepare(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

trireme_curl *trireme_curl_make(void) {
    pthread_once(&prepared, prepare);
    trireme_curl *handle = calloc(1, sizeof *handle);
    if (handle == NULL) return NULL;
    handle->easy = curl_easy_init();
    if (handle->easy != NULL) return handle;
    free(handle);
    return NULL;
}

void trireme_curl_free(trireme_curl *handle) {
    curl_easy_cleanup(handle->easy);
    free(handle);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context) {
    const struct trireme_curl_order *order = ((trireme_curl *)context)->order;
    return order->take(order->context, (const unsigned char *)bytes, size * count) ? size * count : 0;
}

static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
    (void)a, (void)b, (void)c, (void)d;
    const struct trireme_curl_order *order = ((trireme_curl *)context)->order;
    return order->is_stopped(order->context);
}

// Copies of the lines, with those that libcurl would add by itself taken away. Null when there is no memory.
static struct curl_slist *header_list(const char *lines) {
    struct curl_slist *list = NULL;
    const char *const unwanted = "Expect:\nContent-Type:\nAccept:\n";
    const char *const sources[] = {unwanted, lines};
    for (size_t source = 0; source < 2; source++) {
        for (const char *line = sources[source]; *line != 0;) {
            size_t length = strcspn(line, "\n");
            char *copy = strndup(line, length);
            struct curl_slist *longer = copy == NULL ? NULL : curl_slist_append(list, copy);
            free(copy);
            if (longer == NULL) {
                curl_slist_free_all(list);
                return NULL;
            }
            list = longer;
            line += length + (line[length] != 0);
        }
    }
    return list;
}

static void set_up(trireme_curl *handle, const struct trireme_curl_order *order, struct curl_slist *headers) {
    CURL *easy = handle->easy;
    // Options go back to what they were; connections, the session cache and the name cache stay.
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, handle->text);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_URL, order->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    if (order->authorities != NULL) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, order->authorities);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    if (order->is_direct) curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, order->connect_milliseconds);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, order->total_milliseconds);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, order->slow_bytes);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, order->slow_seconds);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, handle);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, handle);
    if (strcmp(order->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (order->has_body) {
        // Sent from where it is, and again from there if a connection turns out to be stale.
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, order->body_length > 0 ? (const char *)order->body : "");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)order->body_length);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, order->method);
}

// Libcurl has one code for what TLS refuses and for a connection that is lost while shaking hands.
static int of_handshake(trireme_curl *handle) {
    long number = 0;
    curl_easy_getinfo(handle->easy, CURLINFO_OS_ERRNO, &number);
    int is_lost = strstr(handle->text, "SYSCALL") != NULL || strstr(handle->text, "reset by peer") != NULL;
    return number != 0 || is_lost ? TRIREME_CURL_LOST : TRIREME_CURL_TLS;
}

static int outcome(trireme_curl *handle, CURLcode code) {
    switch (code) {
    case CURLE_OK: return TRIREME_CURL_DONE;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return TRIREME_CURL_NAME_NOT_RESOLVED;
    case CURLE_COULDNT_CONNECT: return TRIREME_CURL_REFUSED;
    case CURLE_SSL_CONNECT_ERROR: return of_handshake(handle);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_INVALIDCERTSTATUS: return TRIREME_CURL_TLS;
    case CURLE_OPERATION_TIMEDOUT: return TRIREME_CURL_TIMEOUT;
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR: return TRIREME_CURL_LOST;
    case CURLE_WRITE_ERROR: return TRIREME_CURL_NOT_TAKEN;
    case CURLE_ABORTED_BY_CALLBACK: return TRIREME_CURL_STOPPED;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING: return TRIREME_CURL_NO_ANSWER;
    default: return TRIREME_CURL_FAILED;
    }
}

int trireme_curl_perform(trireme_curl *handle, const struct trireme_curl_order *order) {
    handle->text[0] = 0;
    struct curl_slist *headers = header_list(order->headers);
    if (headers == NULL) return TRIREME_CURL_FAILED;
    handle->order = order;
    set_up(handle, order, headers);
    CURLcode code = curl_easy_perform(handle->easy);
    if (code != CURLE_OK && handle->text[0] == 0) {
        strncat(handle->text, curl_easy_strerror(code), sizeof handle->text - 1);
    }
    int result = outcome(handle, code);
    // Nothing of the order is pointed to once it is gone.
    handle->order = NULL;
    curl_easy_setopt(handle->easy, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    return result;
}

long trireme_curl_status(trireme_curl *handle) {
    long status = 0;
    curl_easy_getinfo(handle->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

const char *trireme_curl_text(trireme_curl *handle) { return handle->text; }

const char *trireme_curl_header(trireme_curl *handle, const char *name) {
    struct curl_header *found = NULL;
    if (curl_easy_header(handle->easy, name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK) return NULL;
    return found->value;
}
