/* SPDX-License-Identifier: MIT
 *
 * image_column.h - which column of a table names the images. Private to formats/.
 */
#ifndef ASSENT_FORMATS_IMAGE_COLUMN_H
#define ASSENT_FORMATS_IMAGE_COLUMN_H

#include "formats/csvfile.h"
#include "formats/formats.h"

/* c stands behind the header, whose n fields these are; taken[i]: it is a question. By its name
 * where the user says it; else the column whose cells look like names of pictures, and of these the
 * one that names most images; else by a usual name; else the first. A column without a name is
 * pandas' index: it is the images' only where its cells look so, or where there is no other.
 * ERR_ARG where no column has the user's name. */
int image_column(const struct csvfile *c, const char *const *fields, size_t n, const bool *taken,
                 const struct label_names *names, size_t *column, struct err *e);

#endif
