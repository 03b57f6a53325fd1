/* SPDX-License-Identifier: MIT */
#include "jobs/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cmd.h"
#include "project/project.h"
#include "show/html.h"
#include "show/picture.h"
#include "show/show.h"

enum { KEY_BY = 0x100, KEY_BETWEEN, KEY_RESAMPLES, KEY_SEED, KEY_INTERVAL, KEY_HTML, KEY_PICTURES };
enum { EMBEDDED_MAX = 10 << 20 /* bytes of pictures, as text, in the page itself */ };

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
    { "pictures", KEY_PICTURES, "N", 0,
      "of --html: also the pictures of the N worst disagreements; past 10 MB they are in a folder"
      " beside the file",
      0 },
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
    case KEY_PICTURES: o->pictures = cmd_number(arg, WORST_MAX, "--pictures", state); return 0;
    case ARGP_KEY_END:
        if (o->pictures > 0 && !own->html)
            argp_error(state, "--pictures goes with --html FILE");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* ---- the page ---- */

static int write_file(const char *path, const void *data, size_t len, struct err *e)
{
    struct writer *w;
    int rc = writer_open(&w, path, e);

    if (rc < 0)
        return rc;
    fwrite(data, 1, len, writer_file(w));
    return writer_end(w, 0, e);
}

/* Into folder, which is made where it is not there. */
static int write_pictures(const struct page *page, const char *folder, struct err *e)
{
    const struct picture *picture;
    char name[HTML_PICTURE_NAME];
    int rc = 0;

    if (mkdir(folder, 0777) != 0 && (errno != EEXIST || !file_is_folder(folder)))
        return err_errno(e, "make the folder", folder);
    for (size_t i = 0; rc == 0 && (picture = page_picture_at(page, i)) != NULL; i++) {
        char *path = picture->jpeg ? file_join(folder, html_picture(i, name), e) : NULL;

        if (picture->jpeg)
            rc = path ? write_file(path, picture->jpeg, picture->len, e) : ERR_NOMEM;
        free(path);
    }
    return rc;
}

/* "out/report.html" -> "out/report-pictures", free() it. */
static char *pictures_folder(const char *path, struct err *e)
{
    const char *name = strrchr(path, '/'), *dot = strrchr(name ? name : path, '.');
    struct buf folder = BUF_INIT(1 << 16);
    char *text = NULL;

    buf_add(&folder, path, dot ? (size_t)(dot - path) : strlen(path));
    buf_puts(&folder, "-pictures");
    if (buf_end(&folder, "a folder's name", e) == 0)
        text = buf_take(&folder);
    buf_release(&folder);
    return text;
}

static int write_page(const struct page *page, const struct report_result *r, const char *path,
                      const char *folder, struct err *e)
{
    const char *name = folder ? strrchr(folder, '/') : NULL;
    const struct html_look look = { .title = r->task->name,
                                    .footer = "assent " ASSENT_VERSION,
                                    .folder = name ? name + 1 : folder };
    struct writer *w;
    int rc = folder ? write_pictures(page, folder, e) : 0;

    if (rc == 0)
        rc = writer_open(&w, path, e);
    return rc < 0 ? rc : writer_end(w, page_html(page, writer_file(w), &look, e), e);
}

/* The page is freed. */
static int write_html(struct page *page, const struct report_result *r, const char *path,
                      struct err *e)
{
    bool to_stdout = strcmp(path, "-") == 0;
    bool apart = !to_stdout && page_pictures_size(page) / 3 * 4 > EMBEDDED_MAX;
    char *folder = apart ? pictures_folder(path, e) : NULL;
    int rc = apart && !folder ? ERR_NOMEM : write_page(page, r, path, folder, e);

    if (rc == 0 && !to_stdout)
        log_info("wrote %s%s%s", path, folder ? ", with its pictures in " : "",
                 folder ? folder : "");
    free(folder);
    page_free(page);
    return rc;
}

/* ---- the command ---- */

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
