/* SPDX-License-Identifier: MIT */
/*
 * formats/: what no reader takes, and at which line it says so.
 */
#include "support_formats.h"

static void celeba_refuses(void **state)
{
    static const struct file_row rows[] = {
        { "nothing", "celeba", "", NULL, 1, "begins with its number of rows" },
        { "no count", "celeba", "Bald Smiling\n1.jpg 1 1\n", NULL, 1, "begins with its number" },
        { "a count and more", "celeba", "2 3\nBald\na 1\n", NULL, 1, "begins with its number" },
        { "a negative count", "celeba", "-2\nBald\na 1\n", NULL, 1, "begins with its number" },
        { "a count too great", "celeba", "4294967296\nBald\na 1\n", NULL, 1,
          "begins with its number" },
        { "no names", "celeba", "2\n", NULL, 2, "should name the questions" },
        { "an empty line of names", "celeba", "2\n \na 1\n", NULL, 2, "should name the questions" },
        { "a name twice", "celeba", "1\nBald Bald\na 1 1\n", NULL, 2,
          "'Bald' stands in the header twice" },
        { "a name twice, folded", "celeba", "1\nBald Smiling bald\na 1 1 1\n", NULL, 2,
          "'bald' stands in the header twice" },
        { "too few values", "celeba", "2\nBald Smiling\na 1 1\nb 1\n", NULL, 4, "too few values" },
        { "too many values", "celeba", "2\nBald Smiling\na 1 1 1\nb 1 1\n", NULL, 3,
          "too many values" },
        { "fewer rows than said", "celeba", "3\nBald\na 1\nb 1\n", NULL, 4,
          "is the file cut off?" },
        { "more rows than said", "celeba", "1\nBald\na 1\nb 1\n", NULL, 4,
          "is not what line 1 says" },
        { "no label", "celeba", "2\nBald\na 1\nb 2\n", NULL, 4, "not an answer to 'Bald'" },
        { "both -1 and 0", "celeba", "2\nBald\na 0\nb -1\n", NULL, 4, "both -1 and 0" },
        { "invalid UTF-8", "celeba", "1\nBald\n\xff 1\n", NULL, 3, "not UTF-8" },
    };

    (void)state;
    check_files(yes_no, rows, COUNT(rows));
}

static void csv_refuses(void **state)
{
    static const struct file_row rows[] = {
        { "nothing", "csv", "", NULL, 1, "first line names its columns" },
        { "one column", "csv", "image\na\n", NULL, 1, "first line names its columns" },
        { "a question twice", "csv", "image,Bald,Hair,Bald\n", NULL, 1,
          "'Bald' and 'Bald' are one" },
        { "a question twice, folded", "csv", "image,Wavy_Hair,wavy hair\n", NULL, 1,
          "are one question" },
        { "a list and its first option", "csv", "image,Tags,Tags:hat\n", NULL, 1,
          "are one question" },
        { "too few columns", "csv", "image,Bald,Hair\na,1,\nb,1\n", NULL, 3, "too few columns" },
        { "too many columns", "csv", "image,Bald\na,1,\n", NULL, 2, "too many columns" },
        { "no label", "csv", "image,Bald\na,1\nb,perhaps\n", NULL, 3, "not an answer to 'Bald'" },
        { "no option", "csv", "image,Hair\na,red\n", NULL, 2, "not an answer to 'Hair'" },
        { "no option of a list", "csv", "image,Tags\na,hat;shoe\n", NULL, 2,
          "not an answer to 'Tags'" },
        { "both -1 and 0", "csv", "image,Bald,Wavy_Hair\na,-1,\nb,,0\n", NULL, 3, "both -1 and 0" },
        { "no image", "csv", "image,Bald\na,1\n,1\n", NULL, 3, "names no image" },
        { "a line end in an image's name", "csv", "image,Bald\n\"a\nb\",1\n", NULL, 2, "line end" },
        { "the error behind a row of two lines", "csv", "image,N,Bald\na,\"x\ny\",1\nb,,2\n", NULL,
          4, "not an answer" },
        { "a quote never closed", "csv", "image,Bald\na,1\n\"b,1\nc,1\n", NULL, 3,
          "quotes that RFC 4180" },
        { "a quote within", "csv", "image,Bald\n\"a\"b,1\n", NULL, 2, "quotes that RFC 4180" },
        { "a carriage return within", "csv", "image,Bald\na\rb,1\n", NULL, 2, "carriage return" },
        { "a quoted carriage return", "csv", "image,Bald\n\"a\rb\",1\n", NULL, 2, "line end" },
        { "an escape", "csv", "image,Bald\na\x1b[31m,1\n", NULL, 2, "control character" },
    };

    (void)state;
    check_files(all_kinds, rows, COUNT(rows));
}

static void long_refuses(void **state)
{
    static const struct file_row rows[] = {
        { "nothing", "long", "", NULL, 1, "three columns" },
        { "other columns", "long", "image,question,label\n", NULL, 1, "three columns" },
        { "too few columns", "long", "task,worker,label\na/Bald,m\n", NULL, 2,
          "the row has 2 columns" },
        { "no question", "long", "task,worker,label\na.jpg,m,1\n", NULL, 2, "names no image" },
        { "no image", "long", "task,worker,label\n/Bald,m,1\n", NULL, 2, "names no image" },
        { "no worker", "long", "task,worker,label\na/Bald,,1\n", NULL, 2, "or worker" },
        { "no label", "long", "task,worker,label\na/Bald,m,1\nb/Hair,m,red\n", NULL, 3,
          "not an answer to 'Hair'" },
        { "both -1 and 0", "long", "task,worker,label\na/Bald,m,-1\na/Bald,n,0\n", NULL, 3,
          "both -1 and 0" },
    };

    (void)state;
    check_files(all_kinds, rows, COUNT(rows));
}

static void long_tables_that_name_a_column_twice_are_refused(void **state)
{
    static const struct file_row rows[] = {
        { "task twice", "long", "task,task,label\na/Bald,m,1\n", NULL, 1, "three columns" },
        { "label twice", "long", "task,label,label\na/Bald,m,1\n", NULL, 1, "three columns" },
        { "worker and annotator", "long", "worker,annotator,label\na/Bald,m,1\n", NULL, 1,
          "three columns" },
    };

    (void)state;
    check_files(all_kinds, rows, COUNT(rows));
}

#define GOOD      "{\"image\": \"a\", \"question\": \"Bald\", \"value\": 1}\n"
#define BAD(rest) GOOD "{\"image\": \"a\", \"question\": \"Bald\", " rest "}\n"

static void jsonl_refuses(void **state)
{
    static const struct file_row rows[] = {
        { "a text", "jsonl", GOOD "\"a\"\n", NULL, 2, "needs an \"image\"" },
        { "no JSON", "jsonl", GOOD "{\"image\": \"a\",\n", NULL, 2, "" },
        { "two values", "jsonl", GOOD "{} {}\n", NULL, 2, "" },
        { "no question", "jsonl", GOOD "{\"image\": \"a\", \"value\": 1}\n", NULL, 2,
          "needs an \"image\"" },
        { "an image that is no text", "jsonl",
          GOOD "{\"image\": 1, \"question\": \"Bald\", \"value\": 1}\n", NULL, 2,
          "needs an \"image\"" },
        { "no value", "jsonl", BAD("\"x\": 1"), NULL, 2, "not a value" },
        { "a list", "jsonl", BAD("\"value\": [1]"), NULL, 2, "a choice should be" },
        { "an object", "jsonl", BAD("\"value\": {}"), NULL, 2, "not a value" },
        { "no image in a line an image", "jsonl", "{\"file_name\": \"a\"}\n{\"Bald\": 1}\n", NULL,
          2, "needs a \"file_name\"" },
        { "a cell among images", "jsonl",
          "{\"file_name\": \"a\", \"Bald\": 1}\n{\"image\": \"b\", \"question\": \"Bald\", "
          "\"value\": 1}\n",
          NULL, 2, "a line for a cell" },
        { "no value in a line an image", "jsonl", "{\"file_name\": \"a\", \"Bald\": {}}\n", NULL, 1,
          "not a value" },
        { "another text", "jsonl", BAD("\"value\": \"perhaps\""), NULL, 2,
          "not an answer to 'Bald'" },
        { "another number", "jsonl", BAD("\"value\": 7"), NULL, 2, "not an answer to 'Bald'" },
        { "another reason", "jsonl", BAD("\"value\": null, \"reason\": \"bored\""), NULL, 2,
          "not an answer to 'Bald'" },
        { "an option without its probability", "jsonl",
          BAD("\"value\": 1, \"options\": {\"yes\": 1}"), NULL, 2,
          "not the probabilities of 'Bald'" },
        { "a probability above one", "jsonl",
          BAD("\"value\": 1, \"options\": {\"yes\": 1.1, \"no\": 0}"), NULL, 2,
          "not the probabilities of 'Bald'" },
        { "a probability below nothing", "jsonl",
          BAD("\"value\": 1, \"options\": {\"yes\": 1, \"no\": -1}"), NULL, 2,
          "not the probabilities of 'Bald'" },
        { "a probability in words", "jsonl",
          BAD("\"value\": 1, \"options\": {\"yes\": \"1\", \"no\": 0}"), NULL, 2,
          "not the probabilities of 'Bald'" },
        { "options that are none", "jsonl", BAD("\"value\": 1, \"options\": 3"), NULL, 2,
          "not the probabilities of 'Bald'" },
        { "no image's name", "jsonl",
          GOOD "{\"image\": \"\", \"question\": \"Bald\", \"value\": 1}\n", NULL, 2,
          "names no image" },
        { "a line end in it", "jsonl",
          GOOD "{\"image\": \"a\\nb\", \"question\": \"Bald\", \"value\": 1}\n", NULL, 2,
          "line end" },
    };

    (void)state;
    check_files(all_kinds, rows, COUNT(rows));
}

#define ANNOTATED(name, choices)                                                                  \
    "[\n{\"data\": {\"image\": \"a\"}, \"annotations\": [{\"result\": [\n{\"from_name\": \"" name \
    "\","                                                                                         \
    "\"type\": \"choices\", \"value\": {\"choices\": [" choices "]}}]}]}]"

static void label_studio_refuses(void **state)
{
    static const struct file_row rows[] = {
        { "an object", "label-studio", "{}", NULL, 1, "is a list of tasks" },
        { "nothing", "label-studio", "", NULL, 1, "" },
        { "a task without its image", "label-studio", "[\n{\"data\": {\"text\": \"x\"}}]", NULL, 2,
          "no data.image" },
        { "a task that is a list", "label-studio", "[\n[]]", NULL, 2, "no data.image" },
        { "two pictures in a task", "label-studio",
          "[\n{\"data\": {\"a\": \"1.jpg\", \"b\": \"2.jpg\"}}]", NULL, 2, "not one text" },
        { "no star", "label-studio",
          "[\n{\"data\": {\"image\": \"a\"}, \"annotations\": [{\"result\": [{\"from_name\": "
          "\"Hair\", \"value\": {\"rating\": 99}}]}]}]",
          NULL, 2, "no option of 'Hair'" },
        { "a star for yes or no", "label-studio",
          "[\n{\"data\": {\"image\": \"a\"}, \"annotations\": [{\"result\": [{\"from_name\": "
          "\"Bald\", \"value\": {\"rating\": 1}}]}]}]",
          NULL, 2, "no option of 'Bald'" },
        { "a choice that is no text", "label-studio", ANNOTATED("Bald", "1"), NULL, 3,
          "a choice should be a text" },
        { "two choices of one", "label-studio", ANNOTATED("Hair", "\"black\",\"dark blond\""), NULL,
          3, "several choices" },
        { "another choice", "label-studio", ANNOTATED("Hair", "\"red\""), NULL, 3,
          "not an answer to 'Hair'" },
        { "another choice of a list", "label-studio", ANNOTATED("Tags", "\"hat\",\"shoe\""), NULL,
          3, "not an answer to 'Tags'" },
        { "cut off", "label-studio", "[{\"data\": {\"image\": \"a\"}}", NULL, 1, "" },
    };

    (void)state;
    check_files(all_kinds, rows, COUNT(rows));
}

/* ---- whatever the format ---- */

static void bytes_that_are_no_text_are_refused_at_their_line(void **state)
{
    static const struct {
        struct file_row row;
        size_t len;
    } rows[] = {
        { { "NUL in CelebA", "celeba", "1\nBald\na\0 1\n", NULL, 3, "" }, 12 },
        { { "NUL in CSV", "csv", "image,Bald\na\0,1\n", NULL, 2, "" }, 16 },
        { { "NUL in long", "long", "task,worker,label\na/Bald,m\0,1\n", NULL, 2, "" }, 31 },
        { { "NUL in JSON lines", "jsonl", "{\"image\": \"a\0\"}\n", NULL, 1, "" }, 16 },
        { { "UTF-16", "csv", "i\0,\0B\0\n\0", NULL, 1, "" }, 8 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_file(yes_no, &rows[i].row, rows[i].len);
}

/* Where nothing is said of the format, and nothing is seen. */
static void unknown_files_say_what_was_seen(void **state)
{
    static const struct {
        const char *text, *got;
    } rows[] = {
        { "", "an empty file" },
        { "hello\nworld\n", "'hello'" },
        { "\n\n", "''" },
        { "{\"image\": \"a\",\n", "'{\"image\"" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reading r;
        struct err e;
        int rc = read_text(&r, yes_no, "auto", rows[i].text, strlen(rows[i].text), &e);

        assert_refused(rc, &e, ERR_FORMAT);
        assert_null(r.labels);
        assert_string_equal(e.where, FILE_NAME);
        assert_contains(e.what, "no label format is recognised");
        assert_contains(e.got, rows[i].got);
        assert_contains(e.hint, "--format");
        reading_end(&r);
    }
}

static void unknown_formats_are_refused_with_the_nearest(void **state)
{
    struct reading r;
    struct err e;

    (void)state;
    assert_refused(read_text(&r, yes_no, "jsnl", "", 0, &e), &e, ERR_ARG);
    assert_contains(e.what, "'jsnl'");
    assert_contains(e.hint, "'jsonl'");
    reading_end(&r);
    assert_refused(read_text(&r, yes_no, "study", "", 0, &e), &e, ERR_IO);
    reading_end(&r);
}

static void folders_are_taken_for_the_study_only(void **state)
{
    struct scratch *s = *state;
    struct reading r;
    struct err e;

    assert_refused(read_path(&r, yes_no, "csv", s->folder, &e), &e, ERR_ARG);
    assert_contains(e.what, "is a folder");
    reading_end(&r);
    assert_refused(read_path(&r, yes_no, NULL, s->folder, &e), &e, ERR_IO);
    assert_contains(e.where, "ai_annotation.json");
    assert_contains(e.hint, "questions.json, ai_annotation.json and re_annotation.json");
    reading_end(&r);
    assert_refused(read_path(&r, yes_no, NULL, scratch_path(state, "none"), &e), &e, ERR_IO);
    reading_end(&r);
}

static void image_names_have_a_greatest_length(void **state)
{
    enum { MOST = 4096 };

    (void)state;
    for (size_t len = MOST; len <= MOST + 1; len++) {
        struct buf text = BUF_INIT(ROWS_MAX);
        struct reading r;
        struct err e;
        int rc;

        buf_puts(&text, "image,Bald\n");
        for (size_t i = 0; i < len; i++)
            buf_putc(&text, 'x');
        buf_puts(&text, ",1\n");
        rc = read_text(&r, yes_no, "csv", text.text, text.len, &e);
        if (len == MOST) {
            assert_ok(rc, &e);
        } else {
            assert_refused(rc, &e, ERR_FORMAT);
            assert_string_equal(e.where, FILE_NAME ":2");
            assert_contains(e.what, "too long");
        }
        reading_end(&r);
        buf_release(&text);
    }
}

static void what_is_no_answer_says_what_would_be(void **state)
{
    static const struct {
        const char *header, *label, *expected;
    } rows[] = {
        { "Bald", "perhaps", "-1/1, 0/1, yes/no, true/false" },
        { "Age", "1", "one of child, young, old" },
        { "Tags", "x;hat", "any of hat, tie, with ; between them" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[80];
        struct reading r;
        struct err e;

        snprintf(text, sizeof(text), "image,%s\na,%s\n", rows[i].header, rows[i].label);
        assert_refused(read_text(&r, all_kinds, "csv", text, strlen(text), &e), &e, ERR_FORMAT);
        assert_contains(e.got, rows[i].label);
        assert_contains(e.expected, rows[i].expected);
        reading_end(&r);
    }
}

/* ---- metadata ---- */

static void metadata_refuses(void **state)
{
    static const struct {
        const char *what, *text;
        unsigned long line; /* 1: it does not open */
    } rows[] = {
        { "nothing", "", 1 },
        { "one column", "image\na\n", 1 },
        { "a column without a name", "image,\na,1\n", 1 },
        { "an escape in a name", "image,a\x1b[1m\na,1\n", 1 },
        { "too few columns", "image,a,b\nx,1,2\ny,1\n", 3 },
        { "too many columns", "image,a\nx,1\n\ny,1,2\n", 4 },
        { "no image", "image,a\n,1\n", 2 },
        { "a line end in the image's name", "image,a\n\"x\ny\",1\n", 2 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *path = scratch_path(state, "m.csv"), *key;
        const char *const *values;
        struct metadata *m;
        unsigned long line;
        char where[400];
        struct err e;
        int rc;

        write_file(path, rows[i].text, strlen(rows[i].text));
        rc = metadata_open(&m, path, NULL, &e);
        if ((rc < 0) != (rows[i].line == 1))
            fail_row(rows[i].what, "opens with %d", rc);
        while (rc >= 0 && (rc = metadata_next(m, &key, &values, &line, &e)) == 1)
            continue;
        assert_refused(rc, &e, ERR_FORMAT);
        snprintf(where, sizeof(where), "%s:%lu", path, rows[i].line);
        if (strcmp(e.where, where) != 0)
            fail_row(rows[i].what, "is said to be at %s: %s", e.where, e.what);
        metadata_close(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(celeba_refuses),
        cmocka_unit_test(csv_refuses),
        cmocka_unit_test(long_refuses),
        cmocka_unit_test(long_tables_that_name_a_column_twice_are_refused),
        cmocka_unit_test(jsonl_refuses),
        cmocka_unit_test(label_studio_refuses),
        cmocka_unit_test(bytes_that_are_no_text_are_refused_at_their_line),
        cmocka_unit_test(unknown_files_say_what_was_seen),
        cmocka_unit_test(unknown_formats_are_refused_with_the_nearest),
        test_with_scratch(folders_are_taken_for_the_study_only),
        cmocka_unit_test(image_names_have_a_greatest_length),
        cmocka_unit_test(what_is_no_answer_says_what_would_be),
        test_with_scratch(metadata_refuses),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("formats_refused", tests, NULL, NULL);
}
