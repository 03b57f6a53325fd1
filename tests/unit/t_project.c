/* SPDX-License-Identifier: MIT */
/*
 * project/: what opening a project leaves on the disk, labels in memory, and the one rule of who is
 * compared. Pictures and images: t_project_catalogue.c.
 */
#include "support_project.h"

#include "project/dataset.h"
#include "project/pair.h"
#include "store/labels.h"

/* ---- a new project ---- */

static void init_makes_the_folder_and_a_commented_task_file(void **state)
{
    static const struct {
        const char *preset, *file;
        size_t questions;
    } rows[] = { { "celeba", "celeba/assent.yaml", 40 }, { "blank", "blank/assent.yaml", 1 } };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *folder = scratch_path(state, rows[i].preset);
        struct project *p;
        char *path, *text;
        struct err e;
        size_t len;

        assert_ok(project_init(folder, rows[i].preset, &path, &e), &e);
        assert_string_equal(path, scratch_path(state, rows[i].file));
        check_entries(rows[i].preset, folder, "assent.yaml");
        text = read_and_free(path, &len);
        assert_contains(text, "\n# ");
        free(text);
        p = project_in(state, rows[i].preset, PROJECT_READ);
        assert_int_equal(p->task->n_questions, rows[i].questions);
        project_close(p);
    }
}

static void init_leaves_what_else_is_in_the_folder(void **state)
{
    char *path;
    struct err e;

    put_file(state, "faces/1.jpg", "a picture");
    assert_ok(project_init(scratch_path(state, "faces"), "blank", &path, &e), &e);
    check_entries("faces", scratch_path(state, "faces"), "1.jpg assent.yaml");
    check_file_holds(scratch_path(state, "faces/1.jpg"), "a picture");
    free(path);
}

static void init_never_replaces_a_task_file(void **state)
{
    const struct scratch *s = *state;
    char *path;
    struct err e;

    put_file(state, "assent.yaml", "mine");
    assert_refused(project_init(s->folder, "blank", &path, &e), &e, ERR_IO);
    assert_contains(e.where, scratch_path(state, "assent.yaml"));
    assert_null(path);
    check_file_holds(scratch_path(state, "assent.yaml"), "mine");
    check_entries("refused", s->folder, "assent.yaml");
}

static void init_names_the_presets_that_there_are(void **state)
{
    const struct scratch *s = *state;
    char *path;
    struct err e;

    assert_refused(project_init(scratch_path(state, "new"), "Celebra", &path, &e), &e, ERR_ARG);
    assert_contains(e.what, "Celebra");
    assert_contains(e.expected, "celeba");
    assert_contains(e.expected, "blank");
    assert_contains(e.hint, "celeba");
    assert_null(path);
    assert_refused(project_init(scratch_path(state, "new"), "zzz", &path, &e), &e, ERR_ARG);
    assert_string_equal(e.hint, "");
    check_entries("refused", s->folder, "");
}

static void init_where_no_folder_can_be_is_refused(void **state)
{
    static const char *const folders[] = { "file", "file/below" };
    const struct scratch *s = *state;

    put_file(state, "file", "mine");
    for (size_t i = 0; i < COUNT(folders); i++) {
        char *path;
        struct err e;

        assert_refused(project_init(scratch_path(state, folders[i]), "blank", &path, &e), &e,
                       ERR_IO);
        assert_contains(e.where, "file");
        assert_null(path);
    }
    check_file_holds(scratch_path(state, "file"), "mine");
    check_entries("refused", s->folder, "file");
}

/* ---- opening ---- */

static const struct {
    const char *name;
    enum project_mode mode;
} modes[] = { { "read", PROJECT_READ }, { "write", PROJECT_WRITE }, { "trial", PROJECT_TRIAL } };

static void only_writing_makes_a_database(void **state)
{
    for (size_t i = 0; i < COUNT(modes); i++) {
        const struct scratch *s = *state;
        struct project *p;

        put_file(state, "assent.yaml", plain_task);
        remove(scratch_path(state, "assent.db"));
        p = project_in(state, NULL, modes[i].mode);
        assert_string_equal(p->dir, s->folder);
        assert_string_equal(p->task->name, "plain");
        assert_int_equal(count_images(p), 0);
        project_close(p);
        check_entries(modes[i].name, s->folder,
                      modes[i].mode == PROJECT_WRITE ? "assent.db assent.yaml" : "assent.yaml");
    }
    project_close(NULL);
}

static void what_is_written_is_there_the_next_time(void **state)
{
    struct project *p = new_project(state, plain_task);

    add_image(p, "1.jpg");
    project_close(p);
    for (size_t i = 0; i < COUNT(modes); i++) {
        p = project_in(state, NULL, modes[i].mode);
        assert_int_equal(count_images(p), 1);
        project_close(p);
    }
}

/* An image is added and the transaction ends with rc, whatever comes of it. */
static void try_to_add_an_image(const struct project *p, int rc)
{
    int64_t id;
    struct err e;

    if (store_begin(p->store, &e) < 0)
        return;
    if (store_image_add(p->store, "late.jpg", &id, &e) < 0)
        rc = -1;
    store_end(p->store, rc, &e);
}

/* Opens a project of one image in a mode, tries to write, and looks at it afterwards. */
static void check_writing_changes_nothing(void **state, enum project_mode mode, int rc)
{
    struct project *p = new_project(state, plain_task);

    add_image(p, "1.jpg");
    project_close(p);
    p = project_in(state, NULL, mode);
    try_to_add_an_image(p, rc);
    project_close(p);
    p = project_in(state, NULL, PROJECT_READ);
    assert_int_equal(count_images(p), 1);
    project_close(p);
}

static void a_project_that_is_read_cannot_be_changed(void **state)
{
    check_writing_changes_nothing(state, PROJECT_READ, 0);
}

static void a_trial_that_is_rolled_back_changes_nothing(void **state)
{
    check_writing_changes_nothing(state, PROJECT_TRIAL, -1);
}

/* The mode's words are "what is written is taken back": no word of who has to do it. */
static void a_trial_keeps_nothing_that_was_committed(void **state)
{
    check_writing_changes_nothing(state, PROJECT_TRIAL, 0);
}

static void check_no_other_file(void **state, enum project_mode mode)
{
    const struct scratch *s = *state;
    struct project *p = new_project(state, plain_task);

    project_close(p);
    p = project_in(state, NULL, mode);
    assert_int_equal(count_images(p), 0);
    project_close(p);
    check_entries("afterwards", s->folder, "assent.db assent.yaml");
}

static void reading_leaves_no_other_file(void **state)
{
    check_no_other_file(state, PROJECT_READ);
}

static void a_trial_leaves_no_other_file(void **state)
{
    check_no_other_file(state, PROJECT_TRIAL);
}

static void reading_leaves_every_byte_of_the_database(void **state)
{
    struct project *p = new_project(state, plain_task);
    const char *path = scratch_path(state, "assent.db");
    char before[SHA256_HEX], after[SHA256_HEX], *bytes;
    struct err e;
    size_t len;

    add_image(p, "1.jpg");
    project_close(p);
    assert_ok(file_read(path, 1 << 24, &bytes, &len, &e), &e);
    sha256_hex(bytes, len, before);
    free(bytes);
    p = project_in(state, NULL, PROJECT_READ);
    assert_int_equal(count_images(p), 1);
    project_close(p);
    assert_ok(file_read(path, 1 << 24, &bytes, &len, &e), &e);
    sha256_hex(bytes, len, after);
    free(bytes);
    assert_string_equal(after, before);
}

static void a_trial_without_a_database_may_write_and_leaves_none(void **state)
{
    const struct scratch *s = *state;
    struct project *p;

    put_file(state, "assent.yaml", plain_task);
    p = project_in(state, NULL, PROJECT_TRIAL);
    add_image(p, "1.jpg");
    assert_int_equal(count_images(p), 1);
    project_close(p);
    check_entries("trial", s->folder, "assent.yaml");
}

/* Refused in every mode, and the folder is as it was. */
static void check_not_opened(void **state, const char *what, enum err_code code, const char *where)
{
    static const char untouched[] = "the caller's pointer is set";
    const struct scratch *s = *state;

    for (size_t i = 0; i < COUNT(modes); i++) {
        struct project *p = (struct project *)(uintptr_t)untouched;
        struct err e = { 0 };
        int rc = project_open(&p, s->folder, modes[i].mode, &e);

        if (rc != (int)code || e.code != code || p)
            fail_row(what, "%s: returned %d: %s", modes[i].name, rc, e.what);
        assert_contains(e.where, where);
    }
}

static void a_folder_without_a_task_file_is_no_project(void **state)
{
    const struct scratch *s = *state;
    struct project *p;
    struct err e;

    check_not_opened(state, "no task file", ERR_IO, s->folder);
    check_entries("no task file", s->folder, "");
    assert_refused(project_open(&p, s->folder, PROJECT_WRITE, &e), &e, ERR_IO);
    assert_contains(e.what, "assent.yaml");
    assert_contains(e.hint, "assent init");
    assert_refused(project_open(&p, scratch_path(state, "none"), PROJECT_WRITE, &e), &e, ERR_IO);
    assert_contains(e.where, "none");
    check_entries("no folder", s->folder, "");
}

static void a_broken_task_file_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *what, *text, *where;
    } rows[] = {
        { "no YAML", "name: x\nquestions: [\n", "assent.yaml:" },
        { "a key that is not known", "name: x\nqestions: []\n", "assent.yaml:2" },
        { "a question without a text", "name: x\nquestions:\n  - {name: Bald}\n", "assent.yaml:3" },
        { "nothing", "", "assent.yaml" },
    };
    const struct scratch *s = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        put_file(state, "assent.yaml", rows[i].text);
        check_not_opened(state, rows[i].what, ERR_FORMAT, rows[i].where);
        check_entries(rows[i].what, s->folder, "assent.yaml");
    }
}

static void a_file_that_is_no_database_is_refused_and_left_alone(void **state)
{
    static const char text[] = "what stands here is no database, and somebody may want it back";
    const struct scratch *s = *state;

    put_file(state, "assent.yaml", plain_task);
    put_file(state, "assent.db", text);
    check_not_opened(state, "no database", ERR_DB, "assent.db");
    check_file_holds(scratch_path(state, "assent.db"), text);
    check_entries("no database", s->folder, "assent.db assent.yaml");
}

static void the_database_library_has_a_name_and_a_version(void **state)
{
    int major, minor;

    (void)state;
    assert_int_equal(sscanf(project_database_library(), "SQLite %d.%d", &major, &minor), 2);
    assert_int_equal(major, 3);
}

/* ---- labels in memory ---- */

static const char label_task[] =
    "name: labels\n"
    "questions:\n"
    "  - {name: Bald, text: Bald?}\n"
    "  - {name: Hair, kind: choice, options: [black, blond, gray], text: Hair?}\n"
    "  - {name: Tags, kind: multi, options: [hat, tie], text: Tags?}\n";

enum { BALD, HAIR, HAT, TIE, COLUMNS };
enum { IMAGES = 3, PROBABILITIES = 6 }; /* one of Bald, three of Hair, one of each tag */
enum { M = VALUE_MISSING, U = VALUE_UNSURE };

static const struct labelling {
    const char *name;
    enum annotator_kind kind;
    int16_t values[IMAGES][COLUMNS];
} labellings[] = {
    { "llava",
      ANNOTATOR_MODEL,
      { { 1, 2, 0, 1 }, { 0, 0, 1, VALUE_UNPARSEABLE }, { M, M, M, M } } },
    { "celeba", ANNOTATOR_HUMAN, { { 0, 1, M, M }, { M, M, M, M }, { U, 2, 1, 0 } } },
    { "consensus", ANNOTATOR_CONSENSUS, { { 1, M, 0, 1 }, { 0, 0, 1, 0 }, { 0, 2, 1, 0 } } },
};
enum { LLAVA, CELEBA, CONSENSUS };

static const int16_t nothing_said[COLUMNS] = { M, M, M, M };

static void add_labels(const struct project *p, const struct labelling *l, const float *odds)
{
    struct store_run run = { .settings = "{}" };
    struct err e;

    assert_ok(store_begin(p->store, &e), &e);
    assert_ok(store_annotator_id(p->store, l->name, l->kind, &run.annotator, &e), &e);
    assert_ok(store_run_begin(p->store, &run, p->task, &e), &e);
    for (size_t i = 0; i < IMAGES; i++) {
        const struct store_answers a = { .values = l->values[i], .probabilities = odds };

        if (memcmp(l->values[i], nothing_said, sizeof(nothing_said)) != 0)
            assert_ok(store_answers_add(p->store, (int64_t)i + 1, p->task, &a, &e), &e);
    }
    assert_ok(store_run_end(p->store, &(struct store_counts){ .images = IMAGES }, &e), &e);
    assert_ok(store_end(p->store, 0, &e), &e);
}

/* The model says with which probabilities, the others do not. */
static const float odds[PROBABILITIES] = { 0.875f, 0.125f, 0.25f, 0.625f, 0.5f, 0.0625f };

static struct project *labelled_project(void **state)
{
    struct project *p = new_project(state, label_task);

    for (size_t i = 0; i < IMAGES; i++)
        add_image(p, (const char *const[]){ "c.jpg", "a.jpg", "b.jpg" }[i]);
    for (size_t l = 0; l < COUNT(labellings); l++)
        add_labels(p, &labellings[l], l == LLAVA ? odds : NULL);
    return p;
}

static void check_labels(const struct labelled *got, const struct labelling *wanted)
{
    assert_string_equal(got->name, wanted->name);
    assert_int_equal(got->annotator->kind, wanted->kind);
    for (size_t c = 0; c < COLUMNS; c++)
        for (size_t i = 0; i < IMAGES; i++)
            if (got->labels.values[c * IMAGES + i] != wanted->values[i][c])
                fail_row(wanted->name, "image %zu, column %zu: %d", i, c,
                         got->labels.values[c * IMAGES + i]);
}

static void a_dataset_begins_with_images_and_who_there_is(void **state)
{
    struct project *p = labelled_project(state);
    struct dataset d;
    struct err e;

    assert_ok(dataset_open(&d, p, &e), &e);
    assert_ptr_equal(d.project, p);
    assert_int_equal(d.images.n, IMAGES);
    assert_string_equal(d.images.keys[0], "c.jpg"); /* in the order they were added */
    assert_int_equal(d.known.n, COUNT(labellings));
    assert_int_equal(d.n, 0);
    assert_null(dataset_find(&d, "llava"));
    dataset_release(&d);
    dataset_release(&d); /* as after the first time, it is zeroed */
    project_close(p);
}

static void labels_are_matrices_over_columns_and_images(void **state)
{
    struct project *p = labelled_project(state);
    struct dataset d;
    struct err e;

    assert_ok(dataset_open(&d, p, &e), &e);
    assert_ok(dataset_load(&d, (const char *[]){ "celeba", "llava" }, 2, 0, &e), &e);
    assert_int_equal(d.n, 2);
    check_labels(&d.items[0], &labellings[CELEBA]); /* in the order asked for */
    check_labels(&d.items[1], &labellings[LLAVA]);
    assert_ptr_equal(dataset_find(&d, "llava"), &d.items[1]);
    assert_null(dataset_find(&d, "consensus"));
    dataset_release(&d);
    project_close(p);
}

static void everybodys_labels_are_all_but_the_consensus(void **state)
{
    struct project *p = labelled_project(state);
    struct dataset d;
    struct err e;

    assert_ok(dataset_open(&d, p, &e), &e);
    assert_ok(dataset_load(&d, NULL, 0, 0, &e), &e);
    assert_int_equal(d.n, 2);
    check_labels(&d.items[0], &labellings[LLAVA]);
    check_labels(&d.items[1], &labellings[CELEBA]);
    dataset_release(&d);
    assert_ok(dataset_open(&d, p, &e), &e);
    assert_ok(dataset_load(&d, (const char *[]){ "consensus" }, 1, 0, &e), &e);
    check_labels(&d.items[0], &labellings[CONSENSUS]);
    dataset_release(&d);
    project_close(p);
}

static void probabilities_come_where_they_are_asked_for(void **state)
{
    struct project *p = labelled_project(state);
    struct dataset d;
    struct err e;

    assert_ok(dataset_open(&d, p, &e), &e);
    assert_ok(dataset_load(&d, NULL, 0, STORE_WITH_PROBABILITIES, &e), &e);
    for (size_t i = 0; i < IMAGES * PROBABILITIES; i++) {
        if (i < 2 * PROBABILITIES) /* it said nothing of the third image */
            assert_near("llava's", d.items[0].labels.probabilities[i], odds[i % PROBABILITIES], 0);
        else
            assert_undefined(d.items[0].labels.probabilities[i]);
        assert_undefined(d.items[1].labels.probabilities[i]);
    }
    dataset_release(&d);
    assert_ok(dataset_open(&d, p, &e), &e);
    assert_ok(dataset_load(&d, NULL, 0, 0, &e), &e);
    assert_null(d.items[0].labels.probabilities);
    dataset_release(&d);
    project_close(p);
}

static void labels_of_a_name_that_nobody_has_are_refused(void **state)
{
    struct project *p = labelled_project(state);
    struct dataset d;
    struct err e;

    assert_ok(dataset_open(&d, p, &e), &e);
    assert_refused(dataset_load(&d, (const char *[]){ "llava", "celebA" }, 2, 0, &e), &e, ERR_ARG);
    assert_contains(e.what, "celebA");
    assert_contains(e.expected, "llava, celeba, consensus");
    assert_contains(e.hint, "'celeba'");
    dataset_release(&d);
    project_close(p);
}

/* The images of one value of a metadata column are rows of every matrix, by one index. */
static void a_metadata_column_parts_the_rows_of_a_matrix(void **state)
{
    struct project *p = labelled_project(state);
    struct store_meta who;
    struct dataset d;
    struct err e;

    assert_ok(store_begin(p->store, &e), &e);
    assert_ok(store_meta_set(p->store, 3, "age", "old", &e), &e);
    assert_ok(store_meta_set(p->store, 1, "age", "young", &e), &e);
    assert_ok(store_end(p->store, 0, &e), &e);
    assert_ok(dataset_open(&d, p, &e), &e);
    assert_ok(dataset_load(&d, NULL, 0, 0, &e), &e);
    assert_ok(store_meta_load(p->store, "age", &d.images, &who, &e), &e);
    assert_int_equal(who.n_values, 2);
    assert_string_equal(who.values[who.of_image[0]], "young");
    assert_true(who.of_image[1] == SIZE_MAX);
    assert_string_equal(who.values[who.of_image[2]], "old");
    assert_int_equal(d.items[CELEBA].labels.values[HAIR * IMAGES + 2], 2);
    store_meta_release(&who);
    dataset_release(&d);
    project_close(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_tree(init_makes_the_folder_and_a_commented_task_file),
        test_with_tree(init_leaves_what_else_is_in_the_folder),
        test_with_tree(init_never_replaces_a_task_file),
        test_with_tree(init_names_the_presets_that_there_are),
        test_with_tree(init_where_no_folder_can_be_is_refused),
        test_with_tree(only_writing_makes_a_database),
        test_with_tree(what_is_written_is_there_the_next_time),
        test_with_tree(a_project_that_is_read_cannot_be_changed),
        test_with_tree(a_trial_that_is_rolled_back_changes_nothing),
        test_with_tree(a_trial_keeps_nothing_that_was_committed),
        test_with_tree(reading_leaves_no_other_file),
        test_with_tree(a_trial_leaves_no_other_file),
        test_with_tree(reading_leaves_every_byte_of_the_database),
        test_with_tree(a_trial_without_a_database_may_write_and_leaves_none),
        test_with_tree(a_folder_without_a_task_file_is_no_project),
        test_with_tree(a_broken_task_file_is_refused_with_its_line),
        test_with_tree(a_file_that_is_no_database_is_refused_and_left_alone),
        cmocka_unit_test(the_database_library_has_a_name_and_a_version),
        test_with_tree(a_dataset_begins_with_images_and_who_there_is),
        test_with_tree(labels_are_matrices_over_columns_and_images),
        test_with_tree(everybodys_labels_are_all_but_the_consensus),
        test_with_tree(probabilities_come_where_they_are_asked_for),
        test_with_tree(labels_of_a_name_that_nobody_has_are_refused),
        test_with_tree(a_metadata_column_parts_the_rows_of_a_matrix),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("project", tests, NULL, NULL);
}
