/* SPDX-License-Identifier: MIT
 *
 * LLaVA-1.5 and what else is of its class (modeling_llava.py of transformers): one square of the
 * picture through CLIP or SigLIP, and an MLP. Defaults: configuration_llava.py and
 * image_processing_pil_{clip,llava,siglip}.py of transformers 5.23.
 */
#include <string.h>

#include "vlm/families/cut.h"
#include "vlm/families/llava.h"
#include "vlm/families/read.h"
#include "vlm/families/square.h"

static const char *const texts[] = { "llama", "mistral", "qwen2", NULL };
static const struct llava_usual usual = {
    .tower = "clip_vision_model",
    .texts = texts,
    .layer = -2,
    .image_token = 32000,
};

static int read_own(struct model_config *c, const struct cursor *top, struct err *e)
{
    return llava_read(c, top, &usual, e);
}

/* ---- the image processor ---- */

struct processor {
    const char *name; /* without the ending of a backend */
    uint32_t side;    /* where `size` is absent: of the shorter side, or of both */
    bool shaped;      /* the picture keeps its shape there, and is cropped */
    bool may_pad;     /* to a square before, with do_pad */
    float mean[3], std[3];
};

#define CLIP_MEAN                            \
    {                                        \
        0.48145466f, 0.4578275f, 0.40821073f \
    }
#define CLIP_STD                              \
    {                                         \
        0.26862954f, 0.26130258f, 0.27577711f \
    }
#define HALVES           \
    {                    \
        0.5f, 0.5f, 0.5f \
    }

static const struct processor processors[] = {
    { "LlavaImageProcessor", 224, true, true, CLIP_MEAN, CLIP_STD },
    { "CLIPImageProcessor", 224, true, false, CLIP_MEAN, CLIP_STD },
    { "SiglipImageProcessor", 224, false, false, HALVES, HALVES },
};

static bool is_of_backend(const char *name, const char *plain)
{
    static const char *const endings[] = { "", "Fast", "Pil", NULL };
    size_t len = strlen(plain);

    return name && strncmp(name, plain, len) == 0 && is_among(name + len, endings);
}

/* A folder without a name means the model's own. */
static int find_processor(const struct cursor *object, const struct processor **out, struct err *e)
{
    struct cursor type = cursor_member(object, "image_processor_type");
    const char *name = jv_text(type.value);

    *out = &processors[0];
    if (!type.value && text_equal(jv_text(jv_get(object->value, "feature_extractor_type")),
                                  "CLIPFeatureExtractor"))
        *out = &processors[1];
    if (!type.value)
        return 0;
    for (size_t i = 0; i < COUNT(processors); i++)
        if (is_of_backend(name, processors[i].name)) {
            *out = &processors[i];
            return 0;
        }
    err_set(e, ERR_FORMAT, "pictures are not prepared in this way here");
    err_got(e, "%s", name ? name : jv_type_name(type.value));
    err_expected(e, "CLIPImageProcessor, LlavaImageProcessor or SiglipImageProcessor");
    read_elsewhere(e);
    return cursor_at(&type, e);
}

/* {"shortest_edge": 336} and 336 keep the picture's shape, {"height": 336, "width": 336} does not.
 */
static int read_size(const struct cursor *object, const struct processor *p, struct model_config *c,
                     struct err *e)
{
    struct cursor size = cursor_member(object, "size");
    struct cursor shorter = cursor_member(&size, "shortest_edge");
    const struct cursor *edge = jv_integer(size.value, &(int64_t){ 0 }) ? &size : &shorter;
    uint32_t side = c->vision.image_size;
    int64_t pixels = p->side;
    int rc = 0;

    c->llava.cut.shorter = 0;
    if (size.value ? edge->value == NULL : !p->shaped)
        return check_side(object, "size", side, e);
    if (size.value)
        rc = cursor_whole(edge, 1, IMAGE_SIDE_MAX, &pixels, e);
    if (rc == 0 && edge == &shorter && size.value && jv_members(size.value) != 1)
        rc = cursor_wrong(&size, "shortest_edge alone, or height and width", e);
    if (rc < 0)
        return rc;
    c->llava.cut.shorter = (uint32_t)pixels;
    if (pixels >= side)
        return 0;
    err_set(e, ERR_FORMAT, "pictures smaller than what is cut out of them");
    err_got(e, "%lld", (long long)pixels);
    err_expected(e, "at least the tower's image_size, %u", side);
    return cursor_at(&size, e);
}

/* What keeps its shape must be cut; of a square there is nothing to cut. */
static int read_crop(const struct cursor *object, const struct processor *p,
                     const struct model_config *c, struct err *e)
{
    struct cursor crop = cursor_member(object, "do_center_crop");
    bool crops = p->shaped;
    int rc = cursor_is_null(&crop) ? 0 : cursor_flag(&crop, &crops, e);

    if (rc < 0)
        return rc;
    if (crops)
        return check_side(object, "crop_size", c->vision.image_size, e);
    return c->llava.cut.shorter == 0
               ? 0
               : refuse(&crop, "pictures that keep their shape and are not cut", e);
}

static int read_prep(struct model_config *c, const struct cursor *object, struct err *e)
{
    struct cursor pad = cursor_member(object, "do_pad");
    const struct processor *p;
    bool pads = false;
    int rc = find_processor(object, &p, e);

    if (rc < 0)
        return rc;
    memcpy(c->prep.mean, p->mean, sizeof(p->mean));
    memcpy(c->prep.std, p->std, sizeof(p->std));
    if ((rc = read_prep_common(object, PILLOW_BICUBIC, &c->prep, e)) < 0 ||
        (rc = read_size(object, p, c, e)) < 0 || (rc = read_crop(object, p, c, e)) < 0)
        return rc;
    if (!cursor_is_null(&pad) && (rc = cursor_flag(&pad, &pads, e)) < 0)
        return rc;
    c->llava.cut.pads = pads && p->may_pad;
    if (!c->llava.cut.pads || cut_check_mean(&c->prep, e) == 0)
        return 0;
    return cursor_at(&pad, e);
}

static bool add_settings(const struct model_config *c, struct json_t *model, struct json_t *prep)
{
    const struct cut_rule *cut = &c->llava.cut;

    return llava_settings(c, model, prep) &&
           jv_set(model, "vision_feature_select_strategy",
                  jv_pack("s", c->llava.skipped ? "default" : "full")) &&
           jv_set(prep, "shortest_edge", jv_pack("I", (long long)cut->shorter)) &&
           jv_set(prep, "do_pad", jv_pack("b", (int)cut->pads));
}

/* ---- a picture ---- */

static int lay_out(struct layout *out, const struct model_config *c, uint32_t width,
                   uint32_t height, struct err *e)
{
    struct llava_layout l = { .rows = 0 }; /* nothing behind the square's rows */
    int rc = cut_choose(&l.cut, &c->llava.cut, c->vision.image_size,
                        &(struct pinpoint){ height, width }, e);

    if (rc == 0)
        llava_fill_layout(out, c, &l);
    return rc;
}

static int make_pixels(float **out, const struct model_config *c, const struct layout *l,
                       const struct image *image, struct err *e)
{
    return cut_pixels(out, &c->prep, &l->llava.cut, c->vision.image_size, image, e);
}

const struct family llava_family = {
    .model_type = "llava",
    .architecture = "LlavaForConditionalGeneration",
    .read = read_own,
    .read_prep = read_prep,
    .settings = add_settings,
    .bind = llava_bind,
    .least_tokens = llava_rows,
    .layout = lay_out,
    .pixels = make_pixels,
    .encode = llava_encode,
    .encode_bytes = llava_encode_bytes,
    .connector_flop = llava_connector_flop,
};
