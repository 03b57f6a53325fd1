/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "formats/csvfile.h"
#include "formats/formats.h"
#include "formats/image_column.h"

struct metadata {
    struct reader *reader;
    struct csvfile *csv;
    const char **names;  /* [n], without the images' */
    const char **values; /* [n] of a row */
    size_t n, image;
    struct arena arena;
};

/* A column without a name is pandas' index, if it stands first and is not the images'. */
static int keep_names(struct metadata *m, const char *const *fields, size_t n, const char *path,
                      const struct label_names *names, struct err *e)
{
    bool *taken = arena_new(&m->arena, n, sizeof(*taken), e);
    int rc = taken ? image_column(m->csv, fields, n, taken, names, &m->image, e) : ERR_NOMEM;

    if (rc < 0)
        return rc;
    m->names = arena_new(&m->arena, n - 1, sizeof(*m->names), e);
    m->values = arena_new(&m->arena, n - 1, sizeof(*m->values), e);
    if (!m->names || !m->values)
        return ERR_NOMEM;
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

int metadata_open(struct metadata **out, const char *path, const struct label_names *names,
                  struct err *e)
{
    struct metadata *m = mem_new(1, sizeof(*m), e);
    int rc;

    *out = NULL;
    if (!m)
        return ERR_NOMEM;
    rc = reader_open(&m->reader, path, e);
    if (rc == 0)
        rc = csvfile_open(&m->csv, m->reader, e);
    if (rc == 0)
        rc = read_header(m, path, names, e);
    if (rc < 0)
        metadata_close(m);
    else
        *out = m;
    return rc;
}

size_t metadata_names(const struct metadata *m, const char *const **names)
{
    *names = m->names;
    return m->n;
}

int metadata_next(struct metadata *m, const char **key, const char *const **values,
                  unsigned long *line, struct err *e)
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
    *values = m->values;
    *line = csvfile_line(m->csv);
    return 1;
}

void metadata_close(struct metadata *m)
{
    if (!m)
        return;
    csvfile_close(m->csv);
    reader_close(m->reader);
    arena_release(&m->arena);
    free(m);
}
