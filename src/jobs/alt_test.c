/* SPDX-License-Identifier: MIT */
#include "jobs/alt_test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/compare.h"
#include "store/review.h"

/* The false discovery rate over people: the paper's, whatever the people are. */
#define ALT_TEST_Q 0.05

struct testing {
    const struct dataset *data;
    struct alt_test *out;
    struct scope scope;
    const struct labelled **people;
    uint8_t *disputed; /* [cells] queued because they are, and drawn into no sample; NULL: none */
    int16_t **columns; /* [n_people][n_images] a voter's labels of a column, less disputed cells;
                          NULL: nobody voted */
    const int16_t **shown; /* [n_people] a column, as it counts */
    struct stats_alt one, all;
    struct stats_alt_person *scratch;
};

/* ---- who, and which cells ---- */

static int find_people(struct testing *t, struct err *e)
{
    const struct dataset *d = t->data;

    t->people = arena_new(&t->out->arena, d->n, sizeof(*t->people), e);
    t->out->models = arena_new(&t->out->arena, d->n, sizeof(*t->out->models), e);
    if (!t->people || !t->out->models)
        return ERR_NOMEM;
    for (size_t i = 0; i < d->n; i++)
        if (d->items[i].annotator->kind == ANNOTATOR_HUMAN)
            t->people[t->out->n_people++] = &d->items[i];
    return 0;
}

static int find_disputed(struct testing *t, struct err *e)
{
    const struct dataset *d = t->data;
    struct store_items items;
    size_t cells = d->images.n * d->project->task->n_columns; /* which labels are held of */
    int rc = store_items_load(d->project->store, d->project->task, &d->images, &items, e);

    if (rc == 0 && items.n > 0 && !(t->disputed = mem_new(cells, 1, e)))
        rc = ERR_NOMEM;
    for (size_t i = 0; rc == 0 && i < items.n; i++)
        if (items.items[i].kind == REVIEW_DISPUTE && items.items[i].design == 0)
            t->disputed[items.items[i].column * d->images.n + items.items[i].image] = 1;
    store_items_release(&items);
    return rc;
}

static int take_memory(struct testing *t, struct err *e)
{
    size_t people = t->out->n_people, images = t->data->images.n;
    int rc = stats_alt_init(&t->one, people, images, e);

    if (rc == 0)
        rc = stats_alt_init(&t->all, people, images, e);
    t->scratch = arena_new(&t->out->arena, people, sizeof(*t->scratch), e);
    t->shown = arena_new(&t->out->arena, people, sizeof(*t->shown), e);
    t->columns = arena_new(&t->out->arena, people, sizeof(*t->columns), e);
    if (rc == 0 && (!t->scratch || !t->shown || !t->columns))
        rc = ERR_NOMEM;
    for (size_t j = 0; rc == 0 && t->disputed && j < people; j++)
        if (t->people[j]->annotator->votes > 0 &&
            !(t->columns[j] = mem_new(images, sizeof(**t->columns), e)))
            rc = ERR_NOMEM;
    return rc;
}

/* A voter's labels of a column without those of disputed cells. count: they are counted. */
static const int16_t *show_column(struct testing *t, size_t j, size_t column, bool count)
{
    const size_t n = t->data->images.n;
    const int16_t *labels = t->people[j]->labels.values + column * n;

    if (!t->columns[j])
        return labels;
    for (size_t i = 0; i < n; i++) {
        bool out = t->disputed[column * n + i] != 0;

        t->columns[j][i] = out ? VALUE_MISSING : labels[i];
        t->out->left_out += count && out && labels[i] >= 0;
    }
    return t->columns[j];
}

/* ---- what comes of it ---- */

static int compare_counts(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Images that the third of those nearest to a test still lacks; with fewer than three people, that
 * who is not there lacks all. */
static int count_lacking(const struct testing *t, uint64_t *lacking, struct err *e)
{
    const uint64_t least = t->out->task->alt_test.min_items;
    uint64_t *all = mem_new(t->out->n_people, sizeof(*all), e);

    if (!all)
        return ERR_NOMEM;
    for (size_t j = 0; j < t->out->n_people; j++)
        all[j] = t->scratch[j].images < least ? least - t->scratch[j].images : 0;
    qsort(all, t->out->n_people, sizeof(*all), compare_counts);
    *lacking = t->out->n_people < STATS_ALT_PEOPLE ? least : all[STATS_ALT_PEOPLE - 1];
    free(all);
    return 0;
}

/* The row of what was added to sums; the people's figures are left in scratch. */
static int test(struct testing *t, const struct stats_alt *sums, struct alt_test_row *row,
                struct err *e)
{
    const struct alt_test_rule *own = &t->out->task->alt_test;
    const struct stats_alt_rule rule = { own->epsilon, ALT_TEST_Q, own->min_items };
    int rc = stats_alt_test(sums, &rule, t->scratch, &row->s, e);

    if (rc < 0)
        return rc;
    for (size_t j = 0; j < t->out->n_people; j++)
        row->items += t->scratch[j].items;
    row->verdict = !row->s.decided ? "cannot say" : row->s.passed ? "passed" : "failed";
    return count_lacking(t, &row->lacking, e);
}

static int test_column(struct testing *t, const struct labelled *model, size_t column,
                       struct alt_test_model *out, struct err *e)
{
    const int16_t *labels = model->labels.values + column * t->data->images.n;
    struct alt_test_row *row = &out->questions[out->n_questions];
    const struct column *c = &t->out->task->columns[column];
    int rc;

    for (size_t j = 0; j < t->out->n_people; j++)
        t->shown[j] = show_column(t, j, column, t->out->n_models == 0);
    stats_alt_clear(&t->one);
    stats_alt_add(&t->one, t->scope.scale[column], labels, t->shown);
    stats_alt_add(&t->all, t->scope.scale[column], labels, t->shown);
    *row = (struct alt_test_row){ .name = c->name };
    rc = test(t, &t->one, row, e);
    out->n_questions += rc == 0 && row->items > 0;
    return rc;
}

/* Does the model differ from somebody on each of the person's items? Then they were not drawn, but
 * chosen, and the model had no chance. */
static bool chose_disputes(struct testing *t, const struct labelled *model, size_t who)
{
    const size_t n = t->data->images.n;
    size_t items = 0;

    for (size_t c = 0; c < t->out->task->n_columns; c++) {
        for (size_t j = 0; j < t->out->n_people; j++)
            t->shown[j] = show_column(t, j, c, false);
        for (size_t i = 0; i < n; i++) {
            int16_t label = model->labels.values[c * n + i];
            bool shared = false, differ = false;

            for (size_t j = 0; j < t->out->n_people; j++) {
                if (j == who || t->shown[j][i] < 0)
                    continue;
                shared = true;
                differ = differ || t->shown[j][i] != label;
            }
            if (label < 0 || t->shown[who][i] < 0 || !shared)
                continue;
            items++;
            if (!differ)
                return false;
        }
    }
    return items > 0;
}

static int keep_people(struct testing *t, const struct labelled *model, struct alt_test_model *out,
                       struct err *e)
{
    const uint64_t least = t->out->task->alt_test.min_items;

    for (size_t j = 0; j < t->out->n_people; j++) {
        struct alt_test_person *p = &out->people[j];
        const char *name = t->people[j]->name;

        p->s = t->scratch[j];
        p->name = arena_text(&t->out->arena, name, strlen(name), e);
        if (!p->name)
            return ERR_NOMEM;
        p->test = p->s.test == STATS_ALT_T             ? "t"
                  : p->s.test == STATS_ALT_SIGNED_RANK ? "signed rank"
                                                       : NULL;
        p->verdict = !p->test ? "not tested" : p->s.beaten ? "beats" : "does not beat";
        p->lacking = p->s.images < least ? least - p->s.images : 0;
        p->selective = chose_disputes(t, model, j);
    }
    return 0;
}

static int test_model(struct testing *t, const struct labelled *model, struct err *e)
{
    struct alt_test_model *out = &t->out->models[t->out->n_models];
    struct arena *arena = &t->out->arena;
    int rc = 0;

    out->name = arena_text(arena, model->name, strlen(model->name), e);
    out->people = arena_new(arena, t->out->n_people, sizeof(*out->people), e);
    out->questions = arena_new(arena, t->out->task->n_columns, sizeof(*out->questions), e);
    if (!out->name || !out->people || !out->questions)
        return ERR_NOMEM;
    stats_alt_clear(&t->all);
    for (size_t c = 0; rc == 0 && c < t->out->task->n_columns; c++)
        rc = test_column(t, model, c, out, e);
    if (rc == 0)
        rc = test(t, &t->all, &out->all, e);
    if (rc == 0)
        rc = keep_people(t, model, out, e);
    t->out->n_models++;
    return rc;
}

static int test_models(struct testing *t, struct err *e)
{
    int rc = find_people(t, e);

    if (rc == 0)
        rc = find_disputed(t, e);
    if (rc == 0)
        rc = scope_choose(&t->scope, t->out->task, NULL, &t->out->arena, e);
    if (rc == 0)
        rc = take_memory(t, e);
    for (size_t i = 0; rc == 0 && i < t->data->n; i++)
        if (t->data->items[i].annotator->kind == ANNOTATOR_MODEL)
            rc = test_model(t, &t->data->items[i], e);
    return rc;
}

int alt_test_load(const struct dataset *d, struct alt_test *out, struct err *e)
{
    struct testing t = { .data = d, .out = out };
    int rc;

    *out = (struct alt_test){ .task = d->project->task };
    rc = test_models(&t, e);
    for (size_t j = 0; t.columns && j < out->n_people; j++)
        free(t.columns[j]);
    free(t.disputed);
    stats_alt_release(&t.one);
    stats_alt_release(&t.all);
    if (rc < 0)
        alt_test_release(out);
    return rc;
}

void alt_test_release(struct alt_test *t)
{
    arena_release(&t->arena);
    *t = (struct alt_test){ 0 };
}
