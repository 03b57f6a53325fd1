/* SPDX-License-Identifier: MIT */
#include "jobs/accept.h"

#include <string.h>

#include "cmd/cmd.h"
#include "project/project.h"
#include "show/show.h"
#include "show/verdicts.h"

static const struct argp_option options[] = {
    CMD_PROMISE_OPTIONS,
    { "annotator", 'a', "NAME", 0, "whose answers (default: the first model's)", 0 },
    { 0 },
};

static enum verdict_side read_side(const char *text, const struct argp_state *state)
{
    int side = 0;

    while (side < SIDES && strcmp(text, verdict_side_names[side]) != 0)
        side++;
    if (side == SIDES)
        argp_error(state, "--side takes both, yes or no, not '%s'", text);
    return (enum verdict_side)side;
}

error_t cmd_parse_promise(int key, char *arg, struct argp_state *state, struct cmd_promise *own)
{
    struct accept_options *o = &own->o;

    switch (key) {
    case CMD_PROMISE_ERROR: o->max_error = cmd_share(arg, "--max-error", state); return 0;
    case CMD_PROMISE_CONFIDENCE: o->confidence = cmd_share(arg, "--confidence", state); return 0;
    case CMD_PROMISE_QUESTIONS: cmd_questions(&own->questions, arg, state); return 0;
    case CMD_PROMISE_SIDE: o->side = read_side(arg, state); return 0;
    case CMD_PROMISE_CALIBRATED: o->calibrated = arg; return 0;
    case CMD_PROMISE_AGAINST: o->against = arg; return 0;
    case CMD_PROMISE_FIXED:
        o->fixed_n = cmd_number(arg, UINT32_MAX, "--fixed-n", state);
        if (o->fixed_n == 0)
            argp_error(state, "--fixed-n takes 1 or more");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

struct accept_options cmd_promised(const struct cmd_promise *own)
{
    struct accept_options o = own->o;

    o.questions = own->questions.items;
    o.n_questions = own->questions.n;
    return o;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct cmd_promise *own = in->own;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = in; return 0;
    case 'a': own->o.annotator = arg; return 0;
    default: return cmd_parse_promise(key, arg, state, own);
    }
}

static int run(const struct globals *g, const void *own, struct err *e)
{
    struct accept_options o = cmd_promised(own);
    struct acceptance result;
    struct project *p;
    int rc = project_open(&p, g->dir, PROJECT_WRITE, e);

    if (rc < 0)
        return rc;
    rc = job_accept(p, &o, NULL, &result, e);
    if (rc == 0) {
        rc = cmd_print(g, show_accept(&result), e);
        acceptance_release(&result);
    }
    project_close(p);
    return rc;
}

const struct command cmd_accept = {
    .name = "accept",
    .args = "",
    .summary = "which of a model's answers may be used, question by question",
    .doc =
        "Says of each question whether the model may answer it alone (alone), alone where its "
        "probability is high enough while people answer the rest (check), not at all (people), or "
        "that it cannot be said yet, and about how many more votes would decide. It rests on the "
        "random sample that people answered blind in a review, and may be asked for at "
        "any time, after every vote: the promise holds nevertheless. That somebody asked is kept.",
    .example = "Examples:\n"
               "  assent accept --max-error 5% --confidence 95%\n"
               "  assent accept --questions Smiling,Bald --side yes --json",
    .options = options,
    .parse = parse,
    .size = sizeof(struct cmd_promise),
    .run = run,
};
