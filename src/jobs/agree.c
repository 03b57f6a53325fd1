/* SPDX-License-Identifier: MIT */
#include "jobs/agree.h"

#include <stdlib.h>
#include <string.h>

#include "jobs/compare.h"
#include "jobs/selective.h"
#include "project/dataset.h"
#include "project/pair.h"

struct agreeing {
    const struct project *project;
    const struct agree_options *options;
    struct agree_result *out;
    struct dataset data;
    struct scope scope;
    const int16_t **matrices;
    bool sure; /* probabilities are loaded, to see where models are */
};

/* chosen NULL: all images. */
static int compare_images(const struct agreeing *g, const size_t *chosen, size_t n_chosen,
                          struct stats_agreement **out, struct err *e)
{
    const struct comparison c = { .scope = &g->scope,
                                  .matrices = g->matrices,
                                  .n_matrices = g->data.n,
                                  .n_images = g->data.images.n,
                                  .chosen = chosen,
                                  .n_chosen = n_chosen,
                                  .resamples = g->options->resamples,
                                  .seed = g->options->seed,
                                  .events = g->options->events };

    return comparison_run(out, &c, e);
}

/* ---- pairs ---- */

static int compare_pair(const struct agreeing *g, struct agree_pair *pair, struct err *e)
{
    const int16_t *matrices[] = { g->matrices[pair->first], g->matrices[pair->second] };
    const struct comparison c = { .scope = &g->scope,
                                  .matrices = matrices,
                                  .n_matrices = 2,
                                  .n_images = g->data.images.n,
                                  .events = g->options->events };
    struct stats_agreement *figures;
    int rc = comparison_run(&figures, &c, e);

    if (rc < 0)
        return rc;
    pair->n = figures->pooled.n;
    pair->agreement = figures->pooled.value[STATS_AGREEMENT];
    pair->kappa = figures->pooled.value[STATS_KAPPA];
    stats_agreement_free(figures);
    return 0;
}

static int compare_pairs(struct agreeing *g, struct err *e)
{
    struct agree_result *out = g->out;
    size_t n = out->n_names;
    int rc = 0;

    if (n == 2)
        return 0;
    out->pairs = arena_new(&out->arena, n * (n - 1) / 2, sizeof(*out->pairs), e);
    if (!out->pairs)
        return ERR_NOMEM;
    for (size_t first = 0; first < n; first++)
        for (size_t second = first + 1; rc == 0 && second < n; second++) {
            struct agree_pair *pair = &out->pairs[out->n_pairs++];

            *pair = (struct agree_pair){ .first = first, .second = second };
            rc = compare_pair(g, pair, e);
        }
    return rc;
}

/* ---- parts ---- */

static int compare_part(struct agreeing *g, const struct partition *images, const char *value,
                        size_t v, struct err *e)
{
    struct agree_part *part = &g->out->parts[v];

    part->n_images = images->first[v + 1] - images->first[v];
    part->value = arena_text(&g->out->arena, value, strlen(value), e);
    if (!part->value)
        return ERR_NOMEM;
    return compare_images(g, images->images + images->first[v], part->n_images, &part->agreement,
                          e);
}

static int compare_parts(struct agreeing *g, struct err *e)
{
    struct agree_result *out = g->out;
    const char *by = g->options->by;
    struct partition images = { 0 };
    struct store_meta meta;
    int rc = store_meta_load(g->project->store, by, &g->data.images, &meta, e);

    if (rc < 0)
        return rc;
    rc = partition_new(&images, meta.of_image, g->data.images.n, meta.n_values, by, e);
    if (rc == 0) {
        out->by = arena_text(&out->arena, by, strlen(by), e);
        out->parts = arena_new(&out->arena, meta.n_values, sizeof(*out->parts), e);
        rc = out->by && out->parts ? 0 : ERR_NOMEM;
    }
    for (size_t v = 0; rc == 0 && v < meta.n_values; v++) {
        out->n_parts++;
        rc = compare_part(g, &images, meta.values[v], v, e);
    }
    partition_release(&images);
    store_meta_release(&meta);
    return rc;
}

/* ---- who, and what ---- */

static int describe(struct agreeing *g, struct err *e)
{
    struct agree_result *r = g->out;
    const struct dataset *d = &g->data;

    r->names = arena_new(&r->arena, d->n, sizeof(*r->names), e);
    r->kinds = arena_new(&r->arena, d->n, sizeof(*r->kinds), e);
    g->matrices = arena_new(&r->arena, d->n, sizeof(*g->matrices), e);
    if (!r->names || !r->kinds || !g->matrices)
        return ERR_NOMEM;
    r->n_names = d->n;
    for (size_t a = 0; a < d->n; a++) {
        g->matrices[a] = d->items[a].labels.values;
        r->names[a] = arena_text(&r->arena, d->items[a].name, strlen(d->items[a].name), e);
        if (!r->names[a])
            return ERR_NOMEM;
        r->kinds[a] = d->items[a].annotator->kind;
    }
    r->columns = g->scope.columns;
    r->groups = g->scope.groups;
    r->n_images = d->images.n;
    return selective_find(d, &r->arena, &r->selective, e);
}

/* ---- all together ---- */

/* Known ones may be no party: the consensus, who is withdrawn, who has not voted yet. */
static int too_few(const struct dataset *d, const struct store_annotator *only, struct err *e)
{
    if (!only) {
        err_set(e, ERR_ARG, "agreement needs two annotators, and nobody has labels yet");
        return err_hint(e,
                        "assent import FILE --annotator NAME brings some; assent annotate asks a "
                        "model");
    }
    err_set(e, ERR_ARG, "agreement needs two annotators, and only %s has labels to compare",
            only->name);
    if (store_annotators_find(&d->known, "consensus"))
        return err_hint(e,
                        "assent agree %s consensus compares with the consensus, which is made of "
                        "others' labels; assent import FILE --annotator NAME brings another's",
                        only->name);
    return err_hint(e,
                    "assent import FILE --annotator NAME brings another's; assent annotate asks a "
                    "model");
}

static int load(struct agreeing *g, struct err *e)
{
    const struct agree_options *o = g->options;
    struct pair usual;
    int rc = dataset_open(&g->data, g->project, e);

    if (rc < 0)
        return rc;
    if (o->names) {
        g->sure = sure_is_asked(&g->data, o->names, o->n_names);
        return dataset_load(&g->data, o->names, o->n_names, g->sure ? STORE_WITH_PROBABILITIES : 0,
                            e);
    }
    usual = pair_usual(&g->data.known);
    if (!usual.second)
        return too_few(&g->data, usual.first, e);
    g->out->why = usual.why;
    return dataset_load(&g->data, (const char *[]){ usual.first->name, usual.second->name }, 2, 0,
                        e);
}

static int compare_all(struct agreeing *g, struct err *e)
{
    struct agree_result *out = g->out;
    int rc = compare_images(g, NULL, 0, &out->all, e);

    if (rc == 0 && out->all->pooled.n == 0) {
        rc = err_set(e, ERR_ARG, "these annotators have no cell in common");
        err_hint(e, "assent status says who labelled how much");
    }
    return rc == 0 && g->options->by ? compare_parts(g, e) : rc;
}

static int find_differences(struct agreeing *g, struct err *e)
{
    struct agree_result *out = g->out;
    const char **values = arena_new(&out->arena, out->n_parts, sizeof(*values), e);
    const struct stats_agreement **parts = arena_new(&out->arena, out->n_parts, sizeof(*parts), e);
    const struct differences_of of = { .task = out->task,
                                       .columns = out->columns,
                                       .all = out->all,
                                       .n_annotators = out->n_names,
                                       .n_parts = out->n_parts,
                                       .values = values,
                                       .parts = parts };

    if (!values || !parts)
        return ERR_NOMEM;
    for (size_t v = 0; v < out->n_parts; v++) {
        values[v] = out->parts[v].value;
        parts[v] = out->parts[v].agreement;
    }
    return differences_find(&out->differences, &of, e);
}

static int compare_sets(struct agreeing *g, struct err *e)
{
    const struct multi_of of = { .task = g->project->task,
                                 .columns = g->scope.columns,
                                 .n_columns = g->scope.n_columns,
                                 .matrices = g->matrices,
                                 .n_matrices = g->data.n,
                                 .n_images = g->data.images.n };

    return multi_compare(&g->out->multi, &of, &g->out->arena, e);
}

int job_agree(const struct project *p, const struct agree_options *o, struct agree_result *out,
              struct err *e)
{
    struct agreeing g = { .project = p, .options = o, .out = out };
    int rc;

    *out = (struct agree_result){ .task = p->task,
                                  .resamples = o->resamples,
                                  .seed = o->seed,
                                  .interval = o->resamples > 0 ? o->interval : INTERVAL_CELLS };
    rc = load(&g, e);
    if (rc == 0)
        rc = scope_choose(&g.scope, p->task, o->group, &out->arena, e);
    if (rc == 0)
        rc = describe(&g, e);
    if (rc == 0)
        rc = compare_all(&g, e);
    if (rc == 0)
        rc = compare_pairs(&g, e);
    if (rc == 0 && g.sure)
        rc = sure_find(&out->sure, &g.data, g.scope.columns, g.scope.n_columns, &out->arena, e);
    if (rc == 0)
        rc = find_differences(&g, e);
    if (rc == 0)
        rc = compare_sets(&g, e);
    if (rc == 0)
        rc = unanswered_find(&g.data, &out->unanswered, e);
    dataset_release(&g.data);
    if (rc < 0)
        agree_result_release(out);
    return rc;
}

void agree_result_release(struct agree_result *r)
{
    stats_agreement_free(r->all);
    unanswered_release(&r->unanswered);
    differences_release(&r->differences);
    for (size_t i = 0; i < r->n_parts; i++)
        stats_agreement_free(r->parts[i].agreement);
    arena_release(&r->arena);
    *r = (struct agree_result){ 0 };
}
