/* SPDX-License-Identifier: MIT
 *
 * Man page and bash completion, from the same tables as --help. The build calls this.
 */
#include <ctype.h>
#include <string.h>

#include "cmd/cmd.h"

struct generate_own {
    const char *what;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct generate_own *own = in->own;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = in; return 0;
    case ARGP_KEY_ARG: own->what = arg; return 0;
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

/* A row without a name and a text is the end; one with a text only is a heading. */
static bool is_end(const struct argp_option *o)
{
    return !o || (!o->name && !o->doc);
}

static void man_option(const struct argp_option *o)
{
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
    roff(o->doc);
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
    for (const struct argp_option *o = c->options; !is_end(o); o++)
        man_option(o);
    fputs(".PP\n.nf\n", stdout);
    roff(c->example);
    fputs("\n.fi\n", stdout);
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
    for (const struct argp_option *o = cmd_global_options; !is_end(o); o++)
        man_option(o);
    puts(".SH COMMANDS");
    for (size_t i = 0; commands[i]; i++)
        if (!commands[i]->hidden)
            man_command(commands[i]);
    puts(".SH FILES\n.TP\n.B assent.yaml\nThe task file.\n.TP\n.B assent.db\nThe database: SQLite, "
         "with a view \\fBcell\\fR"
         " that has a row for each answer.\n.SH EXIT STATUS\n.TP\n.B 0\nDone.\n.TP\n.B "
         "1\nFailed.\n.TP\n.B 2\nBad usage.\n"
         ".TP\n.B 3\nFinished, but some items failed.\n.TP\n.B 130\nInterrupted.");
}

/* ---- bash completion ---- */

static void print_options(const struct argp_option *o)
{
    for (; !is_end(o); o++)
        if (o->name)
            printf(" --%s", o->name);
}

static void print_completion(void)
{
    puts("# bash completion for assent; made from the program's own option tables\n_assent()\n{\n"
         "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= i\n"
         "    COMPREPLY=()\n"
         "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "        case ${COMP_WORDS[i]} in\n"
         "        -C) ((i++)) ;;\n"
         "        -*) ;;\n"
         "        *) command=${COMP_WORDS[i]}; break ;;\n"
         "        esac\n"
         "    done\n"
         "    case $before in\n"
         "    -C | --directory) COMPREPLY=($(compgen -d -- \"$word\")); return ;;\n"
         "    -f | --format) COMPREPLY=($(compgen -W 'auto celeba csv long study jsonl "
         "label-studio' -- \"$word\"));"
         " return ;;\n"
         "    --kind) COMPREPLY=($(compgen -W 'human model' -- \"$word\")); return ;;\n"
         "    --preset) COMPREPLY=($(compgen -W 'celeba blank' -- \"$word\")); return ;;\n"
         "    --tie) COMPREPLY=($(compgen -W 'abstain first' -- \"$word\")); return ;;\n"
         "    esac\n"
         "    local options=\n"
         "    case $command in");
    fputs("    '') options='--help --version", stdout);
    print_options(cmd_global_options);
    for (size_t i = 0; commands[i]; i++)
        if (!commands[i]->hidden)
            printf(" %s", commands[i]->name);
    puts("' ;;");
    for (size_t i = 0; commands[i]; i++) {
        if (commands[i]->hidden)
            continue;
        printf("    %s) options='--help", commands[i]->name);
        print_options(cmd_global_options);
        print_options(commands[i]->options);
        puts("' ;;");
    }
    puts("    esac\n"
         "    if [[ -z $command || $word == -* ]]; then\n"
         "        COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
         "    else\n"
         "        COMPREPLY=($(compgen -f -- \"$word\"))\n"
         "    fi\n"
         "}\ncomplete -o filenames -F _assent assent");
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    const struct generate_own *own = own_options;

    (void)g;
    if (own->what && strcmp(own->what, "man") == 0)
        print_man();
    else if (own->what && strcmp(own->what, "completion") == 0)
        print_completion();
    else
        return err_set(e, ERR_ARG, "generate what? man or completion");
    return 0;
}

const struct command cmd_generate = {
    .name = "generate",
    .args = "man|completion",
    .summary = "write the man page or the completion",
    .doc = "Writes the man page or the bash completion; the build calls this.",
    .example = "Example:\n  assent generate man",
    .parse = parse,
    .size = sizeof(struct generate_own),
    .run = run,
    .hidden = true,
};
