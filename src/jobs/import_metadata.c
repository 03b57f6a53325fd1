/* SPDX-License-Identifier: MIT */
#include "jobs/import_metadata.h"

#include <stdlib.h>
#include <string.h>

#include "formats/formats.h"
#include "jobs/import_names.h"
#include "project/catalogue.h"

struct meta_import {
    struct project *project;
    struct metadata *file;
    struct metadata_result *out;
    struct store_images images;
    struct matcher *matcher;
    const struct metadata_options *options;
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

    if (im->options->strict) {
        err_set(e, ERR_FORMAT, "--strict: no image of this project is called '%s'", key);
        return err_at(e, "%s:%lu", im->options->path, line);
    }
    if (out->n_unmatched++ >= METADATA_NAMED)
        return 0;
    out->unmatched[out->n_unmatched - 1] = arena_text(&out->arena, key, strlen(key), e);
    return out->unmatched[out->n_unmatched - 1] ? 0 : ERR_NOMEM;
}

static int take_row(struct meta_import *im, const char *key, const char *const *values,
                    unsigned long line, struct err *e)
{
    size_t image;
    enum match how;
    int rc = matcher_take(im->matcher, key, &image, &how, e);

    im->out->rows++;
    if (rc < 0)
        return err_at(e, "%s:%lu", im->options->path, line);
    if (how == MATCH_NONE)
        return not_matched(im, key, line, e);
    im->out->n_aside += how == MATCH_ASIDE;
    if (how == MATCH_ASIDE)
        return 0;
    im->out->n_matched++;
    for (size_t i = 0; rc == 0 && i < im->out->n_names; i++)
        if (*values[i] != '\0')
            rc = store_meta_set(im->project->store, im->images.ids[image], im->out->names[i],
                                values[i], e);
    return rc == 0 ? events_check(im->options->events, e) : rc;
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
        rc = err_at(e, "%s", im->options->path);
    }
    return rc;
}

static int note_event(const struct meta_import *im, struct err *e)
{
    struct buf what = BUF_INIT(1 << 16);
    int rc;

    buf_printf(&what, "import --metadata %s: %llu rows", im->options->path,
               (unsigned long long)im->out->rows);
    rc = buf_end(&what, "an event", e);
    if (rc == 0)
        rc = store_event(im->project->store, what.text, e);
    buf_release(&what);
    return rc;
}

static int import_file(struct meta_import *im, struct err *e)
{
    const struct import_names said = { .image_column = im->options->image_column };
    struct label_names names;
    int rc = store_images_load(im->project->store, &im->images, e);

    if (rc == 0)
        rc = matcher_new(&im->matcher, &im->images, e);
    if (rc == 0)
        rc = matcher_beside(im->matcher, im->project, im->options->path, e);
    if (rc == 0)
        rc = import_names_read(&said, im->matcher, &names, &im->out->arena, e);
    if (rc == 0)
        rc = metadata_open(&im->file, im->options->path, &names, e);
    if (rc == 0)
        rc = take_rows(im, e);
    return rc == 0 ? note_event(im, e) : rc;
}

int job_import_metadata(struct project *p, const struct metadata_options *o,
                        struct metadata_result *out, struct err *e)
{
    struct meta_import im = { .project = p, .out = out, .options = o };
    int rc;

    *out = (struct metadata_result){ .path = o->path };
    rc = store_begin(p->store, e);
    if (rc == 0)
        rc = store_end(p->store, import_file(&im, e), e);
    if (rc < 0)
        metadata_result_release(out);
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
