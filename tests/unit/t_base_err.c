/* SPDX-License-Identifier: MIT */
/*
 * base/: errors, their parts and how they are printed.
 */
#include "support.h"

#include <errno.h>

static void err_set_clears_what_an_earlier_error_left(void **state)
{
    struct err e;

    (void)state;
    err_set(&e, ERR_IO, "first");
    err_at(&e, "here");
    err_got(&e, "1");
    err_expected(&e, "2");
    err_hint(&e, "try again");
    assert_int_equal(err_set(&e, ERR_LIMIT, "second %d", 2), ERR_LIMIT);
    assert_int_equal(e.code, ERR_LIMIT);
    assert_string_equal(e.what, "second 2");
    assert_string_equal(e.where, "");
    assert_string_equal(e.got, "");
    assert_string_equal(e.expected, "");
    assert_string_equal(e.hint, "");
}

static void err_parts_are_utf8_wherever_they_were_cut(void **state)
{
    static const struct {
        const char *text;
        int len;
        const char *part;
    } rows[] = {
        { "caf\xc3\xa9", 5, "[caf\xc3\xa9]" },
        { "caf\xc3\xa9", 4, "[caf?]" },
        { "\xf0\x9d\x84\x9e", 3, "[???]" },
        { "a\xff\xfe\xe9z", 5, "[a???z]" },
    };
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        err_set(&e, ERR_FORMAT, "[%.*s]", rows[i].len, rows[i].text);
        assert_string_equal(e.what, rows[i].part);
    }
}

/* The functions that add a part, each with the part that it sets. */
static const struct {
    const char *name;
    int (*add)(struct err *e, const char *fmt, ...);
    size_t offset, size;
} parts[] = {
    { "where", err_at, offsetof(struct err, where), sizeof(((struct err *)0)->where) },
    { "got", err_got, offsetof(struct err, got), sizeof(((struct err *)0)->got) },
    { "expected", err_expected, offsetof(struct err, expected),
      sizeof(((struct err *)0)->expected) },
    { "hint", err_hint, offsetof(struct err, hint), sizeof(((struct err *)0)->hint) },
};

static const char *part_of(const struct err *e, size_t i)
{
    return (const char *)e + parts[i].offset;
}

static void err_parts_are_set_once_by_the_innermost_caller(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        struct err e;

        err_set(&e, ERR_FORMAT, "wrong");
        assert_int_equal(parts[i].add(&e, "%s", "inner"), ERR_FORMAT);
        assert_int_equal(parts[i].add(&e, "%s", "outer"), ERR_FORMAT);
        assert_string_equal(part_of(&e, i), "inner");
        assert_string_equal(e.what, "wrong");
    }
}

static void err_errno_gives_the_reason_and_the_path(void **state)
{
    struct err e;

    (void)state;
    errno = ENOSPC;
    assert_int_equal(err_errno(&e, "write", "out.csv"), ERR_IO);
    assert_string_equal(e.what, "cannot write: No space left on device");
    assert_string_equal(e.where, "out.csv");
}

static void err_parts_hold_no_control_characters(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        struct err e;

        err_set(&e, ERR_FORMAT, "%s", "\x1b[31mred\r\n\t\x7f");
        parts[i].add(&e, "%s", "a\nb\x01");
        assert_string_equal(e.what, "?[31mred????");
        assert_string_equal(part_of(&e, i), "a?b?");
    }
}

/* U+009B is the control sequence introducer in one character: terminals obey it like ESC [. */
static void err_parts_hold_no_c1_control_characters(void **state)
{
    struct err e;

    (void)state;
    err_set(&e, ERR_FORMAT, "%s",
            "a\xc2\x9b"
            "31mred");
    assert_null(strstr(e.what, "\xc2\x9b"));
    err_set(&e, ERR_FORMAT, "%s", "caf\xc3\xa9 \xc2\xa0 \xe2\x82\xac");
    assert_string_equal(e.what, "caf\xc3\xa9 \xc2\xa0 \xe2\x82\xac");
}

static void err_cuts_a_long_part_between_two_characters(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 3; shift++) { /* the cut meets each byte of the character */
        char text[3 * 400 + 4];
        size_t len = shift, bad;
        struct err e;

        memset(text, 'x', shift);
        for (int i = 0; i < 400; i++, len += 3)
            memcpy(text + len, "\xe2\x82\xac", 4);
        for (size_t i = 0; i < COUNT(parts); i++) {
            const char *part = part_of(&e, i);

            err_set(&e, ERR_FORMAT, "wrong");
            parts[i].add(&e, "%s", text);
            assert_in_range(strlen(part), parts[i].size - 6, parts[i].size - 1);
            assert_string_equal(part + strlen(part) - 3, "...");
            assert_true(text_utf8(part, strlen(part), &bad));
        }
    }
}

static void err_print_leaves_out_the_parts_that_are_not_set(void **state)
{
    static const struct {
        const char *where, *got, *expected, *hint, *printed;
    } rows[] = {
        { "", "", "", "", "too few\n" },
        { "f.csv:7", "", "", "", "f.csv:7: too few\n" },
        { "", "3", "", "", "too few: got 3\n" },
        { "", "", "41", "", "too few: expected 41\n" },
        { "f.csv:7", "3", "41", "", "f.csv:7: too few: got 3, expected 41\n" },
        { "", "", "", "quote it", "too few\n  quote it\n" },
        { "f", "3", "41", "quote it", "f: too few: got 3, expected 41\n  quote it\n" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *printed = NULL;
        size_t len;
        FILE *out = open_memstream(&printed, &len);
        struct err e;

        assert_non_null(out);
        err_set(&e, ERR_FORMAT, "too few");
        err_at(&e, "%s", rows[i].where);
        err_got(&e, "%s", rows[i].got);
        err_expected(&e, "%s", rows[i].expected);
        err_hint(&e, "%s", rows[i].hint);
        err_print(out, &e);
        fclose(out);
        assert_string_equal(printed, rows[i].printed);
        free(printed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(err_set_clears_what_an_earlier_error_left),
        cmocka_unit_test(err_parts_are_utf8_wherever_they_were_cut),
        cmocka_unit_test(err_parts_are_set_once_by_the_innermost_caller),
        cmocka_unit_test(err_errno_gives_the_reason_and_the_path),
        cmocka_unit_test(err_parts_hold_no_control_characters),
        cmocka_unit_test(err_parts_hold_no_c1_control_characters),
        cmocka_unit_test(err_cuts_a_long_part_between_two_characters),
        cmocka_unit_test(err_print_leaves_out_the_parts_that_are_not_set),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("base_err", tests, NULL, NULL);
}
