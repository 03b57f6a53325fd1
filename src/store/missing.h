/* SPDX-License-Identifier: MIT
 *
 * missing.h - what of one image is still to be answered. Private to store/.
 */
#ifndef ASSENT_STORE_MISSING_H
#define ASSENT_STORE_MISSING_H

#include "store/labels.h"

/* store_missing_load of one image, as it is now: missing [n_columns]. */
int store_missing_image(struct store *s, const struct store_asking *a, int64_t image,
                        uint8_t *missing, struct err *e);

#endif
