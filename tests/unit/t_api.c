/* SPDX-License-Identifier: MIT
 *
 * The C API as another program sees it: include/assent.h and the shared library alone.
 */
#include <setjmp.h>
#include <stdarg.h>
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

static struct assent *open_study(const char *dir)
{
    struct assent *project = NULL;
    struct assent_error error;
    char *json = NULL;

    if (assent_init(dir, "celeba", &error) != 0 || assent_open(&project, dir, &error) != 0 ||
        assent_import(project, getenv("ASSENT_STUDY"), NULL, NULL, &json, &error) != 0)
        fail_msg("%s", error.message);
    assert_non_null(strstr(json, "\"format\": \"study\""));
    assent_free(json);
    return project;
}

static void study_goes_through(void **state)
{
    static const char *const pair[] = { "llava-next-8b", "celeba" };
    struct assent *project = open_study(*state);
    struct assent_error error;
    char *json = NULL;

    assert_int_equal(assent_agree(project, pair, 2, &json, &error), 0);
    assert_non_null(strstr(json, "\"agreement\": 0.795175"));
    assent_free(json);
    assert_int_equal(assent_consensus(project, NULL, &json, &error), 0);
    assert_non_null(strstr(json, "\"coin_flip\": 0.8975875"));
    assert_non_null(strstr(json, "\"agreement\": 0.89115"));
    assent_free(json);
    assert_int_equal(assent_export(project, file_in(*state, "out.csv"), "csv", "consensus", &error),
                     0);
    assert_int_equal(access(file_in(*state, "out.csv"), R_OK), 0);
    assent_close(project);
}

static void failure_says_what_and_gives_nothing(void **state)
{
    static const char *const pair[] = { "llava-next-8b", "nobody" };
    struct assent *project = open_study(*state);
    struct assent_error error;
    char *json = (char *)"not yet";

    assert_true(assent_agree(project, pair, 2, &json, &error) < 0);
    assert_null(json);
    assert_true(error.code < 0);
    assert_non_null(strstr(error.message, "'nobody'"));
    assert_true(assent_import(project, "no/such/file", "x", NULL, &json, &error) < 0);
    assert_non_null(strstr(error.message, "no/such/file"));
    assert_null(json);
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
        cmocka_unit_test_setup_teardown(folder_without_a_task_file_is_no_project, make_folder,
                                        remove_folder),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("api", tests, NULL, NULL);
}
