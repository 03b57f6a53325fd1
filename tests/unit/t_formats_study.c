/* SPDX-License-Identifier: MIT */
/*
 * formats/: the study's folder, read as three annotators and written from them.
 */
#include "support_formats.h"

#include <sys/stat.h>

static const char questions[] = "{\"Bald\": \"a\", \"Young\": \"y\", \"smiling\": \"b\"}";
static const char model[] =
    "{\n\"1.jpg\": [1, 1, -1],\n\"b/2.jpg\": [-1, 1, 1],\n\"3\": [1, 1, 1]\n}\n";
static const char votes[] = "{\n\"b/2.jpg\": {\"Smiling\": -1, \"Young\": 1, \"Bald\": -1},\n"
                            "\"1.jpg\": {\"Bald\": 1}\n}\n";

/* Writes the three files into the test's folder; NULL: not this one. */
static const char *make_folder(void **state, const char *q, const char *ai, const char *re)
{
    const struct scratch *s = *state;
    const char *const names[] = { "questions.json", "ai_annotation.json", "re_annotation.json" },
                      *const texts[] = { q, ai, re };

    for (size_t i = 0; i < COUNT(names); i++) {
        const char *path = scratch_path(state, names[i]);

        remove(path);
        if (texts[i])
            write_file(path, texts[i], strlen(texts[i]));
    }
    return s->folder;
}

/* A vote stands where people and the model differ: people's label is the model's, turned over. */
static void folder_is_read_as_three_annotators(void **state)
{
    struct reading r;
    struct err e;

    assert_ok(read_path(&r, yes_no, NULL, make_folder(state, questions, model, votes), &e), &e);
    assert_string_equal(r.rows.text, "2 llava-next-8b(model)@1.jpg: Bald=yes Smiling=no\n"
                                     "2 celeba(human)@1.jpg: Bald=no Smiling=no\n"
                                     "3 llava-next-8b(model)@b/2.jpg: Bald=no Smiling=yes\n"
                                     "3 celeba(human)@b/2.jpg: Bald=yes Smiling=no\n"
                                     "4 llava-next-8b(model)@3: Bald=yes Smiling=yes\n"
                                     "4 celeba(human)@3: Bald=yes Smiling=yes\n"
                                     "2 person(human)@b/2.jpg: Smiling=no Bald=no votes\n"
                                     "3 person(human)@1.jpg: Bald=yes votes\n");
    assert_string_equal(labels_found(r.labels)->format, "study");
    assert_int_equal(labels_found(r.labels)->n_names, 3);
    assert_int_equal(labels_found(r.labels)->n_matched, 2);
    assert_int_equal(labels_found(r.labels)->n_folded, 1);
    assert_string_equal(labels_found(r.labels)->unmatched[0], "Young");
    reading_end(&r);
}

static void provenance_of_people_is_both_files(void **state)
{
    static const struct {
        const char *annotator;
        bool ai, re;
    } rows[] = { { "llava-next-8b", true, false },
                 { "celeba", true, true },
                 { "person", false, true } };
    const char *folder = make_folder(state, questions, model, votes), *source, *hash;
    char of_model[SHA256_HEX], of_votes[SHA256_HEX];
    struct reading r;
    struct err e;

    sha256_hex(model, strlen(model), of_model);
    sha256_hex(votes, strlen(votes), of_votes);
    assert_ok(read_path(&r, yes_no, "study", folder, &e), &e);
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_ok(labels_provenance(r.labels, rows[i].annotator, &source, &hash, &e), &e);
        assert_int_equal(strstr(source, "ai_annotation.json") != NULL, rows[i].ai);
        assert_int_equal(strstr(source, "re_annotation.json") != NULL, rows[i].re);
        assert_int_equal(strstr(hash, of_model) != NULL, rows[i].ai);
        assert_int_equal(strstr(hash, of_votes) != NULL, rows[i].re);
    }
    reading_end(&r);
}

struct bad_folder {
    const char *what, *questions, *model, *votes;
    const char *where, *says; /* parts of the place and of the message */
};

static void check_refused(void **state, const char *task, const struct bad_folder *row)
{
    struct reading r;
    struct err e;
    int rc = read_path(&r, task, "study",
                       make_folder(state, row->questions, row->model, row->votes), &e);

    if (rc >= 0)
        fail_row(row->what, "is taken:\n%s", r.rows.text);
    if (!strstr(e.where, row->where))
        fail_row(row->what, "is said to be at %s: %s", e.where, e.what);
    if (!strstr(e.what, row->says))
        fail_row(row->what, "says '%s'", e.what);
    reading_end(&r);
}

static void folders_are_refused_with_file_line_and_image(void **state)
{
    static const struct bad_folder rows[] = {
        { "no questions", NULL, model, votes, "questions.json", "" },
        { "no model", questions, NULL, votes, "ai_annotation.json", "" },
        { "no votes", questions, model, NULL, "re_annotation.json", "" },
        { "questions in a list", "[[1]]", model, votes, "questions.json:1", "should be an object" },
        { "a question twice", "{\"Bald\": \"a\",\n\"bald\": \"b\"}", model, votes,
          "questions.json:2", "'bald' stands in questions.json twice" },
        { "too few values", questions, "{\n\"1.jpg\": [1, 1]}", votes,
          "ai_annotation.json:2: image 1.jpg", "wrong number of values" },
        { "a value of 0", questions, "{\n\"x\": [1, 1, 0]}", votes, "ai_annotation.json:2: image x",
          "value of 'smiling'" },
        { "a value in words", questions, "{\n\"x\": [\"yes\", 1, 1]}", votes,
          "ai_annotation.json:2: image x", "value of 'Bald'" },
        { "values in a list", questions, "[\n[1, 1, 1]]", votes, "ai_annotation.json:2",
          "should be an object" },
        { "a vote of 0", questions, model, "{\n\n\"x\": {\"Bald\": 0}}",
          "re_annotation.json:3: image x", "value of 'Bald'" },
        { "votes in a list", questions, model, "{\n\"x\": [1]}", "re_annotation.json:2: image x",
          "should be {name: value}" },
        { "an image's votes twice", questions, model,
          "{\"1.jpg\": {\"Bald\": 1},\n\"1.jpg\": {\"Bald\": 1}}",
          "re_annotation.json:2: image 1.jpg", "stands in the file twice" },
        { "votes on an image that the model has not", questions, model, "{\n\"x\": {\"Bald\": 1}}",
          "re_annotation.json:2: image x", "no values of the model" },
        { "no JSON", questions, "{\n\"1.jpg\": [1, 1, 1],\n", votes, "ai_annotation.json:", "" },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        check_refused(state, yes_no, &rows[i]);
}

static void questions_of_other_kinds_are_not_the_studys(void **state)
{
    static const struct bad_folder rows[] = {
        { "a choice", "{\"Hair\": \"a\"}", "{\"1\": [1]}", "{}", "questions.json:1",
          "'Hair' is yes/no" },
        { "a list", "{\"Tags\": \"a\"}", "{\"1\": [1]}", "{}", "questions.json:1",
          "'Tags' is yes/no" },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        check_refused(state, all_kinds, &rows[i]);
}

/* People's label would be turned over twice, and be the model's again. */
static void one_question_voted_on_twice_is_refused(void **state)
{
    static const struct bad_folder row = { "two spellings",
                                           questions,
                                           model,
                                           "{\n\"1.jpg\": {\"Bald\": 1, \"bald\": 1}}",
                                           "re_annotation.json:2: image 1.jpg",
                                           "" };

    check_refused(state, yes_no, &row);
}

/* ---- writing ---- */

/* What three annotators say of three images, question by question. */
struct three {
    int16_t model[6], people[6], votes[6];
};

static const char *const keys[] = { "1.jpg", "caf\xc3\xa9 \"2\".jpg", "3" };
enum { NONE = VALUE_MISSING };

static int write_study(void **state, const char *task, const struct three *three, size_t n,
                       const char **folder, struct err *e)
{
    const struct label_source sources[] = {
        { .annotator = "m", .kind = ANNOTATOR_MODEL, .values = three->model },
        { .annotator = "p", .values = three->people },
        { .annotator = "v", .values = three->votes },
    };
    struct task *t = load_task(task);
    const struct label_export x = {
        .task = t, .keys = keys, .n_images = n, .sources = sources, .n_sources = 3
    };
    uint64_t cells;
    int rc;

    *folder = ((const struct scratch *)*state)->folder;
    rc = labels_write(*folder, "study", &x, &cells, e);
    assert_true(rc < 0 || cells == n * t->n_columns);
    task_free(t);
    return rc;
}

static void three_annotators_are_read_back_as_they_were_written(void **state)
{
    static const struct three three = { { 1, 0, 1, 0, 0, 1 },
                                        { 1, 1, 1, 1, 0, 0 },
                                        { NONE, 0, NONE, 1, NONE, 1 } };
    const char *folder;
    struct reading r;
    struct err e;

    assert_ok(write_study(state, yes_no, &three, 3, &folder, &e), &e);
    assert_ok(read_path(&r, yes_no, NULL, folder, &e), &e);
    assert_string_equal(r.rows.text,
                        "1 llava-next-8b(model)@1.jpg: Bald=yes Smiling=no\n"
                        "1 celeba(human)@1.jpg: Bald=yes Smiling=yes\n"
                        "2 llava-next-8b(model)@caf\xc3\xa9 \"2\".jpg: Bald=no Smiling=no\n"
                        "2 celeba(human)@caf\xc3\xa9 \"2\".jpg: Bald=yes Smiling=no\n"
                        "3 llava-next-8b(model)@3: Bald=yes Smiling=yes\n"
                        "3 celeba(human)@3: Bald=yes Smiling=no\n"
                        "1 person(human)@1.jpg: Smiling=yes votes\n"
                        "2 person(human)@caf\xc3\xa9 \"2\".jpg: Bald=no votes\n"
                        "3 person(human)@3: Smiling=yes votes\n");
    reading_end(&r);
}

/* The files say what people labelled through the votes alone. */
static void what_the_votes_do_not_say_cannot_be_written(void **state)
{
    static const struct {
        struct three three;
        const char *task, *says;
    } rows[] = {
        { { { 1, 0 }, { 0, 0 }, { NONE, NONE } },
          yes_no,
          "'Bald': no vote where model and people differ" },
        { { { 1, 0 }, { 1, 0 }, { NONE, 1 } },
          yes_no,
          "'Smiling': a vote where model and people agree" },
        { { { 1, 0 }, { 0, 0 }, { VALUE_UNSURE, NONE } }, yes_no, "no vote" },
        { { { NONE, 0 }, { 0, 0 }, { 1, NONE } }, yes_no, "image '1.jpg' has no label for 'Bald'" },
        { { { 1, 0 }, { 1, VALUE_UNSURE }, { NONE, NONE } }, yes_no, "no label for 'Smiling'" },
        { { { 1, 0 }, { 1, 0 }, { NONE, NONE } },
          "name: t\nquestions: [{name: A, text: a}, {name: H, kind: choice, options: [x, y], text: "
          "h}]\n",
          "yes/no questions only, not 'H'" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *folder;
        struct err e;

        assert_refused(write_study(state, rows[i].task, &rows[i].three, 1, &folder, &e), &e,
                       ERR_FORMAT);
        assert_contains(e.what, rows[i].says);
        assert_int_equal(scratch_count(state), 0);
    }
}

/* Each option of a list is a yes/no column, but questions.json names questions: what was written
 * had more values than names. */
static void lists_are_refused_or_read_back(void **state)
{
    static const struct three three = { { 1, 0 }, { 1, 0 }, { NONE, NONE } };
    static const char task[] =
        "name: t\nquestions: [{name: T, kind: multi, options: [x, y], text: t}]\n";
    const char *folder;
    struct reading r;
    struct err e;

    if (write_study(state, task, &three, 1, &folder, &e) < 0) {
        assert_contains(e.what, "yes/no questions only");
        return;
    }
    assert_ok(read_path(&r, task, NULL, folder, &e), &e);
    reading_end(&r);
}

static void no_images_are_a_folder_too(void **state)
{
    static const struct three none = { { 0 }, { 0 }, { 0 } };
    const char *folder;
    struct reading r;
    struct err e;

    assert_ok(write_study(state, yes_no, &none, 0, &folder, &e), &e);
    assert_ok(read_path(&r, yes_no, NULL, folder, &e), &e);
    assert_string_equal(r.rows.text, "");
    reading_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_scratch(folder_is_read_as_three_annotators),
        test_with_scratch(provenance_of_people_is_both_files),
        test_with_scratch(folders_are_refused_with_file_line_and_image),
        test_with_scratch(questions_of_other_kinds_are_not_the_studys),
        known_bug(one_question_voted_on_twice_is_refused),
        test_with_scratch(three_annotators_are_read_back_as_they_were_written),
        test_with_scratch(what_the_votes_do_not_say_cannot_be_written),
        known_bug(lists_are_refused_or_read_back),
        known_bug(no_images_are_a_folder_too),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("formats_study", tests, NULL, NULL);
}
