/* SPDX-License-Identifier: MIT */
#include "jobs/blank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image/prefetch.h"
#include "jobs/examples.h"
#include "jobs/identity.h"
#include "jobs/todo.h"
#include "label/label.h"
#include "store/probes.h"

enum {
    SIZES_LOOKED_AT = 101,
    PROBE_NAME_MAX = 1 << 14, /* bytes */
    DIGITS = 16               /* of the hash of the words */
};

/* ---- what a probe is called ---- */

static const char prefix[] = "blank picture: ";

bool blank_is_probe(const char *what)
{
    return strncmp(what, prefix, strlen(prefix)) == 0;
}

/* "blank picture: Hair = black [0123456789abcdef]": the digits are of the words that were asked,
 * which the answer depends on. */
static const char *name_probe(const struct task *t, size_t column, size_t option, struct buf *out)
{
    const struct column *c = &t->columns[column];
    const struct question *q = &t->questions[c->question];
    struct buf words = BUF_INIT(1 << 22);
    char hex[SHA256_HEX];

    buf_printf(&words, "%s%c%d%c", task_kind_name(q->kind), 0, q->letters, 0);
    for (size_t w = 0; w < q->n_wordings; w++)
        buf_printf(&words, "%s%c", q->wordings[w], 0);
    for (size_t o = 0; o < q->n_options; o++)
        buf_printf(&words, "%s%c", q->options[o], 0);
    sha256_hex(words.text ? words.text : "", words.len, hex);
    buf_release(&words);
    buf_clear(out);
    buf_printf(out, "%s%s = %s [%.*s]", prefix, c->name, c->labels[c->yesno ? 1 : option], DIGITS,
               hex);
    return out->text ? out->text : "";
}

/* ---- what is known ---- */

struct loading {
    struct map *index; /* of the probabilities, by their probes' names */
    float *probabilities;
    size_t n;
};

static int take(void *data, const struct store_probe *p)
{
    struct loading *l = data;
    size_t at;

    if (isnan(p->mean) || p->mean < 0 || p->mean > 1 ||
        !map_get(l->index, p->what, strlen(p->what), &at))
        return 0;
    l->probabilities[at] = (float)p->mean;
    l->n++;
    return 0;
}

static int index_probes(const struct task *t, struct map *index, struct err *e)
{
    struct buf name = BUF_INIT(PROBE_NAME_MAX);
    int rc = 0;

    for (size_t c = 0; rc >= 0 && c < t->n_columns; c++)
        for (size_t k = 0; rc >= 0 && k < t->columns[c].n_probabilities; k++) {
            const char *what = name_probe(t, c, k, &name);
            size_t found;

            rc = map_add(index, what, strlen(what), t->columns[c].probability + k, &found, e);
        }
    buf_release(&name);
    return rc < 0 ? rc : 0;
}

/* An option alone is no answer: all of a question's, or none. */
static void drop_parts(const struct task *t, struct loading *l)
{
    for (size_t c = 0; c < t->n_columns; c++) {
        const struct column *column = &t->columns[c];
        float *p = l->probabilities + column->probability;
        bool whole = true;

        for (size_t k = 0; k < column->n_probabilities; k++)
            whole = whole && !isnan(p[k]);
        for (size_t k = 0; !whole && k < column->n_probabilities; k++) {
            l->n -= isnan(p[k]) ? 0 : 1;
            p[k] = NAN;
        }
    }
}

int blank_load(const struct project *p, int64_t annotator, float *probabilities, size_t *n,
               struct err *e)
{
    struct loading l = { .probabilities = probabilities };
    char *identity = NULL, *settings = NULL;
    int rc = map_new(&l.index, e);

    for (size_t i = 0; i < p->task->n_probabilities; i++)
        probabilities[i] = NAN;
    if (rc == 0)
        rc = store_identity(p->store, annotator, &identity, &settings, e);
    if (rc == 0 && identity)
        rc = index_probes(p->task, l.index, e);
    if (rc == 0 && identity)
        rc = store_probes(p->store, identity, take, &l, e);
    free(identity);
    free(settings);
    map_free(l.index);
    drop_parts(p->task, &l);
    *n = l.n;
    return rc;
}

/* ---- the picture ---- */

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* Of pictures that were looked at before. */
static int known_size(const struct todo *t, uint32_t size[2], struct err *e)
{
    const struct store_images *images = t->catalogue.images;
    size_t tries = images->n < SIZES_LOOKED_AT ? images->n : SIZES_LOOKED_AT, n = 0;
    uint32_t widths[SIZES_LOOKED_AT], heights[SIZES_LOOKED_AT];
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < tries; i++) {
        struct store_bytes bytes;

        rc = store_image_bytes(t->project->store, images->ids[i * images->n / tries], &bytes, e);
        if (rc < 0 || bytes.width == 0 || bytes.height == 0)
            continue;
        widths[n] = bytes.width;
        heights[n++] = bytes.height;
    }
    if (rc < 0 || n == 0)
        return rc;
    qsort(widths, n, sizeof(*widths), by_size);
    qsort(heights, n, sizeof(*heights), by_size);
    size[0] = widths[n / 2];
    size[1] = heights[n / 2];
    return 0;
}

/* Else of the first that is to be answered. */
static int first_size(const struct todo *t, uint32_t size[2], struct err *e)
{
    struct prefetch *prefetch = NULL;
    struct prefetched got = { 0 };
    int rc = prefetch_open(&prefetch, t->catalogue.source, false, e);

    if (rc == 0)
        rc = prefetch_push(prefetch, t->pictures[0], 0, e);
    if (rc == 0)
        prefetch_pop(prefetch, &got);
    if (rc == 0 && got.error.code != 0) {
        *e = got.error;
        rc = e->code;
    }
    if (rc == 0) {
        size[0] = got.image.width;
        size[1] = got.image.height;
    }
    prefetched_release(&got);
    prefetch_close(prefetch);
    return rc;
}

static int make_picture(const struct todo *t, struct image *out, struct err *e)
{
    uint32_t size[2] = { 0, 0 };
    size_t pixels;
    int rc = known_size(t, size, e);

    *out = (struct image){ 0 };
    if (rc == 0 && size[0] == 0 && t->n > 0)
        rc = first_size(t, size, e);
    if (rc < 0)
        return rc;
    if (size[0] == 0)
        return err_set(e, ERR_ARG, "the project has no picture whose size could be taken");
    if (!size_mul(size[0], size[1], &pixels) || pixels > IMAGE_PIXELS_MAX)
        return err_set(e, ERR_LIMIT, "pictures of this project are too large");
    out->rgb = mem_new(pixels, 3, e);
    if (!out->rgb)
        return ERR_NOMEM;
    out->width = size[0];
    out->height = size[1];
    memset(out->rgb, BLANK_GREY, pixels * 3);
    return 0;
}

/* ---- asking ---- */

struct blanking {
    const struct blank_options *options;
    struct blank_result *out;
    struct todo todo;
    struct labeler *labeler;
};

static int ask(struct blanking *b, const struct image *grey, struct label_answers *answers,
               struct err *e)
{
    size_t columns = b->todo.asking.task->n_columns;
    uint8_t *wanted = mem_new(columns, 1, e);
    int rc;

    if (!wanted)
        return ERR_NOMEM;
    memset(wanted, 1, columns);
    rc = labeler_answer(b->labeler,
                        &(struct label_picture){ .image = grey, .name = "a blank picture" }, wanted,
                        answers, e);
    free(wanted);
    return rc;
}

static int note_answers(struct blank_result *out, const struct task *t,
                        const struct label_answers *answers, struct err *e)
{
    out->answers = arena_new(&out->arena, t->n_probabilities, sizeof(*out->answers), e);
    if (!out->answers)
        return ERR_NOMEM;
    for (size_t c = 0; c < t->n_columns; c++)
        for (size_t k = 0; k < t->columns[c].n_probabilities; k++)
            out->answers[out->n++] = (struct blank_answer){
                t->columns[c].name, t->columns[c].yesno ? NULL : t->columns[c].labels[k],
                (double)answers->probabilities[t->columns[c].probability + k],
                (double)answers->mass[c]
            };
    return 0;
}

static int keep_all(const struct blanking *b, const char *identity, struct err *e)
{
    const struct task *t = b->todo.asking.task;
    struct buf name = BUF_INIT(PROBE_NAME_MAX);
    size_t at = 0;
    int rc = 0;

    for (size_t c = 0; rc == 0 && c < t->n_columns; c++)
        for (size_t k = 0; rc == 0 && k < t->columns[c].n_probabilities; k++, at++) {
            const struct blank_answer *a = &b->out->answers[at];
            const struct store_probe kept = {
                name_probe(t, c, k, &name), 1, 1, 0, a->probability, a->mass, NULL
            };

            if (!isnan(a->probability))
                rc = store_probe_keep(b->todo.project->store, identity, &kept, e);
        }
    buf_release(&name);
    return rc;
}

/* For the model as its answers have it, whose identity may be of an older form. */
static int keep(const struct blanking *b, struct err *e)
{
    const struct todo *t = &b->todo;
    struct store *store = t->project->store;
    struct identity_claim claim = { t->project,         b->labeler, t->asking.annotator, t->name,
                                    t->annotator->name, false,      b->options->events };
    struct model_identity identity;
    char *known = NULL, *settings = NULL;
    int rc = identity_of(&claim, &identity, e);

    if (rc == 0)
        rc = identity_check(&claim, &identity, e);
    if (rc == 0)
        rc = store_identity(store, t->asking.annotator, &known, &settings, e);
    if (rc == 0)
        rc = store_begin(store, e);
    if (rc == 0)
        rc = store_end(store, keep_all(b, known ? known : identity.hash, e), e);
    identity_release(&identity);
    free(known);
    free(settings);
    return rc;
}

static int open_labeler(struct blanking *b, struct err *e)
{
    const struct todo *t = &b->todo;
    struct examples examples;
    struct label_options options = { .dir = t->project->dir,
                                     .reference = b->options->reference,
                                     .events = b->options->events,
                                     .examples = &examples.list };
    int rc = examples_load(&examples, t, e);

    if (rc == 0)
        rc = labeler_open(&b->labeler, t->asking.task, t->annotator, &options, e);
    examples_release(&examples);
    return rc < 0 ? rc : todo_may_leave(t, b->labeler, b->options->yes, e);
}

static int ask_and_keep(struct blanking *b, struct err *e)
{
    struct label_answers answers = { 0 };
    struct image grey = { 0 };
    int rc = make_picture(&b->todo, &grey, e);

    if (rc == 0)
        rc = ask(b, &grey, &answers, e);
    if (rc == 0) {
        b->out->width = grey.width;
        b->out->height = grey.height;
        rc = note_answers(b->out, b->todo.asking.task, &answers, e);
        label_answers_release(&answers);
    }
    image_release(&grey);
    return rc < 0 ? rc : keep(b, e);
}

int job_blank(struct project *p, const struct blank_options *o, struct blank_result *out,
              struct err *e)
{
    /* all is asked, whatever was answered of the project's pictures */
    const struct annotate_options which = {
        .annotator = o->annotator, .limit = 1, .fresh = true, .events = o->events
    };
    struct blanking b = { .options = o, .out = out };
    int rc;

    *out = (struct blank_result){ 0 };
    rc = todo_open(&b.todo, p, &which, false, e);
    if (rc < 0)
        return rc;
    out->annotator = b.todo.name;
    rc = open_labeler(&b, e);
    if (rc == 0)
        rc = ask_and_keep(&b, e);
    labeler_close(b.labeler);
    todo_close(&b.todo);
    if (rc < 0)
        blank_result_release(out);
    return rc;
}

void blank_result_release(struct blank_result *r)
{
    arena_release(&r->arena);
    *r = (struct blank_result){ 0 };
}
