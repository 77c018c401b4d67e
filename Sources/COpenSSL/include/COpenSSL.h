// Functions for what Swift cannot import of OpenSSL: macros, variadic functions, stacks and callbacks.
#ifndef TRIREME_COPENSSL_H
#define TRIREME_COPENSSL_H
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stddef.h>
#include <stdint.h>

// Sessions (session.c).

/// What came of one call on a session.
#define TRIREME_TLS_DONE 0
#define TRIREME_TLS_WANTS_READ 1
#define TRIREME_TLS_WANTS_WRITE 2
#define TRIREME_TLS_END 3
/// The socket failed, as the errno value beside it says; 0 when it was closed in the middle of the handshake.
#define TRIREME_TLS_SYSTEM 4
/// TLS failed; the error queue says how.
#define TRIREME_TLS_PROTOCOL 5

/// TLS of `oldest_version` (TLS1_2_VERSION, …) and newer, only forward-secret AEAD ciphers, no renegotiation, partial
/// writes, reading ahead. 0 if refused.
int trireme_tls_configure(SSL_CTX *context, int oldest_version);
/// Trusts the certificates in `authorities`, asks for the peer's certificate, insists on it if `required`, and keeps
/// why a certificate was refused. `is_server` also tells clients which authorities are meant.
int trireme_tls_verify(SSL_CTX *context, const char *authorities, int required, int is_server);
/// Refuses the certificates that the revocation lists in `path` name.
int trireme_tls_revoke(SSL_CTX *context, const char *path);
/// Keeps no sessions to come back to.
void trireme_tls_forget_sessions(SSL_CTX *context);
/// Gives the session a descriptor that stays its owner's. Writes raise no SIGPIPE.
int trireme_tls_attach(SSL *session, int descriptor);
/// The peer's certificate must be for this host name or IP address.
int trireme_tls_expect(SSL *session, const char *name);

/// One call's outcome, with the bytes moved if it is done, or errno if it is a failure of the system.
struct trireme_tls_result {
    int outcome;
    int number;
    size_t count;
};
struct trireme_tls_result trireme_tls_handshake(SSL *session);
struct trireme_tls_result trireme_tls_read(SSL *session, void *bytes, size_t capacity);
struct trireme_tls_result trireme_tls_write(SSL *session, const void *bytes, size_t length);
/// Whether decrypted bytes, or bytes not yet decrypted, are held back.
int trireme_tls_has_pending(const SSL *session);
/// Sends close_notify, if there is room for it now.
void trireme_tls_close_notify(SSL *session);

/// Why the peer's certificate was refused: an X509_V_ERR number, or 0. `subject` gets the refused certificate's name.
int trireme_tls_refusal(SSL *session, char *subject, size_t capacity);
/// Takes the oldest error off the queue, clears the rest, and returns its reason number; 0 when there is none.
int trireme_tls_take_error(char *text, size_t capacity);

// Certificates (certificate.c).

/// A name of a certificate: `kind` is 'D' for a DNS name, 'I' for an IP address in text form.
typedef void (*trireme_name_visitor)(void *context, char kind, const char *text, size_t length);
void trireme_certificate_names(X509 *certificate, void *context, trireme_name_visitor visit);
/// A certificate's subject or issuer in the form of RFC 2253.
void trireme_certificate_name_text(const X509_NAME *name, char *text, size_t capacity);
/// The last field of this kind (NID_commonName, …) of a name. Returns its length, -1 when there is none.
int trireme_certificate_field(const X509_NAME *name, int kind, char *text, size_t capacity);
/// Seconds since 1970; INT64_MIN when it cannot be told.
int64_t trireme_certificate_seconds(const ASN1_TIME *time);

/// A new key on the curve P-256.
EVP_PKEY *trireme_key_make(void);

/// What a certificate is to say. `issuer` and `issuer_key` are null for one that signs itself.
struct trireme_certificate_order {
    EVP_PKEY *key;
    X509 *issuer;
    EVP_PKEY *issuer_key;
    const char *common_name;
    const char *unit;
    const char *basic_constraints;
    const char *key_usage;
    const char *extended_key_usage;
    const char *alternative_names;
    int64_t not_before;
    int64_t not_after;
    const unsigned char *serial;
    size_t serial_length;
};
/// The certificate, signed with SHA-256, or null with the reason in the error queue.
X509 *trireme_certificate_make(const struct trireme_certificate_order *order);

/// A request for a certificate of that name, signed with `key`, or null with the reason in the error queue.
X509_REQ *trireme_request_make(EVP_PKEY *key, const char *common_name);
/// The key that a request is for, to be freed, if the request is signed with it; else null.
EVP_PKEY *trireme_request_key(X509_REQ *request);

#endif
