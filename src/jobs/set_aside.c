/* SPDX-License-Identifier: MIT */
#include "jobs/set_aside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "project/catalogue.h"
#include "store/labels.h"
#include "store/runs.h"

struct setting {
    struct project *project;
    const struct aside_options *options;
    struct aside_result *out;
    struct store_images images;
    struct matcher *matcher;
    bool *changed; /* [images; taking back: those set aside] already: it was named twice */
};

/* ---- which ---- */

/* image: an index as the matcher gives it. */
static int change_image(struct setting *s, size_t image, struct err *e)
{
    struct aside_result *out = s->out;
    bool back = s->options->back;
    const char *key = back ? s->images.aside[image].key : s->images.keys[image];

    if (s->changed[image])
        return 0;
    s->changed[image] = true;
    if (out->n++ < ASIDE_NAMED &&
        !(out->named[out->n - 1] = arena_text(&out->arena, key, strlen(key), e)))
        return ERR_NOMEM;
    return store_image_set_aside(s->project->store,
                                 back ? s->images.aside[image].id : s->images.ids[image], back, e);
}

static int not_aside(const char *key, struct err *e)
{
    err_set(e, ERR_ARG, "no image of this name is set aside: '%s'", key);
    return err_hint(e, "assent status says how many are");
}

static int no_image(const struct setting *s, const char *key, struct err *e)
{
    const char *near = text_nearest(key, s->images.keys, s->images.n);

    err_set(e, ERR_ARG, "no image of this project is called '%s'", key);
    return near ? err_hint(e, "did you mean '%s'?", near) : e->code;
}

static int change_key(void *data, const char *key, struct err *e)
{
    struct setting *s = data;
    bool back = s->options->back;
    enum match how;
    size_t image;
    int rc = matcher_take(s->matcher, key, &image, &how, e);

    if (rc < 0)
        return rc;
    if (back && how != MATCH_ASIDE)
        return not_aside(key, e);
    if (how == MATCH_NONE)
        return no_image(s, key, e);
    if (!back && how == MATCH_ASIDE)
        return err_set(e, ERR_ARG, "'%s' is set aside already", s->images.aside[image].key);
    return change_image(s, image, e);
}

static int change_named(struct setting *s, struct err *e)
{
    int rc = matcher_new(&s->matcher, &s->images, e);

    for (size_t i = 0; rc == 0 && i < s->options->n_keys; i++)
        rc = change_key(s, s->options->keys[i], e);
    if (rc == 0 && s->options->keys_file)
        rc = reader_each_line(s->options->keys_file, change_key, s, e);
    matcher_free(s->matcher);
    return rc;
}

static int change_unmatched(struct setting *s, struct err *e)
{
    struct catalogue c = { 0 };
    int rc = catalogue_open_project(&c, s->project, &s->images, s->options->events, e);

    if (rc == 0)
        rc = catalogue_need(&c, e);
    for (size_t i = 0; rc == 0 && i < s->images.n; i++)
        if (c.picture_of[i] == SIZE_MAX)
            rc = change_image(s, i, e);
    catalogue_close(&c);
    return rc;
}

/* ---- what it does to the counts ---- */

static int count_annotator(struct setting *s, const struct store_annotator *a,
                           const struct store_images *images, uint64_t *n, struct err *e)
{
    struct store_labels labels;
    int rc = store_labels_load(s->project->store, a->id, s->project->task, images, 0, &labels, e);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < images->n * s->project->task->n_columns; i++)
        *n += labels.values[i] >= 0;
    store_labels_release(&labels);
    return events_check(s->options->events, e);
}

/* Of all images that count now. */
static int count_labels(struct setting *s, bool after, struct err *e)
{
    struct aside_result *out = s->out;
    struct store_annotators known;
    struct store_images images = { 0 };
    int rc = store_annotators_load(s->project->store, &known, e);

    if (rc == 0)
        rc = store_images_load(s->project->store, &images, e);
    if (rc == 0 && !after) {
        out->n_annotators = known.n;
        out->annotators = arena_new(&out->arena, known.n, sizeof(*out->annotators), e);
        rc = out->annotators ? 0 : ERR_NOMEM;
    }
    for (size_t i = 0; rc == 0 && i < known.n && i < out->n_annotators; i++) {
        struct aside_annotator *a = &out->annotators[i];

        if (!after && !(a->name = arena_text(&out->arena, known.items[i].name,
                                             strlen(known.items[i].name), e)))
            rc = ERR_NOMEM;
        if (rc == 0)
            rc = count_annotator(s, &known.items[i], &images, after ? &a->after : &a->before, e);
    }
    *(after ? &out->images_after : &out->images_before) = images.n;
    out->n_aside = images.n_aside;
    store_images_release(&images);
    store_annotators_release(&known);
    return rc;
}

/* ---- all together ---- */

static int note_event(struct setting *s, struct err *e)
{
    char what[100];

    snprintf(what, sizeof(what), "images %s: %zu of %zu", s->options->back ? "restore" : "remove",
             s->out->n, s->out->images_before);
    return store_event(s->project->store, what, e);
}

static int change(struct setting *s, struct err *e)
{
    int rc = count_labels(s, false, e);

    if (rc == 0)
        rc = store_images_load(s->project->store, &s->images, e);
    s->changed = mem_new(s->images.n + s->images.n_aside, sizeof(*s->changed), e);
    if (rc == 0 && !s->changed)
        rc = ERR_NOMEM;
    if (rc == 0)
        rc = s->options->unmatched ? change_unmatched(s, e) : change_named(s, e);
    if (rc == 0)
        rc = count_labels(s, true, e);
    return rc == 0 ? note_event(s, e) : rc;
}

int job_set_aside(struct project *p, const struct aside_options *o, struct aside_result *out,
                  struct err *e)
{
    struct setting s = { .project = p, .options = o, .out = out };
    int rc = store_begin(p->store, e);

    *out = (struct aside_result){ .back = o->back, .trial = o->trial };
    rc = store_end(p->store, rc == 0 ? change(&s, e) : rc, e);
    store_images_release(&s.images);
    free(s.changed);
    if (rc < 0)
        aside_result_release(out);
    return rc;
}

void aside_result_release(struct aside_result *r)
{
    arena_release(&r->arena);
    *r = (struct aside_result){ 0 };
}
