/* SPDX-License-Identifier: MIT */
/*
 * support_task.h - task files that several tests ask of, and what is said of their texts.
 */
#ifndef TESTS_UNIT_SUPPORT_TASK_H
#define TESTS_UNIT_SUPPORT_TASK_H

#include "support.h"

#include "task/task.h"

static inline struct task *load_task(const char *text)
{
    struct task *t = NULL;
    struct err e;

    assert_ok(task_parse(&t, "assent.yaml", text, strlen(text), &e), &e);
    return t;
}

/* ---- the example of the design, section 9 ---- */

static const char example[] =
    "name: faces\n"
    "images: images/                      # a folder, a tar\n"
    "questions:\n"
    "  - {name: Bald, text: \"Is this person bald? Answer with only yes or no.\", group: "
    "objective}\n"
    "  - {name: Goatee, text: [\"Does this person have a goatee?\", "
    "\"Is there a goatee on this face?\"]}\n"
    "  - {name: No_Beard, text: \"Is this person free of any beard?\"}\n"
    "  - {name: Hair, kind: choice, options: [black, blond, brown, gray], "
    "text: \"What colour is the hair: black, blond, brown or gray?\"}\n"
    "rules:\n"
    "  - {at_most_one: [Bald, Goatee]}\n"
    "  - {if: Goatee, then: not No_Beard}\n"
    "annotators:\n"
    "  llava: {kind: model, engine: vlm, model: models/llama3-llava-next-8b-hf, dtype: auto}\n"
    "  qwen: {kind: model, engine: http, url: \"http://127.0.0.1:8000/v1\", model: Qwen3-VL-8B}\n"
    "  celeba: {kind: human}\n";

enum { BALD, GOATEE, NO_BEARD, HAIR };

/* Every kind of question and every other key, in block style. */
static const char everything[] = "name: all\n"
                                 "questions:\n"
                                 "  - name: Bald\n"
                                 "    kind: yesno\n"
                                 "    text: Bald?\n"
                                 "    help: Look at the \xe2\x80\x9ctop\xe2\x80\x9d.\n"
                                 "  - name: Wearing\n"
                                 "    kind: multi\n"
                                 "    options: [hat, neck tie, a:b]\n"
                                 "    text:\n"
                                 "      - What is worn?\n"
                                 "      - Which of these are worn?\n"
                                 "      - 5\n"
                                 "    group: clothes\n"
                                 "  - {name: Hair, kind: choice, options: [black, dark blond], "
                                 "text: Hair?}\n"
                                 "  - {name: Age, kind: ordinal, options: [1, 2, 3], text: Age?}\n"
                                 "rules:\n"
                                 "  - at_most_one:\n"
                                 "      - Wearing:hat\n"
                                 "      - not Bald\n"
                                 "      - Hair = black\n"
                                 "  - if: Hair=Dark_Blond\n"
                                 "    then: [not Age = 3, Wearing:a:b = yes, Bald = no]\n"
                                 "prices:\n"
                                 "  currency: EUR\n"
                                 "  machine_hour: {value: 1.5, date: 2026-01-15, source: list}\n"
                                 "  images_per_second: {value: 2e1, date: d2, source: s2}\n"
                                 "  wage_hour: {value: 20, date: d3, source: s3}\n"
                                 "  seconds_per_answer: {value: .5, date: d4, source: s4}\n"
                                 "  scale_images: 202599\n"
                                 "alarms: {min_agreement: 0.8, max_yes_bias: 0, max_disputes: 1}\n";

enum { C_BALD, C_HAT, C_TIE, C_AB, C_HAIR, C_AGE, N_COLUMNS };

/* ---- what is checked of a task ---- */

static inline void check_texts(const char *what, const char *const texts[], size_t n,
                               const char *const wanted[], size_t n_wanted)
{
    if (n != n_wanted)
        fail_row(what, "%zu texts, not %zu", n, n_wanted);
    for (size_t i = 0; i < n; i++)
        if (strcmp(texts[i], wanted[i]) != 0)
            fail_row(what, "text %zu is '%s', not '%s'", i, texts[i], wanted[i]);
}

#define CHECK_TEXTS(what, texts, n, ...)                              \
    check_texts(what, texts, n, (const char *const[]){ __VA_ARGS__ }, \
                sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static inline void check_condition(const struct condition *c, size_t column, int value,
                                   bool negated)
{
    assert_int_equal(c->column, column);
    assert_int_equal(c->value, value);
    assert_int_equal(c->negated, negated);
}

#endif
