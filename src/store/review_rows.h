/* SPDX-License-Identifier: MIT
 *
 * review_rows.h - what a row of a review must be. Private to store/: reading and checking share it.
 */
#ifndef ASSENT_STORE_REVIEW_ROWS_H
#define ASSENT_STORE_REVIEW_ROWS_H

#include "store/sql.h"

#define ITEM_COLUMNS                                                        \
    "id, key, kind, image, question, votes, place, known, repeats, design," \
    " stratum, inclusion_probability, aside"
enum {
    ITEM_ID,
    ITEM_KEY,
    ITEM_KIND,
    ITEM_IMAGE,
    ITEM_QUESTION,
    ITEM_VOTES,
    ITEM_PLACE,
    ITEM_KNOWN,
    ITEM_REPEATS,
    ITEM_DESIGN,
    ITEM_STRATUM,
    ITEM_INCLUSION,
    ITEM_ASIDE
};

/* ERR_DB where the row, of ITEM_COLUMNS, cannot be one. */
int item_row_check(struct sql_rows *row, struct err *e);

/* The same of an answer: kind and mode in two columns of the row. */
int review_answer_row_check(struct sql_rows *row, int kind, int mode, struct err *e);

/* Of review_stratum AS h. The last is what its position must be: they count from 0. */
#define STRATUM_COLUMNS               \
    "cells, drawn, part, h.position," \
    " row_number() OVER (PARTITION BY h.design ORDER BY h.position) - 1"

/* The same of a stratum: STRATUM_COLUMNS in the row's columns from `first`. */
int stratum_row_check(struct sql_rows *row, int64_t design, int first, struct err *e);

#define FRAME_COLUMNS          \
    "id, name, first, strata," \
    " (SELECT count(*) FROM review_stratum AS h WHERE h.design = f.design)"
enum { FRAME_ID, FRAME_NAME, FRAME_FIRST, FRAME_STRATA, FRAME_STRATA_OF_DESIGN };

/* The same of a column of a frame: the row has FRAME_COLUMNS, of review_frame_column AS f. */
int frame_column_row_check(struct sql_rows *row, struct err *e);

#endif
