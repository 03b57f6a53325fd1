/* SPDX-License-Identifier: MIT */
#include "formats/waiting.h"

#include "formats/csvfile.h"

int waiting_write(const char *path, const struct waiting_export *x, uint64_t *cells, struct err *e)
{
    struct writer *w;
    int rc = writer_open(&w, path, e);

    if (rc < 0)
        return rc;
    fputs("image,question,why\n", writer_file(w));
    for (size_t i = 0; i < x->n_images; i++) {
        for (size_t c = 0; c < x->task->n_columns; c++) {
            uint8_t why = x->why[c * x->n_images + i];

            if (why == 0)
                continue;
            csvfile_write(writer_file(w), x->keys[i]);
            fputc(',', writer_file(w));
            csvfile_write(writer_file(w), x->task->columns[c].name);
            fprintf(writer_file(w), ",%s\n", x->reasons[why]);
            ++*cells;
        }
    }
    return writer_commit(w, e);
}
