/* SPDX-License-Identifier: MIT
 *
 * The C API as another program sees it: include/assent.h and the shared library alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "assent.h"

static const char *const project_files[] = { "assent.yaml", "assent.db", "assent.db-wal",
                                             "assent.db-shm", "out.csv" };

static int make_folder(void **state)
{
    char path[] = "/tmp/assent-api-XXXXXX";

    *state = mkdtemp(path) ? strdup(path) : NULL;
    return *state ? 0 : -1;
}

static char *file_in(const char *dir, const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static int remove_folder(void **state)
{
    for (size_t i = 0; i < sizeof(project_files) / sizeof(project_files[0]); i++)
        unlink(file_in(*state, project_files[i]));
    rmdir(*state);
    free(*state);
    return 0;
}

static int import(struct assent *project, const char *path, char **json, struct assent_error *error)
{
    const struct assent_import_options options = { ASSENT_OPTIONS(import), .path = path };

    return assent_import(project, &options, json, error);
}

static struct assent *open_study(const char *dir)
{
    struct assent *project = NULL;
    struct assent_error error;
    char *json = NULL;

    if (assent_init(dir, "celeba", &error) != 0 || assent_open(&project, dir, &error) != 0 ||
        import(project, getenv("ASSENT_STUDY"), &json, &error) != 0)
        fail_msg("%s", error.message);
    assert_non_null(strstr(json, "\"format\": \"study\""));
    assent_free(json);
    return project;
}

/* The study's two annotators, or others. */
static struct assent_agree_options agree_options(const char *const pair[2])
{
    return (struct assent_agree_options){ ASSENT_OPTIONS(agree), .annotators = pair,
                                          .n_annotators = 2 };
}

static const char *const study_pair[] = { "llava-next-8b", "celeba" };

static void study_goes_through(void **state)
{
    static const char *const consensus[] = { "consensus" };
    struct assent *project = open_study(*state);
    const struct assent_agree_options pair = agree_options(study_pair);
    struct assent_error error;
    char *json = NULL;

    assert_int_equal(assent_agree(project, &pair, &json, &error), 0);
    assert_non_null(strstr(json, "\"agreement\": 0.795175"));
    assent_free(json);
    assert_int_equal(
        assent_consensus(project, &(struct assent_consensus_options){ ASSENT_OPTIONS(consensus) },
                         &json, &error),
        0);
    assert_non_null(strstr(json, "\"coin_flip\": 0.8975875"));
    assert_non_null(strstr(json, "\"agreement\": 0.89115"));
    assent_free(json);
    assert_int_equal(assent_report(project,
                                   &(struct assent_report_options){ ASSENT_OPTIONS(report) }, &json,
                                   &error),
                     0);
    assert_non_null(strstr(json, "\"agreement\": 0.795175"));
    assent_free(json);
    assert_int_equal(assent_status(project, &json, &error), 0);
    assert_non_null(strstr(json, "\"llava-next-8b\""));
    assent_free(json);
    assert_int_equal(
        assent_export(project,
                      &(struct assent_export_options){
                          ASSENT_OPTIONS(export), .path = file_in(*state, "out.csv"),
                          .format = "csv", .annotators = consensus, .n_annotators = 1 },
                      &json, &error),
        0);
    assent_free(json);
    assert_int_equal(access(file_in(*state, "out.csv"), R_OK), 0);
    assent_close(project);
}

static void failure_says_what_and_gives_nothing(void **state)
{
    static const char *const nobody[] = { "llava-next-8b", "nobody" };
    struct assent *project = open_study(*state);
    const struct assent_agree_options pair = agree_options(nobody);
    struct assent_error error;
    char *json = (char *)"not yet";

    assert_true(assent_agree(project, &pair, &json, &error) < 0);
    assert_null(json);
    assert_true(error.code < 0);
    assert_non_null(strstr(error.message, "'nobody'"));
    assert_true(import(project, "no/such/file", &json, &error) < 0);
    assert_non_null(strstr(error.message, "no/such/file"));
    assert_null(json);
    assent_close(project);
}

/* ---- options of other versions ---- */

static void options_of_other_versions_are_understood_or_refused(void **state)
{
    struct later { /* than this library */
        struct assent_agree_options known;
        const char *new_option;
    } later = { .known = agree_options(study_pair) };
    struct assent *project = open_study(*state);
    struct assent_agree_options earlier = agree_options(study_pair);
    struct assent_error error;
    char *json = NULL;

    earlier.size = offsetof(struct assent_agree_options, resamples);
    earlier.resamples = UINT64_MAX; /* behind what it says it has: not read */
    assert_int_equal(assent_agree(project, &earlier, &json, &error), 0);
    assent_free(json);
    later.known.size = sizeof(later);
    assert_int_equal(assent_agree(project, &later.known, &json, &error), 0);
    assent_free(json);
    later.new_option = "what it cannot do";
    assert_true(assent_agree(project, &later.known, &json, &error) < 0);
    assert_non_null(strstr(error.message, "does not know"));
    earlier.size = 0;
    assert_true(assent_agree(project, &earlier, &json, &error) < 0);
    assert_non_null(strstr(error.message, "ASSENT_OPTIONS"));
    assert_true(assent_agree(project, NULL, &json, &error) < 0);
    assert_true(assent_import(project, &(struct assent_import_options){ ASSENT_OPTIONS(import) },
                              &json, &error) < 0);
    assert_non_null(strstr(error.message, "'path'"));
    assent_close(project);
}

/* ---- events ---- */

struct heard {
    uint64_t calls, last, total;
    bool backwards;
    uint64_t cancel_after; /* questions whether it shall end; 0: never */
    uint64_t asked;
    char verb[64], warning[256];
};

static void hear_progress(void *data, const char *verb, const char *unit, uint64_t done,
                          uint64_t total)
{
    struct heard *h = data;

    if (strcmp(verb, h->verb) != 0)
        h->last = 0;
    snprintf(h->verb, sizeof(h->verb), "%s", verb);
    assert_true(verb[0] != '\0' && unit[0] != '\0');
    h->calls++;
    h->backwards |= done < h->last;
    h->last = done;
    h->total = total;
}

static void hear_message(void *data, enum assent_message kind, const char *text)
{
    struct heard *h = data;

    if (kind == ASSENT_WARNING)
        snprintf(h->warning, sizeof(h->warning), "%s", text);
}

static int want_cancelled(void *data)
{
    struct heard *h = data;

    return h->cancel_after > 0 && ++h->asked >= h->cancel_after;
}

static void progress_is_told_and_nothing_is_printed(void **state)
{
    struct heard heard = { 0 };
    const struct assent_import_options options = {
        ASSENT_OPTIONS(import),
        .events = { hear_progress, hear_message, want_cancelled, &heard },
        .path = getenv("ASSENT_STUDY"),
    };
    struct assent *project = open_study(*state);
    struct assent_error error;
    char *json = NULL;
    int printed[2], kept = dup(STDERR_FILENO);
    char byte;

    assert_int_equal(pipe(printed), 0);
    dup2(printed[1], STDERR_FILENO);
    int rc = assent_import(project, &options, &json, &error);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(printed[1]);
    assert_int_equal(rc, 0);
    assert_int_equal(read(printed[0], &byte, 1), 0);
    close(printed[0]);
    assent_free(json);
    assert_true(heard.calls > 0);
    assert_false(heard.backwards);
    assert_true(heard.asked == 0 && heard.last == heard.total);
    assent_close(project);
}

static void cancelled_import_keeps_nothing(void **state)
{
    struct heard heard = { .cancel_after = 1 };
    const struct assent_import_options options = {
        ASSENT_OPTIONS(import),
        .events = { NULL, NULL, want_cancelled, &heard },
        .path = getenv("ASSENT_STUDY"),
    };
    struct assent *project = NULL;
    struct assent_error error;
    char *before = NULL, *after = NULL, *json = NULL;

    assert_int_equal(assent_init(*state, "celeba", &error), 0);
    assert_int_equal(assent_open(&project, *state, &error), 0);
    assert_int_equal(assent_status(project, &before, &error), 0);
    assert_int_equal(assent_import(project, &options, &json, &error), ASSENT_CANCELLED);
    assert_null(json);
    assert_int_equal(assent_status(project, &after, &error), 0);
    assert_string_equal(before, after);
    assent_free(before);
    assent_free(after);
    assert_int_equal(import(project, options.path, &json, &error), 0); /* and it goes on */
    assent_free(json);
    assent_close(project);
}

static void folder_without_a_task_file_is_no_project(void **state)
{
    struct assent *project = (struct assent *)state;
    struct assent_error error;

    assert_true(assent_open(&project, *state, &error) < 0);
    assert_null(project);
    assert_non_null(strstr(error.message, "assent init"));
    assent_close(NULL);
    assent_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(study_goes_through, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(failure_says_what_and_gives_nothing, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(options_of_other_versions_are_understood_or_refused,
                                        make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(progress_is_told_and_nothing_is_printed, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(cancelled_import_keeps_nothing, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(folder_without_a_task_file_is_no_project, make_folder,
                                        remove_folder),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("api", tests, NULL, NULL);
}
