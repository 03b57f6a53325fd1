/* SPDX-License-Identifier: MIT */
/*
 * base/: errors, memory, buffers, text, the map, files read and written, JSON.
 */
#include "support.h"

#include <errno.h>
#include <stdalign.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* ---- errors ---- */

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

/* ---- memory ---- */

static void sizes_that_do_not_fit_are_refused(void **state)
{
    static const struct {
        size_t a, b;
        bool product, sum;
    } rows[] = {
        { 0, 0, true, true },
        { 3, 7, true, true },
        { SIZE_MAX, 0, true, true },
        { 0, SIZE_MAX, true, true },
        { SIZE_MAX, 1, true, false },
        { SIZE_MAX - 1, 1, true, true },
        { SIZE_MAX / 2 + 1, 2, false, true },
        { SIZE_MAX / 2, 2, true, true },
        { SIZE_MAX / 2 + 1, SIZE_MAX / 2 + 1, false, false },
        { SIZE_MAX, SIZE_MAX, false, false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t out;

        assert_int_equal(size_mul(rows[i].a, rows[i].b, &out), rows[i].product);
        assert_true(!rows[i].product || out == rows[i].a * rows[i].b);
        assert_int_equal(size_add(rows[i].a, rows[i].b, &out), rows[i].sum);
        assert_true(!rows[i].sum || out == rows[i].a + rows[i].b);
    }
}

static bool all_zero(const void *bytes, size_t n)
{
    const unsigned char *b = bytes;

    for (size_t i = 0; i < n; i++)
        if (b[i] != 0)
            return false;
    return true;
}

static void mem_new_zeroes_and_refuses_what_overflows(void **state)
{
    struct err e;
    void *p = mem_new(100, 8, &e);

    (void)state;
    assert_non_null(p);
    assert_true(all_zero(p, 800));
    free(p);
    p = mem_new(0, 8, &e);
    assert_non_null(p);
    free(p);
    assert_null(mem_new(SIZE_MAX / 8 + 2, 8, &e));
    assert_int_equal(e.code, ERR_NOMEM);
}

static void mem_grow_keeps_old_elements_and_zeroes_new_ones(void **state)
{
    uint32_t *array = NULL;
    size_t cap = 0;
    struct err e;

    (void)state;
    assert_ok(mem_grow(&array, &cap, 3, sizeof(*array), 1000, &e), &e);
    assert_true(cap >= 3 && all_zero(array, cap * sizeof(*array)));
    for (uint32_t i = 0; i < cap; i++)
        array[i] = i + 1;
    size_t old = cap;
    assert_ok(mem_grow(&array, &cap, old + 50, sizeof(*array), 1000, &e), &e);
    assert_true(cap >= old + 50);
    for (uint32_t i = 0; i < old; i++)
        assert_int_equal(array[i], i + 1);
    assert_true(all_zero(array + old, (cap - old) * sizeof(*array)));
    free(array);
}

static void mem_grow_goes_up_to_its_maximum_and_no_further(void **state)
{
    char *array = NULL;
    size_t cap = 0, steps = 0;
    struct err e;

    (void)state;
    for (size_t need = 1; need <= 1000; need++) {
        size_t before = cap;

        assert_ok(mem_grow(&array, &cap, need, 1, 1000, &e), &e);
        assert_in_range(cap, need, 1000);
        steps += cap != before;
    }
    assert_in_range(steps, 1, 12); /* doubled: not one allocation an element */

    char *kept = array;
    assert_refused(mem_grow(&array, &cap, 1001, 1, 1000, &e), &e, ERR_LIMIT);
    assert_string_equal(e.got, "1001");
    assert_contains(e.expected, "1000");
    assert_refused(mem_grow(&array, &cap, SIZE_MAX / 2, 8, SIZE_MAX, &e), &e, ERR_NOMEM);
    assert_ptr_equal(array, kept);
    assert_int_equal(cap, 1000);
    free(array);
}

/* Pieces of many sizes, each filled with a byte of its own: none moves and none overlaps. */
static void arena_pieces_are_zero_aligned_and_apart(void **state)
{
    enum { PIECES = 300 };
    struct arena a = { 0 };
    unsigned char *pieces[PIECES];
    size_t total = 0;
    struct err e;

    (void)state;
    for (size_t i = 0; i < PIECES; i++) {
        size_t size = i % 100 == 99 ? 200000 : i * 7; /* some larger than a block */

        pieces[i] = arena_new(&a, size, 1, &e);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        assert_true(all_zero(pieces[i], size));
        memset(pieces[i], (int)(i % 251 + 1), size);
        total += size;
        assert_true(a.used >= total);
    }
    for (size_t i = 0; i < PIECES; i++) {
        size_t size = i % 100 == 99 ? 200000 : i * 7;

        for (size_t b = 0; b < size; b++)
            assert_int_equal(pieces[i][b], i % 251 + 1);
    }
    arena_release(&a);
    assert_int_equal(a.used, 0);
}

static void arena_copies_texts_and_refuses_what_overflows(void **state)
{
    struct arena a = { 0 };
    struct err e;
    char *text = arena_text(&a, "abcdef", 3, &e);

    (void)state;
    assert_string_equal(text, "abc");
    assert_string_equal(arena_text(&a, NULL, 0, &e), "");
    assert_memory_equal(arena_text(&a, "a\0b", 3, &e), "a\0b", 4);
    assert_null(arena_new(&a, SIZE_MAX / 4, 8, &e));
    assert_int_equal(e.code, ERR_NOMEM);
    assert_null(arena_new(&a, SIZE_MAX, 1, &e));
    assert_int_equal(e.code, ERR_NOMEM);
    assert_string_equal(text, "abc");
    arena_release(&a);
    assert_string_equal(arena_text(&a, "again", 5, &e), "again");
    arena_release(&a);
}

/* ---- buffers ---- */

static void buf_joins_what_is_added(void **state)
{
    struct buf b = BUF_INIT(1000);
    struct err e;

    (void)state;
    buf_puts(&b, "one");
    buf_putc(&b, ',');
    buf_add(&b, "two!", 3);
    buf_printf(&b, "%c%d-%s", ',', 3, "three");
    assert_string_equal(b.text, "one,two,3-three");
    assert_int_equal(b.len, strlen("one,two,3-three"));
    assert_int_equal(buf_end(&b, "a list", &e), 0);
    buf_clear(&b);
    assert_string_equal(b.text, "");
    assert_int_equal(b.len, 0);
    buf_add(&b, "a\0b", 3);
    assert_int_equal(b.len, 3);
    assert_memory_equal(b.text, "a\0b", 4);
    buf_release(&b);
    buf_puts(&b, "again");
    assert_string_equal(b.text, "again");
    buf_release(&b);
}

static void buf_keeps_its_failure_and_stays_as_it_was(void **state)
{
    struct buf b = BUF_INIT(8);
    struct err e;

    (void)state;
    buf_puts(&b, "12345");
    buf_printf(&b, "%s", "678901");
    assert_string_equal(b.text, "12345");
    buf_putc(&b, '6'); /* would fit, but comes after the failure */
    assert_string_equal(b.text, "12345");
    assert_refused(buf_end(&b, "a name", &e), &e, ERR_LIMIT);
    assert_contains(e.what, "a name");
    assert_contains(e.expected, "8");
    buf_clear(&b);
    assert_int_equal(buf_end(&b, "a name", &e), 0);
    buf_puts(&b, "1234567");
    assert_int_equal(buf_end(&b, "a name", &e), 0);
    assert_string_equal(b.text, "1234567");
    buf_release(&b);
}

static void buf_take_hands_the_text_over_once(void **state)
{
    struct buf b = BUF_INIT(8);
    char *text;

    (void)state;
    text = buf_take(&b);
    assert_string_equal(text, ""); /* an empty buffer has a text too */
    free(text);
    buf_puts(&b, "abc");
    text = buf_take(&b);
    assert_string_equal(text, "abc");
    free(text);
    assert_int_equal(b.len, 0);
    buf_puts(&b, "much too long");
    assert_null(buf_take(&b));
    buf_puts(&b, "short");
    text = buf_take(&b);
    assert_string_equal(text, "short");
    free(text);
}

/* ---- text ---- */

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

/* ---- the map ---- */

static void map_add_keeps_the_first_value_and_set_replaces_it(void **state)
{
    struct map *m;
    struct err e;
    size_t found = 0;

    (void)state;
    assert_ok(map_new(&m, &e), &e);
    assert_int_equal(map_add(m, "a", 1, 10, &found, &e), 1);
    assert_int_equal(found, 10);
    assert_int_equal(map_add(m, "a", 1, 20, &found, &e), 0);
    assert_int_equal(found, 10);
    assert_ok(map_set(m, "a", 1, 30, &e), &e);
    assert_ok(map_set(m, "b", 1, 40, &e), &e);
    assert_true(map_get(m, "a", 1, &found) && found == 30);
    assert_true(map_get(m, "b", 1, &found) && found == 40);
    assert_int_equal(map_count(m), 2);
    map_free(m);
    map_free(NULL);
}

static void map_tells_keys_apart_by_all_their_bytes(void **state)
{
    static const struct {
        const char *key;
        size_t len;
    } keys[] = { { "", 0 }, { "a", 1 }, { "ab", 2 }, { "A", 1 }, { "a\0b", 3 }, { "a\0c", 3 } };
    struct map *m;
    struct err e;
    size_t found;

    (void)state;
    assert_ok(map_new(&m, &e), &e);
    assert_false(map_get(m, "", 0, &found));
    for (size_t i = 0; i < COUNT(keys); i++)
        assert_int_equal(map_add(m, keys[i].key, keys[i].len, i, &found, &e), 1);
    for (size_t i = 0; i < COUNT(keys); i++)
        assert_true(map_get(m, keys[i].key, keys[i].len, &found) && found == i);
    assert_false(map_get(m, "a\0b", 2, &found));
    map_free(m);
}

static void map_holds_many_keys_and_copies_them(void **state)
{
    struct map *m;
    struct err e;
    char key[16];
    size_t found;

    (void)state;
    assert_ok(map_new(&m, &e), &e);
    for (size_t i = 0; i < 20000; i++) {
        int len = snprintf(key, sizeof(key), "%06zu.jpg", i);

        assert_int_equal(map_add(m, key, (size_t)len, i * 3, &found, &e), 1);
    }
    assert_int_equal(map_count(m), 20000);
    for (size_t i = 0; i < 20000; i++) {
        int len = snprintf(key, sizeof(key), "%06zu.jpg", i);

        assert_true(map_get(m, key, (size_t)len, &found) && found == i * 3);
    }
    map_free(m);
}

/* ---- SHA-256 ---- */

/* FIPS 180-4's examples (csrc.nist.gov, SHA256.pdf) and the empty text. */
static const struct {
    const char *text, *hex;
} known_hashes[] = {
    { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};
static const char *const million_a =
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

static void sha256_gives_the_known_answers(void **state)
{
    char hex[SHA256_HEX];
    char *many = malloc(1000000);

    (void)state;
    for (size_t i = 0; i < COUNT(known_hashes); i++) {
        sha256_hex(known_hashes[i].text, strlen(known_hashes[i].text), hex);
        assert_string_equal(hex, known_hashes[i].hex);
    }
    assert_non_null(many);
    memset(many, 'a', 1000000);
    sha256_hex(many, 1000000, hex);
    assert_string_equal(hex, million_a);
    free(many);
}

/* ---- the reader ---- */

/* Opens the same bytes as a file and, with from_memory, as a copy in memory. */
static struct reader *open_bytes(void **state, bool from_memory, const char *bytes, size_t len)
{
    const char *path = scratch_path(state, "lines.txt");
    struct reader *r = NULL;
    struct err e;

    if (from_memory) {
        assert_ok(reader_open_memory(&r, path, bytes, len, &e), &e);
    } else {
        write_file(path, bytes, len);
        assert_ok(reader_open(&r, path, &e), &e);
    }
    return r;
}

enum { MOST_LINES = 4 };

/* A text, and the lines that it has; NULL ends them. */
static const struct lines_row {
    const char *what, *text;
    const char *lines[MOST_LINES + 1];
} lines_rows[] = {
    { "empty", "", { NULL } },
    { "LF", "a\nbc\n", { "a", "bc", NULL } },
    { "CRLF", "a\r\nbc\r\n", { "a", "bc", NULL } },
    { "LF and CRLF", "a\r\nbc\nd\r\n", { "a", "bc", "d", NULL } },
    { "no final newline", "a\nbc", { "a", "bc", NULL } },
    { "one line without an end", "abc", { "abc", NULL } },
    { "empty lines", "\n\na\n\n", { "", "", "a", "" } },
    { "empty CRLF lines", "\r\n\r\n", { "", "", NULL } },
    { "only the last CR is an end", "a\r\r\n\rb\n", { "a\r", "\rb", NULL } },
    { "spaces stay", " a \t\n", { " a \t", NULL } },
    { "byte order mark",
      "\xef\xbb\xbf"
      "a\nb\n",
      { "a", "b", NULL } },
    { "nothing but a mark", "\xef\xbb\xbf", { NULL } },
    { "a mark and an empty line", "\xef\xbb\xbf\na", { "", "a", NULL } },
    { "a mark in the middle stays",
      "a\n\xef\xbb\xbf"
      "b\n",
      { "a",
        "\xef\xbb\xbf"
        "b",
        NULL } },
    { "not quite a mark", "\xef\xbb\xbc\n", { "\xef\xbb\xbc", NULL } },
};

static void check_lines(struct reader *r, const struct lines_row *row)
{
    const char *line;
    size_t len;
    struct err e;

    for (size_t i = 0; row->lines[i]; i++) {
        int rc = reader_line(r, &line, &len, &e);

        assert_ok(rc, &e);
        if (rc != 1)
            fail_row(row->what, "ends after %zu lines", i);
        if (len != strlen(row->lines[i]) || memcmp(line, row->lines[i], len) != 0)
            fail_row(row->what, "line %zu is '%.*s'", i + 1, (int)len, line);
        if (reader_line_number(r) != i + 1)
            fail_row(row->what, "line %zu has number %lu", i + 1, reader_line_number(r));
    }
    for (int again = 0; again < 2; again++) /* the end stays the end */
        if (reader_line(r, &line, &len, &e) != 0)
            fail_row(row->what, "does not end");
}

static void reader_finds_the_lines(void **state)
{
    for (size_t i = 0; i < 2 * COUNT(lines_rows); i++) {
        const struct lines_row *row = &lines_rows[i / 2];
        struct reader *r = open_bytes(state, i % 2 == 0, row->text, strlen(row->text));

        check_lines(r, row);
        reader_close(r);
    }
    reader_close(NULL);
}

/* Lines and line ends at every place relative to the reader's buffer: lengths around 64 KiB, and
 * many short lines that drift over it. */
static void reader_joins_lines_that_cross_its_buffer(void **state)
{
    static const size_t lengths[] = { 65533, 3,      65534,  65535, 65536,  65537, 0,
                                      32767, 131071, 131072, 1,     200000, 5 };
    struct buf text = BUF_INIT(4 << 20);
    const char *line;
    size_t len, n_lines = 0;
    struct err e;

    for (size_t i = 0; i < COUNT(lengths) + 20000; i++, n_lines++) {
        size_t length = i < COUNT(lengths) ? lengths[i] : i % 61;

        for (size_t k = 0; k < length; k++)
            buf_putc(&text, (char)('a' + (i + k) % 26));
        buf_puts(&text, i % 2 == 0 ? "\n" : "\r\n");
    }
    assert_int_equal(buf_end(&text, "the text", &e), 0);
    struct reader *r = open_bytes(state, false, text.text, text.len);
    for (size_t i = 0; i < n_lines; i++) {
        size_t length = i < COUNT(lengths) ? lengths[i] : i % 61;

        assert_ok(reader_line(r, &line, &len, &e), &e);
        assert_int_equal(len, length);
        for (size_t k = 0; k < length; k++)
            if (line[k] != (char)('a' + (i + k) % 26))
                fail_row("long line", "line %zu differs at %zu", i + 1, k);
    }
    assert_int_equal(reader_line(r, &line, &len, &e), 0);
    reader_close(r);
    buf_release(&text);
}

/* A socket stands for a pipe whose writer is slow: every read gives one piece. */
static struct reader *open_pieces(const char *const pieces[], size_t n, int *saved_input)
{
    struct reader *r = NULL;
    struct err e;
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(send(ends[0], pieces[i], strlen(pieces[i]), 0), strlen(pieces[i]));
    close(ends[0]);
    *saved_input = dup(STDIN_FILENO);
    assert_true(*saved_input >= 0);
    assert_int_equal(dup2(ends[1], STDIN_FILENO), STDIN_FILENO);
    close(ends[1]);
    assert_ok(reader_open(&r, "-", &e), &e);
    return r;
}

static void close_pieces(struct reader *r, int saved_input)
{
    reader_close(r);
    dup2(saved_input, STDIN_FILENO);
    close(saved_input);
}

static void reader_joins_pieces_from_standard_input(void **state)
{
    static const char *const pieces[] = { "o", "ne\r", "\ntw", "o\n", "\xe2", "\x82", "\xac" };
    static const struct lines_row row = { "pieces", "", { "one", "two", "\xe2\x82\xac", NULL } };
    int saved;
    struct reader *r = open_pieces(pieces, COUNT(pieces), &saved);

    (void)state;
    assert_string_equal(reader_name(r), "standard input");
    check_lines(r, &row);
    close_pieces(r, saved);
}

static void reader_passes_over_a_mark_that_comes_in_pieces(void **state)
{
    static const char *const pieces[] = { "\xef", "\xbb", "\xbfone\n" };
    static const struct lines_row row = { "mark in pieces", "", { "one", NULL } };
    int saved;
    struct reader *r = open_pieces(pieces, COUNT(pieces), &saved);

    (void)state;
    check_lines(r, &row);
    close_pieces(r, saved);
}

static void reader_names_the_line_that_is_no_text(void **state)
{
    static const struct {
        const char *what, *text;
        size_t len;
        unsigned long line;
        const char *got;
    } rows[] = {
        { "NUL", "ok\na\0b\n", 7, 2, "column 2" },
        { "NUL last", "ok\nab\0", 6, 2, "column 3" },
        { "UTF-16", "a\0b\0\n\0", 6, 1, "column 2" },
        { "Latin-1", "ok\nok\ncaf\xe9\n", 11, 3, "0xe9 at column 4" },
        { "cut character", "\xe2\x82\n", 3, 1, "0xe2 at column 1" },
        { "surrogate", "ok\n\xed\xa0\x80\n", 7, 2, "0xed at column 1" },
    };

    for (size_t i = 0; i < 2 * COUNT(rows); i++) {
        struct reader *r = open_bytes(state, i % 2 == 0, rows[i / 2].text, rows[i / 2].len);
        const char *line;
        char where[400];
        size_t len;
        struct err e;
        int rc;

        do
            rc = reader_line(r, &line, &len, &e);
        while (rc == 1);
        assert_refused(rc, &e, ERR_FORMAT);
        snprintf(where, sizeof(where), "%s:%lu", reader_name(r), rows[i / 2].line);
        assert_string_equal(e.where, where);
        assert_contains(e.got, rows[i / 2].got);
        reader_close(r);
    }
}

/* A line of `length` bytes behind one of two, with this end. */
static struct reader *open_long_line(void **state, bool from_memory, size_t length, const char *end)
{
    struct reader *r;
    char *text = malloc(length + 16);

    assert_non_null(text);
    memcpy(text, "ok\n", 3);
    memset(text + 3, 'x', length);
    memcpy(text + 3 + length, end, strlen(end));
    r = open_bytes(state, from_memory, text, 3 + length + strlen(end));
    free(text);
    return r;
}

static void reader_takes_a_line_of_the_greatest_length(void **state)
{
    static const char *const ends[] = { "", "\n", "\r\n", "\nz" };

    for (size_t i = 0; i < 2 * COUNT(ends); i++) {
        struct reader *r = open_long_line(state, i % 2 == 0, READER_LINE_MAX, ends[i / 2]);
        const char *line;
        size_t len;
        struct err e;

        assert_int_equal(reader_line(r, &line, &len, &e), 1);
        assert_ok(reader_line(r, &line, &len, &e), &e);
        assert_int_equal(len, READER_LINE_MAX);
        reader_close(r);
    }
}

static void refuse_long_line(void **state, bool from_memory, size_t length, const char *end)
{
    struct reader *r = open_long_line(state, from_memory, length, end);
    const char *line;
    char where[400];
    size_t len;
    struct err e;

    assert_int_equal(reader_line(r, &line, &len, &e), 1);
    assert_refused(reader_line(r, &line, &len, &e), &e, ERR_LIMIT);
    snprintf(where, sizeof(where), "%s:2", reader_name(r));
    assert_string_equal(e.where, where);
    reader_close(r);
}

static void reader_refuses_a_line_far_too_long(void **state)
{
    refuse_long_line(state, false, READER_LINE_MAX + (1 << 20), "\n");
    refuse_long_line(state, false, READER_LINE_MAX + (1 << 20), "");
}

static void reader_refuses_a_line_one_byte_too_long(void **state)
{
    refuse_long_line(state, false, READER_LINE_MAX + 1, "");
    refuse_long_line(state, false, READER_LINE_MAX + 1, "\n");
}

static void reader_of_memory_refuses_a_long_line_too(void **state)
{
    refuse_long_line(state, true, READER_LINE_MAX + (1 << 20), "\n");
}

static void reader_hashes_the_whole_file(void **state)
{
    for (size_t i = 0; i < 2 * COUNT(known_hashes); i++) {
        const char *text = known_hashes[i / 2].text;
        struct reader *r = open_bytes(state, i % 2 == 0, text, strlen(text));
        char hex[SHA256_HEX];
        struct err e;

        assert_ok(reader_sha256(r, hex, &e), &e);
        assert_string_equal(hex, known_hashes[i / 2].hex);
        reader_close(r);
    }
}

/* However much was read before, by lines, bytes or a peek, the hash is the whole file's. */
static void reader_hash_does_not_depend_on_what_was_read(void **state)
{
    char *text = malloc(1000000);

    assert_non_null(text);
    memset(text, 'a', 1000000);
    for (int how = 0; how < 4; how++) {
        struct reader *r = open_bytes(state, false, text, 1000000);
        const char *start;
        char hex[SHA256_HEX];
        size_t len;
        struct err e;

        if (how == 1)
            assert_ok(reader_line(r, &start, &len, &e), &e);
        for (int i = 0; how == 2 && i < 70000; i++)
            assert_int_equal(reader_byte(r), 'a');
        if (how == 3)
            assert_ok(reader_peek(r, &start, &len, &e), &e);
        assert_ok(reader_sha256(r, hex, &e), &e);
        assert_string_equal(hex, million_a);
        reader_close(r);
    }
    free(text);
}

static void reader_hash_counts_the_mark(void **state)
{
    static const char text[] = "\xef\xbb\xbf"
                               "abc\r\n";
    char hex[SHA256_HEX], whole[SHA256_HEX];
    const char *line;
    size_t len;
    struct err e;
    struct reader *r = open_bytes(state, false, text, strlen(text));

    assert_int_equal(reader_line(r, &line, &len, &e), 1);
    assert_ok(reader_sha256(r, hex, &e), &e);
    sha256_hex(text, strlen(text), whole);
    assert_string_equal(hex, whole);
    reader_close(r);
}

static void reader_byte_gives_every_byte_behind_the_mark(void **state)
{
    static const char text[] = "\xef\xbb\xbf{\n \x80\xff\n";

    for (int from_memory = 0; from_memory < 2; from_memory++) {
        struct reader *r = open_bytes(state, from_memory, text, strlen(text));
        struct err e;

        for (size_t i = 3; i < strlen(text); i++)
            assert_int_equal(reader_byte(r), (unsigned char)text[i]);
        assert_int_equal(reader_byte(r), READER_END);
        assert_int_equal(reader_byte(r), READER_END);
        assert_int_equal(reader_failure(r, &e), 0);
        reader_close(r);
    }
}

static void reader_peek_takes_nothing(void **state)
{
    struct buf text = BUF_INIT(1 << 20);
    struct err e;

    buf_puts(&text, "\xef\xbb\xbf");
    for (int i = 0; i < 10000; i++)
        buf_puts(&text, "line\n");
    for (int from_memory = 0; from_memory < 2; from_memory++) {
        struct reader *r = open_bytes(state, from_memory, text.text, text.len);
        const char *start;
        size_t len;

        for (int again = 0; again < 2; again++) {
            assert_ok(reader_peek(r, &start, &len, &e), &e);
            assert_in_range(len, 4096, text.len);
            assert_memory_equal(start, text.text + 3, len);
        }
        for (int i = 0; i < 10000; i++) {
            assert_int_equal(reader_line(r, &start, &len, &e), 1);
            assert_true(len == 4 && memcmp(start, "line", 4) == 0);
        }
        assert_int_equal(reader_line(r, &start, &len, &e), 0);
        reader_close(r);
    }
    buf_release(&text);
}

static void reader_open_refuses_what_is_no_file(void **state)
{
    const char *missing = scratch_path(state, "missing.txt");
    const struct scratch *s = *state;
    struct reader *r = NULL;
    struct err e;

    assert_refused(reader_open(&r, missing, &e), &e, ERR_IO);
    assert_null(r);
    assert_string_equal(e.where, missing);
    assert_refused(reader_open(&r, s->folder, &e), &e, ERR_IO);
    assert_null(r);
    assert_string_equal(e.where, s->folder);
}

static void reader_memory_is_a_copy(void **state)
{
    char text[] = "abc";
    struct reader *r = NULL;
    const char *line;
    size_t len;
    struct err e;

    (void)state;
    assert_ok(reader_open_memory(&r, "a text", text, 3, &e), &e);
    memset(text, 'z', 3);
    assert_int_equal(reader_line(r, &line, &len, &e), 1);
    assert_memory_equal(line, "abc", 3);
    err_set(&e, ERR_FORMAT, "wrong");
    assert_int_equal(reader_at(r, &e), ERR_FORMAT);
    assert_string_equal(e.where, "a text:1");
    reader_close(r);
}

/* ---- whole files ---- */

static void file_read_takes_up_to_its_maximum(void **state)
{
    const char *path = scratch_path(state, "ten.txt");
    char *text;
    size_t len;
    struct err e;

    write_file(path,
               "01234\0"
               "6789",
               10);
    assert_ok(file_read(path, 10, &text, &len, &e), &e);
    assert_int_equal(len, 10);
    assert_memory_equal(text,
                        "01234\0"
                        "6789",
                        11); /* and a zero behind */
    free(text);
    assert_refused(file_read(path, 9, &text, &len, &e), &e, ERR_LIMIT);
    assert_null(text);
    assert_string_equal(e.where, path);
    write_file(path, "", 0);
    assert_ok(file_read(path, 10, &text, &len, &e), &e);
    assert_int_equal(len, 0);
    assert_string_equal(text, "");
    free(text);
}

static void file_read_says_the_maximum_that_it_was_given(void **state)
{
    const char *path = scratch_path(state, "ten.txt");
    char *text;
    size_t len;
    struct err e;

    write_file(path, "0123456789", 10);
    assert_refused(file_read(path, 9, &text, &len, &e), &e, ERR_LIMIT);
    assert_string_equal(e.expected, "at most 9 bytes");
}

static void file_read_names_what_it_cannot_read(void **state)
{
    const char *missing = scratch_path(state, "missing.txt");
    const struct scratch *s = *state;
    char *text;
    size_t len;
    struct err e;

    assert_refused(file_read(missing, 10, &text, &len, &e), &e, ERR_IO);
    assert_null(text);
    assert_string_equal(e.where, missing);
    assert_refused(file_read(s->folder, 10, &text, &len, &e), &e, ERR_IO);
    assert_null(text);
    assert_string_equal(e.where, s->folder);
}

static void file_exists_tells_files_from_folders(void **state)
{
    const char *path = scratch_path(state, "a.txt");
    const struct scratch *s = *state;

    assert_false(file_exists(path));
    write_file(path, "", 0);
    assert_true(file_exists(path));
    assert_false(file_is_folder(path));
    assert_true(file_exists(s->folder));
    assert_true(file_is_folder(s->folder));
}

static void file_join_keeps_absolute_names(void **state)
{
    static const struct {
        const char *dir, *name, *path;
    } rows[] = {
        { "dir", "a.txt", "dir/a.txt" }, { "dir/", "a.txt", "dir/a.txt" },
        { "dir", "/a.txt", "/a.txt" },   { ".", "a.txt", "a.txt" },
        { "/", "a.txt", "/a.txt" },      { "..", "b/a.txt", "../b/a.txt" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e;
        char *path = file_join(rows[i].dir, rows[i].name, &e);

        assert_string_equal(path, rows[i].path);
        free(path);
    }
}

/* ---- the writer ---- */

static void assert_file_holds(const char *path, const char *wanted)
{
    char *text;
    size_t len;
    struct err e;

    assert_ok(file_read(path, 1 << 20, &text, &len, &e), &e);
    assert_string_equal(text, wanted);
    free(text);
}

static struct writer *start_writing(const char *path, const char *text)
{
    struct writer *w = NULL;
    struct err e;

    assert_ok(writer_open(&w, path, &e), &e);
    fputs(text, writer_file(w));
    return w;
}

static void writer_shows_nothing_before_the_commit(void **state)
{
    const char *path = scratch_path(state, "out.txt");
    struct writer *w = start_writing(path, "new\n");
    struct err e;

    fflush(writer_file(w));
    assert_false(file_exists(path));
    assert_ok(writer_commit(w, &e), &e);
    assert_file_holds(path, "new\n");
    assert_int_equal(scratch_count(state), 1);
}

static void writer_commit_replaces_and_reads_through_again(void **state)
{
    const char *path = scratch_path(state, "out.txt");
    struct reader *r = NULL;
    struct writer *w;
    const char *line;
    size_t len;
    struct err e;

    write_file(path, "a much longer old text\n", 23);
    w = start_writing(path, "new\r\n");
    fflush(writer_file(w));
    assert_file_holds(path, "a much longer old text\n");
    assert_ok(writer_commit(w, &e), &e);
    assert_ok(reader_open(&r, path, &e), &e);
    assert_int_equal(reader_line(r, &line, &len, &e), 1);
    assert_true(len == 3 && memcmp(line, "new", 3) == 0);
    assert_int_equal(reader_line(r, &line, &len, &e), 0);
    reader_close(r);
    assert_int_equal(scratch_count(state), 1);
}

static void writer_abort_leaves_nothing(void **state)
{
    const char *path = scratch_path(state, "out.txt");

    writer_abort(start_writing(path, "new\n"));
    assert_int_equal(scratch_count(state), 0);
    write_file(path, "old\n", 4);
    writer_abort(start_writing(path, "new\n"));
    assert_file_holds(path, "old\n");
    assert_int_equal(scratch_count(state), 1);
    writer_abort(NULL);
}

static void writer_gives_the_permissions_of_a_new_file(void **state)
{
    const char *path = scratch_path(state, "out.txt");
    mode_t before = umask(027);
    struct stat st;
    struct err e;

    assert_ok(writer_commit(start_writing(path, "new\n"), &e), &e);
    umask(before);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
}

static void writer_refuses_a_folder_and_a_missing_one(void **state)
{
    const char *missing = scratch_path(state, "missing/out.txt");
    const struct scratch *s = *state;
    struct writer *w = NULL;
    struct err e;

    assert_refused(writer_open(&w, s->folder, &e), &e, ERR_IO);
    assert_null(w);
    assert_refused(writer_open(&w, missing, &e), &e, ERR_IO);
    assert_null(w);
    assert_string_equal(e.where, missing);
    assert_int_equal(scratch_count(state), 0);
}

/* A limit on the size of files stands for a full disk. */
static void writer_keeps_the_old_file_when_the_disk_is_full(void **state)
{
    const char *path = scratch_path(state, "out.txt");
    struct rlimit before, small;
    struct writer *w;
    struct err e;
    int rc;

    write_file(path, "old\n", 4);
    signals_init(); /* ignores the signal that goes with the limit */
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    w = start_writing(path, "");
    for (int i = 0; i < 10000; i++)
        fputs("0123456789", writer_file(w));
    small = before;
    small.rlim_cur = 5000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    rc = writer_commit(w, &e);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_refused(rc, &e, ERR_IO);
    assert_string_equal(e.where, path);
    assert_file_holds(path, "old\n");
    assert_int_equal(scratch_count(state), 1);
}

/* ---- JSON values ---- */

static struct json_t *parse(const char *text)
{
    struct json_t *v = NULL;
    struct err e;

    assert_ok(jv_parse(&v, text, strlen(text), &e), &e);
    return v;
}

static void json_values_answer_for_their_own_type_only(void **state)
{
    struct json_t *v = parse("[\"t\", 1, 2.5, true, null, [7], {\"k\": 8}]");
    static const char *const types[] = { "a text", "a number", "a number", "true or false",
                                         "null",   "an array", "an object" };
    int64_t i = 0;
    double x = 0;

    (void)state;
    for (size_t k = 0; k < COUNT(types); k++) {
        const struct json_t *item = jv_at(v, k);

        assert_string_equal(jv_type_name(item), types[k]);
        assert_int_equal(jv_text(item) != NULL, k == 0);
        assert_int_equal(jv_integer(item, &i), k == 1);
        assert_int_equal(jv_number(item, &x), k == 1 || k == 2);
        assert_int_equal(jv_is_true(item), k == 3);
        assert_int_equal(jv_is_null(item), k == 4);
        assert_int_equal(jv_is_array(item), k == 5);
        assert_int_equal(jv_is_object(item), k == 6);
    }
    assert_true(jv_integer(jv_at(v, 1), &i) && i == 1);
    assert_true(jv_number(jv_at(v, 2), &x) && x == 2.5);
    assert_int_equal(jv_length(v), 7);
    assert_int_equal(jv_members(jv_at(v, 6)), 1);
    assert_true(jv_integer(jv_get(jv_at(v, 6), "k"), &i) && i == 8);
    jv_free(v);
}

static void json_takes_nothing_for_an_answer(void **state)
{
    void *iterator = NULL;
    const char *key;
    struct json_t *value;
    int64_t i;
    double x;

    (void)state;
    assert_null(jv_text(NULL));
    assert_false(jv_number(NULL, &x));
    assert_false(jv_integer(NULL, &i));
    assert_false(jv_is_null(NULL));
    assert_false(jv_is_true(NULL));
    assert_null(jv_get(NULL, "k"));
    assert_int_equal(jv_length(NULL), 0);
    assert_null(jv_at(NULL, 0));
    assert_int_equal(jv_members(NULL), 0);
    assert_false(jv_member(NULL, &iterator, &key, &value));
    assert_string_equal(jv_type_name(NULL), "nothing");
    jv_free(NULL);
}

static void json_members_come_in_the_order_of_the_file(void **state)
{
    static const char *const keys[] = { "zebra", "ant", "Ant", "", "mule" };
    struct json_t *v = parse("{\"zebra\":0,\"ant\":1,\"Ant\":2,\"\":3,\"mule\":4}");
    void *iterator = NULL;
    const char *key;
    struct json_t *value;
    size_t n = 0;

    (void)state;
    for (; jv_member(v, &iterator, &key, &value); n++) {
        int64_t i = -1;

        assert_string_equal(key, keys[n]);
        assert_true(jv_integer(value, &i) && i == (int64_t)n);
    }
    assert_int_equal(n, COUNT(keys));
    jv_free(v);
}

static void json_parse_refuses(void **state, const char *text, size_t len, const char *where)
{
    struct json_t *v = NULL;
    struct err e;

    (void)state;
    assert_refused(jv_parse(&v, text, len, &e), &e, ERR_FORMAT);
    assert_null(v);
    assert_contains(e.where, where);
}

static void json_parse_refuses_what_is_no_json(void **state)
{
    static const char *const rows[] = {
        "",        "{",          "[1,]",  "{\"a\":1,}", "[1] 2",      "{\"a\":1,\"a\":2}",
        "[01]",    "['a']",      "[NaN]", "nope",       "[\"\xff\"]", "[\"\\ud800\"]",
        "[1e999]", "[\"a\nb\"]", "[1}",   "{a:1}",      "[1 2]",      "{\"a\":{\"b\":1,\"b\":1}}",
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        json_parse_refuses(state, rows[i], strlen(rows[i]), "line 1");
    json_parse_refuses(state, "[1,\n2,\n x]", 10, "line 3");
    json_parse_refuses(state, "[1]\0", 4, "line 1");
}

static void json_parse_takes_2048_levels_and_no_more(void **state)
{
    char text[2 * 2049];
    struct json_t *v = NULL;
    struct err e;

    memset(text, '[', 2048);
    memset(text + 2048, ']', 2048);
    assert_ok(jv_parse(&v, text, 4096, &e), &e);
    jv_free(v);
    memset(text, '[', 2049);
    memset(text + 2049, ']', 2049);
    json_parse_refuses(state, text, 4098, "line 1");
}

static void json_print_reads_through_again(void **state)
{
    static const double numbers[] = { 0, -1, 0.486, 1e-9, 123456789012.0 };
    struct json_t *list = jv_array(), *v;
    char *text;
    double x;

    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++)
        assert_true(jv_append(list, jv_real(numbers[i])));
    v = jv_pack("{s:s, s:i, s:o}", "name", "caf\xc3\xa9 \"x\"\n", "n", 3, "list", list);
    assert_true(jv_set(v, "none", jv_real(NAN)));
    assert_true(jv_set(v, "all", jv_real(INFINITY)));
    text = jv_print(v);
    assert_non_null(text);
    jv_free(v);
    v = parse(text);
    free(text);
    assert_string_equal(jv_text(jv_get(v, "name")), "caf\xc3\xa9 \"x\"\n");
    assert_true(jv_is_null(jv_get(v, "none")) && jv_is_null(jv_get(v, "all")));
    for (size_t i = 0; i < COUNT(numbers); i++) {
        assert_true(jv_number(jv_at(jv_get(v, "list"), i), &x));
        assert_near("a number", x, numbers[i], fabs(numbers[i]) * 1e-11);
    }
    jv_free(v);
}

static void json_writing_carries_a_failure_to_the_end(void **state)
{
    struct json_t *list = jv_array();
    char *text;

    (void)state;
    assert_null(jv_pack("{s:o}", "list", NULL));
    assert_false(jv_append(list, NULL));
    assert_false(jv_append(NULL, jv_array()));
    assert_false(jv_set(NULL, "k", jv_array()));
    assert_null(jv_print(NULL));
    jv_free(list);
    assert_null(jv_quoted("\xff")); /* not UTF-8 */
    text = jv_quoted("a\"\\\n\x01");
    assert_string_equal(text, "\"a\\\"\\\\\\n\\u0001\"");
    free(text);
}

/* ---- JSON streams ---- */

/* Reads a whole stream. The keys and printed values that came, one a line, are in *seen. */
static int read_stream(const char *text, size_t len, struct buf *seen, struct err *e)
{
    struct reader *r = NULL;
    struct jv_stream s;
    struct json_t *value;
    char *key;
    int rc;

    assert_ok(reader_open_memory(&r, "data.json", text, len, e), e);
    rc = jv_stream_start(&s, r, e);
    if (rc == 0)
        while ((rc = jv_stream_next(&s, &key, &value, e)) == 1) {
            char *printed = jv_print(value);

            for (const char *c = printed; *c; c++)
                if (*c != ' ' && *c != '\n')
                    buf_putc(seen, *c);
            buf_printf(seen, " %s\n", key ? key : "-");
            free(printed);
            free(key);
            jv_free(value);
        }
    assert_true(rc < 0 || jv_stream_next(&s, &key, &value, e) == 0); /* the end stays the end */
    reader_close(r);
    return rc;
}

static void stream_gives_every_element(void **state)
{
    static const struct {
        const char *text, *seen;
    } rows[] = {
        { "[]", "" },
        { "{}", "" },
        { " \n[ ] \r\n\t", "" },
        { "[{}]", "{} -\n" },
        { "[[1,2],[3]]", "[1,2] -\n[3] -\n" },
        { "\xef\xbb\xbf[ \"a\" , {\"b\":[]} ,[ ] ]\n", "\"a\" -\n{\"b\":[]} -\n[] -\n" },
        { "{\"9189\":[-1,1],\"4401\":{\"Bald\":1}}", "[-1,1] 9189\n{\"Bald\":1} 4401\n" },
        { "{ \"a\\n\\u00e9\" : \"x\" }", "\"x\" a\n\xc3\xa9\n" },
        { "[\"]\",\"}\"]", "\"]\" -\n\"}\" -\n" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf seen = BUF_INIT(1 << 16);
        struct err e;

        buf_puts(&seen, "");
        assert_ok(read_stream(rows[i].text, strlen(rows[i].text), &seen, &e), &e);
        assert_string_equal(seen.text, rows[i].seen);
        buf_release(&seen);
    }
}

static void stream_without_a_key_wanted_frees_it(void **state)
{
    struct reader *r = NULL;
    struct jv_stream s;
    struct json_t *value;
    struct err e;

    (void)state;
    assert_ok(reader_open_memory(&r, "data.json", "{\"a\":[]}", 8, &e), &e);
    assert_ok(jv_stream_start(&s, r, &e), &e);
    assert_int_equal(jv_stream_next(&s, NULL, &value, &e), 1);
    jv_free(value);
    assert_int_equal(jv_stream_next(&s, NULL, &value, &e), 0);
    reader_close(r);
}

static void check_stream_refused(const char *what, const char *text, size_t len, unsigned line)
{
    struct buf seen = BUF_INIT(1 << 16);
    char where[32];
    struct err e;
    int rc = read_stream(text, len, &seen, &e);

    if (rc != ERR_FORMAT)
        fail_row(what, "returned %d", rc);
    snprintf(where, sizeof(where), "data.json:%u", line);
    if (strcmp(e.where, where) != 0)
        fail_row(what, "is said to be at %s: %s", e.where, e.what);
    buf_release(&seen);
}

static void stream_refuses_what_is_no_json(void **state)
{
    static const struct {
        const char *what, *text;
        unsigned line;
    } rows[] = {
        { "nothing", "", 1 },
        { "spaces only", " \n ", 2 },
        { "a text", "\"abc\"", 1 },
        { "a number", "12", 1 },
        { "a bare number as an element", "[1]", 1 },
        { "a bare number as a value", "{\"a\":\n 1}", 2 },
        { "a bare word", "[true]", 1 },
        { "null", "{\"a\":null}", 1 },
        { "trailing comma in an array", "[{},\n]", 2 },
        { "trailing comma in an object", "{\"a\":[],\n}", 2 },
        { "leading comma", "[,{}]", 1 },
        { "two commas", "[{},,{}]", 1 },
        { "no comma", "[{}\n{}]", 2 },
        { "no colon", "{\"a\" []}", 1 },
        { "no value", "{\"a\":}", 1 },
        { "no key", "{[]}", 1 },
        { "a key without quotes", "{a:[]}", 1 },
        { "text behind", "[{}]\nx", 2 },
        { "a second value behind", "[] []", 1 },
        { "the other bracket", "[{}}", 1 },
        { "truncated at once", "[", 1 },
        { "truncated after an element", "[{}", 1 },
        { "truncated after a comma", "[{},", 1 },
        { "truncated in an element", "[{},\n{\"a\":[1,", 2 },
        { "truncated in a key", "{\"ab", 1 },
        { "truncated after a key", "{\"ab\"", 1 },
        { "truncated in a text", "[\"abc", 1 },
        { "duplicate keys within", "[{},\n{\"a\":1,\"a\":2}]", 2 },
        { "duplicate keys deeper", "{\"x\":{\"y\":{\"a\":1,\"a\":1}}}", 1 },
        { "invalid UTF-8", "[\"\xff\"]", 1 },
        { "invalid UTF-8 in a key", "{\"\xff\":[]}", 1 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_stream_refused(rows[i].what, rows[i].text, strlen(rows[i].text), rows[i].line);
    check_stream_refused("a NUL byte", "[\0]", 3, 1);
}

static void stream_bounds_the_size_of_an_element(void **state)
{
    const size_t len = JV_ELEMENT_MAX + 1000;
    struct buf seen = BUF_INIT(16);
    char *text = malloc(len);
    struct err e;

    (void)state;
    assert_non_null(text);
    memset(text, 'x', len);
    memcpy(text, "[\"", 2);
    memcpy(text + len - 2, "\"]", 2);
    assert_refused(read_stream(text, len, &seen, &e), &e, ERR_LIMIT);
    assert_string_equal(e.where, "data.json:1");
    free(text);
    buf_release(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(err_set_clears_what_an_earlier_error_left),
        cmocka_unit_test(err_parts_are_set_once_by_the_innermost_caller),
        cmocka_unit_test(err_errno_gives_the_reason_and_the_path),
        cmocka_unit_test(err_parts_hold_no_control_characters),
        cmocka_unit_test(err_parts_hold_no_c1_control_characters),
        cmocka_unit_test(err_cuts_a_long_part_between_two_characters),
        cmocka_unit_test(err_print_leaves_out_the_parts_that_are_not_set),
        cmocka_unit_test(sizes_that_do_not_fit_are_refused),
        cmocka_unit_test(mem_new_zeroes_and_refuses_what_overflows),
        cmocka_unit_test(mem_grow_keeps_old_elements_and_zeroes_new_ones),
        cmocka_unit_test(mem_grow_goes_up_to_its_maximum_and_no_further),
        cmocka_unit_test(arena_pieces_are_zero_aligned_and_apart),
        cmocka_unit_test(arena_copies_texts_and_refuses_what_overflows),
        cmocka_unit_test(buf_joins_what_is_added),
        cmocka_unit_test(buf_keeps_its_failure_and_stays_as_it_was),
        cmocka_unit_test(buf_take_hands_the_text_over_once),
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
        cmocka_unit_test(map_add_keeps_the_first_value_and_set_replaces_it),
        cmocka_unit_test(map_tells_keys_apart_by_all_their_bytes),
        cmocka_unit_test(map_holds_many_keys_and_copies_them),
        cmocka_unit_test(sha256_gives_the_known_answers),
        test_with_scratch(reader_finds_the_lines),
        test_with_scratch(reader_joins_lines_that_cross_its_buffer),
        cmocka_unit_test(reader_joins_pieces_from_standard_input),
        cmocka_unit_test(reader_passes_over_a_mark_that_comes_in_pieces),
        test_with_scratch(reader_names_the_line_that_is_no_text),
        test_with_scratch(reader_takes_a_line_of_the_greatest_length),
        test_with_scratch(reader_refuses_a_line_far_too_long),
        test_with_scratch(reader_refuses_a_line_one_byte_too_long),
        test_with_scratch(reader_of_memory_refuses_a_long_line_too),
        test_with_scratch(reader_hashes_the_whole_file),
        test_with_scratch(reader_hash_does_not_depend_on_what_was_read),
        test_with_scratch(reader_hash_counts_the_mark),
        test_with_scratch(reader_byte_gives_every_byte_behind_the_mark),
        test_with_scratch(reader_peek_takes_nothing),
        test_with_scratch(reader_open_refuses_what_is_no_file),
        cmocka_unit_test(reader_memory_is_a_copy),
        test_with_scratch(file_read_takes_up_to_its_maximum),
        test_with_scratch(file_read_says_the_maximum_that_it_was_given),
        test_with_scratch(file_read_names_what_it_cannot_read),
        test_with_scratch(file_exists_tells_files_from_folders),
        cmocka_unit_test(file_join_keeps_absolute_names),
        test_with_scratch(writer_shows_nothing_before_the_commit),
        test_with_scratch(writer_commit_replaces_and_reads_through_again),
        test_with_scratch(writer_abort_leaves_nothing),
        test_with_scratch(writer_gives_the_permissions_of_a_new_file),
        test_with_scratch(writer_refuses_a_folder_and_a_missing_one),
        test_with_scratch(writer_keeps_the_old_file_when_the_disk_is_full),
        cmocka_unit_test(json_values_answer_for_their_own_type_only),
        cmocka_unit_test(json_takes_nothing_for_an_answer),
        cmocka_unit_test(json_members_come_in_the_order_of_the_file),
        cmocka_unit_test(json_parse_refuses_what_is_no_json),
        cmocka_unit_test(json_parse_takes_2048_levels_and_no_more),
        cmocka_unit_test(json_print_reads_through_again),
        cmocka_unit_test(json_writing_carries_a_failure_to_the_end),
        cmocka_unit_test(stream_gives_every_element),
        cmocka_unit_test(stream_without_a_key_wanted_frees_it),
        cmocka_unit_test(stream_refuses_what_is_no_json),
        cmocka_unit_test(stream_bounds_the_size_of_an_element),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
