/* SPDX-License-Identifier: MIT
 *
 * people.h - what came of a review, within a page. Private to show/.
 */
#ifndef ASSENT_SHOW_PEOPLE_H
#define ASSENT_SHOW_PEOPLE_H

#include "jobs/report.h"
#include "show/blocks.h"

/* How far it is, for status. Nothing where nothing was queued. */
void people_progress(struct page *p, const struct review_figures *f);
/* What came of it, for report. Nothing where nothing was queued. */
void people_outcome(struct page *p, const struct review_figures *f);
/* Its members, in the scope that is open. */
void people_data(struct page *p, const struct review_figures *f);

#endif
