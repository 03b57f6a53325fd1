/* SPDX-License-Identifier: MIT */
#include "jobs/report.h"

#include <string.h>

#include "cmd/cmd.h"
#include "project/project.h"
#include "show/html.h"
#include "show/show.h"

enum { KEY_BY = 0x100, KEY_BETWEEN, KEY_RESAMPLES, KEY_SEED, KEY_INTERVAL, KEY_HTML };

struct report_own {
    struct report_options options;
    const char *html; /* the file; NULL: none */
};

static const struct argp_option options[] = {
    { "by", KEY_BY, "COLUMN", 0, "also for the images of each value of this metadata column", 0 },
    { "between", KEY_BETWEEN, "A B", 0,
      "the two annotators to compare (default: the first model and the first of the"
      " people who labelled in bulk)",
      0 },
    { "resamples", KEY_RESAMPLES, "N", 0, "of the bootstrap (default 2000; 0: none)", 0 },
    { "seed", KEY_SEED, "N", 0, "of the bootstrap (default 1)", 0 },
    { "html", KEY_HTML, "FILE", 0,
      "write it as one page that can be mailed and printed, in place of the terminal's", 0 },
    { "interval", KEY_INTERVAL, "KIND", 0, CMD_INTERVAL_HELP, 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct report_own *own = in->own;
    struct report_options *o = &own->options;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = in;
        o->resamples = AGREE_RESAMPLES;
        o->seed = 1;
        return 0;
    case KEY_BY: o->by = arg; return 0;
    case KEY_BETWEEN:
        if (state->next >= state->argc)
            argp_error(state, "--between takes two annotators");
        o->between[0] = arg;
        o->between[1] = state->argv[state->next++];
        return 0;
    case KEY_RESAMPLES: o->resamples = cmd_number(arg, 1000000, "--resamples", state); return 0;
    case KEY_SEED: o->seed = cmd_number(arg, UINT64_MAX, "--seed", state); return 0;
    case KEY_INTERVAL: o->interval = cmd_interval(arg, state); return 0;
    case KEY_HTML: own->html = arg; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* The page is freed. */
static int write_html(struct page *page, const struct report_result *r, const char *path,
                      struct err *e)
{
    struct html_look look = { .title = r->task->name, .footer = "assent " ASSENT_VERSION };
    struct writer *w;
    int rc = writer_open(&w, path, e);

    if (rc == 0)
        rc = writer_end(w, page_html(page, writer_file(w), &look, e), e);
    if (rc == 0 && strcmp(path, "-") != 0)
        log_info("wrote %s", path);
    page_free(page);
    return rc;
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    const struct report_own *own = own_options;
    struct report_options o = own->options;
    struct report_result result;
    struct project *p;
    int rc = project_open(&p, g->dir, PROJECT_READ, e);

    if (rc < 0)
        return rc;
    o.events = &log_events;
    rc = job_report(p, &o, &result, e);
    if (rc == 0) {
        if (own->html)
            rc = write_html(show_report(&result), &result, own->html, e);
        if (rc == 0 && (!own->html || g->json))
            rc = cmd_print(g, show_report(&result), e);
        report_result_release(&result);
    }
    project_close(p);
    return rc;
}

const struct command cmd_report = {
    .name = "report",
    .args = "",
    .summary = "what may be used, quality, bias, rules, cost and alarms, at once",
    .doc = "What can be seen at once: which answers may be used, alarms and what to do next; then "
           "the questions, agreement before and after people settled disputes, rare answers "
           "missed, how often each annotator says yes, rules broken, and what it all costs. "
           "Changes nothing. What each figure means: assent help figures.",
    .example = "Examples:\n  assent report --by gender\n  assent report --html report.html",
    .options = options,
    .parse = parse,
    .size = sizeof(struct report_own),
    .run = run,
};
