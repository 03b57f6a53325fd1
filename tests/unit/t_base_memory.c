/* SPDX-License-Identifier: MIT */
/*
 * base/: checked sizes and memory, buffers, the map.
 */
#include "support.h"

#include <stdalign.h>

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

static void mem_raw_refuses_what_overflows(void **state)
{
    struct err e;
    void *p = mem_raw(0, 8, &e);

    (void)state;
    assert_non_null(p);
    free(p);
    assert_null(mem_raw(SIZE_MAX / 8 + 2, 8, &e));
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
    assert_string_equal(e.got, "1001 entries of 1 bytes");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_that_do_not_fit_are_refused),
        cmocka_unit_test(mem_new_zeroes_and_refuses_what_overflows),
        cmocka_unit_test(mem_raw_refuses_what_overflows),
        cmocka_unit_test(mem_grow_keeps_old_elements_and_zeroes_new_ones),
        cmocka_unit_test(mem_grow_goes_up_to_its_maximum_and_no_further),
        cmocka_unit_test(arena_pieces_are_zero_aligned_and_apart),
        cmocka_unit_test(arena_copies_texts_and_refuses_what_overflows),
        cmocka_unit_test(buf_joins_what_is_added),
        cmocka_unit_test(buf_keeps_its_failure_and_stays_as_it_was),
        cmocka_unit_test(buf_take_hands_the_text_over_once),
        cmocka_unit_test(map_add_keeps_the_first_value_and_set_replaces_it),
        cmocka_unit_test(map_tells_keys_apart_by_all_their_bytes),
        cmocka_unit_test(map_holds_many_keys_and_copies_them),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("base_memory", tests, NULL, NULL);
}
