/* SPDX-License-Identifier: MIT
 *
 * work.c - which images a model has still to answer.
 */
#include <stdlib.h>
#include <string.h>

#include "app/annotate.h"

/* ---- who ---- */

static int no_such_annotator(const struct task *t, const char *name, struct err *e)
{
    const char **names = mem_new(t->n_annotators, sizeof(*names), e), *near;
    size_t n = 0;

    if (!names)
        return ERR_NOMEM;
    for (size_t i = 0; i < t->n_annotators; i++)
        if (t->annotators[i].kind == ANNOTATOR_MODEL)
            names[n++] = t->annotators[i].name;
    near = text_nearest(name, names, n);
    err_set(e, ERR_ARG, "assent.yaml has no model called '%s'", name);
    if (near)
        err_hint(e, "did you mean '%s'?", near);
    else
        err_hint(e, "annotators: {%s: {kind: model, engine: vlm, model: FOLDER}} there makes one",
                 name);
    free(names);
    return e->code;
}

/* The annotator by name, or the only model there is. */
static int find_annotator(const struct task *t, const char *name, const struct annotator **out,
                          struct err *e)
{
    size_t n = 0;

    *out = NULL;
    for (size_t i = 0; i < t->n_annotators; i++) {
        const struct annotator *a = &t->annotators[i];

        if (a->kind != ANNOTATOR_MODEL || (name && strcmp(a->name, name) != 0))
            continue;
        *out = a;
        n++;
    }
    if (n == 1)
        return 0;
    if (name)
        return no_such_annotator(t, name, e);
    err_set(e, ERR_ARG,
            n == 0 ? "assent.yaml has no model that could answer"
                   : "assent.yaml has several models");
    return n == 0 ? err_hint(e, "annotators: {NAME: {kind: model, engine: vlm, model: FOLDER}} "
                                "there makes one")
                  : err_hint(e, "--annotator NAME says which");
}

/* ---- which images ---- */

static int read_keys(struct work *w, const char *path, uint8_t *chosen, struct err *e)
{
    const struct image_links *l = &w->links;
    struct matcher *m = NULL;
    struct reader *r = NULL;
    const char *line;
    size_t len, *picture_of = mem_new(l->images.n, sizeof(*picture_of), e);
    int rc = picture_of ? matcher_new(&m, &l->images, e) : ERR_NOMEM;

    if (rc == 0)
        rc = reader_open(&r, path, e);
    for (size_t i = 0; rc == 0 && i < l->images.n; i++)
        picture_of[i] = SIZE_MAX;
    for (size_t i = 0; rc == 0 && i < image_source_count(l->source); i++)
        picture_of[l->images.index_of[l->id_of[i]]] = i;
    while (rc == 0 && (rc = reader_line(r, &line, &len, e)) == 1) {
        char *key = strndup(line, len);
        enum match how = MATCH_NONE;
        size_t image = 0;

        rc = !key       ? err_set(e, ERR_NOMEM, "out of memory: a key")
             : len == 0 ? 0
                        : matcher_find(m, key, &image, &how, e);
        if (rc == 0 && len > 0 && (how == MATCH_NONE || picture_of[image] == SIZE_MAX)) {
            rc = err_set(e, ERR_FORMAT, "no picture is called '%s'", key);
            reader_at(r, e);
        } else if (rc == 0 && len > 0) {
            chosen[picture_of[image]] = 1;
        }
        free(key);
    }
    reader_close(r);
    matcher_free(m);
    free(picture_of);
    return rc;
}

struct ranked {
    uint64_t rank;
    size_t picture;
};

static int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return x->picture < y->picture ? -1 : x->picture > y->picture;
}

/* A picture's place in the random order of a seed: the first bytes of SHA-256("SEED/KEY"). It does
 * not depend on what other pictures there are. */
static uint64_t rank_of(const char *key, uint64_t seed, struct buf *scratch)
{
    char hex[SHA256_HEX];

    buf_clear(scratch);
    buf_printf(scratch, "%llu/%s", (unsigned long long)seed, key);
    sha256_hex(scratch->text ? scratch->text : "", scratch->len, hex);
    hex[16] = '\0';
    return strtoull(hex, NULL, 16);
}

/* Keeps n of the chosen pictures. */
static int draw_sample(const struct work *w, uint64_t n, uint64_t seed, uint8_t *chosen,
                       struct err *e)
{
    size_t count = image_source_count(w->links.source), candidates = 0;
    struct ranked *ranked = mem_new(count, sizeof(*ranked), e);
    struct buf scratch = BUF_INIT(1 << 20);

    if (!ranked)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++)
        if (chosen[i])
            ranked[candidates++] =
                (struct ranked){ rank_of(image_source_key(w->links.source, i), seed, &scratch), i };
    qsort(ranked, candidates, sizeof(*ranked), by_rank);
    for (size_t i = n; i < candidates; i++)
        chosen[ranked[i].picture] = 0;
    buf_release(&scratch);
    free(ranked);
    return 0;
}

static int choose(struct work *w, const struct annotate_options *o, uint8_t *chosen, struct err *e)
{
    size_t n = image_source_count(w->links.source);
    int rc = 0;

    memset(chosen, o->keys == NULL, n);
    if (o->keys)
        rc = read_keys(w, o->keys, chosen, e);
    if (rc == 0 && o->sample > 0)
        rc = draw_sample(w, o->sample, o->seed, chosen, e);
    for (size_t i = 0; i < n; i++)
        w->chosen += chosen[i];
    return rc;
}

/* Of the chosen pictures those on which a question is open. */
static int list_todo(struct work *w, const struct annotate_options *o, const uint8_t *chosen,
                     struct err *e)
{
    const struct image_links *l = &w->links;
    const struct task *t = w->project->task;
    size_t n = image_source_count(l->source);
    uint8_t *missing;
    int rc = store_missing_load(w->project->store, w->annotator_id, t, &l->images, o->retry_errors,
                                &missing, e);

    if (rc < 0)
        return rc;
    w->todo = mem_new(n, sizeof(*w->todo), e);
    for (size_t i = 0; w->todo && i < n; i++) {
        const uint8_t *row = missing + l->images.index_of[l->id_of[i]] * t->n_columns;
        size_t open = 0;

        for (size_t c = 0; chosen[i] && c < t->n_columns; c++)
            open += row[c] == CELL_OPEN;
        w->unreadable += chosen[i] && memchr(row, CELL_ERROR, t->n_columns);
        if (open == 0 || (o->limit > 0 && w->n_todo == o->limit))
            continue;
        w->todo[w->n_todo++] = i;
        w->n_questions += open;
    }
    free(missing);
    return w->todo ? 0 : ERR_NOMEM;
}

static int find_images(struct work *w, struct err *e)
{
    const char *images = w->project->task->images;
    char *path;
    int rc;

    if (!images) {
        err_set(e, ERR_ARG, "assent.yaml does not say where the images are");
        return err_hint(e, "images: FOLDER_OR_TAR there says it, relative to the project");
    }
    path = file_join(w->project->dir, images, e);
    rc = path ? image_links_open(&w->links, w->project, path, e) : ERR_NOMEM;
    free(path);
    if (rc == 0)
        w->absent = w->links.images.n - image_source_count(w->links.source);
    return rc;
}

int work_open(struct work *out, struct project *p, const struct annotate_options *o, struct err *e)
{
    uint8_t *chosen = NULL;
    int rc;

    *out = (struct work){ .project = p };
    rc = find_annotator(p->task, o->annotator, &out->annotator, e);
    if (rc == 0)
        rc = find_images(out, e);
    if (rc == 0)
        rc = store_annotator_id(p->store, out->annotator->name, ANNOTATOR_MODEL, &out->annotator_id,
                                e);
    if (rc == 0 && !(chosen = mem_new(image_source_count(out->links.source), 1, e)))
        rc = ERR_NOMEM;
    if (rc == 0)
        rc = choose(out, o, chosen, e);
    if (rc == 0)
        rc = list_todo(out, o, chosen, e);
    free(chosen);
    if (rc < 0)
        work_close(out);
    return rc;
}

void work_close(struct work *w)
{
    image_links_close(&w->links);
    free(w->todo);
    *w = (struct work){ 0 };
}
