/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "formats/internal.h"

enum { KEY_MAX = 4096, NAMES_MAX = 100000 };

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
    err_hint(e,
             "--format NAME says which one it is; formats.md shows each (assent help says where)");
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

/* The task's names, as they are and folded: a column's, and a multi question's for its whole list.
 */
static int add_task_name(struct labels *l, const char *name, const struct target *t, struct err *e)
{
    char folded[2 * TASK_NAME_MAX + 8];
    size_t index = l->n_targets, found;
    int rc = mem_grow(&l->targets, &l->targets_cap, index + 1, sizeof(*l->targets), NAMES_MAX, e);

    if (rc < 0)
        return rc;
    l->targets[index] = *t;
    l->n_targets++;
    rc = map_add(l->exact, name, strlen(name), index, &found, e);
    if (rc >= 0 && text_fold(name, folded, sizeof(folded)))
        rc = map_add(l->folded, folded, strlen(folded), index, &found, e);
    return rc < 0 ? rc : 0;
}

/* A question's columns by a name that it has or had; a multi question's as a whole too. */
static int add_question_names(struct labels *l, const struct question *q, const char *name,
                              struct err *e)
{
    struct buf column = BUF_INIT(2 * TASK_NAME_MAX + 8);
    bool multi = q->kind == KIND_MULTI;
    int rc = add_task_name(
        l, name, &(struct target){ true, multi, q->first_column, q->n_columns, false }, e);

    for (size_t o = 0; rc == 0 && multi && o < q->n_options; o++) {
        buf_clear(&column);
        buf_printf(&column, "%s:%s", name, q->options[o]);
        rc = buf_end(&column, "a name", e);
        if (rc == 0)
            rc = add_task_name(l, column.text,
                               &(struct target){ true, false, q->first_column + o, 1, false }, e);
    }
    buf_release(&column);
    return rc;
}

static int add_task_names(struct labels *l, struct err *e)
{
    const struct task *t = l->task;
    int rc = map_new(&l->exact, e);

    if (rc == 0)
        rc = map_new(&l->folded, e);
    if (rc == 0)
        rc = map_new(&l->seen, e);
    for (size_t i = 0; rc == 0 && i < t->n_questions; i++)
        rc = add_question_names(l, &t->questions[i], t->questions[i].name, e);
    for (size_t i = 0; rc == 0 && i < t->n_questions; i++)
        for (size_t w = 0; rc == 0 && w < t->questions[i].n_was; w++)
            rc = add_question_names(l, &t->questions[i], t->questions[i].was[w], e);
    if (rc == 0)
        rc = add_task_name(l, "", &(struct target){ 0 }, e); /* the last: what no name matches */
    return rc;
}

static int start(struct labels *l, const char *format, struct err *e)
{
    int rc = add_task_names(l, e);

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

/* ---- names ---- */

static int keep_name(struct labels *l, const char ***list, size_t *cap, size_t n, const char *name,
                     size_t len, struct err *e)
{
    char *copy;
    int rc = mem_grow(list, cap, n + 1, sizeof(**list), 2 * NAMES_MAX, e);

    if (rc < 0)
        return rc;
    copy = arena_text(&l->arena, name, len, e);
    if (!copy)
        return ERR_NOMEM;
    text_printable(copy); /* it is for people to read */
    (*list)[n] = copy;
    return 0;
}

static const char *target_name(const struct labels *l, const struct target *t)
{
    const struct column *c = &l->task->columns[t->column];

    return t->whole ? l->task->questions[c->question].name : c->name;
}

static void count_match(struct labels *l, struct target *t)
{
    if (!t->counted) {
        l->found.n_names++;
        l->found.n_matched++;
    }
    t->counted = true;
}

static int keep_folded(struct labels *l, const char *name, size_t len, const struct target *t,
                       struct err *e)
{
    size_t at = 2 * l->found.n_folded;
    const char *known = target_name(l, t);
    int rc = keep_name(l, &l->folded_pairs, &l->folded_cap, at, name, len, e);

    if (rc == 0)
        rc = keep_name(l, &l->folded_pairs, &l->folded_cap, at + 1, known, strlen(known), e);
    if (rc < 0)
        return rc;
    l->found.folded = l->folded_pairs;
    l->found.n_folded++;
    return 0;
}

/* What "old=new" pairs say for text[0..len): the new one, whose length is *len; else text itself.
 */
static const char *renamed(const char *const *pairs, const char *text, size_t *len)
{
    for (; pairs && *pairs; pairs++) {
        const char *equals = strrchr(*pairs, '=');

        if ((size_t)(equals - *pairs) == *len && memcmp(*pairs, text, *len) == 0) {
            *len = strlen(equals + 1);
            return equals + 1;
        }
    }
    return text;
}

static bool find_question(const struct labels *l, const char *name, size_t len, size_t *index)
{
    char text[2 * TASK_NAME_MAX + 8], folded[sizeof(text)];

    if (len == 0 || map_get(l->exact, name, len, index))
        return len > 0;
    if (len >= sizeof(text))
        return false;
    memcpy(text, name, len);
    text[len] = '\0';
    return text_fold(text, folded, sizeof(folded)) &&
           map_get(l->folded, folded, strlen(folded), index);
}

bool labels_is_question(const struct labels *l, const char *name)
{
    size_t index, len = strlen(name);

    name = renamed(l->names ? l->names->questions : NULL, name, &len);
    return find_question(l, name, len, &index);
}

/* Folds and counts a name that was not seen before; *index is its target's. */
static int match_new(struct labels *l, const char *name, size_t len, size_t *index, struct err *e)
{
    size_t len_new = len;
    const char *name_new = renamed(l->names ? l->names->questions : NULL, name, &len_new);
    int rc;

    if (find_question(l, name_new, len_new, index)) {
        const char *known = target_name(l, &l->targets[*index]);

        count_match(l, &l->targets[*index]);
        return strlen(known) == len && memcmp(known, name, len) == 0
                   ? 0
                   : keep_folded(l, name, len, &l->targets[*index], e);
    }
    *index = l->n_targets - 1;
    rc = keep_name(l, &l->unmatched, &l->unmatched_cap, l->found.n_unmatched, name, len, e);
    if (rc < 0)
        return rc;
    l->found.unmatched = l->unmatched;
    l->found.n_unmatched++;
    l->found.n_names++;
    return 0;
}

int labels_match(struct labels *l, const char *name, size_t len, const struct target **out,
                 struct err *e)
{
    size_t index, found;
    int rc = 0;

    if (!map_get(l->seen, name, len, &index)) {
        if (map_count(l->seen) >= NAMES_MAX)
            return err_set(e, ERR_LIMIT, "more than %d names of questions", NAMES_MAX);
        rc = match_new(l, name, len, &index, e);
        if (rc == 0)
            rc = map_add(l->seen, name, len, index, &found, e);
    }
    *out = rc < 0 ? NULL : &l->targets[index];
    return rc < 0 ? rc : 0;
}

/* ---- cells ---- */

int labels_add_cell(struct labels *l, size_t column, int16_t value, struct err *e)
{
    int rc = mem_grow(&l->cells, &l->cells_cap, l->n_cells + 1, sizeof(*l->cells),
                      2 * TASK_COLUMNS_MAX, e);

    if (rc == 0)
        l->cells[l->n_cells++] = (struct label_cell){ column, value, NULL };
    return rc;
}

static int no_label(const struct labels *l, const struct target *t, const char *text, size_t len,
                    struct err *e)
{
    const struct column *c = &l->task->columns[t->column];
    const struct question *q = &l->task->questions[c->question];
    struct buf options = BUF_INIT(400);

    err_set(e, ERR_FORMAT, "not an answer to '%s'", target_name(l, t));
    err_got(e, "'%.*s'", (int)(len < 100 ? len : 100), text);
    if (!t->whole && c->yesno)
        return err_expected(e, "-1/1, 0/1, yes/no, true/false, empty or NaN, or an abstention "
                               "(unsure, ..)");
    for (size_t i = 0; i < q->n_options; i++)
        buf_printf(&options, "%s%s", i > 0 ? ", " : "", q->options[i]);
    err_expected(e, "%s%s%s", t->whole ? "any of " : "one of ", options.text ? options.text : "",
                 t->whole ? ", with ; between them" : "");
    buf_release(&options);
    return e->code;
}

/* The option that text[0..len) names, without the spaces before it; n_options where it is none. */
static size_t find_option(const struct question *q, const char *const *values, const char *text,
                          size_t len)
{
    char option[TASK_NAME_MAX + 1];
    size_t o = 0;

    text = renamed(values, text, &len);
    snprintf(option, sizeof(option), "%.*s", (int)(len < sizeof(option) ? len : 0), text);
    while (o < q->n_options && !text_folds_to(option + strspn(option, " "), q->options[o]))
        o++;
    return o;
}

static int add_all(struct labels *l, const struct target *t, int16_t value, struct err *e)
{
    int rc = 0;

    for (size_t o = 0; rc == 0 && o < t->n; o++)
        rc = labels_add_cell(l, t->column + o, value, e);
    return rc;
}

/* An abstention's name or a word for "no value" in place of a list; "none" is a list without
 * options. */
static bool is_no_list(const struct column *c, const struct question *q, const char *text,
                       size_t len, int16_t *value)
{
    unsigned codings = 0;

    if (find_option(q, NULL, text, len) < q->n_options)
        return false;
    *value = VALUE_NO;
    if (len == 4 && strncasecmp(text, "none", len) == 0)
        return true;
    if (q->none && len == strlen(q->none) && strncasecmp(text, q->none, len) == 0)
        return true;
    return task_read_value(c, text, len, value, &codings) &&
           (codings == CODING_REASON || *value == VALUE_MISSING);
}

/* "red;blue": those options yes, the others no. */
static int add_list(struct labels *l, const struct target *t, const char *text, size_t len,
                    struct err *e)
{
    const struct column *c = &l->task->columns[t->column];
    const struct question *q = &l->task->questions[c->question];
    size_t first = l->n_cells, end;
    int16_t value;
    int rc;

    if (is_no_list(c, q, text, len, &value)) {
        if (value == VALUE_MISSING)
            return 0;
        l->found.codings |= value < 0 ? CODING_REASON : CODING_OPTION;
        return add_all(l, t, value, e);
    }
    rc = add_all(l, t, VALUE_NO, e);
    for (size_t at = 0; rc == 0 && at < len; at = end + 1) {
        size_t o;

        for (end = at; end < len && text[end] != ';' && text[end] != '|';)
            end++;
        o = find_option(q, l->names ? l->names->values : NULL, text + at, end - at);
        if (o == q->n_options)
            return no_label(l, t, text, len, e);
        l->cells[first + o].value = VALUE_YES;
    }
    l->found.codings |= CODING_OPTION;
    return rc;
}

int labels_add_text(struct labels *l, const struct target *t, const char *text, size_t len,
                    struct err *e)
{
    int16_t value;

    text = renamed(l->names ? l->names->values : NULL, text, &len);
    if (!t->found || len == 0)
        return 0;
    if (t->whole)
        return add_list(l, t, text, len, e);
    if (!task_read_value(&l->task->columns[t->column], text, len, &value, &l->found.codings))
        return no_label(l, t, text, len, e);
    return value == VALUE_MISSING ? 0 : labels_add_cell(l, t->column, value, e);
}

/* ---- probabilities ---- */

/* Where those of a cell go. */
static float *probabilities_of(struct labels *l, size_t cell, struct err *e)
{
    if (!l->probabilities)
        l->probabilities = mem_new(l->task->n_probabilities, sizeof(*l->probabilities), e);
    if (!l->probabilities)
        return NULL;
    return l->probabilities + l->task->columns[l->cells[cell].column].probability;
}

static int no_probability(const struct column *c, const struct json_t *got, struct err *e)
{
    double x;

    err_set(e, ERR_FORMAT, "not the probabilities of '%s'", c->name);
    if (jv_number(got, &x))
        err_got(e, "%g", x);
    else
        err_got(e, "%s", jv_type_name(got));
    return err_expected(e, "0 to 1 for %s", c->yesno ? "yes and no" : "each option");
}

int labels_add_probabilities(struct labels *l, size_t cell, const struct json_t *options,
                             struct err *e)
{
    const struct column *c = &l->task->columns[l->cells[cell].column];
    float *to = probabilities_of(l, cell, e);

    if (!to)
        return ERR_NOMEM;
    for (size_t v = 0; v < c->n_values; v++) {
        const struct json_t *p = jv_get(options, c->labels[v]);
        double x;

        if (!jv_number(p, &x) || !(x >= 0 && x <= 1))
            return no_probability(c, jv_is_object(options) ? p : options, e);
        if (!c->yesno)
            to[v] = (float)x;
        else if (v == VALUE_YES)
            to[0] = (float)x;
    }
    l->cells[cell].probabilities = to;
    return 0;
}

int labels_add_yes(struct labels *l, size_t cell, double yes, struct err *e)
{
    const struct column *c = &l->task->columns[l->cells[cell].column];
    float *to = probabilities_of(l, cell, e);

    if (!to)
        return ERR_NOMEM;
    if (!(yes >= 0 && yes <= 1)) {
        err_set(e, ERR_FORMAT, "not the probability of '%s'", c->name);
        err_got(e, "%g", yes);
        return err_expected(e, "0 to 1");
    }
    *to = (float)yes;
    l->cells[cell].probabilities = to;
    return 0;
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
