/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "cmd/cmd.h"
#include "report/report.h"

enum { KEY_BY = 0x100, KEY_GROUP, KEY_RESAMPLES, KEY_SEED };

struct agree_own {
    struct cmd_list names;
    struct agree_options options;
    bool resamples_given;
};

static const struct argp_option options[] = {
    { "by", KEY_BY, "COLUMN", 0, "also for the images of each value of this metadata column", 0 },
    { "group", KEY_GROUP, "NAME", 0, "only the questions of this group", 0 },
    { "resamples", KEY_RESAMPLES, "N", 0, "of the bootstrap (default 2000; 0: none)", 0 },
    { "seed", KEY_SEED, "N", 0, "of the bootstrap (default 1)", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct agree_own *own = in->own;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = in;
        own->options.seed = 1;
        own->options.resamples = AGREE_RESAMPLES;
        return 0;
    case KEY_BY: own->options.by = arg; return 0;
    case KEY_GROUP: own->options.group = arg; return 0;
    case KEY_RESAMPLES:
        own->options.resamples = cmd_number(arg, 1000000, "--resamples", state);
        return 0;
    case KEY_SEED: own->options.seed = cmd_number(arg, UINT64_MAX, "--seed", state); return 0;
    case ARGP_KEY_ARG: cmd_list_add(&own->names, arg, state); return 0;
    case ARGP_KEY_END:
        if (own->names.n == 1)
            argp_error(state, "name two annotators or more, or none for the usual two");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* ---- tables ---- */

static void header(struct table *t, bool two)
{
    static const char *const names[] = { "n", "agree", "95 %", "kappa", "AC1", "alpha" };
    static const char *const pair[] = { "yes 1st", "yes 2nd", "precision", "recall", "F1" };

    table_cell(t, "question");
    for (size_t i = 0; i < 6; i++)
        table_cell(t, "%s", names[i]);
    if (!two)
        table_cell(t, "Fleiss");
    for (size_t i = 0; two && i < 5; i++)
        table_cell(t, "%s", pair[i]);
}

static void row(struct table *t, const char *name, const struct stats_figures *f, bool two)
{
    table_cell(t, "%s", name);
    table_count(t, f->n);
    table_number(t, f->agreement, 3);
    table_interval(t, isnan(f->bootstrap.low) ? f->wilson : f->bootstrap, 3);
    table_number(t, f->kappa, 3);
    table_number(t, f->ac1, 3);
    table_number(t, f->alpha, 3);
    if (!two) {
        table_number(t, f->fleiss_kappa, 3);
        return;
    }
    table_number(t, f->positive_rate[0], 3);
    table_number(t, f->positive_rate[1], 3);
    table_number(t, f->precision, 3);
    table_number(t, f->recall, 3);
    table_number(t, f->f1, 3);
}

static int print_rows(const struct project *p, const struct agree_result *r, struct err *e)
{
    bool two = r->n_names == 2;
    struct table *t = table_new(two ? "lrrrrrrrrrrr" : "lrrrrrrr");

    header(t, two);
    for (size_t c = 0; c < r->all->n_columns; c++)
        row(t, p->task->columns[r->columns[c]].name, &r->all->columns[c], two);
    table_rule(t);
    for (size_t g = 0; g < r->all->n_groups; g++)
        row(t, r->groups[g], &r->all->groups[g], two);
    row(t, "macro (mean of questions)", &r->all->macro, two);
    row(t, "pooled (all cells)", &r->all->pooled, two);
    return table_end(t, stdout, e);
}

static int print_parts(const struct agree_result *r, struct err *e)
{
    bool two = r->n_names == 2;
    struct table *t;

    if (!r->by)
        return 0;
    printf("\nAll cells, by %s\n", r->by);
    t = table_new(two ? "lrrrrrrrrrrr" : "lrrrrrrr");
    header(t, two);
    for (size_t i = 0; i < r->n_parts; i++)
        row(t, r->parts[i].value, &r->parts[i].agreement->pooled, two);
    return table_end(t, stdout, e);
}

/* ---- around them ---- */

static void print_intervals(const struct agree_result *r, const struct stats_figures *f)
{
    if (!isnan(f->wilson.low))
        printf("95 %% taking cells as independent (Wilson): %.4f - %.4f\n", f->wilson.low,
               f->wilson.high);
    if (!isnan(f->bootstrap.low))
        printf("95 %% drawing whole images (bootstrap, %zu resamples, seed %llu): %.4f - %.4f\n",
               r->resamples, (unsigned long long)r->seed, f->bootstrap.low, f->bootstrap.high);
}

static void print_kappa(const struct agree_result *r, const struct stats_figures *f)
{
    size_t undefined = r->all->n_columns - r->all->macro_kappa_columns;

    if (isnan(f->kappa))
        printf("Kappa: undefined, nothing varies");
    else
        printf("Kappa: %.3f pooled, %.3f as the mean of %zu questions", f->kappa,
               r->all->macro.kappa, r->all->macro_kappa_columns);
    if (undefined > 0 && !isnan(f->kappa))
        printf(" (undefined on %zu: no variation)", undefined);
    puts(".");
    if (f->table_columns > 0 && f->table_columns < r->all->n_columns)
        printf("Pooled kappa, AC1, alpha and rates are those of the %zu yes/no columns.\n",
               f->table_columns);
}

static void print_pooled(const struct agree_result *r)
{
    const struct stats_figures *f = &r->all->pooled;
    char n[3][32];

    printf("\nAgreement %.6f on %s of %s cells that %s answered (coverage %.4f); with abstentions "
           "as errors %.6f.\n",
           f->agreement, text_grouped(f->n, n[0]), text_grouped(f->asked, n[1]),
           r->n_names == 2 ? "both" : "two", f->coverage, f->agreement_with_abstentions);
    if (f->missing > 0)
        printf("%s cells were answered by one of them only, and left out.\n",
               text_grouped(f->missing, n[2]));
    print_intervals(r, f);
    print_kappa(r, f);
}

static void print_title(const struct agree_result *r)
{
    char n[32];

    for (size_t a = 0; a < r->n_names; a++)
        printf("%s%s (%s)",
               a == 0                ? ""
               : a + 1 == r->n_names ? " and "
                                     : ", ",
               r->names[a], task_annotator_kind_name(r->kinds[a]));
    printf(", %s images\n\n", text_grouped(r->n_images, n));
}

static int print_agreement(const struct project *p, const struct agree_result *r, struct err *e)
{
    int rc;

    print_title(r);
    rc = print_rows(p, r, e);
    if (rc == 0)
        print_pooled(r);
    if (rc == 0)
        rc = print_parts(r, e);
    if (r->selective)
        log_warn("%s labelled only cells on which the others differ: coefficients over all of them "
                 "are not"
                 " comparable with those of annotators who labelled everything",
                 r->selective);
    return rc;
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    const struct agree_own *own = own_options;
    struct agree_options o = own->options;
    struct agree_result result;
    struct project *p;
    int rc = project_open(&p, g->dir, PROJECT_READ, e);

    if (rc < 0)
        return rc;
    o.names = own->names.n > 0 ? own->names.items : NULL;
    o.n_names = own->names.n;
    rc = agree(p, &o, &result, e);
    if (rc == 0) {
        rc = g->json ? cmd_print_json(agree_json(p, &result), e) : print_agreement(p, &result, e);
        agree_result_release(&result);
    }
    project_close(p);
    return rc;
}

const struct command cmd_agree = {
    .name = "agree",
    .args = "[A B [C ..]]",
    .summary = "agreement of annotators, per question and over all",
    .doc = "Compares two or more annotators: agreement, kappa, AC1, alpha, rates of yes, precision "
           "and recall of the"
           " first against the second, with 95 % intervals. Without names: the first model and the "
           "first of the people"
           " who labelled in bulk. The stored consensus is called consensus. Formulas: "
           "docs/statistics.md.",
    .example = "Examples:\n"
               "  assent agree llava-next-8b celeba\n"
               "  assent agree llava-next-8b consensus --group objective --json",
    .options = options,
    .parse = parse,
    .size = sizeof(struct agree_own),
    .run = run,
};
