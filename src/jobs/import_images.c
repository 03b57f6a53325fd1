/* SPDX-License-Identifier: MIT */
#include "jobs/import_images.h"

#include <stdlib.h>
#include <string.h>

#include "project/catalogue.h"

struct hashing {
    struct project *project;
    const struct images_options *options;
    const struct catalogue *catalogue;
    struct images_result *out;
    struct map *seen; /* SHA-256 -> picture */
};

/* Names one more of a kind; the first few are kept. */
static int name_one(struct images_result *out, const char **list, size_t *n, const char *key,
                    struct err *e)
{
    if ((*n)++ >= IMAGES_NAMED)
        return 0;
    list[*n - 1] = arena_text(&out->arena, key, strlen(key), e);
    return list[*n - 1] ? 0 : ERR_NOMEM;
}

static int name_equal(struct images_result *out, const char *first, const char *key, struct err *e)
{
    size_t at = 2 * out->n_equal;

    if (out->n_equal++ >= IMAGES_NAMED)
        return 0;
    out->equal[at] = arena_text(&out->arena, first, strlen(first), e);
    out->equal[at + 1] = arena_text(&out->arena, key, strlen(key), e);
    return out->equal[at] && out->equal[at + 1] ? 0 : ERR_NOMEM;
}

static int64_t image_id(const struct hashing *h, size_t picture)
{
    return h->catalogue->images->ids[h->catalogue->image_of[picture]];
}

/* A picture that was known with other bytes: what was answered was about those. */
static int compare_bytes(struct hashing *h, size_t i, const char *hex, struct err *e)
{
    struct images_result *out = h->out;
    struct store_bytes before;
    int rc = store_image_bytes(h->project->store, image_id(h, i), &before, e);

    if (rc < 0 || before.sha256[0] == '\0' || strcmp(before.sha256, hex) == 0)
        return rc;
    return name_one(out, out->changed, &out->n_changed, image_source_key(h->catalogue->source, i),
                    e);
}

static int note_picture(struct hashing *h, size_t i, const char *hex, struct err *e)
{
    struct image_source *source = h->catalogue->source;
    size_t first;
    int rc = map_add(h->seen, hex, strlen(hex), i, &first, e);

    if (rc == 0)
        rc = name_equal(h->out, image_source_key(source, first), image_source_key(source, i), e);
    if (rc >= 0)
        rc = compare_bytes(h, i, hex, e);
    return rc < 0 ? rc : store_image_seen(h->project->store, image_id(h, i), hex, 0, 0, e);
}

static int hash_picture(struct hashing *h, size_t i, struct err *e)
{
    struct images_result *out = h->out;
    char hex[SHA256_HEX];
    bool picture = false;
    void *data;
    size_t len;
    int rc = image_source_read(h->catalogue->source, i, &data, &len, e);

    if (rc == ERR_NOMEM || rc == ERR_INTERRUPTED)
        return rc;
    if (rc == 0) {
        picture = image_format(data, len) != NULL;
        sha256_hex(data, len, hex);
        free(data);
    }
    return picture ? note_picture(h, i, hex, e)
                   : name_one(out, out->broken, &out->n_broken,
                              image_source_key(h->catalogue->source, i), e);
}

static int hash_pictures(struct hashing *h, struct err *e)
{
    size_t n = image_source_count(h->catalogue->source);
    struct progress progress;
    int rc = map_new(&h->seen, e);

    progress_start(&progress, h->options->events, "reading", "images", n);
    if (rc == 0)
        rc = store_begin(h->project->store, e);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = hash_picture(h, i, e);
        if (rc == 0)
            rc = events_check(h->options->events, e);
        progress_add(&progress, 1);
    }
    progress_end(&progress);
    rc = store_end(h->project->store, rc, e);
    map_free(h->seen);
    return rc;
}

int job_import_images(struct project *p, const struct images_options *o, struct images_result *out,
                      struct err *e)
{
    struct store_images images;
    struct catalogue catalogue = { 0 };
    struct hashing h = { p, o, &catalogue, out, NULL };
    int rc;

    *out = (struct images_result){ .path = o->path, .annotate_finds_them = p->task->images };
    rc = store_images_load(p->store, &images, e);
    if (rc == 0)
        rc = catalogue_open(&catalogue, o->path, &images, o->events, e);
    if (rc == 0)
        rc = catalogue_register(&catalogue, p, &out->n_new, e);
    if (rc == 0) {
        out->n_images = image_source_count(catalogue.source);
        out->n_matched = catalogue.n_matched;
        out->n_folded = catalogue.n_folded;
        rc = hash_pictures(&h, e);
    }
    catalogue_close(&catalogue);
    store_images_release(&images);
    if (rc < 0)
        images_result_release(out);
    return rc;
}

void images_result_release(struct images_result *r)
{
    arena_release(&r->arena);
    *r = (struct images_result){ 0 };
}
