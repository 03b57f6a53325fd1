/* SPDX-License-Identifier: MIT */
/*
 * label/: the demo's model is asked about the demo's drawings. What comes of it is held against
 * what was drawn, and against the engine, asked question by question and put together here.
 */
#include "support_task.h"

#include "formats/formats.h"
#include "label/label.h"
#include "vlm/vlm.h"

/* ---- a model, and pictures to ask it about ---- */

/* The n-th of the drawings. */
static struct image drawing(unsigned n)
{
    char name[40];
    struct image image;
    struct err e;
    size_t len;
    char *data;

    snprintf(name, sizeof(name), "images/face_%04u.jpg", n);
    data = read_and_free(fixture_path("ASSENT_FACES", name), &len);
    assert_ok(image_decode(&image, data, len, &e), &e);
    free(data);
    return image;
}

static const struct annotator toy = {
    .name = "toy", .kind = ANNOTATOR_MODEL, .model = "model", .dtype = "f32", .line = 3
};

static int open_toy(struct labeler **out, const struct task *t, const struct annotator *a,
                    bool reference, struct err *e)
{
    const struct label_options o = { .dir = getenv("ASSENT_FACES"), .reference = reference };

    return labeler_open(out, t, a, &o, e);
}

/* Whose pictures share passes, as a large model's do. */
static int open_filled(struct labeler **out, const struct task *t, const struct annotator *a,
                       struct err *e)
{
    const struct label_options o = { .dir = getenv("ASSENT_FACES"), .pass_tokens = 1024 };

    return labeler_open(out, t, a, &o, e);
}

/* A task, its labeler, and what it answered last. */
struct asked {
    struct task *task;
    struct labeler *labeler;
    struct label_answers answers;
};

static void open_asked(struct asked *a, const char *task)
{
    struct err e;

    *a = (struct asked){ .task = load_task(task) };
    assert_ok(open_toy(&a->labeler, a->task, &toy, false, &e), &e);
}

static void close_asked(struct asked *a)
{
    label_answers_release(&a->answers);
    labeler_close(a->labeler);
    task_free(a->task);
}

/* Asks the wanted columns (NULL: all) about a drawing. */
static void ask(struct asked *a, unsigned n, const uint8_t *wanted)
{
    struct image image = drawing(n);
    uint8_t all[64];
    struct err e;

    assert_in_range(a->task->n_columns, 1, sizeof(all));
    memset(all, 1, sizeof(all));
    label_answers_release(&a->answers);
    assert_ok(labeler_answer(a->labeler, &(struct label_picture){ &image }, wanted ? wanted : all,
                             &a->answers, &e),
              &e);
    image_release(&image);
}

/* ---- what was drawn ---- */

static void check_truth(const struct task *t, struct labeler *l, const struct label_row *row)
{
    struct label_answers answers;
    struct image image = drawing((unsigned)strtoul(row->key + strlen("face_"), NULL, 10));
    uint8_t wanted[64];
    struct err e;

    assert_int_equal(row->n_cells, t->n_columns);
    memset(wanted, 1, sizeof(wanted));
    assert_ok(labeler_answer(l, &(struct label_picture){ &image }, wanted, &answers, &e), &e);
    for (size_t i = 0; i < row->n_cells; i++) {
        size_t c = row->cells[i].column;

        if (answers.values[c] != row->cells[i].value)
            fail_row(row->key, "%s is %s", t->columns[c].name,
                     task_value_text(&t->columns[c], answers.values[c]));
        assert_true(answers.mass[c] > 0.5f && answers.mass[c] <= 1.001f);
    }
    assert_null(answers.spread);
    assert_null(answers.detail);
    label_answers_release(&answers);
    image_release(&image);
}

/* The first five: of 200 the model gets all but one in twenty right (tests/cli/test_faces.py). */
static void faces_are_seen_as_they_were_drawn(void **state)
{
    char *yaml = fixture_path("ASSENT_FACES", "assent.yaml"),
         *truth = fixture_path("ASSENT_FACES", "truth.csv");
    struct labels *drawn;
    struct label_row row;
    struct labeler *l;
    struct task *t;
    struct err e;

    (void)state;
    assert_ok(task_load(&t, yaml, &e), &e);
    assert_ok(open_toy(&l, t, &toy, false, &e), &e);
    assert_ok(labels_open(&drawn, truth, "csv", t, NULL, &e), &e);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(labels_next(drawn, &row, &e), 1);
        check_truth(t, l, &row);
    }
    labels_close(drawn);
    labeler_close(l);
    task_free(t);
    free(yaml);
    free(truth);
}

/* ---- against the engine ---- */

#define HAT     "Is this person wearing a hat? Answer with only yes or no."
#define HAT2    "Does this person wear a hat?"
#define HAIR    "What colour is the hair: black, blond, brown, gray or red?"
#define COLOURS "options: [black, blond, brown, gray, red]"

static const char mixed[] =
    "name: t\n"
    "questions:\n"
    "  - {name: Hat, text: [\"" HAT "\", \"" HAT2 "\", \"A hat?\"]}\n"
    "  - {name: Hair, kind: choice, " COLOURS ", text: [\"" HAIR "\", \"Hair?\"]}\n"
    "  - {name: Letters, kind: choice, " COLOURS ", format: letters, min_mass: 0, text: \"" HAIR
    "\"}\n"
    "  - {name: Worn, kind: multi, options: [hat, necktie], "
    "text: \"Is this person wearing a {option}? Answer with only yes or no.\"}\n"
    "  - {name: Beard, text: \"Does this person have a beard?\"}\n";
enum { M_HAT, M_HAIR, M_LETTERS, M_WORN_HAT, M_WORN_TIE, M_BEARD, N_MIXED };

/* Asks the engine one question, alone; release with vlm_answers_release. */
static struct vlm_answers ask_engine(struct vlm *v, const struct image *image,
                                     const struct vlm_question *q)
{
    const struct vlm_how how = { .one_by_one = true };
    struct vlm_prompts *p;
    struct vlm_answers a;
    struct err e;

    assert_ok(vlm_prompts_new(&p, v, q, 1, &e), &e);
    assert_ok(vlm_ask(v, p, image, &how, &a, &e), &e);
    vlm_prompts_free(p);
    return a;
}

/* A column's mean over its wordings, by the engine. */
struct plain {
    double mass, score[8], low, high; /* low, high: of yes, or of the first option */
};

static struct plain plain_column(struct vlm *v, const struct image *image, const struct task *t,
                                 size_t column)
{
    const struct column *c = &t->columns[column];
    const struct question *q = &t->questions[c->question];
    struct plain p = { .low = 1, .high = 0 };

    for (size_t w = 0; w < q->n_wordings; w++) {
        char text[200];
        const char *gap = strstr(q->wordings[w], "{option}");
        struct vlm_question question = { text,
                                         c->yesno     ? VLM_YESNO
                                         : q->letters ? VLM_LETTERS
                                                      : VLM_CHOICE,
                                         q->options, q->n_options };
        struct vlm_answers a;
        double shown;

        snprintf(text, sizeof(text), "%.*s%s%s",
                 gap ? (int)(gap - q->wordings[w]) : (int)strlen(q->wordings[w]), q->wordings[w],
                 gap ? q->options[c->option] : "", gap ? gap + strlen("{option}") : "");
        a = ask_engine(v, image, &question);
        p.mass += vlm_mass(&a.items[0]) / (double)q->n_wordings;
        for (size_t o = 0; o < c->n_values; o++)
            p.score[o] += vlm_score(&a.items[0], o) / (double)q->n_wordings;
        shown = vlm_score(&a.items[0], c->yesno ? VALUE_YES : 0);
        p.low = fmin(p.low, shown);
        p.high = fmax(p.high, shown);
        vlm_answers_release(&a);
    }
    return p;
}

/* Likeliest where the mass is enough. */
static int16_t plain_value(const struct plain *p, const struct question *q, size_t n_values)
{
    size_t best = 0;

    for (size_t o = 1; o < n_values; o++)
        best = p->score[o] > p->score[best] ? o : best;
    return p->mass < q->min_mass ? VALUE_UNPARSEABLE : (int16_t)best;
}

static void check_column(const struct asked *a, size_t i, const struct plain *p)
{
    const struct column *c = &a->task->columns[i];
    const struct question *q = &a->task->questions[c->question];
    const float *probability = &a->answers.probabilities[c->probability];

    assert_near(c->name, (double)a->answers.mass[i], p->mass, 1e-4);
    if (c->yesno)
        assert_near(c->name, (double)probability[0], p->score[VALUE_YES], 1e-4);
    for (size_t o = 0; !c->yesno && o < c->n_values; o++)
        assert_near(c->name, (double)probability[o], p->score[o], 1e-4);
    if (q->n_wordings > 1)
        assert_near(c->name, (double)a->answers.spread[i], p->high - p->low, 1e-4);
    else
        assert_undefined((double)a->answers.spread[i]);
    assert_int_equal(a->answers.values[i], plain_value(p, q, c->n_values));
}

/* Hat and Hair in several wordings, one of which the model hardly understands. */
static void answers_are_the_engines_question_by_question(void **state)
{
    const struct vlm_options options = { .dtype = "f32" };
    char *folder = fixture_path("ASSENT_FACES", "model");
    struct image image = drawing(1);
    struct asked a;
    struct vlm *v;
    struct err e;

    (void)state;
    open_asked(&a, mixed);
    assert_int_equal(a.task->n_columns, N_MIXED);
    ask(&a, 1, NULL);
    assert_ok(vlm_open(&v, folder, &options, &e), &e);
    for (size_t i = 0; i < N_MIXED; i++) {
        struct plain p = plain_column(v, &image, a.task, i);

        check_column(&a, i, &p);
    }
    assert_true(a.answers.spread[M_HAT] > 0);
    vlm_close(v);
    image_release(&image);
    close_asked(&a);
    free(folder);
}

static void plain_c_answers_as_the_fast_arithmetic_does(void **state)
{
    struct asked fast, plain;
    struct err e;

    (void)state;
    open_asked(&fast, mixed);
    plain = (struct asked){ .task = load_task(mixed) };
    assert_ok(open_toy(&plain.labeler, plain.task, &toy, true, &e), &e);
    ask(&fast, 2, NULL);
    ask(&plain, 2, NULL);
    for (size_t i = 0; i < N_MIXED; i++)
        assert_near("mass", (double)fast.answers.mass[i], (double)plain.answers.mass[i], 1e-4);
    close_asked(&fast);
    close_asked(&plain);
}

/* ---- what is asked ---- */

static void check_subset(struct asked *a, const struct asked *whole, unsigned columns)
{
    uint8_t wanted[N_MIXED];

    for (size_t i = 0; i < N_MIXED; i++)
        wanted[i] = columns >> i & 1;
    ask(a, 3, wanted);
    for (size_t i = 0; i < N_MIXED; i++) {
        const struct column *c = &a->task->columns[i];

        if (!wanted[i]) {
            assert_int_equal(a->answers.values[i], VALUE_MISSING);
            assert_undefined((double)a->answers.mass[i]);
            assert_undefined((double)a->answers.spread[i]);
        } else {
            assert_int_equal(a->answers.values[i], whole->answers.values[i]);
            assert_near(c->name, (double)a->answers.mass[i], (double)whole->answers.mass[i], 1e-4);
        }
        for (size_t o = 0; o < c->n_probabilities; o++) {
            double p = (double)a->answers.probabilities[c->probability + o];

            if (wanted[i])
                assert_near(c->name, p, (double)whole->answers.probabilities[c->probability + o],
                            1e-4);
            else
                assert_undefined(p);
        }
    }
}

static void some_columns_are_answered_as_all_of_them_are(void **state)
{
    static const unsigned subsets[] = {
        1u << M_HAT,
        1u << M_WORN_TIE | 1u << M_HAIR,
        1u << M_BEARD,
        (1u << N_MIXED) - 1,
        1u << M_WORN_HAT | 1u << M_LETTERS | 1u << M_BEARD,
        1u << M_HAT,
    };
    struct asked a, whole;

    (void)state;
    open_asked(&whole, mixed);
    ask(&whole, 3, NULL);
    open_asked(&a, mixed);
    for (size_t i = 0; i < COUNT(subsets); i++)
        check_subset(&a, &whole, subsets[i]);
    close_asked(&a);
    close_asked(&whole);
}

static void an_option_is_asked_like_a_question_of_its_own(void **state)
{
    struct asked a;

    (void)state;
    open_asked(
        &a, "name: t\nquestions:\n"
            "  - {name: Hat, text: \"Is this person wearing a hat? Answer with only yes or no.\"}\n"
            "  - {name: Worn, kind: multi, options: [necktie, hat], "
            "text: \"Is this person wearing a {option}? Answer with only yes or no.\"}\n");
    ask(&a, 1, NULL);
    assert_near("hat", (double)a.answers.probabilities[2], (double)a.answers.probabilities[0],
                1e-5);
    assert_int_equal(a.answers.values[2], VALUE_YES);
    close_asked(&a);
}

/* ---- answers that are none ---- */

static void check_detail(const struct label_answers *a, const char *const names[], size_t n)
{
    struct json_t *detail;
    struct err e;

    assert_ok(jv_parse(&detail, a->detail, strlen(a->detail), &e), &e);
    assert_int_equal(jv_members(detail), n);
    for (size_t i = 0; i < n; i++) {
        const struct json_t *tokens = jv_get(detail, names[i]);
        double last = 1, sum = 0;

        assert_int_equal(jv_length(tokens), VLM_TOP);
        for (size_t t = 0; t < VLM_TOP; t++) {
            double p = NAN;

            assert_non_null(jv_text(jv_get(jv_at(tokens, t), "text")));
            assert_true(jv_number(jv_get(jv_at(tokens, t), "probability"), &p));
            assert_true(p > 0 && p <= last); /* the likeliest first */
            last = p;
            sum += p;
        }
        assert_true(sum <= 1 + 1e-6);
    }
    jv_free(detail);
}

/* The model says yes or no: asked for numbers, next to nothing falls on the options. */
static void little_mass_is_no_answer_and_says_what_was_likely(void **state)
{
    static const char *const names[] = { "Words", "List:x" };
    struct asked a;

    (void)state;
    open_asked(&a,
               "name: t\nquestions:\n"
               "  - {name: Hat, text: \"" HAT "\"}\n"
               "  - {name: Words, kind: choice, options: [\"17\", \"18\"], text: \"" HAT "\"}\n"
               "  - {name: List, kind: multi, options: [x], min_mass: 1, text: \"A {option}?\"}\n");
    ask(&a, 1, NULL);
    assert_int_equal(a.answers.values[0], VALUE_YES);
    assert_int_equal(a.answers.values[1], VALUE_UNPARSEABLE);
    assert_int_equal(a.answers.values[2], VALUE_UNPARSEABLE);
    assert_true(a.answers.mass[1] < 0.2f);
    assert_false(isnan(a.answers.probabilities[1]) ||
                 isnan(a.answers.probabilities[2])); /* kept all the same */
    check_detail(&a.answers, names, COUNT(names));
    close_asked(&a);
}

/* The same question with no threshold, with one just below the mass that it had then, and just
 * above. */
static void min_mass_is_where_answers_end(void **state)
{
    static const double share[] = { 0, 0.99, 1.01 };
    double mass = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(share); i++) {
        char task[400];
        struct asked a;

        snprintf(task, sizeof(task),
                 "name: t\nquestions:\n  - {name: Hair, kind: choice, options: [black, gray], "
                 "min_mass: %.12f, text: \"" HAIR "\"}\n",
                 share[i] * mass);
        open_asked(&a, task);
        ask(&a, 4, NULL); /* it is brown */
        if (i == 0)
            mass = (double)a.answers.mass[0];
        assert_true(mass > 1e-6 && mass < 0.2);
        assert_int_equal(a.answers.values[0] == VALUE_UNPARSEABLE, share[i] > 1);
        assert_int_equal(a.answers.detail != NULL, share[i] > 1);
        close_asked(&a);
    }
}

/* ---- the model ---- */

static void annotators_that_cannot_be_asked_are_refused(void **state)
{
    static const char one[] = "name: t\nquestions: [{name: A, text: a}]\n";
    static const char list[] = "name: t\nquestions:\n  - {name: A, text: a}\n"
                               "  - {name: L, kind: multi, options: [x, y], text: Which?}\n";
    static const char control[] = "name: t\nquestions: [{name: A, text: \"a <image> b\"}]\n";
    static const struct {
        struct annotator a;
        const char *task;
        enum err_code code;
        const char *what, *where, *hint;
    } rows[] = {
        { { .name = "m", .engine = "llama.cpp", .line = 7 },
          one,
          ERR_ARG,
          "'llama.cpp'",
          "assent.yaml:7: m",
          "import FILE --annotator m --kind model" },
        { { .name = "m", .engine = "http", .model = "x", .line = 7 },
          one,
          ERR_ARG,
          "which model of which server",
          "assent.yaml:7",
          "" },
        { { .name = "m", .engine = "vlm", .line = 8 },
          one,
          ERR_ARG,
          "'m' names no model",
          "assent.yaml:8",
          "" },
        { { .name = "m", .model = "no such", .line = 8 }, one, ERR_IO, "", "no such", "" },
        { { .name = "m", .model = "model", .dtype = "f8" }, one, ERR_ARG, "precision", "", "" },
        { { .name = "m", .model = "model", .dtype = "f32" },
          list,
          ERR_ARG,
          "needs {option}",
          "assent.yaml:4: L",
          "" },
        { { .name = "m", .model = "model", .dtype = "f32" }, control, ERR_ARG, "", "", "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct task *t = load_task(rows[i].task);
        struct labeler *l;
        struct err e;

        assert_refused(open_toy(&l, t, &rows[i].a, false, &e), &e, rows[i].code);
        assert_null(l);
        assert_contains(e.what, rows[i].what);
        assert_contains(e.where, rows[i].where);
        assert_contains(e.hint, rows[i].hint);
        task_free(t);
    }
    labeler_close(NULL);
}

/* The toy has one way; a server is sent pictures, and cuts them as it likes. */
static void what_pictures_cannot_be_is_refused_with_the_line(void **state)
{
    static const char *const url = "http://127.0.0.1:1/v1";
    static const struct {
        struct annotator a;
        const char *what;
    } rows[] = {
        { { .model = "model", .pictures = { .max_pixels = 262144 } }, "pictures" },
        { { .engine = "http", .pictures = { .tiles = 1 } }, "tiles is the engine's" },
        { { .engine = "http", .pictures = { .min_pixels = 1 } }, "min_pixels is the engine's" },
    };
    struct task *t = load_task("name: t\nquestions: [{name: A, text: a}]\n");

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct annotator a = rows[i].a;
        struct labeler *l;
        struct err e;

        a.name = "m";
        a.line = 9;
        a.server.urls = &url;
        a.server.n_urls = 1;
        assert_refused(open_toy(&l, t, &a, false, &e), &e, ERR_ARG);
        assert_contains(e.what, rows[i].what);
        assert_string_equal(e.where, "assent.yaml:9: m");
    }
    task_free(t);
}

static void model_and_files_are_for_the_record(void **state)
{
    static const char *const wanted[] = { "/model.safetensors", "/config.json", "/tokenizer.json" };
    struct asked a;
    struct label_model m;
    struct buf files = BUF_INIT(1 << 16);
    struct err e;
    char *path;

    (void)state;
    open_asked(&a, mixed);
    m = labeler_model(a.labeler);
    assert_contains(m.path, "/model");
    assert_string_equal(m.dtype, "f32");
    assert_null(m.prompt);
    assert_true(m.parameters > 100000 && m.weight_bytes >= 2 * m.parameters);
    for (size_t i = 0; (path = labeler_file(a.labeler, i, &e)); i++) {
        assert_true(file_exists(path));
        buf_printf(&files, "%s\n", path);
        free(path);
    }
    for (size_t i = 0; i < COUNT(wanted); i++)
        assert_contains(files.text, wanted[i]);
    buf_release(&files);
    close_asked(&a);
}

static void submit_blank(struct labeler *l, uint32_t width, uint32_t height, uint64_t tag)
{
    struct image image = { width, height, calloc(width, (size_t)height * 3) };
    struct err e;

    assert_ok(labeler_submit(l, &(struct label_picture){ &image }, (const uint8_t[]){ 1 }, tag, &e),
              &e);
    image_release(&image);
}

/* A pass is as large as is good for it, whatever its first picture is like. */
static void small_pictures_let_no_large_one_into_their_pass(void **state)
{
    const struct annotator qwen = { .name = "toy-qwen",
                                    .kind = ANNOTATOR_MODEL,
                                    .model = "model-qwen3-vl",
                                    .dtype = "f32",
                                    .pictures = { .min_pixels = 1, .max_pixels = 400000 },
                                    .line = 3 };
    struct task *t = load_task("name: t\nquestions: [{name: Hat, text: \"" HAT "\"}]\n");
    struct label_done done;
    struct labeler *l;
    struct err e;

    (void)state;
    assert_ok(open_filled(&l, t, &qwen, &e), &e);
    submit_blank(l, 48, 48, 0);
    assert_true(labeler_wants_more(l));
    submit_blank(l, 48, 48, 1);
    assert_true(labeler_wants_more(l));
    submit_blank(l, 700, 500, 2);
    assert_false(labeler_wants_more(l)); /* the small ones are answered */
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(labeler_collect(l, 1, &done, &e), 1);
        assert_int_equal(done.tag, i);
        label_answers_release(&done.answers);
        assert_false(i == 1 && labeler_wants_more(l)); /* the large one goes alone */
    }
    labeler_close(l);
    task_free(t);
}

/* However few tokens a photograph becomes, as it came it is large. */
static void large_pictures_do_not_wait_for_others(void **state)
{
    const struct annotator qwen = {
        .name = "q", .kind = ANNOTATOR_MODEL, .model = "model-qwen3-vl", .dtype = "f32", .line = 3
    };
    struct task *t = load_task("name: t\nquestions: [{name: Hat, text: \"" HAT "\"}]\n");
    struct labeler *l;
    struct err e;

    (void)state;
    assert_ok(open_filled(&l, t, &qwen, &e), &e);
    submit_blank(l, 300, 250, 0);
    assert_true(labeler_wants_more(l));
    labeler_close(l);
    assert_ok(open_filled(&l, t, &qwen, &e), &e);
    submit_blank(l, 6000, 5000, 0);
    assert_false(labeler_wants_more(l));
    labeler_close(l);
    task_free(t);
}

/* The first of two questions is open: the other's tokens and operations are not counted. */
static void cost_is_the_engines_for_open_questions_alone(void **state)
{
    static const uint32_t sizes[][2] = { { 64, 64 }, { 640, 480 }, { 1, 5000 } };
    const struct vlm_question q = { .text = HAT, .kind = VLM_YESNO };
    const struct vlm_options options = { .dtype = "f32" };
    char *folder = fixture_path("ASSENT_FACES", "model");
    struct vlm_prompts *p;
    struct asked a;
    struct vlm *v;
    struct err e;

    (void)state;
    open_asked(&a, "name: t\nquestions: [{name: Hat, text: \"" HAT "\"}, {name: Cat, text: b}]\n");
    assert_ok(vlm_open(&v, folder, &options, &e), &e);
    assert_ok(vlm_prompts_new(&p, v, &q, 1, &e), &e);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        const struct image size = { .width = sizes[i][0], .height = sizes[i][1] };
        struct label_cost got, both;
        struct vlm_cost wanted;

        assert_ok(labeler_cost(a.labeler, &size, (const uint8_t[]){ 1, 0 }, &got, &e), &e);
        assert_ok(labeler_cost(a.labeler, &size, (const uint8_t[]){ 1, 1 }, &both, &e), &e);
        assert_ok(vlm_estimate(&wanted, v, p, &(struct vlm_size){ sizes[i][0], sizes[i][1] }, &e),
                  &e);
        assert_int_equal(got.tokens, wanted.tokens);
        assert_int_equal(got.activation_bytes, wanted.activation_bytes);
        assert_near("operations", got.flop, wanted.flop, 0);
        assert_true(got.tokens > 0 && got.flop > 0);
        assert_true(both.tokens > got.tokens && both.flop > got.flop);
    }
    vlm_prompts_free(p);
    vlm_close(v);
    close_asked(&a);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faces_are_seen_as_they_were_drawn),
        cmocka_unit_test(answers_are_the_engines_question_by_question),
        cmocka_unit_test(plain_c_answers_as_the_fast_arithmetic_does),
        cmocka_unit_test(some_columns_are_answered_as_all_of_them_are),
        cmocka_unit_test(an_option_is_asked_like_a_question_of_its_own),
        cmocka_unit_test(little_mass_is_no_answer_and_says_what_was_likely),
        cmocka_unit_test(min_mass_is_where_answers_end),
        cmocka_unit_test(annotators_that_cannot_be_asked_are_refused),
        cmocka_unit_test(what_pictures_cannot_be_is_refused_with_the_line),
        cmocka_unit_test(model_and_files_are_for_the_record),
        cmocka_unit_test(small_pictures_let_no_large_one_into_their_pass),
        cmocka_unit_test(large_pictures_do_not_wait_for_others),
        cmocka_unit_test(cost_is_the_engines_for_open_questions_alone),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("label", tests, NULL, NULL);
}
