/* SPDX-License-Identifier: MIT */
#include "jobs/alarms.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void ring(struct report_result *r, const char *name, const char *subject, double value,
                 double threshold)
{
    r->alarms[r->n_alarms++] = (struct report_alarm){ name, subject, value, threshold };
}

static void ring_for_questions(struct report_result *r)
{
    const struct alarms *limits = &r->task->alarms;

    for (size_t c = 0; c < r->before->n_columns; c++) {
        const double *figure = r->before->columns[c].value;
        double bias = figure[STATS_RATE_FIRST] - figure[STATS_RATE_SECOND];

        if (figure[STATS_AGREEMENT] < limits->min_agreement)
            ring(r, "low agreement", r->task->columns[c].name, figure[STATS_AGREEMENT],
                 limits->min_agreement);
        if (fabs(bias) > limits->max_yes_bias)
            ring(r, "yes-bias", r->task->columns[c].name, bias, limits->max_yes_bias);
    }
    if (r->cells > 0 && (double)r->disputed / (double)r->cells > limits->max_disputes)
        ring(r, "many disputes", "all cells", (double)r->disputed / (double)r->cells,
             limits->max_disputes);
}

/* Other labels for the same question on the same picture. Two protocols may differ. */
static void ring_for_moved(struct report_result *r)
{
    static const char *const names[][2] = { { MOVED_AGAIN, "answers change by themselves" },
                                            { MOVED_ALONE, "answers depend on their neighbours" },
                                            { MOVED_ORDERED, "answers depend on the order" } };

    for (size_t i = 0; i < r->moved.n; i++) {
        const struct moved *m = &r->moved.items[i];

        for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
            if (strcmp(m->what, names[k][0]) == 0 && m->answers >= REPORT_ALARM_ANSWERS &&
                m->share > r->task->alarms.max_moved)
                ring(r, names[k][1], m->annotator, m->share, r->task->alarms.max_moved);
    }
}

static int by_kind_and_distance(const void *a, const void *b)
{
    const struct report_alarm *x = a, *y = b;
    double dx = fabs(fabs(x->value) - x->threshold), dy = fabs(fabs(y->value) - y->threshold);
    int kind = strcmp(x->name, y->name);

    return kind != 0 ? kind : (dx < dy) - (dx > dy);
}

int alarms_ring(struct report_result *r, struct err *e)
{
    r->alarms = arena_new(
        &r->arena, 2 * r->task->n_columns + r->n_annotators + 1 + r->review.n_alarms + r->moved.n,
        sizeof(*r->alarms), e);
    if (!r->alarms)
        return ERR_NOMEM;
    if (r->first)
        ring_for_questions(r);
    for (size_t a = 0; a < r->n_annotators; a++) {
        const struct report_rules *rules = &r->annotators[a];
        double share = (double)rules->any_broken / (double)rules->any_checked;

        if (rules->any_checked >= REPORT_ALARM_IMAGES && share > r->task->alarms.max_rule_breaking)
            ring(r, "rule breaking", rules->name, share, r->task->alarms.max_rule_breaking);
    }
    ring_for_moved(r);
    for (size_t i = 0; i < r->review.n_alarms; i++) {
        const struct review_alarm *a = &r->review.alarms[i];

        ring(r, a->name, r->review.people[a->person].name, a->value, a->threshold);
    }
    qsort(r->alarms, r->n_alarms, sizeof(*r->alarms), by_kind_and_distance);
    return 0;
}

static int by_recall(const void *a, const void *b)
{
    double x = ((const struct report_missed *)a)->recall,
           y = ((const struct report_missed *)b)->recall;

    return (x > y) - (x < y);
}

int alarms_missed(struct report_result *r, struct err *e)
{
    r->missed = arena_new(&r->arena, r->task->n_columns, sizeof(*r->missed), e);
    if (!r->missed)
        return ERR_NOMEM;
    for (size_t c = 0; r->first && c < r->first_after->n_columns; c++) {
        const struct stats_figures *f =
            r->judged ? &r->first_after->columns[c] : &r->before->columns[c];
        const uint64_t *counts = f->table.counts;
        double rate = f->value[STATS_RATE_SECOND], recall = f->value[STATS_RECALL];

        /* a NaN recall (no yes at all) and a NaN rate (not a yes/no question) compare false */
        if (rate <= REPORT_RARE_RATE && recall < REPORT_MISSED_RECALL)
            r->missed[r->n_missed++] =
                (struct report_missed){ .column = c,
                                        .rate = rate,
                                        .recall = recall,
                                        .precision = f->value[STATS_PRECISION],
                                        .agreement = f->value[STATS_AGREEMENT],
                                        .yes = counts[1] + counts[3],
                                        .found = counts[3] };
    }
    qsort(r->missed, r->n_missed, sizeof(*r->missed), by_recall);
    return 0;
}
