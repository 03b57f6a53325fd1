/* SPDX-License-Identifier: MIT */
#include "vlm/trace.h"

#include <stdlib.h>

#include "vlm/forward.h"

static char *stage_path(const struct trace *t, const char *name, struct err *e)
{
    char file[64];

    snprintf(file, sizeof(file), "%s.npy", name);
    return file_join(t->dir, file, e);
}

int trace_floats(const struct trace *t, const char *name, const float *x, size_t rank,
                 const size_t *shape, struct err *e)
{
    char *path = t ? stage_path(t, name, e) : NULL;
    int rc;

    if (!path)
        return t ? ERR_NOMEM : 0;
    rc = npy_write_floats(path, x, rank, shape, e);
    free(path);
    return rc;
}

int trace_ids(const struct trace *t, const char *name, const uint32_t *x, size_t n, struct err *e)
{
    char *path = t ? stage_path(t, name, e) : NULL;
    int rc;

    if (!path)
        return t ? ERR_NOMEM : 0;
    rc = npy_write_ids(path, x, n, e);
    free(path);
    return rc;
}

int trace_tensor(const struct pass *p, const char *name, struct tensor x, struct err *e)
{
    float *numbers;
    int rc;

    if (!p->trace)
        return 0;
    numbers = mem_new(x.rows * x.cols, sizeof(*numbers), e);
    if (!numbers)
        return ERR_NOMEM;
    p->ops->read(p->ops, numbers, x);
    rc = trace_floats(p->trace, name, numbers, 2, (size_t[]){ x.rows, x.cols }, e);
    free(numbers);
    return rc;
}

int trace_numbered(const struct pass *p, const char *name, size_t number, struct tensor x,
                   struct err *e)
{
    char full[48];

    snprintf(full, sizeof(full), "%s.%zu", name, number);
    return trace_tensor(p, full, x, e);
}
