/* SPDX-License-Identifier: MIT */
#include "jobs/agree.h"

#include "cmd/cmd.h"
#include "project/project.h"
#include "show/show.h"

enum { KEY_BY = 0x100, KEY_GROUP, KEY_RESAMPLES, KEY_SEED, KEY_INTERVAL };

struct agree_own {
    struct cmd_list names;
    struct agree_options options;
};

static const struct argp_option options[] = {
    { "by", KEY_BY, "COLUMN", 0, "also for the images of each value of this metadata column", 0 },
    { "group", KEY_GROUP, "NAME", 0, "only the questions of this group", 0 },
    { "resamples", KEY_RESAMPLES, "N", 0, "of the bootstrap (default 2000; 0: none)", 0 },
    { "seed", KEY_SEED, "N", 0, "of the bootstrap (default 1)", 0 },
    { "interval", KEY_INTERVAL, "KIND", 0, CMD_INTERVAL_HELP, 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct agree_own *own = in->own;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = in;
        own->options.seed = 1;
        own->options.resamples = AGREE_RESAMPLES;
        return 0;
    case KEY_BY: own->options.by = arg; return 0;
    case KEY_GROUP: own->options.group = arg; return 0;
    case KEY_RESAMPLES:
        own->options.resamples = cmd_number(arg, 1000000, "--resamples", state);
        return 0;
    case KEY_SEED: own->options.seed = cmd_number(arg, UINT64_MAX, "--seed", state); return 0;
    case KEY_INTERVAL: own->options.interval = cmd_interval(arg, state); return 0;
    case ARGP_KEY_ARG: cmd_list_add(&own->names, arg, state); return 0;
    case ARGP_KEY_END:
        if (own->names.n == 1)
            argp_error(state, "name two annotators or more, or none for the usual two");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    const struct agree_own *own = own_options;
    struct agree_options o = own->options;
    struct agree_result result;
    struct project *p;
    int rc = project_open(&p, g->dir, PROJECT_READ, e);

    if (rc < 0)
        return rc;
    o.names = own->names.n > 0 ? own->names.items : NULL;
    o.n_names = own->names.n;
    o.events = &log_events;
    rc = job_agree(p, &o, &result, e);
    if (rc == 0) {
        rc = cmd_print(g, show_agree(&result), e);
        if (result.selective && !g->json)
            log_warn("%s labelled only cells on which the others differ: coefficients over all of "
                     "them are not comparable with those of annotators who labelled everything",
                     result.selective);
        agree_result_release(&result);
    }
    project_close(p);
    return rc;
}

const struct command cmd_agree = {
    .name = "agree",
    .args = "[A B [C ..]]",
    .summary = "agreement of annotators, per question and over all",
    .doc = "Compares two or more annotators: agreement, kappa, AC1, alpha, rates of yes, precision "
           "and recall of the first against the second, with 95 % intervals. Without names: the "
           "first model and the first of the people who labelled in bulk. The stored consensus is "
           "called consensus. What each figure means: assent help figures.",
    .example = "Examples:\n"
               "  assent agree llava-next-8b celeba\n"
               "  assent agree llava-next-8b consensus --group objective --json",
    .options = options,
    .parse = parse,
    .size = sizeof(struct agree_own),
    .run = run,
};
