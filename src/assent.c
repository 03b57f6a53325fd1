/* SPDX-License-Identifier: MIT
 *
 * assent.c - the library's door: include/assent.h over the jobs, as main.c is the program's.
 */
#include "assent.h"

#include <stdlib.h>
#include <string.h>

#include "jobs/agree.h"
#include "jobs/annotate.h"
#include "jobs/consensus.h"
#include "jobs/export.h"
#include "jobs/import.h"
#include "jobs/import_images.h"
#include "jobs/plan.h"
#include "jobs/report.h"
#include "jobs/status.h"
#include "project/project.h"
#include "show/json.h"
#include "show/show.h"

_Static_assert((int)ASSENT_CANCELLED == (int)ERR_INTERRUPTED, "one code for what was cancelled");
_Static_assert((int)ASSENT_WARNING == (int)EVENT_WARNING, "messages have one order");

struct assent {
    struct project *project;
};

/* ---- results and errors ---- */

/* Takes an error of ours to the caller's. */
static int give_error(struct assent_error *error, int rc, const struct err *e)
{
    if (rc >= 0 || !error)
        return rc < 0 ? rc : 0;
    error->code = rc;
    err_text(e, error->message);
    return rc;
}

/* The document of a page, which is freed. */
static int give_page(char **json, struct page *page, struct err *e)
{
    struct json_t *document;
    int rc = page_json(page, &document, e);

    page_free(page);
    if (rc < 0)
        return rc;
    *json = jv_print(document);
    jv_free(document);
    return *json ? 0 : err_set(e, ERR_NOMEM, "out of memory: the JSON document");
}

/* ---- options ---- */

/* Copies options of the caller's version: what it does not know is zero, and what we do not know
 * must be. */
static int take_options(void *own, size_t own_size, const void *given, struct err *e)
{
    size_t size = given ? *(const size_t *)given : 0;
    const unsigned char *bytes = given;

    if (size < sizeof(size_t)) {
        err_set(e, ERR_ARG, "no options, or their size is not set");
        return err_hint(e, "ASSENT_OPTIONS(job) in the initialiser sets it");
    }
    for (size_t i = own_size; i < size; i++)
        if (bytes[i] != 0)
            return err_set(e, ERR_ARG, "an option that this version of the library does not know");
    memset(own, 0, own_size);
    memcpy(own, given, size < own_size ? size : own_size);
    return 0;
}

static int need(const char *option, const char *name, struct err *e)
{
    return option ? 0 : err_set(e, ERR_ARG, "the option '%s' is missing", name);
}

/* ---- events ---- */

static void tell_progress(void *data, const struct progress *p)
{
    const struct assent_events *to = data;

    if (to->progress)
        to->progress(to->data, p->verb, p->unit, p->done, p->total);
}

static void tell_message(void *data, enum event_kind kind, const char *text)
{
    const struct assent_events *to = data;

    if (to->message)
        to->message(to->data, (enum assent_message)kind, text);
}

static bool ask_cancelled(void *data)
{
    const struct assent_events *to = data;

    return to->cancelled && to->cancelled(to->data) != 0;
}

static struct events events_to(struct assent_events *to)
{
    return (struct events){ tell_progress, tell_message, ask_cancelled, to };
}

/* ---- a project ---- */

const char *assent_version(void)
{
    return ASSENT_VERSION;
}

int assent_init(const char *dir, const char *preset, struct assent_error *error)
{
    struct err e;
    char *path;
    int rc = project_init(dir, preset, &path, &e);

    free(path);
    return give_error(error, rc, &e);
}

int assent_open(struct assent **project, const char *dir, struct assent_error *error)
{
    struct err e;
    struct assent *a = mem_new(1, sizeof(*a), &e);
    int rc = a ? project_open(&a->project, dir, PROJECT_WRITE, &e) : ERR_NOMEM;

    if (rc < 0) {
        free(a);
        a = NULL;
    }
    *project = a;
    return give_error(error, rc, &e);
}

void assent_close(struct assent *project)
{
    if (project)
        project_close(project->project);
    free(project);
}

void assent_free(char *json)
{
    free(json);
}

/* ---- jobs ---- */

union options { /* what a call was given, in this version's shape */
    struct {    /* each begins so */
        size_t size;
        struct assent_events events;
    } any;
    struct assent_import_options import;
    struct assent_import_images_options images;
    struct assent_annotate_options annotate;
    struct assent_agree_options agree;
    struct assent_consensus_options consensus;
    struct assent_report_options report;
    struct assent_export_options export;
};

/* Runs the job and gives its document. */
typedef int run_job(struct project *p, const union options *o, const struct events *events,
                    char **json, struct err *e);

static int call(struct assent *project, run_job *run, const void *options, size_t size, char **json,
                struct assent_error *error)
{
    union options own;
    struct events events;
    struct err e;
    int rc = take_options(&own, size, options, &e);

    *json = NULL;
    if (rc == 0) {
        events = events_to(&own.any.events);
        rc = run(project->project, &own, &events, json, &e);
    }
    return give_error(error, rc, &e);
}

static int run_import(struct project *p, const union options *o, const struct events *events,
                      char **json, struct err *e)
{
    const struct import_options own = { .path = o->import.path,
                                        .annotator = o->import.annotator,
                                        .kind = o->import.kind,
                                        .format = o->import.format,
                                        .strict = o->import.strict != 0,
                                        .add_images = o->import.add_images != 0,
                                        .skip_unknown = o->import.skip_unknown != 0,
                                        .events = events };
    struct import_result r;
    int rc = need(own.path, "path", e);

    if (rc == 0)
        rc = job_import(p, &own, &r, e);
    if (rc < 0)
        return rc;
    rc = give_page(json, show_import(&r), e);
    import_result_release(&r);
    return rc;
}

static int run_import_images(struct project *p, const union options *o, const struct events *events,
                             char **json, struct err *e)
{
    const struct images_options own = { .path = o->images.path, .events = events };
    struct images_result r;
    int rc = need(own.path, "path", e);

    if (rc == 0)
        rc = job_import_images(p, &own, &r, e);
    if (rc < 0)
        return rc;
    rc = give_page(json, show_import_images(&r), e);
    images_result_release(&r);
    return rc;
}

static struct annotate_options annotate_options(const union options *o, const struct events *events)
{
    return (struct annotate_options){ .annotator = o->annotate.annotator,
                                      .as = o->annotate.as,
                                      .limit = o->annotate.limit,
                                      .sample = o->annotate.sample,
                                      .seed = o->annotate.seed > 0 ? o->annotate.seed : 1,
                                      .retry_errors = o->annotate.retry_errors != 0,
                                      .take_over = o->annotate.take_over != 0,
                                      .events = events };
}

static int run_annotate(struct project *p, const union options *o, const struct events *events,
                        char **json, struct err *e)
{
    const struct annotate_options own = annotate_options(o, events);
    struct annotate_result r;
    int rc = job_annotate(p, &own, &r, e);

    if (rc < 0)
        return rc;
    rc = give_page(json, show_annotate(&r), e);
    annotate_result_release(&r);
    return rc;
}

static int run_plan(struct project *p, const union options *o, const struct events *events,
                    char **json, struct err *e)
{
    const struct annotate_options own = annotate_options(o, events);
    struct plan_result r;
    int rc = job_plan(p, &own, &r, e);

    if (rc < 0)
        return rc;
    rc = give_page(json, show_plan(&r), e);
    plan_result_release(&r);
    return rc;
}

static size_t resamples_of(uint64_t given, int no_bootstrap)
{
    return no_bootstrap ? 0 : given > 0 ? (size_t)given : AGREE_RESAMPLES;
}

static int run_agree(struct project *p, const union options *o, const struct events *events,
                     char **json, struct err *e)
{
    const struct assent_agree_options *given = &o->agree;
    const struct agree_options own = {
        .names = given->n_annotators > 0 ? given->annotators : NULL,
        .n_names = given->n_annotators,
        .by = given->by,
        .group = given->group,
        .resamples = resamples_of(given->resamples, given->no_bootstrap),
        .seed = given->seed > 0 ? given->seed : 1,
        .events = events,
    };
    struct agree_result r;
    int rc = job_agree(p, &own, &r, e);

    if (rc < 0)
        return rc;
    rc = give_page(json, show_agree(&r), e);
    agree_result_release(&r);
    return rc;
}

static int run_consensus(struct project *p, const union options *o, const struct events *events,
                         char **json, struct err *e)
{
    const struct assent_consensus_options *given = &o->consensus;
    const struct consensus_options own = {
        .names = given->n_annotators > 0 ? given->annotators : NULL,
        .n_names = given->n_annotators,
        .tie_first = given->tie_first,
        .events = events,
    };
    struct consensus_result r;
    int rc = job_consensus(p, &own, &r, e);

    if (rc < 0)
        return rc;
    rc = give_page(json, show_consensus(&r), e);
    consensus_result_release(&r);
    return rc;
}

static int run_report(struct project *p, const union options *o, const struct events *events,
                      char **json, struct err *e)
{
    const struct assent_report_options *given = &o->report;
    const struct report_options own = {
        .between = { given->first, given->second },
        .by = given->by,
        .resamples = resamples_of(given->resamples, given->no_bootstrap),
        .seed = given->seed > 0 ? given->seed : 1,
        .events = events,
    };
    struct report_result r;
    int rc = job_report(p, &own, &r, e);

    if (rc < 0)
        return rc;
    rc = give_page(json, show_report(&r), e);
    report_result_release(&r);
    return rc;
}

static int run_export(struct project *p, const union options *o, const struct events *events,
                      char **json, struct err *e)
{
    const struct assent_export_options *given = &o->export;
    const struct export_options own = {
        .path = given->path,
        .format = given->format,
        .annotators = given->n_annotators > 0 ? given->annotators : NULL,
        .n_annotators = given->n_annotators,
        .events = events,
    };
    struct export_result r;
    int rc = need(own.path, "path", e);

    if (rc == 0)
        rc = need(own.format, "format", e);
    if (rc == 0)
        rc = job_export(p, &own, &r, e);
    return rc < 0 ? rc : give_page(json, show_export(&r), e);
}

/* ---- the door itself ---- */

int assent_import(struct assent *project, const struct assent_import_options *options, char **json,
                  struct assent_error *error)
{
    return call(project, run_import, options, sizeof(*options), json, error);
}

int assent_import_images(struct assent *project, const struct assent_import_images_options *options,
                         char **json, struct assent_error *error)
{
    return call(project, run_import_images, options, sizeof(*options), json, error);
}

int assent_annotate(struct assent *project, const struct assent_annotate_options *options,
                    char **json, struct assent_error *error)
{
    return call(project, run_annotate, options, sizeof(*options), json, error);
}

int assent_plan(struct assent *project, const struct assent_annotate_options *options, char **json,
                struct assent_error *error)
{
    return call(project, run_plan, options, sizeof(*options), json, error);
}

int assent_agree(struct assent *project, const struct assent_agree_options *options, char **json,
                 struct assent_error *error)
{
    return call(project, run_agree, options, sizeof(*options), json, error);
}

int assent_consensus(struct assent *project, const struct assent_consensus_options *options,
                     char **json, struct assent_error *error)
{
    return call(project, run_consensus, options, sizeof(*options), json, error);
}

int assent_report(struct assent *project, const struct assent_report_options *options, char **json,
                  struct assent_error *error)
{
    return call(project, run_report, options, sizeof(*options), json, error);
}

int assent_export(struct assent *project, const struct assent_export_options *options, char **json,
                  struct assent_error *error)
{
    return call(project, run_export, options, sizeof(*options), json, error);
}

int assent_status(struct assent *project, char **json, struct assent_error *error)
{
    struct status_result r;
    struct err e;
    int rc = job_status(project->project, NULL, &r, &e);

    *json = NULL;
    if (rc == 0) {
        rc = give_page(json, show_status(&r, false), &e);
        status_result_release(&r);
    }
    return give_error(error, rc, &e);
}
