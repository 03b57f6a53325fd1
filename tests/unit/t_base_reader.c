/* SPDX-License-Identifier: MIT */
/*
 * base/: files read line by line, from a disk, from memory and from standard input; their hash.
 */
#include "support.h"

#include <sys/socket.h>

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

/* XOR of the digits, by hand. */
static void folding_is_the_same_in_any_order(void **state)
{
    static const char a[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    static const char b[] = "ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000";
    char hex[SHA256_HEX] = SHA256_ZERO, other[SHA256_HEX] = SHA256_ZERO;

    (void)state;
    sha256_fold(hex, a);
    assert_string_equal(hex, a);
    sha256_fold(hex, b);
    assert_string_equal(hex, "fedc45677654cdeffedc45677654cdeffedc45677654cdeffedc45677654cdef");
    sha256_fold(other, b);
    sha256_fold(other, a);
    assert_string_equal(other, hex);
}

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

enum { MOST_LINES = 5 };

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

/* Writes text, which is ASCII or in the basic plane of two-byte UTF-8, as UTF-16. */
static size_t put_utf16(char *out, const char *text, bool big)
{
    size_t n = 0;

    for (const char *s = text; *s != '\0'; s += text_utf8_size(s)) {
        uint32_t code = text_utf8_code(s);

        out[n + (big ? 0 : 1)] = (char)(code >> 8);
        out[n + (big ? 1 : 0)] = (char)(code & 0xff);
        n += 2;
    }
    return n;
}

static void reader_hands_out_utf16_as_utf8(void **state)
{
    static const struct lines_row wanted = { "UTF-16",
                                             "",
                                             { "M\xc3\xbcller\t1", "\xe2\x82\xac", "end", NULL } };
    static const char text[] = "\xef\xbb\xbfM\xc3\xbcller\t1\r\n\xe2\x82\xac\nend";

    for (int i = 0; i < 4; i++) {
        char wide[80];
        size_t n = put_utf16(wide, text, i / 2);
        struct reader *r = open_bytes(state, i % 2, wide, n);

        check_lines(r, &wanted);
        reader_close(r);
    }
}

/* Longer than a buffer, so that characters lie across its end; one outside of the basic plane. */
static void reader_hands_out_long_utf16(void **state)
{
    enum { LINES = 20000 };
    char *wide = malloc(2 + LINES * 10);
    struct reader *r;
    const char *line;
    struct err e;
    size_t n = 2, len, lines = 0;

    assert_non_null(wide);
    memcpy(wide, "\xff\xfe", 2);
    for (size_t i = 0; i < LINES; i++, n += 10)
        memcpy(wide + n,
               "a\0\x3d\xd8\x00\xde"
               "b\0\n\0",
               10); /* U+1F600 */
    for (int memory = 0; memory < 2; memory++) {
        r = open_bytes(state, memory, wide, n);
        for (lines = 0; reader_line(r, &line, &len, &e) == 1; lines++)
            assert_true(len == 6 && memcmp(line,
                                           "a\xf0\x9f\x98\x80"
                                           "b",
                                           6) == 0);
        assert_int_equal(lines, LINES);
        reader_close(r);
    }
    free(wide);
}

static void reader_refuses_broken_utf16(void **state)
{
    static const struct {
        const char *what, *bytes;
        size_t len;
    } rows[] = {
        { "half a unit",
          "\xff\xfe"
          "a\0b",
          5 },
        { "half a pair",
          "\xff\xfe"
          "a\0\x3d\xd8",
          6 },
        { "a pair without its first",
          "\xff\xfe\x00\xde"
          "a\0",
          6 },
        { "two firsts", "\xfe\xff\xd8\x3d\xd8\x3d\0a", 8 },
    };

    for (size_t i = 0; i < 2 * COUNT(rows); i++) {
        struct reader *r = open_bytes(state, i % 2, rows[i / 2].bytes, rows[i / 2].len);
        const char *line;
        size_t len;
        struct err e;
        int rc;

        do
            rc = reader_line(r, &line, &len, &e);
        while (rc == 1);
        if (rc != ERR_FORMAT || !strstr(e.what, "UTF-16"))
            fail_row(rows[i / 2].what, "%d", rc);
        reader_close(r);
    }
}

static void reader_takes_the_line_ends_of_old_macs(void **state)
{
    static const struct lines_row rows[] = {
        { "CR", "one\rtwo\r\rthree", { "one", "two", "", "three" } },
        { "a CR at the end only", "one\r", { "one", NULL } },
        { "CR before an LF", "one\rtwo\nthree", { "one\rtwo", "three", NULL } },
        { "CRLF", "one\r\ntwo\r\n", { "one", "two", NULL } },
    };

    for (size_t i = 0; i < 2 * COUNT(rows); i++) {
        const struct lines_row *row = &rows[i / 2];
        struct reader *r = open_bytes(state, i % 2, row->text, strlen(row->text));

        check_lines(r, row);
        reader_close(r);
    }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_known_answers),
        cmocka_unit_test(folding_is_the_same_in_any_order),
        test_with_scratch(reader_finds_the_lines),
        test_with_scratch(reader_joins_lines_that_cross_its_buffer),
        cmocka_unit_test(reader_joins_pieces_from_standard_input),
        cmocka_unit_test(reader_passes_over_a_mark_that_comes_in_pieces),
        test_with_scratch(reader_hands_out_utf16_as_utf8),
        test_with_scratch(reader_hands_out_long_utf16),
        test_with_scratch(reader_refuses_broken_utf16),
        test_with_scratch(reader_takes_the_line_ends_of_old_macs),
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
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("base_reader", tests, NULL, NULL);
}
