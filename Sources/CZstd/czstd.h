// Zstandard (RFC 8878), for objects of the archive.
#include <zstd.h>
#include <zstd_errors.h>
