/* SPDX-License-Identifier: MIT */
/*
 * vlm/tokenizer: ids equal to the `tokenizers` library's, for ten thousand generated strings
 * (tools/oracle/texts.py) and case by case; hostile and unknown files refused by name.
 */
#include "support.h"

#include "tokenizer/tokenizer.h"

static struct json_t *read_json(const char *name)
{
    char joined[100];

    snprintf(joined, sizeof(joined), "tokenizer/%s", name);
    return load_json("ASSENT_TEST_DATA", joined);
}

/* text with `from`, which must be there once, replaced by `to`; free() it. */
static char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    struct buf b = BUF_INIT(64 << 20);

    if (!at || strstr(at + 1, from))
        fail_msg("'%s' must be there once", from);
    buf_add(&b, text, (size_t)(at - text));
    buf_puts(&b, to);
    buf_puts(&b, at + strlen(from));
    return buf_take(&b);
}

static struct tokenizer *parse(const char *text)
{
    struct tokenizer *t = NULL;
    struct err e;

    assert_ok(tokenizer_parse(&t, "tokenizer.json", text, strlen(text), &e), &e);
    return t;
}

/* A variant is [file] or [file, from, to]. */
static struct tokenizer *open_variant(const struct json_t *variant)
{
    char name[64];
    size_t len;
    char *text, *changed;
    struct tokenizer *t;

    snprintf(name, sizeof(name), "%s.json", jv_text(jv_at(variant, 0)));
    text = read_data("tokenizer", name, &len);
    if (jv_length(variant) > 1) {
        changed = replaced(text, jv_text(jv_at(variant, 1)), jv_text(jv_at(variant, 2)));
        free(text);
        text = changed;
    }
    t = parse(text);
    free(text);
    return t;
}

static struct tokenizer *open_file(const char *name)
{
    size_t len;
    char *text = read_data("tokenizer", name, &len);
    struct tokenizer *t = parse(text);

    free(text);
    return t;
}

/* ---- ten thousand strings ---- */

/* splitmix64: Steele, Lea and Flood 2014. */
static uint64_t next(uint64_t *state, uint64_t n)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % n;
}

static uint64_t integer(const struct json_t *v)
{
    int64_t i = 0;

    assert_true(jv_integer(v, &i));
    return (uint64_t)i;
}

static void put_utf8(struct buf *b, uint32_t c)
{
    if (c < 0x80) {
        buf_putc(b, (char)c);
        return;
    }
    if (c >= 0x10000)
        buf_putc(b, (char)(0xf0 | c >> 18));
    if (c >= 0x800)
        buf_putc(b, (char)(c >= 0x10000 ? 0x80 | (c >> 12 & 0x3f) : 0xe0 | c >> 12));
    buf_putc(b, (char)(c >= 0x800 ? 0x80 | (c >> 6 & 0x3f) : 0xc0 | c >> 6));
    buf_putc(b, (char)(0x80 | (c & 0x3f)));
}

/* One piece or code point of an alphabet, `times` over. */
static void take(const struct json_t *alphabet, uint64_t *state, uint64_t times, struct buf *b)
{
    const struct json_t *pieces = jv_get(alphabet, "pieces"), *ranges = jv_get(alphabet, "ranges");
    uint64_t all = 0, at;

    if (pieces) {
        const char *piece = jv_text(jv_at(pieces, next(state, jv_length(pieces))));

        for (uint64_t i = 0; i < times; i++)
            buf_puts(b, piece);
        return;
    }
    for (size_t i = 0; i < jv_length(ranges); i++)
        all += integer(jv_at(jv_at(ranges, i), 1)) - integer(jv_at(jv_at(ranges, i), 0)) + 1;
    at = next(state, all);
    for (size_t i = 0; i < jv_length(ranges); i++) {
        uint64_t first = integer(jv_at(jv_at(ranges, i), 0));
        uint64_t n = integer(jv_at(jv_at(ranges, i), 1)) - first + 1;

        if (at < n) {
            put_utf8(b, (uint32_t)(first + at));
            return;
        }
        at -= n;
    }
}

static void generate(const struct json_t *recipe, uint64_t *state, struct buf *b)
{
    const struct json_t *alphabets = jv_get(recipe, "alphabets");
    uint64_t parts = 1 + next(state, integer(jv_get(recipe, "parts")));

    buf_clear(b);
    for (uint64_t p = 0; p < parts; p++) {
        const struct json_t *alphabet = jv_at(alphabets, next(state, jv_length(alphabets)));
        uint64_t n = 1 + next(state, integer(jv_get(alphabet, "most")));

        if (jv_is_true(jv_get(alphabet, "same")))
            take(alphabet, state, n, b);
        else
            for (uint64_t i = 0; i < n; i++)
                take(alphabet, state, 1, b);
    }
    assert_int_equal(b->failed, 0);
}

static uint64_t fnv(uint64_t h, uint32_t value)
{
    for (int shift = 0; shift < 32; shift += 8)
        h = (h ^ (value >> shift & 0xff)) * 0x100000001b3u;
    return h;
}

static void check_variant(const struct json_t *recipe, const char *name,
                          const struct json_t *variant, const char **hashes)
{
    struct tokenizer *t = open_variant(variant);
    uint64_t state = integer(jv_get(recipe, "seed")), h = 0xcbf29ce484222325u;
    uint64_t count = integer(jv_get(recipe, "count")), block = integer(jv_get(recipe, "block"));
    struct buf b = BUF_INIT(1 << 20);
    struct token_ids ids = { 0 };
    struct err e;
    char hex[20];

    for (uint64_t i = 0; i < count; i++) {
        generate(recipe, &state, &b);
        ids.n = 0;
        assert_ok(tokenizer_encode(t, b.text, b.len, false, &ids, &e), &e);
        for (size_t k = 0; k < ids.n; k++)
            h = fnv(h, ids.ids[k]);
        h = fnv(h, UINT32_MAX);
        if ((i + 1) % block != 0)
            continue;
        snprintf(hex, sizeof(hex), "%016llx\n", (unsigned long long)h);
        if (strncmp(*hashes, hex, 17) != 0)
            fail_row(name, "strings %d to %d have other ids", (int)(i + 1 - block), (int)i);
        *hashes += 17;
        h = 0xcbf29ce484222325u;
    }
    token_ids_release(&ids);
    buf_release(&b);
    tokenizer_free(t);
}

static void ten_thousand_strings_have_the_ids_of_the_library(void **state)
{
    struct json_t *recipe = read_json("recipe.json"), *variant;
    size_t len, n = 0;
    char *text = read_data("tokenizer", "hashes.txt", &len);
    const char *at = text, *name;
    void *iterator = NULL;

    (void)state;
    while (jv_member(jv_get(recipe, "variants"), &iterator, &name, &variant)) {
        assert_int_equal(strncmp(at, name, strlen(name)), 0);
        at += strlen(name) + 1;
        check_variant(recipe, name, variant, &at);
        n++;
    }
    assert_true(n >= 19);
    assert_ptr_equal(at, text + len);
    free(text);
    jv_free(recipe);
}

/* ---- case by case ---- */

static void check_ids(const char *name, const struct tokenizer *t, const char *text, bool ends,
                      const struct json_t *wanted)
{
    struct token_ids ids = { 0 };
    struct err e;

    assert_ok(tokenizer_encode(t, text, strlen(text), ends, &ids, &e), &e);
    if (ids.n != jv_length(wanted))
        fail_row(name, "'%s' has %zu ids, not %zu", text, ids.n, jv_length(wanted));
    for (size_t i = 0; i < ids.n; i++)
        if (ids.ids[i] != integer(jv_at(wanted, i)))
            fail_row(name, "'%s': id %zu is %u", text, i, ids.ids[i]);
    token_ids_release(&ids);
}

static void cases_have_the_ids_of_the_library(void **state)
{
    struct json_t *cases = read_json("cases.json"), *recipe = read_json("recipe.json"), *variant;
    const struct json_t *texts = jv_get(cases, "texts");
    void *iterator = NULL;
    const char *name;

    (void)state;
    while (jv_member(jv_get(recipe, "variants"), &iterator, &name, &variant)) {
        const struct json_t *ids = jv_get(jv_get(cases, "ids"), name);
        struct tokenizer *t = open_variant(variant);
        size_t n = jv_length(ids) - 1;

        assert_true(n >= 60);
        for (size_t i = 0; i < n; i++)
            check_ids(name, t, jv_text(jv_at(texts, i)), false, jv_at(ids, i));
        check_ids(name, t, "a b", true, jv_at(ids, n));
        tokenizer_free(t);
    }
    jv_free(recipe);
    jv_free(cases);
}

/* ---- long texts ---- */

static void check_long(const char *file, const char *piece)
{
    struct tokenizer *t = open_file(file);
    struct token_ids ids = { 0 };
    struct buf b = BUF_INIT(1 << 20);
    struct err e;

    while (b.len < 100000)
        buf_puts(&b, piece);
    assert_ok(tokenizer_encode(t, b.text, b.len, false, &ids, &e), &e);
    assert_true(ids.n > 0 && ids.n <= 2 * b.len);
    token_ids_release(&ids);
    buf_release(&b);
    tokenizer_free(t);
}

static void texts_of_100_kb_are_encoded(void **state)
{
    static const char *const files[] = { "llama3.json", "qwen2.json", "gpt2.json", "legacy.json",
                                         "metaspace.json" };
    static const char *const pieces[] = {
        "a",    "no",      " ", "\n", "a b ", "'", "\xcc\x81\xcc\xa3", "\xe6\xbc\xa2",
        "<ima", "<image>", "1"
    };

    (void)state;
    for (size_t f = 0; f < COUNT(files); f++)
        for (size_t p = 0; p < COUNT(pieces); p++)
            check_long(files[f], pieces[p]);
}

static void bad_texts_are_refused(void **state)
{
    struct tokenizer *t = open_file("llama3.json");
    struct token_ids ids = { 0 };
    struct err e;
    char *large = mem_new((4 << 20) + 1, 1, &e);

    (void)state;
    assert_ok(tokenizer_encode(t, "a", 1, false, &ids, &e), &e);
    assert_refused(tokenizer_encode(t, "ab\xff", 3, true, &ids, &e), &e, ERR_FORMAT);
    assert_contains(e.got, "offset 2");
    assert_int_equal(ids.n, 1);
    assert_refused(tokenizer_encode(t, "\xed\xa0\x80", 3, false, &ids, &e), &e, ERR_FORMAT);
    assert_refused(tokenizer_encode(t, large, (4 << 20) + 1, false, &ids, &e), &e, ERR_LIMIT);
    free(large);
    token_ids_release(&ids);
    tokenizer_free(t);
}

/* ---- the vocabulary ---- */

static void tokens_are_found_both_ways(void **state)
{
    struct tokenizer *t = open_file("llama3.json");
    uint32_t id, image;

    (void)state;
    assert_true(tokenizer_id(t, "\xc4\xa0person", &id));
    assert_string_equal(tokenizer_token(t, id), "\xc4\xa0person");
    assert_true(tokenizer_id(t, "<image>", &image));
    assert_string_equal(tokenizer_token(t, image), "<image>");
    assert_true(image < tokenizer_size(t));
    assert_false(tokenizer_id(t, "no such token", &id));
    assert_null(tokenizer_token(t, (uint32_t)tokenizer_size(t)));
    assert_non_null(tokenizer_token(t, (uint32_t)tokenizer_size(t) - 1));
    tokenizer_free(t);
}

static void check_text(const struct tokenizer *t, const char *token, const char *wanted)
{
    uint32_t id;
    char *text;

    if (!tokenizer_id(t, token, &id))
        fail_row(token, "not in the vocabulary");
    text = tokenizer_text(t, id);
    assert_string_equal(text, wanted);
    free(text);
}

static void texts_of_tokens_are_for_people(void **state)
{
    struct tokenizer *bytes = open_file("llama3.json"), *pieces = open_file("legacy.json");
    char *none = tokenizer_text(bytes, UINT32_MAX);

    (void)state;
    assert_string_equal(tokenizer_space(bytes), "\xc4\xa0");
    assert_string_equal(tokenizer_space(pieces), "\xe2\x96\x81");
    assert_string_equal(none, "");
    check_text(bytes, "\xc4\xa0person", " person");
    check_text(bytes, "\xc4\x8a", "\n");
    check_text(bytes, "\xc3\xa3", "\xef\xbf\xbd"); /* the byte 0xe3 alone */
    check_text(bytes, "\xc4\x80", "\xef\xbf\xbd"); /* the byte 0 */
    check_text(bytes, "<image>", "<image>");
    check_text(pieces, "\xe2\x96\x81person", " person");
    check_text(pieces, "<0x0A>", "\n");
    check_text(pieces, "<0xE3>", "\xef\xbf\xbd");
    check_text(pieces, "<pad>", "<pad>");
    free(none);
    tokenizer_free(bytes);
    tokenizer_free(pieces);
}

static void check_control(const struct tokenizer *t, const char *text, const char *wanted)
{
    const char *found;
    struct err e;

    assert_ok(tokenizer_control_in(t, text, strlen(text), &found, &e), &e);
    if (!text_equal(found, wanted))
        fail_row(text, "%s is found", found ? found : "nothing");
}

static void control_tokens_are_found_in_texts(void **state)
{
    struct tokenizer *t = open_file("llama3.json"), *legacy = open_file("legacy.json");

    (void)state;
    check_control(t, "", NULL);
    check_control(t, "Is it a cat?", NULL);
    check_control(t, "<imag <|eot_id", NULL);
    check_control(t, "a <left> b", NULL); /* added, not special */
    check_control(t, "an <image>?", "<image>");
    check_control(t, "x<|eot_id|><image>", "<|eot_id|>");
    check_control(t, "\xff<image>", "<image>");
    check_control(legacy, "what </s>", "</s>");
    tokenizer_free(t);
    tokenizer_free(legacy);
}

/* ---- small files ---- */

#define TOKEN(id, content, more)                                                         \
    "{\"id\":" id ",\"content\":\"" content "\",\"single_word\":false,\"lstrip\":false," \
    "\"rstrip\":false,\"normalized\":" more ",\"special\":true}"
#define MODEL(options) "\"model\":{\"type\":\"BPE\"," options "}"
#define AB             MODEL("\"vocab\":{\"a\":0,\"b\":1,\"ab\":2},\"merges\":[\"a b\"]")

/* Only what NFC makes of a text holds the token. */
static void control_token_is_found_once_it_is_normalised(void **state)
{
    struct tokenizer *t = parse("{\"normalizer\":{\"type\":\"NFC\"},\"added_tokens\":[" TOKEN(
        "3", "<\xc3\xa9>", "true") "]," AB "}");

    (void)state;
    check_control(t, "<\xc3\xa9>", "<\xc3\xa9>");
    check_control(t, "a<e\xcc\x81>", "<\xc3\xa9>");
    check_control(t, "<e>", NULL);
    tokenizer_free(t);
}

/* 4096 times as many, twice: what it becomes cannot be told. */
static void a_text_that_normalising_makes_too_large_is_no_control_token(void **state)
{
    char many[4097] = "", json[10000];
    const char *found;
    struct tokenizer *t;
    struct err e;

    (void)state;
    memset(many, 'a', sizeof(many) - 1);
#define GROW "{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"%s\"}"
    snprintf(json, sizeof(json),
             "{\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[" GROW "," GROW
             "]},\"added_tokens\":[" TOKEN("3", "<x>", "true") "]," AB "}",
             many, many);
    t = parse(json);
    assert_refused(tokenizer_control_in(t, "aaaaaaaa", 8, &found, &e), &e, ERR_LIMIT);
    assert_null(found);
    assert_contains(e.what, "as tokenizer.json says");
    check_control(t, "<x>", "<x>");
    tokenizer_free(t);
}

static void unknown_token_outside_the_vocabulary_is_an_error_where_it_is_needed(void **state)
{
    struct tokenizer *t =
        parse("{" MODEL("\"unk_token\":\"zz\",\"vocab\":{\"a\":0},\"merges\":[]") "}");
    struct token_ids ids = { 0 };
    struct err e;

    (void)state;
    assert_ok(tokenizer_encode(t, "aa", 2, false, &ids, &e), &e);
    assert_int_equal(ids.n, 2);
    assert_refused(tokenizer_encode(t, "ab", 2, false, &ids, &e), &e, ERR_FORMAT);
    assert_string_equal(e.got, "zz");
    token_ids_release(&ids);
    tokenizer_free(t);
}

static void empty_options_are_no_options(void **state)
{
    struct tokenizer *t =
        parse("{\"truncation\":{\"max_length\":1},\"decoder\":{\"type\":\"Any\"},"
              "\"version\":\"1.0\"," MODEL("\"dropout\":0.0,\"continuing_subword_prefix\":\"\","
                                           "\"end_of_word_suffix\":null,\"unk_token\":null,"
                                           "\"vocab\":{\"a\":0,\"b\":1,\"ab\":2},"
                                           "\"merges\":[\"#version: 0.2\",[\"a\",\"b\"]]") "}");
    struct token_ids ids = { 0 };
    struct err e;

    (void)state;
    assert_ok(tokenizer_encode(t, "abxa", 4, true, &ids, &e), &e);
    assert_int_equal(ids.n, 2); /* x is in no token, and is dropped */
    assert_int_equal(ids.ids[0], 2);
    assert_int_equal(ids.ids[1], 0);
    token_ids_release(&ids);
    tokenizer_free(t);
}

/* Nested repeats that backtrack without end are stopped. */
static void split_that_takes_too_long_is_an_error(void **state)
{
    struct tokenizer *t =
        parse("{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(a|a|a)*b(?=c)\"},"
              "\"behavior\":\"Isolated\",\"invert\":false}," AB "}");
    struct token_ids ids = { 0 };
    struct err e;
    char text[200];

    (void)state;
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = 'b';
    assert_refused(tokenizer_encode(t, text, sizeof(text), false, &ids, &e), &e, ERR_LIMIT);
    assert_contains(e.what, "cannot split");
    token_ids_release(&ids);
    tokenizer_free(t);
}

#define NORMALIZER(n) "{\"normalizer\":" n "," AB "}"
#define PRE(p)        "{\"pre_tokenizer\":" p "," AB "}"
#define POST(p)       "{\"post_processor\":" p "," AB "}"
#define ADDED(tokens) "{\"added_tokens\":[" tokens "]," AB "}"
#define REGEX(r)                                                                \
    PRE("{\"type\":\"Split\",\"pattern\":{\"Regex\":\"" r "\"},\"behavior\":\"" \
        "Isolated\",\"invert\":false}")

static const struct {
    const char *text, *where, *got;
} refused[] = {
    { "[]", "t.json", "an array" },
    { "{}", "t.json: model", "nothing" },
    { "{\"version\":\"2.0\"," AB "}", "t.json: version", "\"2.0\"" },
    { "{\"colour\":1," AB "}", "t.json", "colour" },
    { "{\"model\":{\"type\":\"Unigram\",\"vocab\":[]}}", "t.json: model", "Unigram" },
    { "{" MODEL("\"vocab\":{},\"merges\":[],\"dropout\":0.1") "}", "model.dropout", "dropout" },
    { "{" MODEL("\"vocab\":{},\"merges\":[],\"end_of_word_suffix\":\"</w>\"") "}",
      "model.end_of_word_suffix", "end_of_word_suffix" },
    { "{" MODEL("\"vocab\":{},\"merges\":[],\"fuse_unk\":1") "}", "model.fuse_unk", "1" },
    { "{" MODEL("\"vocab\":{},\"merges\":[],\"unk_token\":1") "}", "model.unk_token", "1" },
    { "{" MODEL("\"vocab\":{},\"merges\":[],\"magic\":1") "}", "t.json: model", "magic" },
    { "{" MODEL("\"vocab\":[],\"merges\":[]") "}", "model.vocab", "an array" },
    { "{" MODEL("\"vocab\":{}") "}", "model.merges", "nothing" },
    { "{" MODEL("\"vocab\":{\"a\":\"0\"},\"merges\":[]") "}", "model.vocab[\"a\"]", "\"0\"" },
    { "{" MODEL("\"vocab\":{\"a\":-1},\"merges\":[]") "}", "model.vocab[\"a\"]", "-1" },
    { "{" MODEL("\"vocab\":{\"a\":0.5},\"merges\":[]") "}", "model.vocab[\"a\"]", "a number" },
    { "{" MODEL("\"vocab\":{\"a\":4194304},\"merges\":[]") "}", "model.vocab[\"a\"]", "4194304" },
    { "{" MODEL("\"vocab\":{\"a\":7,\"b\":7},\"merges\":[]") "}", "model.vocab", "7 for a and b" },
    { "{" MODEL("\"vocab\":{\"a\":0},\"merges\":[\"a q\"]") "}", "model.merges[0]", "q" },
    { "{" MODEL("\"vocab\":{\"a\":0},\"merges\":[\"q a\"]") "}", "model.merges[0]", "q" },
    { "{" MODEL("\"vocab\":{\"a\":0},\"merges\":[\"a a\"]") "}", "model.merges[0]", "aa" },
    { "{" MODEL("\"vocab\":{\"a\":0},\"merges\":[\"a\"]") "}", "model.merges[0]", "\"a\"" },
    { "{" MODEL("\"vocab\":{\"a\":0},\"merges\":[\"a a a\"]") "}", "model.merges[0]", "\"a a a\"" },
    { "{" MODEL("\"vocab\":{\"a\":0},\"merges\":[[\"a\"]]") "}", "model.merges[0]", "an array" },
    { "{" MODEL("\"vocab\":{\"a\":0},\"merges\":[[\"a\",1]]") "}", "model.merges[0]", "an array" },
    { "{" MODEL("\"vocab\":{\"a\":0},\"merges\":[1]") "}", "model.merges[0]", "1" },
    { NORMALIZER("{\"type\":\"Lowercase\"}"), "t.json: normalizer", "Lowercase" },
    { NORMALIZER("{}"), "t.json: normalizer", "without a type" },
    { NORMALIZER("1"), "t.json: normalizer", "1" },
    { NORMALIZER("{\"type\":\"NFC\",\"x\":1}"), "t.json: normalizer", "x" },
    { NORMALIZER("{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFKC\"}]}"),
      "t.json: normalizer.normalizers[0]", "NFKC" },
    { NORMALIZER("{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"a\"},\"content\":\"\"}"),
      "normalizer.pattern", "Regex" },
    { NORMALIZER("{\"type\":\"Replace\",\"pattern\":{\"String\":\"\"},\"content\":\"\"}"),
      "normalizer.pattern", "empty" },
    { NORMALIZER("{\"type\":\"Prepend\"}"), "normalizer.prepend", "nothing" },
    { PRE("{\"type\":\"Digits\"}"), "pre_tokenizer.individual_digits", "nothing" },
    { PRE("{\"type\":\"Digits\",\"individual_digits\":1}"), "individual_digits", "1" },
    { PRE("{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Whitespace\"}]}"),
      "pre_tokenizer.pretokenizers[0]", "Whitespace" },
    { PRE("{\"type\":\"Sequence\"}"), "pre_tokenizer.pretokenizers", "nothing" },
    { PRE("{\"type\":\"ByteLevel\",\"add_prefix_space\":1}"), "add_prefix_space", "1" },
    { PRE("{\"type\":\"Metaspace\",\"replacement\":\"__\"}"), "replacement", "\"__\"" },
    { PRE("{\"type\":\"Metaspace\",\"replacement\":\"_\",\"prepend_scheme\":\"last\"}"),
      "prepend_scheme", "\"last\"" },
    { PRE("{\"type\":\"Metaspace\",\"replacement\":\"_\",\"add_prefix_space\":false}"),
      "add_prefix_space", "true or false" },
    { PRE("{\"type\":\"Split\",\"pattern\":{\"String\":\"a\"},\"behavior\":\"Sometimes\","
          "\"invert\":false}"),
      "pre_tokenizer.behavior", "\"Sometimes\"" },
    { PRE("{\"type\":\"Split\",\"pattern\":{},\"behavior\":\"Isolated\",\"invert\":false}"),
      "pre_tokenizer.pattern", "an object" },
    { REGEX("\\\\w+"), "pre_tokenizer.pattern.Regex", "\\w" },
    { REGEX("a\\\\b"), "pre_tokenizer.pattern.Regex", "\\b" },
    { REGEX("^a"), "pre_tokenizer.pattern.Regex", "^" },
    { REGEX("a$"), "pre_tokenizer.pattern.Regex", "$" },
    { REGEX("[a[b]]"), "pre_tokenizer.pattern.Regex", "[b" },
    { REGEX("[a&&b]"), "pre_tokenizer.pattern.Regex", "&&" },
    { REGEX("[]a]"), "pre_tokenizer.pattern.Regex", "[]" },
    { REGEX("[\\\\P{L}]"), "pre_tokenizer.pattern.Regex", "\\P{L}" },
    { REGEX("\\\\p{Greek}"), "pre_tokenizer.pattern.Regex", "\\p{Greek}" },
    { REGEX("\\\\p"), "pre_tokenizer.pattern.Regex", "\\p" },
    { REGEX("a{1,2}+"), "pre_tokenizer.pattern.Regex", "{1,2}+" },
    { REGEX("a{1}?"), "pre_tokenizer.pattern.Regex", "{1}?" },
    { REGEX("a{,2}"), "pre_tokenizer.pattern.Regex", "{,2}" },
    { REGEX("(?i:st)"), "pre_tokenizer.pattern.Regex", "(?i:st" },
    { REGEX("(?<n>a)"), "pre_tokenizer.pattern.Regex", "(?<n>a" },
    { REGEX("(*F)"), "pre_tokenizer.pattern.Regex", "(*F" },
    { REGEX("(a"), "pre_tokenizer.pattern.Regex", "parenthesis" },
    { REGEX("a\\\\"), "pre_tokenizer.pattern.Regex", "\\" },
    { "{\"normalizer\":{\"type\":\"Prepend\",\"prepend\":\"_\"},\"pre_tokenizer\":{\"type\":"
      "\"Metaspace\",\"replacement\":\"_\",\"prepend_scheme\":\"first\"}," AB "}",
      "t.json: pre_tokenizer", "first" },
    { POST("{\"type\":\"BertProcessing\"}"), "t.json: post_processor", "BertProcessing" },
    { POST("{\"type\":\"TemplateProcessing\",\"single\":[]}"), "post_processor.single",
      "without the text" },
    { POST("{\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"B\"}}]}"),
      "post_processor.single[0]", "not the text A" },
    { POST("{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"x\"}}]}"),
      "post_processor.single[0]", "x" },
    { ADDED("1"), "added_tokens[0]", "1" },
    { ADDED("{}"), "added_tokens[0].content", "nothing" },
    { ADDED(TOKEN("3", "", "false")), "added_tokens[0].content", "\"\"" },
    { ADDED(TOKEN("3", "x", "0")), "added_tokens[0].normalized", "0" },
    { ADDED(TOKEN("-3", "x", "false")), "added_tokens[0].id", "-3" },
    { ADDED(TOKEN("9", "x", "false")), "added_tokens[0].id", "9 for x" },
    { ADDED(TOKEN("2", "x", "false")), "added_tokens[0].id", "2 for x" },
    { ADDED(TOKEN("2", "a", "false")), "added_tokens[0].id", "2 for a" },
    { ADDED(TOKEN("3", "x", "false") "," TOKEN("3", "x", "false")), "added_tokens[1]", "x" },
    { "{\"added_tokens\":{}," AB "}", "t.json: added_tokens", "an object" },
};

static void files_that_are_not_understood_are_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct tokenizer *t = NULL;
        struct err e;
        int rc = tokenizer_parse(&t, "t.json", refused[i].text, strlen(refused[i].text), &e);

        if (rc >= 0)
            fail_row(refused[i].text, "accepted");
        assert_null(t);
        if (!strstr(e.where, "t.json") || !strstr(e.where, refused[i].where) ||
            !strstr(e.got, refused[i].got))
            fail_row(refused[i].text, "%s: %s: got %s", e.where, e.what, e.got);
    }
}

static void deep_nesting_is_refused(void **state)
{
    struct tokenizer *t;
    struct err e;
    size_t len = 10 << 20;
    char *text = mem_new(len, 1, &e);

    (void)state;
    memset(text, '[', len);
    assert_refused(tokenizer_parse(&t, "t.json", text, len, &e), &e, ERR_FORMAT);
    assert_contains(e.where, "t.json: line 1");
    assert_contains(e.got, "depth");
    free(text);
}

static void sequences_have_a_greatest_depth(void **state)
{
    struct buf b = BUF_INIT(1 << 20);
    struct tokenizer *t;
    struct err e;

    (void)state;
    buf_puts(&b, "{\"pre_tokenizer\":");
    for (int i = 0; i < 100; i++)
        buf_puts(&b, "{\"type\":\"Sequence\",\"pretokenizers\":[");
    for (int i = 0; i < 100; i++)
        buf_puts(&b, "]}");
    buf_puts(&b, "," AB "}");
    assert_refused(tokenizer_parse(&t, "t.json", b.text, b.len, &e), &e, ERR_FORMAT);
    assert_contains(e.got, "a sequence in a sequence");
    buf_release(&b);
}

/* A hundred times a mebibyte is over the limit. */
static void normaliser_that_blows_a_text_up_is_stopped(void **state)
{
    struct buf b = BUF_INIT(2 << 20);
    struct token_ids ids = { 0 };
    struct tokenizer *t;
    struct err e;
    char text[100];

    (void)state;
    buf_puts(&b, "{\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},"
                 "\"content\":\"");
    for (int i = 0; i < 1 << 20; i++)
        buf_putc(&b, 'b');
    buf_puts(&b, "\"}," AB "}");
    t = parse(b.text);
    memset(text, 'a', sizeof(text));
    assert_refused(tokenizer_encode(t, text, sizeof(text), false, &ids, &e), &e, ERR_LIMIT);
    assert_int_equal(ids.n, 0);
    token_ids_release(&ids);
    tokenizer_free(t);
    buf_release(&b);
}

static void file_is_opened_by_its_path(void **state)
{
    const char *path = scratch_path(state, "tokenizer.json"), text[] = "{" AB "}";
    struct tokenizer *t = NULL;
    struct err e;

    write_file(path, text, strlen(text));
    assert_ok(tokenizer_open(&t, path, &e), &e);
    assert_int_equal(tokenizer_size(t), 3);
    tokenizer_free(t);
    assert_refused(tokenizer_open(&t, scratch_path(state, "none.json"), &e), &e, ERR_IO);
    assert_null(t);
    assert_contains(e.where, "none.json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_strings_have_the_ids_of_the_library),
        cmocka_unit_test(cases_have_the_ids_of_the_library),
        cmocka_unit_test(texts_of_100_kb_are_encoded),
        cmocka_unit_test(bad_texts_are_refused),
        cmocka_unit_test(tokens_are_found_both_ways),
        cmocka_unit_test(texts_of_tokens_are_for_people),
        cmocka_unit_test(control_tokens_are_found_in_texts),
        cmocka_unit_test(control_token_is_found_once_it_is_normalised),
        cmocka_unit_test(a_text_that_normalising_makes_too_large_is_no_control_token),
        cmocka_unit_test(unknown_token_outside_the_vocabulary_is_an_error_where_it_is_needed),
        cmocka_unit_test(empty_options_are_no_options),
        cmocka_unit_test(split_that_takes_too_long_is_an_error),
        cmocka_unit_test(files_that_are_not_understood_are_refused_by_name),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(sequences_have_a_greatest_depth),
        cmocka_unit_test(normaliser_that_blows_a_text_up_is_stopped),
        test_with_scratch(file_is_opened_by_its_path),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("tokenizer", tests, NULL, NULL);
}
