/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "formats/formats.h"

struct meta_import {
    struct project *project;
    struct metadata *file;
    struct metadata_result *out;
    struct store_images images;
    struct matcher *matcher;
    bool strict;
    const char *path;
};

static int keep_names(struct meta_import *im, struct err *e)
{
    const char *const *names;
    struct metadata_result *out = im->out;

    out->n_names = metadata_names(im->file, &names);
    out->names = arena_new(&out->arena, out->n_names, sizeof(*out->names), e);
    for (size_t i = 0; out->names && i < out->n_names; i++) {
        out->names[i] = arena_text(&out->arena, names[i], strlen(names[i]), e);
        if (!out->names[i])
            return ERR_NOMEM;
    }
    return out->names ? 0 : ERR_NOMEM;
}

static int not_matched(struct meta_import *im, const char *key, unsigned long line, struct err *e)
{
    struct metadata_result *out = im->out;

    if (im->strict) {
        err_set(e, ERR_FORMAT, "--strict: no image of this project is called '%s'", key);
        return err_at(e, "%s:%lu", im->path, line);
    }
    if (out->n_unmatched++ >= IMPORT_NAMED)
        return 0;
    out->unmatched[out->n_unmatched - 1] = arena_text(&out->arena, key, strlen(key), e);
    return out->unmatched[out->n_unmatched - 1] ? 0 : ERR_NOMEM;
}

static int take_row(struct meta_import *im, const char *key, const char *const *values,
                    unsigned long line, struct err *e)
{
    size_t image;
    enum match how;
    int rc = matcher_find(im->matcher, key, &image, &how, e);

    im->out->rows++;
    if (rc < 0 || how == MATCH_NONE)
        return rc < 0 ? rc : not_matched(im, key, line, e);
    im->out->n_matched++;
    for (size_t i = 0; rc == 0 && i < im->out->n_names; i++)
        if (*values[i] != '\0')
            rc = store_meta_set(im->project->store, im->images.ids[image], im->out->names[i],
                                values[i], e);
    return rc == 0 ? signals_check(e) : rc;
}

static int take_rows(struct meta_import *im, struct err *e)
{
    const char *key;
    const char *const *values;
    unsigned long line;
    int rc = keep_names(im, e);

    while (rc == 0 && (rc = metadata_next(im->file, &key, &values, &line, e)) == 1)
        rc = take_row(im, key, values, line, e);
    if (rc == 0 && im->out->n_matched == 0) {
        err_set(e, ERR_FORMAT, "none of the %llu rows names an image of this project",
                (unsigned long long)im->out->rows);
        err_hint(e, "import labels or images first");
        rc = err_at(e, "%s", im->path);
    }
    return rc;
}

int import_metadata(struct project *p, const char *path, bool strict, struct metadata_result *out,
                    struct err *e)
{
    struct meta_import im = { .project = p, .out = out, .strict = strict, .path = path };
    struct buf what = BUF_INIT(1 << 16);
    int rc;

    *out = (struct metadata_result){ 0 };
    rc = metadata_open(&im.file, path, e);
    if (rc == 0)
        rc = store_begin(p->store, e);
    if (rc == 0)
        rc = store_images_load(p->store, &im.images, e);
    if (rc == 0)
        rc = matcher_new(&im.matcher, &im.images, e);
    if (rc == 0)
        rc = take_rows(&im, e);
    buf_printf(&what, "import --metadata %s: %llu rows", path, (unsigned long long)out->rows);
    if (rc == 0)
        rc = buf_end(&what, "an event", e);
    if (rc == 0)
        rc = store_event(p->store, what.text, e);
    if (rc == 0)
        rc = store_commit(p->store, e);
    if (rc < 0) {
        store_rollback(p->store);
        metadata_result_release(out);
    }
    buf_release(&what);
    matcher_free(im.matcher);
    store_images_release(&im.images);
    metadata_close(im.file);
    return rc;
}

void metadata_result_release(struct metadata_result *r)
{
    arena_release(&r->arena);
    *r = (struct metadata_result){ 0 };
}
