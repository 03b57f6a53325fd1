/* SPDX-License-Identifier: MIT */
#include "formats/design.h"

#include <math.h>
#include <stdio.h>

#include "formats/csvfile.h"

/* 0 and 1 where the question is one of yes and no, so that it can be computed with. */
static void write_value(FILE *f, const struct column *c, int16_t value)
{
    fputc(',', f);
    if (value >= 0 && c->yesno)
        fputc(value == VALUE_YES ? '1' : '0', f);
    else if (value >= 0)
        csvfile_write(f, c->labels[value]);
}

static void write_row(FILE *f, const struct design_export *x, size_t image, size_t column)
{
    size_t cell = column * x->n_images + image;
    const struct column *c = &x->task->columns[column];

    csvfile_write(f, x->keys[image]);
    fputc(',', f);
    csvfile_write(f, c->name);
    write_value(f, c, x->said[cell]);
    write_value(f, c, x->guessed ? x->guessed[cell] : VALUE_MISSING);
    fputs(x->said[cell] >= 0 ? ",1," : ",0,", f);
    if (!isnan(x->probability[cell]))
        fprintf(f, "%.9g", x->probability[cell]);
    fputc('\n', f);
}

int design_write(const char *path, const struct design_export *x, uint64_t *cells, struct err *e)
{
    struct writer *w;
    int rc = writer_open(&w, path, e);

    if (rc < 0)
        return rc;
    fputs("image,question,y,f,R,pi\n", writer_file(w));
    for (size_t i = 0; i < x->n_images; i++) {
        for (size_t c = 0; c < x->task->n_columns; c++) {
            if (x->probability[c * x->n_images + i] < 0)
                continue;
            write_row(writer_file(w), x, i, c);
            ++*cells;
        }
    }
    return writer_commit(w, e);
}
