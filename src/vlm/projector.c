/* SPDX-License-Identifier: MIT
 *
 * projector.c - the MLP between the towers, the padding taken off, the row ends put in.
 */
#include <stdlib.h>
#include <string.h>

#include "vlm/buffers.h"
#include "vlm/forward.h"

/* The row of `vision` that holds patch (row, col) of the map. */
static size_t patch_of_map(const struct layout *l, uint32_t grid, uint32_t row, uint32_t col)
{
    size_t tile = 1 + (size_t)(row / grid) * l->tiles_across + col / grid;

    return tile * grid * grid + (size_t)(row % grid) * grid + col % grid;
}

static size_t projected_patches(const struct model *m, const struct layout *l)
{
    uint32_t grid = config_grid(&m->config);

    return (size_t)grid * grid + (size_t)l->rows * l->cols;
}

/* The patches that are used, in the order of the packed features but without newlines. */
static float *gather(const struct model *m, const float *vision, const struct layout *l, size_t *n,
                     struct err *e)
{
    uint32_t grid = config_grid(&m->config);
    size_t h = m->config.vision.hidden, base = (size_t)grid * grid;
    float *out;

    *n = projected_patches(m, l);
    out = mem_new(*n * h, sizeof(*out), e);
    if (!out)
        return NULL;
    memcpy(out, vision, base * h * sizeof(*out));
    for (uint32_t r = 0; r < l->rows; r++)
        for (uint32_t c = 0; c < l->cols; c++) {
            size_t from = patch_of_map(l, grid, l->first_row + r, l->first_col + c);

            memcpy(out + (base + (size_t)r * l->cols + c) * h, vision + from * h, h * sizeof(*out));
        }
    return out;
}

static void pack(float *out, const struct model *m, const float *projected, const struct layout *l)
{
    uint32_t grid = config_grid(&m->config);
    size_t h = m->config.text.hidden, base = (size_t)grid * grid;

    memcpy(out, projected, base * h * sizeof(*out));
    out += base * h;
    projected += base * h;
    for (uint32_t r = 0; r < l->rows; r++) {
        memcpy(out, projected, l->cols * h * sizeof(*out));
        out += l->cols * h;
        projected += l->cols * h;
        memcpy(out, m->newline, h * sizeof(*out));
        out += h;
    }
}

static int project(const struct model *m, const struct ops *o, const float *x, size_t n,
                   float *wide, float *out, struct err *e)
{
    int rc = o->linear(o, wide, x, n, &m->projector[0].w, m->projector[0].bias, e);

    if (rc < 0)
        return rc;
    o->activate(wide, n * m->config.text.hidden, m->config.projector_act);
    return o->linear(o, out, wide, n, &m->projector[1].w, m->projector[1].bias, e);
}

int project_image(float **out, const struct model *m, const struct ops *o, const float *vision,
                  const struct layout *l, const struct trace *t, struct err *e)
{
    size_t h = m->config.text.hidden, n;
    float *x = gather(m, vision, l, &n, e), *wide = NULL, *projected = NULL;
    int rc = ERR_NOMEM;

    *out = NULL;
    if (x && (wide = mem_new(n * h, sizeof(*wide), e)) &&
        (projected = mem_new(n * h, sizeof(*projected), e)) &&
        (*out = mem_new(l->tokens * h, sizeof(**out), e)))
        rc = project(m, o, x, n, wide, projected, e);
    if (rc == 0)
        rc = trace_floats(t, "projected", projected, 2, (size_t[]){ n, h }, e);
    if (rc == 0) {
        pack(*out, m, projected, l);
        rc = trace_floats(t, "features", *out, 2, (size_t[]){ l->tokens, h }, e);
    }
    if (rc < 0) {
        free(*out);
        *out = NULL;
    }
    free(x);
    free(wide);
    free(projected);
    return rc;
}

size_t project_bytes(const struct model *m, const struct ops *o, const struct layout *l)
{
    const struct matrix *const products[] = { &m->projector[0].w, &m->projector[1].w };
    size_t n = projected_patches(m, l), vision = m->config.vision.hidden,
           text = m->config.text.hidden;

    return (n * (vision + 2 * text) + l->tokens * text) * sizeof(float) +
           products_bytes(o, n, products, sizeof(products) / sizeof(products[0]));
}
