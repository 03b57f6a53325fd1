/* SPDX-License-Identifier: MIT */
/*
 * base/: names compared, numbers read, UTF-8.
 */
#include "support.h"

static void text_printable_replaces_control_characters_only(void **state)
{
    char text[] = "\x01 a\tb\n\x1f~\x7f \xc3\xa9";

    (void)state;
    text_printable(text);
    assert_string_equal(text, "? a?b??~? \xc3\xa9");
}

static void text_equal_takes_null(void **state)
{
    (void)state;
    assert_true(text_equal("a", "a"));
    assert_true(text_equal(NULL, NULL));
    assert_false(text_equal("a", "A"));
    assert_false(text_equal("a", NULL));
    assert_false(text_equal(NULL, ""));
}

static void text_fold_makes_case_and_separators_alike(void **state)
{
    static const struct {
        const char *a, *b;
        bool alike;
    } rows[] = {
        { "5_o_Clock_Shadow", "5 O-CLOCK shadow", true },
        { "No_Beard", "no-beard", true },
        { "", "", true },
        { "Bald", "Bal", false },
        { "Bal", "Bald", false },
        { "Bald", "Bold", false },
        { "No_Beard", "NoBeard", false },
        { "\xc3\x89t\xc3\xa9", "\xc3\xa9t\xc3\xa9", false }, /* ASCII case only */
        { "[", "{", false },                                 /* 0x20 apart, but no letters */
        { "@", "`", false },
    };
    char a[64], b[64];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(text_fold(rows[i].a, a, sizeof(a)) && text_fold(rows[i].b, b, sizeof(b)));
        if ((strcmp(a, b) == 0) != rows[i].alike)
            fail_row(rows[i].a, "folds to '%s', '%s' to '%s'", a, rows[i].b, b);
        if (text_folds_to(rows[i].a, rows[i].b) != rows[i].alike)
            fail_row(rows[i].a, "text_folds_to '%s' is %d", rows[i].b, !rows[i].alike);
    }
}

static void text_fold_refuses_what_does_not_fit(void **state)
{
    char out[5] = "....";

    (void)state;
    assert_true(text_fold("A_BC", out, 5));
    assert_string_equal(out, "a bc");
    assert_false(text_fold("A_BCD", out, 5));
    assert_true(text_fold("", out, 1));
    assert_string_equal(out, "");
}

static void text_nearest_is_the_closest_name_or_none(void **state)
{
    static const char *const names[] = { "Goatee",     "Gray_Hair", "No_Beard", "Bald",
                                         "Blond_Hair", "Hat",       "Bangs" };
    static const struct {
        const char *name, *nearest;
    } rows[] = {
        { "Goatee", "Goatee" },
        { "goatee", "Goatee" },
        { "Goate", "Goatee" },        /* one letter less */
        { "Badl", "Bald" },           /* two neighbours swapped: one change, not two */
        { "gray-hair", "Gray_Hair" }, /* nothing but the folding */
        { "Grey_Hair", "Gray_Hair" }, /* one letter for another */
        { "Blonde_Hair", "Blond_Hair" },
        { "No_Baerd", "No_Beard" },
        { "Bold", "Bald" },
        { "Mustache", NULL },
        { "Eyeglasses", NULL },
        { "Cap", NULL }, /* two of three letters differ from Hat */
        { "Zed", NULL },
        { "", NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *near = text_nearest(rows[i].name, names, COUNT(names));

        if (!text_equal(near, rows[i].nearest))
            fail_row(rows[i].name, "nearest is %s, not %s", near ? near : "none",
                     rows[i].nearest ? rows[i].nearest : "none");
    }
    assert_null(text_nearest("Goatee", names, 0));
}

static void text_nearest_survives_long_names(void **state)
{
    char name[500];
    const char *const names[] = { name };

    (void)state;
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_null(text_nearest(name, names, 1));
    assert_null(text_nearest("xxx", names, 1));
    name[64] = '\0';
    assert_ptr_equal(text_nearest(name, names, 1), name);
}

static void text_u64_takes_whole_numbers_in_range(void **state)
{
    static const struct {
        const char *text;
        uint64_t max;
        bool good;
        uint64_t value;
    } rows[] = {
        { "0", 10, true, 0 },
        { "007", 10, true, 7 },
        { "10", 10, true, 10 },
        { "11", 10, false, 0 },
        { "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
        { "18446744073709551616", UINT64_MAX, false, 0 },
        { "99999999999999999999999", UINT64_MAX, false, 0 },
        { "", 10, false, 0 },
        { "-1", UINT64_MAX, false, 0 },
        { "+1", 10, false, 0 },
        { " 1", 10, false, 0 },
        { "1 ", 10, false, 0 },
        { "1.0", 10, false, 0 },
        { "0x1", 10, false, 0 },
        { "1e1", 10, false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t value = 12345;
        bool good = text_u64(rows[i].text, rows[i].max, &value);

        if (good != rows[i].good || (good && value != rows[i].value))
            fail_row(rows[i].text, "%s, %llu", good ? "taken" : "refused",
                     (unsigned long long)value);
    }
}

static void text_double_takes_finite_decimal_numbers(void **state)
{
    static const struct {
        const char *text;
        bool good;
        double value;
    } rows[] = {
        { "0", true, 0 },          { "-0.5", true, -0.5 }, { "+2", true, 2 },
        { "1e3", true, 1000 },     { ".25", true, 0.25 },  { "5.", true, 5 },
        { "1.5E-2", true, 0.015 }, { "", false, 0 },       { ".", false, 0 },
        { "e5", false, 0 },        { "1e", false, 0 },     { "1 ", false, 0 },
        { " 1", false, 0 },        { "1,5", false, 0 },    { "nan", false, 0 },
        { "inf", false, 0 },       { "0x10", false, 0 },   { "1e999", false, 0 },
        { "-1e999", false, 0 },    { "1-2", false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        double value = 12345;
        bool good = text_double(rows[i].text, &value);

        if (good != rows[i].good || (good && value != rows[i].value))
            fail_row(rows[i].text, "%s, %g", good ? "taken" : "refused", value);
    }
}

/* The bounds of each range of RFC 3629, section 4, from within. */
static void text_utf8_takes_the_first_and_last_of_every_range(void **state)
{
    static const char *const rows[] = {
        "",
        "\x01\x7f",
        "\xc2\x80",         /* U+0080 */
        "\xdf\xbf",         /* U+07FF */
        "\xe0\xa0\x80",     /* U+0800 */
        "\xec\xbf\xbf",     /* U+CFFF */
        "\xed\x9f\xbf",     /* U+D7FF, the last before the surrogates */
        "\xee\x80\x80",     /* U+E000, the first behind them */
        "\xef\xbf\xbf",     /* U+FFFF */
        "\xf0\x90\x80\x80", /* U+10000 */
        "\xf3\xbf\xbf\xbf", /* U+FFFFF */
        "\xf4\x8f\xbf\xbf", /* U+10FFFF */
        "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z",
    };
    size_t bad = 99;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (!text_utf8(rows[i], strlen(rows[i]), &bad))
            fail_row("valid UTF-8", "row %zu refused at byte %zu", i, bad);
    assert_true(text_utf8("a\0b", 3, &bad)); /* NUL is a character */
}

static void text_utf8_put_gives_every_code_point_back(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        char text[4];
        size_t n = text_utf8_put(code, text), bad;
        bool surrogate = code >= 0xd800 && code <= 0xdfff;

        if (text_utf8(text, n, &bad) == surrogate || text_utf8_size(text) != n ||
            text_utf8_code(text) != code)
            fail_row("UTF-8", "U+%04X, as %zu bytes", (unsigned)code, n);
    }
}

static void text_utf8_points_at_the_first_bad_byte(void **state)
{
    static const struct {
        const char *bytes;
        size_t bad;
    } rows[] = {
        { "\x80", 0 },                 /* a continuation alone */
        { "ab\xbf", 2 },               /* the same, later */
        { "\xc0\x80", 0 },             /* NUL in two bytes */
        { "\xc1\xbf", 0 },             /* 0x7f in two bytes */
        { "\xe0\x80\x80", 0 },         /* overlong in three */
        { "\xe0\x9f\xbf", 0 },         /* U+07FF in three */
        { "\xf0\x80\x80\x80", 0 },     /* overlong in four */
        { "\xf0\x8f\xbf\xbf", 0 },     /* U+FFFF in four */
        { "\xed\xa0\x80", 0 },         /* U+D800 */
        { "\xed\xbf\xbf", 0 },         /* U+DFFF */
        { "\xf4\x90\x80\x80", 0 },     /* U+110000 */
        { "\xf5\x80\x80\x80", 0 },     /* above */
        { "\xf8\x88\x80\x80\x80", 0 }, /* five bytes */
        { "\xfe", 0 },
        { "\xff", 0 },
        { "a\xc3", 1 },           /* cut after one of two */
        { "a\xe2\x82", 1 },       /* two of three */
        { "a\xf0\x9f\x98", 1 },   /* three of four */
        { "\xc3\xa9\xc3(", 2 },   /* no continuation second */
        { "\xe2\x82(", 0 },       /* nor third */
        { "\xf0\x9f\x98(", 0 },   /* nor fourth */
        { "\xc3\xa9\xa9", 2 },    /* one continuation too many */
        { "caf\xe9 au lait", 3 }, /* Latin-1 */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t bad = 99;

        if (text_utf8(rows[i].bytes, strlen(rows[i].bytes), &bad) || bad != rows[i].bad)
            fail_row("bad UTF-8", "row %zu: byte %zu, not %zu", i, bad, rows[i].bad);
    }
}

static void text_grouped_puts_digits_in_threes(void **state)
{
    static const struct {
        uint64_t n;
        const char *text;
    } rows[] = {
        { 0, "0" },
        { 999, "999" },
        { 1000, "1 000" },
        { 202599, "202 599" },
        { 8103960, "8 103 960" },
        { UINT64_MAX, "18 446 744 073 709 551 615" },
    };
    char out[32];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_string_equal(text_grouped(rows[i].n, out), rows[i].text);
}

/* RFC 4648, section 10, and texts that are none. */
static void base64_is_read_strictly(void **state)
{
    static const struct {
        const char *text, *bytes; /* NULL: it is refused */
    } rows[] = {
        { "", "" },
        { "Zg==", "f" },
        { "Zm8=", "fo" },
        { "Zm9v", "foo" },
        { "Zm9vYg==", "foob" },
        { "Zm9vYmE=", "fooba" },
        { "Zm9vYmFy", "foobar" },
        { "Zm9v\r\n YmFy", "foobar" },
        { "Zg", NULL },
        { "Zg=", NULL },
        { "Z", NULL },
        { "Zm9v!", NULL },
        { "Zg==Zg==", NULL },
        { "-_-_", NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        void *bytes;
        struct err e;
        size_t n;
        int rc = base64_decode(rows[i].text, strlen(rows[i].text), &bytes, &n, &e);

        if ((rc == 0) != (rows[i].bytes != NULL))
            fail_row(rows[i].text, "%s", rc == 0 ? "is read" : "is refused");
        if (rc == 0) {
            assert_int_equal(n, strlen(rows[i].bytes));
            assert_memory_equal(bytes, rows[i].bytes, n);
        }
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_printable_replaces_control_characters_only),
        cmocka_unit_test(text_equal_takes_null),
        cmocka_unit_test(text_fold_makes_case_and_separators_alike),
        cmocka_unit_test(text_fold_refuses_what_does_not_fit),
        cmocka_unit_test(text_nearest_is_the_closest_name_or_none),
        cmocka_unit_test(text_nearest_survives_long_names),
        cmocka_unit_test(text_u64_takes_whole_numbers_in_range),
        cmocka_unit_test(text_double_takes_finite_decimal_numbers),
        cmocka_unit_test(text_utf8_takes_the_first_and_last_of_every_range),
        cmocka_unit_test(text_utf8_put_gives_every_code_point_back),
        cmocka_unit_test(text_utf8_points_at_the_first_bad_byte),
        cmocka_unit_test(text_grouped_puts_digits_in_threes),
        cmocka_unit_test(base64_is_read_strictly),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("base_text", tests, NULL, NULL);
}
