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

/* Label Studio's CSV is a table with an annotation in each row: these columns say so. */
enum part { ANNOTATION, ANNOTATOR, UPDATED, CREATED, LEAD_TIME, N_PARTS };
static const char *const parts[] = { "annotation_id", "annotator", "updated_at", "created_at",
                                     "lead_time" };

struct wide {
    struct csvfile *csv;
    const struct target **targets; /* [n]; NULL: the images, or a column without a name */
    size_t n, image;
    size_t of[N_PARTS]; /* Label Studio's columns; SIZE_MAX: none */
    struct buf who;
};

static bool recognise(const char *head, size_t len)
{
    size_t n;
    char separator;
    const char *line = csvfile_header(head, len, &n, &separator);

    return memchr(line, separator, n) != NULL && *line != '{' && *line != '[';
}

/* All or none of them: "annotator" alone may be any table's. */
static void find_parts(struct wide *w, const char *const *fields)
{
    for (size_t p = 0; p < N_PARTS; p++) {
        w->of[p] = SIZE_MAX;
        for (size_t i = 0; i < w->n; i++)
            if (strcmp(fields[i], parts[p]) == 0)
                w->of[p] = i;
    }
    if (w->of[ANNOTATION] == SIZE_MAX || w->of[ANNOTATOR] == SIZE_MAX)
        for (size_t p = 0; p < N_PARTS; p++)
            w->of[p] = SIZE_MAX;
}

static bool is_part(const struct wide *w, size_t i)
{
    for (size_t p = 0; p < N_PARTS; p++)
        if (w->of[p] == i)
            return true;
    return false;
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
        taken[i] = labels_is_question(l, fields[i]) || is_part(w, i);
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
    find_parts(w, fields);
    rc = w->targets ? find_image(l, w, fields, e) : ERR_NOMEM;
    for (size_t i = 0; rc == 0 && i < w->n; i++) {
        if (i == w->image || *fields[i] == '\0' || is_part(w, i))
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
    w->who = BUF_INIT(1 << 16);
    rc = csvfile_open(&w->csv, l->reader, e);
    return rc < 0 ? rc : read_header(l, w, e);
}

/* {"choices": ["a", "b"]}, as Label Studio writes several, or what stands there. */
static int add_field(struct labels *l, const struct wide *w, size_t i, const char *field,
                     struct err *e)
{
    struct json_t *value = NULL;
    const struct json_t *choices;
    struct buf list = BUF_INIT(1 << 16);
    struct err none;
    int rc;

    if (w->of[ANNOTATION] == SIZE_MAX || *field != '{' ||
        jv_parse(&value, field, strlen(field), &none) < 0)
        return labels_add_text(l, w->targets[i], field, strlen(field), e);
    choices = jv_get(value, "choices");
    for (size_t c = 0; c < jv_length(choices); c++)
        buf_printf(&list, "%s%s", c > 0 ? ";" : "",
                   jv_text(jv_at(choices, c)) ? jv_text(jv_at(choices, c)) : "");
    rc = buf_end(&list, "a list of choices", e);
    if (rc == 0)
        rc = labels_add_text(l, w->targets[i], list.len > 0 ? list.text : "none",
                             list.len > 0 ? list.len : 4, e);
    buf_release(&list);
    jv_free(value);
    return rc;
}

static void set_annotation(struct labels *l, struct wide *w, const char *const *fields)
{
    const char *who = fields[w->of[ANNOTATOR]];
    size_t at = w->of[UPDATED] != SIZE_MAX ? w->of[UPDATED] : w->of[CREATED];
    double seconds;

    buf_clear(&w->who);
    buf_printf(&w->who, "%s%s", who[strspn(who, "0123456789")] == '\0' ? "label-studio-" : "", who);
    l->row.annotator = *who && w->who.text ? w->who.text : "label-studio";
    l->row.kind_given = true;
    l->row.kind = ANNOTATOR_HUMAN;
    l->row.latest_counts = true;
    l->row.at = at != SIZE_MAX && *fields[at] ? fields[at] : NULL;
    if (w->of[LEAD_TIME] != SIZE_MAX && text_double(fields[w->of[LEAD_TIME]], &seconds) &&
        seconds >= 0)
        l->row.seconds = seconds;
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
        if (w->targets[i] && add_field(l, w, i, fields[i], e) < 0)
            return csvfile_at(w->csv, e);
    if (w->of[ANNOTATION] != SIZE_MAX)
        set_annotation(l, w, fields);
    l->row.key = fields[w->image];
    l->row.line = csvfile_line(w->csv);
    return labels_check_row(l, l->path, e);
}

static void close_wide(struct labels *l)
{
    struct wide *w = l->state;

    csvfile_close(w->csv);
    free(w->targets);
    buf_release(&w->who);
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
