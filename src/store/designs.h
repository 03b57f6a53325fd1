/* SPDX-License-Identifier: MIT
 *
 * designs.h - how cells were drawn for people: the frame (which cells could be drawn), its strata,
 * how many were drawn of each.
 *
 * A design whose project has grown is drawn from again, from the cells that are new: its frame gets
 * one more part.
 */
#ifndef ASSENT_STORE_DESIGNS_H
#define ASSENT_STORE_DESIGNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "store/images.h"
#include "store/store.h"
#include "task/task.h"

struct store_stratum {
    const char *name;
    uint64_t cells, drawn;
    size_t part; /* of the frame */
    /* Of these, what is left out of both numbers, as its images were set aside. */
    uint64_t cells_aside, drawn_aside;
};

/* The newest design with these settings: its id and seed, or id 0. settings NULL: the newest that
 * drew a sample. */
int store_design_find(struct store *s, const char *settings, int64_t *id, uint64_t *seed,
                      struct err *e);
/* How many designs drew a sample before this one. */
int store_designs_before(struct store *s, int64_t design, uint64_t *n, struct err *e);
/* What was asked for, as JSON, and when its sample was first drawn. */
int store_design_text(struct store *s, int64_t design, struct arena *arena, const char **settings,
                      const char **created, struct err *e);
int store_design_add(struct store *s, const char *settings, uint64_t seed, int64_t *id,
                     struct err *e);

struct store_frame_part { /* the cells of these columns on these images, less earlier parts' */
    const struct task *task;
    const bool *columns; /* [n_columns]; NULL: all */
    const struct store_images *images;
    uint64_t cells;
    /* [n_columns][n_images] the index of each cell's stratum among the part's, or STORE_OUTSIDE;
     * NULL: not kept */
    const uint32_t *stratum_of;
};
#define STORE_OUTSIDE UINT32_MAX

/* Adds a part with its strata, whose positions follow those that are there: *first is where. */
int store_design_extend(struct store *s, int64_t design, const struct store_frame_part *part,
                        const struct store_stratum *strata, size_t n, size_t *first, struct err *e);

/* More cells of the stratum at this position have been drawn: so many now. */
int store_stratum_grow(struct store *s, int64_t design, size_t position,
                       const struct store_stratum *h, struct err *e);

/* images_of[c]: column c of the first so many images is in the frame. 1, or 0 where the design is
 * older than frames are kept. */
int store_frame_load(struct store *s, int64_t design, const struct task *t,
                     const struct store_images *images, size_t *images_of, struct err *e);

/* stratum_of: [n_columns][n_images] the position of each cell's stratum in the design, or
 * STORE_OUTSIDE. 1, or 0 where the design is older than this is kept. Names of before count. */
int store_frame_strata(struct store *s, int64_t design, const struct task *t,
                       const struct store_images *images, uint32_t *stratum_of, struct err *e);

/* In the order of their positions; *strata is in the arena. */
int store_strata_load(struct store *s, int64_t design, struct arena *arena,
                      struct store_stratum **strata, size_t *n, struct err *e);

/* ---- verdicts that were asked for ---- */

struct store_acceptance {
    int64_t design, annotator;
    const char *settings; /* JSON: the promise */
    uint64_t settled;     /* cells of the sample */
};
/* Keeps it, unless the same was kept. */
int store_acceptance_add(struct store *s, const struct store_acceptance *a, struct err *e);
/* The first number that was fixed for the design and annotator before anything was settled; 0: none
 * was. */
int store_acceptance_fixed(struct store *s, int64_t design, int64_t annotator, uint64_t *fixed_n,
                           struct err *e);

#endif
