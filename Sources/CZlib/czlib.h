/* zlib, and functions for those of its macros that Swift cannot import. */
#include <zlib.h>

/* deflateInit2 for the gzip format: windows of 2^15 bytes, and 16 for gzip; memLevel's default. */
static inline int czlib_deflate_init_gzip(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

/* inflateInit2 for the gzip format and no other. */
static inline int czlib_inflate_init_gzip(z_stream *stream) {
    return inflateInit2(stream, 15 + 16);
}
