/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "app/app.h"
#include "assent.h"

struct assent {
    struct project *project;
};

/* Takes an error of ours to the caller's. */
static int give_error(struct assent_error *error, int rc, const struct err *e)
{
    if (rc >= 0 || !error)
        return rc < 0 ? rc : 0;
    error->code = rc;
    err_text(e, error->message);
    return rc;
}

static int give_json(char **json, struct json_t *document, struct err *e)
{
    *json = jv_print(document);
    jv_free(document);
    return *json ? 0 : err_set(e, ERR_NOMEM, "out of memory: the JSON document");
}

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

int assent_import(struct assent *project, const char *path, const char *annotator,
                  const char *format, char **json, struct assent_error *error)
{
    struct import_options o = { .path = path, .annotator = annotator, .format = format };
    struct import_result result;
    struct err e;
    int rc = import_labels(project->project, &o, &result, &e);

    *json = NULL;
    if (rc == 0) {
        rc = give_json(json, import_json(&result), &e);
        import_result_release(&result);
    }
    return give_error(error, rc, &e);
}

int assent_annotate(struct assent *project, const char *annotator, size_t limit, char **json,
                    struct assent_error *error)
{
    struct annotate_options o = { .annotator = annotator, .limit = limit, .seed = 1 };
    struct annotate_result result;
    struct err e;
    int rc = annotate(project->project, &o, &result, &e);

    *json = NULL;
    if (rc == 0)
        rc = give_json(json, annotate_json(&result), &e);
    return give_error(error, rc, &e);
}

int assent_agree(struct assent *project, const char *const names[], size_t n, char **json,
                 struct assent_error *error)
{
    struct agree_options o = {
        .names = n > 0 ? names : NULL, .n_names = n, .resamples = AGREE_RESAMPLES, .seed = 1
    };
    struct agree_result result;
    struct err e;
    int rc = agree(project->project, &o, &result, &e);

    *json = NULL;
    if (rc == 0) {
        rc = give_json(json, agree_json(project->project, &result), &e);
        agree_result_release(&result);
    }
    return give_error(error, rc, &e);
}

int assent_consensus(struct assent *project, const char *tie_first, char **json,
                     struct assent_error *error)
{
    struct consensus_options o = { .tie_first = tie_first };
    struct consensus_result result;
    struct err e;
    int rc = consensus(project->project, &o, &result, &e);

    *json = NULL;
    if (rc == 0) {
        rc = give_json(json, consensus_json(project->project, &result), &e);
        consensus_result_release(&result);
    }
    return give_error(error, rc, &e);
}

int assent_export(struct assent *project, const char *path, const char *format,
                  const char *annotator, struct assent_error *error)
{
    struct export_options o = { path, format, &annotator, 1 };
    struct export_result result;
    struct err e;

    return give_error(error, export_labels(project->project, &o, &result, &e), &e);
}

void assent_free(char *json)
{
    free(json);
}
