/* SPDX-License-Identifier: MIT */
#include "vlm/buffers.h"

#include <stdlib.h>

int buffers_new(const struct buffer *list, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        *list[i].at = mem_new(list[i].n, sizeof(float), e);
        if (!*list[i].at)
            return ERR_NOMEM;
    }
    return 0;
}

void buffers_free(const struct buffer *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(*list[i].at);
        *list[i].at = NULL;
    }
}

size_t buffers_bytes(const struct buffer *list, size_t n)
{
    size_t floats = 0;

    for (size_t i = 0; i < n; i++)
        floats += list[i].n;
    return floats * sizeof(float);
}

size_t products_bytes(const struct ops *o, size_t rows, const struct matrix *const *list, size_t n)
{
    size_t most = 0;

    for (size_t i = 0; i < n; i++)
        most = larger_of(most, o->linear_bytes(o, rows, list[i]));
    return most;
}
