/* SPDX-License-Identifier: MIT */
#include "jobs/undo.h"

#include "cmd/cmd.h"
#include "project/project.h"
#include "show/show.h"

enum { KEY_UNDO = 0x100, KEY_REVIEWER };

static const struct argp_option options[] = {
    { "undo", KEY_UNDO, NULL, 0, "bring RUN back: it counts again", 0 },
    { "reviewer", KEY_REVIEWER, "NAME", 0,
      "withdraw what this person answered on the review page until now, as one run", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct undo_options *own = in->own;
    uint64_t number;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = in; return 0;
    case KEY_UNDO: own->back = true; return 0;
    case KEY_REVIEWER: own->reviewer = arg; return 0;
    case ARGP_KEY_ARG:
        if (own->run != 0)
            argp_error(state, "one run at a time, not also '%s'", arg);
        if (!text_u64(arg, INT64_MAX, &number) || number == 0)
            argp_error(state, "a run is a number, as status -v has it: not '%s'", arg);
        own->run = (int64_t)number;
        return 0;
    case ARGP_KEY_END:
        if (own->reviewer && (own->back || own->run != 0))
            argp_error(state, "--reviewer makes a run and withdraws it: neither RUN nor --undo");
        if (own->back && own->run == 0)
            argp_error(state, "--undo needs the number of the RUN, as status -v has it");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int run(const struct globals *g, const void *own, struct err *e)
{
    struct undo_result result;
    struct project *p;
    int rc = project_open(&p, g->dir, PROJECT_WRITE, e);

    if (rc < 0)
        return rc;
    rc = job_undo(p, own, &result, e);
    if (rc == 0) {
        rc = cmd_print(g, show_undo(&result), e);
        undo_result_release(&result);
    }
    project_close(p);
    return rc;
}

const struct command cmd_undo = {
    .name = "undo",
    .args = "[RUN]",
    .summary = "withdraw a run: its answers stay, and no longer count",
    .doc = "A run is one import (also of a packet's answers), one annotate or one consensus; "
           "status -v numbers them. Without RUN the newest that counts is withdrawn. Nothing is "
           "deleted: undo --undo RUN brings it back. What a withdrawn annotate or reviewer "
           "answered is open again.",
    .example = "Examples:\n"
               "  assent undo 3\n"
               "  assent undo --undo 3\n"
               "  assent undo --reviewer bob",
    .options = options,
    .parse = parse,
    .size = sizeof(struct undo_options),
    .run = run,
};
