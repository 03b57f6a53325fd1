/* SPDX-License-Identifier: MIT */
#include "jobs/plan.h"

#include "cmd/cmd.h"
#include "jobs/plan_accept.h"
#include "jobs/review.h"
#include "project/project.h"
#include "show/show.h"
#include "show/verdicts.h"

/* --sample, --seed and --limit mean images of a model's run, or with --review cells of a queue:
 * they are kept as text until it is known which. */
enum {
    KEY_REVIEW = 0x300,
    KEY_SAMPLE,
    KEY_SEED,
    KEY_LIMIT,
    KEY_KEYS,
    KEY_RETRY,
    KEY_REFERENCE,
    KEY_YES,
    KEY_AS,
    KEY_ACCEPT,
    KEY_MAX_ERROR,
    KEY_CONFIDENCE,
    KEY_TRUE_ERROR,
    KEY_POWER,
    KEY_ALT_TEST,
    KEY_PEOPLE,
    KEY_ITEMS,
};

#define POWER 0.8

struct plan_own {
    struct annotate_options annotate;
    struct cmd_asked asked;
    struct accept_plan_options accept;
    struct alt_plan_options alt;
    bool review, accepts, asks, alt_test;
    char *sample, *seed, *limit;          /* NULL: not given */
    const char *only_model, *only_review; /* the first option that fits only one of the two */
    const char *only_accept;              /* the same of --accept */
    const char *only_alt;                 /* and of --alt-test */
};

static const struct argp_option options[] = {
    { NULL, 0, NULL, 0, "A model's run:", 1 },
    { "annotator", 'a', "NAME", 0, "which model of assent.yaml (default: the only one)", 1 },
    { "as", KEY_AS, "NEWNAME", 0, "answers are given under this annotator's name", 1 },
    { "limit", KEY_LIMIT, "N", 0, "at most N images", 1 },
    { "sample", KEY_SAMPLE, "N", 0, "N images drawn at random; with --review: cells, or N%", 1 },
    { "seed", KEY_SEED, "S", 0, "of the sample (default 1)", 1 },
    { "keys", KEY_KEYS, "FILE", 0, "only the images that FILE names, one a line", 1 },
    { "retry-errors", KEY_RETRY, NULL, 0, "also what ended in an error before", 1 },
    { "yes", KEY_YES, NULL, 0, "pictures may be sent to a server that is not on a private network",
      1 },
    { "reference", KEY_REFERENCE, NULL, 0, "compute in plain C: slow, and the specification", 1 },
    { NULL, 0, NULL, 0, "What people are asked:", 2 },
    { "review", KEY_REVIEW, NULL, 0, "plan a review by people instead of a model's run", 2 },
    { "between", CMD_ASKED_BETWEEN, "A B", 0, "whose differences are disputes", 2 },
    { "strata", CMD_ASKED_STRATA, "A,B", 0, "what the sample's strata tell apart", 2 },
    { "active", CMD_ASKED_ACTIVE, NULL, 0, "draw what the model is less sure of more often", 2 },
    { "floor", CMD_ASKED_FLOOR, "T", 0, "of the probability, what all cells have alike", 2 },
    { "gold", CMD_ASKED_GOLD, "FILE", 0, "also the cells of this label file", 2 },
    { "repeat", CMD_ASKED_REPEAT, "N", 0, "show N items again", 2 },
    { "abstained", CMD_ASKED_ABSTAINED, NULL, 0, "also cells on which the model gave no answer",
      2 },
    { "rule-breaking", CMD_ASKED_RULES, NULL, 0, "also cells on which the model breaks a rule", 2 },
    { "no-disputes", CMD_ASKED_NO_DISPUTES, NULL, 0, "not the disputes", 2 },
    { "questions", CMD_ASKED_QUESTIONS, "A,B", 0, "only these", 2 },
    { "votes", CMD_ASKED_VOTES, "K", 0, "ask K different people about an item", 2 },
    { "overlap", CMD_ASKED_OVERLAP, "N[:K]", 0, "ask K people (default 3) about N drawn cells", 2 },
    { NULL, 0, NULL, 0, "What it takes until answers may be used:", 3 },
    { "accept", KEY_ACCEPT, NULL, 0,
      "plan the votes until a model's answers can be accepted (takes --annotator, --questions and"
      " --votes too)",
      3 },
    { "max-error", KEY_MAX_ERROR, "SHARE", 0, "at most this share of them is to be wrong", 3 },
    { "confidence", KEY_CONFIDENCE, "SHARE", 0, "how sure that is to be", 3 },
    { "true-error", KEY_TRUE_ERROR, "SHARE", 0,
      "if this share is wrong in truth (default: half of --max-error)", 3 },
    { "power", KEY_POWER, "SHARE", 0, "the probability of being accepted then (default 0.8)", 3 },
    { NULL, 0, NULL, 0, "What it takes to compare a model with people:", 4 },
    { "alt-test", KEY_ALT_TEST, NULL, 0,
      "plan the cells that several people answer, to say whether a model is as good as one more of"
      " them (takes --annotator too)",
      4 },
    { "people", KEY_PEOPLE, "K", 0, "so many (default 3)", 4 },
    { "items", KEY_ITEMS, "N", 0, "what N cells would show (default: as many as it takes)", 4 },
    { 0 },
};

/* An option that fits only one of the two. */
static error_t parse_half(struct plan_own *own, int key, char *arg, struct argp_state *state)
{
    struct annotate_options *o = &own->annotate;

    switch (key) {
    case KEY_AS: o->as = arg; break;
    case KEY_KEYS: o->keys = arg; break;
    case KEY_RETRY: o->retry_errors = true; break;
    case KEY_REFERENCE: o->reference = true; break;
    case KEY_YES: o->yes = true; break;
    default:
        if (key != CMD_ASKED_QUESTIONS && key != CMD_ASKED_VOTES)
            own->only_review = "what people are asked";
        own->asks = true;
        return cmd_parse_asked(key, arg, state, &own->asked);
    }
    own->only_model = "which images a model answers";
    return 0;
}

static error_t parse_accept(struct plan_own *own, int key, char *arg, struct argp_state *state)
{
    struct accept_plan_options *o = &own->accept;

    switch (key) {
    case KEY_ACCEPT: own->accepts = true; return 0;
    case KEY_MAX_ERROR: o->accept.max_error = cmd_share(arg, "--max-error", state); break;
    case KEY_CONFIDENCE: o->accept.confidence = cmd_share(arg, "--confidence", state); break;
    case KEY_TRUE_ERROR: o->true_error = cmd_share(arg, "--true-error", state); break;
    default: o->power = cmd_share(arg, "--power", state); break;
    }
    own->only_accept = "what is promised of accepted answers";
    return 0;
}

static error_t parse_alt(struct plan_own *own, int key, char *arg, struct argp_state *state)
{
    if (key == KEY_ALT_TEST) {
        own->alt_test = true;
        return 0;
    }
    own->only_alt = key == KEY_PEOPLE ? "--people" : "--items";
    if (key == KEY_PEOPLE)
        own->alt.people = cmd_number(arg, REVIEW_VOTES_MAX, "--people", state);
    else
        own->alt.items = cmd_number(arg, REVIEW_ITEMS_MAX, "--items", state);
    if (own->alt.people < 3 || (key == KEY_ITEMS && own->alt.items == 0))
        argp_error(state, "%s",
                   key == KEY_PEOPLE ? "--people takes 3 or more" : "--items takes 1 or more");
    return 0;
}

static void check_alt(const struct plan_own *own, const struct argp_state *state)
{
    if (!own->alt_test && own->only_alt)
        argp_error(state, "%s goes with --alt-test", own->only_alt);
    if (own->alt_test && (own->review || own->accepts || own->only_model || own->limit ||
                          own->asks || own->sample || own->seed || own->only_accept))
        argp_error(state, "--alt-test goes with --annotator, --people and --items");
}

/* Which of the plans it is, and does every option go with it? */
static void check(const struct plan_own *own, const struct argp_state *state)
{
    bool model = own->only_model || own->limit;

    if (own->review && (own->accepts || own->annotate.annotator || model))
        argp_error(state, "--review plans what people are asked, not %s",
                   own->accepts      ? "what may be accepted"
                   : own->only_model ? own->only_model
                   : own->limit      ? "a number of images"
                                     : "a model's run");
    if (own->accepts && (model || own->only_review || own->sample || own->seed))
        argp_error(state,
                   "--accept goes with --annotator, --questions, --votes and what is promised");
    if (!own->accepts && own->only_accept)
        argp_error(state, "%s goes with --accept", own->only_accept);
    if (!own->review && !own->accepts && own->asks)
        argp_error(state, "%s goes with --review",
                   own->only_review ? own->only_review : "what people are asked");
}

static void finish(struct plan_own *own, struct argp_state *state)
{
    struct annotate_options *o = &own->annotate;

    check_alt(own, state);
    check(own, state);
    if (own->review && own->sample)
        cmd_parse_asked(CMD_ASKED_SAMPLE, own->sample, state, &own->asked);
    if (own->review && own->seed)
        cmd_parse_asked(CMD_ASKED_SEED, own->seed, state, &own->asked);
    if (own->review || own->accepts || own->alt_test)
        return;
    o->seed = own->seed ? cmd_number(own->seed, UINT64_MAX, "--seed", state) : 1;
    o->sample = own->sample ? cmd_number(own->sample, UINT32_MAX, "--sample", state) : 0;
    o->limit = own->limit ? cmd_number(own->limit, UINT32_MAX, "--limit", state) : 0;
    if ((own->sample && o->sample == 0) || (own->limit && o->limit == 0))
        argp_error(state, "no images are asked for");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct plan_own *own = in->own;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = in;
        own->accept.power = own->alt.power = POWER;
        own->alt.people = REVIEW_OVERLAP_VOTES;
        return cmd_parse_asked(key, arg, state, &own->asked);
    case 'a': own->annotate.annotator = arg; return 0;
    case KEY_REVIEW: own->review = true; return 0;
    case KEY_SAMPLE: own->sample = arg; return 0;
    case KEY_SEED: own->seed = arg; return 0;
    case KEY_LIMIT: own->limit = arg; return 0;
    case ARGP_KEY_END: finish(own, state); return 0;
    case KEY_ACCEPT:
    case KEY_MAX_ERROR:
    case KEY_CONFIDENCE:
    case KEY_TRUE_ERROR:
    case KEY_POWER: return parse_accept(own, key, arg, state);
    case KEY_ALT_TEST:
    case KEY_PEOPLE:
    case KEY_ITEMS: return parse_alt(own, key, arg, state);
    case KEY_AS:
    case KEY_KEYS:
    case KEY_RETRY:
    case KEY_REFERENCE:
    case KEY_YES: return parse_half(own, key, arg, state);
    default:
        return key >= CMD_ASKED_BETWEEN && key <= CMD_ASKED_NO_DISPUTES
                   ? parse_half(own, key, arg, state)
                   : ARGP_ERR_UNKNOWN;
    }
}

static int run_model(const struct globals *g, struct project *p, const struct plan_own *own,
                     struct err *e)
{
    struct annotate_options o = own->annotate;
    struct plan_result result;
    int rc;

    o.events = &log_events;
    rc = job_plan(p, &o, &result, e);
    if (rc < 0)
        return rc;
    rc = cmd_print(g, show_plan(&result), e);
    plan_result_release(&result);
    return rc;
}

static int run_review(const struct globals *g, struct project *p, const struct plan_own *own,
                      struct err *e)
{
    struct review_options o = own->asked.o;
    struct review_forecast forecast;
    int rc;

    o.questions = own->asked.questions.items;
    o.n_questions = own->asked.questions.n;
    o.events = &log_events;
    rc = job_plan_review(p, &o, &forecast, e);
    return rc < 0 ? rc : cmd_print(g, show_plan_review(&forecast), e);
}

static int run_accept(const struct globals *g, struct project *p, const struct plan_own *own,
                      struct err *e)
{
    struct accept_plan_options o = own->accept;
    struct accept_plan plan;
    int rc;

    o.accept.annotator = own->annotate.annotator;
    o.accept.questions = own->asked.questions.items;
    o.accept.n_questions = own->asked.questions.n;
    o.votes = own->asked.o.votes;
    rc = job_plan_accept(p, &o, &plan, e);
    if (rc < 0)
        return rc;
    rc = cmd_print(g, show_plan_accept(&plan), e);
    accept_plan_release(&plan);
    return rc;
}

static int run_alt_test(const struct globals *g, struct project *p, const struct plan_own *own,
                        struct err *e)
{
    struct alt_plan_options o = own->alt;
    struct alt_plan plan;
    int rc;

    o.annotator = own->annotate.annotator;
    rc = job_plan_alt_test(p, &o, &plan, e);
    if (rc < 0)
        return rc;
    rc = cmd_print(g, show_plan_alt_test(&plan), e);
    alt_plan_release(&plan);
    return rc;
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    const struct plan_own *own = own_options;
    struct project *p;
    int rc = project_open(&p, g->dir, own->review ? PROJECT_TRIAL : PROJECT_READ, e);

    if (rc < 0)
        return rc;
    rc = own->review     ? run_review(g, p, own, e)
         : own->accepts  ? run_accept(g, p, own, e)
         : own->alt_test ? run_alt_test(g, p, own, e)
                         : run_model(g, p, own, e);
    project_close(p);
    return rc;
}

const struct command cmd_plan = {
    .name = "plan",
    .args = "\n--review\n--accept\n--alt-test",
    .summary = "what annotate, review or accept would take, in time and money",
    .doc =
        "Answers a few pictures to measure, keeps none of the answers, and says what the rest "
        "would take. A server is asked the same in several ways: again, alone, in another order, "
        "by its other protocols; how far its answers move is kept, and shown in the report. "
        "With --review: how many items people would be asked, how long that takes by the "
        "measured seconds per answer, and what it costs. "
        "With --accept: how many cells people have to answer until a model's answers can be "
        "accepted, question by question, before anything is drawn or after. "
        "With --alt-test: how many cells several people have to answer alike until it can be said "
        "whether a model is as good as one more of them.",
    .example = "Examples:\n"
               "  assent plan --annotator llava --sample 1000\n"
               "  assent plan --review --sample 2%\n"
               "  assent plan --accept --max-error 5% --true-error 2%\n"
               "  assent plan --alt-test --people 4",
    .options = options,
    .parse = parse,
    .size = sizeof(struct plan_own),
    .run = run,
};
