/* SPDX-License-Identifier: MIT
 *
 * CelebA's list_attr_celeba.txt: the number of rows; the names, with spaces between them and a
 * trailing one; then an image and its values a row, with one or more spaces between.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/internal.h"

struct celeba {
    uint64_t n_rows; /* as the first line says */
    const struct target **targets;
    size_t n, cap;
    struct buf key;
};

/* The next word of line at *at; false at its end. */
static bool next_word(const char *line, size_t len, size_t *at, const char **word, size_t *word_len)
{
    while (*at < len && (line[*at] == ' ' || line[*at] == '\t'))
        ++*at;
    *word = line + *at;
    while (*at < len && line[*at] != ' ' && line[*at] != '\t')
        ++*at;
    *word_len = (size_t)(line + *at - *word);
    return *word_len > 0;
}

static bool read_count(const char *line, size_t len, uint64_t *count)
{
    char text[24];
    const char *word, *rest;
    size_t at = 0, word_len, rest_len;

    if (!next_word(line, len, &at, &word, &word_len) || word_len >= sizeof(text) ||
        next_word(line, len, &at, &rest, &rest_len))
        return false;
    memcpy(text, word, word_len);
    text[word_len] = '\0';
    return text_u64(text, UINT32_MAX, count);
}

static bool recognise(const char *head, size_t len)
{
    uint64_t count;

    return read_count(head, labels_first_line(head, len), &count);
}

static int read_names(struct labels *l, struct celeba *c, const char *line, size_t len,
                      struct err *e)
{
    const char *word;
    size_t at = 0, word_len;

    while (next_word(line, len, &at, &word, &word_len)) {
        int rc = mem_grow(&c->targets, &c->cap, c->n + 1, sizeof(*c->targets), TASK_COLUMNS_MAX, e);

        if (rc == 0)
            rc = labels_match(l, word, word_len, &c->targets[c->n], e);
        if (rc < 0)
            return rc;
        for (size_t i = 0; i < c->n; i++) {
            if (!c->targets[i]->found || c->targets[i] != c->targets[c->n])
                continue;
            err_set(e, ERR_FORMAT, "the question '%.*s' stands in the header twice", (int)word_len,
                    word);
            return reader_at(l->reader, e);
        }
        c->n++;
    }
    return 0;
}

static int open_celeba(struct labels *l, struct err *e)
{
    struct celeba *c = mem_new(1, sizeof(*c), e);
    const char *line = "";
    size_t len = 0;
    int rc;

    if (!c)
        return ERR_NOMEM;
    l->state = c;
    c->key = BUF_INIT(READER_LINE_MAX);
    rc = reader_line(l->reader, &line, &len, e);
    if (rc < 0)
        return rc;
    if (!read_count(line, len, &c->n_rows)) {
        err_set(e, ERR_FORMAT, "a CelebA file begins with its number of rows");
        err_got(e, "'%.*s'", (int)(len < 60 ? len : 60), line);
        err_expected(e, "a number, as 202599");
        return err_at(e, "%s:1", l->path);
    }
    rc = reader_line(l->reader, &line, &len, e);
    if (rc < 0)
        return rc;
    rc = rc == 1 ? read_names(l, c, line, len, e) : 0;
    if (rc == 0 && c->n == 0) {
        err_set(e, ERR_FORMAT, "the second line should name the questions");
        return err_at(e, "%s:2", l->path);
    }
    return rc;
}

static int at_end(const struct labels *l, const struct celeba *c, struct err *e)
{
    if (l->found.rows == c->n_rows)
        return 0;
    err_set(e, ERR_FORMAT, "the number of rows is not what line 1 says%s",
            l->found.rows < c->n_rows ? ": is the file cut off?" : "");
    err_got(e, "%llu rows", (unsigned long long)l->found.rows);
    err_expected(e, "%llu", (unsigned long long)c->n_rows);
    return reader_at(l->reader, e);
}

static int bad_row(const struct labels *l, struct err *e)
{
    if (reader_is_at_end(l->reader))
        err_hint(e, "this is the file's last line: is the file cut off?");
    return reader_at(l->reader, e);
}

static int next_celeba(struct labels *l, struct err *e)
{
    struct celeba *c = l->state;
    const char *line, *word;
    size_t len, word_len, at = 0, i = 0;
    int rc;

    do
        rc = reader_line(l->reader, &line, &len, e);
    while (rc == 1 && len == 0);
    if (rc <= 0)
        return rc < 0 ? rc : at_end(l, c, e);
    l->row.line = reader_line_number(l->reader);
    buf_clear(&c->key);
    if (next_word(line, len, &at, &word, &word_len))
        buf_add(&c->key, word, word_len);
    for (; next_word(line, len, &at, &word, &word_len); i++) {
        rc = i < c->n ? labels_add_text(l, c->targets[i], word, word_len, e) : 0;
        if (rc < 0)
            return bad_row(l, e);
    }
    if (i != c->n) {
        err_set(e, ERR_FORMAT, "the row has too %s values", i < c->n ? "few" : "many");
        err_got(e, "%zu", i);
        err_expected(e, "%zu, one a question", c->n);
        return bad_row(l, e);
    }
    rc = buf_end(&c->key, "an image's name", e);
    l->row.key = c->key.text;
    return rc < 0 ? rc : labels_check_row(l, l->path, e);
}

static void close_celeba(struct labels *l)
{
    struct celeba *c = l->state;

    free(c->targets);
    buf_release(&c->key);
    free(c);
}

/* ---- writing ---- */

static int check_words(const struct label_export *x, struct err *e)
{
    for (size_t c = 0; c < x->task->n_columns; c++) {
        const struct column *column = &x->task->columns[c];

        if (!column->yesno || strpbrk(column->name, " \t")) {
            err_set(e, ERR_FORMAT, "a CelebA file cannot hold '%s'", column->name);
            err_expected(e, "yes/no questions whose names have no spaces");
            return err_hint(e, "csv can");
        }
    }
    for (size_t i = 0; i < x->n_images; i++)
        if (strpbrk(x->keys[i], " \t"))
            return err_set(e, ERR_FORMAT,
                           "a CelebA file cannot hold an image's name with a space: '%s'",
                           x->keys[i]);
    return 0;
}

static int write_rows(FILE *f, const struct label_export *x, uint64_t *cells, struct err *e)
{
    fprintf(f, "%zu\n", x->n_images);
    for (size_t c = 0; c < x->task->n_columns; c++)
        fprintf(f, "%s ", x->task->columns[c].name);
    fputc('\n', f);
    for (size_t i = 0; i < x->n_images; i++) {
        fputs(x->keys[i], f);
        for (size_t c = 0; c < x->task->n_columns; c++) {
            int16_t value = export_value(x, 0, c, i);

            if (value < 0)
                return export_missing(x, c, i, "CelebA", e);
            fputs(value == VALUE_YES ? "  1" : " -1", f);
        }
        fputc('\n', f);
        *cells += x->task->n_columns;
    }
    return 0;
}

static int write_celeba(const char *path, const struct label_export *x, uint64_t *cells,
                        struct err *e)
{
    struct writer *w = NULL;
    int rc = check_words(x, e);

    if (rc == 0)
        rc = writer_open(&w, path, e);
    if (rc == 0)
        rc = write_rows(writer_file(w), x, cells, e);
    return writer_end(w, rc, e);
}

const struct label_format format_celeba = {
    .name = "celeba",
    .recognise = recognise,
    .open = open_celeba,
    .next = next_celeba,
    .close = close_celeba,
    .write = write_celeba,
    .sources = 1,
};
