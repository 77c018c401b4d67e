// Certificates: reading what they say, and making them.
#include "COpenSSL.h"
#include <arpa/inet.h>
#include <string.h>
#include <time.h>

static void visit_name(const GENERAL_NAME *name, void *context, trireme_name_visitor visit) {
    if (name->type == GEN_DNS) {
        const ASN1_IA5STRING *text = name->d.dNSName;
        visit(context, 'D', (const char *)ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text));
    } else if (name->type == GEN_IPADD) {
        char text[INET6_ADDRSTRLEN];
        int length = ASN1_STRING_length(name->d.iPAddress);
        int family = length == 4 ? AF_INET : AF_INET6;
        if (length != 4 && length != 16) return;
        if (inet_ntop(family, ASN1_STRING_get0_data(name->d.iPAddress), text, sizeof text) == NULL) return;
        visit(context, 'I', text, strlen(text));
    }
}

void trireme_certificate_names(X509 *certificate, void *context, trireme_name_visitor visit) {
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) visit_name(sk_GENERAL_NAME_value(names, i), context, visit);
    GENERAL_NAMES_free(names);
}

void trireme_certificate_name_text(const X509_NAME *name, char *text, size_t capacity) {
    if (capacity == 0) return;
    text[0] = 0;
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL) return;
    X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    int length = BIO_read(bio, text, (int)capacity - 1);
    text[length > 0 ? length : 0] = 0;
    BIO_free(bio);
}

int trireme_certificate_field(const X509_NAME *name, int kind, char *text, size_t capacity) {
    int position = -1;
    for (int next; (next = X509_NAME_get_index_by_NID(name, kind, position)) >= 0;) position = next;
    if (position < 0) return -1;
    const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, position));
    unsigned char *utf8 = NULL;
    int length = ASN1_STRING_to_UTF8(&utf8, value);
    if (length < 0) return -1;
    // A zero byte inside would make a different name of it for whoever reads it as a C string.
    int is_whole = (size_t)length < capacity && memchr(utf8, 0, (size_t)length) == NULL;
    if (is_whole) {
        memcpy(text, utf8, (size_t)length);
        text[length] = 0;
    }
    OPENSSL_free(utf8);
    return is_whole ? length : -1;
}

int64_t trireme_certificate_seconds(const ASN1_TIME *time) {
    struct tm parts;
    if (time == NULL || !ASN1_TIME_to_tm(time, &parts)) return INT64_MIN;
    return timegm(&parts);
}

EVP_PKEY *trireme_key_make(void) { return EVP_EC_gen("P-256"); }

static int add_extension(X509 *certificate, X509V3_CTX *context, int kind, const char *value) {
    if (value == NULL) return 1;
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, context, kind, value);
    if (extension == NULL) return 0;
    int is_added = X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return is_added;
}

static int add_field(X509_NAME *name, const char *field, const char *value) {
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0);
}

static int set_serial(X509 *certificate, const unsigned char *bytes, size_t length) {
    BIGNUM *number = BN_bin2bn(bytes, (int)length, NULL);
    int is_set = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return is_set;
}

static int fill(X509 *certificate, const struct trireme_certificate_order *order) {
    X509_NAME *subject = X509_get_subject_name(certificate);
    X509 *issuer = order->issuer != NULL ? order->issuer : certificate;
    // 2 means version 3.
    if (!X509_set_version(certificate, 2) || !set_serial(certificate, order->serial, order->serial_length)) return 0;
    if (!ASN1_TIME_set(X509_getm_notBefore(certificate), order->not_before)) return 0;
    if (!ASN1_TIME_set(X509_getm_notAfter(certificate), order->not_after)) return 0;
    if (!add_field(subject, "OU", order->unit) || !add_field(subject, "CN", order->common_name)) return 0;
    if (!X509_set_issuer_name(certificate, X509_get_subject_name(issuer))) return 0;
    if (!X509_set_pubkey(certificate, order->key)) return 0;
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    return add_extension(certificate, &context, NID_basic_constraints, order->basic_constraints) &&
           add_extension(certificate, &context, NID_key_usage, order->key_usage) &&
           add_extension(certificate, &context, NID_ext_key_usage, order->extended_key_usage) &&
           add_extension(certificate, &context, NID_subject_alt_name, order->alternative_names) &&
           add_extension(certificate, &context, NID_subject_key_identifier, "hash") &&
           add_extension(certificate, &context, NID_authority_key_identifier, order->issuer ? "keyid:always" : NULL);
}

X509 *trireme_certificate_make(const struct trireme_certificate_order *order) {
    X509 *certificate = X509_new();
    if (certificate == NULL) return NULL;
    EVP_PKEY *signer = order->issuer_key != NULL ? order->issuer_key : order->key;
    if (fill(certificate, order) && X509_sign(certificate, signer, EVP_sha256()) > 0) return certificate;
    X509_free(certificate);
    return NULL;
}

X509_REQ *trireme_request_make(EVP_PKEY *key, const char *common_name) {
    X509_REQ *request = X509_REQ_new();
    if (request == NULL) return NULL;
    // 0 means version 1, the only one.
    if (X509_REQ_set_version(request, 0) && add_field(X509_REQ_get_subject_name(request), "CN", common_name) &&
        X509_REQ_set_pubkey(request, key) && X509_REQ_sign(request, key, EVP_sha256()) > 0) {
        return request;
    }
    X509_REQ_free(request);
    return NULL;
}

EVP_PKEY *trireme_request_key(X509_REQ *request) {
    EVP_PKEY *key = X509_REQ_get_pubkey(request);
    if (key != NULL && X509_REQ_verify(request, key) == 1) return key;
    EVP_PKEY_free(key);
    return NULL;
}
