/* SPDX-License-Identifier: MIT
 *
 * identity.h - what a model is: all that decides its answers, however its files are written.
 * Private to jobs/.
 *
 * It is a JSON object: the values in effect, and a hash each of the weights and of the tokenizer.
 * Another model under the same annotator's name would mix two annotators' labels, and is refused.
 * Databases also have the form of before, an object with the member `files`: the hashes of the
 * bytes of the model's files. A model whose bytes are still those goes on, in the new form.
 */
#ifndef ASSENT_JOBS_IDENTITY_H
#define ASSENT_JOBS_IDENTITY_H

#include "base/base.h"
#include "label/label.h"
#include "project/project.h"
#include "store/runs.h"

struct model_identity {
    char hash[SHA256_HEX];    /* of the text */
    char *text;               /* JSON: what it is */
    struct store_file *files; /* as they were when they were hashed */
    size_t n_files, cap;
};

/* Whose model it is. */
struct identity_claim {
    struct project *project;
    const struct labeler *labeler;
    int64_t annotator;
    const char *name;  /* the annotator's */
    const char *entry; /* of assent.yaml, that the model is opened by */
    bool keep;         /* the store shall know the files' hashes from now on */
    const struct events *events;
};

/* Hashes a model's files, or takes their hashes from the store where they have not changed. */
int identity_of(const struct identity_claim *c, struct model_identity *out, struct err *e);
void identity_release(struct model_identity *i);
/* ERR_FORMAT where a file has changed since, by what its folder says of it. */
int identity_holds(const struct model_identity *i, struct err *e);
/* The same by a sample of its bytes, as of writing through memory that nobody has noted yet. */
int identity_bytes_hold(const struct model_identity *i, struct err *e);
/* Has the annotator answered as a model before? 1, or 0. */
int identity_is_known(const struct project *p, int64_t annotator, struct err *e);
/* What a run is kept with: what the model is, and the servers outside that its pictures went to,
 * which are no part of that. free() it. NULL without memory. */
char *identity_run_settings(const struct model_identity *i, const struct label_model *m);
/* ERR_FORMAT where the annotator's answers so far are another model's; says what differs. */
int identity_check(const struct identity_claim *c, const struct model_identity *i, struct err *e);

#endif
