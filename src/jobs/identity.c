/* SPDX-License-Identifier: MIT */
#include "jobs/identity.h"

#include <stdlib.h>
#include <string.h>

enum {
    MODEL_FILES_MAX = 10000,
    VALUE_SHOWN_MAX = 60,      /* bytes: longer values are only said to differ */
    DIFFERENCES_MAX = 1 << 20, /* bytes of them */
    DIFFERENCES_SAID = 220,    /* bytes that fit the error's text; more become warnings */
};

/* ---- files ---- */

/* Takes path over. */
static int note_file(struct model_identity *i, char *path, struct err *e)
{
    struct store_file file = { .path = path };
    int rc = stamp_take(&file.stamp, path, e);

    if (rc == 0)
        rc = mem_grow(&i->files, &i->cap, i->n_files + 1, sizeof(*i->files), MODEL_FILES_MAX, e);
    if (rc < 0)
        free(path);
    else
        i->files[i->n_files++] = file;
    return rc;
}

/* A way to hash the i-th file, and what the store calls the result: its path with this in front. */
struct hashing {
    const char *kept_as;
    int (*hash)(const struct identity_claim *c, const char *path, size_t i, char hex[SHA256_HEX],
                struct err *e);
};

static int hash_bytes(const struct identity_claim *c, const char *path, size_t i,
                      char hex[SHA256_HEX], struct err *e)
{
    struct reader *r = NULL;
    int rc = reader_open(&r, path, e);

    (void)c;
    (void)i;
    if (rc == 0)
        rc = reader_sha256(r, hex, e);
    reader_close(r);
    return rc;
}

static int hash_content(const struct identity_claim *c, const char *path, size_t i,
                        char hex[SHA256_HEX], struct err *e)
{
    (void)path;
    return labeler_file_digest(c->labeler, i, hex, e);
}

static const struct hashing of_bytes = { "", hash_bytes };
static const struct hashing of_content = { "content:", hash_content };

/* The hash of the i-th file, from the store where it has not changed since it was hashed. */
static int hash_file(const struct identity_claim *c, const struct model_identity *id, size_t i,
                     const struct hashing *how, char hex[SHA256_HEX], struct err *e)
{
    char *full = realpath(id->files[i].path, NULL), *name = NULL;
    struct store_file known = { NULL, id->files[i].stamp };
    int rc = full ? 0 : err_errno(e, "read", id->files[i].path);

    if (rc == 0 && asprintf(&name, "%s%s", how->kept_as, full) < 0)
        rc = err_set(e, ERR_NOMEM, "out of memory: a file's name");
    known.path = name;
    if (rc == 0)
        rc = store_file_hash(c->project->store, &known, hex, e);
    if (rc == 0 && full) {
        rc = how->hash(c, full, i, hex, e);
        if (rc == 0 && c->keep)
            rc = store_file_hash_set(c->project->store, &known, hex, e);
    }
    free(name);
    free(full);
    return rc < 0 ? rc : 0;
}

/* ---- what it is ---- */

/* Of a run's settings: what decides no answer. store_run_sent_to reads it. */
static const char sent_to[] = "sent_to";

static int no_memory(struct err *e)
{
    return err_set(e, ERR_NOMEM, "out of memory: the model's identity");
}

/* A part's files folded into one hash. */
static int add_part(struct json_t *all, const char *part, const char *hex, struct err *e)
{
    char folded[SHA256_HEX];
    const char *before = jv_text(jv_get(all, part));

    snprintf(folded, sizeof(folded), "%s", before ? before : SHA256_ZERO);
    sha256_fold(folded, hex);
    return jv_set(all, part, jv_pack("s", folded)) ? 0 : no_memory(e);
}

static int add_files(const struct identity_claim *c, struct model_identity *out, struct json_t *all,
                     struct err *e)
{
    char hex[SHA256_HEX], *path;
    int rc = 0;

    *e = (struct err){ 0 };
    while (rc == 0 && (path = labeler_file(c->labeler, out->n_files, e)) != NULL) {
        const char *part = labeler_file_part(c->labeler, out->n_files);

        rc = note_file(out, path, e);
        if (rc == 0 && part)
            rc = hash_file(c, out, out->n_files - 1, &of_content, hex, e);
        if (rc == 0 && part)
            rc = add_part(all, part, hex, e);
    }
    return rc < 0 ? rc : (int)e->code;
}

int identity_of(const struct identity_claim *c, struct model_identity *out, struct err *e)
{
    struct json_t *all = labeler_settings(c->labeler);
    int rc;

    *out = (struct model_identity){ 0 };
    rc = all ? add_files(c, out, all, e) : no_memory(e);
    if (rc == 0 && !(out->text = jv_print_line(all)))
        rc = no_memory(e);
    if (rc == 0)
        sha256_hex(out->text, strlen(out->text), out->hash);
    jv_free(all);
    return rc;
}

static int was_changed(const struct store_file *file, const char *how, struct err *e)
{
    err_set(e, ERR_FORMAT, "the model's file was changed while it was answering%s", how);
    return err_at(e, "%s", file->path);
}

int identity_holds(const struct model_identity *i, struct err *e)
{
    for (size_t f = 0; f < i->n_files; f++) {
        const struct store_file *file = &i->files[f];
        struct stamp now;
        int rc = stamp_state(&now, file->path, e);

        if (rc == 0 && strcmp(now.state, file->stamp.state) != 0)
            rc = was_changed(file, "", e);
        if (rc < 0)
            return err_hint(e, "what was answered before is kept; annotate --as NEWNAME goes on "
                               "with a changed model");
    }
    return 0;
}

int identity_bytes_hold(const struct model_identity *i, struct err *e)
{
    for (size_t f = 0; f < i->n_files; f++) {
        const struct store_file *file = &i->files[f];
        struct stamp now;
        int rc = stamp_take(&now, file->path, e);

        if (rc == 0 && strcmp(now.sample, file->stamp.sample) != 0)
            rc = was_changed(file, ", and its times do not say when", e);
        if (rc < 0)
            return rc;
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

/* ---- the form of before ---- */

static int add_bytes(const struct identity_claim *c, const struct model_identity *i,
                     struct json_t *files, struct err *e)
{
    char hex[SHA256_HEX];
    int rc = 0;

    for (size_t f = 0; rc == 0 && f < i->n_files; f++) {
        const char *slash = strrchr(i->files[f].path, '/');

        rc = hash_file(c, i, f, &of_bytes, hex, e);
        if (rc == 0 && !jv_set(files, slash ? slash + 1 : i->files[f].path, jv_pack("s", hex)))
            rc = no_memory(e);
    }
    return rc;
}

/* This model as the form of before had it. */
static int describe_bytes(const struct identity_claim *c, const struct model_identity *i,
                          struct json_t **out, struct err *e)
{
    struct label_model m = labeler_model(c->labeler);
    struct json_t *files = jv_pack("{}");
    int rc = files ? add_bytes(c, i, files, e) : no_memory(e);

    *out = NULL;
    if (rc < 0) {
        jv_free(files);
        return rc;
    }
    *out = jv_pack("{s:s, s:s, s:s, s:o}", "family", m.family, "dtype", m.dtype, "prompt",
                   m.prompt ? m.prompt : "the model's", "files", files);
    return *out ? 0 : no_memory(e);
}

/* ---- another one under the same name ---- */

struct differences {
    struct buf text; /* "a was 1, is 2; b differs" */
    size_t n;
};

/* The value for people, free() it; NULL where it is too long. */
static char *shown(const struct json_t *value)
{
    char *text = !value || jv_is_null(value) ? strdup("none")
                 : jv_text(value)            ? strdup(jv_text(value))
                                             : jv_print_line(value);

    if (text && strlen(text) <= VALUE_SHOWN_MAX)
        return text;
    free(text);
    return NULL;
}

/* section: the object that has the key; NULL: the whole. */
static void note_difference(struct differences *d, const char *section, const char *key,
                            const struct json_t *before, const struct json_t *now)
{
    char *was = shown(before), *is = shown(now);

    buf_printf(&d->text, "%s%s%s%s", d->n++ > 0 ? "; " : "", section ? section : "",
               section ? "." : "", key);
    if (was && is)
        buf_printf(&d->text, " was %s, is %s", was, is);
    else
        buf_puts(&d->text, " changed");
    free(was);
    free(is);
}

static bool same(const struct json_t *a, const struct json_t *b)
{
    char *x = jv_print_sorted(a), *y = jv_print_sorted(b);
    bool equal = text_equal(x, y);

    free(x);
    free(y);
    return equal;
}

static void compare(struct differences *d, const char *section, const struct json_t *before,
                    const struct json_t *now)
{
    struct json_t *value, *other;
    void *iterator = NULL;
    const char *key;

    while (jv_member(before, &iterator, &key, &value)) {
        other = jv_get(now, key);
        if (!section && strcmp(key, sent_to) == 0)
            continue;
        if (jv_is_object(value) && jv_is_object(other))
            compare(d, key, value, other);
        else if (!same(value, other))
            note_difference(d, section, key, value, other);
    }
    iterator = NULL;
    while (jv_member(now, &iterator, &key, &value))
        if (!jv_get(before, key))
            note_difference(d, section, key, NULL, value);
}

/* Both as they are kept, so that numbers have the same digits. */
static int find_differences(const struct identity_claim *c, const char *settings,
                            const struct model_identity *i, struct differences *d, struct err *e)
{
    struct json_t *before = NULL, *now = NULL;
    int rc = 0;

    if (jv_parse(&before, settings, strlen(settings), e) < 0) { /* whatever it was: another one */
        buf_puts(&d->text, "its settings cannot be read");
        d->n++;
    } else if (jv_get(before, "files")) {
        rc = describe_bytes(c, i, &now, e);
    } else {
        rc = jv_parse(&now, i->text, strlen(i->text), e);
    }
    if (rc == 0)
        compare(d, NULL, before, now);
    jv_free(before);
    jv_free(now);
    return rc < 0 ? rc : buf_end(&d->text, "what differs in the model", e);
}

static int another_model(const struct identity_claim *c, const struct differences *d, struct err *e)
{
    const char *at = d->text.text;

    err_set(e, ERR_FORMAT, "the model of '%s' is not the one that answered before", c->name);
    if (d->text.len <= DIFFERENCES_SAID) {
        err_set(e, ERR_FORMAT, "the model of '%s' is not the one that answered before: %s", c->name,
                at);
    } else {
        events_say(c->events, EVENT_WARNING, "what differs in the model of '%s': %s", c->name, at);
        err_got(e, "%zu differences", d->n);
    }
    return err_hint(e,
                    "two models' labels under one name could not be told apart: assent annotate "
                    "--annotator %s --as NEWNAME goes on under a new annotator's name, with the "
                    "same entry of assent.yaml",
                    c->entry);
}

char *identity_run_settings(const struct model_identity *i, const struct label_model *m)
{
    struct json_t *all = NULL, *urls;
    struct err ignored;
    char *text = NULL;

    if (m->n_outside == 0)
        return strdup(i->text);
    if (jv_parse(&all, i->text, strlen(i->text), &ignored) < 0)
        return NULL;
    urls = jv_array();
    for (size_t u = 0; u < m->n_outside; u++)
        jv_append(urls, jv_pack("s", m->outside[u]));
    if (jv_length(urls) == m->n_outside && jv_set(all, sent_to, urls))
        text = jv_print_line(all);
    jv_free(all);
    return text;
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

int identity_check(const struct identity_claim *c, const struct model_identity *i, struct err *e)
{
    struct differences d = { .text = BUF_INIT(DIFFERENCES_MAX) };
    char *identity, *settings;
    int rc = store_identity(c->project->store, c->annotator, &identity, &settings, e);

    if (rc == 0 && identity && strcmp(identity, i->hash) != 0) {
        rc = find_differences(c, settings, i, &d, e);
        if (rc == 0 && d.n > 0)
            rc = another_model(c, &d, e);
    }
    buf_release(&d.text);
    free(identity);
    free(settings);
    return rc;
}
