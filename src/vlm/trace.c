/* SPDX-License-Identifier: MIT
 *
 * The format: numpy.lib.format, version 1.0.
 */
#include "vlm/trace.h"

#include <stdlib.h>
#include <string.h>

int npy_header(FILE *out, const char *type, size_t rank, const size_t *shape, struct err *e)
{
    struct buf b = BUF_INIT(4096);
    size_t pad;
    int rc;

    buf_printf(&b, "{'descr': '%s', 'fortran_order': False, 'shape': (", type);
    for (size_t d = 0; d < rank; d++)
        buf_printf(&b, "%zu,%s", shape[d], d + 1 < rank ? " " : "");
    buf_puts(&b, "), }");
    pad = 63 - (10 + b.len) % 64;
    buf_printf(&b, "%*s\n", (int)pad, "");
    rc = buf_end(&b, "the header of a .npy file", e);
    if (rc == 0) {
        fwrite("\x93NUMPY\x01\x00", 1, 8, out);
        fputc((int)(b.len & 0xff), out);
        fputc((int)(b.len >> 8), out);
        fwrite(b.text, 1, b.len, out);
    }
    buf_release(&b);
    return rc;
}

static int open_stage(struct writer **out, const struct trace *t, const char *name, struct err *e)
{
    char file[64], *path;
    int rc;

    snprintf(file, sizeof(file), "%s.npy", name);
    path = file_join(t->dir, file, e);
    if (!path)
        return ERR_NOMEM;
    rc = writer_open(out, path, e);
    free(path);
    return rc;
}

int trace_floats(const struct trace *t, const char *name, const float *x, size_t rank,
                 const size_t *shape, struct err *e)
{
    struct writer *w;
    size_t n = 1;
    int rc;

    if (!t)
        return 0;
    for (size_t d = 0; d < rank; d++)
        n *= shape[d];
    rc = open_stage(&w, t, name, e);
    if (rc < 0)
        return rc;
    rc = npy_header(writer_file(w), "<f4", rank, shape, e);
    fwrite(x, sizeof(*x), n, writer_file(w));
    return writer_end(w, rc, e);
}

int trace_ids(const struct trace *t, const char *name, const uint32_t *x, size_t n, struct err *e)
{
    struct writer *w;
    int rc;

    if (!t)
        return 0;
    rc = open_stage(&w, t, name, e);
    if (rc < 0)
        return rc;
    rc = npy_header(writer_file(w), "<i8", 1, &n, e);
    for (size_t i = 0; i < n; i++) {
        int64_t id = x[i];

        fwrite(&id, sizeof(id), 1, writer_file(w));
    }
    return writer_end(w, rc, e);
}
