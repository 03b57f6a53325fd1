/* SPDX-License-Identifier: MIT */
/*
 * serve/: whose turn it is; what requests are read, and which are refused where; answers against
 * those of job_ask, bit for bit.
 */
#include "support.h"

#include <math.h>
#include <nettle/base64.h>

#include "jobs/ask.h"
#include "serve/asking.h"
#include "serve/line.h"

/* ---- the line ---- */

static struct place place_of(unsigned char client, uintptr_t request)
{
    return (struct place){ .request = (struct request *)request, .client = { client } };
}

/* Clients a and b as letters, each with a number a request: "a1". */
static void enter(struct line *l, const char *who)
{
    assert_null(line_enter(l, place_of((unsigned char)who[0], (uintptr_t)who[1])));
}

static void assert_next(struct line *l, const char *who)
{
    struct place p = line_next(l);

    assert_int_equal(p.client[0], who[0]);
    assert_int_equal((uintptr_t)p.request, who[1]);
}

static void clients_take_turns(void **state)
{
    struct line l = { 0 };

    nothing(state);
    for (const char *const *who = (const char *[]){ "a1", "a2", "a3", "b1", "c1", "b2", NULL };
         *who; who++)
        enter(&l, *who);
    assert_next(&l, "a1");
    assert_next(&l, "b1");
    enter(&l, "b3");
    enter(&l, "d1"); /* behind whoever is of its round */
    assert_next(&l, "c1");
    assert_next(&l, "d1");
    assert_next(&l, "a2");
    assert_next(&l, "b2");
    assert_next(&l, "a3");
    assert_next(&l, "b3");
    assert_null(line_next(&l).request);
}

static void who_asks_one_at_a_time_waits_for_one_of_each(void **state)
{
    struct line l = { 0 };

    nothing(state);
    for (char n = '1'; n < '9'; n++)
        enter(&l, (char[]){ 'a', n });
    assert_next(&l, "a1");
    for (char n = '2'; n < '9'; n++) {
        enter(&l, "b1");
        assert_next(&l, "b1");
        assert_next(&l, (char[]){ 'a', n });
    }
}

static void a_full_line_sends_away_the_last_of_whoever_has_most(void **state)
{
    struct line l = { 0 };

    nothing(state);
    for (uintptr_t i = 1; i <= LINE_MAX; i++)
        assert_null(line_enter(&l, place_of('a', i)));
    assert_int_equal((uintptr_t)line_enter(&l, place_of('a', 99)), 99);
    assert_int_equal((uintptr_t)line_enter(&l, place_of('b', 7)), LINE_MAX);
    assert_int_equal((uintptr_t)line_enter(&l, place_of('b', 8)), LINE_MAX - 1);
    assert_int_equal(l.n, LINE_MAX);
    assert_next(&l, "a\1");
    assert_next(&l, "b\7");
}

static bool is_two(const struct request *r)
{
    return (uintptr_t)r == '2';
}

static void who_is_gone_leaves_the_line(void **state)
{
    struct line l = { 0 };

    nothing(state);
    enter(&l, "a1");
    enter(&l, "a2");
    enter(&l, "b2");
    assert_true(is_two(line_take(&l, is_two)));
    assert_true(is_two(line_take(&l, is_two)));
    assert_null(line_take(&l, is_two));
    assert_next(&l, "a1");
    assert_null(line_next(&l).request);
}

/* ---- what is refused, and where ---- */

#define STATE "\"state\": \"p\", \"assets\": {\"p\": {\"data_base64\": \"AAAA\"}}"
#define IMAGE "\"images\": [\"data:image/png;base64,AAAA\"]"
#define NOUL  "\"questions\": {\"q\": {\"type\": \"noul\", \"instructions\": \"A?\"}}"
#define CHOICE \
    "\"questions\": {\"q\": {\"type\": \"choice\", \"instructions\": \"A?\", \"criteria\": "
#define SCORE \
    "\"questions\": {\"q\": {\"type\": \"score\", \"instructions\": \"A?\", \"criteria\": "
#define PART   "{\"type\": \"input_image\", \"image_url\": \"data:;base64,AAAA\"}"
#define INPUT  "\"input\": [{\"role\": \"user\", \"content\": [" PART "]}]"
#define ASK(q) "{" INPUT ", \"questions\": [" q "]}"

struct row {
    const char *body, *says; /* says NULL: it is read */
};

static void check_rows(const struct protocol *p, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct order o;
        struct err e;
        int rc = order_read(&o, p, rows[i].body, strlen(rows[i].body), &e);
        char text[ERR_TEXT_MAX] = "";

        if (rc < 0)
            err_line(&e, text);
        if ((rc < 0) != (rows[i].says != NULL) || (rc < 0 && !strstr(text, rows[i].says)))
            fail_row(rows[i].body, "%s", rc < 0 ? text : "is read");
        order_release(&o);
    }
}

static void systemone_says_which_member_is_wrong(void **state)
{
    static const struct row rows[] = {
        { "{" STATE ", " NOUL "}", NULL },
        { "{" IMAGE ", " NOUL "}", NULL },
        { "{" IMAGE ", \"state\": \" \", \"model\": \"m\", " NOUL "}", NULL },
        { "{\"state\": {\"photo\": \"p\"}, \"assets\": {\"p\": {\"type\": \"image\", \"format\": "
          "\"png\", \"data_base64\": \"AAAA\"}}, " NOUL "}",
          NULL },
        { "{" IMAGE ", " CHOICE "{\"a\": null, \"b\": null}}}}", NULL },
        { "{" IMAGE ", " SCORE "[\"a\", \"b\"], \"format\": \"letters\"}}}", NULL },
        { "[]", "request: a value that does not fit" },
        { "{" IMAGE ", " NOUL ", \"priority\": 1}", "a member that is not known: got priority" },
        { "{" NOUL "}", "no picture" },
        { "{\"images\": [\"data:;base64,AA\", \"data:;base64,AA\"], " NOUL "}",
          "images[1]: a second picture" },
        { "{\"images\": [\"http://x/y.png\"], " NOUL "}", "this server fetches nothing" },
        { "{\"images\": [\"data:image/png,AA\"], " NOUL "}", "images[0]" },
        { "{\"assets\": {\"p\": {\"data_base64\": \"AA\"}}, " NOUL "}", "state: " },
        { "{\"state\": \"see p\", \"assets\": {\"p\": {\"data_base64\": \"AA\"}}, " NOUL "}",
          "the asset's id, and nothing else" },
        { "{\"state\": [\"p\", \"p\"], \"assets\": {\"p\": {\"data_base64\": \"AA\"}}, " NOUL "}",
          "the picture, once" },
        { "{\"state\": \"a letter\", " IMAGE ", " NOUL "}", "expected nothing" },
        { "{" IMAGE ", \"questions\": {}}", "one question or more" },
        { "{" IMAGE ", \"questions\": {\"q\": {\"type\": \"box\", \"instructions\": \"A?\"}}}",
          "questions[\"q\"].type: " },
        { "{" IMAGE ", \"questions\": {\"q\": {\"type\": \"noul\", \"instructions\": \"A?\", "
          "\"criteria\": {\"true\": \"hairless\"}}}}",
          "criteria[\"true\"]" },
        { "{" IMAGE ", " CHOICE "{\"a\": \"the first\", \"b\": null}}}}",
          "[\"q\"].criteria[\"a\"]" },
        { "{" IMAGE ", " CHOICE "{\"a\": null}}}}", "two or more" },
        { "{" IMAGE ", " CHOICE "null}}}", "its options" },
        { "{" IMAGE ", " SCORE "[\"a\", \"a\"]}}}", "an option twice: got a" },
        { "{" IMAGE ", " SCORE "[\"a\", 2]}}}", "criteria[1]" },
    };

    nothing(state);
    check_rows(&order_systemone, rows, COUNT(rows));
}

static void decisions_say_which_member_is_wrong(void **state)
{
    static const struct row rows[] = {
        { ASK("{\"type\": \"predicate\", \"instructions\": \"A?\"}"), NULL },
        { ASK("{\"type\": \"predicate\", \"name\": \"n\", \"instructions\": [{\"type\": "
              "\"input_text\", \"text\": \"A?\"}]}"),
          NULL },
        { ASK("{\"type\": \"choice\", \"instructions\": \"A?\", \"choices\": [{\"value\": true}, "
              "{\"value\": \"b\"}]}"),
          NULL },
        { ASK("{\"type\": \"score\", \"instructions\": \"A?\", \"levels\": [{\"label\": \"a\"}, "
              "{\"label\": \"b\"}]}"),
          NULL },
        { "{\"input\": \"text\", \"questions\": []}", "input: a value that does not fit" },
        { "{\"input\": [{\"role\": \"user\", \"content\": [" PART ", " PART
          "]}], \"questions\": []}",
          "input[0].content[1].image_url: a second picture" },
        { "{\"input\": [{\"role\": \"system\", \"content\": []}], \"questions\": []}",
          "input[0].role" },
        { "{\"input\": [{\"role\": \"user\", \"content\": [{\"type\": \"input_text\", \"text\": "
          "\"A\"}]}], \"questions\": []}",
          "write what it should know into the instructions" },
        { "{" INPUT ", \"questions\": []}", "one question or more" },
        { ASK("{\"type\": \"predicate\"}"), "questions[0].instructions" },
        { ASK("{\"type\": \"predicate\", \"instructions\": \"A?\", \"weight\": 1}"), "weight" },
        { ASK("{\"type\": \"predicate\", \"instructions\": [" PART "]}"), "instructions[0]" },
        { ASK("{\"type\": \"predicate\", \"instructions\": \"A?\", \"format\": \"letters\"}"),
          "questions[0].format" },
        { ASK("{\"type\": \"predicate\", \"instructions\": \"A?\", \"choices\": []}"),
          "questions[0].choices" },
        { ASK("{\"type\": \"choice\", \"instructions\": \"A?\"}"), "questions[0].choices" },
        { ASK("{\"type\": \"score\", \"instructions\": \"A?\", \"levels\": [{\"label\": \"a\", "
              "\"description\": \"low\"}, {\"label\": \"b\"}]}"),
          "levels[0].description" },
    };

    nothing(state);
    check_rows(&order_decisions, rows, COUNT(rows));
}

static void requests_have_bounds(void **state)
{
    static const struct {
        const char *begin, *each, *end;
        size_t most, per_request;
    } rows[] = {
        { "{" INPUT ", \"questions\": [", "{\"type\": \"predicate\", \"instructions\": \"%zu?\"}",
          "]}", 400, 1 },
        { "{" INPUT
          ", \"questions\": [{\"type\": \"score\", \"instructions\": \"A?\", \"levels\": [",
          "{\"label\": \"%zu\"}", "]}]}", ORDER_OPTIONS_MAX, 1 },
    };

    nothing(state);
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t n = rows[i].most; n <= rows[i].most + 1; n++) {
            struct buf b = BUF_INIT(1 << 20);
            struct order o;
            struct err e;

            buf_puts(&b, rows[i].begin);
            for (size_t k = 0; k < n; k++) {
                const char *number = strstr(rows[i].each, "%zu");

                buf_printf(&b, "%s%.*s%zu%s", k > 0 ? "," : "", (int)(number - rows[i].each),
                           rows[i].each, k, number + 3);
            }
            buf_puts(&b, rows[i].end);
            assert_int_equal(order_read(&o, &order_decisions, b.text, b.len, &e),
                             n == rows[i].most ? 0 : ERR_LIMIT);
            order_release(&o);
            buf_release(&b);
        }
}

/* ---- answers ---- */

#define CAT "Is it a cat? Answer with only yes or no."
#define HAT "Is this person wearing a hat?"
#define HUE "Which colour does the hair have?"

static struct vlm *open_toy(void)
{
    char *folder = fixture_path("ASSENT_FACES", "model");
    struct vlm *v;
    struct err e;

    assert_ok(vlm_open(&v, folder, &(struct vlm_options){ 0 }, &e), &e);
    free(folder);
    return v;
}

/* A drawing in base64; free() it. */
static char *drawing(void)
{
    size_t len;
    char *data = read_and_free(fixture_path("ASSENT_FACES", "images/face_0001.jpg"), &len);
    char *text = calloc(BASE64_ENCODE_RAW_LENGTH(len) + 1, 1);

    assert_non_null(text);
    base64_encode_raw(text, len, (const uint8_t *)data);
    free(data);
    return text;
}

/* Asks with the body, in which %s is the drawing. */
static struct json_t *ask(const struct protocol *p, const char *body, unsigned wanted,
                          struct err *e)
{
    char *picture = drawing();
    struct buf b = BUF_INIT(1 << 20);
    const char *at = strstr(body, "%s");
    struct vlm *v = open_toy();
    struct json_t *document;

    buf_printf(&b, "%.*s%s%s", (int)(at - body), body, picture, at + 2);
    assert_int_equal(asking_answer(&(struct asking_model){ v, "toy" },
                                   &(struct asking_body){ p, b.text, b.len }, &document, e),
                     wanted);
    vlm_close(v);
    buf_release(&b);
    free(picture);
    return document;
}

static double number_at(const struct json_t *object, const char *key)
{
    double x = NAN;

    assert_true(jv_number(jv_get(object, key), &x));
    return x;
}

/* The same questions asked by `assent ask`; release it. */
static void ask_the_job(const char *const *questions, size_t n, bool letters,
                        const char *const *options, struct ask_result *out)
{
    char *folder = fixture_path("ASSENT_FACES", "model");
    char *picture = fixture_path("ASSENT_FACES", "images/face_0001.jpg");
    const char *images[] = { picture };
    const struct ask_options o = { .model = folder,
                                   .images = images,
                                   .n_images = 1,
                                   .questions = questions,
                                   .n_questions = n,
                                   .options = options,
                                   .n_options = options ? 3 : 0,
                                   .letters = letters };
    struct err e;

    assert_ok(job_ask(&o, out, &e), &e);
    free(folder);
    free(picture);
}

/* What is printed is read back as the very double. */
static struct json_t *printed(struct json_t *document)
{
    char *text = jv_print_exact(document);
    struct json_t *again;
    struct err e;

    assert_non_null(text);
    jv_free(document);
    assert_ok(jv_parse(&again, text, strlen(text), &e), &e);
    free(text);
    return again;
}

static void yes_and_no_are_those_of_ask_bit_for_bit(void **state)
{
    static const char *const questions[] = { CAT, HAT }, *const names[] = { "cat", "hat" };
    struct ask_result asked;
    struct json_t *one, *two;
    struct err e;

    nothing(state);
    ask_the_job(questions, 2, false, NULL, &asked);
    one = printed(ask(&order_systemone,
                      "{\"images\": [\"data:image/jpeg;base64,%s\"], \"questions\": {"
                      "\"cat\": {\"type\": \"noul\", \"instructions\": \"" CAT "\"}, "
                      "\"hat\": {\"type\": \"noul\", \"instructions\": \"" HAT "\"}}}",
                      200, &e));
    two = printed(
        ask(&order_decisions,
            "{\"model\": \"toy\", \"input\": [{\"role\": \"user\", \"content\": [{\"type\": "
            "\"input_image\", \"image_url\": \"data:;base64,%s\"}]}], \"questions\": ["
            "{\"type\": \"predicate\", \"instructions\": \"" CAT "\"}, "
            "{\"type\": \"predicate\", \"instructions\": \"" HAT "\"}]}",
            200, &e));
    for (size_t i = 0; i < 2; i++) {
        const struct ask_answer *a = &asked.images[0].answers[i];
        const struct json_t *named = jv_get(jv_get(one, "answers"), names[i]);
        const struct json_t *listed = jv_at(jv_get(two, "answers"), i);

        assert_true(number_at(named, "noul") == a->score);
        assert_true(number_at(jv_get(jv_get(one, "diagnostics"), names[i]), "label_mass") ==
                    a->mass);
        assert_true(number_at(listed, "probability") == a->score);
        assert_true(number_at(listed, "mass") == a->mass);
    }
    jv_free(one);
    jv_free(two);
    ask_result_release(&asked);
}

static void choices_are_those_of_ask_bit_for_bit(void **state)
{
    static const char *const questions[] = { HUE }, *const hues[] = { "black", "blond", "brown" };
    static const char *const formats[] = { "text", "letters" };

    nothing(state);
    for (int letters = 0; letters < 2; letters++) {
        struct ask_result asked;
        const struct ask_answer *a;
        struct json_t *document;
        const struct json_t *answer, *probabilities;
        char body[600];
        struct err e;

        ask_the_job(questions, 1, letters, hues, &asked);
        a = &asked.images[0].answers[0];
        snprintf(body, sizeof(body),
                 "{\"images\": [\"data:;base64,%%s\"], \"questions\": {\"hue\": {\"type\": "
                 "\"choice\", \"format\": \"%s\", \"instructions\": \"" HUE "\", \"criteria\": "
                 "{\"black\": null, \"blond\": null, \"brown\": null}}}}",
                 formats[letters]);
        document = printed(ask(&order_systemone, body, 200, &e));
        answer = jv_get(jv_get(document, "answers"), "hue");
        probabilities = jv_get(answer, "probabilities");
        assert_int_equal(jv_members(probabilities), 3);
        for (size_t i = 0; i < 3; i++)
            assert_true(number_at(probabilities, hues[i]) ==
                        vlm_score(&(struct vlm_answer){ a->logprob, 3, { { 0 } } }, i));
        assert_string_equal(jv_text(jv_get(answer, "choice")), "blond");
        assert_true(number_at(probabilities, "blond") == a->score);
        assert_true(number_at(jv_get(jv_get(document, "diagnostics"), "hue"), "label_mass") ==
                    a->mass);
        jv_free(document);
        ask_result_release(&asked);
    }
}

/* Worked by hand: levels 0, 1, 2 at .2, .3, .5. The best is 2, from which the others lie .2 * 2 +
 * .3 = .7 away; even shares lie 2/3 from the middle. */
static void scores_and_confidence_are_the_protocols(void **state)
{
    double share[] = { .2, .3, .5 };
    const struct verdict v = { share, 1, 3, 2 };

    nothing(state);
    assert_near("score", order_score(&v), 1.3, 1e-15);
    assert_near("of a choice",
                order_confidence(&(struct order_question){ .kind = ORDER_CHOICE }, &v), .25, 1e-15);
    assert_near("of a score", order_confidence(&(struct order_question){ .kind = ORDER_SCORE }, &v),
                0, 1e-15);
    share[0] = share[1] = .05;
    share[2] = .9;
    assert_near("of a score", order_confidence(&(struct order_question){ .kind = ORDER_SCORE }, &v),
                1 - .15 * 1.5, 1e-15);
}

static void errors_have_the_status_of_who_made_them(void **state)
{
    static const struct {
        const char *body;
        unsigned status;
        const char *says;
    } rows[] = {
        { "{%s", 400, "not valid JSON" },
        { "{\"images\": [\"data:;base64,%s\"], \"model\": \"gpt\", " NOUL "}", 404,
          "got gpt, expected toy" },
        { "{\"images\": [\"data:;base64,%s\"], \"model\": 1, " NOUL "}", 422, "request: model" },
        { "{\"images\": [\"data:;base64,%s!\"], " NOUL "}", 400, "images[0]: this is not base64" },
        { "{\"images\": [\"data:;base64,AAAA%s\"], " NOUL "}", 400, "images[0]" },
        { "{\"images\": [\"data:;base64,%s\"], \"questions\": {\"q\": {\"type\": \"noul\", "
          "\"instructions\": \"<image>?\"}}}",
          400, "control token" },
    };

    nothing(state);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[ERR_TEXT_MAX];
        struct err e;

        assert_null(ask(&order_systemone, rows[i].body, rows[i].status, &e));
        err_line(&e, text);
        assert_contains(text, rows[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_take_turns),
        cmocka_unit_test(who_asks_one_at_a_time_waits_for_one_of_each),
        cmocka_unit_test(a_full_line_sends_away_the_last_of_whoever_has_most),
        cmocka_unit_test(who_is_gone_leaves_the_line),
        cmocka_unit_test(systemone_says_which_member_is_wrong),
        cmocka_unit_test(decisions_say_which_member_is_wrong),
        cmocka_unit_test(requests_have_bounds),
        cmocka_unit_test(yes_and_no_are_those_of_ask_bit_for_bit),
        cmocka_unit_test(choices_are_those_of_ask_bit_for_bit),
        cmocka_unit_test(scores_and_confidence_are_the_protocols),
        cmocka_unit_test(errors_have_the_status_of_who_made_them),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("serve", tests, NULL, NULL);
}
