/* SPDX-License-Identifier: MIT */
#include "jobs/equal.h"

#include <math.h>
#include <string.h>

struct collecting {
    struct equals *equals;
    const struct todo *todo;
    struct err *e;
};

/* Of equal images the one with more answers: what it lacks has to be asked again. */
static int collect(void *data, int64_t id, const char *sha256)
{
    const struct collecting *c = data;
    size_t image = store_images_index(c->todo->catalogue.images, id), other, n;

    if (image == SIZE_MAX || (n = todo_answered(c->todo, image)) == 0)
        return 0;
    if (equals_find(c->equals, sha256, &other) && todo_answered(c->todo, other) >= n)
        return 0;
    return equals_note(c->equals, sha256, image, c->e);
}

int equals_open(struct equals *out, const struct todo *t, struct err *e)
{
    struct collecting c = { out, t, e };
    int rc = map_new(&out->image_of, e);

    return rc < 0 ? rc : store_images_hashes(t->project->store, true, collect, &c, e);
}

void equals_close(struct equals *q)
{
    map_free(q->image_of);
    q->image_of = NULL;
}

bool equals_find(const struct equals *q, const char *sha256, size_t *image)
{
    return map_get(q->image_of, sha256, strlen(sha256), image);
}

int equals_note(struct equals *q, const char *sha256, size_t image, struct err *e)
{
    return map_set(q->image_of, sha256, strlen(sha256), image, e);
}

size_t equals_want_less(const struct task *t, const struct store_known *known, uint8_t *wanted)
{
    size_t n = 0;

    for (size_t c = 0; c < t->n_columns; c++) {
        wanted[c] = wanted[c] && known->values[c] == VALUE_MISSING;
        n += wanted[c];
    }
    return n;
}

static float *new_floats(struct label_answers *a, size_t n, struct err *e)
{
    float *x = arena_new(&a->arena, n, sizeof(*x), e);

    for (size_t i = 0; x && i < n; i++)
        x[i] = NAN;
    return x;
}

static int make_arrays(const struct task *t, const struct store_known *known,
                       struct label_answers *a, struct err *e)
{
    a->values = arena_new(&a->arena, t->n_columns, sizeof(*a->values), e);
    a->mass = new_floats(a, t->n_columns, e);
    if (known->spread)
        a->spread = new_floats(a, t->n_columns, e);
    a->probabilities = new_floats(a, t->n_probabilities, e);
    if (known->detail)
        a->detail = strdup(known->detail);
    if (!a->values || !a->mass || (known->spread && !a->spread) || !a->probabilities)
        return ERR_NOMEM;
    if (known->detail && !a->detail)
        return err_set(e, ERR_NOMEM, "out of memory: an answer's detail");
    memset(a->values, 0xff, t->n_columns * sizeof(*a->values)); /* VALUE_MISSING */
    return 0;
}

int equals_fill(const struct task *t, const struct store_known *known, const uint8_t *wanted,
                struct label_answers *answers, struct err *e)
{
    int rc = answers->values ? 0 : make_arrays(t, known, answers, e);

    for (size_t c = 0; rc == 0 && c < t->n_columns; c++) {
        const struct column *column = &t->columns[c];
        size_t n = column->yesno ? 1 : column->n_probabilities;

        if (!wanted[c] || known->values[c] == VALUE_MISSING)
            continue;
        answers->values[c] = known->values[c];
        answers->mass[c] = known->mass[c];
        if (answers->spread && known->spread) /* NULL: every question has one wording */
            answers->spread[c] = known->spread[c];
        memcpy(answers->probabilities + column->probability,
               known->probabilities + column->probability, n * sizeof(*known->probabilities));
    }
    return rc;
}
