/* SPDX-License-Identifier: MIT */
#include "jobs/consensus.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct voting {
    const struct task *task;
    const struct dataset *data;
    const struct consensus_options *options;
    struct consensus_result *out;
    bool *extra; /* [n] */
    bool any_extra;
    int tie_first;
    double *agree, *decided; /* [n] sums of the coin-flip baseline */
    const int16_t **columns; /* [n] one column's labels */
    size_t n, n_images;
};

/* ---- who ---- */

static int position_of(const struct dataset *d, const char *name, const char *what, size_t *at,
                       struct err *e)
{
    for (*at = 0; *at < d->n; ++*at)
        if (strcmp(d->items[*at].name, name) == 0)
            return 0;
    err_set(e, ERR_ARG, "%s: '%s' is not among the annotators of this consensus", what, name);
    return err_got(e, "%zu annotators", d->n);
}

static int choose_extra(struct voting *v, struct err *e)
{
    const struct consensus_options *o = v->options;
    size_t at, base = 0;

    for (size_t i = 0; i < o->n_extra; i++) {
        int rc = position_of(v->data, o->extra[i], "--extra", &at, e);

        if (rc < 0)
            return rc;
        v->extra[at] = true;
    }
    for (size_t a = 0; a < v->n; a++) {
        if (!o->extra)
            v->extra[a] = v->data->items[a].annotator->votes > 0;
        base += !v->extra[a];
    }
    if (base == 0) /* nobody to compare the votes with */
        memset(v->extra, 0, v->n * sizeof(*v->extra));
    return 0;
}

static int new_arrays(struct voting *v, struct err *e)
{
    struct consensus_result *out = v->out;
    const struct task *t = v->task;
    size_t cells;

    v->extra = arena_new(&out->arena, v->n, sizeof(*v->extra), e);
    v->agree = arena_new(&out->arena, v->n, sizeof(*v->agree), e);
    v->decided = arena_new(&out->arena, v->n, sizeof(*v->decided), e);
    v->columns = arena_new(&out->arena, v->n, sizeof(*v->columns), e);
    out->annotators = arena_new(&out->arena, v->n, sizeof(*out->annotators), e);
    out->questions = arena_new(&out->arena, t->n_columns, sizeof(*out->questions), e);
    out->groups = arena_new(&out->arena, t->n_groups, sizeof(*out->groups), e);
    if (!v->extra || !v->agree || !v->decided || !v->columns || !out->annotators ||
        !out->questions || !out->groups)
        return ERR_NOMEM;
    if (!size_mul(v->n_images, t->n_columns, &cells))
        return err_set(e, ERR_LIMIT, "too many cells");
    out->values = mem_new(cells, sizeof(*out->values), e);
    return out->values ? 0 : ERR_NOMEM;
}

static int name_annotators(struct voting *v, struct err *e)
{
    struct consensus_result *out = v->out;

    out->n_annotators = v->n;
    for (size_t a = 0; a < v->n; a++) {
        const struct labelled *item = &v->data->items[a];

        out->annotators[a].name = arena_text(&out->arena, item->name, strlen(item->name), e);
        if (!out->annotators[a].name)
            return ERR_NOMEM;
        out->annotators[a].kind = item->annotator->kind;
        out->annotators[a].extra = v->extra[a];
        v->any_extra = v->any_extra || v->extra[a];
    }
    return 0;
}

static int choose_tie(struct voting *v, struct err *e)
{
    size_t at;
    int rc;

    if (!v->options->tie_first)
        return 0;
    rc = position_of(v->data, v->options->tie_first, "--tie first", &at, e);
    if (rc < 0)
        return rc;
    v->tie_first = (int)at;
    v->out->tie_first = v->out->annotators[at].name;
    return 0;
}

static int set_up(struct voting *v, struct err *e)
{
    int rc = new_arrays(v, e);

    if (rc == 0)
        rc = choose_extra(v, e);
    if (rc == 0)
        rc = name_annotators(v, e);
    return rc == 0 ? choose_tie(v, e) : rc;
}

/* ---- one column ---- */

/* Do the annotators other than the extra ones differ on image i? */
static bool is_disputed(const struct voting *v, size_t i)
{
    int16_t first = VALUE_MISSING;

    for (size_t a = 0; a < v->n; a++) {
        int16_t value = v->columns[a][i];

        if (v->extra[a] || value < 0)
            continue;
        if (first >= 0 && value != first)
            return true;
        first = value;
    }
    return false;
}

static void count_sides(struct voting *v, struct consensus_question *q, size_t i, int16_t consensus)
{
    for (size_t a = 0; a < v->n; a++) {
        int16_t value = v->columns[a][i];
        struct consensus_annotator *annotator = &v->out->annotators[a];

        if (value < 0)
            continue;
        annotator->disputes_won += value == consensus;
        if (!v->any_extra)
            q->won[a] += value == consensus;
        for (size_t x = 0; x < v->n && !v->extra[a]; x++) {
            if (!v->extra[x] || v->columns[x][i] != value)
                continue;
            annotator->sided++;
            q->won[a]++;
        }
    }
}

static void count_column(struct voting *v, struct consensus_question *q, const int16_t *consensus)
{
    struct consensus_result *out = v->out;

    for (size_t i = 0; i < v->n_images; i++) {
        bool disputed = is_disputed(v, i);

        out->cells += consensus[i] != VALUE_MISSING;
        out->open_ties += consensus[i] == VALUE_TIE;
        q->disputed += disputed;
        for (size_t a = 0; a < v->n; a++) {
            int16_t value = v->columns[a][i];

            if (v->extra[a] && value >= 0) {
                out->extra_votes++;
                out->extra_on_disputed += disputed;
            }
            out->annotators[a].n += value >= 0 && consensus[i] >= 0;
            out->annotators[a].agreeing += value >= 0 && value == consensus[i];
        }
        if (disputed)
            count_sides(v, q, i, consensus[i]);
    }
    out->disputed += q->disputed;
}

static void choose_winner(const struct voting *v, struct consensus_question *q)
{
    uint64_t most = 0;

    q->winner = q->disputed > 0 ? "tie" : NULL;
    for (size_t a = 0; a < v->n; a++) {
        if (v->extra[a])
            continue;
        if (q->won[a] > most)
            q->winner = v->out->annotators[a].name;
        else if (q->won[a] == most && most > 0)
            q->winner = "tie";
        most = q->won[a] > most ? q->won[a] : most;
    }
}

static int vote_on_column(struct voting *v, size_t c, struct err *e)
{
    struct consensus_result *out = v->out;
    struct consensus_question *q = &out->questions[c];
    int16_t *consensus = out->values + c * v->n_images;
    const struct stats_votes votes = { .labels = v->columns,
                                       .extra = v->extra,
                                       .n_annotators = v->n,
                                       .n_images = v->n_images,
                                       .k = v->task->columns[c].n_values,
                                       .tie_first = v->tie_first };
    int rc;

    for (size_t a = 0; a < v->n; a++)
        v->columns[a] = v->data->items[a].labels.values + c * v->n_images;
    q->won = arena_new(&out->arena, v->n, sizeof(*q->won), e);
    rc = q->won ? stats_majority(&votes, VALUE_TIE, consensus, &q->ties, e) : ERR_NOMEM;
    if (rc == 0 && v->any_extra)
        rc = stats_coin_flip(&votes, v->agree, v->decided, e);
    if (rc < 0)
        return rc;
    out->ties += q->ties;
    count_column(v, q, consensus);
    choose_winner(v, q);
    return events_check(v->options->events, e);
}

/* ---- all columns ---- */

static int add_group(struct voting *v, size_t g, struct err *e)
{
    const struct task *t = v->task;
    struct consensus_question *group = &v->out->groups[g];

    group->won = arena_new(&v->out->arena, v->n, sizeof(*group->won), e);
    if (!group->won)
        return ERR_NOMEM;
    for (size_t c = 0; c < t->n_columns; c++) {
        const struct consensus_question *q = &v->out->questions[c];

        if (t->columns[c].group != g)
            continue;
        group->disputed += q->disputed;
        group->ties += q->ties;
        for (size_t a = 0; a < v->n; a++)
            group->won[a] += q->won[a];
    }
    choose_winner(v, group);
    return 0;
}

static void conclude(const struct voting *v, size_t a)
{
    struct consensus_annotator *who = &v->out->annotators[a];

    who->agreement = (double)who->agreeing / (double)who->n;
    who->coin_flip = v->any_extra && !v->extra[a] ? v->agree[a] / v->decided[a] : NAN;
    who->sided_interval = stats_wilson(who->sided, v->out->extra_on_disputed);
}

static int vote(struct voting *v, struct err *e)
{
    int rc = 0;

    for (size_t c = 0; rc == 0 && c < v->task->n_columns; c++)
        rc = vote_on_column(v, c, e);
    for (size_t a = 0; a < v->n; a++)
        conclude(v, a);
    for (size_t g = 0; rc == 0 && g < v->task->n_groups; g++)
        rc = add_group(v, g, e);
    return rc;
}

int consensus_of(const struct dataset *d, const struct consensus_options *o,
                 struct consensus_result *out, struct err *e)
{
    struct voting v = { .task = d->project->task,
                        .data = d,
                        .options = o,
                        .out = out,
                        .tie_first = STATS_TIE_ABSTAIN,
                        .n = d->n,
                        .n_images = d->images.n };
    int rc;

    *out = (struct consensus_result){ .task = v.task };
    if (d->n == 0) {
        err_set(e, ERR_ARG, "a consensus needs annotators");
        return err_hint(e, "assent import FILE --annotator NAME brings labels");
    }
    rc = set_up(&v, e);
    if (rc == 0)
        rc = vote(&v, e);
    if (rc < 0)
        consensus_result_release(out);
    return rc;
}

void consensus_result_release(struct consensus_result *r)
{
    free(r->values);
    arena_release(&r->arena);
    *r = (struct consensus_result){ 0 };
}

/* ---- storing ---- */

static const struct store_annotator *last_consensus(const struct dataset *d)
{
    for (size_t i = 0; i < d->known.n; i++)
        if (d->known.items[i].kind == ANNOTATOR_CONSENSUS)
            return &d->known.items[i];
    return NULL;
}

static int count_changes(const struct dataset *d, struct consensus_result *out, struct err *e)
{
    const struct project *p = d->project;
    const struct store_annotator *last = last_consensus(d);
    struct store_labels before;
    int rc;

    out->had_one = last != NULL;
    if (!last)
        return 0;
    rc = store_labels_load(p->store, last->id, p->task, &d->images, 0, &before, e);
    for (size_t i = 0; rc == 0 && i < d->images.n * p->task->n_columns; i++)
        out->changed += before.values[i] != out->values[i];
    store_labels_release(&before);
    return rc;
}

static struct json_t *names_json(const struct consensus_result *r)
{
    struct json_t *names = jv_array();

    for (size_t a = 0; a < r->n_annotators; a++)
        jv_append(names, jv_pack("s", r->annotators[a].name));
    return names;
}

static int store_values(struct project *p, const struct dataset *d,
                        const struct consensus_result *out, const struct events *ev, struct err *e)
{
    const struct task *t = p->task;
    struct store_counts counts = { 0 };
    int16_t *row = mem_new(t->n_columns, sizeof(*row), e);
    int rc = row ? 0 : ERR_NOMEM;

    for (size_t i = 0; rc == 0 && i < d->images.n; i++) {
        for (size_t c = 0; c < t->n_columns; c++) {
            row[c] = out->values[c * d->images.n + i];
            counts.labels += row[c] >= 0;
            counts.abstentions += row[c] < VALUE_MISSING;
        }
        counts.images++;
        rc = store_answers_add(p->store, d->images.ids[i], t,
                               &(struct store_answers){ .values = row }, e);
        if (rc == 0 && i % 1024 == 0)
            rc = events_check(ev, e);
    }
    free(row);
    return rc < 0 ? rc : store_run_end(p->store, &counts, e);
}

static int store_consensus(struct project *p, const struct dataset *d,
                           const struct consensus_result *out, const struct events *ev,
                           struct err *e)
{
    struct json_t *settings =
        jv_pack("{s:s, s:s, s:s?, s:o}", "job", "consensus", "method", "majority", "tie_first",
                out->tie_first, "annotators", names_json(out));
    char *text = jv_print_line(settings);
    struct store_run run = { .settings = text };
    int rc = text ? 0 : err_set(e, ERR_NOMEM, "out of memory: the settings");

    jv_free(settings);
    if (rc == 0)
        rc = store_annotator_id(p->store, "consensus", ANNOTATOR_CONSENSUS, &run.annotator, e);
    if (rc == 0)
        rc = store_run_begin(p->store, &run, p->task, e);
    if (rc == 0)
        rc = store_values(p, d, out, ev, e);
    if (rc == 0)
        rc = store_event(p->store, "consensus by majority", e);
    free(text);
    return rc;
}

static int make(struct project *p, struct dataset *d, const struct consensus_options *o,
                struct consensus_result *out, struct err *e)
{
    int rc = dataset_open(d, p, e);

    if (rc == 0)
        rc = dataset_load(d, o->names, o->n_names, 0, e);
    if (rc == 0 && d->images.n_aside > 0)
        rc = dataset_need_images(d, e);
    if (rc == 0)
        rc = consensus_of(d, o, out, e);
    if (rc == 0)
        rc = count_changes(d, out, e);
    return rc == 0 ? store_consensus(p, d, out, o->events, e) : rc;
}

int job_consensus(struct project *p, const struct consensus_options *o,
                  struct consensus_result *out, struct err *e)
{
    struct dataset d = { 0 };
    int rc = store_begin(p->store, e);

    *out = (struct consensus_result){ 0 };
    if (rc == 0)
        rc = store_end(p->store, make(p, &d, o, out, e), e);
    if (rc < 0)
        consensus_result_release(out);
    dataset_release(&d);
    return rc;
}
