/* SPDX-License-Identifier: MIT
 *
 * assent.h - the C API of assent: open a project, import labels and pictures, let a model answer,
 * compare annotators, settle by vote, report, export.
 *
 * A job takes a struct of options, in which zero is the default, and gives its result as the JSON
 * document that the same command prints with --json (docs/json.md), so that there is one
 * description of each figure and any language can read it. examples/c has a whole program.
 *
 *     struct assent *project;
 *     struct assent_error error;
 *     char *json = NULL;
 *
 *     if (assent_open(&project, "faces", &error) != 0)
 *         errx(1, "%s", error.message);
 *     if (assent_agree(project, &(struct assent_agree_options){ ASSENT_OPTIONS(agree) }, &json,
 *                      &error) == 0)
 *         puts(json);
 *     assent_free(json);
 *     assent_close(project);
 *
 * Nothing is printed, and no signal is handled: what happens meanwhile is told by callbacks, which
 * run on the thread that called. Texts given are borrowed for the call, a result is the caller's.
 *
 * Functions return 0, or a number below zero, and then error->message says what happened and *json
 * is NULL. What a call that failed or was cancelled leaves: import, consensus and export nothing;
 * import_images may leave the pictures known by their keys; annotate keeps the images that it
 * answered, and the same call goes on with the rest. The others change nothing anyway.
 *
 * One thread uses a project at a time; several processes may use one project.
 */
#ifndef ASSENT_H
#define ASSENT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ASSENT_API __attribute__((visibility("default")))

struct assent; /* an open project */

struct assent_error {
    int code;           /* below zero; what the function returned */
    char message[1600]; /* what, where, got, expected, and what to do about it */
};
/* The code where `cancelled` said so. annotate, once it answers, returns 0: "interrupted": true. */
enum { ASSENT_CANCELLED = -7 };

enum assent_message { ASSENT_DETAIL, ASSENT_NOTE, ASSENT_WARNING };

struct assent_events { /* any of them may be NULL; none may call the library */
    /* "answering", "images", 12, 1000: total 0 where it is not known. Called often. */
    void (*progress)(void *data, const char *verb, const char *unit, uint64_t done, uint64_t total);
    void (*message)(void *data, enum assent_message kind, const char *text);
    int (*cancelled)(void *data); /* not 0: end. Asked between two items */
    void *data;                   /* theirs */
};

/* Every struct of options begins with its size, so that later versions can add to its end:
 * ASSENT_OPTIONS(agree) sets it. */
#define ASSENT_OPTIONS(job) .size = sizeof(struct assent_##job##_options)

/* ---- a project ---- */

/* "0.1.0" */
ASSENT_API const char *assent_version(void);

/* Writes a commented assent.yaml into dir; preset "celeba" or "blank". Never replaces one. */
ASSENT_API int assent_init(const char *dir, const char *preset, struct assent_error *error);

/* Opens the folder with assent.yaml, and makes its database where there is none. */
ASSENT_API int assent_open(struct assent **project, const char *dir, struct assent_error *error);
ASSENT_API void assent_close(struct assent *project); /* NULL is fine */

ASSENT_API void assent_free(char *json); /* NULL is fine */

/* ---- in ---- */

struct assent_import_options {
    size_t size;
    struct assent_events events;
    const char *path;      /* a label file; required */
    const char *annotator; /* whose labels; NULL: as the file says */
    const char *kind;      /* "human" or "model"; NULL: as assent.yaml or the file says */
    const char *format;    /* as on the command line; NULL: recognised */
    int strict;            /* refuse names and images that do not match */
    /* of images that a project with pictures does not have; neither: the file is refused */
    int add_images;   /* they are made */
    int skip_unknown; /* their rows are left out */
};
ASSENT_API int assent_import(struct assent *project, const struct assent_import_options *options,
                             char **json, struct assent_error *error);

struct assent_import_images_options {
    size_t size;
    struct assent_events events;
    const char *path; /* a folder or archive; required */
};
ASSENT_API int assent_import_images(struct assent *project,
                                    const struct assent_import_images_options *options, char **json,
                                    struct assent_error *error);

/* ---- a model ---- */

struct assent_annotate_options { /* of annotate and plan */
    size_t size;
    struct assent_events events;
    const char *annotator; /* a model of assent.yaml; NULL: the only one */
    uint64_t limit;        /* at most so many images; 0: all that are open */
    uint64_t sample, seed; /* so many of them at random; 0: all */
    int retry_errors;      /* pictures that could not be read, once more */
    const char *as;        /* answers are given under this annotator's name; NULL: the model's */
    int take_over;         /* also pictures that other processes have claimed */
};
/* Answers what is not answered yet; every image is kept as it is answered. */
ASSENT_API int assent_annotate(struct assent *project,
                               const struct assent_annotate_options *options, char **json,
                               struct assent_error *error);
/* What that would take, measured on a few images. Keeps nothing. */
ASSENT_API int assent_plan(struct assent *project, const struct assent_annotate_options *options,
                           char **json, struct assent_error *error);

/* ---- what labels are worth ---- */

struct assent_agree_options {
    size_t size;
    struct assent_events events;
    const char *const *annotators; /* two or more; NULL: the usual two */
    size_t n_annotators;
    const char *by, *group;   /* a metadata column; a group of questions; NULL: none, all */
    uint64_t resamples, seed; /* of the bootstrap; 0: 2000, and 1 */
    int no_bootstrap;
};
ASSENT_API int assent_agree(struct assent *project, const struct assent_agree_options *options,
                            char **json, struct assent_error *error);

struct assent_consensus_options {
    size_t size;
    struct assent_events events;
    const char *const *annotators; /* whose labels vote; NULL: everybody's */
    size_t n_annotators;
    const char *tie_first; /* whose value wins a tie; NULL: ties stay open */
};
/* The majority, kept as the labels of "consensus". */
ASSENT_API int assent_consensus(struct assent *project,
                                const struct assent_consensus_options *options, char **json,
                                struct assent_error *error);

struct assent_report_options {
    size_t size;
    struct assent_events events;
    const char *first, *second; /* who is compared; NULL: the usual two */
    const char *by;             /* a metadata column; NULL: none */
    uint64_t resamples, seed;   /* of the bootstrap; 0: 2000, and 1 */
    int no_bootstrap;
};
ASSENT_API int assent_report(struct assent *project, const struct assent_report_options *options,
                             char **json, struct assent_error *error);

ASSENT_API int assent_status(struct assent *project, char **json, struct assent_error *error);

/* ---- out ---- */

struct assent_export_options {
    size_t size;
    struct assent_events events;
    const char *path, *format;     /* as on the command line; required */
    const char *const *annotators; /* "consensus" is one; NULL: all, where a format takes several */
    size_t n_annotators;
};
ASSENT_API int assent_export(struct assent *project, const struct assent_export_options *options,
                             char **json, struct assent_error *error);

#ifdef __cplusplus
}
#endif

#endif
