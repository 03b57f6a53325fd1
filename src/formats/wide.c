/* SPDX-License-Identifier: MIT
 *
 * CSV with the image in one column and a question in each other: Kaggle's
 * list_attr_celeba.csv and its like. A multi question is one column "Tags" with its options joined
 * by ';', or a yes/no column "Tags:red" for each.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/csvfile.h"
#include "formats/image_column.h"
#include "formats/internal.h"

struct wide {
    struct csvfile *csv;
    const struct target **targets; /* [n]; NULL: the images, or a column without a name */
    size_t n, image;
};

static bool recognise(const char *head, size_t len)
{
    size_t n;
    char separator;
    const char *line = csvfile_header(head, len, &n, &separator);

    return memchr(line, separator, n) != NULL && *line != '{' && *line != '[';
}

static int one_question(const struct wide *w, const char *const *fields, size_t i, struct err *e)
{
    for (size_t j = 0; j < i; j++) {
        if (!w->targets[i] || !w->targets[j] || !w->targets[i]->found || !w->targets[j]->found ||
            w->targets[i]->column != w->targets[j]->column)
            continue;
        err_set(e, ERR_FORMAT, "the columns '%s' and '%s' are one question", fields[j], fields[i]);
        return csvfile_at(w->csv, e);
    }
    return 0;
}

static int find_image(struct labels *l, struct wide *w, const char *const *fields, struct err *e)
{
    bool *taken = mem_new(w->n, sizeof(*taken), e);
    int rc;

    if (!taken)
        return ERR_NOMEM;
    for (size_t i = 0; i < w->n; i++)
        taken[i] = labels_is_question(l, fields[i]);
    rc = image_column(w->csv, fields, w->n, taken, l->names, &w->image, e);
    free(taken);
    if (rc < 0)
        return rc;
    l->found.image_column = arena_text(&l->arena, fields[w->image], strlen(fields[w->image]), e);
    return l->found.image_column ? 0 : ERR_NOMEM;
}

static int read_header(struct labels *l, struct wide *w, struct err *e)
{
    const char *const *fields;
    int rc = csvfile_next(w->csv, &fields, &w->n, e);

    if (rc < 0)
        return rc;
    if (rc == 0 || w->n < 2) {
        err_set(e, ERR_FORMAT, "a label table's first line names its columns");
        err_got(e, "%zu", rc == 0 ? 0 : w->n);
        err_expected(e, "two or more: the image, then questions");
        return err_at(e, "%s:1", l->path);
    }
    w->targets = mem_new(w->n, sizeof(*w->targets), e);
    rc = w->targets ? find_image(l, w, fields, e) : ERR_NOMEM;
    for (size_t i = 0; rc == 0 && i < w->n; i++) {
        if (i == w->image || *fields[i] == '\0')
            continue;
        rc = labels_match(l, fields[i], strlen(fields[i]), &w->targets[i], e);
        if (rc == 0)
            rc = one_question(w, fields, i, e);
    }
    return rc;
}

static int open_wide(struct labels *l, struct err *e)
{
    struct wide *w = mem_new(1, sizeof(*w), e);
    int rc;

    if (!w)
        return ERR_NOMEM;
    l->state = w;
    rc = csvfile_open(&w->csv, l->reader, e);
    return rc < 0 ? rc : read_header(l, w, e);
}

static int next_wide(struct labels *l, struct err *e)
{
    struct wide *w = l->state;
    const char *const *fields;
    size_t n;
    int rc = csvfile_next(w->csv, &fields, &n, e);

    if (rc != 1)
        return rc;
    if (n != w->n) {
        err_set(e, ERR_FORMAT, "the row has too %s columns", n < w->n ? "few" : "many");
        err_got(e, "%zu", n);
        err_expected(e, "%zu, as in the first line", w->n);
        return csvfile_at(w->csv, e);
    }
    for (size_t i = 0; i < n; i++)
        if (w->targets[i] && labels_add_text(l, w->targets[i], fields[i], strlen(fields[i]), e) < 0)
            return csvfile_at(w->csv, e);
    l->row.key = fields[w->image];
    l->row.line = csvfile_line(w->csv);
    return labels_check_row(l, l->path, e);
}

static void close_wide(struct labels *l)
{
    struct wide *w = l->state;

    csvfile_close(w->csv);
    free(w->targets);
    free(w);
}

/* ---- writing ---- */

/* Kaggle's file has -1/1: so has ours where all questions are yes/no and every cell has a label. */
static bool is_signed(const struct label_export *x)
{
    for (size_t c = 0; c < x->task->n_columns; c++) {
        if (x->task->questions[x->task->columns[c].question].kind != KIND_YESNO)
            return false;
        for (size_t i = 0; i < x->n_images; i++)
            if (export_value(x, 0, c, i) < VALUE_MISSING)
                return false;
    }
    return true;
}

static void write_cell(FILE *f, const struct column *c, int16_t value, bool as_signed)
{
    fputc(',', f);
    if (!as_signed)
        csvfile_write(f, task_value_text(c, value));
    else if (value >= 0)
        fputs(value == VALUE_YES ? "1" : "-1", f);
}

static int write_wide(const char *path, const struct label_export *x, uint64_t *cells,
                      struct err *e)
{
    bool as_signed = is_signed(x);
    struct writer *w;
    FILE *f;
    int rc = writer_open(&w, path, e);

    if (rc < 0)
        return rc;
    f = writer_file(w);
    fputs("image_id", f);
    for (size_t c = 0; c < x->task->n_columns; c++) {
        fputc(',', f);
        csvfile_write(f, x->task->columns[c].name);
    }
    fputc('\n', f);
    for (size_t i = 0; i < x->n_images; i++) {
        csvfile_write(f, x->keys[i]);
        for (size_t c = 0; c < x->task->n_columns; c++) {
            int16_t value = export_value(x, 0, c, i);

            write_cell(f, &x->task->columns[c], value, as_signed);
            *cells += value != VALUE_MISSING;
        }
        fputc('\n', f);
    }
    return writer_commit(w, e);
}

const struct label_format format_wide = {
    .name = "csv",
    .recognise = recognise,
    .open = open_wide,
    .next = next_wide,
    .close = close_wide,
    .write = write_wide,
    .sources = 1,
};
