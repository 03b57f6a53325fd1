/* SPDX-License-Identifier: MIT */
#include "jobs/calibrate.h"

#include <string.h>

#include "cmd/cmd.h"
#include "jobs/blank.h"
#include "project/project.h"
#include "show/calibration.h"

enum {
    KEY_AGAINST = 0x100,
    KEY_METHOD,
    KEY_BY,
    KEY_AIM,
    KEY_SEED,
    KEY_BLANK,
    KEY_YES,
    KEY_REFERENCE
};

struct calibrate_own {
    struct calibrate_options calibrate;
    struct blank_options blank;
    bool asks_blank;
    const char *only; /* an option that --blank has no use for; NULL: none was given */
    const char *only_blank;
};

static const struct argp_option options[] = {
    { "annotator", 'a', "NAME", 0, "whose probabilities (default: the first model's)", 1 },
    { "against", KEY_AGAINST, "NAME", 0,
      "what is true: people (what they said of the random sample), or an annotator's labels "
      "(default: people where a sample is answered, else the first of the people whose labels came "
      "in bulk)",
      1 },
    { "method", KEY_METHOD, "METHOD", 0,
      "plain, temperature, platt (default), isotonic or contextual: shown in full", 1 },
    { "by", KEY_BY, "question", 0, "a fit a question, where it has cells enough", 1 },
    { "threshold", KEY_AIM, "AIM", 0,
      "where yes begins: rates (default: as often as it is true) or balanced (both sides are found "
      "alike)",
      1 },
    { "seed", KEY_SEED, "N", 0, "of the folds of images (default 1)", 1 },
    { "blank", KEY_BLANK, NULL, 0,
      "ask the model all questions about a plain grey picture, which the contextual method needs",
      2 },
    { "yes", KEY_YES, NULL, 0,
      "with --blank: a picture may be sent to a server that is not on a private network", 2 },
    { "reference", KEY_REFERENCE, NULL, 0,
      "with --blank: compute in plain C: slow, and the specification", 2 },
    { 0 },
};

static enum calibrate_method method_of(const char *text, const struct argp_state *state)
{
    for (int m = 0; m < CALIBRATE_METHODS; m++)
        if (strcmp(calibrate_method_names[m], text) == 0)
            return (enum calibrate_method)m;
    argp_error(state, "--method %s: plain, temperature, platt, isotonic or contextual", text);
    return CALIBRATE_PLAIN;
}

static enum stats_aim aim_of(const char *text, const struct argp_state *state)
{
    if (strcmp(text, "rates") != 0 && strcmp(text, "balanced") != 0)
        argp_error(state, "--threshold %s: rates or balanced", text);
    return strcmp(text, "balanced") == 0 ? STATS_BALANCED : STATS_EQUAL_RATES;
}

static error_t parse_figures(int key, char *arg, const struct argp_state *state,
                             struct calibrate_own *own)
{
    struct calibrate_options *o = &own->calibrate;

    switch (key) {
    case KEY_AGAINST: o->against = arg; break;
    case KEY_METHOD: o->method = method_of(arg, state); break;
    case KEY_AIM: o->aim = aim_of(arg, state); break;
    case KEY_SEED: o->seed = cmd_number(arg, UINT64_MAX, "--seed", state); break;
    case KEY_BY:
        if (strcmp(arg, "question") != 0)
            argp_error(state, "--by %s: question", arg);
        o->by_question = true;
        break;
    default: return ARGP_ERR_UNKNOWN;
    }
    own->only = "what is compared";
    return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct calibrate_own *own = in->own;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = in;
        own->calibrate.method = CALIBRATE_PLATT;
        own->calibrate.seed = 1;
        return 0;
    case 'a': own->calibrate.annotator = own->blank.annotator = arg; return 0;
    case KEY_BLANK: own->asks_blank = true; return 0;
    case KEY_YES:
        own->blank.yes = true;
        own->only_blank = "--yes";
        return 0;
    case KEY_REFERENCE:
        own->blank.reference = true;
        own->only_blank = "--reference";
        return 0;
    case ARGP_KEY_END:
        if (own->asks_blank && own->only)
            argp_error(state, "--blank asks a model, and %s is for the figures", own->only);
        if (!own->asks_blank && own->only_blank)
            argp_error(state, "%s goes with --blank", own->only_blank);
        return 0;
    default: return parse_figures(key, arg, state, own);
    }
}

static int ask_blank(const struct globals *g, const struct calibrate_own *own, struct err *e)
{
    struct blank_options o = own->blank;
    struct blank_result result;
    struct project *p;
    int rc = project_open(&p, g->dir, PROJECT_WRITE, e);

    if (rc < 0)
        return rc;
    o.events = &log_events;
    rc = job_blank(p, &o, &result, e);
    if (rc == 0) {
        rc = cmd_print(g, show_blank(&result), e);
        blank_result_release(&result);
    }
    project_close(p);
    return rc;
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    const struct calibrate_own *own = own_options;
    struct calibrate_options o = own->calibrate;
    struct calibrate_result result;
    struct project *p;
    int rc;

    if (own->asks_blank)
        return ask_blank(g, own, e);
    rc = project_open(&p, g->dir, PROJECT_READ, e);
    if (rc < 0)
        return rc;
    o.events = &log_events;
    rc = job_calibrate(p, &o, &result, e);
    if (rc == 0) {
        rc = cmd_print(g, show_calibrate(&result), e);
        calibrate_result_release(&result);
    }
    project_close(p);
    return rc;
}

const struct command cmd_calibrate = {
    .name = "calibrate",
    .args = "\n--blank",
    .summary = "what a model's probabilities are worth, and how they are made true",
    .doc = "Holds a model's probabilities against what people said of a random sample, or another "
           "annotator's labels: how often they are right when they say so, before and after each "
           "method of calibration, and where yes begins. Calibrated figures are of images that the "
           "fit has not seen. Changes nothing. With --blank: asks the model about a plain grey "
           "picture, and keeps what it says. What each figure means: assent help figures.",
    .example = "Examples:\n"
               "  assent calibrate --against celeba --by question\n"
               "  assent calibrate --blank && assent calibrate --method contextual",
    .options = options,
    .parse = parse,
    .size = sizeof(struct calibrate_own),
    .run = run,
};
