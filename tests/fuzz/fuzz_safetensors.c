/* SPDX-License-Identifier: MIT
 *
 * A safetensors file: any bytes give an error with a place, or tensors that lie within the file.
 */
#include <assert.h>
#include <stdint.h>

#include "vlm/ops/numbers.h"
#include "vlm/weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The tensor's numbers are all in the file: reading them is what the sanitizer watches. */
static double sum_of(const struct weight *t)
{
    double sum = 0;

    for (size_t i = 0; i < t->n; i++)
        sum += (double)number_at(t->data, t->dtype, i);
    return sum;
}

static void check_tensor(const struct weights *w, size_t i)
{
    const struct weight *t = weights_at(w, i);
    char shape[160];
    uint64_t n = 1;

    for (uint32_t d = 0; d < t->rank; d++)
        n *= t->shape[d];
    assert(n == t->n);
    assert(weights_find(w, t->name) == t);
    assert(weights_shape_text(t->rank, t->shape, shape)[0] == '[');
    (void)sum_of(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weights *w;
    struct err e;
    int rc;

    if (weights_new(&w, &e) < 0)
        return 0;
    rc = weights_read_file(w, "fuzz.safetensors", data, size, &e);
    assert(rc == 0 || (rc == (int)e.code && e.what[0] != '\0' && e.where[0] != '\0'));
    for (size_t i = 0; rc == 0 && i < weights_count(w); i++)
        check_tensor(w, i);
    assert(rc < 0 || weights_bytes(w) <= size);
    weights_close(w);
    return 0;
}
