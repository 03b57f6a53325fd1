/* SPDX-License-Identifier: MIT */
#include "label/http/data_url.h"

#include <stdio.h>
#include <stdlib.h>

int data_url_make(const struct label_picture *p, uint64_t pixels_max, char **out, struct err *e)
{
    struct image_bytes bytes;
    struct buf b = BUF_INIT(128 << 20);
    int rc = image_to_send(p->image, p->bytes, p->len, pixels_max, &bytes, e);

    *out = NULL;
    if (rc < 0)
        return rc;
    buf_printf(&b, "data:%s;base64,", bytes.type);
    base64_encode(bytes.data, bytes.len, &b);
    rc = buf_end(&b, "a picture as text", e);
    if (rc == 0)
        *out = buf_take(&b);
    buf_release(&b);
    free(bytes.data);
    return rc == 0 && !*out ? err_set(e, ERR_NOMEM, "out of memory: a picture") : rc;
}

int data_url_stand_in(const struct label_picture *p, uint64_t pixels_max, char **out, struct err *e)
{
    struct image_digest digest;
    int rc = image_to_send_digest(p->image, p->bytes, p->len, pixels_max, &digest, e);

    *out = NULL;
    if (rc == 0 && asprintf(out, "data:%s;base64,sha256:%s", digest.type, digest.sha256) < 0)
        rc = err_set(e, ERR_NOMEM, "out of memory: a picture");
    return rc;
}
