/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "project/project.h"

struct init_own {
    const char *dir, *preset;
};

static const struct argp_option options[] = {
    { "preset", 'p', "NAME", 0,
      "celeba: the study's 40 questions; blank: one question to start from (default)", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct init_own *own = in->own;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = in; return 0;
    case 'p': own->preset = arg; return 0;
    case ARGP_KEY_ARG:
        if (own->dir)
            argp_error(state, "one folder only, not also '%s'", arg);
        own->dir = arg;
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    const struct init_own *own = own_options;
    const char *dir = own->dir ? own->dir : g->dir;
    char *path;
    int rc = project_init(dir, own->preset ? own->preset : "blank", &path, e);

    if (rc < 0)
        return rc;
    if (g->json) {
        rc = cmd_print_json(jv_pack("{s:s}", "wrote", path), e);
    } else {
        printf("wrote %s\n", path);
        log_info("next: edit its questions. To have a model answer them, say where the images are "
                 "(images:) and which model (annotators:), then  assent -C %s annotate",
                 dir);
        log_info("or bring labels that exist:  assent -C %s import LABELS --annotator NAME", dir);
    }
    free(path);
    return rc;
}

const struct command cmd_init = {
    .name = "init",
    .args = "[DIR]",
    .summary = "write a commented assent.yaml",
    .doc = "Makes a project: a folder with a commented assent.yaml, which says what to ask of each "
           "image. Never"
           " replaces one that is there.",
    .example = "Example:\n  assent init faces --preset celeba",
    .options = options,
    .parse = parse,
    .size = sizeof(struct init_own),
    .run = run,
};
