// LZ4 block format, for log payloads.
#include <lz4.h>
