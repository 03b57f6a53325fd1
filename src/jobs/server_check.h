/* SPDX-License-Identifier: MIT
 *
 * server_check.h - can the server of an annotator label, and what is it?
 */
#ifndef ASSENT_JOBS_SERVER_CHECK_H
#define ASSENT_JOBS_SERVER_CHECK_H

#include "base/base.h"
#include "label/http/look.h"
#include "project/project.h"

struct server_check_options {
    const char *annotator; /* NULL: the only one of assent.yaml that a server runs */
    bool yes;              /* a picture may leave this machine, and its private network */
    const struct events *events;
};

struct server_check_result {
    const char *annotator, *model;
    const char *protocol; /* as assent.yaml has it; "chat" where it has none */
    const char *picture;  /* the project's, that was looked with; NULL: it has none */
    struct look look;
    size_t n_good;    /* of the servers: they can label */
    const char *line; /* for assent.yaml: the best that there is; NULL: nothing answers */
    struct arena arena;
};

int job_server_check(struct project *p, const struct server_check_options *o,
                     struct server_check_result *out, struct err *e);
void server_check_result_release(struct server_check_result *r);

#endif
