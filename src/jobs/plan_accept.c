/* SPDX-License-Identifier: MIT */
#include "jobs/plan_accept.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "project/pair.h"
#include "stats/accept.h"

enum {
    VOTES_MOST = 20000,  /* of a question: more than anybody gives */
    CELLS_MOST = 100000, /* of a question: as many more make no difference */
    STARTS = 3,          /* as verdicts_reach has them, where answers have probabilities */
};

struct planning {
    const struct project *project;
    const struct accept_plan_options *options;
    struct accept_plan *out;
    struct dataset data;
    struct pair pair;
    const struct labelled *who; /* NULL: nobody */
    struct acceptance now;
    bool *columns; /* [n_columns] */
};

/* ---- what there is ---- */

static int load(struct planning *g, struct err *e)
{
    const struct task *t = g->project->task;
    const struct accept_options *o = &g->options->accept;
    int rc = dataset_open(&g->data, g->project, e);

    if (rc == 0)
        rc = dataset_need_images(&g->data, e);
    if (rc == 0)
        rc = pair_choose(&g->pair, &g->data.known, (const char *const[2]){ o->annotator, NULL }, e);
    if (rc == 0 && g->pair.first)
        rc = dataset_load(&g->data, &g->pair.first->name, 1, STORE_WITH_PROBABILITIES, e);
    if (rc == 0 && g->pair.first)
        g->who = dataset_find(&g->data, g->pair.first->name);
    if (rc == 0)
        rc = acceptance_of(&g->now, &g->data, g->who, o, e);
    if (rc < 0)
        return rc;
    g->columns = arena_new(&g->out->arena, t->n_columns, sizeof(*g->columns), e);
    if (!g->columns)
        return ERR_NOMEM;
    for (size_t c = 0; c < t->n_columns; c++)
        g->columns[c] = o->n_questions == 0;
    return task_choose_columns(t, o->questions, o->n_questions, g->columns, e);
}

/* Without probabilities all of a question's answers are one set. */
static uint64_t tests_of(const struct planning *g)
{
    size_t n = g->data.images.n * g->project->task->n_probabilities, k = 0;

    if (g->who && !g->who->labels.probabilities)
        return 1;
    while (g->who && k < n && isnan(g->who->labels.probabilities[k]))
        k++;
    return g->who && k == n ? 1 : STARTS;
}

/* A model that has answered nothing yet will answer all. */
static uint64_t cells_of(const struct planning *g, size_t column)
{
    const int16_t *labels = g->who ? g->who->labels.values + column * g->data.images.n : NULL;
    uint64_t n = 0;

    for (size_t i = 0; labels && i < g->data.images.n; i++)
        n += labels[i] >= 0;
    return labels ? n : g->data.images.n;
}

static int list_questions(struct planning *g, struct err *e)
{
    const struct task *t = g->project->task;
    struct accept_plan *out = g->out;

    out->questions = arena_new(&out->arena, t->n_columns, sizeof(*out->questions), e);
    if (!out->questions)
        return ERR_NOMEM;
    for (size_t c = 0; c < t->n_columns; c++)
        if (g->columns[c])
            out->questions[out->n++] =
                (struct planned_question){ .name = t->columns[c].name, .cells = cells_of(g, c) };
    return 0;
}

/* ---- how many votes ---- */

/* The same number where questions have equally many cells, and where they have very many. */
static int plan_votes(struct accept_plan *out, struct err *e)
{
    uint64_t most = 0;
    int rc = 0;

    out->mean = NAN;
    for (size_t i = 0; rc == 0 && i < out->n; i++) {
        struct planned_question *q = &out->questions[i];
        struct stats_plan plan = { .cells = q->cells < CELLS_MOST ? q->cells : STATS_ENDLESS,
                                   .rate = out->true_error,
                                   .limit = out->max_error,
                                   .alpha = out->alpha };
        struct stats_planned planned;
        size_t twin = 0;

        while (out->questions[twin].cells != q->cells &&
               (out->questions[twin].cells < CELLS_MOST || q->cells < CELLS_MOST))
            twin++;
        if (twin < i) {
            q->votes = out->questions[twin].votes;
            continue;
        }
        rc = stats_plan_votes(&plan, out->power, VOTES_MOST, &planned, e);
        q->votes = planned.votes > 0 ? (double)planned.votes : q->cells == 0 ? 0 : NAN;
        if (q->cells >= most && planned.reached > 0.999) {
            most = q->cells;
            out->mean = planned.mean;
        }
    }
    return rc;
}

static struct planned_question *find_question(struct accept_plan *out, const char *name)
{
    size_t i = 0;

    while (strcmp(out->questions[i].name, name) != 0)
        i++;
    return &out->questions[i];
}

/* Where people have answered, what they said tells more than what was assumed. */
static void look_at_sample(struct planning *g)
{
    struct accept_plan *out = g->out;

    for (size_t i = 0; i < out->n; i++)
        out->questions[i].left = out->questions[i].votes;
    for (size_t i = 0; !g->now.why && i < g->now.verdicts.n; i++) {
        const struct verdict *v = &g->now.verdicts.items[i];
        struct planned_question *q = find_question(out, g->project->task->columns[v->column].name);

        q->verdict = verdict_names[v->kind];
        q->drawn = v->drawn;
        q->settled = v->settled;
        if (v->kind != VERDICT_UNDECIDED)
            q->left = 0;
        else if (v->settled > 0)
            q->left = isfinite(v->votes) && v->votes <= VOTES_MOST ? ceil(v->votes) : NAN;
    }
}

/* The sample is shared out over the questions alike, so that the one which needs most decides. */
static void size_sample(struct planning *g)
{
    struct accept_plan *out = g->out;
    double most = 0, n;

    for (size_t i = 0; i < out->n; i++) {
        const struct planned_question *q = &out->questions[i];

        if (isnan(q->left) || q->left == 0)
            continue;
        out->open++;
        out->left += (uint64_t)q->left;
        most = fmax(most, q->left + (double)q->settled - (double)q->drawn);
    }
    n = (double)g->now.sample.drawn + fmax(0, most) * (double)out->n;
    if (g->now.why)
        n = fmin(n, (double)g->data.images.n * (double)out->n);
    out->sample = out->open > 0 ? (uint64_t)n : 0;
}

/* ---- the next command ---- */

static void write_word(struct buf *b, const char *option, const char *word)
{
    bool plain = word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789_.:-")] == '\0';

    buf_printf(b, plain ? "%s%s" : "%s'%s'", option, word);
}

static void write_list(struct buf *b, const char *option, const struct json_t *names)
{
    for (size_t i = 0; i < jv_length(names); i++)
        write_word(b, i == 0 ? option : ",", jv_text(jv_at(names, i)));
}

/* The options by which the sample was drawn, so that the command extends it. */
static void write_settings(struct buf *b, const struct json_t *s)
{
    const char *seed = jv_text(jv_get(s, "seed"));
    int64_t repeat = 0;
    double floor;

    write_list(b, " --questions ", jv_get(s, "questions"));
    if (jv_is_false(jv_get(s, "disputes")))
        buf_puts(b, " --no-disputes");
    if (jv_is_true(jv_get(s, "abstained")))
        buf_puts(b, " --abstained");
    if (jv_is_true(jv_get(s, "rule_breaking")))
        buf_puts(b, " --rule-breaking");
    if (jv_integer(jv_get(s, "repeat"), &repeat) && repeat > 0)
        buf_printf(b, " --repeat %" PRId64, repeat);
    if (jv_number(jv_get(s, "active_floor"), &floor))
        buf_printf(b, " --active --floor %g", floor);
    write_list(b, " --strata ", jv_get(s, "strata"));
    if (seed && strcmp(seed, "1") != 0)
        write_word(b, " --seed ", seed);
}

static int write_next(struct planning *g, struct err *e)
{
    const struct accept_options *o = &g->options->accept;
    const char *settings = g->now.sample.settings;
    struct buf b = BUF_INIT(1 << 16);
    struct json_t *before = NULL;
    struct err ignored;
    int rc;

    if (g->out->sample == 0)
        return 0;
    if (settings)
        jv_parse(&before, settings, strlen(settings), &ignored);
    buf_printf(&b, "assent review --sample %" PRIu64, g->out->sample);
    write_settings(&b, before);
    for (size_t i = 0; !settings && i < o->n_questions; i++)
        write_word(&b, i == 0 ? " --questions " : ",", o->questions[i]);
    if (g->out->votes_per_cell > 1)
        buf_printf(&b, " --votes %u", (unsigned)g->out->votes_per_cell);
    buf_puts(&b, " --order decide --until decided");
    rc = buf_end(&b, "a command", e);
    if (rc == 0)
        g->out->next = arena_text(&g->out->arena, b.text, b.len, e);
    buf_release(&b);
    jv_free(before);
    return rc == 0 && !g->out->next ? ERR_NOMEM : rc;
}

/* ---- all together ---- */

static int reckon(struct planning *g, struct err *e)
{
    struct review_figures figures;
    int rc = review_figures_load(&figures, g->project->store, g->project->task, &g->data.images,
                                 (const int16_t *const[2]){ NULL }, e);

    if (rc < 0)
        return rc;
    review_reckon(&g->project->task->prices, figures.seconds, g->out->left * g->out->votes_per_cell,
                  &g->out->work);
    g->out->work.items = g->out->left;
    review_figures_release(&figures);
    return 0;
}

static int set_promise(struct planning *g, struct err *e)
{
    const struct accept_plan_options *o = g->options;
    const struct task_promise *usual = &g->project->task->promise;
    struct accept_plan *out = g->out;

    out->max_error = o->accept.max_error > 0 ? o->accept.max_error : usual->max_error;
    out->confidence = o->accept.confidence > 0 ? o->accept.confidence : usual->confidence;
    out->true_error = o->true_error > 0 ? o->true_error : out->max_error / 2;
    out->power = o->power;
    out->votes_per_cell = o->votes;
    if (out->true_error < out->max_error)
        return 0;
    err_set(e, ERR_ARG, "answers of which %g %% are wrong are never accepted where %g %% may be",
            100 * out->true_error, 100 * out->max_error);
    return err_hint(e, "--true-error is to be below --max-error");
}

static int plan(struct planning *g, struct err *e)
{
    struct accept_plan *out = g->out;
    int rc = set_promise(g, e);

    if (rc == 0)
        rc = load(g, e);
    if (rc == 0)
        rc = list_questions(g, e);
    if (rc < 0)
        return rc;
    out->annotator = NULL;
    if (g->who)
        out->annotator = arena_text(&out->arena, g->who->name, strlen(g->who->name), e);
    if (g->who && !out->annotator)
        return ERR_NOMEM;
    out->starts = tests_of(g);
    out->alpha = (1 - out->confidence) / (double)out->n / (double)out->starts;
    rc = plan_votes(out, e);
    if (rc < 0)
        return rc;
    look_at_sample(g);
    size_sample(g);
    rc = write_next(g, e);
    return rc == 0 ? reckon(g, e) : rc;
}

int job_plan_accept(struct project *p, const struct accept_plan_options *o, struct accept_plan *out,
                    struct err *e)
{
    struct planning g = { .project = p, .options = o, .out = out };
    int rc;

    *out = (struct accept_plan){ 0 };
    rc = plan(&g, e);
    acceptance_release(&g.now);
    dataset_release(&g.data);
    if (rc < 0)
        accept_plan_release(out);
    return rc;
}

void accept_plan_release(struct accept_plan *a)
{
    arena_release(&a->arena);
    *a = (struct accept_plan){ 0 };
}
