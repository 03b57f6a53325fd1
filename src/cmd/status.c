/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cmd/cmd.h"
#include "report/report.h"

static int print_annotators(const struct project *p, const struct status_result *r, struct err *e)
{
    double cells = (double)(r->images.n * p->task->n_columns);
    struct table *t = table_new("llrrrr");
    static const char *const names[] = { "annotator",    "kind",        "labels",
                                         "of all cells", "abstentions", "single votes" };

    for (size_t i = 0; i < 6; i++)
        table_cell(t, "%s", names[i]);
    for (size_t i = 0; i < r->known.n; i++) {
        table_cell(t, "%s", r->annotators[i].name);
        table_cell(t, "%s", task_annotator_kind_name(r->annotators[i].kind));
        table_count(t, r->annotators[i].labels);
        table_percent(t, (double)r->annotators[i].labels / cells);
        table_count(t, r->annotators[i].abstentions);
        table_count(t, r->annotators[i].votes);
    }
    return table_end(t, stdout, e);
}

static int print_runs(const struct status_result *r, struct err *e)
{
    struct table *t = table_new("rlllll");
    static const char *const names[] = { "run", "annotator", "started", "by", "source", "sha256" };

    puts("\nNewest runs");
    for (size_t i = 0; i < 6; i++)
        table_cell(t, "%s", names[i]);
    for (size_t i = 0; i < r->n_runs; i++) {
        table_cell(t, "%lld", (long long)r->runs[i].id);
        table_cell(t, "%s", r->runs[i].annotator);
        table_cell(t, "%s", r->runs[i].started);
        table_cell(t, "%s", r->runs[i].by_whom);
        table_cell(t, "%s", r->runs[i].source);
        table_cell(t, "%.12s", r->runs[i].source_sha256);
    }
    return table_end(t, stdout, e);
}

static void print_next(const struct status_result *r)
{
    char n[3][32];

    for (size_t i = 0; i < r->known.n; i++)
        if (r->annotators[i].other_words > 0)
            printf("\n%s gave %s answers to other words than assent.yaml has now: they count; "
                   "assent annotate asks again.\n",
                   r->annotators[i].name, text_grouped(r->annotators[i].other_words, n[0]));

    if (r->known.n == 0) {
        puts("  nothing is imported yet: assent import FILE --annotator NAME, or assent annotate");
        return;
    }
    if (!r->pair[0]) {
        puts("\nOne annotator: import a second one's labels to compare.");
        return;
    }
    printf("\n%s and %s differ on %s of %s cells; %s of these have a single vote.\n", r->pair[0],
           r->pair[1], text_grouped(r->disputed, n[0]), text_grouped(r->compared, n[1]),
           text_grouped(r->disputed_with_vote, n[2]));
    if (r->stale_consensus)
        puts("The consensus is older than the newest answers: assent consensus makes it anew.");
}

static int print_status(const struct project *p, const struct globals *g,
                        const struct status_result *r, struct err *e)
{
    char n[2][32];
    int rc = 0;

    printf("%s: %s images, %zu questions, %s cells\n\n", p->task->name,
           text_grouped(r->images.n, n[0]), p->task->n_questions,
           text_grouped(r->images.n * p->task->n_columns, n[1]));
    if (r->known.n > 0)
        rc = print_annotators(p, r, e);
    print_next(r);
    if (rc == 0)
        rc = cmd_print_progress(&r->review, e);
    return rc == 0 && g->verbose && r->known.n > 0 ? print_runs(r, e) : rc;
}

static int run(const struct globals *g, const void *own, struct err *e)
{
    struct status_result result;
    struct project *p;
    int rc = project_open(&p, g->dir, PROJECT_READ, e);

    (void)own;
    if (rc < 0)
        return rc;
    rc = status(p, &result, e);
    if (rc == 0) {
        rc = g->json ? cmd_print_json(status_json(p, &result), e) : print_status(p, g, &result, e);
        status_result_release(&result);
    }
    project_close(p);
    return rc;
}

const struct command cmd_status = {
    .name = "status",
    .args = "",
    .summary = "what the project holds, and what is next",
    .doc = "Counts images, answers, disputes and votes. With -v also the newest runs: who brought "
           "which answers, when,"
           " from which file.",
    .example = "Example:\n  assent -C faces status -v",
    .run = run,
};
