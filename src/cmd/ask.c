/* SPDX-License-Identifier: MIT */
#include "jobs/ask.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "show/show.h"

enum {
    KEY_IMAGE = 0x100,
    KEY_PROMPT,
    KEY_DTYPE,
    KEY_ALONE,
    KEY_LOGITS,
    KEY_TRACE,
    KEY_LETTERS,
    KEY_REFERENCE
};

/* A list without a bound: a shell gives hundreds of files. */
struct names {
    const char **items;
    size_t n, cap;
};

struct ask_own {
    struct ask_options options;
    struct names images, questions;
    struct cmd_list choice;
};

static const struct argp_option options[] = {
    { "model", 'm', "DIR", 0, "the model's folder, as downloaded", 0 },
    { "image", KEY_IMAGE, "FILE", 0, "a picture; what follows without an option is one too", 0 },
    { "question", 'Q', "TEXT", 0, "as the model shall be asked it; may be given several times", 0 },
    { "options", 'o', "A,B,..", 0, "answers to choose from (default: yes and no)", 0 },
    { "letters", KEY_LETTERS, NULL, 0, "list the options as A., B., .. and score the letters", 0 },
    { "prompt", KEY_PROMPT, "TEMPLATE", 0,
      "in place of the model's own, with {image} and {question}", 0 },
    { "dtype", KEY_DTYPE, "TYPE", 0, "auto (default), f32 or bf16", 0 },
    CMD_PICTURES_OPTIONS,
    { "one-by-one", KEY_ALONE, NULL, 0, "each question in a pass of its own", 0 },
    { "logits", KEY_LOGITS, "OUT.npy", 0,
      "float32 [images, questions, vocabulary] at each question's end", 0 },
    { "trace", KEY_TRACE, "DIR", 0, "every stage of one image's pass as .npy files", 0 },
    { "reference", KEY_REFERENCE, NULL, 0, "compute in plain C: slow, and the specification", 0 },
    { 0 },
};

static void add_name(struct names *names, const char *text, const struct argp_state *state)
{
    struct err e;

    if (mem_grow(&names->items, &names->cap, names->n + 1, sizeof(*names->items), UINT32_MAX, &e) <
        0)
        argp_failure(state, EXIT_FAILED, 0, "%s", e.what);
    names->items[names->n++] = text;
}

static void split_options(struct ask_own *own, char *text, const struct argp_state *state)
{
    char *rest = NULL;

    for (char *one = strtok_r(text, ",", &rest); one; one = strtok_r(NULL, ",", &rest))
        cmd_list_add(&own->choice, one, state);
}

static void check(const struct ask_own *own, const struct argp_state *state)
{
    if (!own->options.model)
        argp_error(state, "--model DIR says which model");
    if (own->images.n == 0)
        argp_error(state, "--image FILE says which picture");
    if (own->questions.n == 0)
        argp_error(state, "--question TEXT says what to ask");
    if (own->choice.n == 1)
        argp_error(state, "--options takes two or more, with commas between");
    if (own->options.letters && own->choice.n == 0)
        argp_error(state, "--letters goes with --options");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct ask_own *own = in->own;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = in; return 0;
    case 'm': own->options.model = arg; return 0;
    case KEY_IMAGE:
    case ARGP_KEY_ARG: add_name(&own->images, arg, state); return 0;
    case 'Q': add_name(&own->questions, arg, state); return 0;
    case 'o': split_options(own, arg, state); return 0;
    case KEY_LETTERS: own->options.letters = true; return 0;
    case KEY_PROMPT: own->options.prompt = arg; return 0;
    case KEY_DTYPE: own->options.dtype = arg; return 0;
    case KEY_ALONE: own->options.one_by_one = true; return 0;
    case KEY_LOGITS: own->options.logits = arg; return 0;
    case KEY_TRACE: own->options.trace = arg; return 0;
    case KEY_REFERENCE: own->options.reference = true; return 0;
    case ARGP_KEY_END: check(own, state); return 0;
    default: return cmd_parse_pictures(key, arg, state, &own->options.pictures);
    }
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    const struct ask_own *own = own_options;
    struct ask_options o = own->options;
    struct ask_result result;
    int rc;

    o.images = own->images.items;
    o.n_images = own->images.n;
    o.questions = own->questions.items;
    o.n_questions = own->questions.n;
    o.options = own->choice.items;
    o.n_options = own->choice.n;
    o.events = &log_events;
    rc = job_ask(&o, &result, e);
    if (rc == 0) {
        rc = cmd_print(g, show_ask(&result), e);
        if (rc == 0 && result.n_failed > 0)
            rc = EXIT_SOME_FAILED;
        ask_result_release(&result);
    }
    free(own->images.items);
    free(own->questions.items);
    return rc;
}

const struct command cmd_ask = {
    .name = "ask",
    .args = "--model DIR --image FILE [FILE ..] --question TEXT",
    .summary = "ask a model about pictures, without a project",
    .doc = "Asks every question about every picture, all of a picture's questions in one pass, and "
           "prints each answer with its probability and with the mass: how much of all "
           "probability fell on valid answers. Little mass means that the model wanted to say "
           "something else; then its likeliest first words are shown.",
    .example = "Examples:\n"
               "  assent ask --model DIR --image photo.jpg --question \"Is it a cat? Answer with "
               "only yes or no.\"\n"
               "  assent ask -m DIR -Q \"Which colour is it?\" -o red,green,blue *.jpg",
    .options = options,
    .parse = parse,
    .size = sizeof(struct ask_own),
    .run = run,
};
