/* SPDX-License-Identifier: MIT
 *
 * catalogue.h - a project's images by the keys that files use for them, and joined with the
 * pictures of a folder or archive.
 */
#ifndef ASSENT_PROJECT_CATALOGUE_H
#define ASSENT_PROJECT_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "image/image.h"
#include "project/project.h"
#include "store/images.h"

/* ---- keys ----
 * How keys of a file find images, those that were set aside too: a name means today what it meant
 * before one was. An image's own key finds it. Else keys are compared as paths, by
 * whole parts: the key's path ends with the image's, or the image's with the key's, the longest end
 * first; in one form of Unicode, then as an address (scheme and query off, percent escapes undone),
 * then as a Label Studio upload; each time also without an image's extension and leading zeros. */

struct matcher;
int matcher_new(struct matcher **out, const struct store_images *images, struct err *e);
void matcher_free(struct matcher *m); /* NULL is fine */
/* MATCH_ASIDE: *image is an index into the images' `aside`. */
enum match { MATCH_NONE, MATCH_EXACT, MATCH_FOLDED, MATCH_ASIDE };
/* The keys are a file's: where it lies in a folder of p's pictures, as Hugging Face's metadata.csv
 * does, a key is first the name of a picture beside it. */
int matcher_beside(struct matcher *m, const struct project *p, const char *file, struct err *e);
/* ERR_FORMAT, with both names, where two images fit alike. */
int matcher_find(struct matcher *m, const char *key, size_t *image, enum match *how, struct err *e);
/* The same for keys of one file, of which each names another picture: ERR_FORMAT too where two that
 * differ in more than spelling find one image. */
int matcher_take(struct matcher *m, const char *key, size_t *image, enum match *how, struct err *e);
/* Is it the name of an image, or of several? */
bool matcher_knows(struct matcher *m, const char *key);
/* What an image is called that a key would bring into a project: an address is its host and path,
 * any other key itself. *name is valid until the next call. */
int matcher_name(struct matcher *m, const char *key, const char **name, struct err *e);
/* Makes a key known that matched nothing. */
int matcher_add(struct matcher *m, const char *key, size_t image, struct err *e);

/* ---- pictures ---- */

struct catalogue {
    char *path;                  /* of the pictures */
    struct image_source *source; /* NULL: the project has no pictures */
    const struct store_images *images;
    size_t *image_of;           /* [pictures] which image a picture is; SIZE_MAX: none yet */
    size_t *picture_of;         /* [images] which picture shows an image; SIZE_MAX: none */
    size_t n_matched, n_folded; /* pictures that are images; those not by their own key */
    struct store_images own;    /* private */
};

/* Joins the pictures at a path with images, and changes nothing. A picture is one image's, and an
 * image has one picture: that of its own key, else the only one that matches it. ERR_FORMAT where
 * two fit alike. The images and the events must outlive it. out begins zeroed. */
int catalogue_open(struct catalogue *out, const char *path, const struct store_images *images,
                   const struct events *ev, struct err *e);
/* The same with the pictures of assent.yaml; source NULL where it names none. */
int catalogue_open_project(struct catalogue *out, const struct project *p,
                           const struct store_images *images, const struct events *ev,
                           struct err *e);
void catalogue_close(struct catalogue *c); /* zeroed is fine */

/* Makes pictures that are no image yet the project's images, in the caller's transaction; from then
 * on the catalogue has its own list of images. *n_new: how many. */
int catalogue_add(struct catalogue *c, struct project *p, size_t *n_new, struct err *e);
/* The same in a transaction of its own. */
int catalogue_register(struct catalogue *c, struct project *p, size_t *n_new, struct err *e);
/* The same in memory only: the images that catalogue_register would make have ids that the database
 * does not know. */
int catalogue_preview(struct catalogue *c, size_t *n_new, struct err *e);

/* ERR_ARG: assent.yaml does not say where the pictures are, and something needs them. */
int catalogue_need(const struct catalogue *c, struct err *e);

#endif
