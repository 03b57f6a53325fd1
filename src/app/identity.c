/* SPDX-License-Identifier: MIT
 *
 * identity.c - what a model is: the hash of all that decides its answers. Another model under the
 * same annotator's name would mix two annotators' labels, and is refused.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/annotate.h"

/* The hash of a file, from the store where it has not changed since it was hashed. */
static int hash_file(struct project *p, const char *path, char hex[SHA256_HEX], struct err *e)
{
    char *full = realpath(path, NULL);
    struct reader *r = NULL;
    struct stat st;
    int64_t modified;
    int rc;

    if (!full || stat(full, &st) != 0) {
        free(full);
        return err_errno(e, "read", path);
    }
    modified = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    rc = store_file_hash(p->store, full, st.st_size, modified, hex, e);
    if (rc == 0) {
        rc = reader_open(&r, full, e);
        if (rc == 0)
            rc = reader_sha256(r, hex, e);
        reader_close(r);
        if (rc == 0)
            rc = store_file_hash_set(p->store, full, st.st_size, modified, hex, e);
    }
    free(full);
    return rc < 0 ? rc : 0;
}

static int hash_files(struct project *p, const struct labeler *l, struct json_t *files,
                      struct err *e)
{
    char hex[SHA256_HEX], *path;
    size_t i = 0;
    int rc = 0;

    while (rc == 0 && (path = labeler_file(l, i++, e)) != NULL) {
        const char *slash = strrchr(path, '/');

        rc = hash_file(p, path, hex, e);
        if (rc == 0 && !jv_set(files, slash ? slash + 1 : path, jv_pack("s", hex)))
            rc = err_set(e, ERR_NOMEM, "out of memory: the model's identity");
        free(path);
    }
    return rc;
}

/* What decides the answers, as JSON. */
static struct json_t *describe(const struct labeler *l, struct json_t *files)
{
    struct label_model m = labeler_model(l);

    return jv_pack("{s:s, s:s, s:s, s:o}", "family", m.family, "dtype", m.dtype, "prompt",
                   m.prompt ? m.prompt : "the model's", "files", files);
}

int model_identify(struct project *p, const struct labeler *l, struct model_identity *out,
                   struct err *e)
{
    struct json_t *files = jv_pack("{}"), *all;
    int rc = files ? hash_files(p, l, files, e)
                   : err_set(e, ERR_NOMEM, "out of memory: the model's identity");

    *out = (struct model_identity){ 0 };
    all = rc == 0 ? describe(l, files) : NULL;
    if (rc < 0)
        jv_free(files);
    else if (!(out->text = jv_print_line(all)))
        rc = err_set(e, ERR_NOMEM, "out of memory: the model's identity");
    if (rc == 0)
        sha256_hex(out->text, strlen(out->text), out->hash);
    jv_free(all);
    return rc;
}

void model_identity_release(struct model_identity *i)
{
    free(i->text);
    *i = (struct model_identity){ 0 };
}

/* ---- another one under the same name ---- */

/* The first member of two objects that differs, looked for in `files` too. */
static const char *first_difference(const struct json_t *a, const struct json_t *b)
{
    struct json_t *value;
    void *iterator = NULL;
    const char *key;

    while (jv_member(a, &iterator, &key, &value)) {
        const struct json_t *other = jv_get(b, key);

        if (jv_is_object(value)) {
            const char *inner = first_difference(value, other);

            if (inner)
                return inner;
        } else if (!text_equal(jv_text(value), jv_text(other))) {
            return key;
        }
    }
    return NULL;
}

static int another_model(const char *annotator, const char *before, const char *now, struct err *e)
{
    struct json_t *a = NULL, *b = NULL;
    const char *key;
    struct err ignored;

    err_set(e, ERR_FORMAT, "the model of '%s' is not the one that answered before", annotator);
    if (jv_parse(&a, before, strlen(before), &ignored) == 0 &&
        jv_parse(&b, now, strlen(now), &ignored) == 0) {
        key = first_difference(a, b);
        key = key ? key : first_difference(b, a);
        if (key)
            err_got(e, "another %s", key);
    }
    err_hint(e, "two models' labels under one name could not be told apart: give this one another "
                "annotator's name in assent.yaml");
    jv_free(a);
    jv_free(b);
    return e->code;
}

int model_identity_check(struct project *p, int64_t annotator, const char *name,
                         const struct model_identity *i, struct err *e)
{
    char *identity, *settings;
    int rc = store_identity(p->store, annotator, &identity, &settings, e);

    if (rc == 0 && identity && strcmp(identity, i->hash) != 0)
        rc = another_model(name, settings, i->text, e);
    free(identity);
    free(settings);
    return rc;
}
