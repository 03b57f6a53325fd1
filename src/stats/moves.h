/* SPDX-License-Identifier: MIT
 *
 * moves.h - how far answers move when the same is asked otherwise: again, alone, in another order.
 */
#ifndef ASSENT_STATS_MOVES_H
#define ASSENT_STATS_MOVES_H

#include <stddef.h>
#include <stdint.h>

/* Of pairs of answers; begin with zeros. */
struct stats_moves {
    uint64_t answers; /* pairs */
    uint64_t changed; /* whose labels differ; one label without another, too */
    uint64_t scored;  /* with probabilities on both sides */
    double sum, most; /* of the scored ones' distances */
};

/* An answer of one side and of the other. The distance is the total variation between the two
 * distributions, half the sum of |first - second| over the options: of a yes/no question, whose one
 * probability is that of yes, the plain difference. p: [n], NaN or NULL where there is none. */
void stats_moves_add(struct stats_moves *m, int first, int second, const float *p, const float *q,
                     size_t n);
/* NaN where nothing has probabilities. */
double stats_moves_mean(const struct stats_moves *m);
double stats_moves_most(const struct stats_moves *m);

#endif
