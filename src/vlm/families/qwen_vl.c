/* SPDX-License-Identifier: MIT
 *
 * Rules: image_processing_pil_qwen2_vl.py and get_rope_index of modeling_qwen3_vl.py, transformers
 * 5.23.
 */
#include "vlm/families/qwen_vl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vlm/families/pixels.h"
#include "vlm/families/read.h"

enum {
    FRAMES = 2,       /* of a video that make one patch; a still picture is both */
    RATIO_MAX = 200,  /* of a picture's sides */
    BLOCK_MAX = 1024, /* side of a token's block, in pixels */
};
#define SHORTEST_MAX ((uint64_t)IMAGE_PIXELS_MAX)
#define LONGEST_MAX  ((uint64_t)1 << 40)

static uint32_t block_side(const struct model_config *c)
{
    return c->vision.patch * c->qwen.merge;
}

/* ---- config.json ---- */

static int check_tower(const struct cursor *section, const struct model_config *c, struct err *e)
{
    const struct tower_config *v = &c->vision;
    const struct refusal refusals[] = {
        { v->channels != 3, "in_channels", "another number of channels than 3" },
        { c->qwen.frames != FRAMES, "temporal_patch_size", "patches of another length than 2" },
        { v->patch * c->qwen.merge > BLOCK_MAX, "patch_size", "blocks of patches this large" },
        { v->hidden % v->heads != 0, "num_heads", "a hidden size that the heads do not divide" },
        { v->hidden / v->heads % 4 != 0, "num_heads",
          "heads that do not turn by row and column: their size is no multiple of 4" },
    };

    return check_refusals(section, refusals, COUNT(refusals), e);
}

/* rope_parameters of the tower, that newer folders have. */
static int read_tower_rope(const struct cursor *section, struct model_config *c, struct err *e)
{
    static const struct cursor_field fields[] = {
        { POSITIVE("rope_theta", struct qwen_config, tower_theta) },
        { 0 },
    };
    struct cursor rope = cursor_member(section, "rope_parameters");
    struct cursor type = cursor_member(&rope, "rope_type");

    if (type.value && !text_equal(jv_text(type.value), "axial") &&
        !text_equal(jv_text(type.value), "default"))
        return cursor_wrong(&type, "axial", e);
    return read_section(&rope, fields, &c->qwen, e);
}

const struct cursor_field qwen_widths[] = {
    { SIZE("hidden_size", struct model_config, vision.hidden, SIDE_MAX) },
    { SIZE("intermediate_size", struct model_config, vision.intermediate, SIDE_MAX) },
    { SIZE("out_hidden_size", struct model_config, qwen.out_hidden, SIDE_MAX) },
    { 0 },
};

int qwen_read_tower(struct model_config *c, const struct cursor *section, const char *const *types,
                    const struct cursor_field *widths, struct err *e)
{
    static const struct cursor_field of_tower[] = {
        { SIZE("depth", struct tower_config, layers, LAYERS_MAX) },
        { SIZE("num_heads", struct tower_config, heads, SIDE_MAX) },
        { SIZE("patch_size", struct tower_config, patch, BLOCK_MAX) },
        { SIZE("in_channels", struct tower_config, channels, 16) },
        { ACTIVATION("hidden_act", struct tower_config, act) },
        { 0 },
    };
    static const struct cursor_field of_qwen[] = {
        { SIZE("spatial_merge_size", struct qwen_config, merge, 16) },
        { SIZE("temporal_patch_size", struct qwen_config, frames, 16) },
        { 0 },
    };
    struct cursor type = cursor_member(section, "model_type");
    int rc = 0;

    if (!cursor_is_null(&type) && !is_among(jv_text(type.value), types))
        rc = cursor_wrong(&type, types[0], e);
    if (rc < 0 || (rc = read_section(section, widths, c, e)) < 0 ||
        (rc = read_section(section, of_tower, &c->vision, e)) < 0 ||
        (rc = read_section(section, of_qwen, &c->qwen, e)) < 0 ||
        (rc = read_tower_rope(section, c, e)) < 0)
        return rc;
    c->vision.blocks = c->vision.layers;
    return check_tower(section, c, e);
}

int qwen_check_width(const struct cursor *section, const char *key, const struct model_config *c,
                     struct err *e)
{
    const struct refusal refusals[] = {
        { c->qwen.out_hidden != c->text.hidden, key,
          "a tower whose rows are not as wide as the text model" },
    };

    return check_refusals(section, refusals, COUNT(refusals), e);
}

int qwen_read_blocks(struct block_list *out, const struct cursor *section, const char *key,
                     uint32_t blocks, struct err *e)
{
    struct cursor list = cursor_member(section, key), item = { 0 };
    int64_t block, least = 0;

    if (!list.value)
        return 0;
    if (!jv_is_array(list.value) || jv_length(list.value) > LISTED_BLOCKS_MAX)
        return cursor_wrong(&list, "a list of a few of the tower's blocks", e);
    out->n = 0;
    while (cursor_next(&list, &item)) {
        if (!jv_integer(item.value, &block) || block < least || block >= blocks)
            return cursor_wrong(&item, "blocks of the tower, rising", e);
        out->at[out->n++] = (uint32_t)block;
        least = block + 1;
    }
    return 0;
}

/* ---- the image processor ---- */

struct limits {
    int64_t shortest, longest;
};

/* The "edges" are areas in pixels; their other names go before them. Folders of before 4.49 have
 * these in `size` too, where they do not count. */
static int read_limits(const struct cursor *object, struct model_config *c, struct err *e)
{
    static const struct cursor_field of_size[] = {
        { "shortest_edge", FIELD_NULLABLE, FIELD_INT64(struct limits, shortest, 1, SHORTEST_MAX) },
        { "longest_edge", FIELD_NULLABLE, FIELD_INT64(struct limits, longest, 1, LONGEST_MAX) },
        { 0 },
    };
    static const struct cursor_field others[] = {
        { "min_pixels", FIELD_NULLABLE, FIELD_INT64(struct limits, shortest, 1, SHORTEST_MAX) },
        { "max_pixels", FIELD_NULLABLE, FIELD_INT64(struct limits, longest, 1, LONGEST_MAX) },
        { 0 },
    };
    static const struct limits usual = { .shortest = 56 * 56, .longest = 28 * 28 * 1280 };
    struct cursor size = cursor_member(object, "size");
    struct cursor shortest = cursor_member(&size, "shortest_edge");
    struct cursor longest = cursor_member(&size, "longest_edge");
    struct limits l = cursor_is_null(&size) ? usual : (struct limits){ 0 };
    int rc = read_section(&size, of_size, &l, e);

    if (rc == 0)
        rc = cursor_fields(object, others, &l, e);
    if (rc == 0 && (l.shortest == 0 || l.longest == 0))
        rc = cursor_wrong(l.shortest == 0 ? &shortest : &longest, "an area in pixels", e);
    c->qwen.min_pixels = (uint64_t)l.shortest;
    c->qwen.max_pixels = (uint64_t)l.longest;
    return rc;
}

/* What both files say must be one thing. */
static int check_same(const struct cursor *object, const char *key, uint32_t usual, uint32_t is,
                      struct err *e)
{
    struct cursor at = cursor_member(object, key);
    int64_t said = usual;
    int rc = at.value ? cursor_whole(&at, 1, UINT32_MAX, &said, e) : 0;

    if (rc < 0 || said == is)
        return rc;
    err_set(e, ERR_FORMAT, "pictures are prepared for another vision tower");
    err_got(e, "%s%lld", at.value ? "" : "none, which means ", (long long)said);
    err_expected(e, "%u, as config.json has it", is);
    return cursor_at(&at, e);
}

int qwen_read_prep(struct model_config *c, const struct cursor *object, struct err *e)
{
    int rc;

    for (size_t i = 0; i < 3; i++) {
        c->prep.mean[i] = clip_mean[i];
        c->prep.std[i] = clip_std[i];
    }
    if ((rc = read_prep_common(object, PILLOW_BICUBIC, &c->prep, e)) < 0 ||
        (rc = check_same(object, "patch_size", 14, c->vision.patch, e)) < 0 ||
        (rc = check_same(object, "merge_size", 2, c->qwen.merge, e)) < 0 ||
        (rc = check_same(object, "temporal_patch_size", 2, c->qwen.frames, e)) < 0)
        return rc;
    return read_limits(object, c, e);
}

int qwen_choose(struct model_config *c, const struct vlm_pictures *chosen, struct err *e)
{
    struct qwen_config *q = &c->qwen;
    uint64_t least = chosen->min_pixels ? chosen->min_pixels : q->min_pixels;
    uint64_t most = chosen->max_pixels ? chosen->max_pixels : q->max_pixels;

    if (chosen->tiles > 0) {
        err_set(e, ERR_ARG, "this model's pictures are not cut into tiles");
        return err_hint(e, "max_pixels bounds what a picture takes");
    }
    if (least > most) {
        err_set(e, ERR_ARG, "min_pixels is above max_pixels");
        err_got(e, "%llu and %llu", (unsigned long long)least, (unsigned long long)most);
        return err_hint(e, "what is not said is as the model's folder has it: say both");
    }
    if (least > SHORTEST_MAX || most > LONGEST_MAX) {
        err_set(e, ERR_ARG, "more pixels than pictures are resized to");
        err_got(e, "%llu", (unsigned long long)(least > SHORTEST_MAX ? least : most));
        return err_expected(e, "at most %llu", (unsigned long long)SHORTEST_MAX);
    }
    q->min_pixels = least;
    q->max_pixels = most;
    return 0;
}

struct vlm_pictures qwen_chosen(const struct model_config *c)
{
    return (struct vlm_pictures){ .min_pixels = c->qwen.min_pixels,
                                  .max_pixels = c->qwen.max_pixels };
}

static bool set_number(struct json_t *object, const char *key, uint64_t number)
{
    return jv_set(object, key, jv_pack("I", (long long)number));
}

struct json_t *qwen_blocks_json(const struct block_list *list)
{
    struct json_t *out = jv_array();

    for (size_t i = 0; out && i < list->n; i++)
        if (!jv_append(out, jv_pack("i", (int)list->at[i]))) {
            jv_free(out);
            out = NULL;
        }
    return out;
}

bool qwen_settings(const struct model_config *c, struct json_t *model, struct json_t *prep)
{
    const uint32_t *sections = c->text.rope_sections;

    return set_number(prep, "min_pixels", c->qwen.min_pixels) &&
           set_number(prep, "max_pixels", c->qwen.max_pixels) &&
           set_number(model, "spatial_merge_size", c->qwen.merge) &&
           jv_set(model, "vision_rope_theta", jv_real(c->qwen.tower_theta)) &&
           jv_set(model, "mrope_section",
                  jv_pack("[i, i, i]", (int)sections[0], (int)sections[1], (int)sections[2]));
}

/* ---- a picture ---- */

/* A side of a large picture is rounded down, by less than half of it or to one block. */
size_t qwen_least_tokens(const struct model_config *c)
{
    uint64_t block = (uint64_t)block_side(c) * block_side(c), quarter = c->qwen.max_pixels / 4;
    uint64_t pixels = c->qwen.min_pixels < quarter ? c->qwen.min_pixels : quarter;

    return pixels > block ? (size_t)(pixels / block) : 1;
}

struct resized {
    double width, height;
};

/* smart_resize. Doubles, and nothing fused: the roundings must meet the same errors. rint is
 * Python's round: ties go to the even number. */
static struct resized resize(const struct model_config *c, double width, double height)
{
    double f = block_side(c), least = (double)c->qwen.min_pixels, most = (double)c->qwen.max_pixels;
    struct resized r = { rint(width / f) * f, rint(height / f) * f };

    if (r.width * r.height > most) {
        double by = sqrt(width * height / most);

        r.width = fmax(f, floor(width / by / f) * f);
        r.height = fmax(f, floor(height / by / f) * f);
    } else if (r.width * r.height < least) {
        double by = sqrt(least / (width * height));

        r.width = ceil(width * by / f) * f;
        r.height = ceil(height * by / f) * f;
    }
    return r;
}

static int too_large(const struct resized *r, struct err *e)
{
    err_set(e, ERR_LIMIT, "a picture of more pixels than the model can be given");
    err_got(e, "%.0f x %.0f", r->width, r->height);
    return err_hint(e, "max_pixels bounds what a picture is resized to");
}

static void count(struct layout *out, const struct model_config *c, uint32_t across, uint32_t down)
{
    size_t patches = (size_t)across * down, patch = c->vision.patch;

    *out = (struct layout){
        .shape = { patches, 3 * FRAMES * patch * patch },
        .rank = 2,
        .resized = { .width = across * c->vision.patch, .height = down * c->vision.patch },
        .pictures = 1,
        .tower_rows = patches,
        .longest_span = patches,
        .tower_pairs = (double)c->vision.blocks * (double)patches * (double)patches,
        .projected = patches / (c->qwen.merge * c->qwen.merge),
        .tokens = patches / (c->qwen.merge * c->qwen.merge),
        .grid = { .across = across, .down = down, .merge = c->qwen.merge },
    };
}

int qwen_layout(struct layout *out, const struct model_config *c, uint32_t width, uint32_t height,
                struct err *e)
{
    double w = width, h = height, patch = c->vision.patch, block = block_side(c);
    struct resized r;

    if (fmax(w, h) / fmin(w, h) > RATIO_MAX) {
        err_set(e, ERR_LIMIT, "a picture this long and narrow is nothing the model can see");
        err_got(e, "%u x %u", width, height);
        return err_expected(e, "a side of at most %d times the other", RATIO_MAX);
    }
    r = resize(c, w, h);
    if (fmax(r.width, r.height) > IMAGE_SIDE_MAX ||
        r.width * r.height / (block * block) > TREE_TOKENS_MAX)
        return too_large(&r, e);
    count(out, c, (uint32_t)(r.width / patch), (uint32_t)(r.height / patch));
    return 0;
}

struct patch_place qwen_patch(const struct layout *l, size_t i)
{
    size_t merge = l->grid.merge, across = l->grid.across / merge;
    size_t block = i / (merge * merge), within = i % (merge * merge);

    return (struct patch_place){
        .row = (uint32_t)(block / across * merge + within / merge),
        .col = (uint32_t)(block % across * merge + within % merge),
    };
}

int qwen_pixels(float **out, const struct model_config *c, const struct layout *l,
                const struct image *image, struct err *e)
{
    uint32_t patch = c->vision.patch;
    size_t n = l->shape[0], values = l->shape[1], frame = (size_t)patch * patch;
    struct image resized = { 0 };
    struct pixel_table table;
    float *one = NULL;
    int rc = image_resize(&resized, image, l->grid.across * patch, l->grid.down * patch,
                          FILTER_BICUBIC, e);

    *out = NULL;
    if (rc == 0 && (!(one = mem_new(3 * frame, sizeof(*one), e)) ||
                    !(*out = mem_new(n * values, sizeof(**out), e))))
        rc = ERR_NOMEM;
    pixel_table_fill(&table, &c->prep);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct patch_place at = qwen_patch(l, i);
        struct window w = { (int64_t)at.col * patch, (int64_t)at.row * patch, patch, patch };

        pixels_window(one, &resized, &w, &table);
        for (size_t k = 0; k < 3 * FRAMES; k++)
            memcpy(*out + i * values + k * frame, one + k / FRAMES * frame, frame * sizeof(*one));
    }
    free(one);
    image_release(&resized);
    return rc;
}

/* ---- the tower ---- */

/* The sum over the frames: they are equal. */
static void fold(float *out, const struct weight *w, size_t rows, size_t frame)
{
    for (size_t i = 0; i < rows * 3; i++)
        for (size_t k = 0; k < frame; k++) {
            size_t at = i * FRAMES * frame + k;

            out[i * frame + k] = number_at(w->data, w->dtype, at);
            for (size_t f = 1; f < FRAMES; f++)
                out[i * frame + k] += number_at(w->data, w->dtype, at + f * frame);
        }
}

struct matrix qwen_take_patches(struct binder *b, const char *name)
{
    const struct tower_config *c = &b->m->config.vision;
    uint64_t rows = c->hidden, p = c->patch;
    const struct weight *w = take(b, name, 5, (uint64_t[]){ rows, 3, FRAMES, p, p });
    float *sum = w ? arena_new(&b->m->arena, w->n / FRAMES, sizeof(*sum), b->e) : NULL;

    if (!sum) {
        b->problems += w != NULL;
        return (struct matrix){ 0 };
    }
    fold(sum, w, rows, p * p);
    return take_made(b, sum, rows, 3 * p * p);
}

int qwen_patches(struct tensor *out, const struct pass *p, const struct layout *l,
                 const float *pixels, struct err *e)
{
    size_t n = l->shape[0], values = l->shape[1] / FRAMES, frame = values / 3;
    float *first = mem_new(n * values, sizeof(*first), e);
    int rc = first ? p->ops->alloc(p->ops, out, n, values, e) : ERR_NOMEM;

    for (size_t i = 0; rc == 0 && i < n * 3; i++)
        memcpy(first + i * frame, pixels + i * FRAMES * frame, frame * sizeof(*first));
    if (rc == 0)
        p->ops->write(p->ops, *out, first);
    free(first);
    return rc;
}

/* Of the pairs of a head: the first half turns by the row, the second by the column, with the same
 * frequencies. */
static void fill_pairs(float *frequency, uint8_t *axis_of, const struct model_config *c,
                       uint32_t pairs)
{
    rotary_frequencies(frequency, c->qwen.tower_theta, pairs, pairs / 2);
    for (uint32_t i = 0; i < pairs; i++) {
        axis_of[i] = i >= pairs / 2;
        frequency[i] = frequency[i % (pairs / 2)];
    }
}

int qwen_angles(struct angles *out, const struct pass *p, const struct layout *l, struct err *e)
{
    const struct model_config *c = &p->model->config;
    uint32_t pairs = c->vision.hidden / c->vision.heads / 2;
    size_t n = l->shape[0];
    uint32_t *places = mem_new(2 * n, sizeof(*places), e);
    float *frequency = mem_new(pairs, sizeof(*frequency), e);
    uint8_t *axis_of = mem_new(pairs, sizeof(*axis_of), e);
    int rc = places && frequency && axis_of ? 0 : ERR_NOMEM;

    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct patch_place at = qwen_patch(l, i);

        places[i] = at.row;
        places[n + i] = at.col;
    }
    if (rc == 0) {
        struct rotation r = { .n = n,
                              .pairs = pairs,
                              .axis = { places, places + n },
                              .frequency = frequency,
                              .axis_of = axis_of };

        fill_pairs(frequency, axis_of, c, pairs);
        rc = angles_new(out, p->ops, &r, e);
    }
    free(places);
    free(frequency);
    free(axis_of);
    return rc;
}

int qwen_merge(struct tensor *out, const struct pass *p, const struct connector *c,
               struct tensor rows, struct err *e)
{
    size_t block = (size_t)p->model->config.qwen.merge * p->model->config.qwen.merge;
    struct tensor blocks = tensor_shaped(rows, rows.rows / block, rows.cols * block);
    int rc = p->ops->alloc(p->ops, out, blocks.rows, p->model->config.text.hidden, e);

    return rc < 0 ? rc : connector_run(*out, p, c, blocks, e);
}

double qwen_connector_flop(const struct model_config *c, const struct layout *l)
{
    double block = (double)c->vision.hidden * c->qwen.merge * c->qwen.merge;
    double mergers = 1 + (double)c->qwen.deep.n;

    return mergers * 2 * (double)l->projected * (block * block + block * c->text.hidden);
}

/* ---- the language model ---- */

/* What a token leaves to those behind it on its path. */
struct left_behind {
    uint32_t next; /* where text goes on; within the image: where that begins */
    uint32_t seen; /* image tokens */
};

/* Text goes on behind the longer side of the image, whose tokens have the row and the column. */
int qwen_place(struct places *out, const struct model_config *c, const struct tree *t,
               const struct layout *l, struct err *e)
{
    uint32_t across = l->grid.across / l->grid.merge, down = l->grid.down / l->grid.merge;
    struct left_behind *all = mem_new(t->n, sizeof(*all), e);

    for (size_t i = 0; all && i < t->n; i++) {
        struct left_behind at = { 0 };
        uint32_t row = 0, col = 0;

        if (t->parent[i] != TREE_ROOT)
            at = all[t->parent[i]];
        if (t->ids[i] == c->image_token && at.seen < l->tokens) {
            row = at.seen / across;
            col = at.seen % across;
        }
        out->axis[0][i] = at.next;
        out->axis[1][i] = at.next + row;
        out->axis[2][i] = at.next + col;
        if (t->ids[i] != c->image_token || at.seen >= l->tokens)
            at.next++;
        else if (++at.seen == l->tokens)
            at.next += across > down ? across : down;
        all[i] = at;
    }
    free(all);
    return all ? 0 : ERR_NOMEM;
}
