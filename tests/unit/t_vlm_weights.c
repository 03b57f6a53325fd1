/* SPDX-License-Identifier: MIT */
/*
 * vlm/weights.c: safetensors files and their index, and every way in which they can be wrong.
 */
#include "t_vlm_support.h"

#include "vlm/model.h"
#include "vlm/ops/numbers.h"
#include "vlm/vlm.h"
#include "vlm/weights.h"

/* ---- safetensors ---- */

/* A file of this header and n bytes of data; free() it. */
static unsigned char *make_file(const char *header, size_t n, size_t *len)
{
    size_t size = strlen(header);
    unsigned char *file = calloc(8 + size + n, 1);

    assert_non_null(file);
    for (size_t i = 0; i < 8; i++)
        file[i] = (unsigned char)(size >> 8 * i);
    memcpy(file + 8, header, size);
    *len = 8 + size + n;
    return file;
}

static int read_file(struct weights **out, const char *header, size_t n, struct err *e)
{
    size_t len;
    unsigned char *file = make_file(header, n, &len);
    int rc;

    assert_ok(weights_new(out, e), e);
    rc = weights_read_file(*out, "w.safetensors", file, len, e);
    free(file); /* only names and addresses are kept */
    return rc;
}

#define F32(name, shape, begin, end) \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" #begin "," #end "]}"

static void good_files_are_read(void **state)
{
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"pt\"},"
        "\"b\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[24,30]}," F32(
            "a", "[2,3]", 0,
            24) ",\"scalar\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[30,32]},"
                "\"none\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[30,30]},"
                "\"x.rotary_emb.inv_freq\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[32,"
                "40]}}   ";
    struct weights *w;
    const struct weight *t;
    char shape[160];
    struct err e;

    (void)state;
    assert_ok(read_file(&w, header, 40, &e), &e);
    assert_int_equal(weights_count(w), 4);
    assert_int_equal(weights_bytes(w), 32);
    t = weights_find(w, "a");
    assert_true(t && t->dtype == DTYPE_F32 && t->n == 6);
    assert_string_equal(weights_shape_text(t->rank, t->shape, shape), "[2, 3]");
    assert_string_equal(t->file, "w.safetensors");
    t = weights_find(w, "b");
    assert_true(t && t->dtype == DTYPE_BF16 && t->n == 3);
    assert_true((const char *)t->data - (const char *)weights_find(w, "a")->data == 24);
    t = weights_find(w, "scalar");
    assert_true(t && t->rank == 0 && t->n == 1);
    t = weights_find(w, "none");
    assert_true(t && t->n == 0);
    assert_null(weights_find(w, "x.rotary_emb.inv_freq"));
    weights_close(w);
}

/* Headers, bytes of data behind them, and what the message says. */
static const struct {
    const char *row, *header;
    size_t n;
    const char *parts[3];
} malformed[] = {
    { "no brace", "[1]", 0, { "does not begin with {", "w.safetensors" } },
    { "empty", "", 8, { "does not begin with {" } },
    { "space first", " {}", 0, { "does not begin with {" } },
    { "no JSON", "{\"a\":", 0, { "w.safetensors: line" } },
    { "text behind", "{} x", 0, { "w.safetensors: line" } },
    { "key twice",
      "{" F32("a", "[1]", 0, 4) "," F32("a", "[1]", 4, 8) "}",
      8,
      { "duplicate", "w.safetensors: line" } },
    { "no UTF-8", "{\"\xff\":1}", 0, { "w.safetensors: line" } },
    { "metadata", "{\"__metadata__\":7}", 0, { "__metadata__ is no object" } },
    { "metadata number", "{\"__metadata__\":{\"a\":7}}", 0, { "more than texts" } },
    { "no object", "{\"a\":7}", 0, { "description is no object", "tensor a" } },
    { "no dtype",
      "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}",
      4,
      { "number format", "no dtype", "F32, F16 or BF16" } },
    { "quantised",
      "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[1],\"data_offsets\":[0,1]}}",
      1,
      { "F8_E4M3", "quantised" } },
    { "F64", "{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8, { "F64" } },
    { "no shape",
      "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}",
      4,
      { "shape is no list", "tensor a" } },
    { "negative side", "{" F32("a", "[-1]", 0, 4) "}", 4, { "shape is no list of whole" } },
    { "real side", "{" F32("a", "[1.0]", 0, 4) "}", 4, { "shape is no list of whole" } },
    { "rank 9", "{" F32("a", "[1,1,1,1,1,1,1,1,1]", 0, 4) "}", 4, { "at most 8 sizes" } },
    { "product overflows",
      "{" F32("a", "[4294967296,4294967296]", 0, 4) "}",
      4,
      { "larger than any memory", "tensor a" } },
    { "bytes overflow",
      "{" F32("a", "[4611686018427387905]", 0, 4) "}",
      4,
      { "another size than its shape" } },
    { "overflow times 0",
      "{" F32("a", "[4294967296,4294967296,0]", 0, 0) "}",
      0,
      { "larger than any memory" } },
    { "side over 2^63",
      "{" F32("a", "[9223372036854775808]", 0, 4) "}",
      4,
      { "w.safetensors: line" } },
    { "size wrong",
      "{" F32("a", "[2]", 0, 4) "}",
      4,
      { "another size than its shape", "4 bytes", "2 elements of f32" } },
    { "offsets missing", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, { "data_offsets" } },
    { "one offset",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4]}}",
      4,
      { "data_offsets" } },
    { "backwards", "{" F32("a", "[1]", 4, 0) "}", 4, { "data_offsets" } },
    { "negative offset", "{" F32("a", "[1]", -4, 0) "}", 4, { "data_offsets" } },
    { "behind the end",
      "{" F32("a", "[2]", 0, 8) "}",
      4,
      { "cut off", "4 bytes of data", "at least 8" } },
    { "hole first", "{" F32("a", "[1]", 4, 8) "}", 8, { "a hole", "begin 4", "tensor a" } },
    { "hole",
      "{" F32("a", "[1]", 0, 4) "," F32("b", "[1]", 8, 12) "}",
      12,
      { "a hole", "tensor b" } },
    { "overlap",
      "{" F32("a", "[2]", 0, 8) "," F32("b", "[1]", 4, 8) "}",
      8,
      { "overlaps", "tensor b" } },
    { "rest", "{" F32("a", "[1]", 0, 4) "}", 8, { "no tensor owns", "8 bytes" } },
    { "rest of nothing", "{}", 1, { "no tensor owns" } },
    { "names that become one",
      "{" F32("lm_head.weight", "[1]", 0, 4) "," F32("language_model.lm_head.weight", "[1]", 4,
                                                     8) "}",
      8,
      { "twice", "language_model.lm_head.weight" } },
    { "derived, no place",
      "{\"a.position_ids\":{\"dtype\":\"I64\",\"shape\":[1]}}",
      8,
      { "data_offsets", "a.position_ids" } },
};

static void malformed_files_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(malformed); i++) {
        struct weights *w;
        struct err e = { 0 };
        int rc = read_file(&w, malformed[i].header, malformed[i].n, &e);

        assert_says_at(malformed[i].row, rc, &e, ERR_FORMAT, malformed[i].parts,
                       COUNT(malformed[i].parts), __FILE__, __LINE__);
        weights_close(w);
    }
}

static void header_lengths_are_checked(void **state)
{
    static const struct {
        const char *row, *part;
        unsigned char bytes[9];
        size_t len;
    } files[] = {
        { "nothing", "too short", "", 0 },
        { "seven bytes", "too short", "\x02\0\0\0\0\0\0", 7 },
        { "one byte too long", "cut off", "\x02\0\0\0\0\0\0\0", 9 },
        { "2^63", "too large", "\0\0\0\0\0\0\0\x80", 9 },
        { "2^64 - 1", "too large", "\xff\xff\xff\xff\xff\xff\xff\xff", 9 },
        { "over 100 000 000", "too large", "\x01\xe1\xf5\x05\0\0\0\0", 9 },
        { "100 000 000", "cut off", "\0\xe1\xf5\x05\0\0\0\0", 9 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        struct weights *w;
        struct err e = { 0 };
        int rc;

        assert_ok(weights_new(&w, &e), &e);
        rc = weights_read_file(w, "w.safetensors", files[i].bytes, files[i].len, &e);
        assert_says(files[i].row, rc, &e, ERR_FORMAT, files[i].part, "w.safetensors");
        weights_close(w);
    }
}

static void names_of_all_ages_become_one(void **state)
{
    static const struct {
        const char *stored, *name;
    } names[] = {
        { "language_model.model.layers.0.mlp.up_proj.weight",
          "language_model.layers.0.mlp.up_proj.weight" },
        { "model.language_model.layers.0.mlp.up_proj.weight",
          "language_model.layers.0.mlp.up_proj.weight" },
        { "language_model.lm_head.weight", "lm_head.weight" },
        { "lm_head.weight", "lm_head.weight" },
        { "vision_tower.vision_model.pre_layrnorm.bias", "vision_tower.pre_layrnorm.bias" },
        { "model.vision_tower.vision_model.pre_layrnorm.bias", "vision_tower.pre_layrnorm.bias" },
        { "model.vision_tower.pre_layrnorm.bias", "vision_tower.pre_layrnorm.bias" },
        { "model.multi_modal_projector.linear_1.bias", "multi_modal_projector.linear_1.bias" },
        { "model.image_newline", "image_newline" },
        { "image_newline", "image_newline" },
        { "model.norm.weight", "language_model.norm.weight" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        char header[256];
        struct weights *w;
        struct err e;

        snprintf(header, sizeof(header),
                 "{\"%s\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
                 names[i].stored);
        assert_ok(read_file(&w, header, 4, &e), &e);
        if (!weights_find(w, names[i].name))
            fail_row(names[i].stored, "became %s", weights_at(w, 0)->name);
        weights_close(w);
    }
}

/* ---- shards ---- */

static void write_shard(void **state, const char *name, const char *header, size_t n)
{
    size_t len;
    unsigned char *file = make_file(header, n, &len);

    write_file(scratch_path(state, name), file, len);
    free(file);
}

static int open_folder(void **state, const char *index, struct err *e)
{
    struct weights *w = NULL;
    int rc;

    if (index)
        write_file(scratch_path(state, "model.safetensors.index.json"), index, strlen(index));
    rc = weights_open(&w, ((struct scratch *)*state)->folder, NULL, e);
    assert_true((rc == 0) == (w != NULL));
    weights_close(w);
    return rc;
}

#define INDEX(map) "{\"metadata\":{\"total_size\":8},\"weight_map\":" map "}"

/* Indexes beside the shards that indexes_are_checked writes. */
static const struct {
    const char *row, *index;
    enum err_code code;
    const char *parts[3];
} index_files[] = {
    { "good", INDEX("{\"a\":\"1.safetensors\",\"b\":\"2.safetensors\"}"), 0, { NULL } },
    { "missing shard",
      INDEX("{\"a\":\"1.safetensors\",\"b\":\"3.safetensors\"}"),
      ERR_IO,
      { "3.safetensors", "download complete" } },
    { "other shard",
      INDEX("{\"a\":\"2.safetensors\",\"b\":\"1.safetensors\"}"),
      ERR_FORMAT,
      { "not in the shard that the index names", "weight_map: a" } },
    { "no such tensor",
      INDEX("{\"a\":\"1.safetensors\",\"c\":\"2.safetensors\"}"),
      ERR_FORMAT,
      { "no such tensor", "weight_map: c" } },
    { "out of the folder",
      INDEX("{\"a\":\"../1.safetensors\"}"),
      ERR_FORMAT,
      { "no file name", "weight_map: a" } },
    { "absolute", INDEX("{\"a\":\"/etc/passwd\"}"), ERR_FORMAT, { "no file name" } },
    { "the parent", INDEX("{\"a\":\"..\"}"), ERR_FORMAT, { "no file name" } },
    { "no text", INDEX("{\"a\":1}"), ERR_FORMAT, { "no file name" } },
    { "no map", "{}", ERR_FORMAT, { "no weight_map", "index.json" } },
    { "empty map", INDEX("{}"), ERR_FORMAT, { "no weight_map" } },
    { "no JSON", "{", ERR_FORMAT, { "index.json" } },
    { "cut off",
      INDEX("{\"a\":\"cut.safetensors\"}"),
      ERR_FORMAT,
      { "cut off", "cut.safetensors", "tensor a" } },
    { "empty file", INDEX("{\"a\":\"empty.safetensors\"}"), ERR_FORMAT, { "empty.safetensors" } },
    { "the same in two",
      INDEX("{\"a\":\"1.safetensors\",\"b\":\"copy.safetensors\"}"),
      ERR_FORMAT,
      { "twice", "1.safetensors" } },
};

static void indexes_are_checked(void **state)
{
    write_shard(state, "1.safetensors", "{" F32("a", "[1]", 0, 4) "}", 4);
    write_shard(state, "2.safetensors", "{" F32("b", "[1]", 0, 4) "}", 4);
    write_shard(state, "copy.safetensors", "{" F32("b", "[1]", 0, 4) "," F32("a", "[1]", 4, 8) "}",
                8);
    write_shard(state, "cut.safetensors", "{" F32("a", "[1]", 0, 4) "}", 3);
    write_file(scratch_path(state, "empty.safetensors"), "", 0);
    for (size_t i = 0; i < COUNT(index_files); i++) {
        struct err e = { 0 };
        int rc = open_folder(state, index_files[i].index, &e);

        if (index_files[i].code == 0)
            assert_ok(rc, &e);
        else
            assert_says_at(index_files[i].row, rc, &e, index_files[i].code, index_files[i].parts,
                           COUNT(index_files[i].parts), __FILE__, __LINE__);
    }
}

static void folders_without_weights_are_refused(void **state)
{
    struct err e = { 0 };

    assert_says("empty", open_folder(state, NULL, &e), &e, ERR_IO, "no weights",
                "model.safetensors", "GGUF");
}

/* ---- half-precision numbers ---- */

static void halves_widen_exactly(void **state)
{
    static const struct {
        uint16_t half;
        float f16, bf16;
    } numbers[] = {
        { 0x0000, 0.0f, 0.0f },
        { 0x0001, 0x1p-24f, 0x1p-133f },
        { 0x03ff, 0x1.ff8p-15f, 0x1.fep-120f },
        { 0x3c00, 1.0f, 0x1p-7f },
        { 0xbe00, -1.5f, -0x1p-3f },
        { 0x7bff, 65504.0f, 0x1.fep+120f },
        { 0x7c00, INFINITY, 0x1p+121f },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        assert_true(number_from_f16(numbers[i].half) == numbers[i].f16);
        assert_true(number_from_bf16(numbers[i].half) == numbers[i].bf16);
    }
    assert_true(isnan(number_from_f16(0x7e00)) && isnan(number_from_f16(0xfc01)));
    assert_true(isnan(number_from_bf16(0x7fc0)) && isinf(number_from_bf16(0xff80)));
    assert_true(number_bits(number_from_f16(0x8000)) == 0x80000000);
}

static void bf16_rounds_to_nearest_even(void **state)
{
    (void)state;
    assert_int_equal(number_to_bf16(1.0f), 0x3f80);
    assert_int_equal(number_to_bf16(1.0f + 0x1p-8f), 0x3f80);            /* a tie, to even */
    assert_int_equal(number_to_bf16(1.0f + 0x3p-8f), 0x3f82);            /* a tie, to even */
    assert_int_equal(number_to_bf16(1.0f + 0x1p-8f + 0x1p-20f), 0x3f81); /* just above */
    assert_int_equal(number_to_bf16(-0x1.fffffep127f), 0xff80);
    assert_int_equal(number_to_bf16(INFINITY), 0x7f80);
    assert_true(isnan(number_from_bf16(number_to_bf16(number_of_bits(0x7f800001)))));
    for (uint32_t half = 0; half < 0x7f80; half++) /* what fits stays */
        assert_int_equal(number_to_bf16(number_from_bf16((uint16_t)half)), half);
}

/* ---- both together ---- */

/* A fixture's file, changed by one text, beside its other files linked into the test's folder. */
static void copy_changed(void **state, const char *model, const char *name, const char *from,
                         const char *to)
{
    static const char *const files[] = { "config.json", "processor_config.json",
                                         "model.safetensors" };

    for (size_t i = 0; i < COUNT(files); i++) {
        char *folder = data_path("vlm", model), *path, *text, *changed = NULL;
        size_t len;
        struct err e;

        path = file_join(folder, files[i], &e);
        assert_ok(file_read(path, 4 << 20, &text, &len, &e), &e);
        if (strcmp(files[i], name) == 0)
            changed = replaced(text, from, to);
        write_file(scratch_path(state, files[i]), changed ? changed : text,
                   changed ? strlen(changed) : len);
        free(changed);
        free(text);
        free(path);
        free(folder);
    }
}

static void weights_must_fit_the_configuration(void **state)
{
    static const struct {
        const char *from, *to, *parts[3];
    } changes[] = {
        { "\"num_key_value_heads\": 2",
          "\"num_key_value_heads\": 4",
          { "does not fit config.json", "language_model.layers.0.self_attn.k_proj.weight",
            "[48, 48]" } },
        { "\"num_hidden_layers\": 3,\n    \"num_key",
          "\"num_hidden_layers\": 4,\n    \"num_key",
          { "missing", "language_model.layers.3.input_layernorm.weight", "[48]" } },
        { "\"num_hidden_layers\": 3,\n    \"num_key",
          "\"num_hidden_layers\": 2,\n    \"num_key",
          { "no place in the model", "layers.2.", "tensors do not fit" } },
        { "\"attention_bias\": false",
          "\"attention_bias\": true",
          { "missing", "self_attn.q_proj.bias" } },
    };

    struct vlm_options options = { 0 };
    struct ops *ops;
    struct err error;

    assert_ok(ops_new(&ops, OPS_REF, PRECISION_F32, &error), &error);
    for (size_t i = 0; i < COUNT(changes); i++) {
        struct model *m;
        struct err e = { 0 };
        int rc;

        copy_changed(state, "llama-gqa", "config.json", changes[i].from, changes[i].to);
        rc = model_open(&m, ((struct scratch *)*state)->folder, ops, &options, &e);
        assert_says_at(changes[i].to, rc, &e, ERR_FORMAT, changes[i].parts, COUNT(changes[i].parts),
                       __FILE__, __LINE__);
        assert_null(m);
    }
    free(ops);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_files_are_read),
        cmocka_unit_test(malformed_files_are_refused),
        cmocka_unit_test(header_lengths_are_checked),
        cmocka_unit_test(names_of_all_ages_become_one),
        test_with_scratch(indexes_are_checked),
        test_with_scratch(folders_without_weights_are_refused),
        cmocka_unit_test(halves_widen_exactly),
        cmocka_unit_test(bf16_rounds_to_nearest_even),
        test_with_scratch(weights_must_fit_the_configuration),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("vlm weights", tests, NULL, NULL);
}
