/* SPDX-License-Identifier: MIT
 *
 * calibration.h - what probabilities are worth, as a page and within one.
 */
#ifndef ASSENT_SHOW_CALIBRATION_H
#define ASSENT_SHOW_CALIBRATION_H

#include "jobs/blank.h"
#include "jobs/calibrate.h"
#include "show/blocks.h"

extern const struct figure figures_calibration[]; /* struct stats_calibration */
extern const struct figure figures_bins[];        /* struct stats_bin */
extern const struct figure figures_thresholds[];  /* struct stats_threshold */

struct page *show_calibrate(const struct calibrate_result *r);
struct page *show_blank(const struct blank_result *r);

/* Tables for people, of questions at most so many (SIZE_MAX: all), those whose rates of yes differ
 * most; and all as members of the scope that is open. */
void calibration_blocks(struct page *p, const struct calibrate_result *r, size_t questions);
/* The same as a part of a report, the member "calibration"; nothing where it is of nobody. */
void calibration_section(struct page *p, const struct calibrate_result *r);

#endif
