/* SPDX-License-Identifier: MIT
 *
 * assent.h - the C API of assent: open a project, import labels, let a model answer, compare
 * annotators, settle by vote, export.
 *
 * Every job that gives figures gives them as the JSON document that the same command prints with
 * --json (docs/json.md), so that there is one description of each figure and any language can read
 * it.
 *
 *     struct assent *project;
 *     struct assent_error error;
 *     char *json;
 *
 *     if (assent_open(&project, "faces", &error) != 0)
 *         errx(1, "%s", error.message);
 *     if (assent_agree(project, (const char *[]){ "llava", "celeba" }, 2, &json, &error) == 0)
 *         puts(json);
 *     assent_free(json);
 *     assent_close(project);
 *
 * Functions return 0, or a number below zero and then error->message says what happened. A call
 * that fails changes nothing. One thread uses a project at a time; several processes may use one
 * project.
 */
#ifndef ASSENT_H
#define ASSENT_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ASSENT_API __attribute__((visibility("default")))

struct assent; /* an open project */

struct assent_error {
    int code;           /* below zero; what the function returned */
    char message[1600]; /* what, where, got, expected, and what to do about it */
};

/* "0.1.0" */
ASSENT_API const char *assent_version(void);

/* Writes a commented assent.yaml into dir; preset "celeba" or "blank". Never replaces one. */
ASSENT_API int assent_init(const char *dir, const char *preset, struct assent_error *error);

/* Opens the folder with assent.yaml, and makes its database where there is none. */
ASSENT_API int assent_open(struct assent **project, const char *dir, struct assent_error *error);
ASSENT_API void assent_close(struct assent *project); /* NULL is fine */

/* Imports a label file in one transaction. annotator NULL: as the file says; format NULL:
 * recognised. *json (assent_free) is what was found. */
ASSENT_API int assent_import(struct assent *project, const char *path, const char *annotator,
                             const char *format, char **json, struct assent_error *error);

/* A model of assent.yaml answers what it has not answered yet, on at most `limit` images (0: all);
 * annotator NULL: the only model. Every image is kept as it is answered. */
ASSENT_API int assent_annotate(struct assent *project, const char *annotator, size_t limit,
                               char **json, struct assent_error *error);

/* Agreement of n annotators, with the bootstrap (2 000 resamples, seed 1). n = 0: the usual two. */
ASSENT_API int assent_agree(struct assent *project, const char *const names[], size_t n,
                            char **json, struct assent_error *error);

/* The majority of all annotators, kept as the labels of "consensus". tie_first: whose value wins a
 * tie; NULL: ties stay open. */
ASSENT_API int assent_consensus(struct assent *project, const char *tie_first, char **json,
                                struct assent_error *error);

/* Writes one annotator's labels ("consensus" is one); format as on the command line. */
ASSENT_API int assent_export(struct assent *project, const char *path, const char *format,
                             const char *annotator, struct assent_error *error);

ASSENT_API void assent_free(char *json); /* NULL is fine */

#ifdef __cplusplus
}
#endif

#endif
