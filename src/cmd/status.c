/* SPDX-License-Identifier: MIT */
#include "jobs/status.h"

#include "cmd/cmd.h"
#include "project/project.h"
#include "show/show.h"

static int run(const struct globals *g, const void *own, struct err *e)
{
    struct status_result result;
    struct project *p;
    int rc = project_open(&p, g->dir, PROJECT_READ, e);

    (void)own;
    if (rc < 0)
        return rc;
    rc = job_status(p, &log_events, &result, e);
    if (rc == 0) {
        rc = cmd_print(g, show_status(&result, g->verbose), e);
        status_result_release(&result);
    }
    project_close(p);
    return rc;
}

const struct command cmd_status = {
    .name = "status",
    .args = "",
    .summary = "what the project holds, and what is next",
    .doc = "Counts images, answers, disputes and votes. With -v also the newest runs: who brought "
           "which answers, when,"
           " from which file.",
    .example = "Example:\n  assent -C faces status -v",
    .run = run,
};
