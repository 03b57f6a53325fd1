/* SPDX-License-Identifier: MIT */
#include "jobs/check.h"

#include "cmd/cmd.h"
#include "project/project.h"
#include "show/show.h"

enum { KEY_SET_ASIDE = 0x100 };

struct check_own {
    bool set_aside;
};

static const struct argp_option options[] = {
    { "set-aside", KEY_SET_ASIDE, NULL, 0,
      "move damaged rows out of what counts; they are kept in the table 'damaged'", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct check_own *own = in->own;

    (void)arg;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = in; return 0;
    case KEY_SET_ASIDE: own->set_aside = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    const struct check_own *own = own_options;
    struct check_result result;
    struct project *p;
    int rc = project_open(&p, g->dir, own->set_aside ? PROJECT_WRITE : PROJECT_READ, e);

    if (rc < 0)
        return rc;
    rc = job_check(p, own->set_aside, &result, e);
    if (rc == 0) {
        rc = cmd_print(g, show_check(&result), e);
        if (rc == 0 && result.of.faults > result.of.set_aside)
            rc = EXIT_SOME_FAILED;
        check_result_release(&result);
    }
    project_close(p);
    return rc;
}

const struct command cmd_check = {
    .name = "check",
    .args = "",
    .summary = "look for damage in the database, and set it aside",
    .doc =
        "Looks at the file, at what refers to what, at the questions against their hash, and at "
        "every answer, vote and item that counts. Damage is listed, and the exit code is 3 where "
        "some is left. With --set-aside the rest goes on without the damaged rows: a model's "
        "cells are open again, an import can be given again.",
    .example = "Examples:\n"
               "  assent check\n"
               "  assent check --set-aside",
    .options = options,
    .parse = parse,
    .size = sizeof(struct check_own),
    .run = run,
};
