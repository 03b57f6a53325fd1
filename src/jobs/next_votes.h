/* SPDX-License-Identifier: MIT
 *
 * next_votes.h - what the next hundred votes would buy, by where people spend them. Private to
 * jobs/.
 */
#ifndef ASSENT_JOBS_NEXT_VOTES_H
#define ASSENT_JOBS_NEXT_VOTES_H

#include "jobs/frontier.h"

/* Sets out->votes. */
int next_votes(struct frontier *out, const struct frontier_sources *from, struct err *e);

#endif
