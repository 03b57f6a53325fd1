/* SPDX-License-Identifier: MIT */
#include "label/asked.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- questions ---- */

/* A multi question is asked once an option. */
static int fill_option(const struct task *t, const struct column *c, const char *wording,
                       struct arena *arena, const char **out, struct err *e)
{
    const struct question *q = &t->questions[c->question];
    int rc = task_fill_option(wording, q->options[c->option], arena, out, e);

    if (rc < 0 || *out)
        return rc;
    err_set(e, ERR_ARG, "a multi question is asked once an option: its text needs {option}");
    err_got(e, "%s", wording);
    return err_at(e, "assent.yaml:%u: %s", q->line, q->name);
}

static int fill_one(struct asked *out, const struct task *t, size_t column, size_t wording,
                    struct arena *arena, struct err *e)
{
    static const char *const yesno[] = { "no", "yes" };
    const struct column *c = &t->columns[column];
    const struct question *q = &t->questions[c->question];

    *out = (struct asked){ .column = column,
                           .form = c->yesno     ? ASKED_YESNO
                                   : q->letters ? ASKED_LETTERS
                                                : ASKED_CHOICE,
                           .text = q->wordings[wording],
                           .options = c->yesno ? yesno : q->options,
                           .n_options = c->yesno ? 2 : q->n_options };
    return q->kind == KIND_MULTI ? fill_option(t, c, out->text, arena, &out->text, e) : 0;
}

static size_t count_asked(const struct task *t, const uint8_t *wanted)
{
    size_t n = 0;

    for (size_t c = 0; c < t->n_columns; c++)
        n += wanted[c] ? t->questions[t->columns[c].question].n_wordings : 0;
    return n;
}

int asked_fill(struct asked_list *out, const struct task *t, const uint8_t *wanted, bool backwards,
               struct err *e)
{
    struct asked_list a = { 0 };
    struct asked *items = arena_new(&a.arena, count_asked(t, wanted), sizeof(*items), e);
    uint8_t *own = arena_new(&a.arena, t->n_columns, 1, e);
    int rc = items && own ? 0 : ERR_NOMEM;

    if (rc == 0)
        memcpy(own, wanted, t->n_columns);
    for (size_t i = 0; rc == 0 && i < t->n_columns; i++) {
        size_t c = backwards ? t->n_columns - 1 - i : i;

        for (size_t w = 0;
             rc == 0 && wanted[c] && w < t->questions[t->columns[c].question].n_wordings; w++)
            rc = fill_one(&items[a.n++], t, c, w, &a.arena, e);
    }
    a.wanted = own;
    a.items = items;
    if (rc < 0)
        asked_release(&a);
    *out = a;
    return rc;
}

void asked_release(struct asked_list *a)
{
    arena_release(&a->arena);
    *a = (struct asked_list){ 0 };
}

/* ---- answers ---- */

/* A column's mean over its wordings. */
struct mean {
    double mass, low, high; /* low, high: of the first option's score, for the spread */
    double *score;          /* [n_values] */
    size_t n;
};

static void add_wording(struct mean *m, const struct raw_answer *a, size_t n_options, size_t shown)
{
    double score = a->score[shown];

    m->low = m->n == 0 ? score : fmin(m->low, score);
    m->high = m->n == 0 ? score : fmax(m->high, score);
    m->mass += a->mass;
    for (size_t o = 0; o < n_options; o++)
        m->score[o] += a->score[o];
    m->n++;
}

static int16_t best_of(const double *score, size_t n)
{
    size_t best = 0;

    for (size_t o = 1; o < n; o++)
        if (score[o] > score[best])
            best = o;
    return (int16_t)best;
}

/* A column of which every wording has scores. */
static void settle_scores(const struct task *t, size_t column, const struct raw_answer *raw,
                          size_t n, double *score, struct label_answers *out)
{
    const struct column *c = &t->columns[column];
    struct mean m = { .score = score };
    int16_t best;

    memset(score, 0, c->n_values * sizeof(*score));
    for (size_t i = 0; i < n; i++)
        add_wording(&m, &raw[i], c->n_values, c->yesno ? VALUE_YES : 0);
    for (size_t o = 0; o < c->n_values; o++)
        score[o] /= (double)m.n;
    best = best_of(score, c->n_values);
    out->mass[column] = (float)(m.mass / (double)m.n);
    out->values[column] = m.mass / (double)m.n < t->questions[c->question].min_mass ||
                                  isnan(score[0]) /* some wording's valid answers have none */
                              ? VALUE_UNPARSEABLE
                              : best;
    if (c->yesno)
        out->probabilities[c->probability] = (float)score[VALUE_YES];
    for (size_t o = 0; !c->yesno && o < c->n_values; o++)
        out->probabilities[c->probability + o] = (float)score[o];
    if (out->spread && n > 1)
        out->spread[column] = (float)(m.high - m.low);
}

static int16_t value_of(const struct raw_answer *a, size_t n_options)
{
    return a->score ? best_of(a->score, n_options) : a->value;
}

/* A column of which some wording has none: options before reasons, then the most frequent; tied
 * where two options are. */
static int16_t most_frequent(const struct raw_answer *raw, size_t n, size_t n_options)
{
    int16_t best = value_of(&raw[0], n_options);
    bool tied = false;
    size_t most = 0;

    for (size_t i = 0; i < n; i++) {
        int16_t value = value_of(&raw[i], n_options);
        size_t same = 0;

        for (size_t k = 0; k < n; k++)
            same += value_of(&raw[k], n_options) == value;
        if (value >= 0 && best >= 0 && value != best && same == most)
            tied = true;
        if (value >= 0 ? best < 0 || same > most : best < 0 && same > most) {
            best = value;
            most = same;
            tied = false;
        }
    }
    return tied ? VALUE_TIE : best;
}

static void settle(const struct task *t, size_t column, const struct raw_answer *raw, size_t n,
                   double *score, struct label_answers *out)
{
    bool all = true, missing = false, failed = false;

    for (size_t i = 0; i < n; i++) {
        all = all && raw[i].score;
        missing = missing || (!raw[i].score && raw[i].value == VALUE_MISSING);
        failed = failed || (!raw[i].score && raw[i].value == VALUE_ERROR);
    }
    if (missing || failed) /* the other wordings are not the question, and all are asked again */
        out->values[column] = missing ? VALUE_MISSING : VALUE_ERROR;
    else if (all)
        settle_scores(t, column, raw, n, score, out);
    else
        out->values[column] = most_frequent(raw, n, t->columns[column].n_values);
}

/* Members of the detail that no column is called: names hold no ':'. */
static const struct {
    const char *name;
    bool of_picture; /* one text; else by column a text, or one a wording */
} said_names[] = {
    [SAID_NOTHING] = { NULL, false },
    [SAID_DESCRIPTION] = { ":description", true },
    [SAID_THOUGHT] = { ":thoughts", false },
    [SAID_FIRST] = { ":first", false },
};

/* Text behind text of one column's wordings; takes `said` over. */
static bool add_wording_said(struct json_t *by_column, const char *column, struct json_t *said)
{
    struct json_t *before = jv_get(by_column, column);

    if (jv_is_array(before))
        return jv_append(before, said);
    if (before)
        said = jv_pack("[s, o]", jv_text(before), said);
    return jv_set(by_column, column, said);
}

static bool add_said(struct json_t *detail, const char *column, struct raw_answer *raw)
{
    const char *name = said_names[raw->said_as].name;
    struct json_t *said = raw->said;

    raw->said = NULL;
    if (said_names[raw->said_as].of_picture && jv_get(detail, name)) {
        jv_free(said);
        return true;
    }
    if (said_names[raw->said_as].of_picture)
        return jv_set(detail, name, said);
    if (!jv_get(detail, name) && !jv_set(detail, name, jv_pack("{}"))) {
        jv_free(said);
        return false;
    }
    return add_wording_said(jv_get(detail, name), column, said);
}

/* Of columns without an answer: what the first wording would have said, or why one failed. */
static bool add_top(struct json_t *detail, const char *column, struct raw_answer *raw)
{
    struct json_t *top = raw->top;

    raw->top = NULL;
    return jv_set(detail, column, top);
}

static int add_detail(const struct asked_list *a, const struct task *t, struct raw_answer *raw,
                      struct label_answers *out, struct err *e)
{
    struct json_t *detail = jv_pack("{}");
    bool fits = detail != NULL;

    for (size_t i = 0; fits && i < a->n; i++)
        if (raw[i].said)
            fits = add_said(detail, t->columns[a->items[i].column].name, &raw[i]);
    for (size_t i = a->n; fits && i-- > 0;) { /* so that a column's first wording is what stays */
        size_t column = a->items[i].column;

        if (out->values[column] < VALUE_MISSING && raw[i].top &&
            (out->values[column] != VALUE_ERROR || raw[i].value == VALUE_ERROR))
            fits = add_top(detail, t->columns[column].name, &raw[i]);
    }
    if (fits && jv_members(detail) > 0) {
        out->detail = jv_print_line(detail);
        fits = out->detail != NULL;
    }
    jv_free(detail);
    return fits ? 0 : err_set(e, ERR_NOMEM, "out of memory: an answer's detail");
}

int asked_settle(const struct asked_list *a, const struct task *t, struct raw_answer *raw,
                 struct label_answers *out, struct err *e)
{
    double *score = mem_new(TASK_OPTIONS_MAX, sizeof(*score), e);
    int rc = score ? 0 : ERR_NOMEM;

    for (size_t from = 0, to; rc == 0 && from < a->n; from = to) {
        for (to = from; to < a->n && a->items[to].column == a->items[from].column;)
            to++;
        settle(t, a->items[from].column, &raw[from], to - from, score, out);
    }
    if (rc == 0)
        rc = add_detail(a, t, raw, out, e);
    for (size_t i = 0; i < a->n; i++) {
        jv_free(raw[i].top);
        jv_free(raw[i].said);
        raw[i].top = raw[i].said = NULL;
    }
    free(score);
    return rc;
}
