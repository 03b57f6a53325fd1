/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cmd/cmd.h"
#include "project/project.h"
#include "show/show.h"

/* ---- help ---- */

struct help_own {
    char *command; /* NULL: list them all */
};

static error_t parse_help(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct help_own *own = in->own;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = in; return 0;
    case ARGP_KEY_ARG:
        if (own->command)
            argp_error(state, "one command at a time, not also '%s'", arg);
        own->command = arg;
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int run_help(const struct globals *g, const void *own_options, struct err *e)
{
    const struct help_own *own = own_options;
    char name[] = "assent", help[] = "--help";

    (void)g;
    if (own->command && strcmp(own->command, "figures") == 0)
        return cmd_print(&(struct globals){ 0 }, show_figures(), e);
    if (own->command)
        return cmd_main(3, (char *[]){ name, own->command, help, NULL });
    puts("Usage: assent [-C DIR] [--json] [-q|-v] COMMAND [..]\n\n"
         "Labels images with a vision-language model and says how far those labels can be "
         "trusted.\n");
    for (size_t i = 0; commands[i]; i++)
        if (!commands[i]->hidden)
            printf("  %-11s %s\n", commands[i]->name, commands[i]->summary);
    puts("\nassent COMMAND --help shows a command's options and an example; assent help figures "
         "says "
         "what the\nfigures mean.");
    printf("Documentation: %s\n", file_exists(ASSENT_DOCS) ? ASSENT_DOCS : "docs/ of the source");
    return 0;
}

const struct command cmd_help = {
    .name = "help",
    .args = "[COMMAND]\nfigures",
    .summary = "list the commands, show one's options and an example, or what figures mean",
    .doc = "Lists the commands, or says what `assent COMMAND --help` says. figures: what every "
           "figure means that the commands show, and when it is defined.",
    .example = "Examples:\n  assent help\n  assent help annotate\n  assent help figures",
    .parse = parse_help,
    .size = sizeof(struct help_own),
    .run = run_help,
};

/* ---- version ---- */

static int run_version(const struct globals *g, const void *own, struct err *e)
{
    (void)own;
    if (g->json)
        return cmd_print_json(jv_pack("{s:s, s:s}", "version", ASSENT_VERSION, "database",
                                      project_database_library()),
                              e);
    printf("assent %s (%s)\n", ASSENT_VERSION, project_database_library());
    return 0;
}

const struct command cmd_version = {
    .name = "version",
    .args = "",
    .summary = "this program's version, and its libraries'",
    .doc = "Prints the version.",
    .example = "Example:\n  assent version --json",
    .run = run_version,
};
