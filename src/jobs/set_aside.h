/* SPDX-License-Identifier: MIT
 *
 * set_aside.h - images that no longer count, or count again.
 */
#ifndef ASSENT_JOBS_SET_ASIDE_H
#define ASSENT_JOBS_SET_ASIDE_H

#include "base/base.h"
#include "project/project.h"

struct aside_options {
    const char *const *keys; /* as files name images */
    size_t n_keys;
    const char *keys_file; /* more of them, one on each line; NULL: none */
    bool unmatched;        /* those that have no picture; without keys */
    bool back;             /* take them back */
    bool trial;            /* change nothing */
    const struct events *events;
};

struct aside_annotator {
    const char *name;
    uint64_t before, after; /* labels that count */
};

enum { ASIDE_NAMED = 5 };

struct aside_result {
    bool back, trial;
    size_t n; /* images that changed */
    const char *named[ASIDE_NAMED];
    size_t images_before, images_after, n_aside; /* n_aside: all that are set aside afterwards */
    struct aside_annotator *annotators;
    size_t n_annotators;
    struct arena arena; /* private */
};

/* In one transaction. An image that is set aside is none of the project's: it is not asked about,
 * compared, reviewed, exported or imported to, and its picture is passed over. Its answers stay.
 * ERR_ARG: a key is no image, or no picture is missing. */
int job_set_aside(struct project *p, const struct aside_options *o, struct aside_result *out,
                  struct err *e);
void aside_result_release(struct aside_result *r);

#endif
