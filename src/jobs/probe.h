/* SPDX-License-Identifier: MIT
 *
 * probe.h - a server is asked about a few pictures in several ways: how fast it is, how its
 * protocols agree, and what an answer depends on besides its picture and question. Private to
 * jobs/.
 */
#ifndef ASSENT_JOBS_PROBE_H
#define ASSENT_JOBS_PROBE_H

#include "jobs/plan.h"
#include "jobs/todo.h"
#include "label/label.h"

struct probe_options {
    const struct todo *todo;
    const struct annotate_options *annotate;
    struct labeler *labeler; /* of the annotator as it is */
    size_t pictures;         /* at most so many, spread over those to do */
};

/* Fills the probes, the usage, measured and seconds of a plan. What fails in the plain way fails;
 * another way that does not work says why. */
int probe_server(const struct probe_options *o, struct plan_result *out, struct err *e);
/* Keeps what was measured of the model. */
int probe_keep(const struct probe_options *o, const struct plan_result *r, struct err *e);

#endif
