/* The encoder and the decoder of Brotli (RFC 7932). */
#include <brotli/decode.h>
#include <brotli/encode.h>
