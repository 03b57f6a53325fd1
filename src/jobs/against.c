/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "jobs/agree.h"
#include "jobs/compare.h"
#include "jobs/selective.h"
#include "project/dataset.h"
#include "project/pair.h"

struct holding {
    const struct project *project;
    const struct agree_options *options;
    struct against_result *out;
    struct dataset data; /* the two, then the third */
    struct scope scope;
    const char *names[3];
};

static int choose_names(struct holding *h, const char *third, struct err *e)
{
    struct pair usual;

    h->names[2] = third;
    if (h->options->names) {
        if (h->options->n_names != 2)
            return err_set(e, ERR_ARG, "two annotators are held against a third, not %zu",
                           h->options->n_names);
        h->names[0] = h->options->names[0];
        h->names[1] = h->options->names[1];
    } else {
        usual = pair_usual(&h->data.known);
        if (!usual.second) {
            err_set(e, ERR_ARG,
                    "two annotators are held against a third, and there are not so "
                    "many with labels");
            return err_hint(e, "assent import FILE --annotator NAME brings some");
        }
        h->names[0] = usual.first->name;
        h->names[1] = usual.second->name;
        h->out->why = usual.why;
    }
    for (size_t i = 0; i < 2; i++)
        if (strcmp(h->names[i], third) == 0) {
            err_set(e, ERR_ARG, "'%s' would be held against its own labels", third);
            return err_hint(e, "--against names a third annotator, or the consensus");
        }
    return 0;
}

static int describe(struct holding *h, struct err *e)
{
    struct against_result *r = h->out;

    for (size_t i = 0; i < 3; i++) {
        const struct labelled *l = &h->data.items[i];

        r->names[i] = arena_text(&r->arena, l->name, strlen(l->name), e);
        if (!r->names[i])
            return ERR_NOMEM;
        r->kinds[i] = l->annotator->kind;
    }
    r->columns = h->scope.columns;
    r->n_images = h->data.images.n;
    return selective_find(&h->data, &r->arena, &r->selective, e);
}

static int hold(struct holding *h, struct err *e)
{
    const int16_t *matrices[3];
    const struct comparison c = { .scope = &h->scope,
                                  .matrices = matrices,
                                  .n_matrices = 3,
                                  .n_images = h->data.images.n,
                                  .resamples = h->options->resamples,
                                  .seed = h->options->seed,
                                  .events = h->options->events };
    int rc;

    for (size_t i = 0; i < 3; i++)
        matrices[i] = h->data.items[i].labels.values;
    rc = comparison_against(&h->out->against, &c, e);
    if (rc == 0 && h->out->against.pooled.n == 0) {
        rc = err_set(e, ERR_ARG, "there is no cell that all three labelled");
        err_hint(e, "assent status says who labelled how much");
    }
    return rc;
}

int job_against(const struct project *p, const struct agree_options *o, const char *third,
                struct against_result *out, struct err *e)
{
    struct holding h = { .project = p, .options = o, .out = out };
    int rc;

    *out = (struct against_result){ .task = p->task, .resamples = o->resamples, .seed = o->seed };
    rc = dataset_open(&h.data, p, e);
    if (rc == 0)
        rc = choose_names(&h, third, e);
    if (rc == 0)
        rc = dataset_load(&h.data, h.names, 3, 0, e);
    if (rc == 0)
        rc = scope_choose(&h.scope, p->task, o->group, &out->arena, e);
    if (rc == 0)
        rc = describe(&h, e);
    if (rc == 0)
        rc = hold(&h, e);
    dataset_release(&h.data);
    if (rc < 0)
        against_result_release(out);
    return rc;
}

void against_result_release(struct against_result *r)
{
    stats_against_release(&r->against);
    arena_release(&r->arena);
    *r = (struct against_result){ 0 };
}
