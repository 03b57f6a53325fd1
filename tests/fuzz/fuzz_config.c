/* SPDX-License-Identifier: MIT
 *
 * config.json, and behind a zero byte the image processor's settings: any text is refused with its
 * place, or gives sizes that the engine can divide by.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "vlm/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_config(const struct model_config *c)
{
    const struct vision_config *v = &c->vision;
    const struct text_config *t = &c->text;

    assert(v->hidden % v->heads == 0 && v->image_size % v->patch == 0 && config_grid(c) > 0);
    assert(c->vision_blocks <= v->layers && v->channels == 3);
    assert(t->heads % t->kv_heads == 0 && t->head_dim > 0 && t->head_dim % 2 == 0);
    assert(t->eps > 0 && t->rope_theta > 0 && v->eps > 0);
    assert(c->image_token < t->vocab);
    assert(c->n_pinpoints > 0 && c->n_pinpoints <= PINPOINTS_MAX);
    for (size_t i = 0; i < c->n_pinpoints; i++)
        assert(c->pinpoints[i].height >= v->image_size && c->pinpoints[i].width >= v->image_size);
}

static void check_error(int rc, const struct err *e)
{
    assert(rc == 0 || (rc == (int)e->code && e->what[0] != '\0' && e->where[0] != '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
    size_t len = zero ? (size_t)(zero - data) : size;
    struct model_config c;
    struct prep_config p;
    struct err e;
    int rc = config_parse(&c, "config.json", (const char *)data, len, &e);

    check_error(rc, &e);
    if (rc < 0)
        return 0;
    check_config(&c);
    if (!zero)
        return 0;
    rc = prep_config_parse(&p, &c, "processor_config.json", (const char *)zero + 1, size - len - 1,
                           &e);
    check_error(rc, &e);
    assert(rc < 0 || (p.tile == c.vision.image_size && p.n_pinpoints == c.n_pinpoints &&
                      p.std[0] > 0 && p.rescale > 0));
    return 0;
}
