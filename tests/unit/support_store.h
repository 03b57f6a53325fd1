/* SPDX-License-Identifier: MIT */
/*
 * support_store.h - a project in the test's folder, labels put into it and compared with arrays
 * that the test keeps, and other processes that use it at the same time.
 */
#ifndef TESTS_UNIT_SUPPORT_STORE_H
#define TESTS_UNIT_SUPPORT_STORE_H

#include "support_task.h"

#include <signal.h>
#include <sys/wait.h>

#include "store/images.h"
#include "store/labels.h"
#include "store/runs.h"
#include "store/store.h"

/* A question of every kind: five columns, nine probabilities. */
static const char kinds_task[] =
    "name: t\n"
    "questions:\n"
    "  - {name: Bald, text: \"Bald?\"}\n"
    "  - {name: Hair, kind: choice, options: [black, blond, gray], text: \"Which hair?\"}\n"
    "  - {name: Tags, kind: multi, options: [hat, tie], text: \"What is worn?\"}\n"
    "  - {name: Age, kind: ordinal, options: [child, young, old], text: \"How old?\"}\n";

enum { IN_BALD, IN_HAIR, IN_HAT, IN_TIE, IN_AGE, KINDS_COLUMNS, KINDS_PROBABILITIES = 9 };

/* An image's values in the order of kinds_task's columns, where a project has one image. */
#define ROW(...) ((const int16_t[KINDS_COLUMNS]){ __VA_ARGS__ })
#define NO       (-1) /* answer at all */

/* ---- a project ---- */

struct world {
    struct task *task;
    struct store *store;
    struct store_images images;
};

static inline struct store *open_project(void **state, enum store_mode mode)
{
    struct store *s = NULL;
    struct err e;

    assert_ok(store_open(&s, scratch_path(state, "assent.db"), mode, &e), &e);
    return s;
}

static inline void begin(struct store *s)
{
    struct err e;

    assert_ok(store_begin(s, &e), &e);
}

static inline void commit(struct store *s)
{
    struct err e;

    assert_ok(store_end(s, 0, &e), &e);
}

/* 000000.jpg, 000001.jpg, .. inside a transaction. */
static inline void add_images(struct store *s, size_t from, size_t n)
{
    struct err e;
    int64_t id;
    char key[32];

    for (size_t i = from; i < from + n; i++) {
        snprintf(key, sizeof(key), "%06zu.jpg", i);
        assert_ok(store_image_add(s, key, &id, &e), &e);
    }
}

static inline void list_images(struct world *w)
{
    struct err e;

    store_images_release(&w->images);
    assert_ok(store_images_load(w->store, &w->images, &e), &e);
}

/* How many images another look at the project finds. */
static inline size_t count_images(struct store *s)
{
    struct store_images images;
    struct err e;
    size_t n;

    assert_ok(store_images_load(s, &images, &e), &e);
    n = images.n;
    store_images_release(&images);
    return n;
}

static inline void world_open(struct world *w, void **state, const char *task, size_t n_images)
{
    *w = (struct world){ .task = load_task(task), .store = open_project(state, STORE_WRITE) };
    begin(w->store);
    add_images(w->store, 0, n_images);
    commit(w->store);
    list_images(w);
}

static inline void world_close(struct world *w)
{
    store_images_release(&w->images);
    store_close(w->store);
    task_free(w->task);
}

/* The project as the next program finds it. */
static inline void world_again(struct world *w, void **state)
{
    store_close(w->store);
    w->store = open_project(state, STORE_WRITE);
    list_images(w);
}

/* The questions are others from now on. */
static inline void world_asks(struct world *w, const char *task)
{
    task_free(w->task);
    w->task = load_task(task);
}

static inline int64_t annotator(struct store *s, const char *name, enum annotator_kind kind)
{
    struct err e;
    int64_t id = 0;

    assert_ok(store_annotator_id(s, name, kind, &id, &e), &e);
    assert_true(id > 0);
    return id;
}

/* A project with one annotator. */
static inline int64_t world_with(struct world *w, void **state, const char *task, size_t n_images)
{
    int64_t by;

    world_open(w, state, task, n_images);
    begin(w->store);
    by = annotator(w->store, "anna", ANNOTATOR_HUMAN);
    commit(w->store);
    return by;
}

/* Inside a transaction, with nothing said about it. */
static inline void start_run(struct world *w, int64_t by)
{
    const struct store_run run = { .annotator = by, .settings = "{}" };
    struct err e;

    assert_ok(store_run_begin(w->store, &run, w->task, &e), &e);
}

static inline void end_run(struct world *w)
{
    const struct store_counts counts = { .images = w->images.n };
    struct err e;

    assert_ok(store_run_end(w->store, &counts, &e), &e);
}

/* ---- labels ---- */

/* Answers of one run to all images. */
struct batch {
    const int16_t *values;      /* [n_columns][n_images], as store_labels_load gives them */
    const float *probabilities; /* [n_images][n_probabilities]; NULL: none */
};

static inline void put_image(struct world *w, size_t image, const struct batch *b)
{
    size_t columns = w->task->n_columns, options = w->task->n_probabilities;
    int16_t *row = calloc(columns, sizeof(*row));
    struct store_answers a = { .values = row };
    struct err e;

    assert_non_null(row);
    for (size_t c = 0; c < columns; c++)
        row[c] = b->values[c * w->images.n + image];
    if (b->probabilities)
        a.probabilities = b->probabilities + image * options;
    assert_ok(store_answers_add(w->store, w->images.ids[image], w->task, &a, &e), &e);
    free(row);
}

/* A whole run, in a transaction of its own. */
static inline void put_run(struct world *w, int64_t by, struct batch b)
{
    begin(w->store);
    start_run(w, by);
    for (size_t i = 0; i < w->images.n; i++)
        put_image(w, i, &b);
    end_run(w);
    commit(w->store);
}

/* An annotator's labels are those that the test has: values as in struct batch. */
static inline void check_labels(const struct world *w, const char *what, int64_t by,
                                const int16_t *wanted)
{
    struct store_labels l;
    struct err e;

    assert_ok(store_labels_load(w->store, by, w->task, &w->images, 0, &l, &e), &e);
    assert_null(l.probabilities);
    for (size_t c = 0; c < w->task->n_columns; c++)
        for (size_t i = 0; i < w->images.n; i++) {
            size_t cell = c * w->images.n + i;

            if (l.values[cell] != wanted[cell])
                fail_row(what, "%s of image %zu is %d, not %d", w->task->columns[c].name, i,
                         l.values[cell], wanted[cell]);
        }
    store_labels_release(&l);
}

/* Probabilities as in struct batch; one below zero: not looked at. */
static inline void check_probabilities(const struct world *w, const char *what, int64_t by,
                                       const float *wanted)
{
    struct store_labels l;
    struct err e;

    assert_ok(
        store_labels_load(w->store, by, w->task, &w->images, STORE_WITH_PROBABILITIES, &l, &e), &e);
    assert_non_null(l.probabilities);
    for (size_t i = 0; i < w->images.n * w->task->n_probabilities; i++)
        if (!(wanted[i] < 0) &&
            (isnan(wanted[i]) ? !isnan(l.probabilities[i]) : l.probabilities[i] != wanted[i]))
            fail_row(what, "probability %zu of image %zu is %g, not %g",
                     i % w->task->n_probabilities, i / w->task->n_probabilities,
                     (double)l.probabilities[i], (double)wanted[i]);
    store_labels_release(&l);
}

/* Which cells are open: missing as store_missing_load has it. */
static inline void check_missing(const struct world *w, const char *what,
                                 const struct store_asking *a, const uint8_t *wanted)
{
    struct err e;
    uint8_t *missing;

    assert_ok(store_missing_load(w->store, a, &w->images, &missing, &e), &e);
    for (size_t i = 0; i < w->images.n * w->task->n_columns; i++)
        if (missing[i] != wanted[i])
            fail_row(what, "%s of image %zu is %u, not %u",
                     w->task->columns[i % w->task->n_columns].name, i / w->task->n_columns,
                     missing[i], wanted[i]);
    free(missing);
}

/* ---- other processes ---- */

struct child {
    pid_t pid;
    int from, to;
};

/* A process that says what f gave, and then lives on, with all that f left open, until child_end
 * kills it. To be started while no store is open here: a child must not use what its parent has. */
static inline struct child child_start(int (*f)(const void *data), const void *data)
{
    int from[2], to[2], said;
    struct child c;
    char end;

    assert_int_equal(pipe(from), 0);
    assert_int_equal(pipe(to), 0);
    c = (struct child){ fork(), from[0], to[1] };
    assert_true(c.pid >= 0);
    if (c.pid == 0) {
        close(from[0]);
        close(to[1]);
        said = f(data);
        _exit(write(from[1], &said, sizeof(said)) != sizeof(said) || read(to[0], &end, 1) != 0);
    }
    close(from[1]);
    close(to[0]);
    return c;
}

/* What f gave; -1000 where the process ended before. */
static inline int child_says(const struct child *c)
{
    int said;

    return read(c->from, &said, sizeof(said)) == sizeof(said) ? said : -1000;
}

static inline void child_end(struct child *c)
{
    assert_int_equal(kill(c->pid, SIGKILL), 0);
    close(c->to);
    close(c->from);
    assert_int_equal(waitpid(c->pid, NULL, 0), c->pid);
}

/* A process that does f and ends: what f gave. */
static inline int in_child(int (*f)(const void *data), const void *data)
{
    struct child c = child_start(f, data);
    int said = child_says(&c);

    child_end(&c);
    return said;
}

#endif
