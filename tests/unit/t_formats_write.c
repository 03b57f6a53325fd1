/* SPDX-License-Identifier: MIT */
/*
 * formats/: what each writer puts down, that the readers get it back, and what a format cannot
 * hold. The study's folder: t_formats_study.c.
 */
#include "support_formats.h"

/* ---- helpers ---- */

static void assert_holds(const char *path, const char *wanted)
{
    char *text;
    size_t len;
    struct err e;

    assert_ok(file_read(path, ROWS_MAX, &text, &len, &e), &e);
    assert_string_equal(text, wanted);
    free(text);
}

/* Two images' labels of all kinds: column by column. */
static const char *const two_keys[] = { "1.jpg", "b, \"2\".jpg" };
static const int16_t two_values[] = {
    VALUE_YES, VALUE_UNSURE,  /* Bald */
    VALUE_NO,  VALUE_MISSING, /* Wavy_Hair */
    0,         2,             /* Hair */
    VALUE_YES, VALUE_NO,      /* Tags:hat */
    VALUE_NO,  VALUE_YES,     /* Tags:tie */
    2,         VALUE_REFUSED, /* Age */
};
/* An image's after the other: of the second only those of its hair are known. */
static const float two_probabilities[] = {
    0.75f, 0.25f, 0.5f,   0.25f,   0.25f, 0.75f, 0.25f, 0.125f, 0.375f, 0.5f,
    NAN,   NAN,   0.125f, 0.0625f, 0.75f, NAN,   NAN,   NAN,    NAN,    NAN,
};

static struct label_source two_labels(enum annotator_kind kind)
{
    return (struct label_source){ .annotator = "a, b",
                                  .kind = kind,
                                  .values = two_values,
                                  .probabilities =
                                      kind == ANNOTATOR_MODEL ? two_probabilities : NULL };
}

/* Writes one annotator's labels as a file; its path. */
static const char *write_labels(void **state, const char *format, const struct task *t,
                                const struct label_source *source, const char *const *keys,
                                size_t n, uint64_t *cells)
{
    const struct label_export x = {
        .task = t, .keys = keys, .n_images = n, .sources = source, .n_sources = 1
    };
    const char *path = scratch_path(state, "out.json");
    struct err e;

    assert_ok(labels_write(path, format, &x, cells, &e), &e);
    return path;
}

/* ---- what stands in the file ---- */

#define CELL(question, rest) \
    "{\"image\": \"1.jpg\", \"question\": \"" question "\", \"value\": " rest "}\n"
#define CELL2(question, rest) \
    "{\"image\": \"b, \\\"2\\\".jpg\", \"question\": \"" question "\", \"value\": " rest "}\n"

static const struct {
    const char *format;
    uint64_t cells;
    const char *text;
} written[] = {
    { "csv", 11,
      "image_id,Bald,Wavy_Hair,Hair,Tags:hat,Tags:tie,Age\n"
      "1.jpg,yes,no,black,yes,no,old\n"
      "\"b, \"\"2\"\".jpg\",unsure,,\"a, \"\"b\"\"\",no,yes,refused\n" },
    { "long", 9,
      "task,worker,label\n"
      "1.jpg/Bald,\"a, b\",yes\n"
      "1.jpg/Wavy_Hair,\"a, b\",no\n"
      "1.jpg/Hair,\"a, b\",black\n"
      "1.jpg/Tags:hat,\"a, b\",yes\n"
      "1.jpg/Tags:tie,\"a, b\",no\n"
      "1.jpg/Age,\"a, b\",old\n"
      "\"b, \"\"2\"\".jpg/Hair\",\"a, b\",\"a, \"\"b\"\"\"\n"
      "\"b, \"\"2\"\".jpg/Tags:hat\",\"a, b\",no\n"
      "\"b, \"\"2\"\".jpg/Tags:tie\",\"a, b\",yes\n" },
    { "jsonl", 11,
      CELL("Bald", "\"yes\", \"options\": {\"yes\": 0.75, \"no\": 0.25}")
          CELL("Wavy_Hair", "\"no\", \"options\": {\"yes\": 0.25, \"no\": 0.75}") CELL(
              "Hair",
              "\"black\", \"options\": {\"black\": 0.5, \"dark blond\": 0.25, \"a, \\\"b\\\"\": "
              "0.25}") CELL("Tags:hat", "\"yes\", \"options\": {\"yes\": 0.75, \"no\": 0.25}")
              CELL("Tags:tie", "\"no\", \"options\": {\"yes\": 0.25, \"no\": 0.75}") CELL(
                  "Age", "\"old\", \"options\": {\"child\": 0.125, \"young\": 0.375, \"old\": 0.5}")
                  CELL2("Bald", "null, \"reason\": \"unsure\"") CELL2(
                      "Hair", "\"a, \\\"b\\\"\", \"options\": {\"black\": 0.125, \"dark blond\": "
                              "0.0625, \"a, \\\"b\\\"\": 0.75}") CELL2("Tags:hat", "\"no\"")
                      CELL2("Tags:tie", "\"yes\"") CELL2("Age", "null, \"reason\": \"refused\"") },
};

static void each_format_is_written_as_its_readers_know_it(void **state)
{
    struct task *t = load_task(all_kinds);
    struct label_source source = two_labels(ANNOTATOR_MODEL);

    for (size_t i = 0; i < COUNT(written); i++) {
        uint64_t cells = 99;

        assert_holds(write_labels(state, written[i].format, t, &source, two_keys, 2, &cells),
                     written[i].text);
        assert_int_equal(cells, written[i].cells);
    }
    task_free(t);
}

/* Kaggle's signs where there is nothing but labels; names where something abstained. */
static void yes_and_no_are_written_as_celeba_and_kaggle_have_them(void **state)
{
    static const int16_t labels[] = { VALUE_YES, VALUE_NO, VALUE_NO, VALUE_YES };
    static const int16_t gap[] = { VALUE_YES, VALUE_MISSING, VALUE_NO, VALUE_YES };
    static const int16_t unsure[] = { VALUE_YES, VALUE_UNSURE, VALUE_NO, VALUE_YES };
    static const char *const keys[] = { "1.jpg", "2.jpg" };
    static const struct {
        const char *format, *text;
        const int16_t *values;
        uint64_t cells;
    } rows[] = {
        { "celeba", "2\nBald Smiling \n1.jpg  1 -1\n2.jpg -1  1\n", labels, 4 },
        { "csv", "image_id,Bald,Smiling\n1.jpg,1,-1\n2.jpg,-1,1\n", labels, 4 },
        { "csv", "image_id,Bald,Smiling\n1.jpg,1,-1\n2.jpg,,1\n", gap, 3 },
        { "csv", "image_id,Bald,Smiling\n1.jpg,yes,no\n2.jpg,unsure,yes\n", unsure, 4 },
    };
    struct task *t = load_task(yes_no);

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct label_source source = { .annotator = "m", .values = rows[i].values };
        uint64_t cells;

        assert_holds(write_labels(state, rows[i].format, t, &source, keys, 2, &cells),
                     rows[i].text);
        assert_int_equal(cells, rows[i].cells);
    }
    task_free(t);
}

static void long_takes_several_annotators_in_turn(void **state)
{
    static const int16_t first[] = { VALUE_YES, VALUE_NO }, second[] = { VALUE_NO, VALUE_UNSURE };
    static const char *const keys[] = { "a/1.jpg" };
    const struct label_source sources[] = { { .annotator = "anna", .values = first },
                                            { .annotator = "ben", .values = second } };
    struct task *t = load_task(yes_no);
    const struct label_export x = {
        .task = t, .keys = keys, .n_images = 1, .sources = sources, .n_sources = 2
    };
    const char *path = scratch_path(state, "out.csv");
    uint64_t cells;
    struct err e;

    assert_ok(labels_write(path, "long", &x, &cells, &e), &e);
    assert_holds(path, "task,worker,label\na/1.jpg/Bald,anna,yes\na/1.jpg/Bald,ben,no\n"
                       "a/1.jpg/Smiling,anna,no\n");
    assert_int_equal(cells, 3);
    task_free(t);
}

/* ---- Label Studio ---- */

static struct json_t *written_tasks(void **state, const struct task *t, enum annotator_kind kind)
{
    struct label_source source = two_labels(kind);
    uint64_t cells;
    const char *path = write_labels(state, "label-studio", t, &source, two_keys, 2, &cells);
    struct json_t *v = NULL;
    struct err e;
    size_t len;
    char *text;

    assert_int_equal(cells, 9);
    assert_ok(file_read(path, ROWS_MAX, &text, &len, &e), &e);
    assert_ok(jv_parse(&v, text, len, &e), &e);
    assert_int_equal(jv_length(v), 2);
    free(text);
    return v;
}

static double data_number(const struct json_t *task, const char *name)
{
    double x = NAN;

    jv_number(jv_get(jv_get(task, "data"), name), &x);
    return x;
}

static void label_studio_gets_predictions_of_a_model(void **state)
{
    struct task *t = load_task(all_kinds);
    struct json_t *tasks = written_tasks(state, t, ANNOTATOR_MODEL), *first = jv_at(tasks, 0),
                  *entry = jv_at(jv_get(first, "predictions"), 0);
    double score = 0;

    assert_string_equal(jv_text(jv_get(jv_get(first, "data"), "key")), "1.jpg");
    assert_string_equal(jv_text(jv_get(jv_get(jv_at(tasks, 1), "data"), "image")),
                        "/data/local-files/?d=b%2C%20%222%22.jpg");
    assert_string_equal(jv_text(jv_get(entry, "model_version")), "a, b");
    assert_true(jv_number(jv_get(entry, "score"), &score));
    assert_near("the least certain label", score, 0.5, 0);
    assert_near("of yes", data_number(first, "p_Wavy_Hair"), 0.25, 0);
    assert_true(jv_number(jv_get(jv_get(jv_get(first, "data"), "p_Age"), "young"), &score));
    assert_near("of each option", score, 0.375, 0);
    assert_undefined(data_number(jv_at(tasks, 1), "p_Bald"));
    assert_null(jv_get(first, "annotations"));
    jv_free(tasks);
    task_free(t);
}

static void label_studio_gets_annotations_of_people(void **state)
{
    struct task *t = load_task(all_kinds);
    struct json_t *tasks = written_tasks(state, t, ANNOTATOR_HUMAN), *first = jv_at(tasks, 0),
                  *entry = jv_at(jv_get(first, "annotations"), 0);

    assert_int_equal(jv_length(jv_get(entry, "result")), 5);
    assert_null(jv_get(entry, "model_version"));
    assert_null(jv_get(entry, "score"));
    assert_null(jv_get(first, "predictions"));
    jv_free(tasks);
    task_free(t);
}

/* An empty entry would be work that is done. */
static void label_studio_gets_no_entry_about_what_nobody_answered(void **state)
{
    static const int16_t values[] = { VALUE_MISSING, VALUE_UNSURE, VALUE_MISSING, VALUE_MISSING };
    static const char *const keys[] = { "1", "2" };
    struct task *t = load_task(yes_no);
    struct label_source source = { .annotator = "m", .values = values };
    struct json_t *v = NULL;
    uint64_t cells;
    struct err e;
    size_t len;
    char *text;

    assert_ok(file_read(write_labels(state, "label-studio", t, &source, keys, 2, &cells), ROWS_MAX,
                        &text, &len, &e),
              &e);
    assert_ok(jv_parse(&v, text, len, &e), &e);
    assert_int_equal(jv_length(jv_get(jv_at(v, 0), "annotations")), 0);
    assert_int_equal(jv_length(jv_get(jv_at(v, 1), "annotations")), 1);
    jv_free(v);
    free(text);
    task_free(t);
}

static void label_studio_gets_its_configuration_beside_the_tasks(void **state)
{
    struct task *t =
        load_task("name: t\nquestions:\n"
                  "  - {name: A, text: \"<a> & \\\"b\\\"?\"}\n"
                  "  - {name: T, kind: multi, options: [x, \"y<\"], text: [\"Is there a "
                  "{option}? Answer with only yes or no.\", u]}\n");
    static const int16_t values[] = { 1, 0, 1 };
    static const char *const keys[] = { "1" };
    struct label_source source = { .annotator = "m", .values = values };
    uint64_t cells;

    write_labels(state, "label-studio", t, &source, keys, 1, &cells);
    assert_holds(scratch_path(state, "out.xml"),
                 "<View>\n  <Image name=\"image\" value=\"$image\"/>\n"
                 "  <Header value=\"&lt;a&gt; &amp; &quot;b&quot;?\"/>\n"
                 "  <Choices name=\"A\" toName=\"image\" choice=\"single\" showInline=\"true\">\n"
                 "    <Choice value=\"no\"/>\n    <Choice value=\"yes\"/>\n  </Choices>\n"
                 "  <Header value=\"Is there a ..?\"/>\n"
                 "  <Choices name=\"T\" toName=\"image\" choice=\"multiple\" showInline=\"true\">\n"
                 "    <Choice value=\"x\"/>\n    <Choice value=\"y&lt;\"/>\n  </Choices>\n"
                 "</View>\n");
    task_free(t);
}

/* ---- there and back ---- */

enum { N_COLUMNS_ALL = 6, N_KEYS = 7, N_PROBABILITIES = 10 };

static const char *const strange_keys[N_KEYS] = {
    "a/b c/1.jpg",
    "b \"2\", x;y.jpg",
    "\xc3\xa9\xe2\x82\xac/\xf0\x9f\x98\x80.jpg",
    " 4 ",
    "100%25.jpg",
    "it's|<b>&amp;.png",
    "key=value:x\\y",
};

/* What a format keeps: cells that abstain; an annotator's name; probabilities. */
static const struct kept {
    const char *format;
    bool abstentions, probabilities;
} kept[] = {
    { "csv", true, false },
    { "jsonl", true, true },
    { "long", false, false },
    { "label-studio", true, true },
};

struct matrix {
    int16_t values[N_COLUMNS_ALL * N_KEYS];
    float probabilities[N_KEYS * N_PROBABILITIES];
};

static void fill(struct matrix *m, const struct task *t, uint64_t *seed)
{
    for (size_t c = 0; c < N_COLUMNS_ALL; c++)
        for (size_t i = 0; i < N_KEYS; i++) {
            uint64_t range = (uint64_t)((int)t->columns[c].n_values - VALUE_TIE);

            m->values[c * N_KEYS + i] = (int16_t)(VALUE_TIE + (int)random_below(seed, range));
        }
    for (size_t i = 0; i < N_KEYS * N_PROBABILITIES; i++)
        m->probabilities[i] = (float)random_below(seed, 1 << 24) / (1 << 24);
}

static size_t key_index(const char *key)
{
    for (size_t i = 0; i < N_KEYS; i++)
        if (strcmp(strange_keys[i], key) == 0)
            return i;
    fail_row(key, "is no key that was written");
    return 0;
}

/* One row of what was read, into the matrix. */
static void keep_row(struct matrix *m, const struct task *t, const struct label_row *row)
{
    size_t image = key_index(row->key);

    for (size_t i = 0; i < row->n_cells; i++) {
        int16_t *value = &m->values[row->cells[i].column * N_KEYS + image];

        const struct column *c = &t->columns[row->cells[i].column];

        assert_int_equal(*value, VALUE_MISSING);
        *value = row->cells[i].value;
        if (row->cells[i].probabilities)
            memcpy(&m->probabilities[image * N_PROBABILITIES + c->probability],
                   row->cells[i].probabilities, c->n_probabilities * sizeof(float));
    }
}

static void read_back(struct matrix *m, const struct task *t, const char *path)
{
    struct labels *l;
    struct label_row row;
    struct err e;
    int rc;

    for (size_t i = 0; i < COUNT(m->values); i++)
        m->values[i] = VALUE_MISSING;
    assert_ok(labels_open(&l, path, "auto", t, NULL, &e), &e);
    while ((rc = labels_next(l, &row, &e)) == 1)
        keep_row(m, t, &row);
    assert_ok(rc, &e);
    labels_close(l);
}

static void compare(const struct matrix *wrote, const struct matrix *read, const struct task *t,
                    const struct kept *how)
{
    for (size_t i = 0; i < COUNT(wrote->values); i++) {
        int16_t wanted = wrote->values[i];

        if (wanted < VALUE_MISSING && !how->abstentions)
            wanted = VALUE_MISSING;
        if (read->values[i] != wanted)
            fail_row(how->format, "%s of '%s' was %d and is %d", t->columns[i / N_KEYS].name,
                     strange_keys[i % N_KEYS], wrote->values[i], read->values[i]);
    }
    for (size_t c = 0; how->probabilities && c < N_COLUMNS_ALL; c++)
        for (size_t i = 0; i < N_KEYS; i++) {
            size_t at = i * N_PROBABILITIES + t->columns[c].probability;

            if (wrote->values[c * N_KEYS + i] != VALUE_MISSING)
                assert_memory_equal(&read->probabilities[at], &wrote->probabilities[at],
                                    t->columns[c].n_probabilities * sizeof(float));
        }
}

static void labels_are_read_back_as_they_were_written(void **state)
{
    struct task *t = load_task(all_kinds);
    uint64_t seed = 3;

    assert_int_equal(t->n_columns, N_COLUMNS_ALL);
    assert_int_equal(t->n_probabilities, N_PROBABILITIES);
    for (size_t i = 0; i < 20 * COUNT(kept); i++) {
        const struct kept *how = &kept[i % COUNT(kept)];
        struct matrix wrote, read;
        struct label_source source = { "m", ANNOTATOR_MODEL, wrote.values, wrote.probabilities };
        uint64_t cells;

        fill(&wrote, t, &seed);
        read_back(&read, t,
                  write_labels(state, how->format, t, &source, strange_keys, N_KEYS, &cells));
        compare(&wrote, &read, t, how);
    }
    task_free(t);
}

/* A list says of each option that it was chosen, or not: it cannot leave one open. */
static void label_studio_makes_no_answer_of_an_abstention(void **state)
{
    static const int16_t values[][3] = { { VALUE_YES, VALUE_UNPARSEABLE, VALUE_NO },
                                         { VALUE_YES, VALUE_MISSING, VALUE_NO },
                                         { VALUE_NO, VALUE_NO, VALUE_UNSURE } };
    static const char *const keys[] = { "1" };
    struct task *t = load_task("name: t\nquestions:\n"
                               "  - {name: T, kind: multi, options: [x, y, z], text: t}\n");

    for (size_t i = 0; i < COUNT(values); i++) {
        struct label_source source = { .annotator = "m", .values = values[i] };
        struct labels *l;
        struct label_row row;
        uint64_t cells;
        struct err e;

        assert_ok(labels_open(&l, write_labels(state, "label-studio", t, &source, keys, 1, &cells),
                              "auto", t, NULL, &e),
                  &e);
        while (labels_next(l, &row, &e) == 1)
            for (size_t c = 0; c < row.n_cells; c++)
                assert_int_equal(row.cells[c].value, values[i][row.cells[c].column]);
        labels_close(l);
    }
    task_free(t);
}

static void no_images_are_a_file_too(void **state)
{
    static const char *const formats[] = { "celeba", "csv", "long", "label-studio" };
    struct task *t = load_task(yes_no);
    struct label_source source = { .annotator = "m" };

    for (size_t i = 0; i < COUNT(formats); i++) {
        struct reading r;
        uint64_t cells = 99;
        struct err e;
        const char *path = write_labels(state, formats[i], t, &source, NULL, 0, &cells);

        assert_int_equal(cells, 0);
        assert_ok(read_path(&r, yes_no, formats[i], path, &e), &e);
        assert_string_equal(r.rows.text, "");
        reading_end(&r);
    }
    task_free(t);
}

/* ---- what cannot be written ---- */

static void celeba_refuses_what_it_cannot_hold(void **state)
{
    static const char *const plain[] = { "1.jpg", "2.jpg" }, *const spaced[] = { "1.jpg",
                                                                                 "2 3.jpg" };
    static const char spaced_question[] =
        "name: t\nquestions: [{name: A, text: a}, {name: B b, text: b}]\n";
    static const char choice[] = "name: t\nquestions: [{name: A, text: a}, "
                                 "{name: H, kind: choice, options: [x, y], text: h}]\n";
    static const int16_t good[] = { 1, 1, 0, 0 }, gap[] = { 1, 1, 0, VALUE_MISSING },
                         unsure[] = { 1, 1, VALUE_UNSURE, 0 };
    static const struct {
        const char *task;
        const char *const *keys;
        const int16_t *values;
        const char *says;
    } rows[] = {
        { yes_no, spaced, good, "'2 3.jpg'" },
        { spaced_question, plain, good, "'B b'" },
        { choice, plain, good, "'H'" },
        { yes_no, plain, gap, "image '2.jpg' has no label for 'Smiling'" },
        { yes_no, plain, unsure, "image '1.jpg' has no label for 'Smiling'" },
    };
    const char *path = scratch_path(state, "out.txt");

    write_file(path, "before", 6);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct task *t = load_task(rows[i].task);
        struct label_source source = { .annotator = "m", .values = rows[i].values };
        const struct label_export x = {
            .task = t, .keys = rows[i].keys, .n_images = 2, .sources = &source, .n_sources = 1
        };
        uint64_t cells;
        struct err e;

        assert_refused(labels_write(path, "celeba", &x, &cells, &e), &e, ERR_FORMAT);
        assert_contains(e.what, rows[i].says);
        assert_contains(e.hint, i == 0 ? "" : "csv");
        assert_holds(path, "before");
        assert_int_equal(scratch_count(state), 1);
        task_free(t);
    }
}

static void places_and_formats_that_are_not_there_are_refused(void **state)
{
    static const char *const formats[] = {
        "celeba", "csv", "long", "jsonl", "label-studio", "study"
    };
    const char *path = scratch_path(state, "none/out");
    struct task *t = load_task(yes_no);
    struct label_source sources[3] = { { .annotator = "m" },
                                       { .annotator = "n" },
                                       { .annotator = "o" } };
    const struct label_export x = { .task = t, .sources = sources, .n_sources = 3 };
    uint64_t cells;
    struct err e;

    for (size_t i = 0; i < COUNT(formats); i++) {
        assert_refused(labels_write(path, formats[i], &x, &cells, &e), &e, ERR_IO);
        assert_contains(e.where, "none/out");
    }
    assert_refused(labels_write(path, "xml", &x, &cells, &e), &e, ERR_ARG);
    assert_contains(e.what, "'xml'");
    assert_int_equal(scratch_count(state), 0);
    task_free(t);
}

static void formats_say_how_many_annotators_they_take(void **state)
{
    (void)state;
    for (size_t i = 0; labels_format(i); i++) {
        const char *f = labels_format(i);

        assert_int_equal(labels_write_sources(f), strcmp(f, "long") == 0    ? 0
                                                  : strcmp(f, "study") == 0 ? 3
                                                                            : 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_scratch(each_format_is_written_as_its_readers_know_it),
        test_with_scratch(yes_and_no_are_written_as_celeba_and_kaggle_have_them),
        test_with_scratch(long_takes_several_annotators_in_turn),
        test_with_scratch(label_studio_gets_predictions_of_a_model),
        test_with_scratch(label_studio_gets_annotations_of_people),
        test_with_scratch(label_studio_gets_no_entry_about_what_nobody_answered),
        test_with_scratch(label_studio_gets_its_configuration_beside_the_tasks),
        test_with_scratch(labels_are_read_back_as_they_were_written),
        test_with_scratch(label_studio_makes_no_answer_of_an_abstention),
        test_with_scratch(no_images_are_a_file_too),
        test_with_scratch(celeba_refuses_what_it_cannot_hold),
        test_with_scratch(places_and_formats_that_are_not_there_are_refused),
        cmocka_unit_test(formats_say_how_many_annotators_they_take),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("formats_write", tests, NULL, NULL);
}
