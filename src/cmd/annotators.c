/* SPDX-License-Identifier: MIT */
#include "jobs/annotators.h"

#include <string.h>

#include "cmd/cmd.h"
#include "project/project.h"
#include "show/show.h"

struct annotators_own {
    const char *words[3]; /* rename, OLD, NEW */
    size_t n;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct annotators_own *own = in->own;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = in; return 0;
    case ARGP_KEY_ARG:
        if (own->n == 0 && strcmp(arg, "rename") != 0)
            argp_error(state, "rename, not '%s'", arg);
        if (own->n == 3)
            argp_error(state, "one annotator at a time, not also '%s'", arg);
        own->words[own->n++] = arg;
        return 0;
    case ARGP_KEY_END:
        if (own->n < 3)
            argp_error(state, "say rename OLD NEW");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    const struct annotators_own *own = own_options;
    struct rename_result result;
    struct project *p;
    int rc = project_open(&p, g->dir, PROJECT_WRITE, e);

    if (rc < 0)
        return rc;
    rc = job_annotator_rename(p, own->words[1], own->words[2], &result, e);
    if (rc == 0)
        rc = cmd_print(g, show_rename(&result), e);
    project_close(p);
    return rc;
}

const struct command cmd_annotators = {
    .name = "annotators",
    .args = "rename OLD NEW",
    .summary = "give an annotator another name",
    .doc = "All answers, votes and review links stay the annotator's. Two annotators do not become "
           "one: NEW must be free. Where assent.yaml has OLD, call it NEW there too (or write was: "
           "OLD beside the new name there, which does the same).",
    .example = "Example:\n"
               "  assent annotators rename label-studio-7 anna",
    .parse = parse,
    .size = sizeof(struct annotators_own),
    .run = run,
};
