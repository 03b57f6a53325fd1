/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cmd/cmd.h"
#include "jobs/set_aside.h"
#include "project/project.h"
#include "show/show.h"

enum { KEY_UNMATCHED = 0x100, KEY_KEYS, KEY_DRY_RUN };

struct images_own {
    struct aside_options o;
    struct cmd_list keys; /* to become o's */
    bool said;            /* remove or restore */
};

static const struct argp_option options[] = {
    { "unmatched", KEY_UNMATCHED, NULL, 0, "remove those that have no picture", 0 },
    { "keys", KEY_KEYS, "FILE", 0, "the images that FILE names, a key on each line", 0 },
    { "dry-run", KEY_DRY_RUN, NULL, 0, "say what would change, and change nothing", 0 },
    { 0 },
};

static void set_verb(struct images_own *own, const char *arg, const struct argp_state *state)
{
    own->said = true;
    own->o.back = strcmp(arg, "restore") == 0;
    if (!own->o.back && strcmp(arg, "remove") != 0)
        argp_error(state, "remove or restore, not '%s'", arg);
}

static void check(const struct images_own *own, const struct argp_state *state)
{
    if (!own->said)
        argp_error(state, "say remove KEY.., remove --unmatched, or restore KEY..");
    bool named = own->keys.n > 0 || own->o.keys_file;

    if (own->o.unmatched && (own->o.back || named))
        argp_error(state, "--unmatched goes with remove, and without keys");
    if (!own->o.unmatched && !named)
        argp_error(state, "which images? say their keys, --keys FILE%s",
                   own->o.back ? "" : " or --unmatched");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct images_own *own = in->own;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = in; return 0;
    case KEY_UNMATCHED: own->o.unmatched = true; return 0;
    case KEY_KEYS: own->o.keys_file = arg; return 0;
    case KEY_DRY_RUN: own->o.trial = true; return 0;
    case ARGP_KEY_ARG:
        if (own->said)
            cmd_list_add(&own->keys, arg, state);
        else
            set_verb(own, arg, state);
        return 0;
    case ARGP_KEY_END: check(own, state); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    const struct images_own *own = own_options;
    struct aside_options o = own->o;
    struct aside_result result;
    struct project *p;
    int rc = project_open(&p, g->dir, o.trial ? PROJECT_TRIAL : PROJECT_WRITE, e);

    if (rc < 0)
        return rc;
    o.keys = own->keys.items;
    o.n_keys = own->keys.n;
    o.events = &log_events;
    rc = job_set_aside(p, &o, &result, e);
    if (rc == 0) {
        rc = cmd_print(g, show_set_aside(&result), e);
        aside_result_release(&result);
    }
    project_close(p);
    return rc;
}

const struct command cmd_images = {
    .name = "images",
    .args = "remove KEY..\nremove --unmatched\nrestore KEY..",
    .summary = "set images aside, or take them back",
    .doc = "An image that is set aside is not asked about, compared, reviewed or exported, and its "
           "picture is passed over. Nothing is deleted: restore brings it back with all its "
           "answers. --unmatched takes those that have no picture, which a label file of another "
           "data set leaves behind.",
    .example = "Examples:\n"
               "  assent images remove --unmatched --dry-run\n"
               "  assent images remove 000017.jpg b/000018.jpg\n"
               "  assent images restore 000017.jpg",
    .options = options,
    .parse = parse,
    .size = sizeof(struct images_own),
    .run = run,
};
