/* SPDX-License-Identifier: MIT
 *
 * digest.c - what a tokenizer.json says, whoever wrote it.
 *
 * The `tokenizers` library writes merges as "a b" before 0.20 and as ["a", "b"] since, and members
 * of the model that are null, false or empty or not at all (models/bpe/serialization.rs); how long
 * texts are cut or padded, and how ids are read back, is no part of what a text's tokens are.
 */
#include <stdlib.h>
#include <string.h>

#include "tokenizer/tokenizer.h"

static bool says_nothing(const struct json_t *value)
{
    return jv_is_null(value) || jv_is_false(value) || text_equal(jv_text(value), "");
}

static struct json_t *merge_pair(const struct json_t *merge)
{
    const char *text = jv_text(merge), *space = text ? strchr(text, ' ') : NULL;

    return space ? jv_pack("[s%, s]", text, (size_t)(space - text), space + 1)
                 : jv_pack("O", merge);
}

static struct json_t *plain_merges(const struct json_t *merges)
{
    struct json_t *plain = jv_array();

    for (size_t i = 0; plain && i < jv_length(merges); i++)
        if (!jv_append(plain, merge_pair(jv_at(merges, i)))) {
            jv_free(plain);
            return NULL;
        }
    return plain;
}

static struct json_t *plain_model(const struct json_t *model)
{
    struct json_t *plain = jv_pack("{}"), *value;
    void *iterator = NULL;
    const char *key;
    bool ok = plain != NULL;

    while (ok && jv_member(model, &iterator, &key, &value))
        if (strcmp(key, "merges") == 0)
            ok = jv_set(plain, key, plain_merges(value));
        else if (!says_nothing(value))
            ok = jv_set(plain, key, jv_pack("O", value));
    if (ok)
        return plain;
    jv_free(plain);
    return NULL;
}

static struct json_t *plain_tokenizer(const struct json_t *root)
{
    static const char *const parts[] = { "added_tokens", "normalizer", "pre_tokenizer",
                                         "post_processor" };
    struct json_t *plain = jv_pack("{}");
    bool ok = plain && jv_set(plain, "model", plain_model(jv_get(root, "model")));

    for (size_t i = 0; ok && i < sizeof(parts) / sizeof(parts[0]); i++) {
        const struct json_t *part = jv_get(root, parts[i]);

        if (part && !jv_is_null(part))
            ok = jv_set(plain, parts[i], jv_pack("O", part));
    }
    if (ok)
        return plain;
    jv_free(plain);
    return NULL;
}

int tokenizer_digest(const char *path, char hex[SHA256_HEX], struct err *e)
{
    struct json_t *root, *plain;
    char *text;
    int rc = jv_read(&root, path, TOKENIZER_FILE_MAX, e);

    if (rc < 0)
        return rc;
    plain = plain_tokenizer(root);
    text = jv_print_sorted(plain);
    if (text)
        sha256_hex(text, strlen(text), hex);
    else
        rc = err_set(e, ERR_NOMEM, "out of memory: the tokenizer");
    free(text);
    jv_free(plain);
    jv_free(root);
    return rc;
}
