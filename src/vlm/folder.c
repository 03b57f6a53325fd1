/* SPDX-License-Identifier: MIT
 *
 * folder.c - what lies in a model's folder and is not read, so that nobody thinks it was.
 *
 * Of several candidates transformers 5.24 reads one, and so does the engine: weights in
 * weights_open, the image processor in config_load, templates in vlm.c.
 */
#include <dirent.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "vlm/engine.h"

enum { LEFT_MAX = 1000 };

/* The first row that fits a file's name; a file that is read fits none. */
static const struct {
    const char *pattern;
    enum event_kind said;
    const char *why;
} strays[] = {
    { "adapter_config.json", EVENT_WARNING,
      "an adapter (PEFT) is not applied: merge it into the weights with merge_and_unload of peft, "
      "and save the folder again" },
    { "adapter_model.*", EVENT_DETAIL, "an adapter (PEFT) is not applied" },
    { "*.safetensors.index.json", EVENT_NOTE, "other weights are read" },
    { "*.safetensors", EVENT_NOTE, "other weights are read" },
    { "*.bin", EVENT_DETAIL, "weights are read from safetensors" },
    { "*.bin.index.json", EVENT_DETAIL, "weights are read from safetensors" },
    { "*.pth", EVENT_DETAIL, "weights are read from safetensors" },
    { "*.pt", EVENT_DETAIL, "weights are read from safetensors" },
    { "*.gguf", EVENT_DETAIL, "weights are read from safetensors" },
    { "*.h5", EVENT_DETAIL, "weights are read from safetensors" },
    { "*.msgpack", EVENT_DETAIL, "weights are read from safetensors" },
    { "preprocessor_config.json", EVENT_DETAIL, "processor_config.json has the image processor" },
    { "generation_config.json", EVENT_DETAIL,
      "no text is generated, and the tokenizer says the end token" },
    { "tokenizer.model", EVENT_DETAIL, "tokenizer.json is read" },
    { "vocab.json", EVENT_DETAIL, "tokenizer.json is read" },
    { "merges.txt", EVENT_DETAIL, "tokenizer.json is read" },
    { "added_tokens.json", EVENT_DETAIL, "tokenizer.json is read" },
    { "special_tokens_map.json", EVENT_DETAIL, "tokenizer_config.json is read" },
};
enum { STRAYS = sizeof(strays) / sizeof(strays[0]) };

static int note(struct vlm *v, const char *file, const char *why, struct err *e)
{
    char *name = arena_text(&v->arena, file, strlen(file), e);
    int rc = name ? mem_grow(&v->left, &v->cap_left, v->n_left + 1, sizeof(*v->left), LEFT_MAX, e)
                  : ERR_NOMEM;

    if (rc < 0)
        return rc;
    text_printable(name);
    v->left[v->n_left++] = (struct vlm_left){ name, why };
    return 0;
}

static void say(const struct vlm_left *left, enum event_kind said, const struct events *ev)
{
    events_say(ev, said, "%s is left: %s", left->file, left->why);
}

int folder_leave(struct vlm *v, const struct vlm_left *left, enum event_kind said,
                 const struct events *ev, struct err *e)
{
    say(left, said, ev);
    return note(v, left->file, left->why, e);
}

static bool is_read(const struct vlm *v, const char *file)
{
    const struct weights *w = v->model->weights;

    return weights_has_file(w, file) || strcmp(file, weights_source(w)) == 0 ||
           strcmp(file, v->model->config.prep.file) == 0 ||
           (v->generation_read && strcmp(file, "generation_config.json") == 0);
}

static int by_name(const void *a, const void *b)
{
    const struct vlm_left *x = a, *y = b;

    return strcmp(x->file, y->file);
}

/* Its row of strays, or STRAYS. */
static size_t row_of(const char *file)
{
    size_t i = 0;

    while (i < STRAYS && fnmatch(strays[i].pattern, file, 0) != 0)
        i++;
    return i;
}

/* What is more than LEFT_MAX is not listed. */
static int note_strays(struct vlm *v, struct err *e)
{
    DIR *folder = opendir(v->dir);
    const struct dirent *entry;
    int rc = folder ? 0 : err_errno(e, "read", v->dir);

    while (rc == 0 && v->n_left < LEFT_MAX && (entry = readdir(folder)) != NULL) {
        size_t row = row_of(entry->d_name);

        if (row < STRAYS && !is_read(v, entry->d_name))
            rc = note(v, entry->d_name, strays[row].why, e);
    }
    if (folder)
        closedir(folder);
    return rc;
}

int folder_look(struct vlm *v, const struct events *ev, struct err *e)
{
    size_t first = v->n_left; /* those before it are said already */
    int rc = note_strays(v, e);

    if (v->n_left > first)
        qsort(v->left + first, v->n_left - first, sizeof(*v->left), by_name);
    for (size_t i = first; i < v->n_left; i++) {
        size_t row = row_of(v->left[i].file);

        say(&v->left[i], row < STRAYS ? strays[row].said : EVENT_DETAIL, ev);
    }
    return rc;
}

bool folder_has_templates(const char *dir)
{
    struct err ignored;
    char *path = file_join(dir, "additional_chat_templates", &ignored);
    DIR *templates = path ? opendir(path) : NULL;
    const struct dirent *entry;
    bool found = false;

    while (templates && !found && (entry = readdir(templates)) != NULL)
        found = fnmatch("*.jinja", entry->d_name, 0) == 0;
    if (templates)
        closedir(templates);
    free(path);
    return found;
}
