/* SPDX-License-Identifier: MIT
 *
 * The bash completion, from the option tables and from what stands behind an option here. Names of
 * a project are asked of the program itself, and never pass through the shell's expansion.
 */
#include "cmd/completion.h"

#include <ctype.h>
#include <string.h>

#include "cmd/cmd.h"
#include "jobs/import.h"
#include "jobs/names.h"
#include "project/project.h"

/* What can stand behind an option: words, a project's names (names: one; list: several, with commas
 * between them), or a path. Of options that are not here: a path where the placeholder says so,
 * else nothing that could be offered. */
static const struct {
    const char *option, *offer, *of;
    const char *command; /* whose it is; NULL: any's */
} values[] = {
    { "annotator", "names", "annotators" },
    { "against", "names", "annotators" },
    { "extra", "names", "annotators" },
    { "between", "names", "annotators" },
    { "by", "names", "columns" },
    { "by", "words", "question", "calibrate" },
    { "group", "names", "groups" },
    { "reviewer", "names", "reviewers" },
    { "questions", "list", "questions" },
    { "dtype", "words", "auto f32 bf16" },
    { "format", "words", "auto answers" }, /* and the formats */
    { "interval", "words", "images cells" },
    { "kind", "words", "human model" },
    { "method", "words", "majority", "consensus" },
    { "method", "words", "plain temperature platt isotonic contextual", "calibrate" },
    { "order", "words", "random uncertain rules-first question" },
    { "preset", "words", "celeba blank" },
    { "threshold", "words", "rates balanced", "calibrate" },
    { "tie", "words", "abstain first" },
};

/* What stands behind a command: behind this word, else anywhere. */
static const struct {
    const char *command, *before, *offer, *of;
} arguments[] = {
    { "agree", NULL, "names", "annotators" },
    { "server", "server", "words", "check" },
    { "server", "check", "names", "annotators" },
    { "reviewers", "reviewers", "words", "add list revoke" },
    { "reviewers", "revoke", "names", "reviewers" },
    { "model", "model", "words", "info tokenize" },
    { "model", NULL, "path", "" },
    { "init", NULL, "path", "" },
    { "import", NULL, "path", "" },
    { "export", NULL, "path", "" },
    { "ask", NULL, "path", "" },
};

static const char head[] =
    "# bash completion for assent; made from the program's own option tables\n"
    "_assent_words()\n{\n"
    "    COMPREPLY=($(compgen -W \"$1\" -- \"$word\"))\n"
    "}\n"
    "_assent_path()\n{\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
    "}\n"
    "_assent_names()\n{\n"
    "    local name\n"
    "    while IFS= read -r name; do\n"
    "        if [[ $name == \"${word#\"$2\"}\"* ]]; then COMPREPLY+=(\"$2$(printf %q "
    "\"$name\")\"); fi\n"
    "    done < <(\"${COMP_WORDS[0]}\" -C \"$folder\" generate names \"$1\" 2>/dev/null)\n"
    "}\n"
    "_assent_list()\n{\n"
    "    _assent_names \"$1\" \"${word%\"${word##*,}\"}\"\n"
    "}\n"
    "_assent()\n{\n"
    "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= folder=. "
    "i\n"
    "    local first=${COMP_WORDS[COMP_CWORD-2]} options=\n"
    "    COMPREPLY=()\n"
    "    if [[ $word == = ]]; then word=\n"
    "    elif [[ $before == = || $first == --between ]]; then before=$first\n"
    "    elif [[ $first == --tie && $before == first ]]; then before=--between\n"
    "    fi\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        case ${COMP_WORDS[i]} in\n"
    "        -C | --directory) ((i++)); folder=${COMP_WORDS[i]} ;;\n"
    "        -*) ;;\n"
    "        *) command=${command:-${COMP_WORDS[i]}} ;;\n"
    "        esac\n"
    "    done\n"
    "    case \"$command $before\" in\n"
    "    *' -C' | *' --directory') _assent_path; return ;;\n"
    "    *' --between') _assent_names annotators; return ;;\n";

/* ---- options ---- */

static void print_options(const struct argp_option *o)
{
    for (; !cmd_options_end(o); o++)
        if (o->name)
            printf(" --%s", o->name);
}

static bool is_path(const char *placeholder)
{
    return strstr(placeholder, "FILE") || strstr(placeholder, "DIR") || strstr(placeholder, "OUT");
}

/* The line of the case for one option that takes a value. */
static void print_value(const struct command *c, const struct argp_option *o)
{
    const char *offer = is_path(o->arg) ? "path" : NULL, *of = "";

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        if (strcmp(o->arg, "N") != 0 && strcmp(o->name, values[i].option) == 0 &&
            (!values[i].command || strcmp(c->name, values[i].command) == 0)) {
            offer = values[i].offer;
            of = values[i].of;
        }
    printf("    '%s --%s'", c->name, o->name);
    if (o->key < 128 && isprint(o->key))
        printf(" | '%s -%c'", c->name, o->key);
    if (!offer) {
        puts(") return ;;");
        return;
    }
    printf(") _assent_%s '%s", offer, of);
    for (size_t i = 0; strcmp(o->name, "format") == 0 && import_format(i); i++)
        printf(" %s", import_format(i));
    puts("'; return ;;");
}

/* ---- arguments ---- */

static void print_arguments(void)
{
    puts("    if [[ -z $command || $word == -* ]]; then\n"
         "        _assent_words \"$options\"\n"
         "        return\n"
         "    fi\n"
         "    case \"$command $before\" in");
    fputs("    'help help') _assent_words 'figures", stdout);
    for (size_t i = 0; commands[i]; i++)
        if (!commands[i]->hidden)
            printf(" %s", commands[i]->name);
    puts("' ;;");
    for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++)
        printf("    '%s '%s) _assent_%s '%s' ;;\n", arguments[i].command,
               arguments[i].before ? arguments[i].before : "*", arguments[i].offer,
               arguments[i].of);
    puts("    esac\n"
         "}\ncomplete -F _assent assent");
}

void print_completion(void)
{
    fputs(head, stdout);
    for (size_t i = 0; commands[i]; i++)
        for (const struct argp_option *o = commands[i]->options; !cmd_options_end(o); o++)
            if (o->name && o->arg && !commands[i]->hidden)
                print_value(commands[i], o);
    puts("    esac\n"
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
    puts("    esac");
    print_arguments();
}

/* ---- names ---- */

int print_names(const char *dir, const char *kind, struct err *e)
{
    struct project *p;
    struct project_names names;
    int rc = project_open(&p, dir, PROJECT_READ, e);

    if (rc < 0)
        return rc;
    rc = job_names(p, kind, &names, e);
    project_close(p);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < names.n; i++)
        if (text_is_printable(names.items[i]))
            puts(names.items[i]);
    names_release(&names);
    return 0;
}
