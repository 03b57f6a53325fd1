/* SPDX-License-Identifier: MIT */
#include "formats/image_column.h"

#include <stdlib.h>
#include <string.h>

#include "formats/internal.h"

enum { ROWS_MOST = 200 };

/* What the cells of the first rows say of each column. */
struct looks {
    const struct label_names *names;
    const char *const *fields;
    size_t n, rows;
    size_t *pictures, *known; /* [n] cells that end like a picture's name; that name an image */
};

bool labels_is_picture(const char *text)
{
    return file_picture_ending(text, strcspn(text, "?")) > 0;
}

static bool has_usual_name(const char *name)
{
    static const char *const usual[] = { "image",  "image id", "image name", "image path",
                                         "img",    "file",     "file name",  "filename",
                                         "path",   "key",      "file path",  "filepath",
                                         "picture" };

    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
        if (text_folds_to(name, usual[i]))
            return true;
    return false;
}

/* A number may be an image's name without its zeros, and is any other column's cell as well. */
static bool is_known(const struct looks *l, size_t column, const char *cell)
{
    bool number = cell[strspn(cell, "0123456789")] == '\0';

    return l->names && l->names->is_image && *cell != '\0' &&
           (!number || has_usual_name(l->fields[column])) &&
           l->names->is_image(l->names->data, cell);
}

static void look(void *data, const char *const *fields, size_t n)
{
    struct looks *l = data;

    if (n != l->n || l->rows == ROWS_MOST)
        return;
    l->rows++;
    for (size_t i = 0; i < n; i++) {
        l->pictures[i] += labels_is_picture(fields[i]);
        l->known[i] += is_known(l, i, fields[i]);
    }
}

static int by_name(const struct csvfile *c, const char *const *fields, size_t n, const char *name,
                   size_t *column, struct err *e)
{
    struct buf all = BUF_INIT(400);
    const char *near;

    for (*column = 0; *column < n; ++*column)
        if (strcmp(fields[*column], name) == 0)
            return 0;
    for (*column = 0; *column < n; ++*column)
        if (text_folds_to(fields[*column], name))
            return 0;
    near = text_nearest(name, fields, n);
    err_set(e, ERR_ARG, "no column is called '%.200s'", name);
    for (size_t i = 0; i < n; i++)
        buf_printf(&all, "%s'%s'", i > 0 ? ", " : "", fields[i]);
    err_got(e, "%s", all.text ? all.text : "many columns");
    buf_release(&all);
    if (near)
        err_hint(e, "did you mean '%.200s'?", near);
    return csvfile_at(c, e);
}

/* How good a candidate is: what is asked first counts more than all behind it. */
static size_t worth(const struct looks *l, size_t i)
{
    const char *name = l->fields[i];
    bool pictures = l->pictures[i] > l->rows / 2;
    bool index = *name == '\0' || strncmp(name, "Unnamed: ", 9) == 0;

    if (index && !pictures)
        return 0;
    return 1 + has_usual_name(name) + 2 * (l->known[i] + (ROWS_MOST + 1) * (size_t)pictures);
}

static size_t best_column(const struct looks *l, const bool *taken)
{
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < l->n; i++)
        if (!taken[i] && (best == SIZE_MAX || worth(l, i) > worth(l, best)))
            best = i;
    return best == SIZE_MAX ? 0 : best;
}

int image_column(const struct csvfile *c, const char *const *fields, size_t n, const bool *taken,
                 const struct label_names *names, size_t *column, struct err *e)
{
    struct looks l = { .names = names, .fields = fields, .n = n };
    int rc;

    if (names && names->image)
        return by_name(c, fields, n, names->image, column, e);
    l.pictures = mem_new(n, sizeof(*l.pictures), e);
    l.known = mem_new(n, sizeof(*l.known), e);
    rc = l.pictures && l.known ? csvfile_ahead(c, look, &l, e) : ERR_NOMEM;
    if (rc == 0)
        *column = best_column(&l, taken);
    free(l.pictures);
    free(l.known);
    return rc;
}
