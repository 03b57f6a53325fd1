/* SPDX-License-Identifier: MIT
 *
 * images.h - a folder's or archive's pictures beside the project's images. Private to app/.
 */
#ifndef ASSENT_APP_IMAGES_H
#define ASSENT_APP_IMAGES_H

#include "app/app.h"
#include "image/image.h"

struct image_links {
    char *path;
    struct image_source *source;
    struct store_images images; /* the project's, new ones included */
    int64_t *id_of;             /* [image_source_count] the image that a picture is */
    size_t n_new, n_matched, n_folded;
};

/* Opens a source and makes the project know its pictures: keys find images as in an import, and
 * those that find none are added. out begins zeroed. */
int image_links_open(struct image_links *out, struct project *p, const char *path, struct err *e);
void image_links_close(struct image_links *l); /* zeroed is fine */

#endif
