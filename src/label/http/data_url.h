/* SPDX-License-Identifier: MIT
 *
 * data_url.h - a picture as servers take it. Private to label/.
 */
#ifndef ASSENT_LABEL_DATA_URL_H
#define ASSENT_LABEL_DATA_URL_H

#include "base/base.h"
#include "label/label.h"

/* "data:image/jpeg;base64,..": what may leave the machine of it (image_to_send); free(*out). */
int data_url_make(const struct label_picture *p, uint64_t pixels_max, char **out, struct err *e);
/* What a recording has in its place: "data:image/jpeg;base64,sha256:..". */
int data_url_stand_in(const struct label_picture *p, uint64_t pixels_max, char **out,
                      struct err *e);

#endif
