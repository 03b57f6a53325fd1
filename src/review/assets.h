/* SPDX-License-Identifier: MIT
 *
 * assets.h - the page, embedded at build. Private to review/.
 */
#ifndef ASSENT_REVIEW_ASSETS_H
#define ASSENT_REVIEW_ASSETS_H

#include <stddef.h>

struct asset {
    const char *name, *type, *text;
    size_t len;
};

const struct asset *asset_find(const char *name); /* NULL: there is none */

#endif
