/* SPDX-License-Identifier: MIT */
#include "show/ledger.h"

#include <math.h>

enum { RUNS_SHOWN = 12 };

/* ---- words ---- */

struct run_row {
    const char *started, *annotator, *machine, *remark;
    double hours, machine_cost, token_cost, cost;
};

#define RUN(member) .at = offsetof(struct run_row, member)

static const struct figure run_figures[] = {
    { "started", "run of", NULL, FIGURE_TEXT, RUN(started), .rank = 1 },
    { "annotator", "model", NULL, FIGURE_TEXT, RUN(annotator) },
    { "machine", "machine", NULL, FIGURE_TEXT, RUN(machine), .rank = 3 },
    { "hours", "hours", NULL, FIGURE_NUMBER, RUN(hours), .decimals = 2, .rank = 2 },
    { "machine_cost", "machine's", NULL, FIGURE_MONEY, RUN(machine_cost), .rank = 2 },
    { "token_cost", "tokens'", NULL, FIGURE_MONEY, RUN(token_cost), .rank = 2 },
    { "cost", "cost", NULL, FIGURE_MONEY, RUN(cost) },
    { "remark", "remark", NULL, FIGURE_TEXT, RUN(remark), .rank = 1 },
    { 0 },
};

static void show_runs(struct page *p, const struct ledger *l)
{
    struct table *t = page_table(p, &(struct layout){ .parts = { run_figures } });
    char remark[96];

    for (size_t i = 0; i < l->n_runs && i < RUNS_SHOWN; i++) {
        const struct ledger_run *r = &l->runs[i];
        struct run_row row = { r->started, r->annotator,    r->machine,    remark,
                               r->hours,   r->machine_cost, r->token_cost, r->cost };

        snprintf(remark, sizeof(remark), "%s%s%s", r->unknown ? r->unknown : "",
                 r->unknown && r->withdrawn ? ", " : "", r->withdrawn ? "withdrawn" : "");
        table_row(t, NULL, (const void *[]){ &row, NULL, NULL, NULL });
    }
    if (l->n_runs > RUNS_SHOWN)
        page_note(p, "and %zu runs before: --json has all", l->n_runs - RUNS_SHOWN);
}

static void show_models(struct page *p, const struct ledger *l)
{
    struct table *t = page_table(
        p, &(struct layout){ .parts = { figures_ledger_models }, .hidden = l->n_models == 0 });

    table_list(t, "models");
    for (size_t i = 0; i < l->n_models; i++)
        table_row(t, "models[]", (const void *[]){ &l->models[i], NULL, NULL, NULL });
}

/* People whose time nobody knows are in the document only. */
static void show_people(struct page *p, const struct ledger *l)
{
    struct table *t = page_table(
        p, &(struct layout){ .parts = { figures_ledger_people }, .hidden = l->n_people == 0 });

    table_list(t, "people");
    for (size_t i = 0; i < l->n_people; i++)
        table_row(t, "people[]", (const void *[]){ &l->people[i], NULL, NULL, NULL });
}

static void say_sums(struct page *p, const struct ledger *l)
{
    const struct figure money = { .kind = FIGURE_MONEY };
    char all[FIGURE_TEXT_MAX], each[FIGURE_TEXT_MAX], n[3][TEXT_COUNT_MAX];

    figure_text(&money, &(struct value){ .number = { l->cost } }, 0, all);
    if (isnan(l->cost))
        page_note(p, "What all this cost is not known: prices: in assent.yaml, or the time that "
                     "runs and answers took, are missing.");
    else
        page_note(p, "%s %s in all that is known; %s and %s are not in it.", all, l->currency,
                  text_count(l->unknown, "run", n[0]),
                  text_count(l->unknown_people, "person", n[1]));
    if (isnan(l->accepted_cost))
        return;
    figure_text(&money, &(struct value){ .number = { l->accepted_cost } }, 0, each);
    page_note(p, "That is %s %s for each of %s that a verdict accepts.", each, l->currency,
              text_count(l->accepted, "label", n[2]));
}

static void say_what_is_counted(struct page *p, const struct ledger *l)
{
    bool stated = false, unseen = false;

    for (size_t i = 0; i < l->n_models; i++) {
        stated = stated || text_equal(l->models[i].basis, "stated");
        unseen = unseen || isnan(l->models[i].right);
    }
    if (stated)
        page_note(p, "Where a model has no run that was priced, its next image is reckoned from "
                     "the speed that assent.yaml states.");
    if (unseen)
        page_note(p, "How many labels are right is not known without a random sample: assent "
                     "review --sample N draws one.");
}

/* ---- data ---- */

static struct json_t *run_json(const struct ledger_run *r)
{
    return jv_pack("{s:I, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "id",
                   (long long)r->id, "annotator", r->annotator, "started", r->started, "machine",
                   r->machine ? jv_pack("s", r->machine) : jv_pack("n"), "images",
                   r->ended ? jv_pack("I", (long long)r->images) : jv_pack("n"), "answers",
                   r->ended ? jv_pack("I", (long long)r->answers) : jv_pack("n"), "hours",
                   jv_real(r->hours), "machine_cost", jv_real(r->machine_cost), "token_cost",
                   jv_real(r->token_cost), "cost", jv_real(r->cost), "withdrawn", r->withdrawn,
                   "unknown", r->unknown ? jv_pack("s", r->unknown) : jv_pack("n"));
}

void ledger_blocks(struct page *p, const struct ledger *l)
{
    struct json_t *runs = jv_array();

    page_open(p, "ledger", PAGE_OBJECT, false);
    page_text(p, "currency", l->currency);
    if (l->n_models > 0 || l->n_people > 0 || l->n_runs > 0)
        page_heading(p, "What has been spent");
    show_models(p, l);
    show_people(p, l);
    if (l->n_runs > 0)
        show_runs(p, l);
    if (l->n_models > 0 || l->n_people > 0)
        say_sums(p, l);
    say_what_is_counted(p, l);
    page_figures(p, figures_ledger, l);
    for (size_t i = 0; i < l->n_runs; i++)
        jv_append(runs, run_json(&l->runs[i]));
    page_set(p, "runs", runs);
    page_close(p);
}
