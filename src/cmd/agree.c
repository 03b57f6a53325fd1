/* SPDX-License-Identifier: MIT */
#include "jobs/agree.h"

#include "cmd/cmd.h"
#include "project/project.h"
#include "show/against.h"
#include "show/show.h"

enum { KEY_BY = 0x100, KEY_AGAINST, KEY_GROUP, KEY_RESAMPLES, KEY_SEED, KEY_INTERVAL };

struct agree_own {
    struct cmd_list names;
    const char *against; /* NULL: nobody */
    struct agree_options options;
};

static const struct argp_option options[] = {
    { "by", KEY_BY, "COLUMN", 0, "also for the images of each value of this metadata column", 0 },
    { "against", KEY_AGAINST, "NAME", 0, "which of the two says more often what this one says", 0 },
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
    case KEY_AGAINST: own->against = arg; return 0;
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
        if (own->against && own->names.n > 2)
            argp_error(state, "two annotators are held against a third, not %zu", own->names.n);
        if (own->against && own->options.by)
            argp_error(state, "--against has no --by");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int run_agree(const struct globals *g, const struct project *p,
                     const struct agree_options *o, struct err *e)
{
    struct agree_result result;
    int rc = job_agree(p, o, &result, e);

    if (rc == 0) {
        rc = cmd_print(g, show_agree(&result), e);
        agree_result_release(&result);
    }
    return rc;
}

static int run_against(const struct globals *g, const struct project *p,
                       const struct agree_own *own, const struct agree_options *o, struct err *e)
{
    struct against_result result;
    int rc = job_against(p, o, own->against, &result, e);

    if (rc == 0) {
        rc = cmd_print(g, show_against(&result), e);
        against_result_release(&result);
    }
    return rc;
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    const struct agree_own *own = own_options;
    struct agree_options o = own->options;
    struct project *p;
    int rc = project_open(&p, g->dir, PROJECT_READ, e);

    if (rc < 0)
        return rc;
    o.names = own->names.n > 0 ? own->names.items : NULL;
    o.n_names = own->names.n;
    o.events = &log_events;
    rc = own->against ? run_against(g, p, own, &o, e) : run_agree(g, p, &o, e);
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
           "called consensus. Under the table: what is more than chance. With --against: which of "
           "two says more often what a third says. What each figure means: assent help figures.",
    .example = "Examples:\n"
               "  assent agree llava-next-8b celeba\n"
               "  assent agree llava-next-8b consensus --group objective --json\n"
               "  assent agree llava-next-8b celeba --against person",
    .options = options,
    .parse = parse,
    .size = sizeof(struct agree_own),
    .run = run,
};
