/* SPDX-License-Identifier: MIT
 *
 * What an owner sees: how far it is, and once an item's votes are in, what they say.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "review/server.h"

enum { GALLERY_DEFAULT = 48, GALLERY_MOST = 96 };

static bool is_owner(struct review *r, struct request *q)
{
    struct session s;

    if (!session_check(r, q, false, &s))
        return false;
    if (s.who.annotator != 0)
        request_refuse(q, 403, "role", "this page is an owner's");
    return s.who.annotator == 0;
}

bool owner_may_see(const struct review *r, size_t item)
{
    return state_is_done(&r->state, item) && r->state.items.items[item].kind != REVIEW_REPEAT;
}

/* How far the verdicts are; null where there are none. */
static struct json_t *verdicts_json(const struct review *r)
{
    const struct task *t = r->site.task;
    const struct deciding *d = &r->deciding;
    struct json_t *all = jv_array();

    for (size_t c = 0; d->questions && c < t->n_columns; c++) {
        const struct decided_question *q = &d->questions[c];

        if (q->asked)
            jv_append(
                all,
                jv_pack("{s:s, s:s, s:I, s:o}", "name", t->columns[c].name, "verdict",
                        verdict_names[q->kind], "settled", (long long)q->settled, "votes_to_decide",
                        q->kind == VERDICT_UNDECIDED ? jv_real(ceil(q->votes)) : jv_pack("n")));
    }
    if (!d->questions) {
        jv_free(all);
        return jv_pack("n");
    }
    return jv_pack("{s:o, s:o, s:o}", "max_error", jv_real(d->promise.max_error), "confidence",
                   jv_real(d->promise.confidence), "questions", all);
}

/* The owner sees the verdicts of now. When the review looks by itself, and asks on accordingly,
 * stays as it was. */
static int look_now(struct review *r, struct err *e)
{
    struct deciding *d = &r->deciding;
    uint64_t changes = d->changes;
    int rc = changes > 0 ? deciding_look(d, &r->site, e) : 0;

    d->changes = changes;
    return rc;
}

void owner_overview(struct review *r, struct request *q)
{
    const struct review_site *s = &r->site;
    struct review_figures f;
    struct json_t *o;
    struct err e;

    if (!is_owner(r, q))
        return;
    if (look_now(r, &e) < 0 ||
        review_figures_load(&f, s->store, s->task, s->images, s->labels, &e) < 0) {
        request_refuse(q, 500, "failed", e.what);
        return;
    }
    o = s->describe ? s->describe(&f) : jv_pack("{}");
    if (o) {
        jv_set(o, "title", jv_pack("s", s->task->name));
        jv_set(o, "verdicts", verdicts_json(r));
    }
    review_figures_release(&f);
    request_json(q, 200, o, NULL);
}

/* ---- the gallery ---- */

struct vote {
    size_t item;
    int64_t annotator;
    enum answer_kind kind;
    int16_t value; /* VALUE_MISSING: a flag, or an option that is none any more */
};

enum outcome { OUTCOME_MODEL, OUTCOME_PEOPLE, OUTCOME_UNCLEAR, OUTCOMES };
static const char *const outcome_names[] = { "model", "people", "unclear" };

struct shown {
    size_t item, first, n; /* its votes */
    enum outcome outcome;
    double confidence; /* of the model in its answer */
};

struct gallery {
    struct review *review;
    struct vote *votes;
    size_t n_votes, votes_cap;
    struct shown *items;
    size_t n;
    struct err *e;
};

static int note_vote(void *data, const struct store_answer *a)
{
    struct gallery *g = data;
    const struct state *s = &g->review->state;
    size_t item = state_index(s, a->item);
    struct vote v = { item, a->annotator, a->kind, VALUE_MISSING };
    unsigned codings = 0;
    int rc;

    if (a->undone || a->kind == ANSWER_SKIP || item == SIZE_MAX || !owner_may_see(g->review, item))
        return 0;
    if (a->kind == ANSWER_UNSURE)
        v.value = VALUE_UNSURE;
    else if (a->kind == ANSWER_VALUE)
        task_read_value(&s->task->columns[s->items.items[item].column], a->value, strlen(a->value),
                        &v.value, &codings);
    rc = mem_grow(&g->votes, &g->votes_cap, g->n_votes + 1, sizeof(v), SIZE_MAX / sizeof(v), g->e);
    if (rc == 0)
        g->votes[g->n_votes++] = v;
    return rc;
}

static int by_item(const void *a, const void *b)
{
    const struct vote *x = a, *y = b;

    if (x->item != y->item)
        return x->item < y->item ? -1 : 1;
    return (x->annotator > y->annotator) - (x->annotator < y->annotator);
}

static int16_t label_of(const struct review *r, int who, const struct store_item *item)
{
    return r->site.labels[who] ? r->site.labels[who][item->column * r->site.images->n + item->image]
                               : VALUE_MISSING;
}

static size_t votes_for(const struct vote *votes, size_t n, int16_t value)
{
    size_t k = 0;

    for (size_t i = 0; i < n; i++)
        k += votes[i].value == value;
    return k;
}

/* Whose label more than half of the votes confirm. */
static enum outcome outcome_of(const struct review *r, const struct store_item *item,
                               const struct vote *votes, size_t n)
{
    for (int who = 0; who < 2; who++) {
        int16_t label = label_of(r, who, item);

        if (label >= 0 && 2 * votes_for(votes, n, label) > n)
            return who == 0 ? OUTCOME_MODEL : OUTCOME_PEOPLE;
    }
    return OUTCOME_UNCLEAR;
}

/* The model's probability of its own answer; NaN: not known. */
static double confidence_of(const struct review *r, const struct store_item *item)
{
    const struct task *t = r->site.task;
    const struct column *c = &t->columns[item->column];
    int16_t label = label_of(r, 0, item);
    double p;

    if (label < 0 || !r->site.probabilities)
        return NAN;
    p = (double)r->site.probabilities[item->image * t->n_probabilities + c->probability +
                                      (c->yesno ? 0 : (size_t)label)];
    return c->yesno && label == VALUE_NO ? 1 - p : p;
}

static int by_confidence(const void *a, const void *b)
{
    const struct shown *x = a, *y = b;
    double p = isnan(x->confidence) ? -1 : x->confidence;
    double q = isnan(y->confidence) ? -1 : y->confidence;

    if (p != q)
        return p > q ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

static int find_shown(struct gallery *g, enum outcome wanted, size_t column, struct err *e)
{
    struct review *r = g->review;
    int rc = store_answers(r->site.store, (struct store_answer_reader){ note_vote, g }, e);

    if (rc == 0) {
        g->items = mem_new(g->n_votes, sizeof(*g->items), e);
        rc = g->items ? 0 : ERR_NOMEM;
    }
    if (rc < 0)
        return rc;
    if (g->n_votes > 0)
        qsort(g->votes, g->n_votes, sizeof(*g->votes), by_item);
    for (size_t i = 0, end; i < g->n_votes; i = end) {
        const struct store_item *item = &r->state.items.items[g->votes[i].item];
        enum outcome outcome;

        for (end = i; end < g->n_votes && g->votes[end].item == g->votes[i].item;)
            end++;
        outcome = outcome_of(r, item, g->votes + i, end - i);
        if ((wanted == OUTCOMES || wanted == outcome) &&
            (column == SIZE_MAX || column == item->column))
            g->items[g->n++] =
                (struct shown){ g->votes[i].item, i, end - i, outcome, confidence_of(r, item) };
    }
    qsort(g->items, g->n, sizeof(*g->items), by_confidence);
    return 0;
}

static int note_name(void *data, const struct store_reviewer *who)
{
    struct json_t *names = data;
    char id[24];

    snprintf(id, sizeof(id), "%lld", (long long)who->annotator);
    jv_set(names, id, jv_pack("s", who->name));
    return 0;
}

static struct json_t *label_json(const struct review *r, int who, const struct store_item *item)
{
    int16_t label = label_of(r, who, item);

    if (label < 0)
        return jv_pack("n");
    return jv_pack("{s:i, s:s}", "value", (int)label, "label",
                   r->site.task->columns[item->column].labels[label]);
}

/* NULL: what was said is no option of the question any more. */
static const char *vote_text(const struct vote *v, const struct column *c)
{
    if (v->kind == ANSWER_FLAG)
        return "flagged";
    return v->value == VALUE_MISSING ? NULL : task_value_text(c, v->value);
}

static struct json_t *votes_json(const struct gallery *g, const struct shown *shown,
                                 const struct json_t *names)
{
    const struct review *r = g->review;
    const struct column *c = &r->site.task->columns[r->state.items.items[shown->item].column];
    struct json_t *all = jv_array();

    for (size_t i = shown->first; i < shown->first + shown->n; i++) {
        const struct vote *v = &g->votes[i];
        const char *name;
        char id[24];

        snprintf(id, sizeof(id), "%lld", (long long)v->annotator);
        name = jv_text(jv_get(names, id));
        jv_append(all, jv_pack("{s:s, s:s?}", "name", name ? name : "", "label", vote_text(v, c)));
    }
    return all;
}

static struct json_t *shown_json(const struct gallery *g, const struct shown *shown,
                                 const struct json_t *names)
{
    const struct review *r = g->review;
    const struct store_item *item = &r->state.items.items[shown->item];
    const struct column *c = &r->site.task->columns[item->column];
    struct json_t *model = label_json(r, 0, item), *o;
    char path[SECRET_TEXT];

    if (jv_is_object(model))
        jv_set(model, "probability", jv_real(shown->confidence));
    snprintf(path, sizeof(path), "/image/%s", item->key);
    o = jv_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "id", item->key, "key",
                r->site.images->keys[item->image], "question", c->name, "text", c->text, "outcome",
                outcome_names[shown->outcome], "options", jv_texts(c->labels, c->n_values), "model",
                model, "people", label_json(r, 1, item), "votes", votes_json(g, shown, names));
    if (o && c->about)
        jv_set(o, "about", jv_pack("s", c->about));
    if (o)
        jv_set(o, "image", r->pictures ? jv_pack("s", path) : jv_pack("n"));
    return o;
}

static struct json_t *gallery_json(const struct gallery *g, uint64_t offset, uint64_t n,
                                   struct err *e)
{
    const struct review_site *s = &g->review->site;
    struct json_t *names = jv_pack("{}"), *items = jv_array(), *questions = jv_array();
    int rc = store_reviewers(s->store, note_name, names, e);

    for (uint64_t i = offset; rc == 0 && i < g->n && i - offset < n; i++)
        jv_append(items, shown_json(g, &g->items[i], names));
    jv_free(names);
    for (size_t c = 0; c < s->task->n_columns; c++)
        jv_append(questions, jv_pack("s", s->task->columns[c].name));
    return jv_pack("{s:I, s:s?, s:s?, s:o, s:o}", "total", (long long)g->n, "model", s->names[0],
                   "people", s->names[1], "questions", questions, "items", items);
}

bool review_read_number(struct request *q, const char *name, uint64_t max, uint64_t *out)
{
    const char *text = request_query(q, name);

    return !text || text_u64(text, max, out);
}

static bool read_query(struct review *r, struct request *q, enum outcome *outcome, size_t *column)
{
    const char *wanted = request_query(q, "outcome"), *question = request_query(q, "question");
    size_t i = 0;

    *column = SIZE_MAX;
    while (wanted && i < OUTCOMES && strcmp(wanted, outcome_names[i]) != 0)
        i++;
    *outcome = wanted ? (enum outcome)i : OUTCOMES;
    if (wanted && i == OUTCOMES && strcmp(wanted, "all") != 0)
        return false;
    return !question || *question == '\0' || task_find_column(r->site.task, question, column);
}

void owner_gallery(struct review *r, struct request *q)
{
    uint64_t offset = 0, n = GALLERY_DEFAULT;
    struct gallery g = { .review = r };
    enum outcome outcome;
    struct json_t *o = NULL;
    size_t column;
    struct err e = { 0 };

    if (!is_owner(r, q))
        return;
    if (!read_query(r, q, &outcome, &column) ||
        !review_read_number(q, "offset", UINT32_MAX, &offset) ||
        !review_read_number(q, "n", GALLERY_MOST, &n)) {
        request_refuse(q, 400, "bad_request", "outcome, question, offset or n is not one there is");
        return;
    }
    g.e = &e;
    if (find_shown(&g, outcome, column, &e) == 0)
        o = gallery_json(&g, offset, n, &e);
    free(g.votes);
    free(g.items);
    if (o)
        request_json(q, 200, o, NULL);
    else
        request_refuse(q, 500, "failed", e.code < 0 ? e.what : "out of memory");
}
