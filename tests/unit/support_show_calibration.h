/* SPDX-License-Identifier: MIT */
/*
 * support_show_calibration.h - what calibrate gives, and the pages that are made of it.
 */
#ifndef TESTS_UNIT_SUPPORT_SHOW_CALIBRATION_H
#define TESTS_UNIT_SUPPORT_SHOW_CALIBRATION_H

#include "support_show.h"

#include "show/calibration.h"

struct results; /* of the other jobs */

static inline struct calibrate_row calibrated_row(const char *name)
{
    struct calibrate_row row = { .name = name, .fit = "own", .slope = 0.5, .blank = NAN };

    row.before = (struct stats_calibration){ .n = 40, .yes = 10, .brier = 0.25, .auroc = NAN };
    row.before.width[3] = (struct stats_bin){ .n = 40, .share = 1, .mean = 0.34, .rate = 0.25 };
    row.after = row.before;
    row.threshold.at = 0.625;
    return row;
}

static inline struct page *calibrate_page(const struct results *r)
{
    struct calibrate_row rows[] = { calibrated_row("all yes/no questions"),
                                    calibrated_row("Bald") };
    struct calibrate_way way = { .method = "platt", .of = rows[0].name, .after = rows[0].after };
    const struct calibrate_result result = { .annotator = "llava",
                                             .against = "people",
                                             .method = "platt",
                                             .people = true,
                                             .seed = 1,
                                             .cells = 40,
                                             .images = 20,
                                             .rows = rows,
                                             .n_rows = 2,
                                             .n_pooled = 1,
                                             .ways = &way,
                                             .n_ways = 1 };

    (void)r;
    return show_calibrate(&result);
}

static inline struct page *blank_page(const struct results *r)
{
    struct blank_answer answer = { "Bald", NULL, 0.25, 0.9 };
    const struct blank_result result = {
        .annotator = "llava", .width = 178, .height = 218, .answers = &answer, .n = 1
    };

    (void)r;
    return show_blank(&result);
}

#endif
