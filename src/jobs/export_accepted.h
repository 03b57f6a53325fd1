/* SPDX-License-Identifier: MIT
 *
 * export_accepted.h - what a verdict comes to, as files: the answers that may be used, and the
 * cells that people have to answer.
 */
#ifndef ASSENT_JOBS_EXPORT_ACCEPTED_H
#define ASSENT_JOBS_EXPORT_ACCEPTED_H

#include "base/base.h"
#include "jobs/accept.h"

struct accepted_options {
    const char *folder; /* made where it is not there */
    const char *format; /* of the accepted answers, one that may leave cells out */
    struct accept_options accept;
    const struct events *events;
};

struct accepted_result {
    struct acceptance acceptance;
    char *accepted_path, *people_path, *certificate_path, *page_path; /* the last two: for whoever
                                                                         shows it to write */
    uint64_t accepted, waiting, images;                               /* cells */
};

int job_export_accepted(struct project *p, const struct accepted_options *o,
                        struct accepted_result *out, struct err *e);
void accepted_result_release(struct accepted_result *r); /* zeroed is fine */

#endif
