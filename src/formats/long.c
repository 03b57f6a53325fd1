/* SPDX-License-Identifier: MIT
 *
 * Long CSV, a row a vote, as consensus libraries read it: task,worker,label (crowd-kit) or
 * task,annotator,label (cleanlab). A task is image/question, parted at the last slash.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/csvfile.h"
#include "formats/internal.h"

enum { TASK, WORKER, LABEL, N_ROLES };

struct long_table {
    struct csvfile *csv;
    size_t field_of[N_ROLES], n;
    struct buf key;
};

static int role_of(const char *name)
{
    static const struct {
        const char *name;
        int role;
    } names[] = {
        { "task", TASK }, { "worker", WORKER }, { "annotator", WORKER }, { "label", LABEL }
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (text_folds_to(name, names[i].name))
            return names[i].role;
    return -1;
}

/* A header's field without the quotes around it, in place. */
static char *unquoted(char *field)
{
    size_t len = strlen(field);

    if (len < 2 || field[0] != '"' || field[len - 1] != '"')
        return field;
    field[len - 1] = '\0';
    return field + 1;
}

/* Each of the three columns stands there, once. */
static bool recognise(const char *head, size_t len)
{
    char line[1024], separator[2] = { 0 }, *rest = line, *name;
    size_t n, times[N_ROLES] = { 0 };
    const char *first = csvfile_header(head, len, &n, separator);

    if (n >= sizeof(line))
        return false;
    memcpy(line, first, n);
    line[n] = '\0';
    while ((name = strsep(&rest, separator)) != NULL) {
        int role = role_of(unquoted(name));

        if (role >= 0)
            times[role]++;
    }
    return times[TASK] == 1 && times[WORKER] == 1 && times[LABEL] == 1;
}

static int open_long(struct labels *l, struct err *e)
{
    struct long_table *t = mem_new(1, sizeof(*t), e);
    const char *const *fields;
    size_t times[N_ROLES] = { 0 };
    int rc;

    if (!t)
        return ERR_NOMEM;
    l->state = t;
    t->key = BUF_INIT(READER_LINE_MAX);
    rc = csvfile_open(&t->csv, l->reader, e);
    if (rc == 0)
        rc = csvfile_next(t->csv, &fields, &t->n, e);
    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 1 && i < t->n; i++) {
        int role = role_of(fields[i]);

        if (role < 0)
            continue;
        t->field_of[role] = i;
        times[role]++;
    }
    if (times[TASK] == 1 && times[WORKER] == 1 && times[LABEL] == 1)
        return 0;
    err_set(e, ERR_FORMAT, "a long label table has three columns, each of them once");
    err_expected(e, "task,worker,label in the first line");
    return err_at(e, "%s:1", l->path);
}

static int next_long(struct labels *l, struct err *e)
{
    struct long_table *t = l->state;
    const struct target *target;
    const char *const *fields;
    const char *task, *slash;
    size_t n;
    int rc = csvfile_next(t->csv, &fields, &n, e);

    if (rc != 1)
        return rc;
    task = n == t->n ? fields[t->field_of[TASK]] : "";
    slash = strrchr(task, '/');
    if (!slash || slash == task || n != t->n || *fields[t->field_of[WORKER]] == '\0') {
        err_set(e, ERR_FORMAT,
                n != t->n ? "the row has %zu columns"
                          : "the row names no image, question or worker",
                n);
        err_got(e, "task '%.80s'", task);
        err_expected(e, "%zu columns, as in the first line: image/question, worker, label", t->n);
        return csvfile_at(t->csv, e);
    }
    rc = labels_match(l, slash + 1, strlen(slash + 1), &target, e);
    if (rc == 0)
        rc = labels_add_text(l, target, fields[t->field_of[LABEL]],
                             strlen(fields[t->field_of[LABEL]]), e);
    if (rc < 0)
        return csvfile_at(t->csv, e);
    buf_clear(&t->key);
    buf_add(&t->key, task, (size_t)(slash - task));
    rc = buf_end(&t->key, "an image's name", e);
    l->row.key = t->key.text;
    l->row.annotator = fields[t->field_of[WORKER]];
    l->row.line = csvfile_line(t->csv);
    return rc < 0 ? rc : labels_check_row(l, l->path, e);
}

static void close_long(struct labels *l)
{
    struct long_table *t = l->state;

    csvfile_close(t->csv);
    buf_release(&t->key);
    free(t);
}

/* ---- writing ---- */

static int write_task(FILE *f, struct buf *task, const struct label_export *x, size_t image,
                      size_t column)
{
    buf_clear(task);
    buf_puts(task, x->keys[image]);
    buf_putc(task, '/');
    buf_puts(task, x->task->columns[column].name);
    if (task->failed)
        return ERR_NOMEM;
    csvfile_write(f, task->text);
    fputc(',', f);
    return 0;
}

/* Abstentions are no labels to a library that reads this: they are left out. */
static int write_long(const char *path, const struct label_export *x, uint64_t *cells,
                      struct err *e)
{
    struct buf task = BUF_INIT(1 << 20);
    struct writer *w;
    int rc = writer_open(&w, path, e);

    if (rc < 0)
        return rc;
    fputs("task,worker,label\n", writer_file(w));
    for (size_t i = 0; rc == 0 && i < x->n_images; i++) {
        for (size_t c = 0; rc == 0 && c < x->task->n_columns; c++) {
            for (size_t s = 0; rc == 0 && s < x->n_sources; s++) {
                int16_t value = export_value(x, s, c, i);

                if (value < 0)
                    continue;
                rc = write_task(writer_file(w), &task, x, i, c);
                csvfile_write(writer_file(w), x->sources[s].annotator);
                fputc(',', writer_file(w));
                csvfile_write(writer_file(w), task_value_text(&x->task->columns[c], value));
                fputc('\n', writer_file(w));
                ++*cells;
            }
        }
    }
    if (rc < 0)
        err_set(e, rc, "out of memory: a row");
    buf_release(&task);
    return writer_end(w, rc, e);
}

const struct label_format format_long = {
    .name = "long",
    .recognise = recognise,
    .open = open_long,
    .next = next_long,
    .close = close_long,
    .write = write_long,
    .sources = 0,
};
