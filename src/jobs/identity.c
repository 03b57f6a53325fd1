/* SPDX-License-Identifier: MIT */
#include "jobs/identity.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MODEL_FILES_MAX = 10000 };

/* Sizes and times of f->path, as they are now. */
static int look_at(struct store_file *f, struct err *e)
{
    struct stat st;

    if (stat(f->path, &st) != 0)
        return err_errno(e, "read", f->path);
    f->size = st.st_size;
    f->modified = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    return 0;
}

/* Takes path over. */
static int note_file(struct model_identity *i, char *path, struct err *e)
{
    struct store_file file = { .path = path };
    int rc = look_at(&file, e);

    if (rc == 0)
        rc = mem_grow(&i->files, &i->cap, i->n_files + 1, sizeof(*i->files), MODEL_FILES_MAX, e);
    if (rc < 0)
        free(path);
    else
        i->files[i->n_files++] = file;
    return rc;
}

/* The hash of a file, from the store where it has not changed since it was hashed. */
static int hash_file(struct project *p, const struct store_file *file, bool keep,
                     char hex[SHA256_HEX], struct err *e)
{
    char *full = realpath(file->path, NULL);
    struct store_file known = { full, file->size, file->modified };
    struct reader *r = NULL;
    int rc;

    if (!full)
        return err_errno(e, "read", file->path);
    rc = store_file_hash(p->store, &known, hex, e);
    if (rc == 0) {
        rc = reader_open(&r, full, e);
        if (rc == 0)
            rc = reader_sha256(r, hex, e);
        reader_close(r);
        if (rc == 0 && keep)
            rc = store_file_hash_set(p->store, &known, hex, e);
    }
    free(full);
    return rc < 0 ? rc : 0;
}

static int hash_files(struct project *p, const struct labeler *l, bool keep,
                      struct model_identity *out, struct json_t *files, struct err *e)
{
    char hex[SHA256_HEX], *path;
    int rc = 0;

    *e = (struct err){ 0 };
    while (rc == 0 && (path = labeler_file(l, out->n_files, e)) != NULL) {
        const char *slash;

        rc = note_file(out, path, e);
        if (rc < 0)
            break;
        slash = strrchr(path, '/');
        rc = hash_file(p, &out->files[out->n_files - 1], keep, hex, e);
        if (rc == 0 && !jv_set(files, slash ? slash + 1 : path, jv_pack("s", hex)))
            rc = err_set(e, ERR_NOMEM, "out of memory: the model's identity");
    }
    return rc < 0 ? rc : (int)e->code;
}

/* What decides the answers, as JSON. */
static struct json_t *describe(const struct labeler *l, struct json_t *files)
{
    struct label_model m = labeler_model(l);

    return jv_pack("{s:s, s:s, s:s, s:o}", "family", m.family, "dtype", m.dtype, "prompt",
                   m.prompt ? m.prompt : "the model's", "files", files);
}

int identity_of(struct project *p, const struct labeler *l, bool keep, struct model_identity *out,
                struct err *e)
{
    struct json_t *files = jv_pack("{}"), *all;
    int rc;

    *out = (struct model_identity){ 0 };
    rc = files ? hash_files(p, l, keep, out, files, e)
               : err_set(e, ERR_NOMEM, "out of memory: the model's identity");
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

int identity_holds(const struct model_identity *i, struct err *e)
{
    for (size_t f = 0; f < i->n_files; f++) {
        struct store_file now = { .path = i->files[f].path };
        int rc = look_at(&now, e);

        if (rc == 0 && now.size == i->files[f].size && now.modified == i->files[f].modified)
            continue;
        if (rc == 0)
            err_set(e, ERR_FORMAT, "the model's file was changed while it was answering");
        err_hint(e, "what was answered before is kept; a changed model needs another annotator's "
                    "name");
        return err_at(e, "%s", i->files[f].path);
    }
    return 0;
}

void identity_release(struct model_identity *i)
{
    for (size_t f = 0; f < i->n_files; f++)
        free((char *)(uintptr_t)i->files[f].path);
    free(i->files);
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

int identity_is_known(const struct project *p, int64_t annotator, struct err *e)
{
    char *identity, *settings;
    int rc = store_identity(p->store, annotator, &identity, &settings, e);

    if (rc == 0)
        rc = identity != NULL;
    free(identity);
    free(settings);
    return rc;
}

int identity_check(const struct project *p, int64_t annotator, const char *name,
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
