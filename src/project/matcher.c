/* SPDX-License-Identifier: MIT
 *
 * A label must not land on another picture. So a key that is no image's own finds one only where
 * the whole of the shorter path ends the longer one: b/1.jpg is a/b/1.jpg, and is not a/1.jpg. The
 * longest such end decides; two images that it fits alike are an error that names both.
 */
#include <stdlib.h>
#include <string.h>

#include "project/catalogue.h"
#include "project/keys.h"

/* PARTS_MAX: of a path's ends so many are found, counted from its last part. */
enum { PARTS_MAX = 32, TEXT_MAX = 1 << 20 };

/* What a key may lead to besides an image that counts: one that was set aside, by its index from
 * ASIDE on; several. */
static const size_t ASIDE = SIZE_MAX / 2, AMBIGUOUS = SIZE_MAX;

/* Paths of images, each by all of its ends and as a whole. */
struct paths {
    struct map *ends, *whole;
};

struct matcher {
    const struct store_images *images;
    struct map *exact;
    struct paths plain, folded; /* made at the first key that is no image's own */
    const char **found_by;      /* [images] the file's key that found it first; NULL: none yet */
    struct buf path, fold;
    char *beside; /* the folder of the file whose keys these are, with its slash; NULL: none */
    struct arena arena; /* of found_by */
};

/* All images one after the other, those that were set aside last. */
static size_t count_all(const struct store_images *images)
{
    return images->n + images->n_aside;
}

static size_t index_of(const struct store_images *images, size_t i)
{
    return i < images->n ? i : ASIDE + (i - images->n);
}

static const char *key_of(const struct store_images *images, size_t i)
{
    return i < images->n ? images->keys[i] : images->aside[i - images->n].key;
}

int matcher_new(struct matcher **out, const struct store_images *images, struct err *e)
{
    struct matcher *m = mem_new(1, sizeof(*m), e);
    size_t found;
    int rc = m ? map_new(&m->exact, e) : ERR_NOMEM;

    *out = NULL;
    if (m) {
        m->path = BUF_INIT(TEXT_MAX);
        m->fold = BUF_INIT(TEXT_MAX);
    }
    for (size_t i = 0; rc == 0 && i < count_all(images); i++) {
        const char *key = key_of(images, i);

        rc = map_add(m->exact, key, strlen(key), index_of(images, i), &found, e);
        rc = rc < 0 ? rc : 0;
    }
    if (rc < 0) {
        matcher_free(m);
        return rc;
    }
    m->images = images;
    *out = m;
    return 0;
}

void matcher_free(struct matcher *m)
{
    if (!m)
        return;
    map_free(m->exact);
    map_free(m->plain.ends);
    map_free(m->plain.whole);
    map_free(m->folded.ends);
    map_free(m->folded.whole);
    free(m->found_by);
    buf_release(&m->path);
    buf_release(&m->fold);
    free(m->beside);
    arena_release(&m->arena);
    free(m);
}

/* ---- the images' paths ---- */

static int add_path(struct map *map, const char *path, size_t image, struct err *e)
{
    size_t found;
    int rc = map_add(map, path, strlen(path), image, &found, e);

    if (rc == 0 && found != image)
        rc = map_set(map, path, strlen(path), AMBIGUOUS, e);
    return rc < 0 ? rc : 0;
}

/* The last PARTS_MAX parts of a path. */
static const char *last_parts(const char *path)
{
    size_t parts = 1;

    for (const char *at = path + strlen(path); at > path; at--)
        if (at[-1] == '/' && ++parts > PARTS_MAX)
            return at;
    return path;
}

static int add_ends(struct paths *p, const char *path, size_t image, struct err *e)
{
    int rc = add_path(p->whole, path, image, e);

    for (const char *end = last_parts(path); rc == 0 && end; end = key_next_part(end))
        rc = add_path(p->ends, end, image, e);
    return rc;
}

/* The path of the i-th of all, in m->path: 1, or 0 where it has none. */
static int image_path(struct matcher *m, size_t i, struct err *e)
{
    const char *key = key_of(m->images, i);

    return key_form(key, key_is_address(key) ? KEY_ADDRESS : KEY_PLAIN, &m->path, e);
}

static int add_image(struct matcher *m, size_t i, struct err *e)
{
    size_t image = index_of(m->images, i);
    int rc = image_path(m, i, e);

    if (rc != 1)
        return rc;
    rc = add_ends(&m->plain, m->path.text, image, e);
    if (rc == 0)
        rc = key_folded(m->path.text, &m->fold, e);
    return rc == 0 ? add_ends(&m->folded, m->fold.text, image, e) : rc;
}

static int add_images(struct matcher *m, struct err *e)
{
    struct map **const maps[] = { &m->plain.ends, &m->plain.whole, &m->folded.ends,
                                  &m->folded.whole };
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof(maps) / sizeof(maps[0]); i++)
        rc = map_new(maps[i], e);
    for (size_t i = 0; rc == 0 && i < count_all(m->images); i++)
        rc = add_image(m, i, e);
    return rc;
}

/* ---- finding ---- */

/* The longest end of path that is an image's: the end of an image's path, or the whole of it. */
static const char *find_end(const struct paths *p, const char *path, size_t *image)
{
    if (map_get(p->ends, path, strlen(path), image))
        return path;
    for (const char *end = key_next_part(path); end; end = key_next_part(end))
        if (map_get(p->whole, end, strlen(end), image))
            return end;
    return NULL;
}

/* What a key was found by, and how. */
struct found {
    const char *end;    /* in the matcher's own texts; NULL: by nothing */
    bool folded, whole; /* whole: it is the whole of an image's path */
    size_t image;       /* AMBIGUOUS: of several */
};

static bool fits(const struct found *f, const char *path, const char *end)
{
    size_t len = strlen(path), n = strlen(end);

    if (f->whole || len <= n)
        return strcmp(path, end) == 0;
    return strcmp(path + len - n, end) == 0 && path[len - n - 1] == '/';
}

/* Names two of the images that a key fits alike. */
static int two_candidates(struct matcher *m, const char *key, const struct found *f, struct err *e)
{
    struct buf end = BUF_INIT(TEXT_MAX);
    const char *named[2] = { "", "" };
    size_t n = 0;
    int rc = 0;

    buf_puts(&end, f->end); /* the matcher's texts are written over */
    for (size_t i = 0; rc >= 0 && n < 2 && i < count_all(m->images); i++) {
        rc = image_path(m, i, e);
        if (rc == 1 && f->folded)
            rc = key_folded(m->path.text, &m->fold, e) < 0 ? e->code : 1;
        if (rc == 1 && end.text && fits(f, f->folded ? m->fold.text : m->path.text, end.text))
            named[n++] = key_of(m->images, i);
    }
    buf_release(&end);
    if (rc < 0)
        return rc;
    err_set(e, ERR_FORMAT, "'%.200s' may be more than one image", key);
    err_got(e, "'%.200s' and '%.200s'", named[0], named[1]);
    return err_hint(e, "with more of its folder, or its whole name, it would be one of them");
}

/* The form of a key in m->path: as it stands, else folded. */
static int find_form(struct matcher *m, struct found *f, struct err *e)
{
    int rc = 0;

    f->folded = false;
    f->end = find_end(&m->plain, m->path.text, &f->image);
    f->whole = f->end != m->path.text;
    if (f->end || (rc = key_folded(m->path.text, &m->fold, e)) < 0)
        return rc;
    f->folded = true;
    f->end = find_end(&m->folded, m->fold.text, &f->image);
    f->whole = f->end != m->fold.text;
    return 0;
}

/* A key that is no image's own. */
static int find_path(struct matcher *m, const char *key, struct found *f, struct err *e)
{
    bool any = count_all(m->images) > 0;
    int rc = m->folded.whole || !any ? 0 : add_images(m, e);

    *f = (struct found){ 0 };
    if (!any)
        return 0;
    for (enum key_form form = key_is_address(key) ? KEY_ADDRESS : KEY_PLAIN;
         rc == 0 && !f->end && form < KEY_FORMS; form++) {
        rc = key_form(key, form, &m->path, e);
        if (rc == 1)
            rc = find_form(m, f, e);
    }
    return rc;
}

/* ---- a file among the pictures ---- */

/* The real path of a file's folder; free() it. NULL: there is none. */
static char *folder_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    char *name = slash ? strndup(file, (size_t)(slash - file) + 1) : strdup(".");
    char *folder = name ? realpath(name, NULL) : NULL;

    free(name);
    return folder;
}

int matcher_beside(struct matcher *m, const struct project *p, const char *file, struct err *e)
{
    char *pictures = p->task->images ? file_join(p->dir, p->task->images, e) : NULL,
         *root = pictures ? realpath(pictures, NULL) : NULL, *folder = folder_of(file);
    size_t len = root ? strlen(root) : 0;
    int rc = p->task->images && !pictures ? ERR_NOMEM : 0;

    free(m->beside);
    m->beside = NULL;
    if (root && folder && strncmp(folder, root, len) == 0 && folder[len] == '/')
        rc = asprintf(&m->beside, "%s/", folder + len + 1) < 0
                 ? err_set(e, ERR_NOMEM, "out of memory: a folder's name")
                 : rc;
    free(pictures);
    free(root);
    free(folder);
    return rc;
}

/* Is the key the name of a picture beside its file? */
static bool find_beside(struct matcher *m, const char *key, size_t *image)
{
    if (!m->beside)
        return false;
    buf_clear(&m->path);
    buf_puts(&m->path, m->beside);
    buf_puts(&m->path, key);
    return !m->path.failed && map_get(m->exact, m->path.text, m->path.len, image);
}

/* ---- all ways ---- */

bool matcher_knows(struct matcher *m, const char *key)
{
    struct found f;
    struct err e;
    size_t image;

    return find_beside(m, key, &image) || map_get(m->exact, key, strlen(key), &image) ||
           (find_path(m, key, &f, &e) == 0 && f.end != NULL);
}

/* Of what was found, whatever it is but several. */
static int give(size_t found, enum match by, size_t *image, enum match *how)
{
    bool aside = found >= ASIDE;

    *image = aside ? found - ASIDE : found;
    *how = aside ? MATCH_ASIDE : by;
    return 0;
}

int matcher_find(struct matcher *m, const char *key, size_t *image, enum match *how, struct err *e)
{
    size_t found;
    struct found f;
    int rc;

    if (find_beside(m, key, &found))
        return give(found, MATCH_FOLDED, image, how);
    if (map_get(m->exact, key, strlen(key), &found))
        return give(found, MATCH_EXACT, image, how);
    *how = MATCH_NONE;
    rc = find_path(m, key, &f, e);
    if (rc < 0 || !f.end)
        return rc;
    return f.image == AMBIGUOUS ? two_candidates(m, key, &f, e)
                                : give(f.image, MATCH_FOLDED, image, how);
}

/* ---- a file's keys ---- */

/* Writes what tells a file's keys apart: their address, folded. */
static int key_proper(struct matcher *m, const char *key, struct buf *out, struct err *e)
{
    int rc = key_form(key, KEY_ADDRESS, &m->path, e);

    if (rc == 0)
        rc = key_form(key, KEY_PLAIN, &m->path, e);
    return rc < 0 ? rc : key_folded(rc == 1 ? m->path.text : key, out, e);
}

static int check_one_picture(struct matcher *m, const char *before, const char *key, size_t image,
                             struct err *e)
{
    struct buf first = BUF_INIT(TEXT_MAX);
    bool same = false;
    int rc = key_proper(m, before, &first, e);

    if (rc == 0)
        rc = key_proper(m, key, &m->fold, e);
    if (rc == 0)
        same = strcmp(first.text, m->fold.text) == 0;
    buf_release(&first);
    if (rc < 0 || same)
        return rc;
    err_set(e, ERR_FORMAT, "two names of this file would be one image, '%.200s'",
            m->images->keys[image]);
    err_got(e, "'%.200s' and '%.200s'", before, key);
    return err_hint(e, "if they are two pictures, the project has only one of them; if they are "
                       "one, give it one name in the file");
}

int matcher_take(struct matcher *m, const char *key, size_t *image, enum match *how, struct err *e)
{
    const char **by;
    int rc = matcher_find(m, key, image, how, e);

    if (rc < 0 || *how == MATCH_NONE || *how == MATCH_ASIDE || *image >= m->images->n)
        return rc;
    if (!m->found_by && !(m->found_by = mem_new(m->images->n, sizeof(*m->found_by), e)))
        return ERR_NOMEM;
    by = &m->found_by[*image];
    if (*by)
        return strcmp(*by, key) == 0 ? 0 : check_one_picture(m, *by, key, *image, e);
    *by =
        *how == MATCH_EXACT ? m->images->keys[*image] : arena_text(&m->arena, key, strlen(key), e);
    return *by ? 0 : ERR_NOMEM;
}

int matcher_name(struct matcher *m, const char *key, const char **name, struct err *e)
{
    int rc = key_is_address(key) ? key_form(key, KEY_ADDRESS, &m->path, e) : 0;

    *name = rc == 1 ? m->path.text : key;
    return rc < 0 ? rc : 0;
}

int matcher_add(struct matcher *m, const char *key, size_t image, struct err *e)
{
    size_t found;
    int rc = map_add(m->exact, key, strlen(key), image, &found, e);

    return rc < 0 ? rc : 0;
}
