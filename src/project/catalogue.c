/* SPDX-License-Identifier: MIT
 *
 * catalogue.c - the one join of pictures and images.
 */
#include "project/catalogue.h"

#include <stdlib.h>
#include <string.h>

enum { CHECK_EVERY = 1024 };

static void take(struct catalogue *c, size_t picture, size_t image)
{
    c->image_of[picture] = image;
    c->picture_of[image] = picture;
    c->n_matched++;
}

/* Pictures that have an image's own key. */
static int match_own(struct catalogue *c, const struct events *ev, struct err *e)
{
    struct map *images;
    size_t image;
    int rc = map_new(&images, e);

    for (size_t i = 0; rc == 0 && i < c->images->n; i++)
        rc = map_set(images, c->images->keys[i], strlen(c->images->keys[i]), i, e);
    for (size_t i = 0; rc == 0 && i < image_source_count(c->source); i++) {
        const char *key = image_source_key(c->source, i);

        if (i % CHECK_EVERY == 0)
            rc = events_check(ev, e);
        if (map_get(images, key, strlen(key), &image) && c->picture_of[image] == SIZE_MAX)
            take(c, i, image);
    }
    map_free(images);
    return rc;
}

/* ---- the others ----
 * Of the images that are left: one whose own picture is there is not meant by another's name. */

struct left {
    struct store_images images;
    size_t *index_of; /* [images.n] in the catalogue */
};

static void release_left(struct left *l)
{
    free(l->images.keys);
    free(l->index_of);
}

static int list_left(struct left *l, const struct catalogue *c, struct err *e)
{
    *l = (struct left){ 0 };
    l->images.keys = mem_new(c->images->n, sizeof(*l->images.keys), e);
    l->index_of = mem_new(c->images->n, sizeof(*l->index_of), e);
    if (!l->images.keys || !l->index_of)
        return ERR_NOMEM;
    for (size_t i = 0; i < c->images->n; i++) {
        if (c->picture_of[i] != SIZE_MAX)
            continue;
        l->images.keys[l->images.n] = c->images->keys[i];
        l->index_of[l->images.n++] = i;
    }
    return 0;
}

static int two_pictures(const struct catalogue *c, size_t image, size_t picture, struct err *e)
{
    err_set(e, ERR_FORMAT, "the image '%.200s' may be more than one picture",
            c->images->keys[image]);
    err_got(e, "'%.200s' and '%.200s'", image_source_key(c->source, c->picture_of[image]),
            image_source_key(c->source, picture));
    err_hint(e, "whatever named the image, a label file perhaps, should have named its folder too");
    return err_at(e, "%s", c->path);
}

static int match_picture(struct catalogue *c, const struct left *l, struct matcher *m,
                         size_t picture, struct err *e)
{
    enum match how;
    size_t i, image;
    int rc = matcher_find(m, image_source_key(c->source, picture), &i, &how, e);

    if (rc < 0)
        return err_at(e, "%s", c->path);
    if (how == MATCH_NONE)
        return 0;
    image = l->index_of[i];
    if (c->picture_of[image] != SIZE_MAX)
        return two_pictures(c, image, picture, e);
    take(c, picture, image);
    c->n_folded++;
    return 0;
}

static int match_left(struct catalogue *c, const struct events *ev, struct err *e)
{
    struct matcher *m = NULL;
    struct left left;
    int rc = list_left(&left, c, e);

    if (rc == 0)
        rc = matcher_new(&m, &left.images, e);
    for (size_t i = 0; rc == 0 && left.images.n > 0 && i < image_source_count(c->source); i++) {
        if (i % CHECK_EVERY == 0)
            rc = events_check(ev, e);
        if (rc == 0 && c->image_of[i] == SIZE_MAX)
            rc = match_picture(c, &left, m, i, e);
    }
    matcher_free(m);
    release_left(&left);
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
    int rc;

    free(c->image_of);
    free(c->picture_of);
    c->n_matched = c->n_folded = 0;
    c->image_of = new_indexes(image_source_count(c->source), e);
    c->picture_of = new_indexes(c->images->n, e);
    rc = c->image_of && c->picture_of ? match_own(c, ev, e) : ERR_NOMEM;
    return rc == 0 ? match_left(c, ev, e) : rc;
}

/* ---- images that were set aside ----
 * Their pictures are passed over, and make no new images: those of their own keys, and of the ones
 * that have none of these whatever they match. */

struct aside {
    struct map *own;          /* own keys: of images that count 0, of others 1 */
    struct store_images left; /* those without a picture of their own key; texts are borrowed */
    struct matcher *matcher;  /* of these */
};

static bool counts(void *data, const char *key)
{
    const struct aside *a = data;
    enum match how;
    size_t gone, image;
    struct err several;

    if (map_get(a->own, key, strlen(key), &gone))
        return gone == 0;
    return matcher_find(a->matcher, key, &image, &how, &several) < 0 || how == MATCH_NONE;
}

static int note_keys(struct aside *a, const struct store_images *images, struct err *e)
{
    size_t found;
    int rc = map_new(&a->own, e);

    for (size_t i = 0; rc >= 0 && i < images->n; i++)
        rc = map_add(a->own, images->keys[i], strlen(images->keys[i]), 0, &found, e);
    for (size_t i = 0; rc >= 0 && i < images->n_aside; i++)
        rc = map_add(a->own, images->aside[i].key, strlen(images->aside[i].key), 1, &found, e);
    return rc < 0 ? rc : 0;
}

static int list_pictureless(struct aside *a, const struct catalogue *c, struct err *e)
{
    const struct store_images *images = c->images;
    struct map *pictures = NULL;
    size_t found;
    int rc = map_new(&pictures, e);

    a->left.keys = mem_new(images->n_aside, sizeof(*a->left.keys), e);
    if (rc == 0 && !a->left.keys)
        rc = ERR_NOMEM;
    for (size_t i = 0; rc >= 0 && i < image_source_count(c->source); i++) {
        const char *key = image_source_key(c->source, i);

        rc = map_add(pictures, key, strlen(key), i, &found, e);
    }
    for (size_t i = 0; rc >= 0 && i < images->n_aside; i++)
        if (!map_get(pictures, images->aside[i].key, strlen(images->aside[i].key), &found))
            a->left.keys[a->left.n++] = images->aside[i].key;
    map_free(pictures);
    return rc < 0 ? rc : 0;
}

static int leave_aside(struct catalogue *c, struct err *e)
{
    struct aside a = { 0 };
    int rc;

    if (c->images->n_aside == 0)
        return 0;
    rc = note_keys(&a, c->images, e);
    if (rc == 0)
        rc = list_pictureless(&a, c, e);
    if (rc == 0)
        rc = matcher_new(&a.matcher, &a.left, e);
    if (rc == 0)
        image_source_filter(c->source, counts, &a);
    matcher_free(a.matcher);
    free(a.left.keys);
    map_free(a.own);
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
        rc = leave_aside(out, e);
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
    return err_hint(e, "images: FOLDER_OR_ARCHIVE there says it, relative to the project");
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

int catalogue_add(struct catalogue *c, struct project *p, size_t *n_new, struct err *e)
{
    int rc = load_own(c, p, e);

    *n_new = 0;
    if (rc == 0)
        rc = leave_aside(c, e);
    if (rc == 0)
        rc = join(c, NULL, e);
    return rc == 0 ? add_new(c, p, n_new, e) : rc;
}

/* In one transaction: two processes may meet here. */
int catalogue_register(struct catalogue *c, struct project *p, size_t *n_new, struct err *e)
{
    int rc = store_begin(p->store, e);

    *n_new = 0;
    return store_end(p->store, rc == 0 ? catalogue_add(c, p, n_new, e) : rc, e);
}

/* Copies images[0..n) into out, which has room for n + more. */
static int copy_images(struct store_images *out, const struct store_images *images, size_t more,
                       struct err *e)
{
    out->max_id = images->max_id + (int64_t)more;
    out->keys = mem_new(images->n + more, sizeof(*out->keys), e);
    out->ids = mem_new(images->n + more, sizeof(*out->ids), e);
    out->aside = mem_new(images->n_aside, sizeof(*out->aside), e);
    out->index_of = new_indexes((size_t)out->max_id + 1, e);
    if (!out->keys || !out->ids || !out->aside || !out->index_of)
        return ERR_NOMEM;
    out->n_aside = images->n_aside;
    if (out->n_aside > 0)
        memcpy(out->aside, images->aside, out->n_aside * sizeof(*out->aside));
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
