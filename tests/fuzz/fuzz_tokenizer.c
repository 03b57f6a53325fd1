/* SPDX-License-Identifier: MIT
 *
 * Tokenizers: what is before the first 0xff byte is a tokenizer.json, which encodes a fixed text;
 * what is behind it is a text, which a fixed small tokenizer encodes. Every id must be one of the
 * vocabulary's.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tokenizer/tokenizer.h"

/* clang-format off */
static const char small[] =
    "{\"normalizer\":{\"type\":\"NFC\"},"
    "\"added_tokens\":[{\"id\":7,\"content\":\"<s>\",\"single_word\":true,\"lstrip\":true,"
    "\"rstrip\":true,\"normalized\":true,\"special\":true}],"
    "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":true},"
    "\"model\":{\"type\":\"BPE\",\"unk_token\":\"?\",\"fuse_unk\":true,"
    "\"vocab\":{\"a\":0,\"\xc4\xa0\":1,\"?\":2,\"aa\":3,\"\xc4\xa0" "a\":4,\"\xc3\x83\":5,"
    "\"\xc4\xa0\xc4\xa0\":6},"
    "\"merges\":[\"a a\",\"\xc4\xa0 a\",\"\xc4\xa0 \xc4\xa0\"]}}";
/* clang-format on */
static const char text[] = "Is  it a caf\xc3\xa9? don'T <s> \xe2\x96\x81 <image>\r\n 123 "
                           "e\xcc\x81\xf0\x9f\x99\x82 aab abab";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode(const struct tokenizer *t, const char *s, size_t len)
{
    struct token_ids ids = { 0 };
    struct err e;
    const char *control;
    int rc = tokenizer_encode(t, s, len, false, &ids, &e);

    assert(rc == 0 || (rc < 0 && e.what[0] != '\0' && ids.n == 0));
    for (size_t i = 0; i < ids.n; i++)
        assert(tokenizer_token(t, ids.ids[i]));
    if (ids.n > 0)
        free(tokenizer_text(t, ids.ids[0]));
    tokenizer_control_in(t, s, len, &control, &e);
    token_ids_release(&ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tokenizer *fixed; /* the same for all inputs */
    const uint8_t *mark = size > 0 ? memchr(data, 0xff, size) : NULL;
    struct tokenizer *t = NULL;
    struct err e;
    int rc;

    if (!fixed && tokenizer_parse(&fixed, "small.json", small, strlen(small), &e) < 0)
        abort();
    if (mark)
        encode(fixed, (const char *)mark + 1, size - (size_t)(mark + 1 - data));
    rc = tokenizer_parse(&t, "fuzz.json", (const char *)data, mark ? (size_t)(mark - data) : size,
                         &e);
    assert(rc == 0 || (e.what[0] != '\0' && e.where[0] != '\0'));
    if (t)
        encode(t, text, strlen(text));
    tokenizer_free(t);
    return 0;
}
