/* The parts of OpenSSL's libcrypto that are used: digests (EVP_DigestInit(3)). */
#include <openssl/evp.h>
