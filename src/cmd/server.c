/* SPDX-License-Identifier: MIT */
#include "jobs/server_check.h"

#include <string.h>

#include "cmd/cmd.h"
#include "project/project.h"
#include "show/show.h"

enum { KEY_YES = 0x100 };

struct server_own {
    const char *what; /* check */
    struct server_check_options check;
};

static const struct argp_option options[] = {
    { "yes", KEY_YES, NULL, 0, "a picture may be sent to a server that is not on a private network",
      0 },
    { 0 },
};

static void read_argument(struct server_own *own, const char *text, const struct argp_state *state)
{
    if (!own->what && strcmp(text, "check") != 0)
        argp_error(state, "check, not '%s'", text);
    else if (!own->what)
        own->what = text;
    else if (!own->check.annotator)
        own->check.annotator = text;
    else
        argp_error(state, "one annotator at a time, not also '%s'", text);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct server_own *own = in->own;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = in; return 0;
    case KEY_YES: own->check.yes = true; return 0;
    case ARGP_KEY_ARG: read_argument(own, arg, state); return 0;
    case ARGP_KEY_END:
        if (!own->what)
            argp_error(state, "say check");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int verdict(const struct server_check_result *r)
{
    if (r->n_good == r->look.n)
        return 0;
    return r->n_good == 0 ? EXIT_FAILED : EXIT_SOME_FAILED;
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    struct server_check_options o = ((const struct server_own *)own_options)->check;
    struct server_check_result result;
    struct project *p;
    int rc = project_open(&p, g->dir, PROJECT_READ, e);

    if (rc < 0)
        return rc;
    o.events = &log_events;
    rc = job_server_check(p, &o, &result, e);
    if (rc == 0) {
        rc = cmd_print(g, show_server_check(&result), e);
        if (rc == 0)
            rc = verdict(&result);
        server_check_result_release(&result);
    }
    project_close(p);
    return rc;
}

const struct command cmd_server = {
    .name = "server",
    .args = "check [ANNOTATOR]",
    .summary = "ask a model's server what it is and what it answers",
    .doc = "Asks the server of an annotator with engine: http a small question about pictures that "
           "are drawn here, and one of the project's: whether it is there, which models it has, "
           "which protocols answer, whether the model looks at the picture, what kind of "
           "probabilities come, what it passes over, how long a request takes; and what to write "
           "into assent.yaml. Nothing is kept. The exit code is 1 where it cannot label, and 3 "
           "where some of several replicas cannot.",
    .example = "Examples:\n"
               "  assent server check\n"
               "  assent server check qwen --json",
    .options = options,
    .parse = parse,
    .size = sizeof(struct server_own),
    .run = run,
};
