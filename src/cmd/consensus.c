/* SPDX-License-Identifier: MIT */
#include "jobs/consensus.h"

#include <string.h>

#include "cmd/cmd.h"
#include "project/project.h"
#include "show/show.h"

enum { KEY_METHOD = 0x100, KEY_TIE, KEY_EXTRA };

struct consensus_own {
    struct cmd_list names, extra;
    const char *tie_first;
    bool tie_wants_name;
};

static const struct argp_option options[] = {
    { "method", KEY_METHOD, "NAME", 0, "majority (default)", 0 },
    { "tie", KEY_TIE, "RULE", 0,
      "abstain (default): ties stay open; first NAME: that annotator's value wins", 0 },
    { "annotator", 'a', "NAME", 0,
      "whose labels vote; may stand several times (default: everybody's)", 0 },
    { "extra", KEY_EXTRA, "NAME", 0,
      "whose votes came after a dispute, for the coin-flip baseline (default: those given one by "
      "one)",
      0 },
    { 0 },
};

/* "--tie abstain", "--tie first NAME" (the name is the next word), "--tie 'first NAME'". */
static void parse_tie(struct consensus_own *own, char *arg, struct argp_state *state)
{
    if (strcmp(arg, "abstain") == 0)
        return;
    if (strncmp(arg, "first", 5) != 0 || (arg[5] != '\0' && arg[5] != ' ' && arg[5] != '='))
        argp_error(state, "--tie takes abstain or first NAME, not '%s'", arg);
    if (arg[5] != '\0')
        own->tie_first = arg + 6;
    else if (state->next < state->argc)
        own->tie_first = state->argv[state->next++];
    else
        argp_error(state, "--tie first needs an annotator's name");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct consensus_own *own = in->own;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = in; return 0;
    case KEY_METHOD:
        if (strcmp(arg, "majority") != 0)
            argp_error(state, "no method is called '%s'; there is: majority", arg);
        return 0;
    case KEY_TIE: parse_tie(own, arg, state); return 0;
    case 'a': cmd_list_add(&own->names, arg, state); return 0;
    case KEY_EXTRA: cmd_list_add(&own->extra, arg, state); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    const struct consensus_own *own = own_options;
    struct consensus_options o = { .tie_first = own->tie_first, .events = &log_events };
    struct consensus_result result;
    struct project *p;
    char n[32];
    int rc = project_open(&p, g->dir, PROJECT_WRITE, e);

    if (rc < 0)
        return rc;
    o.names = own->names.n > 0 ? own->names.items : NULL;
    o.n_names = own->names.n;
    o.extra = own->extra.n > 0 ? own->extra.items : NULL;
    o.n_extra = own->extra.n;
    rc = job_consensus(p, &o, &result, e);
    if (rc == 0) {
        rc = cmd_print(g, show_consensus(&result), e);
        if (result.open_ties > 0 && !g->json)
            log_info("%s tied cells have no value: --tie first NAME settles them",
                     text_grouped(result.open_ties, n));
        consensus_result_release(&result);
    }
    project_close(p);
    return rc;
}

const struct command cmd_consensus = {
    .name = "consensus",
    .args = "",
    .summary = "one value per cell, by vote",
    .doc = "Gives each cell the value that most annotators gave it, keeps that as the labels of "
           "'consensus', and says how"
           " far each annotator agrees with it, beside what fair coins in place of the extra votes "
           "would give.",
    .example = "Examples:\n"
               "  assent consensus\n"
               "  assent consensus --tie first celeba --json",
    .options = options,
    .parse = parse,
    .size = sizeof(struct consensus_own),
    .run = run,
};
