/* SPDX-License-Identifier: MIT
 *
 * images.c - the pictures of a folder or archive become the project's images.
 */
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/images.h"

enum { CHECK_EVERY = 1024 };

/* ---- keys ---- */

struct linking {
    struct project *project;
    struct image_links *out;
    struct matcher *matcher;
    uint8_t *taken; /* [images.n] a picture is this image */
};

/* The image of a picture that was known before, or a new one. */
static int link_picture(struct linking *k, size_t i, struct err *e)
{
    const char *key = image_source_key(k->out->source, i);
    enum match how;
    size_t image = SIZE_MAX;
    int rc = matcher_find(k->matcher, key, &image, &how, e);

    if (rc < 0)
        return rc;
    if (how != MATCH_NONE && !k->taken[image]) {
        k->taken[image] = 1;
        k->out->id_of[i] = k->out->images.ids[image];
        k->out->n_matched++;
        k->out->n_folded += how == MATCH_FOLDED;
        return 0;
    }
    k->out->n_new++;
    return store_image_add(k->project->store, key, &k->out->id_of[i], e);
}

static int link_pictures(struct linking *k, struct err *e)
{
    size_t n = image_source_count(k->out->source);
    int rc = matcher_new(&k->matcher, &k->out->images, e);

    if (rc == 0 && (!(k->taken = mem_new(k->out->images.n, 1, e)) ||
                    !(k->out->id_of = mem_new(n, sizeof(*k->out->id_of), e))))
        rc = ERR_NOMEM;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = link_picture(k, i, e);
        if (rc == 0 && i % CHECK_EVERY == 0)
            rc = signals_check(e);
    }
    free(k->taken);
    matcher_free(k->matcher);
    return rc;
}

/* In one transaction: two processes may meet here. */
static int register_pictures(struct project *p, struct image_links *out, struct err *e)
{
    struct linking k = { .project = p, .out = out };
    int rc = store_begin(p->store, e);

    if (rc == 0)
        rc = store_images_load(p->store, &out->images, e);
    if (rc == 0)
        rc = link_pictures(&k, e);
    if (rc == 0)
        rc = store_commit(p->store, e);
    if (rc < 0)
        store_rollback(p->store);
    if (rc == 0 && out->n_new > 0) { /* once more, with the new ones */
        store_images_release(&out->images);
        rc = store_images_load(p->store, &out->images, e);
    }
    return rc;
}

int image_links_open(struct image_links *out, struct project *p, const char *path, struct err *e)
{
    int rc = image_source_open(&out->source, path, e);

    if (rc == 0 && !(out->path = strdup(path)))
        rc = err_set(e, ERR_NOMEM, "out of memory: a path");
    if (rc == 0)
        rc = register_pictures(p, out, e);
    if (rc < 0)
        image_links_close(out);
    return rc;
}

void image_links_close(struct image_links *l)
{
    image_source_close(l->source);
    store_images_release(&l->images);
    free(l->id_of);
    free(l->path);
    *l = (struct image_links){ 0 };
}

/* ---- import --images ---- */

struct hashing {
    struct project *project;
    const struct image_links *links;
    struct images_result *out;
    struct map *seen; /* SHA-256 -> picture */
};

static int not_a_picture(struct hashing *h, const char *key, struct err *e)
{
    struct images_result *out = h->out;

    if (out->n_broken++ >= IMPORT_NAMED)
        return 0;
    out->broken[out->n_broken - 1] = arena_text(&out->arena, key, strlen(key), e);
    return out->broken[out->n_broken - 1] ? 0 : ERR_NOMEM;
}

static int equal_pictures(struct hashing *h, const char *first, const char *key, struct err *e)
{
    struct images_result *out = h->out;
    size_t at = 2 * out->n_equal;

    if (out->n_equal++ >= IMPORT_NAMED)
        return 0;
    out->equal[at] = arena_text(&out->arena, first, strlen(first), e);
    out->equal[at + 1] = arena_text(&out->arena, key, strlen(key), e);
    return out->equal[at] && out->equal[at + 1] ? 0 : ERR_NOMEM;
}

/* A picture that was known with other bytes: what was answered was about those. */
static int compare_bytes(struct hashing *h, size_t i, const char *hex, struct err *e)
{
    struct images_result *out = h->out;
    const char *key = image_source_key(h->links->source, i);
    char before[SHA256_HEX];
    int rc = store_image_sha256(h->project->store, h->links->id_of[i], before, e);

    if (rc != 1 || strcmp(before, hex) == 0)
        return rc < 0 ? rc : 0;
    if (out->n_changed++ >= IMPORT_NAMED)
        return 0;
    out->changed[out->n_changed - 1] = arena_text(&out->arena, key, strlen(key), e);
    return out->changed[out->n_changed - 1] ? 0 : ERR_NOMEM;
}

static int hash_picture(struct hashing *h, size_t i, struct err *e)
{
    const char *key = image_source_key(h->links->source, i);
    char hex[SHA256_HEX];
    bool picture;
    void *data;
    size_t len, first;
    int rc = image_source_read(h->links->source, i, &data, &len, e);

    if (rc == ERR_NOMEM)
        return rc;
    if (rc < 0)
        return not_a_picture(h, key, e);
    picture = image_format(data, len) != NULL;
    sha256_hex(data, len, hex);
    free(data);
    if (!picture)
        return not_a_picture(h, key, e);
    rc = map_add(h->seen, hex, strlen(hex), i, &first, e);
    if (rc == 0)
        rc = equal_pictures(h, image_source_key(h->links->source, first), key, e);
    if (rc >= 0)
        rc = compare_bytes(h, i, hex, e);
    return rc < 0 ? rc : store_image_seen(h->project->store, h->links->id_of[i], hex, 0, 0, e);
}

static int hash_pictures(struct hashing *h, struct err *e)
{
    size_t n = image_source_count(h->links->source);
    struct progress progress;
    int rc = map_new(&h->seen, e);

    progress_start(&progress, "reading", "images", n);
    if (rc == 0)
        rc = store_begin(h->project->store, e);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = hash_picture(h, i, e);
        if (rc == 0)
            rc = signals_check(e);
        progress_add(&progress, 1);
    }
    progress_end(&progress);
    if (rc == 0)
        rc = store_commit(h->project->store, e);
    if (rc < 0)
        store_rollback(h->project->store);
    map_free(h->seen);
    return rc;
}

int import_images(struct project *p, const char *path, struct images_result *out, struct err *e)
{
    struct image_links links = { 0 };
    struct hashing h = { p, &links, out, NULL };
    int rc;

    *out = (struct images_result){ 0 };
    rc = image_links_open(&links, p, path, e);
    if (rc == 0) {
        out->n_images = image_source_count(links.source);
        out->n_new = links.n_new;
        out->n_matched = links.n_matched;
        out->n_folded = links.n_folded;
        out->annotate_finds_them = p->task->images != NULL;
        rc = hash_pictures(&h, e);
    }
    image_links_close(&links);
    if (rc < 0)
        images_result_release(out);
    return rc;
}

void images_result_release(struct images_result *r)
{
    arena_release(&r->arena);
    *r = (struct images_result){ 0 };
}

struct json_t *images_json(const struct images_result *r)
{
    struct json_t *equal = jv_array(), *broken = jv_array(), *changed = jv_array();

    for (size_t i = 0; i < r->n_equal && i < IMPORT_NAMED; i++)
        jv_append(equal, jv_pack("[s, s]", r->equal[2 * i], r->equal[2 * i + 1]));
    for (size_t i = 0; i < r->n_broken && i < IMPORT_NAMED; i++)
        jv_append(broken, jv_pack("s", r->broken[i]));
    for (size_t i = 0; i < r->n_changed && i < IMPORT_NAMED; i++)
        jv_append(changed, jv_pack("s", r->changed[i]));
    return jv_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:o, s:I, s:o}", "images",
                   (long long)r->n_images, "new", (long long)r->n_new, "matched",
                   (long long)r->n_matched, "folded", (long long)r->n_folded, "equal",
                   (long long)r->n_equal, "equal_named", equal, "broken", (long long)r->n_broken,
                   "broken_named", broken, "changed", (long long)r->n_changed, "changed_named",
                   changed);
}
