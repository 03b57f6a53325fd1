/* SPDX-License-Identifier: MIT
 *
 * Metadata as a CSV table, or as JSON lines: Hugging Face's metadata.csv and metadata.jsonl.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/csvfile.h"
#include "formats/image_column.h"
#include "formats/internal.h"

enum { NAMES_MAX = 10000 };

struct metadata {
    struct reader *reader;
    const void *data; /* in place of a file; borrowed */
    size_t len;
    const struct label_names *said; /* NULL: nothing */
    struct csvfile *csv;            /* NULL: JSON lines */
    struct json_t *line;
    char (*numbers)[LABELS_NUMBER_MAX]; /* [n] of a JSON row */
    const char **names;                 /* [n], without the images' */
    const char **values;                /* [n] of a row */
    size_t n, names_cap, image;
    struct arena arena;
};

/* ---- tables ---- */

/* A column without a name is pandas' index, if it stands first and is not the images'. */
static int keep_names(struct metadata *m, const char *const *fields, size_t n, const char *path,
                      const struct label_names *names, struct err *e)
{
    bool *taken = arena_new(&m->arena, n, sizeof(*taken), e);
    int rc = taken ? image_column(m->csv, fields, n, taken, names, &m->image, e) : ERR_NOMEM;

    if (rc < 0)
        return rc;
    rc = mem_grow(&m->names, &m->names_cap, n, sizeof(*m->names), SIZE_MAX / 16, e);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++) {
        if (i == m->image)
            continue;
        if ((*fields[i] == '\0' && i > 0) || !text_is_printable(fields[i])) {
            err_set(e, ERR_FORMAT, "column %zu has no name, or one with control characters", i + 1);
            return err_at(e, "%s:1", path);
        }
        m->names[m->n] = arena_text(&m->arena, *fields[i] ? fields[i] : "index",
                                    *fields[i] ? strlen(fields[i]) : 5, e);
        if (!m->names[m->n++])
            return ERR_NOMEM;
    }
    return 0;
}

static int read_header(struct metadata *m, const char *path, const struct label_names *names,
                       struct err *e)
{
    const char *const *fields;
    size_t n;
    int rc = csvfile_next(m->csv, &fields, &n, e);

    if (rc < 0)
        return rc;
    if (rc == 0 || n < 2) {
        err_set(e, ERR_FORMAT, "a metadata table's first line names its columns");
        err_expected(e, "the image, then columns to group by");
        return err_at(e, "%s:1", path);
    }
    return keep_names(m, fields, n, path, names, e);
}

static int next_in_table(struct metadata *m, const char **key, unsigned long *line, struct err *e)
{
    const char *const *fields;
    size_t n;
    int rc = csvfile_next(m->csv, &fields, &n, e);

    if (rc != 1)
        return rc;
    if (n != m->n + 1 || *fields[m->image] == '\0' || !text_is_printable(fields[m->image])) {
        err_set(e, ERR_FORMAT,
                n != m->n + 1 ? "the row has the wrong number of columns"
                              : "the row names no image");
        err_got(e, "%zu", n);
        err_expected(e, "%zu, as in the first line", m->n + 1);
        return csvfile_at(m->csv, e);
    }
    *key = fields[m->image];
    for (size_t i = 0; i < m->n; i++)
        m->values[i] = fields[i + (i >= m->image)];
    *line = csvfile_line(m->csv);
    return 1;
}

static int open_reader(struct metadata *m, const char *path, struct err *e)
{
    return m->data ? reader_open_memory(&m->reader, path, m->data, m->len, e)
                   : reader_open(&m->reader, path, e);
}

/* ---- JSON lines ---- */

/* The next line's object: 1, or 0 at the end. */
static int next_line(struct metadata *m, struct err *e)
{
    const char *text;
    size_t len;
    int rc;

    do
        rc = reader_line(m->reader, &text, &len, e);
    while (rc == 1 && len == 0);
    if (rc != 1)
        return rc;
    jv_free(m->line);
    rc = jv_parse(&m->line, text, len, e);
    if (rc == 0)
        return 1;
    e->where[0] = '\0'; /* the line in the file, not in the text that was parsed */
    return reader_at(m->reader, e);
}

static const char *image_of(const struct metadata *m)
{
    return labels_image_member(m->said, m->line,
                               (const char *const[]){ "file_name", "image", NULL });
}

/* The members of a line that are texts, numbers or booleans are columns; others are not to group
 * by. */
static int note_names(struct metadata *m, struct map *seen, struct err *e)
{
    const char *image = image_of(m), *name;
    char scratch[LABELS_NUMBER_MAX];
    struct json_t *value;
    void *at = NULL;
    int rc = 0;

    while (rc >= 0 && jv_member(m->line, &at, &name, &value)) {
        size_t index;

        if (!labels_text_of(value, scratch, sizeof(scratch)) || jv_text(value) == image ||
            *name == '\0' || !text_is_printable(name))
            continue;
        rc = map_add(seen, name, strlen(name), m->n, &index, e);
        if (rc != 1)
            continue;
        rc = mem_grow(&m->names, &m->names_cap, m->n + 1, sizeof(*m->names), NAMES_MAX, e);
        if (rc == 0 && !(m->names[m->n++] = arena_text(&m->arena, name, strlen(name), e)))
            rc = ERR_NOMEM;
    }
    return rc < 0 ? rc : 0;
}

/* A line may have members that none before it has, so all are read once for their names. */
static int read_names(struct metadata *m, const char *path, struct err *e)
{
    struct map *seen = NULL;
    int rc = map_new(&seen, e);

    while (rc == 0 && (rc = next_line(m, e)) == 1)
        rc = note_names(m, seen, e);
    map_free(seen);
    if (rc < 0)
        return rc;
    reader_close(m->reader);
    m->reader = NULL;
    m->numbers = mem_new(m->n + 1, sizeof(*m->numbers), e);
    return m->numbers ? open_reader(m, path, e) : ERR_NOMEM;
}

static int next_in_lines(struct metadata *m, const char **key, unsigned long *line, struct err *e)
{
    int rc = next_line(m, e);

    if (rc != 1)
        return rc;
    *key = image_of(m);
    *line = reader_line_number(m->reader);
    if (!*key || **key == '\0' || !text_is_printable(*key)) {
        err_set(e, ERR_FORMAT, "the row names no image");
        err_expected(e, "a \"file_name\" or \"image\", or one text that is a picture's address");
        err_hint(e, "--image-column NAME says which member names the image");
        return reader_at(m->reader, e);
    }
    for (size_t i = 0; i < m->n; i++) {
        const char *text =
            labels_text_of(jv_get(m->line, m->names[i]), m->numbers[i], sizeof(m->numbers[i]));

        m->values[i] = text ? text : "";
    }
    return 1;
}

/* ---- both ---- */

static int open_rows(struct metadata *m, const char *path, struct err *e)
{
    const char *head;
    size_t len;
    int rc = reader_peek(m->reader, &head, &len, e);

    if (rc < 0)
        return rc;
    if (len > 0 && *head == '{')
        return read_names(m, path, e);
    rc = csvfile_open(&m->csv, m->reader, e);
    return rc == 0 ? read_header(m, path, m->said, e) : rc;
}

static int open_all(struct metadata **out, const char *path, const struct metadata *how,
                    struct err *e)
{
    struct metadata *m = mem_new(1, sizeof(*m), e);
    int rc;

    *out = NULL;
    if (!m)
        return ERR_NOMEM;
    *m = *how;
    rc = open_reader(m, path, e);
    if (rc == 0)
        rc = open_rows(m, path, e);
    if (rc == 0 && !(m->values = mem_new(m->n + 1, sizeof(*m->values), e)))
        rc = ERR_NOMEM;
    if (rc < 0)
        metadata_close(m);
    else
        *out = m;
    return rc;
}

int metadata_open(struct metadata **out, const char *path, const struct label_names *names,
                  struct err *e)
{
    return open_all(out, path, &(struct metadata){ .said = names }, e);
}

int metadata_open_memory(struct metadata **out, const char *name, const void *data, size_t len,
                         struct err *e)
{
    return open_all(out, name, &(struct metadata){ .data = data, .len = len }, e);
}

size_t metadata_names(const struct metadata *m, const char *const **names)
{
    *names = m->names;
    return m->n;
}

int metadata_next(struct metadata *m, const char **key, const char *const **values,
                  unsigned long *line, struct err *e)
{
    *values = m->values;
    return m->csv ? next_in_table(m, key, line, e) : next_in_lines(m, key, line, e);
}

void metadata_close(struct metadata *m)
{
    if (!m)
        return;
    csvfile_close(m->csv);
    reader_close(m->reader);
    jv_free(m->line);
    free(m->numbers);
    free(m->names);
    free(m->values);
    arena_release(&m->arena);
    free(m);
}
