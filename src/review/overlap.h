/* SPDX-License-Identifier: MIT
 *
 * overlap.h - which drawn cells are asked of several people, so that they can be compared with each
 * other. Private to review/.
 */
#ifndef ASSENT_REVIEW_OVERLAP_H
#define ASSENT_REVIEW_OVERLAP_H

#include "review/queue.h"

/* Of items whose cells were drawn at random, as many as the plan says want its overlap_votes from
 * now on; what several people say of disputed cells would be fair to nobody. Chosen by the seed: a
 * larger number has all of a smaller one. *chosen: fewer where fewer were drawn. */
int overlap_choose(const struct review_plan *p, struct store_item *const items[], size_t n,
                   uint64_t *chosen, struct err *e);

#endif
