/* SPDX-License-Identifier: MIT
 *
 * config.json, and behind a zero byte the image processor's settings: any text is refused with its
 * place, or gives sizes that the engine can divide by.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "vlm/families/family.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_config(const struct model_config *c)
{
    const struct tower_config *v = &c->vision;
    const struct text_config *t = &c->text;

    assert(c->family && v->hidden % v->heads == 0 && v->patch > 0 && v->eps > 0);
    assert(v->image_size == 0 || config_grid(c) > 0);
    assert(v->blocks <= v->layers && v->channels == 3);
    assert(t->heads % t->kv_heads == 0 && t->head_dim > 0 && t->head_dim % 2 == 0);
    assert(t->eps > 0 && t->rope_theta > 0);
    assert(c->image_token < t->vocab);
}

/* Pictures of any shape are laid out, or refused with a reason. */
static void check_layouts(const struct model_config *c)
{
    static const uint32_t sides[] = { 1, 37, 640, 16383 };
    struct layout l;
    struct err e;

    for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++)
        for (size_t j = 0; j < sizeof(sides) / sizeof(sides[0]); j++) {
            int rc = c->family->layout(&l, c, sides[i], sides[j], &e);

            assert(rc == 0 || e.what[0] != '\0');
            assert(rc < 0 || (l.tokens >= c->family->least_tokens(c) && l.rank > 0 &&
                              l.tower_rows >= l.longest_span && l.pictures > 0));
        }
}

/* What the user may choose is taken, and laid out as well, or refused. */
static void check_choices(const struct model_config *c)
{
    static const struct vlm_pictures chosen[] = {
        { .tiles = 1 },
        { .tiles = 5 },
        { .max_pixels = 5000 },
        { .min_pixels = 70000, .max_pixels = UINT64_MAX },
    };
    struct err e;

    for (size_t i = 0; c->family->choose && i < sizeof(chosen) / sizeof(chosen[0]); i++) {
        struct model_config changed = *c;
        int rc = c->family->choose(&changed, &chosen[i], &e);

        assert(rc == 0 || e.what[0] != '\0');
        if (rc == 0)
            check_layouts(&changed);
    }
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
    struct err e;
    int rc = config_parse(&c, "config.json", (const char *)data, len, &e);

    check_error(rc, &e);
    if (rc < 0)
        return 0;
    check_config(&c);
    if (!zero)
        return 0;
    rc = prep_config_parse(&c, "processor_config.json", (const char *)zero + 1, size - len - 1, &e);
    check_error(rc, &e);
    if (rc < 0)
        return 0;
    assert(c.prep.std[0] > 0 && c.prep.rescale > 0);
    check_layouts(&c);
    check_choices(&c);
    return 0;
}
