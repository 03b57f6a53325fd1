/* SPDX-License-Identifier: MIT */
#include "jobs/annotate.h"

#include "cmd/cmd.h"
#include "project/project.h"
#include "show/show.h"

enum {
    KEY_LIMIT = 0x100,
    KEY_SAMPLE,
    KEY_SEED,
    KEY_KEYS,
    KEY_RETRY,
    KEY_FRESH,
    KEY_REFERENCE,
    KEY_AS,
    KEY_TAKE_OVER,
    KEY_YES,
    KEY_RECORD,
    KEY_REPLAY,
    KEY_MAX_COST,
    KEY_MAX_REQUESTS
};

static const struct argp_option options[] = {
    { "annotator", 'a', "NAME", 0, "which model of assent.yaml (default: the only one)", 0 },
    { "as", KEY_AS, "NEWNAME", 0, "answers are given under this annotator's name", 0 },
    { "limit", KEY_LIMIT, "N", 0, "at most N images, this time", 0 },
    { "sample", KEY_SAMPLE, "N", 0, "N images drawn at random", 0 },
    { "seed", KEY_SEED, "S", 0, "of the sample (default 1)", 0 },
    { "keys", KEY_KEYS, "FILE", 0, "only the images that FILE names, one a line", 0 },
    { "retry-errors", KEY_RETRY, NULL, 0, "also what ended in an error before", 0 },
    { "fresh", KEY_FRESH, NULL, 0, "also what it has answered, once more", 0 },
    { "take-over", KEY_TAKE_OVER, NULL, 0, "also images that another process has claimed", 0 },
    { "yes", KEY_YES, NULL, 0, "pictures may be sent to a server that is not on a private network",
      0 },
    { "record", KEY_RECORD, "FILE", 0,
      "FILE keeps what a server is asked and what it answers, without pictures and keys", 0 },
    { "replay", KEY_REPLAY, "FILE", 0, "what FILE has recorded answers, in the server's place", 0 },
    { "max-requests", KEY_MAX_REQUESTS, "N", 0, "a server is sent N requests at most, this time",
      0 },
    { "max-cost", KEY_MAX_COST, "X", 0, "of a server, in assent.yaml's currency, this time", 0 },
    { "reference", KEY_REFERENCE, NULL, 0, "compute in plain C: slow, and the specification", 0 },
    { 0 },
};

static void parse_limit(int key, const char *arg, struct label_limits *limits,
                        const struct argp_state *state)
{
    if (key == KEY_MAX_REQUESTS)
        limits->requests = cmd_number(arg, UINT32_MAX, "--max-requests", state);
    else if (!text_double(arg, &limits->cost) || limits->cost <= 0)
        argp_error(state, "--max-cost takes an amount above zero, not '%s'", arg);
    if (key == KEY_MAX_REQUESTS && limits->requests == 0)
        argp_error(state, "--max-requests takes a number above zero");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct annotate_options *o = in->own;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = in;
        o->seed = 1;
        return 0;
    case 'a': o->annotator = arg; return 0;
    case KEY_AS: o->as = arg; return 0;
    case KEY_LIMIT: o->limit = cmd_number(arg, UINT32_MAX, "--limit", state); break;
    case KEY_SAMPLE: o->sample = cmd_number(arg, UINT32_MAX, "--sample", state); break;
    case KEY_SEED: o->seed = cmd_number(arg, UINT64_MAX, "--seed", state); return 0;
    case KEY_KEYS: o->keys = arg; return 0;
    case KEY_RETRY: o->retry_errors = true; return 0;
    case KEY_FRESH: o->fresh = true; return 0;
    case KEY_TAKE_OVER: o->take_over = true; return 0;
    case KEY_YES: o->yes = true; return 0;
    case KEY_RECORD: o->record = arg; return 0;
    case KEY_REPLAY: o->replay = arg; return 0;
    case ARGP_KEY_END:
        if ((o->record && *o->record == '\0') || (o->replay && *o->replay == '\0'))
            argp_error(state, "%s takes a file", o->record ? "--record" : "--replay");
        if (o->record && o->replay)
            argp_error(state, "--record and --replay: one of them");
        if (o->fresh && o->retry_errors)
            argp_error(state, "--fresh and --retry-errors: one of them");
        return 0;
    case KEY_REFERENCE: o->reference = true; return 0;
    case KEY_MAX_COST:
    case KEY_MAX_REQUESTS: parse_limit(key, arg, &o->limits, state); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
    if ((key == KEY_LIMIT && o->limit == 0) || (key == KEY_SAMPLE && o->sample == 0))
        argp_error(state, "no images are asked for");
    return 0;
}

static int code_of(const struct annotate_result *r)
{
    if (r->interrupted)
        return EXIT_INTERRUPTED;
    return r->errors + r->left_open + r->claimed_by_others + r->images_left > 0 ? EXIT_SOME_FAILED
                                                                                : 0;
}

static int run(const struct globals *g, const void *own, struct err *e)
{
    struct annotate_options o = *(const struct annotate_options *)own;
    struct annotate_result result;
    struct project *p;
    int rc = project_open(&p, g->dir, PROJECT_WRITE, e);

    if (rc < 0)
        return rc;
    o.events = &log_events;
    rc = job_annotate(p, &o, &result, e);
    if (rc == 0)
        rc = cmd_print(g, show_annotate(&result), e);
    if (rc == 0)
        rc = code_of(&result);
    annotate_result_release(&result);
    project_close(p);
    return rc;
}

const struct command cmd_annotate = {
    .name = "annotate",
    .args = "",
    .summary = "a model answers what it has not answered yet",
    .doc =
        "Asks a model of assent.yaml all questions about every picture that it has not answered "
        "yet. Answers are kept as they come: Ctrl-C finishes the image in hand, and the same "
        "command goes on where the last one stopped. Several processes may share the work: the "
        "exit code is 3 where others are still at some of the images, and says who. What a process "
        "that is gone had claimed is free at once where that can be seen, else after a minute; "
        "--take-over does not wait: where the other still works, those images are answered twice, "
        "and the newer run's answers count. "
        "--fresh asks again what was answered: the newer run's answers count, and undo withdraws "
        "them. "
        "--max-requests and --max-cost begin no picture whose requests could pass them, and the "
        "exit "
        "code is 3 where pictures are left: the same command goes on. A "
        "picture that cannot be read becomes the answer error, and the exit code 3. A model that "
        "computes anything else than the one that answered before is refused under its name: "
        "--as NEWNAME goes on under another, with the same entry of assent.yaml.",
    .example = "Examples:\n"
               "  assent annotate\n"
               "  assent annotate --annotator llava --sample 1000 --seed 7\n"
               "  assent annotate --annotator llava --as llava-tuned\n"
               "  assent annotate --annotator hosted --max-cost 5\n"
               "  assent annotate --annotator hosted --as audit --replay run.jsonl",
    .options = options,
    .parse = parse,
    .size = sizeof(struct annotate_options),
    .run = run,
};
