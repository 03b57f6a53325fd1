/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "formats/internal.h"

enum { KEY_MAX = 4096 };

/* Each is a file beside this one. */
extern const struct label_format format_celeba, format_jsonl, format_label_studio, format_long,
    format_wide, format_study;

/* In the order in which they are tried on a file of unknown format. */
static const struct label_format *const formats[] = {
    &format_celeba, &format_jsonl, &format_label_studio, &format_long, &format_wide, &format_study,
};
enum { N_FORMATS = sizeof(formats) / sizeof(formats[0]) };

const char *labels_format(size_t i)
{
    return i < N_FORMATS ? formats[i]->name : NULL;
}

/* "one of celeba, jsonl, .." */
static int expected_formats(struct err *e)
{
    struct buf names = BUF_INIT(1024);

    for (size_t i = 0; i < N_FORMATS; i++)
        buf_printf(&names, "%s%s", i > 0 ? ", " : "", formats[i]->name);
    err_expected(e, "one of %s", names.text ? names.text : "");
    buf_release(&names);
    return e->code;
}

static int unknown_name(const char *format, struct err *e)
{
    const char *names[N_FORMATS], *near;

    for (size_t i = 0; i < N_FORMATS; i++)
        names[i] = formats[i]->name;
    near = text_nearest(format, names, N_FORMATS);
    err_set(e, ERR_ARG, "no label format is called '%s'", format);
    expected_formats(e);
    return near ? err_hint(e, "did you mean '%s'?", near) : e->code;
}

static const struct label_format *find_format(const char *name)
{
    for (size_t i = 0; i < N_FORMATS; i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}

size_t labels_first_line(const char *head, size_t len)
{
    size_t n = 0;

    while (n < len && head[n] != '\n' && head[n] != '\r')
        n++;
    return n;
}

/* ---- opening ---- */

static int unknown_format(const struct labels *l, const char *head, size_t len, struct err *e)
{
    size_t first = labels_first_line(head, len);

    err_set(e, ERR_FORMAT, "no label format is recognised");
    if (len == 0)
        err_got(e, "an empty file");
    else
        err_got(e, "'%.*s%s' as its first line", (int)(first < 60 ? first : 60), head,
                first < 60 ? "" : "..");
    expected_formats(e);
    if (labels_is_picture(l->path))
        err_hint(e, "this looks like a picture: --images FOLDER brings pictures");
    else
        err_hint(e, "--format NAME says which one it is; formats.md shows each (assent help says "
                    "where)");
    return err_at(e, "%s", l->path);
}

static int recognise(struct labels *l, struct err *e)
{
    const char *head;
    size_t len;
    int rc = reader_peek(l->reader, &head, &len, e);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < N_FORMATS; i++) {
        l->format = formats[i];
        if (len > 0 && formats[i]->recognise && formats[i]->recognise(head, len))
            return 0;
    }
    return unknown_format(l, head, len, e);
}

static int start(struct labels *l, const char *format, struct err *e)
{
    int rc = labels_add_task_names(l, e);

    if (rc < 0)
        return rc;
    if (format && strcmp(format, "auto") != 0) {
        l->format = find_format(format);
        if (!l->format)
            return unknown_name(format, e);
    } else if (!l->reader) {
        l->format = &format_study;
    } else {
        rc = recognise(l, e);
        if (rc < 0)
            return rc;
    }
    if (!l->reader && l->format != &format_study)
        return err_set(e, ERR_ARG, "%s is a folder: only the format 'study' is one", l->path);
    l->found.format = l->format->name;
    return l->format->open(l, e);
}

static int new_labels(struct labels **out, const char *path, const struct task *task, struct err *e)
{
    struct labels *l = mem_new(1, sizeof(*l), e);

    *out = l;
    if (!l)
        return ERR_NOMEM;
    l->task = task;
    l->path = strdup(path);
    return l->path ? 0 : err_set(e, ERR_NOMEM, "out of memory: a path");
}

static int finish_open(struct labels **out, int rc, const char *format, struct err *e)
{
    if (rc == 0)
        rc = start(*out, format, e);
    if (rc < 0) {
        labels_close(*out);
        *out = NULL;
    }
    return rc;
}

int labels_open(struct labels **out, const char *path, const char *format, const struct task *task,
                const struct label_names *names, struct err *e)
{
    int rc = new_labels(out, path, task, e);

    if (rc == 0)
        (*out)->names = names;

    if (rc == 0 && !file_is_folder(path) && !text_equal(format, "study"))
        rc = reader_open(&(*out)->reader, path, e);
    return finish_open(out, rc, format, e);
}

int labels_open_memory(struct labels **out, const char *name, const void *data, size_t len,
                       const char *format, const struct task *task, struct err *e)
{
    int rc = new_labels(out, name, task, e);

    if (rc == 0)
        rc = reader_open_memory(&(*out)->reader, name, data, len, e);
    return finish_open(out, rc, format, e);
}

void labels_close(struct labels *l)
{
    if (!l)
        return;
    if (l->format && l->format->close && l->state)
        l->format->close(l);
    reader_close(l->reader);
    map_free(l->exact);
    map_free(l->folded);
    map_free(l->seen);
    free(l->targets);
    free(l->folded_pairs);
    free(l->unmatched);
    free(l->cells);
    free(l->probabilities);
    free(l->path);
    arena_release(&l->arena);
    free(l);
}

/* ---- rows ---- */

int labels_next(struct labels *l, struct label_row *row, struct err *e)
{
    int rc;

    l->n_cells = 0;
    l->row = (struct label_row){ .seconds = NAN };
    rc = l->format->next(l, e);
    if (rc != 1)
        return rc;
    l->row.cells = l->cells;
    l->row.n_cells = l->n_cells;
    *row = l->row;
    return 1;
}

const struct labels_found *labels_found(const struct labels *l)
{
    return &l->found;
}

int labels_provenance(struct labels *l, const char *annotator, const char **source,
                      const char **sha256, struct err *e)
{
    if (l->format->provenance)
        return l->format->provenance(l, annotator, source, sha256, e);
    *source = l->path;
    *sha256 = l->sha256;
    return reader_sha256(l->reader, l->sha256, e);
}

int labels_check_row(struct labels *l, const char *file, struct err *e)
{
    const char *key = l->row.key;

    l->found.rows++;
    if (!key || *key == '\0' || strlen(key) > KEY_MAX) {
        err_set(e, ERR_FORMAT,
                !key || *key == '\0' ? "the row names no image" : "the image's name is too long");
    } else if (!text_is_printable(key)) {
        err_set(e, ERR_FORMAT,
                "the image's name holds a line end or another control character: '%.80s'", key);
    } else if ((l->found.codings & (CODING_SIGNED | CODING_ZERO)) ==
               (CODING_SIGNED | CODING_ZERO)) {
        err_set(e, ERR_FORMAT, "both -1 and 0 stand in this file: does 0 mean no, or not known?");
        err_hint(e, "write no as -1 throughout, or leave what is not known empty");
    } else {
        return 1;
    }
    return err_at(e, "%s:%lu", file, l->row.line);
}

/* ---- writing ---- */

int16_t export_value(const struct label_export *x, size_t source, size_t column, size_t image)
{
    return x->sources[source].values[column * x->n_images + image];
}

const float *export_probabilities(const struct label_export *x, size_t source, size_t column,
                                  size_t image)
{
    const float *all = x->sources[source].probabilities;
    const float *own;

    if (!all)
        return NULL;
    own = all + image * x->task->n_probabilities + x->task->columns[column].probability;
    return isnan(own[0]) ? NULL : own;
}

int export_missing(const struct label_export *x, size_t column, size_t image, const char *format,
                   struct err *e)
{
    err_set(e, ERR_FORMAT, "image '%s' has no label for '%s', and %s files cannot leave one out",
            x->keys[image], x->task->columns[column].name, format);
    return err_hint(e, "csv, long and jsonl can; or settle ties and disputes first");
}

size_t labels_write_sources(const char *format)
{
    const struct label_format *f = find_format(format);

    return f ? f->sources : 1;
}

int labels_write(const char *path, const char *format, const struct label_export *x,
                 uint64_t *cells, struct err *e)
{
    const struct label_format *f = find_format(format);

    *cells = 0;
    if (f)
        return f->write(path, x, cells, e);
    return unknown_name(format, e);
}
