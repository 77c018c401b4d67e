// The few macros and intrinsics that Swift cannot reach: CRC32C, epoll, errno-preserving calls.
#ifndef TRIREME_CSYSTEM_H
#define TRIREME_CSYSTEM_H
#include <stddef.h>
#include <stdint.h>

/// CRC32C (Castagnoli, RFC 3720 appendix B.4) of `length` bytes, continued from `seed` (0 to begin).
/// Uses the SSE4.2 instruction where the processor has it, a table elsewhere.
uint32_t trireme_crc32c(uint32_t seed, const void *bytes, size_t length);

#endif
