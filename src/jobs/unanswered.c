/* SPDX-License-Identifier: MIT */
#include "jobs/unanswered.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TOKENS_MAX = 10000 };

/* ---- which ---- */

/* Its cells of a column: 0 where it gave a label, else how many are unparseable. */
static uint64_t count_unparseable(const struct labelled *who, size_t column, size_t n_images)
{
    const int16_t *values = who->labels.values + column * n_images;
    uint64_t n = 0;

    for (size_t i = 0; i < n_images; i++) {
        if (values[i] >= 0)
            return 0;
        n += values[i] == VALUE_UNPARSEABLE;
    }
    return n;
}

static int add(struct unanswered *u, const struct dataset *d, const struct labelled *who,
               size_t column, struct err *e)
{
    bool known = u->n > 0 && strcmp(u->items[u->n - 1].annotator, who->name) == 0;
    const struct column *c = &d->project->task->columns[column];
    uint64_t asked = count_unparseable(who, column, d->images.n);
    int rc;

    if (asked == 0)
        return 0;
    rc = mem_grow(&u->items, &u->cap, u->n + 1, sizeof(*u->items), UINT32_MAX, e);
    if (rc < 0)
        return rc;
    u->items[u->n] = (struct unanswered_question){
        .annotator = known ? u->items[u->n - 1].annotator
                           : arena_text(&u->arena, who->name, strlen(who->name), e),
        .name = c->name,
        .asked = asked,
        .mass = NAN,
        .min_mass = d->project->task->questions[c->question].min_mass
    };
    return u->items[u->n++].annotator ? 0 : ERR_NOMEM;
}

/* ---- why ---- */

/* What one model would have said to one question. */
struct listening {
    struct unanswered *out;
    struct map *tokens; /* text -> index */
    struct token {
        const char *text; /* the arena's */
        double sum;
    } * list;
    size_t n, cap, answers, masses;
    double mass;
};

static int add_token(struct listening *l, const char *text, double probability, struct err *e)
{
    size_t index;
    int rc;

    if (l->n == TOKENS_MAX)
        return 0;
    rc = map_add(l->tokens, text, strlen(text), l->n, &index, e);
    if (rc == 1) {
        rc = mem_grow(&l->list, &l->cap, l->n + 1, sizeof(*l->list), TOKENS_MAX, e);
        if (rc < 0)
            return rc;
        l->list[l->n] = (struct token){ arena_text(&l->out->arena, text, strlen(text), e), 0 };
        if (!l->list[l->n++].text)
            return ERR_NOMEM;
    }
    if (rc < 0)
        return rc;
    l->list[index].sum += probability;
    return 0;
}

static int take_answer(void *data, double mass, const struct json_t *top, struct err *e)
{
    struct listening *l = data;
    int rc = 0;

    l->answers++;
    if (!isnan(mass)) {
        l->masses++;
        l->mass += mass;
    }
    for (size_t i = 0; rc == 0 && i < jv_length(top); i++) {
        const char *text = jv_text(jv_get(jv_at(top, i), "text"));
        double p;

        if (text && jv_number(jv_get(jv_at(top, i), "probability"), &p))
            rc = add_token(l, text, p, e);
    }
    return rc;
}

static int by_sum(const void *a, const void *b)
{
    const struct token *x = a, *y = b;

    return (x->sum < y->sum) - (x->sum > y->sum);
}

static int find_why(const struct dataset *d, int64_t annotator, size_t column,
                    struct unanswered *out, struct unanswered_question *q, struct err *e)
{
    struct listening l = { .out = out };
    int rc = map_new(&l.tokens, e);

    if (rc == 0)
        rc = store_unparseable(d->project->store, annotator,
                               &(struct store_column){ d->project->task, column },
                               (struct store_unparseable_reader){ take_answer, &l }, e);
    if (rc == 0 && l.masses > 0)
        q->mass = l.mass / (double)l.masses;
    if (l.n > 1)
        qsort(l.list, l.n, sizeof(*l.list), by_sum);
    for (size_t i = 0; rc == 0 && i < l.n && i < UNANSWERED_TOP; i++) {
        char *text = arena_text(&out->arena, l.list[i].text, strlen(l.list[i].text), e);

        if (!text)
            rc = ERR_NOMEM;
        else
            text_printable(text);
        q->top[i] = (struct unanswered_top){ text, l.list[i].sum / (double)l.answers };
    }
    free(l.list);
    map_free(l.tokens);
    return rc;
}

/* ---- all together ---- */

/* What a server's masses are, as its newest run has it. */
static int find_mass_kind(const struct dataset *d, int64_t annotator, struct arena *arena,
                          const char **out, struct err *e)
{
    struct json_t *all = NULL;
    char *identity = NULL, *settings = NULL;
    struct err ignored;
    const char *is;
    int rc = store_identity(d->project->store, annotator, &identity, &settings, e);

    if (rc == 0 && settings)
        jv_parse(&all, settings, strlen(settings), &ignored);
    is = jv_text(jv_get(all, "mass"));
    if (rc == 0 && is && !(*out = arena_text(arena, is, strlen(is), e)))
        rc = ERR_NOMEM;
    jv_free(all);
    free(identity);
    free(settings);
    return rc;
}

static int find_of(const struct dataset *d, const struct labelled *who, struct unanswered *out,
                   struct err *e)
{
    const char *mass_is = NULL;
    int rc = find_mass_kind(d, who->annotator->id, &out->arena, &mass_is, e);

    for (size_t c = 0; rc == 0 && c < d->project->task->n_columns; c++) {
        size_t before = out->n;

        rc = add(out, d, who, c, e);
        if (rc == 0 && out->n > before)
            out->items[before].mass_is = mass_is;
        if (rc == 0 && out->n > before)
            rc = find_why(d, who->annotator->id, c, out, &out->items[before], e);
    }
    return rc;
}

int unanswered_find(const struct dataset *d, struct unanswered *out, struct err *e)
{
    int rc = 0;

    *out = (struct unanswered){ 0 };
    for (size_t i = 0; rc == 0 && i < d->n; i++)
        if (d->items[i].annotator->kind == ANNOTATOR_MODEL)
            rc = find_of(d, &d->items[i], out, e);
    if (rc < 0)
        unanswered_release(out);
    return rc;
}

int unanswered_find_by_name(const struct project *p, const char *annotator, struct unanswered *out,
                            struct err *e)
{
    struct dataset d = { 0 };
    int rc = dataset_open(&d, p, e);

    *out = (struct unanswered){ 0 };
    if (rc == 0)
        rc = dataset_load(&d, &annotator, 1, 0, e);
    if (rc == 0)
        rc = unanswered_find(&d, out, e);
    dataset_release(&d);
    return rc;
}

void unanswered_release(struct unanswered *u)
{
    free(u->items);
    arena_release(&u->arena);
    *u = (struct unanswered){ 0 };
}
