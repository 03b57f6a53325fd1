/* SPDX-License-Identifier: MIT
 *
 * catalogue.c - the one join of pictures and images.
 */
#include "project/catalogue.h"

#include <stdlib.h>
#include <string.h>

enum { CHECK_EVERY = 1024 };

/* A picture may take an image by a folded key only where no picture has the image's own. */
static int match_pictures(struct catalogue *c, struct matcher *m, enum match wanted,
                          const struct events *ev, struct err *e)
{
    size_t n = image_source_count(c->source);
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < n; i++) {
        enum match how = MATCH_NONE;
        size_t image = SIZE_MAX;

        if (c->image_of[i] == SIZE_MAX)
            rc = matcher_find(m, image_source_key(c->source, i), &image, &how, e);
        if (rc == 0 && i % CHECK_EVERY == 0)
            rc = events_check(ev, e);
        if (rc < 0 || how != wanted || c->picture_of[image] != SIZE_MAX)
            continue;
        c->image_of[i] = image;
        c->picture_of[image] = i;
        c->n_matched++;
        c->n_folded += how == MATCH_FOLDED;
    }
    return rc;
}

static size_t *new_indexes(size_t n, struct err *e)
{
    size_t *x = mem_new(n, sizeof(*x), e);

    if (x)
        memset(x, 0xff, n * sizeof(*x)); /* SIZE_MAX: none */
    return x;
}

static int join(struct catalogue *c, const struct events *ev, struct err *e)
{
    struct matcher *m = NULL;
    int rc = 0;

    free(c->image_of);
    free(c->picture_of);
    c->n_matched = c->n_folded = 0;
    c->image_of = new_indexes(image_source_count(c->source), e);
    c->picture_of = new_indexes(c->images->n, e);
    rc = c->image_of && c->picture_of ? matcher_new(&m, c->images, e) : ERR_NOMEM;
    if (rc == 0)
        rc = match_pictures(c, m, MATCH_EXACT, ev, e);
    if (rc == 0)
        rc = match_pictures(c, m, MATCH_FOLDED, ev, e);
    matcher_free(m);
    return rc;
}

int catalogue_open(struct catalogue *out, const char *path, const struct store_images *images,
                   const struct events *ev, struct err *e)
{
    int rc = image_source_open(&out->source, path, ev, e);

    out->images = images;
    if (rc == 0 && !(out->path = strdup(path)))
        rc = err_set(e, ERR_NOMEM, "out of memory: a path");
    if (rc == 0)
        rc = join(out, ev, e);
    if (rc < 0)
        catalogue_close(out);
    return rc;
}

int catalogue_open_project(struct catalogue *out, const struct project *p,
                           const struct store_images *images, const struct events *ev,
                           struct err *e)
{
    const char *where = p->task->images;
    char *path;
    int rc;

    if (!where) {
        *out = (struct catalogue){ .images = images };
        return 0;
    }
    path = file_join(p->dir, where, e);
    rc = path ? catalogue_open(out, path, images, ev, e) : ERR_NOMEM;
    if (rc == ERR_IO)
        err_hint(e, "have they been moved? `images` in assent.yaml says where they are");
    free(path);
    return rc;
}

void catalogue_close(struct catalogue *c)
{
    image_source_close(c->source);
    store_images_release(&c->own);
    free(c->image_of);
    free(c->picture_of);
    free(c->path);
    *c = (struct catalogue){ 0 };
}

int catalogue_need(const struct catalogue *c, struct err *e)
{
    if (c->source)
        return 0;
    err_set(e, ERR_ARG, "assent.yaml does not say where the images are");
    return err_hint(e, "images: FOLDER_OR_TAR there says it, relative to the project");
}

/* ---- new images ---- */

static int load_own(struct catalogue *c, const struct project *p, struct err *e)
{
    store_images_release(&c->own);
    c->images = &c->own;
    return store_images_load(p->store, &c->own, e);
}

/* Links the pictures that were just made images, which are the last ones of the list. */
static int link_new(struct catalogue *c, size_t n_before, struct err *e)
{
    size_t *picture_of = new_indexes(c->images->n, e), image = n_before;

    if (!picture_of)
        return ERR_NOMEM;
    if (n_before > 0)
        memcpy(picture_of, c->picture_of, n_before * sizeof(*picture_of));
    free(c->picture_of);
    c->picture_of = picture_of;
    for (size_t i = 0; i < image_source_count(c->source); i++) {
        if (c->image_of[i] != SIZE_MAX)
            continue;
        c->image_of[i] = image;
        picture_of[image++] = i;
    }
    return 0;
}

static int add_new(struct catalogue *c, struct project *p, size_t *n_new, struct err *e)
{
    size_t n_before = c->images->n;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < image_source_count(c->source); i++) {
        int64_t id;

        if (c->image_of[i] != SIZE_MAX)
            continue;
        ++*n_new;
        rc = store_image_add(p->store, image_source_key(c->source, i), &id, e);
    }
    if (rc < 0 || *n_new == 0)
        return rc;
    rc = load_own(c, p, e);
    return rc < 0 ? rc : link_new(c, n_before, e);
}

/* In one transaction: two processes may meet here. */
int catalogue_register(struct catalogue *c, struct project *p, size_t *n_new, struct err *e)
{
    int rc = store_begin(p->store, e);

    *n_new = 0;
    if (rc == 0)
        rc = load_own(c, p, e);
    if (rc == 0)
        rc = join(c, NULL, e);
    if (rc == 0)
        rc = add_new(c, p, n_new, e);
    return store_end(p->store, rc, e);
}

/* Copies images[0..n) into out, which has room for n + more. */
static int copy_images(struct store_images *out, const struct store_images *images, size_t more,
                       struct err *e)
{
    out->max_id = images->max_id + (int64_t)more;
    out->keys = mem_new(images->n + more, sizeof(*out->keys), e);
    out->ids = mem_new(images->n + more, sizeof(*out->ids), e);
    out->index_of = new_indexes((size_t)out->max_id + 1, e);
    if (!out->keys || !out->ids || !out->index_of)
        return ERR_NOMEM;
    for (; out->n < images->n; out->n++) { /* keys are borrowed: the images outlive the catalogue */
        out->keys[out->n] = images->keys[out->n];
        out->ids[out->n] = images->ids[out->n];
        out->index_of[images->ids[out->n]] = out->n;
    }
    return 0;
}

int catalogue_preview(struct catalogue *c, size_t *n_new, struct err *e)
{
    size_t n_before = c->images->n, pictures = image_source_count(c->source);
    int64_t id = c->images->max_id;
    int rc;

    *n_new = pictures - c->n_matched;
    rc = copy_images(&c->own, c->images, *n_new, e);
    for (size_t i = 0; rc == 0 && i < pictures; i++) {
        if (c->image_of[i] != SIZE_MAX)
            continue;
        c->own.keys[c->own.n] = image_source_key(c->source, i);
        c->own.ids[c->own.n] = ++id;
        c->own.index_of[id] = c->own.n++;
    }
    if (rc < 0)
        return rc;
    c->images = &c->own;
    return link_new(c, n_before, e);
}
