/* SPDX-License-Identifier: MIT */
#include "vlm/buffers.h"

int buffers_new(const struct ops *o, const struct buffer *list, size_t n, struct err *e)
{
    int rc = 0;

    for (size_t i = 0; i < n; i++)
        *list[i].at = (struct tensor){ 0 };
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = o->alloc(o, list[i].at, list[i].rows, list[i].cols, e);
    return rc;
}

void buffers_free(const struct ops *o, const struct buffer *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        o->release(o, list[i].at);
}

size_t buffers_bytes(const struct buffer *list, size_t n)
{
    size_t bytes = 0;

    for (size_t i = 0; i < n; i++)
        bytes += tensor_bytes(list[i].rows, list[i].cols);
    return bytes;
}
