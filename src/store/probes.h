/* SPDX-License-Identifier: MIT
 *
 * probes.h - what was measured of a model before it answered: how far its answers move when the
 * same is asked otherwise, and what it says of a blank picture. It is kept by what the model is,
 * and under each heading the newest.
 */
#ifndef ASSENT_STORE_PROBES_H
#define ASSENT_STORE_PROBES_H

#include <stdint.h>

#include "base/base.h"
#include "store/store.h"

struct store_probe {
    const char *what; /* "asked again" */
    uint64_t images, answers, changed;
    double mean, most; /* of the moves of probabilities; NaN: there are none. Of a blank picture:
                          the probability, and the mass */
    const char *at;    /* ISO 8601; set by the store */
};

int store_probe_keep(struct store *s, const char *identity, const struct store_probe *p,
                     struct err *e);
/* Those of a model, in their headings' order. Texts are valid during the callback; what it returns
 * below 0 ends the list. */
int store_probes(struct store *s, const char *identity,
                 int (*each)(void *data, const struct store_probe *p), void *data, struct err *e);

#endif
