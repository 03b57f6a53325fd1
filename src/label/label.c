/* SPDX-License-Identifier: MIT */
#include "label/label.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "label/internal.h"

/* Each is a file beside this one. The first is meant where assent.yaml names none. */
extern const struct label_backend label_vlm;
static const struct label_backend *const backends[] = { &label_vlm };
enum { BACKENDS = sizeof(backends) / sizeof(backends[0]) };

struct labeler {
    const struct label_backend *backend;
    const struct task *task;
    bool wordings; /* some question has several */
    void *state;
};

static int find_backend(const struct annotator *a, const struct label_backend **out, struct err *e)
{
    const char *engine = a->engine ? a->engine : backends[0]->engine;

    for (size_t i = 0; i < BACKENDS; i++) {
        *out = backends[i];
        if (strcmp(engine, backends[i]->engine) == 0)
            return 0;
    }
    err_set(e, ERR_ARG, "no engine is called '%s'", engine);
    err_expected(e, "vlm");
    err_hint(e,
             "answers of a model that another program or a server runs are imported: "
             "assent import FILE --annotator %s --kind model",
             a->name);
    return err_at(e, "assent.yaml:%u: %s", a->line, a->name);
}

int labeler_open(struct labeler **out, const struct task *t, const struct annotator *a,
                 const struct label_options *o, struct err *e)
{
    struct labeler *l = mem_new(1, sizeof(*l), e);
    int rc = l ? find_backend(a, &l->backend, e) : ERR_NOMEM;

    *out = NULL;
    if (rc == 0) {
        l->task = t;
        for (size_t i = 0; i < t->n_questions; i++)
            l->wordings |= t->questions[i].n_wordings > 1;
        rc = l->backend->open(&l->state, t, a, o, e);
    }
    if (rc < 0) {
        free(l);
        return rc;
    }
    *out = l;
    return 0;
}

void labeler_close(struct labeler *l)
{
    if (!l)
        return;
    l->backend->close(l->state);
    free(l);
}

struct label_model labeler_model(const struct labeler *l)
{
    return l->backend->model(l->state);
}

struct json_t *labeler_settings(const struct labeler *l)
{
    return l->backend->settings(l->state);
}

char *labeler_file(const struct labeler *l, size_t i, struct err *e)
{
    return l->backend->file(l->state, i, e);
}

const char *labeler_file_part(const struct labeler *l, size_t i)
{
    return l->backend->file_part(l->state, i);
}

int labeler_file_digest(const struct labeler *l, size_t i, char hex[SHA256_HEX], struct err *e)
{
    return l->backend->file_digest(l->state, i, hex, e);
}

int labeler_cost(struct labeler *l, const struct image *size, const uint8_t *wanted,
                 struct label_cost *out, struct err *e)
{
    return l->backend->cost(l->state, size, wanted, out, e);
}

int labeler_speed(struct labeler *l, double *flops, struct err *e)
{
    return l->backend->speed(l->state, flops, e);
}

/* NaNs, n of them. */
static float *new_floats(struct arena *a, size_t n, struct err *e)
{
    float *x = arena_new(a, n, sizeof(*x), e);

    for (size_t i = 0; x && i < n; i++)
        x[i] = NAN;
    return x;
}

static int new_answers(const struct labeler *l, struct label_answers *out, struct err *e)
{
    const struct task *t = l->task;

    out->values = arena_new(&out->arena, t->n_columns, sizeof(*out->values), e);
    if (!out->values || !(out->probabilities = new_floats(&out->arena, t->n_probabilities, e)) ||
        !(out->mass = new_floats(&out->arena, t->n_columns, e)) ||
        (l->wordings && !(out->spread = new_floats(&out->arena, t->n_columns, e))))
        return ERR_NOMEM;
    for (size_t c = 0; c < t->n_columns; c++)
        out->values[c] = VALUE_MISSING;
    return 0;
}

int labeler_answer(struct labeler *l, const struct image *image, const uint8_t *wanted,
                   struct label_answers *out, struct err *e)
{
    int rc;

    *out = (struct label_answers){ 0 };
    rc = new_answers(l, out, e);
    if (rc == 0)
        rc = l->backend->answer(l->state, image, wanted, out, e);
    if (rc < 0)
        label_answers_release(out);
    return rc;
}

void label_answers_release(struct label_answers *a)
{
    free(a->detail);
    arena_release(&a->arena);
    *a = (struct label_answers){ 0 };
}
