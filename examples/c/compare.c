/* SPDX-License-Identifier: MIT
 *
 * compare.c - a program over the library: takes label files into a project, compares two
 * annotators, settles by majority, and exports what was settled.
 *
 *     cc compare.c $(pkg-config --cflags --libs assent) -o compare
 *     ./compare PROJECT FIRST SECOND LABELS..
 *
 * Standard output is the comparison, a JSON document (docs/json.md); the rest goes to standard
 * error. Ctrl-C ends it between two rows, and what was being imported is not kept.
 */
#include <assent.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

/* ---- what happens meanwhile ---- */

static void progress(void *data, const char *verb, const char *unit, uint64_t done, uint64_t total)
{
    (void)data;
    if (total > 0 && done == total)
        fprintf(stderr, "%s: %llu %s\n", verb, (unsigned long long)done, unit);
}

static void message(void *data, enum assent_message kind, const char *text)
{
    (void)data;
    if (kind != ASSENT_DETAIL)
        fprintf(stderr, "%s%s\n", kind == ASSENT_WARNING ? "warning: " : "", text);
}

static int cancelled(void *data)
{
    (void)data;
    return interrupted;
}

static const struct assent_events events = { progress, message, cancelled, NULL };

/* ---- the jobs ---- */

static int import(struct assent *project, const char *labels, struct assent_error *error)
{
    const struct assent_import_options options = { ASSENT_OPTIONS(import), .events = events,
                                                   .path = labels };
    char *json;
    int rc = assent_import(project, &options, &json, error);

    assent_free(json);
    return rc;
}

static int compare(struct assent *project, const char *const pair[2], struct assent_error *error)
{
    const struct assent_agree_options options = { ASSENT_OPTIONS(agree), .events = events,
                                                  .annotators = pair, .n_annotators = 2 };
    char *json;
    int rc = assent_agree(project, &options, &json, error);

    if (rc == 0)
        puts(json);
    assent_free(json);
    return rc;
}

static int settle(struct assent *project, struct assent_error *error)
{
    static const char *const consensus[] = { "consensus" };
    const struct assent_export_options to = { ASSENT_OPTIONS(export),  .events = events,
                                              .path = "consensus.csv", .format = "csv",
                                              .annotators = consensus, .n_annotators = 1 };
    char *json;
    int rc = assent_consensus(
        project, &(struct assent_consensus_options){ ASSENT_OPTIONS(consensus), .events = events },
        &json, error);

    assent_free(json);
    if (rc == 0) {
        rc = assent_export(project, &to, &json, error);
        assent_free(json);
    }
    return rc;
}

int main(int argc, char **argv)
{
    struct assent *project = NULL;
    struct assent_error error;
    int rc;

    if (argc < 5) {
        fprintf(stderr, "usage: %s PROJECT FIRST SECOND LABELS..\n", argv[0]);
        return 2;
    }
    signal(SIGINT, interrupt);
    rc = assent_open(&project, argv[1], &error);
    for (int i = 4; rc == 0 && i < argc; i++)
        rc = import(project, argv[i], &error);
    if (rc == 0)
        rc = compare(project, (const char *const *)&argv[2], &error);
    if (rc == 0)
        rc = settle(project, &error);
    if (rc < 0)
        fprintf(stderr, "%s: %s\n", argv[0], error.message);
    assent_close(project);
    return rc == ASSENT_CANCELLED ? 130 : rc < 0 ? 1 : 0;
}
