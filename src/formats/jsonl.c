/* SPDX-License-Identifier: MIT
 *
 * JSON lines. A line a cell: {"image": .., "question": .., "value": .., "options": {"yes": 0.98,
 * "no": 0.02}}; an abstention has the value null and its "reason". Or a line an image, as Hugging
 * Face's metadata.jsonl: {"file_name": .., "Bald": "yes", "Tags": ["hat"], ..}.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/internal.h"

struct jsonl {
    struct json_t *line;
    bool begun, cells; /* a line a cell, as the first line is */
};

static bool recognise(const char *head, size_t len)
{
    size_t first = labels_first_line(head, len);

    return first > 1 && head[0] == '{' && head[first - 1] == '}';
}

static int open_jsonl(struct labels *l, struct err *e)
{
    l->state = mem_new(1, sizeof(struct jsonl), e);
    return l->state ? 0 : ERR_NOMEM;
}

static int read_value(struct labels *l, const struct jsonl *j, const struct target *t,
                      struct err *e)
{
    const struct json_t *value = jv_get(j->line, "value");
    const char *reason = jv_is_null(value) ? jv_text(jv_get(j->line, "reason")) : NULL;

    return reason ? labels_add_text(l, t, reason, strlen(reason), e)
                  : labels_add_json(l, t, value, e);
}

static int read_cell(struct labels *l, const struct jsonl *j, const char *question, struct err *e)
{
    const struct json_t *options = jv_get(j->line, "options");
    const struct target *t;
    int rc = labels_match(l, question, strlen(question), &t, e);

    if (rc == 0)
        rc = read_value(l, j, t, e);
    if (rc == 0 && l->n_cells == 1 && !t->whole && options && !jv_is_null(options))
        rc = labels_add_probabilities(l, 0, options, e);
    return rc;
}

/* Each member but the image is a question's, or nothing of ours. */
static int read_members(struct labels *l, const struct jsonl *j, struct err *e)
{
    struct json_t *value;
    const char *name;
    void *at = NULL;
    int rc = 0;

    while (rc == 0 && jv_member(j->line, &at, &name, &value)) {
        const struct target *t;

        if (jv_text(value) && jv_text(value) == l->row.key)
            continue;
        rc = labels_match(l, name, strlen(name), &t, e);
        if (rc == 0)
            rc = labels_add_json(l, t, value, e);
    }
    return rc;
}

static int no_cell(struct err *e)
{
    return err_set(e, ERR_FORMAT, "a line needs an \"image\" and a \"question\", both texts");
}

static int no_image(struct err *e)
{
    err_set(e, ERR_FORMAT,
            "a line needs a \"file_name\" or \"image\", or one text that is a "
            "picture's address");
    return err_hint(e, "--image-column NAME says which member names the image");
}

static int read_line(struct labels *l, struct jsonl *j, struct err *e)
{
    static const char *const usual[] = { "file_name", "image", NULL };
    const char *question = jv_text(jv_get(j->line, "question"));

    if (!j->begun)
        j->cells = jv_get(j->line, "question") && jv_get(j->line, "image");
    j->begun = true;
    l->row.key = j->cells ? jv_text(jv_get(j->line, "image"))
                          : labels_image_member(l->names, j->line, usual);
    if (!j->cells && question && jv_get(j->line, "value") && !labels_is_question(l, "question"))
        return err_set(e, ERR_FORMAT, "a line for a cell in a file with a line for an image");
    if (!l->row.key || (j->cells && !question))
        return j->cells ? no_cell(e) : no_image(e);
    if (j->cells)
        l->row.annotator = jv_text(jv_get(j->line, "annotator"));
    return j->cells ? read_cell(l, j, question, e) : read_members(l, j, e);
}

static int next_jsonl(struct labels *l, struct err *e)
{
    struct jsonl *j = l->state;
    const char *line;
    size_t len;
    int rc;

    do
        rc = reader_line(l->reader, &line, &len, e);
    while (rc == 1 && len == 0);
    if (rc != 1)
        return rc;
    jv_free(j->line);
    rc = jv_parse(&j->line, line, len, e);
    if (rc == 0)
        rc = read_line(l, j, e);
    if (rc < 0) {
        e->where[0] = '\0'; /* the line in the file, not in the text that was parsed */
        return reader_at(l->reader, e);
    }
    l->row.line = reader_line_number(l->reader);
    return labels_check_row(l, l->path, e);
}

static void close_jsonl(struct labels *l)
{
    struct jsonl *j = l->state;

    jv_free(j->line);
    free(j);
}

/* ---- writing ---- */

/* Names and labels as JSON texts, made once. */
struct quoted {
    char **columns; /* [n_columns] */
    char ***labels; /* [n_columns][n_values] */
    size_t n;
    const struct task *task;
};

static void free_quoted(struct quoted *q)
{
    for (size_t c = 0; c < q->n; c++) {
        free(q->columns[c]);
        for (size_t v = 0; q->labels[c] && v < q->task->columns[c].n_values; v++)
            free(q->labels[c][v]);
        free(q->labels[c]);
    }
    free(q->columns);
    free(q->labels);
}

static int quote_all(struct quoted *q, const struct task *t, struct err *e)
{
    *q = (struct quoted){ .task = t };
    q->columns = mem_new(t->n_columns, sizeof(*q->columns), e);
    q->labels = mem_new(t->n_columns, sizeof(*q->labels), e);
    if (!q->columns || !q->labels)
        return ERR_NOMEM;
    q->n = t->n_columns;
    for (size_t c = 0; c < q->n; c++) {
        bool whole = true;

        q->columns[c] = jv_quoted(t->columns[c].name);
        q->labels[c] = mem_new(t->columns[c].n_values, sizeof(**q->labels), e);
        for (size_t v = 0; q->labels[c] && v < t->columns[c].n_values; v++) {
            q->labels[c][v] = jv_quoted(t->columns[c].labels[v]);
            whole = whole && q->labels[c][v];
        }
        if (!q->columns[c] || !q->labels[c] || !whole)
            return err_set(e, ERR_NOMEM, "out of memory: names");
    }
    return 0;
}

static void write_options(FILE *f, const struct quoted *q, size_t c, const float *p)
{
    const struct column *column = &q->task->columns[c];

    fputs(", \"options\": {", f);
    for (size_t i = 0; i < column->n_values; i++) {
        size_t v = column->yesno ? 1 - i : i; /* yes first */
        double x =
            column->yesno ? (v == VALUE_YES ? (double)p[0] : 1 - (double)p[0]) : (double)p[v];

        fprintf(f, "%s%s: %.9g", i > 0 ? ", " : "", q->labels[c][v], x);
    }
    fputc('}', f);
}

static void write_cell(FILE *f, const struct quoted *q, const struct label_export *x,
                       const char *key, size_t c, size_t i)
{
    int16_t value = export_value(x, 0, c, i);
    const float *p = export_probabilities(x, 0, c, i);

    fputs("{\"image\": ", f);
    fputs(key, f);
    fputs(", \"question\": ", f);
    fputs(q->columns[c], f);
    fputs(", \"value\": ", f);
    if (value >= 0)
        fputs(q->labels[c][value], f);
    else
        fprintf(f, "null, \"reason\": \"%s\"", task_reason_name(value));
    if (p)
        write_options(f, q, c, p);
    fputs("}\n", f);
}

static int write_rows(FILE *f, const struct quoted *q, const struct label_export *x,
                      uint64_t *cells, struct err *e)
{
    for (size_t i = 0; i < x->n_images; i++) {
        char *key = jv_quoted(x->keys[i]);

        if (!key)
            return err_set(e, ERR_NOMEM, "out of memory: an image's name");
        for (size_t c = 0; c < x->task->n_columns; c++) {
            if (export_value(x, 0, c, i) == VALUE_MISSING)
                continue;
            write_cell(f, q, x, key, c, i);
            ++*cells;
        }
        free(key);
    }
    return 0;
}

static int write_jsonl(const char *path, const struct label_export *x, uint64_t *cells,
                       struct err *e)
{
    struct writer *w = NULL;
    struct quoted q;
    int rc = quote_all(&q, x->task, e);

    if (rc == 0)
        rc = writer_open(&w, path, e);
    if (rc == 0)
        rc = write_rows(writer_file(w), &q, x, cells, e);
    free_quoted(&q);
    return writer_end(w, rc, e);
}

const struct label_format format_jsonl = {
    .name = "jsonl",
    .recognise = recognise,
    .open = open_jsonl,
    .next = next_jsonl,
    .close = close_jsonl,
    .write = write_jsonl,
    .sources = 1,
};
