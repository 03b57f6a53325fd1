/* SPDX-License-Identifier: MIT
 *
 * identity.h - what a model is: the hash of all that decides its answers. Private to jobs/.
 *
 * Another model under the same annotator's name would mix two annotators' labels, and is refused.
 */
#ifndef ASSENT_JOBS_IDENTITY_H
#define ASSENT_JOBS_IDENTITY_H

#include "base/base.h"
#include "label/label.h"
#include "project/project.h"
#include "store/runs.h"

struct model_identity {
    char hash[SHA256_HEX];
    char *text;               /* JSON: what was hashed */
    struct store_file *files; /* as they were when they were hashed */
    size_t n_files, cap;
};

/* Hashes a model's files, or takes their hashes from the store where they have not changed. keep:
 * the store shall know them from now on. */
int identity_of(struct project *p, const struct labeler *l, bool keep, struct model_identity *out,
                struct err *e);
void identity_release(struct model_identity *i);
/* ERR_FORMAT where a file has changed since. */
int identity_holds(const struct model_identity *i, struct err *e);
/* Has the annotator answered as a model before? 1, or 0. */
int identity_is_known(const struct project *p, int64_t annotator, struct err *e);
/* ERR_FORMAT where the annotator's answers so far are another model's; says what differs. */
int identity_check(const struct project *p, int64_t annotator, const char *name,
                   const struct model_identity *i, struct err *e);

#endif
