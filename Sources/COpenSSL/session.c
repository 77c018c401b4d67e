// TLS sessions over a non-blocking socket, with outcomes that can be told apart without the error queue.
#include "COpenSSL.h"
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

// OpenSSL's own socket BIO writes with write(2), which raises SIGPIPE, and gives up on EINTR. This one does neither.
// The BIO's data is the descriptor itself.

static int descriptor_of(BIO *bio) { return (int)(intptr_t)BIO_get_data(bio); }

static int bio_read(BIO *bio, char *bytes, size_t capacity, size_t *count) {
    ssize_t length;
    do length = recv(descriptor_of(bio), bytes, capacity, 0);
    while (length < 0 && errno == EINTR);
    BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
    if (length > 0) {
        *count = (size_t)length;
        return 1;
    }
    if (length == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    else if (errno == EAGAIN) BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
    return length == 0 ? 0 : -1;
}

static int bio_write(BIO *bio, const char *bytes, size_t length, size_t *count) {
    ssize_t sent;
    do sent = send(descriptor_of(bio), bytes, length, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
    if (sent >= 0) {
        *count = (size_t)sent;
        return 1;
    }
    if (errno == EAGAIN) BIO_set_flags(bio, BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY);
    return -1;
}

static long bio_control(BIO *bio, int command, long number, void *pointer) {
    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DUP: return 1;
    case BIO_CTRL_EOF: return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    default: return 0;
    }
}

static int bio_create(BIO *bio) {
    BIO_set_init(bio, 1);
    return 1;
}

static BIO_METHOD *method;
static int refusal_index = -1;
static pthread_once_t prepared = PTHREAD_ONCE_INIT;

struct refusal {
    int reason;
    char subject[256];
};

static void free_refusal(void *parent, void *pointer, CRYPTO_EX_DATA *data, int index, long number, void *argument) {
    (void)parent, (void)data, (void)index, (void)number, (void)argument;
    OPENSSL_free(pointer);
}

static void prepare(void) {
    refusal_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_refusal);
    BIO_METHOD *made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK | BIO_TYPE_DESCRIPTOR, "socket");
    if (made == NULL) return;
    BIO_meth_set_read_ex(made, bio_read);
    BIO_meth_set_write_ex(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    BIO_meth_set_create(made, bio_create);
    method = made;
}

int trireme_tls_configure(SSL_CTX *context, int oldest_version) {
    // No SSL_MODE_RELEASE_BUFFERS: two allocations per record are 4 % of a node's throughput.
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    return SSL_CTX_set_min_proto_version(context, oldest_version) &&
           SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL") &&
           SSL_CTX_set_ciphersuites(
               context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") &&
           SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384");
}

// Keeps the first reason: what follows is about the same certificate.
static int on_verify(int is_good, X509_STORE_CTX *store) {
    if (is_good) return 1;
    SSL *session = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    if (session == NULL || SSL_get_ex_data(session, refusal_index) != NULL) return 0;
    struct refusal *refusal = OPENSSL_zalloc(sizeof *refusal);
    if (refusal == NULL) return 0;
    refusal->reason = X509_STORE_CTX_get_error(store);
    X509 *certificate = X509_STORE_CTX_get_current_cert(store);
    if (certificate != NULL) {
        trireme_certificate_name_text(X509_get_subject_name(certificate), refusal->subject, sizeof refusal->subject);
    }
    if (!SSL_set_ex_data(session, refusal_index, refusal)) OPENSSL_free(refusal);
    return 0;
}

int trireme_tls_verify(SSL_CTX *context, const char *authorities, int required, int is_server) {
    pthread_once(&prepared, prepare);
    if (!SSL_CTX_load_verify_file(context, authorities)) return 0;
    if (is_server) {
        STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(authorities);
        if (names == NULL) return 0;
        SSL_CTX_set_client_CA_list(context, names);
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), on_verify);
    return 1;
}

int trireme_tls_revoke(SSL_CTX *context, const char *path) {
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (lookup == NULL || X509_load_crl_file(lookup, path, X509_FILETYPE_PEM) < 1) return 0;
    return X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
}

void trireme_tls_forget_sessions(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
}

int trireme_tls_attach(SSL *session, int descriptor) {
    pthread_once(&prepared, prepare);
    if (method == NULL || refusal_index < 0) return 0;
    BIO *bio = BIO_new(method);
    if (bio == NULL) return 0;
    BIO_set_data(bio, (void *)(intptr_t)descriptor);
    SSL_set_bio(session, bio, bio);
    return 1;
}

int trireme_tls_expect(SSL *session, const char *name) {
    // OpenSSL takes an empty name for "any".
    if (name[0] == 0) return 0;
    X509_VERIFY_PARAM *parameters = SSL_get0_param(session);
    if (X509_VERIFY_PARAM_set1_ip_asc(parameters, name)) return 1;
    ERR_clear_error();
    unsigned int flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
    X509_VERIFY_PARAM_set_hostflags(parameters, flags);
    return X509_VERIFY_PARAM_set1_host(parameters, name, 0) && SSL_set_tlsext_host_name(session, name);
}

static struct trireme_tls_result failed(SSL *session, int result) {
    int number = errno;
    switch (SSL_get_error(session, result)) {
    case SSL_ERROR_WANT_READ: return (struct trireme_tls_result){.outcome = TRIREME_TLS_WANTS_READ};
    case SSL_ERROR_WANT_WRITE: return (struct trireme_tls_result){.outcome = TRIREME_TLS_WANTS_WRITE};
    case SSL_ERROR_ZERO_RETURN: return (struct trireme_tls_result){.outcome = TRIREME_TLS_END};
    case SSL_ERROR_SYSCALL: return (struct trireme_tls_result){.outcome = TRIREME_TLS_SYSTEM, .number = number};
    default: return (struct trireme_tls_result){.outcome = TRIREME_TLS_PROTOCOL};
    }
}

// The error queue is empty before each call: whatever fills it, takes it. So it is not cleared on the way of data.

struct trireme_tls_result trireme_tls_handshake(SSL *session) {
    ERR_clear_error();
    errno = 0;
    int result = SSL_do_handshake(session);
    return result > 0 ? (struct trireme_tls_result){.outcome = TRIREME_TLS_DONE} : failed(session, result);
}
struct trireme_tls_result trireme_tls_read(SSL *session, void *bytes, size_t capacity) {
    struct trireme_tls_result done = {.outcome = TRIREME_TLS_DONE};
    int result = SSL_read_ex(session, bytes, capacity, &done.count);
    return result > 0 ? done : failed(session, result);
}
struct trireme_tls_result trireme_tls_write(SSL *session, const void *bytes, size_t length) {
    struct trireme_tls_result done = {.outcome = TRIREME_TLS_DONE};
    int result = SSL_write_ex(session, bytes, length, &done.count);
    return result > 0 ? done : failed(session, result);
}
int trireme_tls_has_pending(const SSL *session) { return SSL_has_pending(session); }

void trireme_tls_close_notify(SSL *session) {
    if (SSL_is_init_finished(session)) SSL_shutdown(session);
    ERR_clear_error();
}

int trireme_tls_refusal(SSL *session, char *subject, size_t capacity) {
    const struct refusal *refusal = SSL_get_ex_data(session, refusal_index);
    if (refusal == NULL) {
        // A client learns of a missing or misnamed certificate here.
        if (capacity > 0) subject[0] = 0;
        long result = SSL_get_verify_result(session);
        return result == X509_V_OK ? 0 : (int)result;
    }
    OPENSSL_strlcpy(subject, refusal->subject, capacity);
    return refusal->reason;
}

int trireme_tls_take_error(char *text, size_t capacity) {
    const char *data = NULL;
    int flags = 0;
    unsigned long code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags);
    const char *reason = ERR_reason_error_string(code);
    if (capacity > 0) text[0] = 0;
    if (reason != NULL) OPENSSL_strlcpy(text, reason, capacity);
    if (data != NULL && (flags & ERR_TXT_STRING) && data[0] != 0) {
        OPENSSL_strlcat(text, " (", capacity);
        OPENSSL_strlcat(text, data, capacity);
        OPENSSL_strlcat(text, ")", capacity);
    }
    int number = ERR_GET_REASON(code);
    ERR_clear_error();
    return number;
}
