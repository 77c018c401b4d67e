// Functions for the OpenSSL macros that Swift cannot import.
#ifndef TRIREME_COPENSSL_H
#define TRIREME_COPENSSL_H
#include <openssl/ssl.h>
#endif
