/* SPDX-License-Identifier: MIT */
/*
 * support_formats.h - a task with every kind of question, and a label file read to its end with
 * each row put down as a line of text.
 */
#ifndef TESTS_UNIT_SUPPORT_FORMATS_H
#define TESTS_UNIT_SUPPORT_FORMATS_H

#include "support_task.h"

#include "formats/formats.h"

static const char all_kinds[] =
    "name: t\n"
    "questions:\n"
    "  - {name: Bald, text: \"Bald <or> \\\"not\\\"?\"}\n"
    "  - {name: Wavy_Hair, text: b}\n"
    "  - {name: Hair, kind: choice, options: [black, dark blond, \"a, \\\"b\\\"\"], text: d}\n"
    "  - {name: Tags, kind: multi, options: [hat, tie], text: e}\n"
    "  - {name: Age, kind: ordinal, options: [child, young, old], text: f}\n";

static const char yes_no[] = "name: t\n"
                             "questions:\n"
                             "  - {name: Bald, text: a}\n"
                             "  - {name: Smiling, text: b}\n";

/* Where memory stands for a file, its name; and the most that all rows of a test take. */
#define FILE_NAME "labels.txt"
enum { ROWS_MAX = 1 << 20 };

/* A file that is being read, or was. */
struct reading {
    struct task *task;
    struct labels *labels; /* NULL where it did not open */
    struct buf rows;       /* a line each: see put_row */
};

static inline void reading_start(struct reading *r, const char *task)
{
    *r = (struct reading){ .task = load_task(task), .rows = BUF_INIT(ROWS_MAX) };
    buf_puts(&r->rows, "");
}

static inline void reading_end(struct reading *r)
{
    labels_close(r->labels);
    buf_release(&r->rows);
    task_free(r->task);
}

/* "LINE [ANNOTATOR[(KIND)]@]KEY: COLUMN=VALUE COLUMN=VALUE [p=0.25,0.75] [votes]" */
static inline void put_row(struct buf *out, const struct task *t, const struct label_row *row)
{
    buf_printf(out, "%lu ", row->line);
    if (row->annotator)
        buf_printf(out, "%s", row->annotator);
    if (row->kind_given)
        buf_printf(out, "(%s)", task_annotator_kind_name(row->kind));
    buf_printf(out, "%s%s:", row->annotator ? "@" : "", row->key);
    for (size_t i = 0; i < row->n_cells; i++) {
        const struct column *c = &t->columns[row->cells[i].column];

        assert_true(row->cells[i].value < (int)c->n_values);
        buf_printf(out, " %s=%s", c->name, task_value_text(c, row->cells[i].value));
        for (size_t v = 0; row->cells[i].probabilities && v < c->n_probabilities; v++)
            buf_printf(out, "%s%g", v == 0 ? " p=" : ",", (double)row->cells[i].probabilities[v]);
    }
    buf_puts(out, row->votes ? " votes\n" : "\n");
}

static inline int read_rows(struct reading *r, struct err *e)
{
    struct label_row row;
    int rc;

    while ((rc = labels_next(r->labels, &row, e)) == 1)
        put_row(&r->rows, r->task, &row);
    return rc;
}

/* Reads a file from memory; the first error. reading_end in any case. */
static inline int read_text(struct reading *r, const char *task, const char *format,
                            const char *text, size_t len, struct err *e)
{
    int rc;

    reading_start(r, task);
    rc = labels_open_memory(&r->labels, FILE_NAME, text, len, format, r->task, e);
    return rc < 0 ? rc : read_rows(r, e);
}

/* Reads a file, or a folder. */
static inline int read_path(struct reading *r, const char *task, const char *format,
                            const char *path, struct err *e)
{
    int rc;

    reading_start(r, task);
    rc = labels_open(&r->labels, path, format, r->task, NULL, e);
    return rc < 0 ? rc : read_rows(r, e);
}

/* A file, and the rows that it has; or where and why it is refused. */
struct file_row {
    const char *what, *format, *text;
    const char *rows;   /* as put_row has them */
    unsigned long line; /* 0: rows */
    const char *says;   /* part of the message */
};

static inline void check_file(const char *task, const struct file_row *row, size_t len)
{
    struct reading r;
    struct err e;
    char where[80];
    int rc = read_text(&r, task, row->format, row->text, len, &e);

    if (row->line == 0) {
        if (rc < 0)
            fail_row(row->what, "is refused at %s: %s", e.where, e.what);
        if (strcmp(r.rows.text, row->rows) != 0)
            fail_row(row->what, "has the rows\n%sand not\n%s", r.rows.text, row->rows);
    } else {
        snprintf(where, sizeof(where), FILE_NAME ":%lu", row->line);
        if (rc >= 0)
            fail_row(row->what, "is taken:\n%s", r.rows.text);
        if (strncmp(e.where, where, strlen(where)) != 0)
            fail_row(row->what, "is said to be at %s: %s", e.where, e.what);
        if (!strstr(e.what, row->says))
            fail_row(row->what, "says '%s'", e.what);
    }
    reading_end(&r);
}

static inline void check_files(const char *task, const struct file_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check_file(task, &rows[i], strlen(rows[i].text));
}

#endif
