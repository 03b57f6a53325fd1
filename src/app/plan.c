/* SPDX-License-Identifier: MIT
 *
 * plan.c - what a model's run would take, measured on a few of its images.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/annotate.h"

enum { PLAN_TRIES = 20 }; /* pictures looked at until so many could be read */

/* Reads and answers one picture; 1, or 0 where it could not be read. */
static int try_picture(struct work *w, struct labeler *l, size_t picture, struct plan_result *out,
                       struct err *e)
{
    const struct task *t = w->project->task;
    uint8_t *wanted = mem_new(t->n_columns, 1, e);
    struct label_answers answers = { 0 };
    struct image image = { 0 };
    struct label_cost cost;
    void *data = NULL;
    size_t len;
    double begun = clock_seconds();
    int rc = wanted ? image_source_read(w->links.source, picture, &data, &len, e) : ERR_NOMEM;

    if (rc == 0)
        rc = image_decode(&image, data, len, e);
    if (rc == 0) {
        memset(wanted, 1, t->n_columns);
        rc = labeler_answer(l, &image, wanted, &answers, e);
        out->seconds += clock_seconds() - begun;
    }
    if (rc == 0 && (rc = labeler_cost(l, image.width, image.height, &cost, e)) == 0) {
        out->flop += cost.flop;
        out->activation_bytes = cost.activation_bytes > out->activation_bytes
                                    ? cost.activation_bytes
                                    : out->activation_bytes;
        rc = 1;
    }
    label_answers_release(&answers);
    image_release(&image);
    free(data);
    free(wanted);
    return rc;
}

/* Pictures spread over those to do, until `measured` could be read. */
static int measure(struct work *w, struct labeler *l, size_t wanted, struct plan_result *out,
                   struct err *e)
{
    for (size_t i = 0; i < PLAN_TRIES && i < w->n_todo && out->measured < wanted; i++) {
        size_t tries = w->n_todo < PLAN_TRIES ? w->n_todo : PLAN_TRIES;
        struct err own;
        int rc = try_picture(w, l, w->todo[i * w->n_todo / tries], out, &own);

        if (rc == ERR_NOMEM || (rc < 0 && own.code == ERR_FORMAT && i + 1 == tries)) {
            *e = own;
            return rc;
        }
        out->measured += rc == 1;
        rc = signals_check(e);
        if (rc < 0)
            return rc;
    }
    if (out->measured > 0)
        return 0;
    err_set(e, ERR_FORMAT, "none of the images looked at could be read");
    return err_hint(e, "annotate would say why, image by image");
}

static void conclude(const struct work *w, struct plan_result *out)
{
    const struct prices *p = &w->project->task->prices;

    out->seconds /= (double)out->measured;
    out->flop /= (double)out->measured;
    out->total_seconds = out->seconds * (double)out->images;
    out->currency = p->currency;
    out->cost = p->machine_hour.given ? out->total_seconds / 3600 * p->machine_hour.value : NAN;
}

static int check_identity(struct work *w, const struct labeler *l, struct err *e)
{
    struct model_identity identity;
    int rc = model_identify(w->project, l, &identity, e);

    if (rc == 0)
        rc = model_identity_check(w->project, w->annotator_id, w->annotator->name, &identity, e);
    model_identity_release(&identity);
    return rc;
}

static int plan_work(struct work *w, const struct plan_options *o, struct plan_result *out,
                     struct err *e)
{
    struct label_options options = { w->project->dir, o->annotate.reference };
    struct labeler *l;
    struct label_model m;
    int rc = labeler_open(&l, w->project->task, w->annotator, &options, e);

    if (rc < 0)
        return rc;
    m = labeler_model(l);
    out->family = m.family;
    out->dtype = arena_text(&out->arena, m.dtype, strlen(m.dtype), e);
    out->parameters = m.parameters;
    out->weight_bytes = m.weight_bytes;
    rc = out->dtype ? check_identity(w, l, e) : ERR_NOMEM;
    if (rc == 0)
        rc = measure(w, l, o->measured, out, e);
    if (rc == 0)
        conclude(w, out);
    labeler_close(l);
    return rc;
}

int plan(struct project *p, const struct plan_options *o, struct plan_result *out, struct err *e)
{
    struct work work;
    int rc = work_open(&work, p, &o->annotate, e);

    *out = (struct plan_result){ .cost = NAN };
    if (rc < 0)
        return rc;
    out->annotator = work.annotator->name;
    out->model = work.annotator->model;
    out->images = work.n_todo;
    out->questions = work.n_questions;
    out->chosen = work.chosen;
    if (work.n_todo > 0)
        rc = plan_work(&work, o, out, e);
    work_close(&work);
    if (rc < 0)
        plan_result_release(out);
    return rc;
}

void plan_result_release(struct plan_result *r)
{
    arena_release(&r->arena);
    *r = (struct plan_result){ 0 };
}

struct json_t *plan_json(const struct plan_result *r)
{
    return jv_pack("{s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:s?}",
                   "annotator", r->annotator, "chosen", (long long)r->chosen, "images",
                   (long long)r->images, "questions", (long long)r->questions, "measured_images",
                   (long long)r->measured, "seconds_an_image", jv_real(r->seconds),
                   "images_per_second", jv_real(r->seconds > 0 ? 1 / r->seconds : NAN), "seconds",
                   jv_real(r->total_seconds), "flop_an_image", jv_real(r->flop), "weight_bytes",
                   (long long)r->weight_bytes, "activation_bytes", (long long)r->activation_bytes,
                   "cost", jv_real(r->cost), "currency", r->currency);
}
