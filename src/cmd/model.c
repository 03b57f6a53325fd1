/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cmd/cmd.h"
#include "report/report.h"

enum { KEY_QUESTIONS = 0x100, KEY_SIZE, KEY_PROMPT };

struct model_own {
    struct model_info_options info;
    const char *what; /* info or tokenize */
    const char *file;
};

static const struct argp_option options[] = {
    { "questions", KEY_QUESTIONS, "N", 0, "info: questions an image (default 40)", 0 },
    { "size", KEY_SIZE, "WxH", 0, "info: of the image, in pixels (default 178x218)", 0 },
    { "prompt", KEY_PROMPT, "TEMPLATE", 0, "info: in place of the model's own", 0 },
    { 0 },
};

static void read_size(struct model_own *own, const char *text, const struct argp_state *state)
{
    unsigned width, height;
    char rest;

    if (sscanf(text, "%ux%u%c", &width, &height, &rest) != 2 || width == 0 || height == 0 ||
        width > 30000 || height > 30000)
        argp_error(state, "--size takes WIDTHxHEIGHT, each at most 30000, not '%s'", text);
    own->info.width = width;
    own->info.height = height;
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

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct model_own *own = in->own;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = in;
        own->info.questions = 40; /* the study's */
        own->info.width = 178;
        own->info.height = 218;
        return 0;
    case KEY_QUESTIONS:
        own->info.questions = cmd_number(arg, 5000, "--questions", state);
        if (own->info.questions == 0)
            argp_error(state, "--questions takes one or more");
        return 0;
    case KEY_SIZE: read_size(own, arg, state); return 0;
    case KEY_PROMPT: own->info.prompt = arg; return 0;
    case ARGP_KEY_ARG: read_argument(own, arg, state); return 0;
    case ARGP_KEY_END: check(own, state); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* ---- printing ---- */

static void print_summary(const struct model_info_result *r)
{
    char n[3][32];

    printf("%s: LlavaNextForConditionalGeneration\n", r->model);
    printf("  text        %s, %u layers of %u, %u heads (%u of keys), vocabulary %u, up to %u "
           "tokens\n",
           r->family, r->text_layers, r->text_hidden, r->text_heads, r->text_kv_heads,
           r->vocabulary, r->max_tokens);
    if (r->sliding_window > 0)
        printf("              sees %u tokens back\n", r->sliding_window);
    printf("  vision      %u layers of %u, %u heads, tiles of %u pixels in patches of %u\n",
           r->vision_layers, r->vision_hidden, r->vision_heads, r->tile, r->patch);
    printf(
        "  weights     %s parameters in %zu tensors, %s bytes of %s in %zu file%s, all numbers\n",
        text_grouped(r->parameters, n[0]), r->n_tensors, text_grouped(r->weight_bytes, n[1]),
        r->stored, r->files, r->files == 1 ? "" : "s");
    printf("  an image    %u x %u pixels: %zu tiles, %zu tokens; with %zu questions %zu\n",
           r->width, r->height, r->tiles, r->image_tokens, r->questions, r->tokens);
    printf("  memory      the weights, mapped, and %s bytes; computed in %s\n",
           text_grouped(r->activation_bytes, n[2]), r->dtype);
    printf("  work        %s an image in one pass; %s one question at a time (%.1f times)\n",
           text_scaled(r->flop, "FLOP", n[0]), text_scaled(r->flop_one_by_one, "FLOP", n[1]),
           r->flop_one_by_one / r->flop);
}

static int print_tensors(const struct model_info_result *r, struct err *e)
{
    struct table *t = table_new("llll");

    putchar('\n');
    table_cell(t, "tensor");
    table_cell(t, "shape");
    table_cell(t, "as");
    table_cell(t, "file");
    for (size_t i = 0; i < r->n_tensors; i++) {
        const struct model_tensor *tensor = &r->tensors[i];
        char shape[128] = "";
        size_t at = 0;

        for (uint32_t d = 0; d < tensor->rank && at < sizeof(shape); d++)
            at += (size_t)snprintf(shape + at, sizeof(shape) - at, "%s%llu", d ? " x " : "",
                                   (unsigned long long)tensor->shape[d]);
        table_cell(t, "%s", tensor->name);
        table_cell(t, "%s", shape);
        table_cell(t, "%s", tensor->dtype);
        table_cell(t, "%s", tensor->file);
    }
    return table_end(t, stdout, e);
}

static int run_info(const struct globals *g, const struct model_own *own, struct err *e)
{
    struct model_info_result result;
    int rc = model_info(&own->info, &result, e);

    if (rc < 0)
        return rc;
    if (g->json) {
        rc = cmd_print_json(model_info_json(&result), e);
    } else {
        print_summary(&result);
        rc = g->verbose ? print_tensors(&result, e) : 0;
    }
    model_info_release(&result);
    return rc;
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    const struct model_own *own = own_options;

    return strcmp(own->what, "info") == 0
               ? run_info(g, own, e)
               : model_tokenize(own->info.dir, own->file ? own->file : "-", stdout, e);
}

const struct command cmd_model = {
    .name = "model",
    .args = "info DIR\ntokenize DIR [FILE]",
    .summary = "what a model's folder holds; text to its token ids",
    .doc = "info checks every tensor and every weight of a folder and says what the model is and "
           "what it takes; with -v it lists the tensors. tokenize reads texts as JSON strings, one "
           "a line, and prints a JSON array of ids a line.",
    .example = "Examples:\n"
               "  assent model info models/llama3-llava-next-8b-hf\n"
               "  echo '\"Is it a cat?\"' | assent model tokenize DIR",
    .options = options,
    .parse = parse,
    .size = sizeof(struct model_own),
    .run = run,
};
