/* SPDX-License-Identifier: MIT */
#include "review/documents.h"

#include <string.h>

#include "review/deciding.h"
#include "stats/stats.h"

static struct json_t *text_or_null(const char *text)
{
    return text ? jv_pack("s", text) : jv_pack("n");
}

/* ---- questions ---- */

struct json_t *document_questions(const struct task *t)
{
    struct json_t *all = jv_array();

    for (size_t i = 0; i < t->n_columns; i++) {
        const struct column *c = &t->columns[i];
        const struct question *q = &t->questions[c->question];

        jv_append(all, jv_pack("{s:s, s:o, s:o, s:s, s:o}", "text", c->text, "about",
                               text_or_null(c->about), "help", text_or_null(q->help), "kind",
                               task_kind_name(c->yesno ? KIND_YESNO : q->kind), "options",
                               jv_texts(c->labels, c->n_values)));
    }
    return all;
}

/* ---- progress ---- */

static double pace(const struct person *p)
{
    double seconds[REVIEW_RECENT];
    size_t n = p->n_recent < REVIEW_RECENT ? p->n_recent : REVIEW_RECENT;

    memcpy(seconds, p->recent, n * sizeof(seconds[0]));
    return stats_quantile(seconds, n, 0.5);
}

/* The question that the fewest answers decide. Of each cell at least so many are wanted. */
static struct json_t *decides(const struct state *s)
{
    const struct deciding *d = s->deciding;

    if (!d || !d->questions || d->next == SIZE_MAX || s->over)
        return jv_pack("n");
    return jv_pack("{s:I, s:I}", "question", (long long)d->next, "answers",
                   (long long)(deciding_told(d) * s->votes));
}

struct json_t *document_progress(const struct state *s, const struct person *p)
{
    uint64_t left = p->left, grid = p->left_grid, most = state_allowed(s, p);
    double seconds = pace(p);

    left = left < most ? left : most;
    grid = grid < most ? grid : most;
    return jv_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:I, s:o, s:b}", "done",
                   (long long)p->done, "skipped", (long long)p->n_skipped, "copied",
                   (long long)p->copied, "left", (long long)left, "left_grid", (long long)grid,
                   "seconds_per_answer", jv_real(seconds), "seconds_an_answer", jv_real(seconds),
                   "seconds_left", jv_real(seconds * (double)left), "set_aside",
                   (long long)s->n_aside, "decides", decides(s), "decided", (int)s->over);
}

/* ---- items ---- */

struct json_t *document_answer(const struct store_answer *a)
{
    return jv_pack("{s:s, s:o}", "kind", store_answer_kind_name(a->kind), "value",
                   text_or_null(a->value));
}

/* The same with the option as a number, or the flag's reason. */
static struct json_t *as_shown(const struct column *c, const struct json_t *answer)
{
    const char *kind = jv_text(jv_get(answer, "kind")), *value = jv_text(jv_get(answer, "value"));
    int16_t number = VALUE_MISSING;
    unsigned codings = 0;

    if (text_equal(kind, "flag"))
        return jv_pack("{s:s, s:s}", "kind", kind, "reason", value);
    if (value && task_read_value(c, value, strlen(value), &number, &codings) && number >= 0)
        return jv_pack("{s:s, s:i}", "kind", kind, "value", (int)number);
    return jv_pack("{s:s}", "kind", kind);
}

struct json_t *document_item(const struct state *s, size_t i, bool pictures,
                             const struct json_t *was)
{
    const struct store_item *item = &s->items.items[i];
    char path[SECRET_TEXT];
    struct json_t *o;

    snprintf(path, sizeof(path), "/image/%s", item->key);
    o = jv_pack("{s:s, s:I, s:o}", "id", item->key, "question", (long long)item->column, "image",
                text_or_null(pictures ? path : NULL));
    if (o && was)
        jv_set(o, "was", as_shown(&s->task->columns[item->column], was));
    return o;
}

struct json_t *document_result(const char *item, enum kept kept)
{
    if (kept == KEPT)
        return jv_pack("{s:s, s:b}", "item", item, "kept", 1);
    return jv_pack("{s:s, s:b, s:s}", "item", item, "kept", 0, "why", kept_name(kept));
}

/* ---- who is told ---- */

struct json_t *document_session(const struct state *s, const struct document_reviewer *r)
{
    const struct task *t = s->task;
    struct json_t *o =
        jv_pack("{s:s, s:s, s:s, s:s, s:s}", "role", r->person ? "reviewer" : "owner", "who",
                r->who, "name", r->name, "csrf", r->csrf, "title", t->name);

    if (!o || !r->person)
        return o;
    jv_set(o, "questions", document_questions(t));
    jv_set(o, "reasons", jv_texts(t->flags, t->n_flags));
    jv_set(o, "lease_seconds", jv_pack("I", (long long)s->lease_seconds));
    jv_set(o, "idle_seconds", jv_pack("i", IDLE_SECONDS));
    jv_set(o, "grid", jv_pack("{s:i, s:i}", "least", GRID_LEAST, "most", GRID_MOST));
    jv_set(o, "progress", document_progress(s, r->person));
    return o;
}
