/* SPDX-License-Identifier: MIT
 *
 * The man page, from the same tables as --help; and the command that prints it and the completion.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/completion.h"
#include "show/figures.h"
#include "show/show.h"

struct generate_own {
    const char *what, *kind;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct generate_own *own = in->own;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = in; return 0;
    case ARGP_KEY_ARG: *(own->what ? &own->kind : &own->what) = arg; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* ---- man page (man-pages(7), groff_man(7)) ---- */

/* Text for roff: backslashes and hyphens escaped, no line begins with a control character. */
static void roff(const char *s)
{
    bool line_start = true;

    for (; *s != '\0'; s++) {
        if (line_start && (*s == '.' || *s == '\''))
            fputs("\\&", stdout);
        line_start = *s == '\n';
        if (*s == '\\')
            fputs("\\e", stdout);
        else if (*s == '-')
            fputs("\\-", stdout);
        else
            putchar(*s);
    }
}

static void man_option(const struct argp_option *o)
{
    char *help;

    if (!o->name) {
        printf(".PP\n%s\n", o->doc);
        return;
    }
    fputs(".TP\n", stdout);
    if (o->key < 128 && isprint(o->key))
        printf("\\fB\\-%c\\fR, ", o->key);
    fputs("\\fB\\-\\-", stdout);
    roff(o->name);
    fputs("\\fR", stdout);
    if (o->arg) {
        fputs(" \\fI", stdout);
        roff(o->arg);
        fputs("\\fR", stdout);
    }
    putchar('\n');
    help = cmd_help_text(o->doc);
    roff(help ? help : o->doc);
    free(help);
    putchar('\n');
}

static void man_usage(const struct command *c)
{
    const char *line = c->args;

    for (;;) {
        size_t len = strcspn(line, "\n");
        char args[128];

        snprintf(args, sizeof(args), "%.*s", (int)len, line);
        printf(".B assent %s\n", c->name);
        fputs("[OPTION..] ", stdout);
        roff(args);
        fputs("\n.br\n", stdout);
        if (line[len] == '\0')
            return;
        line += len + 1;
    }
}

static void man_command(const struct command *c)
{
    printf(".SS %s\n", c->name);
    man_usage(c);
    fputs(".PP\n", stdout);
    roff(c->doc);
    putchar('\n');
    for (const struct argp_option *o = c->options; !cmd_options_end(o); o++)
        man_option(o);
    fputs(".PP\n.nf\n", stdout);
    roff(c->example);
    fputs("\n.fi\n", stdout);
}

static void man_figures(void)
{
    puts(".SH FIGURES\nWhat the commands show, by the names that JSON has.");
    for (const struct figure_list *l = figure_lists; l->title; l++) {
        printf(".SS %s\n", l->title);
        for (const struct figure *f = l->figures; f->key; f++) {
            struct buf meaning = BUF_INIT(4096);

            if (!f->meaning)
                continue;
            show_meaning(f, &meaning);
            printf(".TP\n.B %s\n", f->key);
            roff(meaning.text ? meaning.text : "");
            putchar('\n');
            buf_release(&meaning);
        }
    }
}

static void print_man(void)
{
    puts(".TH ASSENT 1 \"\" \"assent " ASSENT_VERSION "\" \"User Commands\"\n.SH NAME\n"
         "assent \\- label images with a vision\\-language model, and say how far those labels can "
         "be trusted\n"
         ".SH SYNOPSIS\n.B assent\n[\\fB\\-C\\fR \\fIDIR\\fR] [\\fB\\-\\-json\\fR] "
         "[\\fB\\-q\\fR|\\fB\\-v\\fR]"
         " \\fICOMMAND\\fR [..]\n.SH DESCRIPTION\n"
         "A project is a folder with assent.yaml (what to ask of each image) and assent.db (all "
         "answers). Labels that"
         " people and\nmodels made are imported, compared, settled by vote, reported with their "
         "cost, and exported.\n"
         ".SH OPTIONS OF EVERY COMMAND");
    for (const struct argp_option *o = cmd_global_options; !cmd_options_end(o); o++)
        man_option(o);
    puts(".SH COMMANDS");
    for (size_t i = 0; commands[i]; i++)
        if (!commands[i]->hidden)
            man_command(commands[i]);
    man_figures();
    puts(".SH FILES\n.TP\n.B assent.yaml\nThe task file.\n.TP\n.B assent.db\nThe database: SQLite, "
         "with a view \\fBcell\\fR"
         " that has a row for each answer.\n.TP\n.B " ASSENT_DOCS
         "\nThe documentation: task\\-file.md, "
         "formats.md, json.md, statistics.md, review.md.\n.SH EXIT STATUS\n.TP\n.B "
         "0\nDone.\n.TP\n.B "
         "1\nFailed.\n.TP\n.B 2\nBad usage.\n"
         ".TP\n.B 3\nFinished, but some items failed.\n.TP\n.B 130\nInterrupted.\n.TP\n.B 141\n"
         "Who read the output has gone, as with | head.");
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    const struct generate_own *own = own_options;
    const char *what = own->what ? own->what : "";

    if (strcmp(what, "man") == 0)
        print_man();
    else if (strcmp(what, "completion") == 0)
        print_completion();
    else if (strcmp(what, "names") == 0 && own->kind)
        return print_names(g->dir, own->kind, e);
    else
        return err_set(e, ERR_ARG, "generate what? man, completion or names");
    return 0;
}

const struct command cmd_generate = {
    .name = "generate",
    .args = "man\ncompletion\nnames KIND",
    .summary = "write the man page, the completion, or what it offers",
    .doc = "Writes the man page or the bash completion, which the build installs; or the names of "
           "a project, which the completion offers.",
    .example = "Examples:\n  assent generate man\n  assent generate names annotators",
    .parse = parse,
    .size = sizeof(struct generate_own),
    .run = run,
    .hidden = true,
};
