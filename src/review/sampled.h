/* SPDX-License-Identifier: MIT
 *
 * sampled.h - what people said of the cells that were drawn for them: the random sample that
 * verdicts, estimates and calibration rest on.
 *
 * The truth here is what adjudicators say: of a cell the majority of the votes that count.
 */
#ifndef ASSENT_REVIEW_SAMPLED_H
#define ASSENT_REVIEW_SAMPLED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "stats/stats.h"
#include "store/designs.h"
#include "store/images.h"
#include "store/store.h"
#include "task/task.h"

struct sampled_vote {
    size_t person; /* an index into people */
    int16_t value; /* an option, or VALUE_UNSURE, which a flagged picture is too */
};

struct sampled_cell {
    size_t image, column, stratum;
    double probability; /* of being drawn */
    const struct sampled_vote *votes;
    size_t n_votes; /* that count, those of equal pictures too */
    bool early;     /* somebody had answered it before the sample was drawn */
    bool done;      /* it has all the votes that it wants */
    /* The majority of the votes for an option; VALUE_TIE; VALUE_UNSURE where nobody could tell;
     * VALUE_MISSING where nobody has answered. */
    int16_t value;
    size_t order; /* among the cells that are done, which was done first: from 0; else SIZE_MAX */
};

struct sampled {
    int64_t design;         /* the newest that drew a sample; 0: none did, and the rest is empty */
    uint64_t seed, earlier; /* earlier: samples that were drawn before this one */
    const char *settings, *drawn_at; /* JSON of what was asked for; a time */
    struct store_stratum *strata;
    size_t n_strata;
    uint64_t frame; /* cells that could be drawn: the sum of the strata's */
    struct sampled_cell *cells;
    size_t n, n_done;
    uint64_t n_early;               /* cells somebody had answered before the sample was drawn */
    uint64_t n_given;               /* answers on these cells, those that were taken back too */
    const char *first_at, *last_at; /* times of the first and the last vote; NULL: none */
    const char **people;            /* their names */
    size_t n_people;
    /* [n_columns][n_images] each cell's stratum, or STORE_OUTSIDE; NULL unless asked for, and where
     * the design is older than this is kept. */
    uint32_t *stratum_of;
    struct arena arena; /* private */
};

enum { SAMPLED_STRATA_OF = 1 };

int sampled_load(struct sampled *out, struct store *s, const struct task *t,
                 const struct store_images *images, unsigned flags, struct err *e);
void sampled_release(struct sampled *s); /* zeroed is fine */

/* The majority of a cell's votes without those of one person, as `value` has it; SIZE_MAX: of
 * everybody's. */
int16_t sampled_majority(const struct sampled_cell *cell, size_t but);

/* Counts, by stratum, the cells with a value and what these labels ([n_columns][n_images]) are of
 * them: strata [n_strata], whose cells are the design's. */
void sampled_count(const struct sampled *s, const int16_t *labels, size_t n_images, size_t but,
                   struct stats_stratum *strata);

#endif
