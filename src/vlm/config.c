/* SPDX-License-Identifier: MIT
 *
 * config.c - a folder's configuration is found and given to its family.
 */
#include "vlm/config.h"

#include <stdlib.h>
#include <string.h>

#include "vlm/families/family.h"
#include "vlm/families/read.h"

enum { CONFIG_FILE_MAX = 4 << 20 };

static const struct family *const families[] = {
    &llava_next_family,      &qwen3_vl_family, &qwen2_vl_family,
    &qwen2_5_vl_family,      &idefics3_family, &smolvlm_family,
    &llava_onevision_family, &llava_family,    &internvl_family,
};

/* ---- config.json ---- */

static int find_family(const struct cursor *top, const struct family **out, struct err *e)
{
    struct cursor type = cursor_member(top, "model_type");
    const char *name = jv_text(type.value);
    char expected[300];
    size_t at = 0;

    for (size_t i = 0; i < COUNT(families); i++) {
        if (text_equal(name, families[i]->model_type)) {
            *out = families[i];
            return 0;
        }
        at += (size_t)snprintf(expected + at, sizeof(expected) - at, "%s%s",
                               i == 0                    ? ""
                               : i + 1 < COUNT(families) ? ", "
                                                         : " or ",
                               families[i]->model_type);
    }
    err_set(e, ERR_FORMAT, "models of this architecture are not read");
    err_got(e, "%s", name ? name : "no model_type");
    err_expected(e, "%s", expected);
    if (text_equal(name, "internvl_chat"))
        err_hint(e, "the same model in the form of transformers is read: its folder's name ends in "
                    "-hf or -HF");
    else if (name && !jv_get(top->value, "vision_config"))
        err_hint(e,
                 "it has no vision_config: a model of text alone? Those see no pictures; one that "
                 "does can be asked on a server, too: engine: http in assent.yaml");
    read_elsewhere(e);
    return cursor_at(&type, e);
}

static int check_quantization(const struct cursor *top, struct err *e)
{
    struct cursor quantization = cursor_member(top, "quantization_config");

    if (!jv_is_object(quantization.value))
        return 0;
    cursor_refuse(&quantization, "a quantised folder", e);
    return err_hint(e, "the folder in full precision that it was made of can be read");
}

/* The weights, where they are not called as usual: since transformers 5. */
static int read_weights_file(const struct cursor *c, void *member, struct err *e)
{
    const char *name = jv_text(c->value);
    size_t len = name ? strlen(name) : 0;
    static const char *const ends[] = { ".safetensors", ".safetensors.index.json" };

    for (size_t i = 0; i < COUNT(ends) && len < WEIGHTS_FILE_MAX && name && !strchr(name, '/'); i++)
        if (len > strlen(ends[i]) && strcmp(name + len - strlen(ends[i]), ends[i]) == 0) {
            memcpy(member, name, len + 1);
            return 0;
        }
    return cursor_wrong(c, "the name of a .safetensors file of the folder, or of an index of some",
                        e);
}

static int read_model(const struct cursor *top, struct model_config *c, struct err *e)
{
    static const struct cursor_field fields[] = {
        { "transformers_weights", FIELD_NULLABLE,
          FIELD_OWN(struct model_config, weights_file, read_weights_file) },
        { 0 },
    };
    int rc;

    if ((rc = find_family(top, &c->family, e)) < 0 || (rc = check_quantization(top, e)) < 0 ||
        (rc = cursor_fields(top, fields, c, e)) < 0)
        return rc;
    return c->family->read(c, top, e);
}

int config_parse(struct model_config *out, const char *name, const char *text, size_t len,
                 struct err *e)
{
    struct cursor top;
    int rc = cursor_parse(&top, name, text, len, e);

    *out = (struct model_config){ 0 };
    if (rc < 0)
        return rc;
    if (jv_is_object(top.value)) {
        rc = read_model(&top, out, e);
    } else {
        err_set(e, ERR_FORMAT, "not a model's configuration");
        err_got(e, "%s", jv_type_name(top.value));
        err_expected(e, "an object");
        rc = cursor_at(&top, e);
    }
    cursor_close(&top);
    return rc;
}

static int load_model(struct model_config *out, const char *dir, struct err *e)
{
    char *path = file_join(dir, "config.json", e), *text = NULL;
    size_t len;
    int rc;

    if (!path)
        return ERR_NOMEM;
    if (!file_is_folder(dir)) {
        err_set(e, ERR_IO, "no such folder");
        err_expected(e, "a folder as downloaded from Hugging Face: config.json, tokenizer.json, "
                        "*.safetensors");
        rc = err_at(e, "%s", dir);
    } else {
        rc = file_read_regular(path, CONFIG_FILE_MAX, &text, &len, e);
    }
    if (rc == 0)
        rc = config_parse(out, path, text, len, e);
    free(text);
    free(path);
    return rc;
}

/* ---- the image processor ---- */

/* image_processor of the newer file, or the whole of the older one. */
static int read_prep_file(struct model_config *c, const struct cursor *top, struct err *e)
{
    struct cursor processor = cursor_member(top, "image_processor");

    c->prep = (struct prep_config){ .rescale = 1 / 255.0 };
    return c->family->read_prep(c, processor.value ? &processor : top, e);
}

int prep_config_parse(struct model_config *c, const char *name, const char *text, size_t len,
                      struct err *e)
{
    struct cursor top;
    int rc = cursor_parse(&top, name, text, len, e);

    if (rc == 0)
        rc = read_prep_file(c, &top, e);
    cursor_close(&top);
    return rc;
}

/* The file that has the settings; *path and *top are the caller's. */
static int find_prep(const char *dir, const char **file, char **path, struct cursor *top,
                     struct err *e)
{
    int rc = 0;

    *top = (struct cursor){ 0 };
    *file = "processor_config.json";
    *path = file_join(dir, *file, e);
    if (*path && file_exists(*path)) {
        const struct json_t *processor;

        rc = cursor_open(top, *path, CONFIG_FILE_MAX, e);
        processor = jv_get(top->value, "image_processor");
        if (rc < 0 || (processor && !jv_is_null(processor)))
            return rc;
        cursor_close(top);
    }
    free(*path);
    *file = "preprocessor_config.json";
    *path = file_join(dir, *file, e);
    return *path ? cursor_open(top, *path, CONFIG_FILE_MAX, e) : ERR_NOMEM;
}

static int load_prep(struct model_config *c, const char *dir, struct err *e)
{
    struct cursor top;
    const char *file;
    char *path;
    int rc = find_prep(dir, &file, &path, &top, e);

    if (rc == 0)
        rc = read_prep_file(c, &top, e);
    c->prep.file = file;
    cursor_close(&top);
    free(path);
    return rc;
}

int config_load(struct model_config *out, const char *dir, struct err *e)
{
    int rc = load_model(out, dir, e);

    return rc < 0 ? rc : load_prep(out, dir, e);
}
