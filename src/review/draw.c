/* SPDX-License-Identifier: MIT
 *
 * The sample's strata are a question and what the annotators say of it, so that a rare value is a
 * stratum of its own, or what else was asked for. A sample too small for two cells of each gets
 * coarser strata.
 */
#include "review/draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of columns with few values every pair of answers is a class of its own. */
enum { FEW_VALUES = 6, MISSING_OR_ABSTAINED = 2 };

/* For the others: do the two agree, differ, or did only one answer, or none? */
enum relation { RELATION_NONE, RELATION_ONE, RELATION_SAME, RELATION_DIFFER, RELATIONS };
static const char *const relation_names[] = { "no label", "one label", "equal", "different" };

enum answers { ANSWERS_NOT, ANSWERS_RELATION, ANSWERS_PAIRS };
struct cut { /* by what cells are told apart */
    bool question, score;
    enum answers answers;
};

/* Where a score's band begins, as settings keep them: another list is another design. */
const double review_score_edges[REVIEW_SCORE_EDGES] = { .5, .6, .7, .8, .9, .95, .99 };
enum { BANDS = REVIEW_SCORE_EDGES + 2 }; /* no score; below the first edge; from each on */

struct layers { /* how a frame's cells fall into classes, and those into strata */
    const struct frame *frame;
    const struct review_plan *plan;
    struct cut cut;
    size_t *first;    /* [n_columns] where a column's classes begin */
    size_t n_classes; /* all together */
    uint64_t *cells;  /* [n_classes] */
    size_t *stratum;  /* [n_classes] */
};

static int16_t label_of(const struct review_plan *p, int who, size_t image, size_t column)
{
    return p->labels[who] ? p->labels[who][column * p->images->n + image] : VALUE_MISSING;
}

bool frame_has(const struct frame *f, size_t image, size_t column)
{
    const struct review_plan *p = f->plan;

    return (!p->columns || p->columns[column]) &&
           (!f->drawn_before || image >= f->drawn_before[column]);
}

uint64_t frame_cells(const struct frame *f)
{
    uint64_t n = 0;

    for (size_t c = 0; c < f->plan->task->n_columns; c++) {
        size_t before = f->drawn_before ? f->drawn_before[c] : 0;

        if (!f->plan->columns || f->plan->columns[c])
            n += f->plan->images->n - before;
    }
    return n;
}

static enum relation relation_of(int16_t first, int16_t second)
{
    if (first < 0 && second < 0)
        return RELATION_NONE;
    if (first < 0 || second < 0)
        return RELATION_ONE;
    return first == second ? RELATION_SAME : RELATION_DIFFER;
}

static bool has_few_values(const struct column *c)
{
    return c->n_values <= FEW_VALUES;
}

static size_t answers_of(const struct column *c)
{
    return c->n_values + MISSING_OR_ABSTAINED;
}

static size_t answer_index(int16_t value)
{
    return value >= 0 ? (size_t)value + MISSING_OR_ABSTAINED : value == VALUE_MISSING ? 0 : 1;
}

/* The annotator's probability of each value it may have said; NULL: there is none. */
static const float *probabilities_of(const struct review_plan *p, size_t image, size_t column)
{
    const float *row = p->probabilities ? p->probabilities + image * p->task->n_probabilities +
                                              p->task->columns[column].probability
                                        : NULL;

    return row && !isnan(row[0]) ? row : NULL;
}

/* Of the first annotator's probability in its own answer. As float, as it is kept: .9 is .9. */
static size_t band_of(const struct review_plan *p, size_t image, size_t column)
{
    const float *row = probabilities_of(p, image, column);
    int16_t label = label_of(p, 0, image, column);
    size_t band = 1;
    float score;

    if (!row || label < 0)
        return 0;
    score = !p->task->columns[column].yesno ? row[label] : label == VALUE_YES ? row[0] : 1 - row[0];
    while (band <= REVIEW_SCORE_EDGES && score >= (float)review_score_edges[band - 1])
        band++;
    return band;
}

static bool is_by_pairs(const struct layers *f, const struct column *c)
{
    return f->cut.answers == ANSWERS_PAIRS && has_few_values(c);
}

static size_t bands_of(const struct layers *f)
{
    return f->cut.score ? BANDS : 1;
}

static size_t classes_of(const struct layers *f, const struct column *c)
{
    size_t n = is_by_pairs(f, c)               ? answers_of(c) * answers_of(c)
               : f->cut.answers == ANSWERS_NOT ? 1
                                               : RELATIONS;

    return n * bands_of(f);
}

static size_t class_of(const struct layers *f, size_t image, size_t column)
{
    const struct column *c = &f->plan->task->columns[column];
    int16_t first = label_of(f->plan, 0, image, column);
    int16_t second = label_of(f->plan, 1, image, column);
    size_t k = 0;

    if (is_by_pairs(f, c))
        k = answer_index(first) * answers_of(c) + answer_index(second);
    else if (f->cut.answers != ANSWERS_NOT)
        k = (size_t)relation_of(first, second);
    return f->first[column] + k * bands_of(f) +
           (f->cut.score ? band_of(f->plan, image, column) : 0);
}

/* Columns with equal labels share their classes where strata do not tell questions apart. */
static bool share_classes(const struct layers *f, const struct column *a, const struct column *b)
{
    if (f->cut.question)
        return false;
    if (f->cut.answers != ANSWERS_PAIRS)
        return true;
    if (!has_few_values(a) || !has_few_values(b))
        return has_few_values(a) == has_few_values(b);
    if (a->n_values != b->n_values)
        return false;
    for (size_t v = 0; v < a->n_values; v++)
        if (strcmp(a->labels[v], b->labels[v]) != 0)
            return false;
    return true;
}

static void place_classes(struct layers *f)
{
    const struct task *t = f->plan->task;

    f->n_classes = 0;
    for (size_t c = 0; c < t->n_columns; c++) {
        size_t twin = 0;

        while (twin < c && !share_classes(f, &t->columns[twin], &t->columns[c]))
            twin++;
        f->first[c] = twin < c ? f->first[twin] : f->n_classes;
        if (twin == c)
            f->n_classes += classes_of(f, &t->columns[c]);
    }
}

/* Counts the cells of each class; *n_strata is how many have any. */
static int count_cells(struct layers *f, size_t *n_strata, struct err *e)
{
    const struct review_plan *p = f->plan;

    place_classes(f);
    free(f->cells);
    f->cells = mem_new(f->n_classes, sizeof(*f->cells), e);
    if (!f->cells)
        return ERR_NOMEM;
    for (size_t c = 0; c < p->task->n_columns; c++)
        for (size_t i = 0; i < p->images->n; i++)
            if (frame_has(f->frame, i, c))
                f->cells[class_of(f, i, c)]++;
    *n_strata = 0;
    for (size_t k = 0; k < f->n_classes; k++)
        *n_strata += f->cells[k] > 0;
    return 0;
}

static struct cut finest_cut(const struct review_plan *p)
{
    unsigned by = p->strata ? p->strata : STRATA_DEFAULT;

    return (struct cut){ .question = by & STRATA_QUESTION,
                         .score = p->active || (by & STRATA_SCORE),
                         .answers = by & STRATA_ANSWER ? ANSWERS_PAIRS : ANSWERS_NOT };
}

/* The next coarser one; false: all cells are in one stratum. Probabilities by uncertainty need the
 * score to the last. */
static bool coarsen(struct cut *c, bool active)
{
    if (!active && c->score && (c->question || c->answers != ANSWERS_NOT))
        c->score = false;
    else if (active && c->answers != ANSWERS_NOT)
        c->answers = ANSWERS_NOT;
    else if (c->question)
        c->question = false;
    else if (c->answers != ANSWERS_NOT)
        c->answers = c->answers == ANSWERS_PAIRS ? ANSWERS_RELATION : ANSWERS_NOT;
    else if (c->score)
        c->score = false;
    else
        return false;
    return true;
}

static int need_scores(const struct layers *f, struct err *e)
{
    const struct review_plan *p = f->plan;

    if (!f->cut.score || f->frame->drawn_before)
        return 0;
    for (size_t c = 0; c < p->task->n_columns; c++)
        for (size_t i = 0; i < p->images->n; i++)
            if (frame_has(f->frame, i, c) && band_of(p, i, c) > 0)
                return 0;
    err_set(e, ERR_ARG, "no answer has a probability by which a sample could be drawn");
    return err_hint(e, "strata by score and --active go by the first annotator's: --between MODEL "
                       "PEOPLE names it");
}

/* The finest strata of which each gets two cells or more. */
static int choose_cut(struct layers *f, uint64_t wanted, size_t *n_strata, struct err *e)
{
    int rc;

    f->first = mem_new(f->plan->task->n_columns, sizeof(*f->first), e);
    if (!f->first)
        return ERR_NOMEM;
    f->cut = finest_cut(f->plan);
    rc = need_scores(f, e);
    if (rc == 0)
        rc = count_cells(f, n_strata, e);
    while (rc == 0 && wanted / 2 < *n_strata && coarsen(&f->cut, f->plan->active))
        rc = count_cells(f, n_strata, e);
    return rc;
}

/* ---- names ---- */

static const char *answer_text(const struct column *c, size_t index)
{
    return index == 0 ? "no label" : index == 1 ? "abstained" : c->labels[index - 2];
}

static void write_answers(struct buf *b, const struct layers *f, const struct column *c, size_t k)
{
    size_t n = answers_of(c);

    if (f->cut.answers == ANSWERS_NOT)
        buf_puts(b, "all cells");
    else if (!is_by_pairs(f, c))
        buf_puts(b, relation_names[k]);
    else if (!f->plan->labels[1])
        buf_puts(b, answer_text(c, k / n));
    else
        buf_printf(b, "%s, %s", answer_text(c, k / n), answer_text(c, k % n));
}

static void write_band(struct buf *b, size_t band)
{
    const double *edges = review_score_edges;

    if (band == 0)
        buf_puts(b, "; no score");
    else if (band == 1)
        buf_printf(b, "; score below %g", edges[0]);
    else if (band == BANDS - 1)
        buf_printf(b, "; score from %g", edges[band - 2]);
    else
        buf_printf(b, "; score %g to %g", edges[band - 2], edges[band - 1]);
}

static const char *class_name(const struct layers *f, size_t column, size_t k, struct arena *a,
                              struct err *e)
{
    const struct column *c = &f->plan->task->columns[column];
    struct buf name = BUF_INIT(8192);
    const char *text;

    if (f->cut.question)
        buf_printf(&name, "%s: ", c->name);
    write_answers(&name, f, c, k / bands_of(f));
    if (f->cut.score)
        write_band(&name, k % BANDS);
    text =
        buf_end(&name, "a stratum's name", e) == 0 ? arena_text(a, name.text, name.len, e) : NULL;
    buf_release(&name);
    return text;
}

/* Gives every class that has cells a stratum. */
static int make_strata(struct layers *f, size_t n_strata, struct drawing *out, struct err *e)
{
    const struct task *t = f->plan->task;

    out->strata = arena_new(&out->arena, n_strata, sizeof(*out->strata), e);
    f->stratum = mem_new(f->n_classes, sizeof(*f->stratum), e);
    if (!out->strata || !f->stratum)
        return ERR_NOMEM;
    for (size_t k = 0; k < f->n_classes; k++)
        f->stratum[k] = SIZE_MAX;
    for (size_t c = 0; c < t->n_columns; c++) {
        for (size_t k = 0; k < classes_of(f, &t->columns[c]); k++) {
            size_t class = f->first[c] + k;

            if (f->cells[class] == 0 || f->stratum[class] != SIZE_MAX)
                continue;
            f->stratum[class] = out->n_strata;
            out->strata[out->n_strata] =
                (struct store_stratum){ .name = class_name(f, c, k, &out->arena, e),
                                        .cells = f->cells[class] };
            if (!out->strata[out->n_strata++].name)
                return ERR_NOMEM;
        }
    }
    return 0;
}

static int place_cells(const struct layers *f, struct drawing *out, struct err *e)
{
    const struct review_plan *p = f->plan;
    size_t cells;

    if (!size_mul(p->images->n, p->task->n_columns, &cells))
        return err_set(e, ERR_LIMIT, "too many images for this machine");
    out->stratum_of = mem_new(cells, sizeof(*out->stratum_of), e);
    if (!out->stratum_of)
        return ERR_NOMEM;
    for (size_t c = 0; c < p->task->n_columns; c++)
        for (size_t i = 0; i < p->images->n; i++)
            out->stratum_of[c * p->images->n + i] =
                frame_has(f->frame, i, c) ? (uint32_t)f->stratum[class_of(f, i, c)] : STORE_OUTSIDE;
    return 0;
}

/* ---- drawing ---- */

/* How unsure the first annotator is of a cell: 0 to 1/2, or for more values to 1 less a value's
 * share. One that it did not score may be either. */
static double uncertainty(const struct review_plan *p, size_t image, size_t column)
{
    const struct column *c = &p->task->columns[column];
    const float *row = probabilities_of(p, image, column);
    double most = 0;

    if (!row)
        return 0.5;
    if (c->yesno)
        return fmin((double)row[0], 1 - (double)row[0]);
    for (size_t v = 0; v < c->n_probabilities; v++)
        most = fmax(most, (double)row[v]);
    return fmax(0, 1 - most);
}

/* In proportion to what cells are drawn: to the root of a stratum's cells; or, if by uncertainty,
 * to its cells times (1 - floor) u / mean u + floor, u a cell's uncertainty (Zrnic and Candes
 * 2024), which is the stratum's mean so that its cells have one probability. free() it. */
static double *weigh(const struct review_plan *p, const struct drawing *d, struct err *e)
{
    double *weights = mem_new(d->n_strata, sizeof(*weights), e), sum = 0, cells = 0;

    if (!weights)
        return NULL;
    for (size_t c = 0; p->active && c < p->task->n_columns; c++)
        for (size_t i = 0; i < p->images->n; i++) {
            uint32_t h = d->stratum_of[c * p->images->n + i];

            if (h != STORE_OUTSIDE)
                weights[h] += uncertainty(p, i, c);
        }
    for (size_t h = 0; h < d->n_strata; h++) {
        sum += weights[h];
        cells += (double)d->strata[h].cells;
    }
    for (size_t h = 0; h < d->n_strata; h++) {
        double n = (double)d->strata[h].cells, unsure = sum > 0 ? weights[h] / sum * cells : n;

        weights[h] = p->active ? (1 - p->floor) * unsure + p->floor * n : sqrt(n);
    }
    return weights;
}

/* Each cell goes to the stratum that has least for its weight (Webster's divisors), after two each.
 */
void draw_allocate(struct store_stratum *strata, const double *weights, size_t n, uint64_t more)
{
    uint64_t left = 0;

    for (size_t h = 0; h < n; h++)
        left += strata[h].cells - strata[h].drawn;
    for (size_t h = 0; more >= left && h < n; h++)
        strata[h].drawn = strata[h].cells;
    for (; more < left && more > 0; more--, left--) {
        size_t best = 0;
        double most = -1;

        for (size_t h = 0; h < n; h++) {
            double claim = weights[h] / ((double)strata[h].drawn + 0.5);

            if (strata[h].drawn == strata[h].cells)
                continue;
            if (strata[h].drawn < DRAW_LEAST)
                claim += 2e12 - 1e12 * (double)strata[h].drawn;
            if (claim > most) {
                most = claim;
                best = h;
            }
        }
        strata[best].drawn++;
    }
}

struct candidate {
    uint64_t number;
    struct drawn_cell cell;
};

struct pool { /* the cells of a stratum with the smallest numbers so far, the largest in front */
    struct candidate *items;
    size_t n, wanted;
};

/* The cell's permanent number. */
static uint64_t number_of(const struct review_plan *p, uint64_t column_state, size_t image)
{
    uint64_t state = column_state ^ ((uint64_t)p->images->ids[image] * 0xff51afd7ed558ccdu);

    random_next(&state);
    return random_next(&state);
}

/* Of a column, by its name, so that cells keep their numbers where questions come and go. */
static uint64_t column_state(const struct review_plan *p, size_t column)
{
    uint64_t state = p->seed;

    for (const char *c = p->task->columns[column].name; *c; c++)
        state = random_next(&state) ^ (unsigned char)*c;
    return random_next(&state);
}

static void sink(struct pool *pool, size_t i)
{
    struct candidate moved = pool->items[i];

    for (size_t child; (child = 2 * i + 1) < pool->n; i = child) {
        if (child + 1 < pool->n && pool->items[child + 1].number > pool->items[child].number)
            child++;
        if (pool->items[child].number <= moved.number)
            break;
        pool->items[i] = pool->items[child];
    }
    pool->items[i] = moved;
}

static void offer(struct pool *pool, const struct candidate *c)
{
    if (pool->n < pool->wanted) {
        pool->items[pool->n++] = *c;
        if (pool->n == pool->wanted)
            for (size_t i = pool->n / 2; i-- > 0;)
                sink(pool, i);
    } else if (pool->n > 0 && c->number < pool->items[0].number) {
        pool->items[0] = *c;
        sink(pool, 0);
    }
}

static int by_image(const void *a, const void *b)
{
    const struct drawn_cell *x = a, *y = b;

    if (x->image != y->image)
        return x->image < y->image ? -1 : 1;
    return (x->column > y->column) - (x->column < y->column);
}

static void offer_cells(const struct review_plan *p, const bool *taken, const struct drawing *d,
                        struct pool *pools)
{
    for (size_t c = 0; c < p->task->n_columns; c++) {
        uint64_t state = column_state(p, c);

        for (size_t i = 0; i < p->images->n; i++) {
            size_t cell = c * p->images->n + i;
            uint32_t h = d->stratum_of[cell];

            if (h != STORE_OUTSIDE && pools[h].wanted > 0 && !(taken && taken[cell]))
                offer(&pools[h], &(struct candidate){ number_of(p, state, i), { i, c, h } });
        }
    }
}

/* before: what was drawn of each stratum earlier. */
static int draw_cells(const struct review_plan *p, const bool *taken, const uint64_t *before,
                      struct drawing *d, struct err *e)
{
    struct pool *pools = mem_new(d->n_strata, sizeof(*pools), e);
    struct candidate *items = NULL;
    size_t n = 0;

    for (size_t h = 0; pools && h < d->n_strata; h++) {
        pools[h].wanted = d->strata[h].drawn - before[h];
        n += pools[h].wanted;
    }
    d->cells = arena_new(&d->arena, n, sizeof(*d->cells), e);
    items = pools ? mem_new(n, sizeof(*items), e) : NULL;
    if (!d->cells || !items) {
        free(pools);
        free(items);
        return ERR_NOMEM;
    }
    n = 0;
    for (size_t h = 0; h < d->n_strata; n += pools[h++].wanted)
        pools[h].items = items + n;
    offer_cells(p, taken, d, pools);
    for (size_t h = 0; h < d->n_strata; h++)
        for (size_t k = 0; k < pools[h].n; k++)
            d->cells[d->n++] = pools[h].items[k].cell;
    if (d->n > 1)
        qsort(d->cells, d->n, sizeof(*d->cells), by_image);
    free(pools);
    free(items);
    return 0;
}

int draw_more(const struct review_plan *p, const bool *taken, uint64_t more, struct drawing *d,
              struct err *e)
{
    uint64_t *before = mem_new(d->n_strata, sizeof(*before), e);
    double *weights = weigh(p, d, e);
    int rc = before && weights ? 0 : ERR_NOMEM;

    for (size_t h = 0; rc == 0 && h < d->n_strata; h++)
        before[h] = d->strata[h].drawn;
    if (rc == 0) {
        draw_allocate(d->strata, weights, d->n_strata, more);
        rc = draw_cells(p, taken, before, d, e);
    }
    free(before);
    free(weights);
    return rc;
}

int draw_sample(const struct frame *frame, uint64_t wanted, struct drawing *out, struct err *e)
{
    struct layers f = { .frame = frame, .plan = frame->plan };
    size_t n_strata = 0;
    int rc;

    *out = (struct drawing){ .frame = frame_cells(frame) };
    rc = choose_cut(&f, wanted, &n_strata, e);
    if (rc == 0)
        rc = make_strata(&f, n_strata, out, e);
    if (rc == 0)
        rc = place_cells(&f, out, e);
    if (rc == 0)
        rc = draw_more(frame->plan, NULL, wanted, out, e);
    free(f.first);
    free(f.cells);
    free(f.stratum);
    if (rc < 0)
        drawing_release(out);
    return rc;
}

void drawing_release(struct drawing *d)
{
    free(d->stratum_of);
    arena_release(&d->arena);
    *d = (struct drawing){ 0 };
}
