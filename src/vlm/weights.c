/* SPDX-License-Identifier: MIT */
#include "vlm/weights.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    HEADER_MAX = 100000000, /* bytes: the reference reader's own limit */
    INDEX_MAX = 64 << 20,
    TENSORS_MAX = 1 << 20,
    FILES_MAX = 10000,
};

struct shard {
    char *path;
    const char *file; /* its name alone: the one that its tensors have */
    void *map;
    size_t len;
};

struct weights {
    struct shard *shards;
    size_t n_shards, cap_shards;
    struct weight *tensors;
    size_t n, cap;
    struct map *by_name;
    const char *source;
    struct arena arena; /* names */
};

/* ---- small things ---- */

static const struct {
    const char *name, *stored;
    size_t size;
} dtypes[] = {
    [DTYPE_F32] = { "f32", "F32", 4 },
    [DTYPE_F16] = { "f16", "F16", 2 },
    [DTYPE_BF16] = { "bf16", "BF16", 2 },
};

const char *dtype_name(enum dtype t)
{
    return dtypes[t].name;
}

size_t dtype_size(enum dtype t)
{
    return dtypes[t].size;
}

const char *weights_shape_text(uint32_t rank, const uint64_t *shape, char *out)
{
    int at = snprintf(out, 160, "[");

    for (uint32_t d = 0; d < rank && at < 120; d++)
        at += snprintf(out + at, (size_t)(160 - at), "%s%llu", d ? ", " : "",
                       (unsigned long long)shape[d]);
    snprintf(out + at, (size_t)(160 - at), "]");
    return out;
}

static bool has_prefix(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* ---- names ---- */

/* How names begin, in the files of any version and family, and in one form; of two that fit the
 * first. A leading "model." belongs to version 4.52 and later, "vision_model." to CLIP before 5.6,
 * "language_model.model." to files of any age. */
static const struct {
    const char *from, *to;
} beginnings[] = {
    { "model.language_model.model.", "language_model." },
    { "model.language_model.lm_head.", "lm_head." },
    { "model.language_model.", "language_model." },
    { "model.vision_tower.vision_model.", "vision_tower." },
    { "model.vision_tower.", "vision_tower." },
    { "model.multi_modal_projector.", "multi_modal_projector." },
    { "model.image_newline", "image_newline" },
    { "model.visual.", "visual." },
    { "model.vision_model.", "vision_tower." },
    { "model.connector.", "connector." },
    { "model.text_model.", "language_model." },
    { "vision_tower.vision_model.", "vision_tower." },
    { "language_model.model.", "language_model." },
    { "language_model.lm_head.", "lm_head." },
    { "model.layers.", "language_model.layers." },
    { "model.embed_tokens.", "language_model.embed_tokens." },
    { "model.norm.", "language_model.norm." },
};

/* Writes at most cap bytes. */
static void plain_name(const char *name, char *out, size_t cap)
{
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
        if (has_prefix(name, beginnings[i].from)) {
            snprintf(out, cap, "%s%s", beginnings[i].to, name + strlen(beginnings[i].from));
            return;
        }
    snprintf(out, cap, "%s", name);
}

/* Tables that old checkpoints carry and that follow from the configuration. */
static bool is_derived(const char *name)
{
    size_t len = strlen(name);
    static const char *const ends[] = { ".position_ids", ".rotary_emb.inv_freq" };

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        if (len > strlen(ends[i]) && strcmp(name + len - strlen(ends[i]), ends[i]) == 0)
            return true;
    return false;
}

/* ---- one file's header ---- */

struct contents { /* of a file, behind its header */
    const char *file;
    const unsigned char *data;
    uint64_t room; /* bytes */
};

struct extent { /* of one tensor, relative to the data's begin */
    uint64_t begin, end;
    const char *name;
};

static int bad(struct err *e, const char *file, const char *tensor, const char *what)
{
    err_set(e, ERR_FORMAT, "%s", what);
    return tensor ? err_at(e, "%s: tensor %s", file, tensor) : err_at(e, "%s", file);
}

static int read_dtype(const struct json_t *value, struct weight *t, struct err *e)
{
    const char *text = jv_text(jv_get(value, "dtype"));

    for (size_t i = 0; text && i < sizeof(dtypes) / sizeof(dtypes[0]); i++)
        if (strcmp(text, dtypes[i].stored) == 0) {
            t->dtype = (enum dtype)i;
            return 0;
        }
    err_set(e, ERR_FORMAT, "a number format that is not read");
    err_got(e, "%s", text ? text : "no dtype");
    err_expected(e, "F32, F16 or BF16");
    if (text && (text[0] == 'I' || text[0] == 'U' || has_prefix(text, "F8")))
        err_hint(e, "a quantised model? Its full-precision folder can be read");
    else
        err_hint(e, "transformers saves the folder in one of them: from_pretrained(.., "
                    "dtype=\"float32\"), then save_pretrained");
    return e->code;
}

/* n = the product of the shape, without overflow. */
static int read_shape(const struct json_t *value, struct weight *t, struct err *e)
{
    const struct json_t *shape = jv_get(value, "shape");
    int64_t side;

    if (!jv_is_array(shape) || jv_length(shape) > TENSOR_RANK_MAX)
        return err_set(e, ERR_FORMAT, "its shape is no list of at most 8 sizes");
    t->rank = (uint32_t)jv_length(shape);
    t->n = 1;
    for (uint32_t d = 0; d < t->rank; d++) {
        if (!jv_integer(jv_at(shape, d), &side) || side < 0)
            return err_set(e, ERR_FORMAT, "its shape is no list of whole numbers");
        t->shape[d] = (uint64_t)side;
        if (!size_mul(t->n, (size_t)side, &t->n))
            return err_set(e, ERR_FORMAT, "its shape is larger than any memory");
    }
    return 0;
}

static int read_extent(const struct json_t *value, uint64_t room, struct extent *x, struct err *e)
{
    const struct json_t *offsets = jv_get(value, "data_offsets");
    int64_t begin, end;

    if (jv_length(offsets) != 2 || !jv_integer(jv_at(offsets, 0), &begin) ||
        !jv_integer(jv_at(offsets, 1), &end) || begin < 0 || end < begin)
        return err_set(e, ERR_FORMAT, "its data_offsets are no [begin, end]");
    if ((uint64_t)end > room) {
        err_set(e, ERR_FORMAT, "its data ends behind the file: the file is cut off");
        err_got(e, "%llu bytes of data", (unsigned long long)room);
        return err_expected(e, "at least %lld", (long long)end);
    }
    x->begin = (uint64_t)begin;
    x->end = (uint64_t)end;
    return 0;
}

static int check_size(const struct weight *t, const struct extent *x, struct err *e)
{
    size_t bytes;

    if (size_mul(t->n, dtype_size(t->dtype), &bytes) && bytes == x->end - x->begin)
        return 0;
    err_set(e, ERR_FORMAT, "its data has another size than its shape");
    err_got(e, "%llu bytes", (unsigned long long)(x->end - x->begin));
    return err_expected(e, "%zu elements of %s", t->n, dtype_name(t->dtype));
}

static int add_tensor(struct weights *w, struct weight *t, struct err *e)
{
    size_t found;
    int rc = map_add(w->by_name, t->name, strlen(t->name), w->n, &found, e);

    if (rc < 0)
        return rc;
    if (rc == 0) {
        err_set(e, ERR_FORMAT, "this tensor is there twice");
        return err_hint(e, "also in %s", w->tensors[found].file);
    }
    rc = mem_grow(&w->tensors, &w->cap, w->n + 1, sizeof(*w->tensors), TENSORS_MAX, e);
    if (rc == 0)
        w->tensors[w->n++] = *t;
    return rc;
}

/* Of a derived tensor, which may be of any type, only the place counts. */
static int read_tensor(struct weights *w, const struct contents *c, const char *key,
                       const struct json_t *value, struct extent *x, struct err *e)
{
    struct weight t = { .file = c->file };
    char name[512];
    int rc;

    x->name = key;
    if (!jv_is_object(value))
        return err_set(e, ERR_FORMAT, "its description is no object");
    if (is_derived(key))
        return read_extent(value, c->room, x, e);
    if ((rc = read_dtype(value, &t, e)) < 0 || (rc = read_shape(value, &t, e)) < 0 ||
        (rc = read_extent(value, c->room, x, e)) < 0 || (rc = check_size(&t, x, e)) < 0)
        return rc;
    plain_name(key, name, sizeof(name));
    t.name = arena_text(&w->arena, name, strlen(name), e);
    t.data = c->data + x->begin;
    return t.name ? add_tensor(w, &t, e) : ERR_NOMEM;
}

static int by_begin(const void *a, const void *b)
{
    const struct extent *x = a, *y = b;

    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

static int check_metadata(const char *file, const struct json_t *metadata, struct err *e)
{
    struct json_t *value;
    void *iterator = NULL;
    const char *key;

    if (!jv_is_object(metadata))
        return bad(e, file, NULL, "its __metadata__ is no object");
    while (jv_member(metadata, &iterator, &key, &value))
        if (!jv_text(value))
            return bad(e, file, NULL, "its __metadata__ holds more than texts");
    return 0;
}

/* Tensors must tile the data from its begin to its end: no holes, no overlaps. */
static int check_tiling(const struct contents *c, struct extent *extents, size_t n, struct err *e)
{
    uint64_t at = 0;

    qsort(extents, n, sizeof(*extents), by_begin);
    for (size_t i = 0; i < n; i++) {
        if (extents[i].begin != at) {
            bad(e, c->file, extents[i].name,
                extents[i].begin > at ? "a hole in front of its data"
                                      : "its data overlaps another tensor's");
            err_got(e, "begin %llu", (unsigned long long)extents[i].begin);
            return err_expected(e, "%llu", (unsigned long long)at);
        }
        at = extents[i].end;
    }
    if (at == c->room)
        return 0;
    bad(e, c->file, NULL, "data that no tensor owns at the end of the file");
    err_got(e, "%llu bytes of data", (unsigned long long)c->room);
    return err_expected(e, "%llu", (unsigned long long)at);
}

static int read_header(struct weights *w, const struct contents *c, const struct json_t *header,
                       struct err *e)
{
    size_t members = jv_members(header), n = 0;
    struct extent *extents = mem_new(members, sizeof(*extents), e);
    struct json_t *value;
    void *iterator = NULL;
    const char *key;
    int rc = extents ? 0 : ERR_NOMEM;

    while (rc == 0 && jv_member(header, &iterator, &key, &value)) {
        if (strcmp(key, "__metadata__") == 0) {
            rc = check_metadata(c->file, value, e);
            continue;
        }
        rc = read_tensor(w, c, key, value, &extents[n], e);
        if (rc < 0)
            err_at(e, "%s: tensor %s", c->file, key);
        n++;
    }
    if (rc == 0)
        rc = check_tiling(c, extents, n, e);
    free(extents);
    return rc;
}

int weights_read_file(struct weights *w, const char *file, const void *data, size_t len,
                      struct err *e)
{
    const unsigned char *bytes = data;
    struct contents contents;
    struct json_t *header;
    uint64_t size = 0;
    int rc;

    if (file_check_fetched(file, data, len, e) < 0)
        return e->code;
    if (len < 8) {
        bad(e, file, NULL, "too short for a safetensors file");
        return err_got(e, "%zu bytes", len);
    }
    for (int i = 7; i >= 0; i--)
        size = size << 8 | bytes[i];
    if (size > HEADER_MAX || size > len - 8) {
        bad(e, file, NULL,
            size > HEADER_MAX ? "its header is too large: no safetensors file?"
                              : "its header ends behind the file: the file is cut off");
        err_got(e, "%llu bytes", (unsigned long long)size);
        return err_expected(e, "at most %llu",
                            (unsigned long long)(size > HEADER_MAX ? HEADER_MAX : len - 8));
    }
    if (size == 0 || bytes[8] != '{')
        return bad(e, file, NULL, "its header does not begin with {: no safetensors file?");
    contents = (struct contents){ file, bytes + 8 + size, len - 8 - size };
    rc = jv_parse_as(&header, file, (const char *)bytes + 8, (size_t)size, e);
    if (rc < 0)
        return rc;
    if (jv_is_object(header))
        rc = read_header(w, &contents, header, e);
    else
        rc = bad(e, file, NULL, "its header is no object");
    jv_free(header);
    return rc;
}

/* ---- the folder ---- */

int weights_new(struct weights **out, struct err *e)
{
    struct weights *w = mem_new(1, sizeof(*w), e);

    *out = NULL;
    if (!w)
        return ERR_NOMEM;
    if (map_new(&w->by_name, e) < 0) {
        free(w);
        return ERR_NOMEM;
    }
    *out = w;
    return 0;
}

void weights_close(struct weights *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->n_shards; i++) {
        if (w->shards[i].map)
            munmap(w->shards[i].map, w->shards[i].len);
        free(w->shards[i].path);
    }
    free(w->shards);
    free(w->tensors);
    map_free(w->by_name);
    arena_release(&w->arena);
    free(w);
}

static int map_file(struct shard *s, struct err *e)
{
    struct stat info;
    int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would be waited for */

    if (fd < 0)
        return err_errno(e, "read", s->path);
    if (fstat(fd, &info) < 0) {
        err_errno(e, "read", s->path);
    } else if (!S_ISREG(info.st_mode) || info.st_size == 0) {
        bad(e, s->path, NULL, "not a file with something in it");
    } else {
        s->len = (size_t)info.st_size;
        s->map = mmap(NULL, s->len, PROT_READ, MAP_SHARED, fd, 0);
        if (s->map == MAP_FAILED) {
            s->map = NULL;
            err_errno(e, "map", s->path);
        }
    }
    close(fd);
    return s->map ? 0 : (int)e->code;
}

/* Takes path over. */
static int add_shard(struct weights *w, char *path, struct err *e)
{
    const char *base = strrchr(path, '/');
    struct shard *s;
    char *file;
    int rc =
        mem_grow(&w->shards, &w->cap_shards, w->n_shards + 1, sizeof(*w->shards), FILES_MAX, e);

    if (rc < 0) {
        free(path);
        return rc;
    }
    s = &w->shards[w->n_shards++];
    *s = (struct shard){ .path = path };
    rc = map_file(s, e);
    base = base ? base + 1 : path;
    file = arena_text(&w->arena, base, strlen(base), e);
    if (rc < 0 || !file)
        return rc < 0 ? rc : ERR_NOMEM;
    s->file = file;
    return weights_read_file(w, file, s->map, s->len, e);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The files that the index names, sorted, each once. Names must stay in the folder. */
static int index_files(const struct json_t *map, const char *path, const char ***files, size_t *n,
                       struct err *e)
{
    struct json_t *value;
    void *iterator = NULL;
    const char *key, **list = mem_new(jv_members(map), sizeof(*list), e);
    size_t unique = 0;

    *files = list;
    *n = 0;
    if (!list)
        return ERR_NOMEM;
    while (jv_member(map, &iterator, &key, &value)) {
        const char *file = jv_text(value);

        if (!file || !*file || strchr(file, '/') || strcmp(file, "..") == 0) {
            err_set(e, ERR_FORMAT, "the shard of a tensor is no file name");
            return err_at(e, "%s: weight_map: %s", path, key);
        }
        list[(*n)++] = file;
    }
    qsort(list, *n, sizeof(*list), by_text);
    for (size_t i = 0; i < *n; i++)
        if (i == 0 || strcmp(list[i], list[i - 1]) != 0)
            list[unique++] = list[i];
    *n = unique;
    return 0;
}

/* Every tensor of the index is in the shard that it says. */
static int check_index(const struct weights *w, const struct json_t *map, const char *path,
                       struct err *e)
{
    struct json_t *value;
    void *iterator = NULL;
    const char *key;
    char name[512];

    while (jv_member(map, &iterator, &key, &value)) {
        const struct weight *t;

        if (is_derived(key))
            continue;
        plain_name(key, name, sizeof(name));
        t = weights_find(w, name);
        if (t && strcmp(t->file, jv_text(value)) == 0)
            continue;
        err_set(e, ERR_FORMAT, "a tensor is not in the shard that the index names");
        err_got(e, "%s", t ? t->file : "no such tensor");
        err_expected(e, "%s", jv_text(value));
        return err_at(e, "%s: weight_map: %s", path, key);
    }
    return 0;
}

static int open_index(struct weights *w, const char *dir, const char *path, struct err *e)
{
    const struct json_t *map;
    struct json_t *root;
    const char **files = NULL;
    size_t n = 0;
    int rc = jv_read(&root, path, INDEX_MAX, e);

    if (rc < 0)
        return rc;
    map = jv_get(root, "weight_map");
    if (!jv_is_object(map) || jv_members(map) == 0)
        rc = bad(e, path, NULL, "no weight_map in the index");
    else
        rc = index_files(map, path, &files, &n, e);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        char *file = file_join(dir, files[i], e);

        rc = file ? add_shard(w, file, e) : ERR_NOMEM;
        if (rc < 0 && e->code == ERR_IO)
            err_hint(e, "the index names this file: is the download complete?");
    }
    if (rc == 0)
        rc = check_index(w, map, path, e);
    free(files);
    jv_free(root);
    return rc;
}

static int no_weights(const char *dir, struct err *e)
{
    err_set(e, ERR_IO, "no weights");
    err_at(e, "%s", dir);
    err_expected(e, "model.safetensors, or model.safetensors.index.json and its shards");
    return err_hint(e, "of pytorch_model.bin transformers makes them: from_pretrained, then "
                       "save_pretrained; GGUF files are not read");
}

/* The first of the usual files that is there, or NULL. */
static const char *find_source(const char *dir, struct err *e)
{
    static const char *const usual[] = { "model.safetensors", "model.safetensors.index.json" };

    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        char *path = file_join(dir, usual[i], e);
        bool there = path && file_exists(path);

        free(path);
        if (!path)
            return NULL;
        if (there)
            return usual[i];
    }
    no_weights(dir, e);
    return NULL;
}

static int open_folder(struct weights *w, const char *dir, const char *named, struct err *e)
{
    const char *source = named && *named ? named : find_source(dir, e);
    size_t len = source ? strlen(source) : 0;
    char *path;
    int rc;

    if (!source)
        return e->code;
    w->source = arena_text(&w->arena, source, len, e);
    path = w->source ? file_join(dir, source, e) : NULL;
    if (!path)
        return ERR_NOMEM;
    if (strcmp(source + len - strlen(".json"), ".json") != 0)
        return add_shard(w, path, e);
    rc = open_index(w, dir, path, e);
    free(path);
    return rc;
}

int weights_open(struct weights **out, const char *dir, const char *named, struct err *e)
{
    int rc = weights_new(out, e);

    if (rc == 0)
        rc = open_folder(*out, dir, named, e);
    if (rc < 0) {
        weights_close(*out);
        *out = NULL;
    }
    return rc;
}

const char *weights_source(const struct weights *w)
{
    return w->source;
}

bool weights_has_file(const struct weights *w, const char *file)
{
    for (size_t i = 0; i < w->n_shards; i++)
        if (strcmp(w->shards[i].file, file) == 0)
            return true;
    return false;
}

/* ---- reading ---- */

size_t weights_count(const struct weights *w)
{
    return w->n;
}

const struct weight *weights_at(const struct weights *w, size_t i)
{
    return &w->tensors[i];
}

const struct weight *weights_find(const struct weights *w, const char *name)
{
    size_t i;

    return map_get(w->by_name, name, strlen(name), &i) ? &w->tensors[i] : NULL;
}

size_t weights_bytes(const struct weights *w)
{
    size_t bytes = 0;

    for (size_t i = 0; i < w->n; i++)
        bytes += w->tensors[i].n * dtype_size(w->tensors[i].dtype);
    return bytes;
}

size_t weights_files(const struct weights *w)
{
    return w->n_shards;
}

const char *weights_file_path(const struct weights *w, size_t i)
{
    return w->shards[i].path;
}

static void tensor_digest(const struct weight *t, char hex[SHA256_HEX])
{
    char shape[160], numbers[SHA256_HEX];
    char said[1024]; /* plain_name leaves at most 511 bytes */

    sha256_hex(t->data, t->n * dtype_size(t->dtype), numbers);
    snprintf(said, sizeof(said), "%s %s %s %s", t->name, dtype_name(t->dtype),
             weights_shape_text(t->rank, t->shape, shape), numbers);
    sha256_hex(said, strlen(said), hex);
}

void weights_digest(const struct weights *w, size_t file, char hex[SHA256_HEX])
{
    char one[SHA256_HEX];

    memcpy(hex, SHA256_ZERO, SHA256_HEX);
    for (size_t i = 0; i < w->n; i++)
        if (w->tensors[i].file == w->shards[file].file) {
            tensor_digest(&w->tensors[i], one);
            sha256_fold(hex, one);
        }
}
