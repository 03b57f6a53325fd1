/* SPDX-License-Identifier: MIT
 *
 * Rules: image_processing_pil_llava_next.py, image_processing_utils.py and modeling_llava_next.py
 * of transformers 5.23. Ratios are doubles and nothing is fused: ceil() must meet the same rounding
 * errors.
 */
#include "vlm/families/canvas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vlm/families/pixels.h"
#include "vlm/families/read.h"

enum { TILES_MAX = 256, PINPOINT_SIDE_MAX = 16384 };

/* ---- pinpoints ---- */

static int read_pinpoint(const struct cursor *pair, struct pinpoint *out, struct err *e)
{
    uint32_t *const sides[] = { &out->height, &out->width };
    struct cursor side = { 0 };
    int64_t pixels;

    if (jv_length(pair->value) != COUNT(sides))
        return cursor_wrong(pair, "pairs [height, width]", e);
    while (cursor_next(pair, &side)) {
        if (cursor_whole(&side, 1, PINPOINT_SIDE_MAX, &pixels, e) < 0)
            return e->code;
        *sides[side.index] = (uint32_t)pixels;
    }
    return 0;
}

/* Canvases are cut into whole tiles, and into no more than the largest models have. */
static int check_pinpoints(const struct cursor *list, const struct pinpoints *p, uint32_t tile,
                           struct err *e)
{
    for (size_t i = 0; i < p->n; i++) {
        struct cursor pair = cursor_element(list, i);
        uint32_t height = p->points[i].height, width = p->points[i].width;

        if (height % tile != 0 || width % tile != 0) {
            err_set(e, ERR_FORMAT, "a canvas that is not whole tiles");
            err_expected(e, "multiples of %u", tile);
        } else if ((size_t)height / tile * (width / tile) > TILES_MAX) {
            err_set(e, ERR_LIMIT, "a canvas of too many tiles");
            err_expected(e, "at most %d tiles of %u", TILES_MAX, tile);
        } else {
            continue;
        }
        err_got(e, "%u x %u", height, width);
        return cursor_at(list->value ? &pair : list, e);
    }
    return 0;
}

int read_pinpoints(const struct cursor *object, const struct pinpoints *usual, uint32_t tile,
                   struct pinpoints *out, struct err *e)
{
    struct cursor list = cursor_member(object, "image_grid_pinpoints"), pair = { 0 };
    int rc = 0;

    *out = *usual;
    if (!cursor_is_null(&list)) {
        out->n = jv_length(list.value);
        if (out->n == 0 || out->n > PINPOINTS_MAX)
            return cursor_wrong(&list, "a list of 1 to 64 pairs", e);
        while (rc == 0 && cursor_next(&list, &pair))
            rc = read_pinpoint(&pair, &out->points[pair.index], e);
    }
    return rc < 0 ? rc : check_pinpoints(&list, out, tile, e);
}

bool pinpoints_equal(const struct pinpoints *a, const struct pinpoints *b)
{
    return a->n == b->n && memcmp(a->points, b->points, a->n * sizeof(a->points[0])) == 0;
}

/* ---- a size's canvas ---- */

/* select_best_resolution: the canvas on which most of the image survives, then the one that wastes
 * least; of equals the first. */
static struct pinpoint best_canvas(const struct pinpoints *all, uint32_t width, uint32_t height)
{
    struct pinpoint best = all->points[0];
    int64_t best_effective = -1, best_wasted = INT64_MAX;

    for (size_t i = 0; i < all->n; i++) {
        struct pinpoint p = all->points[i];
        double scale = fmin((double)p.width / width, (double)p.height / height);
        int64_t w = (int64_t)(width * scale), h = (int64_t)(height * scale);
        int64_t effective = w * h, whole = (int64_t)width * height, wasted;

        if (effective > whole)
            effective = whole;
        wasted = (int64_t)p.width * p.height - effective;
        if (effective > best_effective || (effective == best_effective && wasted < best_wasted)) {
            best_effective = effective;
            best_wasted = wasted;
            best = p;
        }
    }
    return best;
}

/* get_patch_output_size: the largest of the image's shape that fits. */
static void fit(struct canvas *c, uint32_t width, uint32_t height)
{
    double across = (double)c->size.width / width, down = (double)c->size.height / height;

    if (across < down) {
        c->width = c->size.width;
        c->height = (uint32_t)fmin(ceil(height * across), c->size.height);
    } else {
        c->height = c->size.height;
        c->width = (uint32_t)fmin(ceil(width * down), c->size.width);
    }
    c->left = (c->size.width - c->width) / 2;
    c->top = (c->size.height - c->height) / 2;
}

/* unpad_image. The quotient is rounded to 7 decimals and cut there; whole-number division gives the
 * same for every size up to 3000 x 3000. */
static void unpad(struct canvas *c, uint32_t width, uint32_t height)
{
    double shape = (double)width / height, map_shape = (double)c->map_width / c->map_height;
    uint32_t pad;

    c->rows = c->map_height;
    c->cols = c->map_width;
    if (shape > map_shape) {
        pad = (c->map_height - (uint32_t)((uint64_t)height * c->map_width / width)) / 2;
        c->first_row = pad;
        c->rows -= 2 * pad;
    } else {
        pad = (c->map_width - (uint32_t)((uint64_t)width * c->map_height / height)) / 2;
        c->first_col = pad;
        c->cols -= 2 * pad;
    }
}

struct canvas canvas_choose(const struct pinpoints *p, uint32_t tile, uint32_t grid, uint32_t width,
                            uint32_t height)
{
    struct canvas c = { .size = best_canvas(p, width, height) };

    fit(&c, width, height);
    c.tiles_down = c.size.height / tile;
    c.tiles_across = c.size.width / tile;
    c.map_height = c.tiles_down * grid;
    c.map_width = c.tiles_across * grid;
    unpad(&c, width, height);
    return c;
}

size_t canvas_patch(const struct canvas *c, uint32_t grid, uint32_t row, uint32_t col)
{
    uint32_t r = c->first_row + row, x = c->first_col + col;
    size_t tile = 1 + (size_t)(r / grid) * c->tiles_across + x / grid;

    return tile * grid * grid + (size_t)(r % grid) * grid + x % grid;
}

/* ---- pixels ---- */

int canvas_pixels(float **out, const struct prep_config *c, const struct canvas *canvas,
                  uint32_t tile, const struct image *image, struct err *e)
{
    size_t size = (size_t)3 * tile * tile;
    size_t tiles = (size_t)canvas->tiles_down * canvas->tiles_across;
    struct window w = { .width = tile, .height = tile };
    struct image whole = { 0 }, fitted = { 0 };
    struct pixel_table table;
    int rc;

    *out = NULL;
    pixel_table_fill(&table, c);
    rc = image_resize(&whole, image, tile, tile, FILTER_BICUBIC, e);
    if (rc == 0)
        rc = image_resize(&fitted, image, canvas->width, canvas->height, FILTER_BICUBIC, e);
    if (rc == 0 && !(*out = mem_new((tiles + 1) * size, sizeof(**out), e)))
        rc = ERR_NOMEM;
    if (rc == 0) {
        pixels_window(*out, &whole, &w, &table);
        for (size_t i = 0; i < tiles; i++) {
            w.x = (int64_t)(i % canvas->tiles_across * tile) - canvas->left;
            w.y = (int64_t)(i / canvas->tiles_across * tile) - canvas->top;
            pixels_window(*out + (i + 1) * size, &fitted, &w, &table);
        }
    }
    image_release(&whole);
    image_release(&fitted);
    return rc;
}
