/* SPDX-License-Identifier: MIT */
#include "jobs/export.h"

#include <string.h>

#include "cmd/cmd.h"
#include "project/project.h"
#include "show/show.h"

struct export_own {
    struct cmd_list annotators;
    const char *path, *format;
    bool design;
};

enum { DESIGN = 256 };

static const struct argp_option options[] = {
    { "format", 'f', "NAME", 0, "one of {formats}", 0 },
    { "annotator", 'a', "NAME", 0,
      "whose labels, or consensus; for long and study several times (default there: everybody's)",
      0 },
    { "design", DESIGN, NULL, 0,
      "in place of a format: each cell of the newest random sample's frame, what people say (y), "
      "the "
      "label (f, the model's, or --annotator's), whether it was seen (R), with which probability "
      "(pi)",
      0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct export_own *own = in->own;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = in; return 0;
    case 'f': own->format = arg; return 0;
    case 'a': cmd_list_add(&own->annotators, arg, state); return 0;
    case DESIGN: own->design = true; return 0;
    case ARGP_KEY_ARG:
        if (own->path)
            argp_error(state, "one file at a time, not also '%s'", arg);
        own->path = arg;
        return 0;
    case ARGP_KEY_END:
        if (!own->path || (!own->format && !own->design))
            argp_error(state, "name the FILE to write (- for standard output) and its --format");
        if (own->format && own->design)
            argp_error(state, "--design is a table of its own: without --format");
        if (own->design && own->annotators.n > 1)
            argp_error(state, "--design has the labels of one --annotator");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    const struct export_own *own = own_options;
    struct export_options o = { own->path, own->format, own->annotators.items, own->annotators.n,
                                &log_events };
    bool to_stdout = strcmp(own->path, "-") == 0;
    struct export_result result;
    char cells[TEXT_COUNT_MAX], images[TEXT_COUNT_MAX];
    struct project *p;
    int rc = project_open(&p, g->dir, PROJECT_READ, e);

    if (rc < 0)
        return rc;
    rc = own->design ? job_export_design(p, &o, &result, e) : job_export(p, &o, &result, e);
    project_close(p);
    if (rc < 0)
        return rc;
    if (result.stale)
        log_warn("the consensus is older than the newest answers: assent consensus makes it anew");
    if (g->json && !to_stdout)
        return cmd_print(g, show_export(&result), e);
    log_info("wrote %s: %s of %s, format %s", to_stdout ? "to standard output" : own->path,
             text_count(result.cells, "cell", cells), text_count(result.images, "image", images),
             result.format);
    return 0;
}

const struct command cmd_export = {
    .name = "export",
    .args = "FILE",
    .summary = "write labels in a format other tools read",
    .doc = "Writes an annotator's labels, or the consensus, to a file: whole or not at all. "
           "label-studio also writes"
           " the labelling configuration beside it (.xml); study writes a folder.",
    .example = "Examples:\n"
               "  assent export labels.csv --format csv --annotator consensus\n"
               "  assent export votes.csv --format long\n"
               "  assent export - --format jsonl --annotator llava-next-8b\n"
               "  assent export sample.csv --design",
    .options = options,
    .parse = parse,
    .size = sizeof(struct export_own),
    .run = run,
};
