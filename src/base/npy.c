/* SPDX-License-Identifier: MIT */
#include "base/npy.h"

#include <string.h>

#include "base/buf.h"
#include "base/writer.h"

enum {
    HEADER_MAX = 4096, /* bytes; the format's own limit is 65 535 */
    ALIGNED = 64,      /* the numbers begin at a multiple */
};

/* The magic string and the version; two bytes with the length of the rest follow. */
static const char begin[] = "\x93NUMPY\x01\x00";

int npy_header(FILE *out, enum npy_type type, size_t rank, const size_t *shape, struct err *e)
{
    static const char *const types[] = { [NPY_FLOAT32] = "<f4", [NPY_INT64] = "<i8" };
    struct buf b = BUF_INIT(HEADER_MAX);
    size_t before = sizeof(begin) - 1 + 2;
    int rc;

    /* the tuple as Python writes it: (), (7,), (7, 8) */
    buf_printf(&b, "{'descr': '%s', 'fortran_order': False, 'shape': (", types[type]);
    for (size_t d = 0; d < rank; d++)
        buf_printf(&b, "%s%zu", d > 0 ? ", " : "", shape[d]);
    buf_puts(&b, rank == 1 ? ",), }" : "), }");
    while (!b.failed && (before + b.len + 1) % ALIGNED != 0)
        buf_putc(&b, ' ');
    buf_putc(&b, '\n');
    rc = buf_end(&b, "the header of a .npy file", e);
    if (rc == 0) {
        fwrite(begin, 1, sizeof(begin) - 1, out);
        fputc((int)(b.len & 0xff), out);
        fputc((int)(b.len >> 8), out);
        fwrite(b.text, 1, b.len, out);
    }
    buf_release(&b);
    return rc;
}

int npy_write_floats(const char *path, const float *x, size_t rank, const size_t *shape,
                     struct err *e)
{
    struct writer *w;
    size_t n = 1;
    int rc = writer_open(&w, path, e);

    if (rc < 0)
        return rc;
    for (size_t d = 0; d < rank; d++)
        n *= shape[d];
    rc = npy_header(writer_file(w), NPY_FLOAT32, rank, shape, e);
    fwrite(x, sizeof(*x), n, writer_file(w));
    return writer_end(w, rc, e);
}

int npy_write_ids(const char *path, const uint32_t *x, size_t n, struct err *e)
{
    struct writer *w;
    int rc = writer_open(&w, path, e);

    if (rc < 0)
        return rc;
    rc = npy_header(writer_file(w), NPY_INT64, 1, &n, e);
    for (size_t i = 0; i < n; i++) {
        int64_t id = x[i];

        fwrite(&id, sizeof(id), 1, writer_file(w));
    }
    return writer_end(w, rc, e);
}
