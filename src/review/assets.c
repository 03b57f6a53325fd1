/* SPDX-License-Identifier: MIT */
#include "review/assets.h"

#include <string.h>

#include "assets.inc" /* made at build from assets/: review_assets, of struct asset */

const struct asset *asset_find(const char *name)
{
    for (size_t i = 0; i < sizeof(review_assets) / sizeof(review_assets[0]); i++)
        if (strcmp(review_assets[i].name, name) == 0)
            return &review_assets[i];
    return NULL;
}
