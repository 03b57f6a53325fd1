/* SPDX-License-Identifier: MIT */
#include "jobs/todo.h"

#include <stdlib.h>
#include <string.h>

#include "jobs/annotators.h"
#include "label/label.h"
#include "store/runs.h"

/* What assent.yaml has of one. */
#define A_MODEL "engine: vlm, model: FOLDER (or engine: http, url: URL, model: NAME)"

/* ---- who ---- */

static int no_such_annotator(const struct task *t, const char *name, struct err *e)
{
    const char **names = mem_new(t->n_annotators, sizeof(*names), e), *near;
    size_t n = 0;

    if (!names)
        return ERR_NOMEM;
    for (size_t i = 0; i < t->n_annotators; i++)
        if (t->annotators[i].kind == ANNOTATOR_MODEL)
            names[n++] = t->annotators[i].name;
    near = text_nearest(name, names, n);
    err_set(e, ERR_ARG, "assent.yaml has no model called '%s'", name);
    if (near)
        err_hint(e, "did you mean '%s'?", near);
    else
        err_hint(e, "annotators: {%s: {kind: model, " A_MODEL "}} there makes one", name);
    free(names);
    return e->code;
}

static int which_model(const struct task *t, struct err *e)
{
    char list[sizeof(e->hint)] = "";
    size_t at = 0;

    for (size_t i = 0; i < t->n_annotators && at < sizeof(list) - 1; i++)
        if (t->annotators[i].kind == ANNOTATOR_MODEL)
            at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s", at > 0 ? ", " : "",
                                   t->annotators[i].name);
    err_set(e, ERR_ARG, "assent.yaml has several models");
    return err_hint(e, "--annotator NAME says which: %s", list);
}

/* The annotator by name, or the only model there is. */
static int find_annotator(const struct task *t, const char *name, const struct annotator **out,
                          struct err *e)
{
    size_t n = 0;

    *out = NULL;
    for (size_t i = 0; i < t->n_annotators; i++) {
        const struct annotator *a = &t->annotators[i];

        if (a->kind != ANNOTATOR_MODEL || (name && strcmp(a->name, name) != 0))
            continue;
        *out = a;
        n++;
    }
    if (n == 1)
        return 0;
    if (name)
        return no_such_annotator(t, name, e);
    if (n > 1)
        return which_model(t, e);
    err_set(e, ERR_ARG, "assent.yaml has no model that could answer");
    return err_hint(e, "annotators: {NAME: {kind: model, " A_MODEL "}} there makes one");
}

/* The name that answers are given under. A model that assent.yaml has answers by its own entry. */
static int find_name(struct todo *t, const char *as, struct err *e)
{
    const struct annotator *known = as ? task_find_annotator(t->project->task, as) : NULL;

    t->name = as ? as : t->annotator->name;
    if (!as || known == t->annotator)
        return 0;
    if (known) {
        err_set(e, ERR_ARG, "--as %s: assent.yaml has this annotator already", as);
        return known->kind == ANNOTATOR_MODEL
                   ? err_hint(e, "--annotator %s asks that model; --as takes a new name", as)
                   : err_hint(e, "people's answers and a model's are kept apart: take a new name");
    }
    return annotator_name_check(as, e);
}

/* ---- which images ---- */

struct choosing {
    const struct todo *todo;
    struct matcher *matcher;
    uint8_t *chosen;
};

static int choose_key(void *data, const char *key, struct err *e)
{
    const struct choosing *c = data;
    enum match how;
    size_t image;
    int rc = matcher_find(c->matcher, key, &image, &how, e);

    if (rc < 0)
        return rc;
    if (how == MATCH_ASIDE)
        return err_set(e, ERR_FORMAT, "the image '%s' is set aside", key);
    if (how == MATCH_NONE || c->todo->catalogue.picture_of[image] == SIZE_MAX)
        return err_set(e, ERR_FORMAT, "no picture is called '%s'", key);
    c->chosen[c->todo->catalogue.picture_of[image]] = 1;
    return 0;
}

static int read_keys(const struct todo *t, const char *path, uint8_t *chosen, struct err *e)
{
    struct choosing c = { .todo = t, .chosen = chosen };
    int rc = matcher_new(&c.matcher, t->catalogue.images, e);

    if (rc == 0)
        rc = reader_each_line(path, choose_key, &c, e);
    matcher_free(c.matcher);
    return rc;
}

struct ranked {
    uint64_t rank;
    size_t picture;
};

static int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return x->picture < y->picture ? -1 : x->picture > y->picture;
}

uint64_t todo_rank(const char *what, const char *key, uint64_t seed, struct buf *scratch)
{
    char hex[SHA256_HEX];

    buf_clear(scratch);
    buf_printf(scratch, "%s%llu/%s", what, (unsigned long long)seed, key);
    sha256_hex(scratch->text ? scratch->text : "", scratch->len, hex);
    hex[16] = '\0';
    return strtoull(hex, NULL, 16);
}

/* Keeps n of the chosen pictures. */
static int draw_sample(const struct todo *t, uint64_t n, uint64_t seed, uint8_t *chosen,
                       struct err *e)
{
    const struct image_source *source = t->catalogue.source;
    size_t count = image_source_count(source), candidates = 0;
    struct ranked *ranked = mem_new(count, sizeof(*ranked), e);
    struct buf scratch = BUF_INIT(1 << 20);

    if (!ranked)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++)
        if (chosen[i])
            ranked[candidates++] =
                (struct ranked){ todo_rank("", image_source_key(source, i), seed, &scratch), i };
    qsort(ranked, candidates, sizeof(*ranked), by_rank);
    for (size_t i = n; i < candidates; i++)
        chosen[ranked[i].picture] = 0;
    buf_release(&scratch);
    free(ranked);
    return 0;
}

static int choose(struct todo *t, const struct annotate_options *o, uint8_t *chosen, struct err *e)
{
    size_t n = image_source_count(t->catalogue.source);
    int rc = 0;

    memset(chosen, o->keys == NULL, n);
    if (o->keys)
        rc = read_keys(t, o->keys, chosen, e);
    if (rc == 0 && o->sample > 0)
        rc = draw_sample(t, o->sample, o->seed, chosen, e);
    for (size_t i = 0; i < n; i++)
        t->chosen += chosen[i];
    return rc;
}

static const uint8_t *missing_of(const struct todo *t, size_t picture)
{
    return t->missing + t->catalogue.image_of[picture] * t->asking.task->n_columns;
}

size_t todo_wanted(const struct todo *t, size_t picture, uint8_t *wanted)
{
    const uint8_t *missing = missing_of(t, picture);
    size_t n = 0;

    for (size_t c = 0; c < t->asking.task->n_columns; c++) {
        wanted[c] = missing[c] == CELL_OPEN;
        n += wanted[c];
    }
    return n;
}

size_t todo_answered(const struct todo *t, size_t image)
{
    size_t columns = t->asking.task->n_columns, n = 0;

    for (size_t c = 0; c < columns; c++)
        n += t->missing[image * columns + c] == CELL_ANSWERED;
    return n;
}

/* Of the chosen pictures those on which a question is open. */
static int list_pictures(struct todo *t, const struct annotate_options *o, const uint8_t *chosen,
                         struct err *e)
{
    size_t n = image_source_count(t->catalogue.source), columns = t->asking.task->n_columns;
    uint8_t *wanted = mem_new(columns, 1, e);

    t->pictures = mem_new(n, sizeof(*t->pictures), e);
    for (size_t i = 0; wanted && t->pictures && i < n; i++) {
        size_t open = chosen[i] ? todo_wanted(t, i, wanted) : 0;

        t->unreadable += chosen[i] && memchr(missing_of(t, i), CELL_ERROR, columns);
        if (open == 0 || (o->limit > 0 && t->n == o->limit))
            continue;
        t->pictures[t->n++] = i;
        t->n_questions += open;
    }
    free(wanted);
    return wanted && t->pictures ? 0 : ERR_NOMEM;
}

/* ---- all together ---- */

static int find_pictures(struct todo *t, const struct annotate_options *o, bool registers,
                         struct err *e)
{
    struct catalogue *c = &t->catalogue;
    size_t n_new;
    int rc = store_images_load(t->project->store, &t->images, e);

    if (rc == 0)
        rc = catalogue_open_project(c, t->project, &t->images, o->events, e);
    if (rc == 0)
        rc = catalogue_need(c, e);
    if (rc == 0)
        rc = registers ? catalogue_register(c, t->project, &n_new, e)
                       : catalogue_preview(c, &n_new, e);
    if (rc == 0)
        t->absent = c->images->n - image_source_count(c->source);
    return rc;
}

/* Who has answered nothing yet has no id: that is made with the first answers. */
static int find_id(struct todo *t, struct err *e)
{
    struct store_annotators known;
    const struct store_annotator *own;
    bool in_files;
    int rc = store_annotators_load(t->project->store, &known, e);

    if (rc < 0)
        return rc;
    own = store_annotators_find(&known, t->name);
    in_files = own && own->files;
    t->asking.annotator = own ? own->id : 0;
    if (own && own->kind != ANNOTATOR_MODEL) /* says what it is */
        rc = store_annotator_id(t->project->store, t->name, ANNOTATOR_MODEL, &t->asking.annotator,
                                e);
    store_annotators_release(&known);
    if (rc < 0 || !in_files || t->name == t->annotator->name)
        return rc;
    err_set(e, ERR_ARG, "--as %s: labels of this annotator came in a file", t->name);
    return err_hint(e, "another model's answers under its name could not be told from them: take a "
                       "new name");
}

static int fill(struct todo *t, const struct annotate_options *o, bool registers, struct err *e)
{
    uint8_t *chosen = NULL;
    int rc = find_annotator(t->project->task, o->annotator, &t->annotator, e);

    if (rc == 0)
        rc = find_name(t, o->as, e);
    if (rc == 0)
        rc = find_pictures(t, o, registers, e);
    if (rc == 0)
        rc = find_id(t, e);
    if (rc == 0 && !(chosen = mem_new(image_source_count(t->catalogue.source), 1, e)))
        rc = ERR_NOMEM;
    if (rc == 0)
        rc = choose(t, o, chosen, e);
    if (rc == 0)
        rc = store_missing_load(t->project->store, &t->asking, t->catalogue.images, &t->missing, e);
    if (rc == 0)
        rc = list_pictures(t, o, chosen, e);
    free(chosen);
    return rc;
}

int todo_open(struct todo *out, struct project *p, const struct annotate_options *o, bool registers,
              struct err *e)
{
    int rc;

    *out = (struct todo){ .project = p,
                          .asking = { .task = p->task,
                                      .retry_errors = o->retry_errors,
                                      .take_over = o->take_over,
                                      .since = o->fresh ? INT64_MAX : 0 } };
    rc = fill(out, o, registers, e);
    if (rc < 0)
        todo_close(out);
    return rc;
}

void todo_close(struct todo *t)
{
    catalogue_close(&t->catalogue);
    store_images_release(&t->images);
    free(t->pictures);
    free(t->missing);
    *t = (struct todo){ 0 };
}

int todo_may_leave(const struct todo *t, const struct labeler *l, bool yes, struct err *e)
{
    struct label_model m = labeler_model(l);
    char n[TEXT_COUNT_MAX];
    int known = 1;
    size_t i;

    if (yes || t->n == 0)
        return 0;
    for (i = 0; known == 1 && i < m.n_outside; i++)
        known = store_run_sent_to(t->project->store, t->asking.annotator, m.outside[i], e);
    if (known != 0)
        return known < 0 ? known : 0;
    err_set(e, ERR_ARG, "%s would leave this machine, for %s", text_count(t->n, "picture", n),
            m.outside[i - 1]);
    return err_hint(e, "may they? --yes says so, once for this annotator and address");
}
