/* SPDX-License-Identifier: MIT
 *
 * images.h - the project's images: their keys, what their bytes are, columns to group by.
 */
#ifndef ASSENT_STORE_IMAGES_H
#define ASSENT_STORE_IMAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "store/store.h"

/* All images that count, in the order they were added. index_of[id] is an image's index, for ids up
 * to max_id. Those that were set aside are none of them. */
struct store_aside {
    const char *key;
    int64_t id;
};

struct store_images {
    size_t n;
    const char **keys;
    int64_t *ids;
    size_t *index_of;
    int64_t max_id;
    struct store_aside *aside; /* [n_aside] in the same order */
    size_t n_aside;
    struct arena arena; /* private */
};

int store_images_load(struct store *s, struct store_images *out, struct err *e);
void store_images_release(struct store_images *images);
/* SIZE_MAX: there is no such image, or it came after they were listed. */
size_t store_images_index(const struct store_images *images, int64_t id);
int store_image_add(struct store *s, const char *key, int64_t *id, struct err *e);
/* Sets an image aside, or takes it back among those that count. Its answers stay. */
int store_image_set_aside(struct store *s, int64_t image, bool back, struct err *e);

/* What its bytes are: from now on it is known by them too. sha256 NULL: it could not be read.
 * width 0: not looked at; what was known of the same bytes stays. */
int store_image_seen(struct store *s, int64_t image, const char *sha256, uint32_t width,
                     uint32_t height, struct err *e);
/* Each image whose bytes were seen; decoded: which were decoded as they were seen last. */
int store_images_hashes(struct store *s, bool decoded,
                        int (*each)(void *data, int64_t image, const char *sha256), void *data,
                        struct err *e);
/* Has any image been seen? */
/* Are the images still those that were loaded, all of them and no others? 1, or 0. */
int store_images_same(struct store *s, const struct store_images *images, struct err *e);
int store_images_seen(struct store *s, bool *seen, struct err *e);
/* As they were seen last; all of it 0 where they were not. */
struct store_bytes {
    char sha256[SHA256_HEX];
    uint32_t width, height; /* 0: not known */
};
int store_image_bytes(struct store *s, int64_t image, struct store_bytes *out, struct err *e);

/* Columns to group by. Setting one again replaces its value. */
int store_meta_set(struct store *s, int64_t image, const char *name, const char *value,
                   struct err *e);

/* Every column's name, in their order; valid during the callback, whose failure ends the listing.
 */
int store_meta_names(struct store *s, int (*each)(void *data, const char *name), void *data,
                     struct err *e);

/* One metadata column: of_image[i] is an index into values, or SIZE_MAX where image i has none. */
struct store_meta {
    const char **values; /* distinct, in order of first appearance */
    size_t n_values;
    size_t *of_image;
    struct arena arena; /* private */
};

/* ERR_ARG where no metadata column has this name; the message lists those that there are. */
int store_meta_load(struct store *s, const char *name, const struct store_images *images,
                    struct store_meta *out, struct err *e);
void store_meta_release(struct store_meta *m);

#endif
