/* SPDX-License-Identifier: MIT
 *
 * support_review.h - a small project with two annotators who differ, for the tests of review/.
 */
#ifndef TESTS_UNIT_SUPPORT_REVIEW_H
#define TESTS_UNIT_SUPPORT_REVIEW_H

#include "support.h"

#include "review/queue.h"

static const char task_text[] =
    "name: test\n"
    "questions:\n"
    "  - {name: Bald, text: a}\n"
    "  - {name: Hair, kind: choice, options: [black, blond, gray], text: b}\n";

enum { IMAGES = 60, COLUMNS = 2 };

/* A project in the test's folder, opened: IMAGES images at first. Bald has 10 disputes; Hair has
 * one value that is there once, and 20 disputes. */
struct world {
    struct task *task;
    struct store *store;
    struct store_images images;
    int16_t *labels[2]; /* [COLUMNS][images.n] */
};

static inline void world_label(struct world *w)
{
    size_t n = w->images.n;
    struct err e;

    for (size_t who = 0; who < 2; who++) {
        free(w->labels[who]);
        w->labels[who] = mem_new(COLUMNS * n, sizeof(int16_t), &e);
        assert_non_null(w->labels[who]);
    }
    for (size_t i = 0; i < n; i++) {
        w->labels[0][i] = i < 20;
        w->labels[1][i] = i < 10;
        w->labels[0][n + i] = i == 0 ? 2 : 0;
        w->labels[1][n + i] = i < 20 ? 1 : 0;
    }
}

static inline void world_grow(struct world *w, size_t images)
{
    struct err e;
    int64_t id;
    char key[16];

    assert_ok(store_begin(w->store, &e), &e);
    for (size_t i = w->images.n; i < images; i++) {
        snprintf(key, sizeof(key), "%05zu.jpg", i);
        assert_ok(store_image_add(w->store, key, &id, &e), &e);
    }
    assert_ok(store_end(w->store, 0, &e), &e);
    store_images_release(&w->images);
    assert_ok(store_images_load(w->store, &w->images, &e), &e);
    assert_int_equal(w->images.n, images);
    world_label(w);
}

static inline void world_open(struct world *w, void **state)
{
    struct err e;

    *w = (struct world){ 0 };
    assert_ok(task_parse(&w->task, "test.yaml", task_text, strlen(task_text), &e), &e);
    assert_ok(store_open(&w->store, scratch_path(state, "assent.db"), STORE_WRITE, &e), &e);
    assert_ok(store_begin(w->store, &e), &e);
    assert_ok(store_review_begin(w->store, w->task, &e), &e);
    assert_ok(store_end(w->store, 0, &e), &e);
    world_grow(w, IMAGES);
}

static inline void world_close(struct world *w)
{
    free(w->labels[0]);
    free(w->labels[1]);
    store_images_release(&w->images);
    store_close(w->store);
    task_free(w->task);
}

static inline struct review_plan plan_of(const struct world *w)
{
    return (struct review_plan){ .task = w->task,
                                 .images = &w->images,
                                 .labels = { w->labels[0], w->labels[1] },
                                 .disputes = true,
                                 .votes = 1,
                                 .seed = 1,
                                 .settings = "{}" };
}

static inline void queue(struct world *w, const struct review_plan *p, struct review_queued *out)
{
    struct err e;

    assert_ok(store_begin(w->store, &e), &e);
    assert_ok(review_queue(w->store, p, out, &e), &e);
    assert_ok(store_end(w->store, 0, &e), &e);
}

#endif
