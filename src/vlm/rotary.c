/* SPDX-License-Identifier: MIT
 *
 * rotary.c - the angles of rotary positions, made once a pass and the same for all its layers.
 */
#include <math.h>
#include <stdlib.h>

#include "vlm/forward.h"

void rotary_frequencies(float *out, double theta, uint32_t size, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        out[i] = 1.0f / powf((float)theta, (float)(2 * i) / (float)size);
}

/* Angles are rounded to float32, as they are in transformers. */
static void fill(float *cosines, float *sines, const struct rotation *r)
{
    for (size_t i = 0; i < r->n; i++)
        for (size_t p = 0; p < r->pairs; p++) {
            uint32_t at = r->axis[r->axis_of ? r->axis_of[p] : 0][i];
            float angle = (float)at * r->frequency[p];

            cosines[i * r->pairs + p] = cosf(angle);
            sines[i * r->pairs + p] = sinf(angle);
        }
}

int angles_new(struct angles *out, const struct ops *o, const struct rotation *r, struct err *e)
{
    float *cosines = mem_new(r->n * r->pairs, sizeof(*cosines), e);
    float *sines = mem_new(r->n * r->pairs, sizeof(*sines), e);
    int rc = cosines && sines ? 0 : ERR_NOMEM;

    *out = (struct angles){ 0 };
    if (rc == 0 && (rc = o->alloc(o, &out->cosines, r->n, r->pairs, e)) == 0)
        rc = o->alloc(o, &out->sines, r->n, r->pairs, e);
    if (rc == 0) {
        fill(cosines, sines, r);
        o->write(o, out->cosines, cosines);
        o->write(o, out->sines, sines);
    } else {
        angles_release(out, o);
    }
    free(cosines);
    free(sines);
    return rc;
}

void angles_release(struct angles *a, const struct ops *o)
{
    o->release(o, &a->cosines);
    o->release(o, &a->sines);
}
