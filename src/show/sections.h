/* SPDX-License-Identifier: MIT
 *
 * sections.h - the sections of a report, each with its heading, in the order of report.c. Private
 * to show/.
 *
 * Nothing where there is nothing to say.
 */
#ifndef ASSENT_SHOW_SECTIONS_H
#define ASSENT_SHOW_SECTIONS_H

#include "jobs/report.h"
#include "show/blocks.h"

/* ---- the first screen: first.c ---- */

void report_first(struct page *p, const struct report_result *r);

/* ---- of two annotators who have cells in common: quality.c, questions.c ---- */

void report_questions(struct page *p, const struct report_result *r);
void report_quality(struct page *p, const struct report_result *r);
void report_winners(struct page *p, const struct report_result *r);
void report_missed(struct page *p, const struct report_result *r);
void report_groups(struct page *p, const struct report_result *r);
void report_parts(struct page *p, const struct report_result *r);
void report_worst(struct page *p, const struct report_result *r); /* worst.c */
/* What JSON has of them: report_data.c. */
void report_pair_data(struct page *p, const struct report_result *r);

/* ---- of everybody: rules.c, alarms.c ---- */

void report_bias(struct page *p, const struct report_result *r);
void report_rules(struct page *p, const struct report_result *r);
void report_moved(struct page *p, const struct report_result *r);
void report_alarms(struct page *p, const struct report_result *r);

/* ---- how it was done, fit for a paper: methods.c ---- */

void report_methods(struct page *p, const struct report_result *r);

#endif
