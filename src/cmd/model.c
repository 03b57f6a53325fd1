/* SPDX-License-Identifier: MIT */
#include "jobs/model.h"

#include <string.h>

#include "cmd/cmd.h"
#include "show/show.h"

enum { KEY_QUESTIONS = 0x100, KEY_SIZE, KEY_PROMPT };

struct model_own {
    struct model_info_options info;
    const char *what; /* info or tokenize */
    const char *file;
};

static const struct argp_option options[] = {
    { "questions", KEY_QUESTIONS, "N", 0, "info: questions per image (default 40)", 0 },
    { "size", KEY_SIZE, "WxH", 0,
      "info: of an image, in pixels; up to 8 times (default: 178x218, 640x480 and 4000x3000)", 0 },
    { "prompt", KEY_PROMPT, "TEMPLATE", 0, "info: in place of the model's own", 0 },
    CMD_PICTURES_OPTIONS,
    { 0 },
};

/* A face of CelebA, a picture of the web, a photograph. */
static const struct model_size usual_sizes[] = { { 178, 218 }, { 640, 480 }, { 4000, 3000 } };
enum { N_USUAL = sizeof(usual_sizes) / sizeof(usual_sizes[0]) };

static void read_size(struct model_own *own, const char *text, const struct argp_state *state)
{
    struct model_info_options *o = &own->info;
    unsigned width, height;
    char rest;

    if (sscanf(text, "%ux%u%c", &width, &height, &rest) != 2 || width == 0 || height == 0 ||
        width > 30000 || height > 30000)
        argp_error(state, "--size takes WIDTHxHEIGHT, each at most 30000, not '%s'", text);
    if (o->n_sizes == MODEL_SIZES_MAX)
        argp_error(state, "--size may be given %d times", MODEL_SIZES_MAX);
    o->sizes[o->n_sizes++] = (struct model_size){ width, height };
}

static void read_argument(struct model_own *own, const char *text, const struct argp_state *state)
{
    if (!own->what)
        own->what = text;
    else if (!own->info.dir)
        own->info.dir = text;
    else if (!own->file && strcmp(own->what, "tokenize") == 0)
        own->file = text;
    else
        argp_error(state, "one thing too many: '%s'", text);
}

static void check(const struct model_own *own, const struct argp_state *state)
{
    if (!own->what || (strcmp(own->what, "info") != 0 && strcmp(own->what, "tokenize") != 0))
        argp_error(state, "model info DIR, or model tokenize DIR [FILE]");
    if (!own->info.dir)
        argp_error(state, "which model? name its folder");
}

static void fill(struct model_info_options *o)
{
    if (o->n_sizes > 0)
        return;
    memcpy(o->sizes, usual_sizes, sizeof(usual_sizes));
    o->n_sizes = N_USUAL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct model_own *own = in->own;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = in;
        own->info.questions = 40; /* the study's */
        return 0;
    case KEY_QUESTIONS:
        own->info.questions = cmd_number(arg, 5000, "--questions", state);
        if (own->info.questions == 0)
            argp_error(state, "--questions takes one or more");
        return 0;
    case KEY_SIZE: read_size(own, arg, state); return 0;
    case KEY_PROMPT: own->info.prompt = arg; return 0;
    case ARGP_KEY_ARG: read_argument(own, arg, state); return 0;
    case ARGP_KEY_END:
        check(own, state);
        fill(&own->info);
        return 0;
    default: return cmd_parse_pictures(key, arg, state, &own->info.pictures);
    }
}

static int run_info(const struct globals *g, const struct model_own *own, struct err *e)
{
    struct model_info_options o = own->info;
    struct model_info_result result;
    int rc;

    o.events = &log_events;
    rc = job_model_info(&o, &result, e);
    if (rc < 0)
        return rc;
    rc = cmd_print(g, show_model(&result, g->verbose), e);
    model_info_release(&result);
    return rc;
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    const struct model_own *own = own_options;

    return strcmp(own->what, "info") == 0
               ? run_info(g, own, e)
               : job_model_tokenize(own->info.dir, own->file ? own->file : "-", stdout, e);
}

const struct command cmd_model = {
    .name = "model",
    .args = "info DIR\ntokenize DIR [FILE]",
    .summary = "what a model's folder holds; text to its token ids",
    .doc = "info checks every tensor and every weight of a folder and says what the model is, what "
           "it makes of pictures of a few sizes and what that takes, in seconds on this machine by "
           "the speed of one matrix product; with -v it lists the tensors. tokenize reads texts as "
           "JSON strings, one a line, and prints a JSON array of ids a line.",
    .example =
        "Examples:\n"
        "  assent model info models/llama3-llava-next-8b-hf\n"
        "  assent model info models/Qwen3-VL-2B-Instruct --max-pixels 262144 --size 4000x3000\n"
        "  echo '\"Is it a cat?\"' | assent model tokenize DIR",
    .options = options,
    .parse = parse,
    .size = sizeof(struct model_own),
    .run = run,
};
