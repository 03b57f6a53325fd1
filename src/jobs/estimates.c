/* SPDX-License-Identifier: MIT
 *
 * estimates.c - a question's cells fall into the sample's strata; within one the cells that were
 * drawn are a random part, whatever the other questions got (Holt and Smith 1979).
 */
#include "jobs/estimates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/odds.h"

enum { NOBODY = -1, SEVERAL = -2 }; /* of the votes on a cell */

struct annotator_labels {
    const char *name;
    const int16_t *values, *other;
    bool consensus;
};

struct making {
    const struct estimates_input *in;
    struct estimates *out;
    const struct task *task;
    size_t n_images;
    struct sampled sample;
    struct annotator_labels *annotators; /* [out->n_annotators] */
    int16_t *voted; /* [n_columns][n_images] what people said, those of disputes too; below 0 */
    bool ties_stay; /* not every dispute has its vote */
    const struct sampled_cell **by_column; /* the settled ones */
    size_t *first;                         /* [n_columns + 1] where a column's begin */
    struct odds odds;
    /* the strata of the column at hand */
    uint32_t *local;   /* [n_strata] their index here, or STORE_OUTSIDE */
    uint64_t *n_cells; /* [n_here] */
    size_t n_here;
    struct stats_stratum *ratio;    /* room for [n_strata] */
    struct estimate_stratum *means; /* the same */
    struct estimate_cell *cells;    /* room for all settled cells */
};

static bool is_reviewer(const struct labelled *l)
{
    return l->annotator->reviews;
}

/* ---- what people said ---- */

/* The majority of the votes of those who review; NOBODY where there is none. */
static int16_t majority_at(const struct dataset *d, size_t cell)
{
    int16_t best = NOBODY;
    size_t most = 0;

    for (size_t a = 0; a < d->n; a++) {
        int16_t value = is_reviewer(&d->items[a]) ? d->items[a].labels.values[cell] : NOBODY;
        size_t n = 0;

        if (value < 0 || value == best)
            continue;
        for (size_t b = 0; b < d->n; b++)
            n += is_reviewer(&d->items[b]) && d->items[b].labels.values[cell] == value;
        if (n == most)
            best = NOBODY;
        if (n > most) {
            most = n;
            best = value;
        }
    }
    return best;
}

static int find_votes(struct making *m, struct err *e)
{
    const struct dataset *d = m->in->data;
    size_t cells = m->n_images * m->task->n_columns;

    m->voted = mem_new(cells, sizeof(*m->voted), e);
    if (!m->voted)
        return ERR_NOMEM;
    for (size_t i = 0; i < cells; i++)
        m->voted[i] = NOBODY;
    for (size_t a = 0; a < d->n; a++) {
        const int16_t *values = d->items[a].labels.values;

        for (size_t i = 0; is_reviewer(&d->items[a]) && i < cells; i++)
            if (values[i] >= 0 && values[i] != m->voted[i])
                m->voted[i] = m->voted[i] == NOBODY ? values[i] : SEVERAL;
    }
    for (size_t i = 0; i < cells; i++)
        if (m->voted[i] == SEVERAL)
            m->voted[i] = majority_at(d, i);
    return 0;
}

/* ---- the consensus without the sample ---- */

/* What those who do not review say: their one value, VALUE_TIE where they differ, VALUE_MISSING. */
static int16_t others_say(const struct dataset *d, size_t cell)
{
    int16_t said = VALUE_MISSING;

    for (size_t a = 0; a < d->n; a++) {
        int16_t value = is_reviewer(&d->items[a]) ? VALUE_MISSING : d->items[a].labels.values[cell];

        if (value < 0)
            continue;
        if (said >= 0 && value != said)
            return VALUE_TIE;
        said = value;
    }
    return said;
}

static bool has_open_disputes(const struct making *m)
{
    for (size_t i = 0; i < m->n_images * m->task->n_columns; i++)
        if (m->sample.stratum_of[i] != STORE_OUTSIDE && m->voted[i] < 0 &&
            others_say(m->in->data, i) == VALUE_TIE)
            return true;
    return false;
}

/* A drawn cell's vote is in the consensus, which the cells it stands for do not have: it is taken
 * out. A dispute's stays where all disputes have one. */
static int16_t label_of(const struct making *m, const struct annotator_labels *a, size_t cell)
{
    int16_t said;

    if (!a->consensus)
        return a->values[cell];
    said = others_say(m->in->data, cell);
    return said == VALUE_TIE && !m->ties_stay ? a->values[cell] : said;
}

/* ---- agreement ---- */

struct part { /* some of the settled cells, and the strata that they are in */
    const struct sampled_cell *const *cells;
    size_t n, n_strata;
    const uint32_t *local;
};

static size_t cell_index(const struct making *m, const struct sampled_cell *c)
{
    return c->column * m->n_images + c->image;
}

/* Each cell drawn with its own probability: the ratio of the weighted sums, with its linearised
 * variance, is the mean of R + (z - R) xi / pi. */
static void agree_active(struct making *m, const struct part *p, const struct annotator_labels *a,
                         uint64_t labels, struct estimate *out)
{
    struct estimate_drawn d = { .drawn = m->cells, .cells = (double)labels };
    double equal = 0, rated = 0;

    for (size_t i = 0; i < p->n; i++) {
        const struct sampled_cell *c = p->cells[i];
        int16_t label = label_of(m, a, cell_index(m, c));
        double pi = odds_of(&m->odds, c);

        if (label < 0)
            continue;
        m->cells[d.n++] = (struct estimate_cell){ .y = label == c->value, .pi = pi };
        rated += 1 / pi;
        equal += (label == c->value) / pi;
    }
    for (size_t i = 0; i < d.n; i++)
        m->cells[i].f = equal / rated;
    d.guess = equal / rated * d.cells;
    d.guess2 = equal / rated * d.guess;
    estimate_active(&d, false, out);
}

/* m->ratio has the strata's cells. */
static void agree_by_strata(struct making *m, const struct part *p,
                            const struct annotator_labels *a, struct estimate *out)
{
    struct stats_sample s;

    for (size_t i = 0; i < p->n; i++) {
        const struct sampled_cell *c = p->cells[i];
        struct stats_stratum *h = &m->ratio[p->local[c->stratum]];
        int16_t label = label_of(m, a, cell_index(m, c));

        h->n++;
        h->rated += label >= 0;
        h->equal += label == c->value;
    }
    stats_sample_agreement(m->ratio, p->n_strata, &s);
    *out = (struct estimate){ s.agreement, s.error, s.interval, s.settled, s.covered, 0 };
}

/* two_values: whether everything estimated has two values, so that an error is the other one. */
static void correct(const struct making *m, bool two_values, const struct estimate *said,
                    struct estimate *out)
{
    const struct estimate_keep none = { NAN, NAN };

    estimate_symmetric(said, two_values ? erring_keep(&m->out->erring) : none, out);
}

struct plain { /* shares that nobody drew at random */
    uint64_t voted, voted_equal, both, both_equal;
};

static void count_plain(const struct making *m, const struct annotator_labels *a, size_t column,
                        struct plain *p, uint64_t *labels)
{
    size_t begin = column * m->n_images;

    for (size_t i = begin; i < begin + m->n_images; i++) {
        int16_t label = a->values[i];

        if (m->sample.stratum_of[i] == STORE_OUTSIDE || label < 0)
            continue;
        ++*labels;
        p->voted += m->voted[i] >= 0;
        p->voted_equal += label == m->voted[i];
        p->both += a->other && a->other[i] >= 0;
        p->both_equal += a->other && label == a->other[i];
    }
}

static void set_plain(struct estimates_agreement *x, const struct plain *p)
{
    x->voted = (double)p->voted_equal / (double)p->voted;
    x->other = (double)p->both_equal / (double)p->both;
}

static void add_plain(struct plain *sum, const struct plain *p)
{
    sum->voted += p->voted;
    sum->voted_equal += p->voted_equal;
    sum->both += p->both;
    sum->both_equal += p->both_equal;
}

/* The consensus is not corrected: people's errors are in it, too. */
static void agree_on_column(struct making *m, size_t who, size_t column, struct plain *sum)
{
    struct estimates *out = m->out;
    const struct annotator_labels *a = &m->annotators[who];
    struct estimates_agreement *x = &out->questions[who * out->n_columns + column];
    const struct part p = { m->by_column + m->first[column],
                            m->first[column + 1] - m->first[column], m->n_here, m->local };
    struct plain plain = { 0 };

    x->annotator = a->name;
    x->name = m->task->columns[column].name;
    count_plain(m, a, column, &plain, &x->labels);
    set_plain(x, &plain);
    add_plain(sum, &plain);
    out->agreement[who].labels += x->labels;
    for (size_t k = 0; k < m->n_here; k++)
        m->ratio[k] = (struct stats_stratum){ .cells = m->n_cells[k] };
    if (out->active)
        agree_active(m, &p, a, x->labels, &x->cells);
    else
        agree_by_strata(m, &p, a, &x->cells);
    correct(m, m->task->columns[column].yesno && !a->consensus, &x->cells, &x->corrected);
}

static bool all_yesno(const struct task *t)
{
    for (size_t c = 0; c < t->n_columns; c++)
        if (!t->columns[c].yesno)
            return false;
    return true;
}

static void agree_on_all(struct making *m, size_t who, const struct plain *plain)
{
    struct estimates_agreement *x = &m->out->agreement[who];
    const struct annotator_labels *a = &m->annotators[who];
    const struct part p = { m->by_column, m->first[m->out->n_columns], m->sample.n_strata,
                            m->local };

    x->annotator = a->name;
    set_plain(x, plain);
    for (size_t h = 0; h < m->sample.n_strata; h++) {
        m->local[h] = (uint32_t)h;
        m->ratio[h] = (struct stats_stratum){ .cells = m->sample.strata[h].cells };
    }
    if (m->out->active)
        agree_active(m, &p, a, x->labels, &x->cells);
    else
        agree_by_strata(m, &p, a, &x->cells);
    correct(m, all_yesno(m->task) && !a->consensus, &x->cells, &x->corrected);
}

/* ---- how often an answer would be given ---- */

static void share_active(struct making *m, const struct estimates_share *x, size_t column,
                         int16_t value, double guess, struct estimate out[2])
{
    const int16_t *labels = m->in->guess ? m->in->guess->labels.values : NULL;
    struct estimate_drawn d = { .drawn = m->cells, .cells = (double)x->frame };

    d.guess = d.guess2 = guess;
    for (size_t i = m->first[column]; i < m->first[column + 1]; i++) {
        const struct sampled_cell *c = m->by_column[i];

        m->cells[d.n++] = (struct estimate_cell){
            .y = c->value == value,
            .f = labels && labels[cell_index(m, c)] == value,
            .pi = odds_of(&m->odds, c),
        };
    }
    estimate_active(&d, false, &out[0]);
    estimate_active(&d, true, &out[1]);
}

static void share_by_strata(struct making *m, size_t column, int16_t value, struct estimate out[2])
{
    const struct estimate_power best = { .lambda = NAN, .ddof = 1 };
    const int16_t *labels = m->in->guess ? m->in->guess->labels.values : NULL;

    for (size_t i = m->first[column]; i < m->first[column + 1]; i++) {
        const struct sampled_cell *c = m->by_column[i];

        estimate_settle(&m->means[m->local[c->stratum]], c->value == value,
                        labels && labels[cell_index(m, c)] == value);
    }
    estimate_cells(m->means, m->n_here, &out[0]);
    estimate_population(m->means, m->n_here, best, &out[1]);
}

/* Sensitivity and specificity are one person's, whom one vote shows. */
static void correct_share(const struct making *m, size_t column, struct estimates_share *x)
{
    const struct erring *r = &m->out->erring;
    bool yesno = m->task->columns[column].yesno;

    if (yesno && !m->out->several && r->known_yes.n > 0 && r->known_no.n > 0)
        estimate_rogan_gladen(&x->cells, r->known_yes, r->known_no, &x->corrected);
    else
        correct(m, yesno, &x->cells, &x->corrected);
}

/* A difference can lead a little beyond what a share can be. */
static void keep_within(struct estimate *x)
{
    if (x->value < 0)
        x->value = 0;
    if (x->value > 1)
        x->value = 1;
}

static void add_share(struct making *m, size_t column, int16_t value)
{
    struct estimates_share *x = &m->out->shares[m->out->n_shares++];
    const int16_t *labels = m->in->guess ? m->in->guess->labels.values : NULL;
    uint64_t said = 0, labelled = 0, votes = 0, voted = 0;
    struct estimate both[2];

    x->name = m->task->columns[column].name;
    x->option = m->task->columns[column].labels[value];
    for (size_t k = 0; k < m->n_here; k++)
        m->means[k] = (struct estimate_stratum){ .cells = (double)m->n_cells[k] };
    for (size_t i = column * m->n_images; i < (column + 1) * m->n_images; i++) {
        struct estimate_stratum *h;
        bool guessed = labels && labels[i] == value;

        if (m->sample.stratum_of[i] == STORE_OUTSIDE)
            continue;
        h = &m->means[m->local[m->sample.stratum_of[i]]];
        h->guess += guessed;
        h->guess2 += guessed;
        x->frame++;
        said += guessed;
        labelled += labels && labels[i] >= 0;
        votes += m->voted[i] >= 0;
        voted += m->voted[i] == value;
    }
    x->labels = (double)said / (double)labelled;
    x->voted = (double)voted / (double)votes;
    if (m->out->active)
        share_active(m, x, column, value, (double)said, both);
    else
        share_by_strata(m, column, value, both);
    x->cells = both[0];
    x->population = both[1];
    correct_share(m, column, x);
    keep_within(&x->cells);
    keep_within(&x->population);
}

/* ---- columns ---- */

static void find_strata(struct making *m, size_t column)
{
    memset(m->local, 0xff, m->sample.n_strata * sizeof(*m->local)); /* STORE_OUTSIDE */
    m->n_here = 0;
    for (size_t i = column * m->n_images; i < (column + 1) * m->n_images; i++) {
        uint32_t h = m->sample.stratum_of[i];

        if (h == STORE_OUTSIDE)
            continue;
        if (m->local[h] == STORE_OUTSIDE) {
            m->local[h] = (uint32_t)m->n_here;
            m->n_cells[m->n_here++] = 0;
        }
        m->n_cells[m->local[h]]++;
    }
}

static int make_columns(struct making *m, struct err *e)
{
    struct estimates *out = m->out;
    struct plain *plain = mem_new(out->n_annotators, sizeof(*plain), e);
    int rc = plain ? 0 : ERR_NOMEM;

    for (size_t c = 0; rc == 0 && c < out->n_columns; c++) {
        const struct column *column = &m->task->columns[c];

        rc = events_check(m->in->events, e);
        find_strata(m, c);
        if (rc < 0 || m->n_here == 0) /* the question was not in the frame */
            continue;
        for (size_t who = 0; who < out->n_annotators; who++)
            agree_on_column(m, who, c, &plain[who]);
        for (size_t v = column->yesno ? VALUE_YES : 0; v < column->n_values; v++)
            add_share(m, c, (int16_t)v);
    }
    for (size_t who = 0; rc == 0 && who < out->n_annotators; who++)
        agree_on_all(m, who, &plain[who]);
    free(plain);
    return rc;
}

/* ---- what there is ---- */

/* Settled cells by column; those that the frame does not have any more are left out. */
static int sort_cells(struct making *m, struct err *e)
{
    const struct sampled *s = &m->sample;
    size_t *at, n_columns = m->task->n_columns;

    m->first = arena_new(&m->out->arena, n_columns + 2, sizeof(*m->first), e);
    m->by_column = arena_new(&m->out->arena, s->n, sizeof(*m->by_column), e);
    m->cells = arena_new(&m->out->arena, s->n, sizeof(*m->cells), e);
    if (!m->first || !m->by_column || !m->cells)
        return ERR_NOMEM;
    at = m->first + 1; /* at[c] ends as the end of column c */
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < s->n; i++) {
            const struct sampled_cell *c = &s->cells[i];

            if (c->value < 0 || s->stratum_of[cell_index(m, c)] != c->stratum)
                continue;
            if (pass == 0)
                at[c->column + 1]++;
            else
                m->by_column[at[c->column]++] = c;
        }
        for (size_t c = 0; pass == 0 && c < n_columns; c++)
            at[c + 1] += at[c];
    }
    m->out->settled = m->first[n_columns];
    return 0;
}

/* The labels' names are the dataset's, which may be gone before the result. */
static int add_annotator(struct making *m, struct annotator_labels labels, struct err *e)
{
    struct annotator_labels *a = &m->annotators[m->out->n_annotators++];

    *a = labels;
    a->name = arena_text(&m->out->arena, labels.name, strlen(labels.name), e);
    return a->name ? 0 : ERR_NOMEM;
}

static int add_annotators(struct making *m, struct err *e)
{
    const struct estimates_input *in = m->in;
    const struct dataset *d = in->data;
    int rc = 0;

    m->annotators = arena_new(&m->out->arena, d->n + 1, sizeof(*m->annotators), e);
    if (!m->annotators)
        return ERR_NOMEM;
    for (size_t a = 0; rc == 0 && a < d->n; a++) {
        const struct labelled *l = &d->items[a];
        const struct labelled *other = l == in->guess ? in->other : in->guess;
        struct annotator_labels labels = { .name = l->name, .values = l->labels.values };

        if (is_reviewer(l))
            continue;
        if (other && !is_reviewer(other) && (l == in->guess || l == in->other))
            labels.other = other->labels.values;
        rc = add_annotator(m, labels, e);
        if (l == in->guess)
            m->out->guess = m->annotators[m->out->n_annotators - 1].name;
    }
    if (rc == 0 && m->out->n_annotators > 1 && in->consensus)
        rc = add_annotator(m,
                           (struct annotator_labels){
                               .name = "consensus", .values = in->consensus, .consensus = true },
                           e);
    return rc;
}

static int make_room(struct making *m, struct err *e)
{
    struct estimates *out = m->out;
    struct arena *a = &out->arena;
    size_t n_strata = m->sample.n_strata, n_shares = 0, cells;

    for (size_t c = 0; c < m->task->n_columns; c++)
        n_shares += m->task->columns[c].n_values;
    if (!size_mul(out->n_annotators, out->n_columns, &cells))
        return err_set(e, ERR_LIMIT, "too many questions for this machine");
    out->agreement = arena_new(a, out->n_annotators, sizeof(*out->agreement), e);
    out->questions = arena_new(a, cells, sizeof(*out->questions), e);
    out->shares = arena_new(a, n_shares, sizeof(*out->shares), e);
    m->local = arena_new(a, n_strata, sizeof(*m->local), e);
    m->n_cells = arena_new(a, n_strata, sizeof(*m->n_cells), e);
    m->ratio = arena_new(a, n_strata, sizeof(*m->ratio), e);
    m->means = arena_new(a, n_strata, sizeof(*m->means), e);
    return out->agreement && out->questions && out->shares && m->local && m->n_cells && m->ratio &&
                   m->means
               ? 0
               : ERR_NOMEM;
}

/* How many votes the settled cells have. */
static void count_votes(struct making *m)
{
    struct estimates *out = m->out;

    for (size_t i = 0; i < out->settled; i++) {
        size_t n = m->by_column[i]->n_votes;

        out->erring.votes[n < ERRING_VOTES ? n : ERRING_VOTES] += 1 / (double)out->settled;
        out->several = out->several || n > 1;
    }
}

/* NULL: there are figures. */
static const char *refusal_of(const struct making *m)
{
    if (m->sample.design == 0)
        return "no sample was drawn at random, so nothing is known of the cells that nobody voted "
               "on: assent review --sample N draws one";
    if (!m->sample.stratum_of)
        return "the sample was drawn before each cell's stratum was kept with it: assent review "
               "--sample N with another --seed draws one that can be counted by question";
    return NULL;
}

static int make(struct making *m, struct err *e)
{
    struct estimates *out = m->out;
    int rc = sampled_load(&m->sample, m->in->data->project->store, m->task, &m->in->data->images,
                          SAMPLED_STRATA_OF, e);

    out->refused = rc == 0 ? refusal_of(m) : NULL;
    if (rc < 0 || out->refused)
        return rc;
    out->frame = m->sample.frame;
    for (size_t h = 0; h < m->sample.n_strata; h++)
        out->drawn += m->sample.strata[h].drawn;
    rc = odds_find(&m->odds, &m->sample, &out->arena, e);
    out->active = m->odds.unequal;
    if (rc == 0)
        rc = sort_cells(m, e);
    if (rc == 0 && out->settled == 0)
        out->refused = "none of the cells that were drawn at random is settled yet";
    if (rc < 0 || out->refused)
        return rc;
    rc = find_votes(m, e);
    if (rc == 0)
        rc = erring_load(&out->erring, m->in->data, m->in->review, e);
    if (rc == 0)
        count_votes(m);
    if (rc == 0)
        rc = add_annotators(m, e);
    if (rc == 0)
        rc = make_room(m, e);
    if (rc < 0)
        return rc;
    m->ties_stay = has_open_disputes(m);
    return make_columns(m, e);
}

int estimates_load(struct estimates *out, const struct estimates_input *in, struct err *e)
{
    struct making m = {
        .in = in, .out = out, .task = in->data->project->task, .n_images = in->data->images.n
    };
    int rc;

    *out = (struct estimates){ .images = m.n_images, .n_columns = m.task->n_columns };
    rc = make(&m, e);
    free(m.voted);
    sampled_release(&m.sample);
    if (rc < 0)
        estimates_release(out);
    return rc;
}

void estimates_release(struct estimates *x)
{
    arena_release(&x->arena);
    *x = (struct estimates){ 0 };
}
