/* SPDX-License-Identifier: MIT
 *
 * agreement.h - the rows of one comparison, for agree and report alike. Private to show/.
 */
#ifndef ASSENT_SHOW_AGREEMENT_H
#define ASSENT_SHOW_AGREEMENT_H

#include "jobs/agree.h"
#include "show/blocks.h"

struct agreement_view {
    const struct task *task;
    const struct stats_agreement *agreement;
    const size_t *columns; /* the task's, in the order of the rows; NULL: all */
    const char *const *groups;
    size_t n_annotators;
    enum interval_kind interval;
};

/* The figure that is shown as the 95 % interval. */
const char *agreement_interval(enum interval_kind kind);

/* pooled, macro, groups[] and questions[], in the scope that is open; hidden: as data only. */
void agreement_table(struct page *p, const struct agreement_view *v, bool hidden);

/* What it says of somebody who labelled only cells on which others differ, and the member
 * `selective`; NULL: nothing. */
void selective_show(struct page *p, const char *name);

#endif
