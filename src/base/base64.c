/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

#include <nettle/base64.h>
#include <stdlib.h>

#include "base/memory.h"

int base64_decode(const char *text, size_t len, void **out, size_t *n, struct err *e)
{
    struct base64_decode_ctx ctx;
    uint8_t *bytes;

    *out = NULL;
    bytes = mem_new(len / 4 + 1, 3, e); /* of which nettle wants BASE64_DECODE_LENGTH(len) */
    if (!bytes)
        return ERR_NOMEM;
    base64_decode_init(&ctx);
    if (!base64_decode_update(&ctx, n, bytes, len, text) || !base64_decode_final(&ctx)) {
        free(bytes);
        return err_set(e, ERR_FORMAT, "this is not base64, or it ends early");
    }
    *out = bytes;
    return 0;
}

void base64_encode(const void *bytes, size_t n, struct buf *out)
{
    enum { PIECE = 3 * 1024 }; /* so that only the last one is padded */
    const uint8_t *at = bytes;
    char text[BASE64_ENCODE_RAW_LENGTH(PIECE)];

    for (size_t left = n; left > 0;) {
        size_t piece = left < PIECE ? left : PIECE;

        base64_encode_raw(text, piece, at);
        buf_add(out, text, BASE64_ENCODE_RAW_LENGTH(piece));
        at += piece;
        left -= piece;
    }
}
