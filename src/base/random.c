/* SPDX-License-Identifier: MIT */
#include "base/random.h"

#include <string.h>
#include <sys/random.h>

uint64_t random_below(uint64_t *state, uint64_t n)
{
    uint64_t threshold = (0 - n) % n;
    unsigned __int128 product;

    do
        product = (unsigned __int128)random_next(state) * n;
    while ((uint64_t)product < threshold);
    return (uint64_t)(product >> 64);
}

int secret_make(char out[SECRET_TEXT], struct err *e)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[(SECRET_TEXT - 1) / 2];

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return err_errno(e, "draw random bytes", "getrandom");
    for (size_t i = 0; i < sizeof(bytes); i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[SECRET_TEXT - 1] = '\0';
    return 0;
}

bool secret_equal(const char *a, const char *b)
{
    size_t len = strlen(a);
    unsigned char different = 0;

    if (strlen(b) != len)
        return false;
    for (size_t i = 0; i < len; i++)
        different = (unsigned char)(different | (a[i] ^ b[i]));
    return different == 0;
}
