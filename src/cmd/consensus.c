/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "cmd/cmd.h"
#include "report/report.h"

enum { KEY_METHOD = 0x100, KEY_TIE, KEY_EXTRA };

struct consensus_own {
    struct cmd_list names, extra;
    const char *tie_first;
    bool tie_wants_name;
};

static const struct argp_option options[] = {
    { "method", KEY_METHOD, "NAME", 0, "majority (default)", 0 },
    { "tie", KEY_TIE, "RULE", 0,
      "abstain (default): ties stay open; first NAME: that annotator's value wins", 0 },
    { "annotator", 'a', "NAME", 0,
      "whose labels vote; may stand several times (default: everybody's)", 0 },
    { "extra", KEY_EXTRA, "NAME", 0,
      "whose votes came after a dispute, for the coin-flip baseline (default: those given one by "
      "one)",
      0 },
    { 0 },
};

/* "--tie abstain", "--tie first NAME" (the name is the next word), "--tie 'first NAME'". */
static void parse_tie(struct consensus_own *own, char *arg, struct argp_state *state)
{
    if (strcmp(arg, "abstain") == 0)
        return;
    if (strncmp(arg, "first", 5) != 0 || (arg[5] != '\0' && arg[5] != ' ' && arg[5] != '='))
        argp_error(state, "--tie takes abstain or first NAME, not '%s'", arg);
    if (arg[5] != '\0')
        own->tie_first = arg + 6;
    else if (state->next < state->argc)
        own->tie_first = state->argv[state->next++];
    else
        argp_error(state, "--tie first needs an annotator's name");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct consensus_own *own = in->own;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = in; return 0;
    case KEY_METHOD:
        if (strcmp(arg, "majority") != 0)
            argp_error(state, "no method is called '%s'; there is: majority", arg);
        return 0;
    case KEY_TIE: parse_tie(own, arg, state); return 0;
    case 'a': cmd_list_add(&own->names, arg, state); return 0;
    case KEY_EXTRA: cmd_list_add(&own->extra, arg, state); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* ---- printing ---- */

static int print_annotators(const struct consensus_result *r, struct err *e)
{
    struct table *t = table_new("llrrrr");

    table_cell(t, "annotator");
    table_cell(t, "kind");
    table_cell(t, "labels");
    table_cell(t, "agreement");
    table_cell(t, "by coin flip");
    table_cell(t, "disputes won");
    for (size_t a = 0; a < r->n_annotators; a++) {
        table_cell(t, "%s%s", r->annotators[a].name,
                   r->annotators[a].extra ? " (extra votes)" : "");
        table_cell(t, "%s", task_annotator_kind_name(r->annotators[a].kind));
        table_count(t, r->annotators[a].n);
        table_number(t, r->annotators[a].agreement, 6);
        table_number(t, r->annotators[a].coin_flip, 7);
        if (r->annotators[a].extra)
            table_cell(t, "-");
        else
            table_count(t, r->annotators[a].disputes_won);
    }
    return table_end(t, stdout, e);
}

static void print_sides(const struct consensus_result *r)
{
    char n[2][32];

    if (r->extra_votes == 0)
        return;
    printf("\n%s extra votes, %s of them on disputed cells. They sided with\n",
           text_grouped(r->extra_votes, n[0]), text_grouped(r->extra_on_disputed, n[1]));
    for (size_t a = 0; a < r->n_annotators; a++) {
        const struct consensus_annotator *who = &r->annotators[a];
        struct stats_interval i = who->sided_interval;

        if (who->extra)
            continue;
        printf("  %s %s times: %.5f (95 %%: %.4f - %.4f)\n", who->name,
               text_grouped(who->sided, n[0]), (double)who->sided / (double)r->extra_on_disputed,
               i.low, i.high);
    }
    puts("By coin flip: what agreement would be if each extra vote were a fair draw, computed "
         "exactly.");
}

/* How many of n questions each annotator wins. */
static void print_wins(const struct project *p, const struct consensus_result *r, const char *group)
{
    const char *separator = "";
    size_t ties = 0;

    printf("  %s: ", group ? group : "all questions");
    for (size_t a = 0; a < r->n_annotators; a++) {
        size_t wins = 0;

        for (size_t c = 0; c < p->task->n_columns; c++)
            if ((!group ||
                 text_equal(group, p->task->questions[p->task->columns[c].question].group)) &&
                text_equal(r->questions[c].winner, r->annotators[a].name))
                wins++;
        if (!r->annotators[a].extra)
            printf("%s%s %zu", separator, r->annotators[a].name, wins);
        separator = r->annotators[a].extra ? separator : ", ";
    }
    for (size_t c = 0; c < p->task->n_columns; c++)
        if ((!group || text_equal(group, p->task->questions[p->task->columns[c].question].group)) &&
            text_equal(r->questions[c].winner, "tie"))
            ties++;
    printf(", tied %zu\n", ties);
}

static int print_questions(const struct project *p, const struct consensus_result *r, struct err *e)
{
    struct table *t = table_new("lrrl");

    puts("\nQuestions won on their disputed cells");
    print_wins(p, r, NULL);
    for (size_t g = 0; g < r->n_groups; g++)
        print_wins(p, r, r->group_names[g]);
    putchar('\n');
    table_cell(t, "question");
    table_cell(t, "disputed");
    table_cell(t, "ties");
    table_cell(t, "winner");
    for (size_t c = 0; c < p->task->n_columns; c++) {
        table_cell(t, "%s", p->task->columns[c].name);
        table_count(t, r->questions[c].disputed);
        table_count(t, r->questions[c].ties);
        table_cell(t, "%s", r->questions[c].winner ? r->questions[c].winner : "-");
    }
    return table_end(t, stdout, e);
}

static int print_consensus(const struct project *p, const struct consensus_result *r, struct err *e)
{
    char n[4][32];
    int rc;

    printf(
        "Majority of %zu annotators: %s cells, %s disputed, %s tied (%s)\n\n", r->n_annotators,
        text_grouped(r->cells, n[0]), text_grouped(r->disputed, n[1]), text_grouped(r->ties, n[2]),
        r->tie_first ? "the value of the annotator named by --tie wins" : "tied cells stay open");
    rc = print_annotators(r, e);
    if (rc < 0)
        return rc;
    print_sides(r);
    rc = print_questions(p, r, e);
    if (r->had_one)
        printf("\n%s cells changed since the last consensus.\n", text_grouped(r->changed, n[0]));
    if (r->open_ties > 0)
        log_info("%s tied cells have no value: --tie first NAME settles them",
                 text_grouped(r->open_ties, n[3]));
    return rc;
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    const struct consensus_own *own = own_options;
    struct consensus_options o = { .tie_first = own->tie_first };
    struct consensus_result result;
    struct project *p;
    int rc = project_open(&p, g->dir, PROJECT_WRITE, e);

    if (rc < 0)
        return rc;
    o.names = own->names.n > 0 ? own->names.items : NULL;
    o.n_names = own->names.n;
    o.extra = own->extra.n > 0 ? own->extra.items : NULL;
    o.n_extra = own->extra.n;
    rc = consensus(p, &o, &result, e);
    if (rc == 0) {
        rc = g->json ? cmd_print_json(consensus_json(p, &result), e)
                     : print_consensus(p, &result, e);
        consensus_result_release(&result);
    }
    project_close(p);
    return rc;
}

const struct command cmd_consensus = {
    .name = "consensus",
    .args = "",
    .summary = "one value per cell, by vote",
    .doc = "Gives each cell the value that most annotators gave it, keeps that as the labels of "
           "'consensus', and says how"
           " far each annotator agrees with it, beside what fair coins in place of the extra votes "
           "would give.",
    .example = "Examples:\n"
               "  assent consensus\n"
               "  assent consensus --tie first celeba --json",
    .options = options,
    .parse = parse,
    .size = sizeof(struct consensus_own),
    .run = run,
};
