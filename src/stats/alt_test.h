/* SPDX-License-Identifier: MIT
 *
 * alt_test.h - is a model as good as one more person? The alternative-annotator test (Calderon,
 * Reichart, Dror 2025, "The Alternative Annotator Test for LLM-as-a-Judge").
 *
 * Each person in turn is set against the model: who is nearer to what the other people say of a
 * cell? The model need not be better; it may be as much worse as it is cheaper (epsilon). Formulas
 * with worked numbers: docs/statistics.md.
 */
#ifndef ASSENT_STATS_ALT_TEST_H
#define ASSENT_STATS_ALT_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "stats/stats.h"

/* Fewer images than this have the signed rank test, which needs no normal mean; fewer people than
 * this are not spoken of. */
enum { STATS_ALT_IMAGES = 30, STATS_ALT_PEOPLE = 3 };

/* Sums from which the test follows, of each person over the columns that were added. An item is a
 * cell that the person, another person and the model labelled. */
struct stats_alt {
    size_t n_people, n_images;
    int32_t *nearer;      /* [n_people][n_images] items on which the person is nearer, less those on
                             which the model is */
    uint32_t *items;      /* [n_people][n_images] */
    uint64_t *as_good;    /* [n_people] items on which the model is as near, or nearer */
    uint64_t *unanswered; /* [n_people] cells that lack nothing but the model's label */
};

int stats_alt_init(struct stats_alt *a, size_t n_people, size_t n_images, struct err *e);
void stats_alt_release(struct stats_alt *a); /* zeroed is fine */
void stats_alt_clear(struct stats_alt *a);
/* Adds a column's cells. Near is the share of the other people who say the same, of an ordinal
 * column the root mean square of the steps to what they say. */
void stats_alt_add(struct stats_alt *a, enum stats_scale scale, const int16_t *model,
                   const int16_t *const people[]);

struct stats_alt_rule {
    double epsilon;      /* by how much the model may be worse: 0 to 1 */
    double q;            /* the false discovery rate over people */
    uint64_t min_images; /* whoever shares fewer is not tested */
};

enum stats_alt_kind { STATS_ALT_NONE, STATS_ALT_T, STATS_ALT_SIGNED_RANK };

struct stats_alt_person {
    uint64_t items, images, unanswered;
    double as_good; /* the share of the items on which the model is as near, or nearer: rho_j */
    double nearer;  /* the mean of 1 where the person is nearer and -1 where the model is */
    enum stats_alt_kind test;
    double p; /* of: the person is nearer by epsilon or more. NaN: not tested */
    bool beaten;
};

struct stats_alt_verdict {
    size_t tested, beaten;
    double winning_rate; /* omega: beaten / tested. NaN: nobody is tested */
    double advantage;    /* rho: the mean of the tested people's as_good */
    bool decided;        /* enough people are tested */
    bool passed;         /* and half of them or more are beaten */
};

/* people: [n_people], set by it. Images are independent, the cells of one image are not: the mean
 * is over items, its variance over images (Liang and Zeger 1986), which with one item an image is
 * the plain one-sample t-test. */
int stats_alt_test(const struct stats_alt *a, const struct stats_alt_rule *rule,
                   struct stats_alt_person *people, struct stats_alt_verdict *out, struct err *e);

/* ---- beforehand ---- */

struct stats_alt_plan {
    size_t people;
    double epsilon, q;
    double nearer; /* what the mean of a person's items would be: 0 for a model that is as good */
    double differ; /* the share of items on which model and person are not equally near */
};

/* Items a person needs so that the model beats that person with this probability, at the level that
 * holds where half of the people are beaten; by the normal approximation, at least
 * STATS_ALT_IMAGES. 0: no number does, since the model is expected to be worse by epsilon. */
uint64_t stats_alt_items(const struct stats_alt_plan *p, double power);
/* The probability with so many items a person. */
double stats_alt_power(const struct stats_alt_plan *p, uint64_t items);

#endif
