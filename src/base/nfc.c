/* SPDX-License-Identifier: MIT
 *
 * nfc.c - Unicode's normal form C, over libunistring: it sorts long runs of marks in O(n log n).
 */
#include <errno.h>
#include <stdlib.h>
#include <uninorm.h>

#include "base/text.h"

int text_nfc(const char *text, size_t len, struct buf *out, struct err *e)
{
    size_t n = 0;
    uint8_t *made;

    if (len == 0)
        return 0;
    made = u8_normalize(UNINORM_NFC, (const uint8_t *)text, len, NULL, &n);
    if (!made)
        return err_set(e, errno == ENOMEM ? ERR_NOMEM : ERR_FORMAT, "cannot normalise a text");
    buf_add(out, (const char *)made, n);
    free(made);
    return 0;
}
