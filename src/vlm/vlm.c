/* SPDX-License-Identifier: MIT
 *
 * vlm.c - a model's folder is opened; what it says of itself.
 */
#include "vlm/vlm.h"

#include <stdlib.h>
#include <string.h>

#include "vlm/engine.h"

enum { SMALL_FILE_MAX = 16 << 20 };
#define SPEED_SECONDS 0.1
/* What a pass is filled up to, where reading the weights takes a share of it (bench/together):
 * those of a small model stay in the processor's cache, and its answers are the same bits always.
 */
enum { PASS_TOKENS = 512, CACHED_BYTES = 64 << 20 };
enum { NARROW = 256 }; /* columns: below it a product takes less than a millisecond */

/* ---- small files of the folder ---- */

/* *root is NULL where there is no such file. */
static int read_json(const char *dir, const char *name, struct json_t **root, struct err *e)
{
    char *path = file_join(dir, name, e);
    int rc = path ? 0 : ERR_NOMEM;

    *root = NULL;
    if (rc == 0 && file_exists(path))
        rc = jv_read(root, path, SMALL_FILE_MAX, e);
    free(path);
    return rc;
}

/* "eos_token": "</s>", or {"content": "</s>"}. */
static const char *token_text(const struct json_t *config, const char *key)
{
    const struct json_t *value = jv_get(config, key);

    return jv_is_object(value) ? jv_text(jv_get(value, "content")) : jv_text(value);
}

static int copy_text(const char *text, char **out, struct err *e)
{
    *out = text ? strdup(text) : NULL;
    return text && !*out ? err_set(e, ERR_NOMEM, "out of memory: a text") : 0;
}

/* An id, or the first of a list of them. */
static bool first_id(const struct json_t *value, uint32_t *out)
{
    int64_t id;

    if (jv_is_array(value))
        value = jv_at(value, 0);
    if (!jv_integer(value, &id) || id < 0 || id > UINT32_MAX)
        return false;
    *out = (uint32_t)id;
    return true;
}

/* The end of turn: eos_token of the tokenizer, or the id that generation ends at. */
static int read_ends(struct vlm *v, const struct json_t *tokenizer_config, struct err *e)
{
    struct json_t *generation;
    int rc = copy_text(token_text(tokenizer_config, "bos_token"), &v->bos, e);

    if (rc == 0)
        rc = copy_text(token_text(tokenizer_config, "eos_token"), &v->eos, e);
    if (rc < 0)
        return rc;
    if (v->eos && tokenizer_id(v->tokenizer, v->eos, &v->eos_id)) {
        v->has_eos = v->eos_id < v->model->config.text.vocab;
        return 0;
    }
    v->generation_read = true;
    rc = read_json(v->dir, "generation_config.json", &generation, e);
    if (rc == 0)
        v->has_eos = first_id(jv_get(generation, "eos_token_id"), &v->eos_id) &&
                     v->eos_id < v->model->config.text.vocab;
    jv_free(generation);
    return rc;
}

/* ---- the chat template ---- */

/* A template's text, or the one named "default" of a list of them or of an object. */
static const char *template_of(const struct json_t *config)
{
    const struct json_t *value = jv_get(config, "chat_template");

    for (size_t i = 0; jv_is_array(value) && i < jv_length(value); i++)
        if (text_equal(jv_text(jv_get(jv_at(value, i), "name")), "default"))
            return jv_text(jv_get(jv_at(value, i), "template"));
    return jv_text(jv_is_object(value) ? jv_get(value, "default") : value);
}

/* Without the one newline at the end that Jinja leaves out. */
static void hash_template(struct vlm *v, const char *text)
{
    size_t len = strlen(text);

    sha256_hex(text, len > 0 && text[len - 1] == '\n' ? len - 1 : len, v->template_sha256);
}

static int parse_template(struct vlm *v, const char *name, const char *text, struct err *e)
{
    int rc = template_parse(&v->template, name, text, strlen(text), e);

    v->template_file = name;
    hash_template(v, text);
    if (rc < 0 && e->hint[0] == '\0')
        err_hint(e, "say the prompt yourself, with {image} and {question}: prompt: in assent.yaml, "
                    "or ask --prompt");
    return rc;
}

/* Where a template may stand, in the order in which transformers 5.23 reads them
 * (processing_utils.py, get_processor_dict; utils/hub.py, CHAT_TEMPLATE_DIR); the tokenizer's own
 * is the last. A key's name, or the whole file. */
static const struct {
    const char *file;
    bool json;
} template_places[] = {
    { "processor_config.json", true }, { "chat_template.json", true },
    { "chat_template.jinja", false },  { "additional_chat_templates/default.jinja", false },
    { "tokenizer_config.json", true },
};
enum { N_TEMPLATE_PLACES = sizeof(template_places) / sizeof(template_places[0]) };

/* *text is NULL where there is no template at this place. */
static int text_at(const struct vlm *v, size_t place, char **text, struct err *e)
{
    char *path = file_join(v->dir, template_places[place].file, e);
    struct json_t *json = NULL;
    size_t len;
    int rc = path ? 0 : ERR_NOMEM;

    *text = NULL;
    if (rc == 0 && template_places[place].json) {
        rc = read_json(v->dir, template_places[place].file, &json, e);
        if (rc == 0)
            rc = copy_text(template_of(json), text, e);
    } else if (rc == 0 && file_exists(path)) {
        rc = file_read_regular(path, TEMPLATE_FILE_MAX, text, &len, e);
    }
    jv_free(json);
    free(path);
    return rc;
}

static int no_template(const struct vlm *v, struct err *e)
{
    err_set(e, ERR_FORMAT, "the folder has no chat template");
    err_at(e, "%s", v->dir);
    err_expected(e, "chat_template.jinja, or the key chat_template in processor_config.json, "
                    "chat_template.json or tokenizer_config.json");
    return err_hint(e, "or say the prompt yourself, with {image} and {question}");
}

static int leave_template(struct vlm *v, const char *name, const struct events *ev, struct err *e)
{
    const struct vlm_left left = { name, "its chat template: another one goes before it" };

    return folder_leave(v, &left, EVENT_DETAIL, ev, e);
}

/* transformers 5.24 refuses both together (processing_utils.py, get_processor_dict). */
static int check_templates(const struct vlm *v, struct err *e)
{
    char *path = file_join(v->dir, "chat_template.json", e);
    bool both = path && file_exists(path) && folder_has_templates(v->dir);

    free(path);
    if (!path)
        return ERR_NOMEM;
    if (!both)
        return 0;
    err_set(e, ERR_FORMAT,
            "chat_template.json and templates in additional_chat_templates/ are both there");
    err_at(e, "%s", v->dir);
    return err_hint(e, "transformers reads neither then: remove one, or say the prompt yourself, "
                       "with {image} and {question}");
}

/* The first; those behind it are said to be left. */
static int read_template(struct vlm *v, const struct events *ev, struct err *e)
{
    const char *taken = NULL;
    int rc = check_templates(v, e);

    for (size_t i = 0; rc == 0 && i < N_TEMPLATE_PLACES; i++) {
        const char *name = template_places[i].file;
        char *text;

        rc = text_at(v, i, &text, e);
        if (rc == 0 && text && !taken)
            rc = parse_template(v, name, text, e);
        else if (rc == 0 && text)
            rc = leave_template(v, name, ev, e);
        taken = taken || !text ? taken : name;
        free(text);
    }
    return rc == 0 && !taken ? no_template(v, e) : rc;
}

static int check_own_prompt(const char *prompt, struct err *e)
{
    if (strstr(prompt, "{image}") && strstr(prompt, "{question}"))
        return 0;
    err_set(e, ERR_ARG, "a prompt needs {image} and {question}");
    return err_got(e, "%s", prompt);
}

/* ---- opening ---- */

static int choose_ops(struct vlm *v, const struct vlm_options *o, struct err *e)
{
    static const struct {
        const char *name;
        enum precision precision;
    } dtypes[] = { { "auto", PRECISION_F32 },
                   { "f32", PRECISION_F32 },
                   { "bf16", PRECISION_BF16 } };
    const char *dtype = o->dtype ? o->dtype : "auto";

    for (size_t i = 0; i < sizeof(dtypes) / sizeof(dtypes[0]); i++)
        if (strcmp(dtype, dtypes[i].name) == 0)
            return ops_new(&v->ops, o->reference ? OPS_REF : OPS_DNNL, dtypes[i].precision, e);
    err_set(e, ERR_ARG, "no precision that models are computed in");
    err_got(e, "%s", dtype);
    return err_expected(e, "auto, f32 or bf16");
}

static int check_image_token(const struct vlm *v, struct err *e)
{
    uint32_t id = v->model->config.image_token;

    if (tokenizer_token(v->tokenizer, id))
        return 0;
    err_set(e, ERR_FORMAT, "the image token of config.json is not in tokenizer.json");
    err_got(e, "id %u", id);
    return err_at(e, "%s", v->dir);
}

static int open_text(struct vlm *v, const struct vlm_options *o, struct err *e)
{
    struct json_t *config = NULL;
    int rc = vlm_tokenizer_open(&v->tokenizer, v->dir, e);

    if (rc == ERR_FORMAT && e->hint[0] == '\0')
        err_hint(e, "byte-level BPE and SentencePiece's BPE are read; the answers of a model that "
                    "another program runs: assent import FILE --annotator NAME --kind model");
    if (rc == 0)
        rc = check_image_token(v, e);
    if (rc == 0)
        rc = read_json(v->dir, "tokenizer_config.json", &config, e);
    if (rc == 0)
        rc = read_ends(v, config, e);
    if (rc == 0 && o->prompt) {
        rc = check_own_prompt(o->prompt, e);
        if (rc == 0)
            rc = copy_text(o->prompt, &v->prompt, e);
    } else if (rc == 0) {
        rc = read_template(v, o->events, e);
    }
    jv_free(config);
    return rc;
}

static void set_pass(struct vlm *v, const struct vlm_options *o)
{
    bool cached = weights_bytes(v->model->weights) < CACHED_BYTES;

    v->ops->narrow = v->model->config.text.hidden < NARROW;
    v->pass_tokens = o->pass_tokens ? o->pass_tokens : cached ? 0 : PASS_TOKENS;
}

int vlm_open(struct vlm **out, const char *dir, const struct vlm_options *o, struct err *e)
{
    struct vlm *v = mem_new(1, sizeof(*v), e);
    int rc;

    *out = NULL;
    if (!v)
        return ERR_NOMEM;
    rc = copy_text(dir, &v->dir, e);
    if (rc == 0)
        rc = choose_ops(v, o, e);
    if (rc == 0)
        rc = model_open(&v->model, dir, v->ops, o, e);
    if (rc == 0)
        set_pass(v, o);
    if (rc == 0)
        rc = open_text(v, o, e);
    if (rc == 0)
        rc = folder_look(v, o->events, e);
    if (rc < 0) {
        vlm_close(v);
        return rc;
    }
    *out = v;
    return 0;
}

void vlm_close(struct vlm *v)
{
    if (!v)
        return;
    model_close(v->model);
    tokenizer_free(v->tokenizer);
    template_free(v->template);
    free(v->ops);
    free(v->left);
    arena_release(&v->arena);
    free(v->prompt);
    free(v->bos);
    free(v->eos);
    free(v->dir);
    free(v);
}

/* ---- what it is ---- */

const char *precision_name(enum precision p)
{
    return p == PRECISION_BF16 ? "bf16" : "f32";
}

struct vlm_info vlm_info(const struct vlm *v)
{
    const struct model_config *c = &v->model->config;
    const struct weights *w = v->model->weights;
    struct vlm_info info = {
        .architecture = c->family->architecture,
        .family = c->text.family,
        .dtype = precision_name(v->ops->precision),
        .stored = dtype_name(v->model->embedding.dtype),
        .ops = v->ops->name,
        .text_layers = c->text.layers,
        .text_hidden = c->text.hidden,
        .text_heads = c->text.heads,
        .text_kv_heads = c->text.kv_heads,
        .vocabulary = c->text.vocab,
        .max_tokens = c->text.max_positions,
        .sliding_window = c->text.sliding_window,
        .vision_layers = c->vision.layers,
        .vision_hidden = c->vision.hidden,
        .vision_heads = c->vision.heads,
        .tile = c->vision.image_size,
        .pictures = c->family->chosen ? c->family->chosen(c) : (struct vlm_pictures){ 0 },
        .patch = c->vision.patch,
        .tensors = weights_count(w),
        .files = weights_files(w),
        .weight_bytes = weights_bytes(w),
        .weights_file = weights_source(w),
        .prep_file = c->prep.file,
        .template_file = v->template_file,
    };

    for (size_t i = 0; i < weights_count(w); i++)
        info.parameters += weights_at(w, i)->n;
    return info;
}

const struct vlm_left *vlm_left(const struct vlm *v, size_t *n)
{
    *n = v->n_left;
    return v->left;
}

struct vlm_tensor vlm_tensor(const struct vlm *v, size_t i)
{
    const struct weight *t = weights_at(v->model->weights, i);

    return (struct vlm_tensor){ t->name, dtype_name(t->dtype), t->file, t->rank, t->shape };
}

char *vlm_file(const struct vlm *v, size_t i, struct err *e)
{
    static const char *const small[] = {
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "preprocessor_config.json",
        "processor_config.json",
        "chat_template.jinja",
        "chat_template.json",
        "generation_config.json",
        "additional_chat_templates/default.jinja",
    };
    size_t shards = weights_files(v->model->weights), at = shards;
    char *path;

    if (i < shards) {
        int rc = copy_text(weights_file_path(v->model->weights, i), &path, e);

        return rc < 0 ? NULL : path;
    }
    for (size_t f = 0; f < sizeof(small) / sizeof(small[0]); f++) {
        path = file_join(v->dir, small[f], e);
        if (!path)
            return NULL;
        if (file_exists(path) && at++ == i)
            return path;
        free(path);
    }
    *e = (struct err){ 0 };
    return NULL;
}

/* Behind the weights and config.json, which every model has, comes the tokenizer. */
static size_t tokenizer_at(const struct vlm *v)
{
    return weights_files(v->model->weights) + 1;
}

const char *vlm_file_part(const struct vlm *v, size_t i)
{
    return i < weights_files(v->model->weights) ? "weights"
           : i == tokenizer_at(v)               ? "tokenizer"
                                                : NULL;
}

int vlm_file_digest(const struct vlm *v, size_t i, char hex[SHA256_HEX], struct err *e)
{
    char *path;
    int rc = 0;

    if (i < weights_files(v->model->weights)) {
        weights_digest(v->model->weights, i, hex);
        return 0;
    }
    path = vlm_file(v, i, e);
    rc = path ? tokenizer_digest(path, hex, e) : ERR_NOMEM;
    free(path);
    return rc;
}

int vlm_check_weights(const struct vlm *v, struct err *e)
{
    const struct weight *t = model_find_broken(v->model);

    if (!t)
        return 0;
    err_set(e, ERR_FORMAT, "a weight is NaN or infinite");
    return err_at(e, "%s: tensor %s", t->file, t->name);
}

char *vlm_token_text(const struct vlm *v, uint32_t id)
{
    char *text = NULL;

    if (tokenizer_token(v->tokenizer, id))
        return tokenizer_text(v->tokenizer, id);
    /* a row that pads the vocabulary */
    return asprintf(&text, "#%u", id) < 0 ? NULL : text;
}

/* ---- the tokenizer alone ---- */

int vlm_tokenizer_open(struct tokenizer **out, const char *dir, struct err *e)
{
    char *path = file_join(dir, "tokenizer.json", e);
    int rc = path ? tokenizer_open(out, path, e) : ERR_NOMEM;

    free(path);
    return rc;
}

void vlm_tokenizer_close(struct tokenizer *t)
{
    tokenizer_free(t);
}

int vlm_tokenize(const struct tokenizer *t, const char *text, size_t len, uint32_t **ids, size_t *n,
                 struct err *e)
{
    struct token_ids out = { 0 };
    int rc = tokenizer_encode(t, text, len, false, &out, e);

    if (rc < 0)
        token_ids_release(&out);
    *ids = out.ids;
    *n = out.n;
    return rc;
}

/* ---- how fast ---- */

static int new_zeros(const struct ops *o, struct tensor *out, size_t rows, size_t cols,
                     struct err *e)
{
    float *zeros = mem_new(rows * cols, sizeof(*zeros), e);
    int rc = zeros ? o->alloc(o, out, rows, cols, e) : ERR_NOMEM;

    if (rc == 0)
        o->write(o, *out, zeros);
    free(zeros);
    return rc;
}

/* The widest product of the language model on as many rows as an image has tokens, until enough
 * time went by to be measured. */
int vlm_speed(struct vlm *v, double *flops, struct err *e)
{
    enum { ROWS = 512 };
    const struct matrix *w = &v->model->layers[0].gate.w;
    const struct ops *o = v->ops;
    struct tensor x = { 0 }, y = { 0 }, none = { 0 };
    double begun = 0, seconds = 0, products = -1; /* the first one warms up */
    int threads = o->enter(o), rc = new_zeros(o, &x, ROWS, w->cols, e);

    if (rc == 0)
        rc = o->alloc(o, &y, ROWS, w->rows, e);

    while (rc == 0 && seconds < SPEED_SECONDS) {
        rc = o->linear(o, y, x, w, none, e);
        if (++products == 0)
            begun = clock_seconds();
        seconds = clock_seconds() - begun;
    }
    o->leave(threads);
    *flops = 2.0 * ROWS * (double)w->cols * (double)w->rows * products / seconds;
    o->release(o, &x);
    o->release(o, &y);
    return rc;
}
