/* Zstandard (RFC 8878); only what its library keeps stable. */
#include <zstd.h>
