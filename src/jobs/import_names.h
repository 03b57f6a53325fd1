/* SPDX-License-Identifier: MIT
 *
 * import_names.h - what a table's columns and values are called, as the user says it. Private to
 * jobs/.
 */
#ifndef ASSENT_JOBS_IMPORT_NAMES_H
#define ASSENT_JOBS_IMPORT_NAMES_H

#include "formats/formats.h"
#include "project/catalogue.h"

struct import_names {
    const char *image_column, *map, *map_questions; /* NULL: none */
};

/* Fills names, whose texts are in a. A map is "OLD=NEW,OLD=NEW", or "@FILE" with one on each line.
 * A cell is an image that is known where m finds it. ERR_ARG. */
int import_names_read(const struct import_names *said, struct matcher *m, struct label_names *names,
                      struct arena *a, struct err *e);

#endif
