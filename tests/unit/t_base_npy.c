/* SPDX-License-Identifier: MIT */
/*
 * base/npy.c against numpy.lib.format, version 1.0: the magic string, the version, the length of
 * the rest in two bytes, a dictionary as Python writes it, blanks and a newline, so that the
 * numbers begin at a multiple of 64.
 */
#include "support.h"

#define BLANKS "                                                                "

/* Of 64 or 128 bytes with the 10 before it. */
static const struct {
    enum npy_type type;
    size_t rank, shape[4];
    const char *dictionary;
} headers[] = {
    { NPY_FLOAT32, 0, { 0 }, "{'descr': '<f4', 'fortran_order': False, 'shape': (), }" },
    { NPY_FLOAT32, 1, { 7 }, "{'descr': '<f4', 'fortran_order': False, 'shape': (7,), }" },
    { NPY_INT64, 1, { 0 }, "{'descr': '<i8', 'fortran_order': False, 'shape': (0,), }" },
    { NPY_FLOAT32,
      3,
      { 2, 40, 128256 },
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 40, 128256), }" },
    { NPY_FLOAT32,
      4,
      { 5, 3, 336, 336 },
      "{'descr': '<f4', 'fortran_order': False, 'shape': (5, 3, 336, 336), }" },
    { NPY_FLOAT32,
      2,
      { SIZE_MAX, SIZE_MAX },
      "{'descr': '<f4', 'fortran_order': False, 'shape': "
      "(18446744073709551615, 18446744073709551615), }" },
};

static void headers_are_those_of_the_format(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(headers); i++) {
        size_t whole = (10 + strlen(headers[i].dictionary) + 1 + 63) / 64 * 64, len = 0;
        char expected[256], *written = NULL;
        FILE *out = open_memstream(&written, &len);
        struct err e;

        snprintf(expected, sizeof(expected), "%s" BLANKS, headers[i].dictionary);
        expected[whole - 10 - 1] = '\n';
        assert_ok(npy_header(out, headers[i].type, headers[i].rank, headers[i].shape, &e), &e);
        assert_int_equal(fclose(out), 0);
        assert_int_equal(len, whole);
        assert_memory_equal(written, "\x93NUMPY\x01\x00", 8);
        assert_int_equal((unsigned char)written[8] | (unsigned char)written[9] << 8, whole - 10);
        assert_memory_equal(written + 10, expected, whole - 10);
        free(written);
    }
}

static void a_header_has_a_greatest_length(void **state)
{
    static const size_t shape[2000] = { 1 };
    FILE *out = tmpfile();
    struct err e;

    (void)state;
    assert_non_null(out);
    assert_refused(npy_header(out, NPY_FLOAT32, COUNT(shape), shape, &e), &e, ERR_LIMIT);
    assert_int_equal(ftell(out), 0);
    fclose(out);
}

static void numbers_follow_the_header(void **state)
{
    static const float floats[] = { 1, -2, 0.5f, 0, 3, 4 };
    static const uint32_t ids[] = { 0, 128000, UINT32_MAX };
    static const int64_t wide[] = { 0, 128000, UINT32_MAX };
    const char *path = scratch_path(state, "x.npy");
    struct err e;
    size_t len;
    char *text;

    assert_ok(npy_write_floats(path, floats, 2, (size_t[]){ 2, 3 }, &e), &e);
    assert_ok(file_read(path, 4096, &text, &len, &e), &e);
    assert_int_equal(len, 128 + sizeof(floats));
    assert_memory_equal(text + 128, floats, sizeof(floats));
    free(text);
    assert_ok(npy_write_ids(path, ids, COUNT(ids), &e), &e);
    assert_ok(file_read(path, 4096, &text, &len, &e), &e);
    assert_int_equal(len, 128 + sizeof(wide));
    assert_memory_equal(text + 128, wide, sizeof(wide));
    free(text);
    assert_refused(npy_write_ids(scratch_path(state, "no/x.npy"), ids, 1, &e), &e, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_those_of_the_format),
        cmocka_unit_test(a_header_has_a_greatest_length),
        test_with_scratch(numbers_follow_the_header),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("base npy", tests, NULL, NULL);
}
