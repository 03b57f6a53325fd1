/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cmd/cmd.h"

/* ---- help ---- */

static int run_help(const struct globals *g, const void *own, struct err *e)
{
    (void)g;
    (void)own;
    (void)e;
    puts("Usage: assent [-C DIR] [--json] [-q|-v] COMMAND [..]\n\n"
         "Labels images with a vision-language model and says how far those labels can be "
         "trusted.\n");
    for (size_t i = 0; commands[i]; i++)
        if (!commands[i]->hidden)
            printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
    puts("\nassent COMMAND --help shows a command's options and an example.");
    return 0;
}

const struct command cmd_help = {
    .name = "help",
    .args = "",
    .summary = "list the commands",
    .doc = "Lists the commands.",
    .example = "Example:\n  assent help",
    .run = run_help,
};

/* ---- version ---- */

static int run_version(const struct globals *g, const void *own, struct err *e)
{
    (void)own;
    if (g->json)
        return cmd_print_json(
            jv_pack("{s:s, s:s}", "version", ASSENT_VERSION, "database", app_database_library()),
            e);
    printf("assent %s (%s)\n", ASSENT_VERSION, app_database_library());
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
