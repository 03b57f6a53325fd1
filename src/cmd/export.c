/* SPDX-License-Identifier: MIT */
#include "jobs/export.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "jobs/export_accepted.h"
#include "project/project.h"
#include "show/html.h"
#include "show/json.h"
#include "show/show.h"
#include "show/verdicts.h"

struct export_own {
    struct cmd_list annotators;
    const char *path, *format;
    bool design, accepted;
    struct cmd_promise promise;
    bool promised; /* some option of the promise was given */
};

enum { DESIGN = 0x100, ACCEPTED };

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
    { "accepted", ACCEPTED, NULL, 0,
      "a folder FILE with the answers that may be used (accepted.csv, or in the --format), the "
      "cells "
      "that people have to answer (people.csv), and the certificate (certificate.json, .html)",
      0 },
    { NULL, 0, NULL, 0, "With --accepted, what is promised, as assent accept has it:", 1 },
    CMD_PROMISE_OPTIONS,
    { 0 },
};

static void check(const struct export_own *own, struct argp_state *state)
{
    if (!own->path || (!own->format && !own->design && !own->accepted))
        argp_error(state, "name the FILE to write (- for standard output) and its --format");
    if (own->design && (own->format || own->accepted))
        argp_error(state, "--design is a table of its own: without --format or --accepted");
    if (own->design && own->annotators.n > 1)
        argp_error(state, "--design has the labels of one --annotator");
    if (own->accepted && own->annotators.n > 1)
        argp_error(state, "--accepted has the answers of one --annotator");
    if (own->accepted && strcmp(own->path, "-") == 0)
        argp_error(state, "--accepted writes a folder: name it");
    if (own->promised && !own->accepted)
        argp_error(state, "what is promised is said with --accepted");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct export_own *own = in->own;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = in; return 0;
    case 'f': own->format = arg; return 0;
    case 'a': cmd_list_add(&own->annotators, arg, state); return 0;
    case DESIGN: own->design = true; return 0;
    case ACCEPTED: own->accepted = true; return 0;
    case ARGP_KEY_ARG:
        if (own->path)
            argp_error(state, "one file at a time, not also '%s'", arg);
        own->path = arg;
        return 0;
    case ARGP_KEY_END: check(own, state); return 0;
    default:
        if (cmd_parse_promise(key, arg, state, &own->promise) != 0)
            return ARGP_ERR_UNKNOWN;
        own->promised = true;
        return 0;
    }
}

/* ---- what may be used ---- */

static int write_certificate(const struct accepted_result *r, struct err *e)
{
    struct page *p = show_certificate(&r->acceptance);
    struct json_t *document = NULL;
    char *text = NULL;
    struct writer *w;
    int rc = page_json(p, &document, e);

    if (rc == 0 && !(text = jv_print(document)))
        rc = err_set(e, ERR_NOMEM, "out of memory: the certificate");
    if (rc == 0)
        rc = writer_open(&w, r->certificate_path, e);
    if (rc == 0) {
        fprintf(writer_file(w), "%s\n", text);
        rc = writer_commit(w, e);
    }
    if (rc == 0)
        rc = writer_open(&w, r->page_path, e);
    if (rc == 0) {
        const struct html_look look = { .title = "Certificate: what may be used",
                                        .footer = "assent " ASSENT_VERSION };

        rc = writer_end(w, page_html(p, writer_file(w), &look, e), e);
    }
    jv_free(document);
    free(text);
    page_free(p);
    return rc;
}

static int run_accepted(const struct globals *g, const struct export_own *own, struct err *e)
{
    struct accepted_options o = { .folder = own->path,
                                  .format = own->format ? own->format : "long",
                                  .accept = cmd_promised(&own->promise),
                                  .events = &log_events };
    struct accepted_result r;
    char n[2][TEXT_COUNT_MAX];
    struct project *p;
    int rc = project_open(&p, g->dir, PROJECT_WRITE, e);

    if (rc < 0)
        return rc;
    o.accept.annotator = own->annotators.n > 0 ? own->annotators.items[0] : NULL;
    rc = job_export_accepted(p, &o, &r, e);
    if (rc < 0) {
        project_close(p);
        return rc;
    }
    rc = write_certificate(&r, e);
    if (rc == 0 && g->json)
        rc = cmd_print(g, show_accepted(&r), e);
    else if (rc == 0)
        log_info("wrote %s with %s, %s with %s for people, and the certificate: %s",
                 r.accepted_path, text_count(r.accepted, "accepted answer", n[0]), r.people_path,
                 text_count(r.waiting, "cell", n[1]), r.page_path);
    accepted_result_release(&r);
    project_close(p); /* whose task the result speaks of */
    return rc;
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
    int rc;

    if (own->accepted)
        return run_accepted(g, own, e);
    rc = project_open(&p, g->dir, PROJECT_READ, e);
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
               "  assent export sample.csv --design\n"
               "  assent export accepted/ --accepted --max-error 5%",
    .options = options,
    .parse = parse,
    .size = sizeof(struct export_own),
    .run = run,
};
