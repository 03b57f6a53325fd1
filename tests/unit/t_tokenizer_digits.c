/* SPDX-License-Identifier: MIT */
/*
 * tokenizer/regex.h: what Digits takes for a digit, asked of the `tokenizers` library for every
 * code point (tools/oracle/texts.py).
 */
#include "support.h"

#include "tokenizer/regex.h"

static uint64_t integer(const struct json_t *v)
{
    int64_t i = 0;

    assert_true(jv_integer(v, &i));
    return (uint64_t)i;
}

struct digits {
    const char *text;
    const struct json_t *ranges; /* of those that are digits */
    size_t range;
    uint64_t next; /* the next of its digits; 0: the first */
};

static int take_digit(void *data, size_t start, size_t end, bool match, struct err *e)
{
    struct digits *d = data;
    const struct json_t *range = jv_at(d->ranges, d->range);
    uint32_t code = text_utf8_code(d->text + start);

    (void)end;
    (void)e;
    if (!match)
        return 0;
    if (d->range == jv_length(d->ranges))
        fail_msg("U+%04X is no digit", code);
    if (d->next == 0)
        d->next = integer(jv_at(range, 0));
    if (code != d->next)
        fail_msg("U+%04X comes before U+%04X", code, (unsigned)d->next);
    d->next++;
    if (code == integer(jv_at(range, 1))) {
        d->range++;
        d->next = 0;
    }
    return 0;
}

static void digits_are_those_of_the_library(void **state)
{
    struct json_t *ranges = load_json("ASSENT_TEST_DATA", "tokenizer/digits.json");
    struct buf b = BUF_INIT(8 << 20);
    struct digits d = { .ranges = ranges };
    struct regex *regex = NULL;
    struct err e;
    char utf8[4];

    (void)state;
    for (uint32_t c = 0; c < 0x110000; c++)
        if (c < 0xd800 || c > 0xdfff)
            buf_add(&b, utf8, text_utf8_put(c, utf8));
    d.text = b.text;
    assert_ok(regex_new(&regex, regex_digit, false, &e), &e);
    assert_ok(regex_cut(regex, b.text, b.len, take_digit, &d, &e), &e);
    assert_int_equal(d.range, jv_length(ranges));
    assert_true(d.range > 100);
    regex_free(regex);
    buf_release(&b);
    jv_free(ranges);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_are_those_of_the_library),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("tokenizer_digits", tests, NULL, NULL);
}
