/* SPDX-License-Identifier: MIT
 *
 * vision.c - the CLIP vision transformer (modeling_clip.py of transformers).
 */
#include <stdlib.h>
#include <string.h>

#include "vlm/buffers.h"
#include "vlm/forward.h"

/* Buffers of one pass; n rows of all tiles. */
struct vision_pass {
    const struct model *m;
    const struct ops *o;
    size_t tiles, rows, n; /* rows a tile: the class token and the patches */
    float *x, *normed, *q, *k, *v, *wide;
};

enum { BUFFERS = 3 };

static void list_buffers(struct vision_pass *p, struct buffer out[BUFFERS])
{
    const struct vision_config *c = &p->m->config.vision;
    size_t wide = c->intermediate > 4 * c->hidden ? c->intermediate : 4 * c->hidden;
    const struct buffer list[BUFFERS] = {
        { &p->x, p->n * c->hidden },
        { &p->normed, p->n * c->hidden },
        { &p->wide, p->n * wide },
    };

    memcpy(out, list, sizeof(list));
}

/* One row a patch, its pixels in the order channel, row, column: what a convolution with a stride
 * of its own size multiplies. */
static void gather_patches(float *out, const struct vision_config *c, const float *pixels,
                           size_t tiles)
{
    size_t side = c->image_size, p = c->patch, grid = side / p;

    for (size_t t = 0; t < tiles; t++)
        for (size_t r = 0; r < grid; r++)
            for (size_t col = 0; col < grid; col++)
                for (size_t channel = 0; channel < c->channels; channel++)
                    for (size_t y = 0; y < p; y++, out += p)
                        memcpy(out,
                               pixels + ((t * c->channels + channel) * side + r * p + y) * side +
                                   col * p,
                               p * sizeof(*out));
}

/* x = class token and patches, plus positions. */
static int embed(struct vision_pass *p, const float *pixels, struct err *e)
{
    const struct vision_config *c = &p->m->config.vision;
    size_t h = c->hidden, patches = p->rows - 1, values = (size_t)c->channels * c->patch * c->patch;
    float *gathered = mem_new(p->tiles * patches * values, sizeof(*gathered), e);
    int rc = gathered ? 0 : ERR_NOMEM;

    if (rc == 0) {
        gather_patches(gathered, c, pixels, p->tiles);
        rc = p->o->linear(p->o, p->wide, gathered, p->tiles * patches, &p->m->patch_embedding, NULL,
                          e);
    }
    free(gathered);
    for (size_t t = 0; rc == 0 && t < p->tiles; t++) {
        float *rows = p->x + t * p->rows * h;

        memcpy(rows, p->m->class_embedding, h * sizeof(*rows));
        memcpy(rows + h, p->wide + t * patches * h, patches * h * sizeof(*rows));
        p->o->add(rows, p->m->position_embedding, p->rows * h);
    }
    return rc;
}

static int run_block(struct vision_pass *p, const struct vision_block *b, struct err *e)
{
    const struct vision_config *c = &p->m->config.vision;
    const struct ops *o = p->o;
    size_t h = c->hidden, size = p->n * h;
    struct image_attention a = { p->tiles, p->rows, c->heads, h / c->heads };
    struct attended x = { p->normed, p->q, p->k, p->v };
    int rc;

    o->layer_norm(p->normed, p->x, p->n, h, b->norm1.weight, b->norm1.bias, c->eps);
    if ((rc = o->linear(o, p->q, p->normed, p->n, &b->q.w, b->q.bias, e)) < 0 ||
        (rc = o->linear(o, p->k, p->normed, p->n, &b->k.w, b->k.bias, e)) < 0 ||
        (rc = o->linear(o, p->v, p->normed, p->n, &b->v.w, b->v.bias, e)) < 0 ||
        (rc = o->attend_image(o, &x, &a, e)) < 0 ||
        (rc = o->linear(o, p->q, p->normed, p->n, &b->out.w, b->out.bias, e)) < 0)
        return rc;
    o->add(p->x, p->q, size);
    o->layer_norm(p->normed, p->x, p->n, h, b->norm2.weight, b->norm2.bias, c->eps);
    if ((rc = o->linear(o, p->wide, p->normed, p->n, &b->fc1.w, b->fc1.bias, e)) < 0)
        return rc;
    o->activate(p->wide, p->n * c->intermediate, c->act);
    if ((rc = o->linear(o, p->normed, p->wide, p->n, &b->fc2.w, b->fc2.bias, e)) < 0)
        return rc;
    o->add(p->x, p->normed, size);
    return 0;
}

static int run(struct vision_pass *p, const float *pixels, float **out, struct err *e)
{
    const struct model *m = p->m;
    size_t h = m->config.vision.hidden, patches = p->rows - 1;
    int rc = embed(p, pixels, e);

    if (rc < 0)
        return rc;
    p->o->layer_norm(p->normed, p->x, p->n, h, m->pre_norm.weight, m->pre_norm.bias,
                     m->config.vision.eps);
    memcpy(p->x, p->normed, p->n * h * sizeof(*p->x));
    for (uint32_t i = 0; rc == 0 && i < m->config.vision_blocks; i++)
        rc = run_block(p, &m->blocks[i], e);
    if (rc < 0)
        return rc;
    *out = mem_new(p->tiles * patches * h, sizeof(**out), e);
    if (!*out)
        return ERR_NOMEM;
    for (size_t t = 0; t < p->tiles; t++)
        memcpy(*out + t * patches * h, p->x + (t * p->rows + 1) * h, patches * h * sizeof(**out));
    return 0;
}

static struct vision_pass make_pass(const struct model *m, const struct ops *o, size_t tiles)
{
    uint32_t grid = config_grid(&m->config);
    size_t rows = (size_t)grid * grid + 1;

    return (struct vision_pass){ .m = m, .o = o, .tiles = tiles, .rows = rows, .n = tiles * rows };
}

int vision_encode(float **out, const struct model *m, const struct ops *o, const float *pixels,
                  size_t tiles, struct err *e)
{
    struct vision_pass p = make_pass(m, o, tiles);
    struct buffer buffers[BUFFERS];
    int rc;

    *out = NULL;
    list_buffers(&p, buffers);
    rc = buffers_new(buffers, BUFFERS, e);
    if (rc == 0) {
        p.q = p.wide; /* attention and MLP never need memory at the same time */
        p.k = p.wide + p.n * m->config.vision.hidden;
        p.v = p.wide + 2 * p.n * m->config.vision.hidden;
        rc = run(&p, pixels, out, e);
    }
    buffers_free(buffers, BUFFERS);
    return rc;
}

/* The patches are gone when the first block begins, and its scratch when the output is copied. */
size_t vision_bytes(const struct model *m, const struct ops *o, size_t tiles)
{
    const struct vision_block *b = &m->blocks[0];
    const struct matrix *const products[] = { &b->q.w,   &b->k.w,   &b->v.w,
                                              &b->out.w, &b->fc1.w, &b->fc2.w };
    struct vision_pass p = make_pass(m, o, tiles);
    struct buffer buffers[BUFFERS];
    size_t patches = tiles * (p.rows - 1);
    size_t most = patches * m->patch_embedding.cols * sizeof(float) +
                  o->linear_bytes(o, patches, &m->patch_embedding);

    list_buffers(&p, buffers);
    if (m->config.vision_blocks > 0) {
        most = larger_of(most, o->attend_bytes(o, p.rows));
        most = larger_of(most,
                         products_bytes(o, p.n, products, sizeof(products) / sizeof(products[0])));
    }
    most = larger_of(most, patches * m->config.vision.hidden * sizeof(float));
    return buffers_bytes(buffers, BUFFERS) + most;
}
