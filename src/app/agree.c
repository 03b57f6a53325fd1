/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/compare.h"

struct agreeing {
    const struct project *project;
    const struct agree_options *options;
    struct agree_result *out;
    struct dataset data;
    struct scope scope;
    const int16_t **matrices;
};

/* chosen NULL: all images. */
static int compare_images(const struct agreeing *g, const size_t *chosen, size_t n_chosen,
                          struct stats_agreement **out, struct err *e)
{
    struct comparison c = {
        &g->scope, g->matrices,           g->data.n,       g->data.images.n, chosen,
        n_chosen,  g->options->resamples, g->options->seed
    };

    return compare(out, &c, e);
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

/* ---- warnings ---- */

/* Did this annotator label only cells on which the others differ? Then its agreement says little.
 */
static bool is_selective(const struct dataset *d, size_t who)
{
    size_t cells = d->images.n * d->project->task->n_columns, labelled = 0;

    for (size_t i = 0; i < cells; i++) {
        int16_t first = VALUE_MISSING;
        bool differ = false;

        if (d->items[who].labels.values[i] < 0)
            continue;
        labelled++;
        for (size_t a = 0; a < d->n; a++) {
            int16_t value = d->items[a].labels.values[i];

            if (a == who || value < 0)
                continue;
            differ = differ || (first >= 0 && value != first);
            first = value;
        }
        if (!differ)
            return false;
    }
    return labelled > 0;
}

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
        if (d->n > 2 && is_selective(d, a))
            r->selective = r->names[a];
    }
    r->columns = g->scope.columns;
    r->groups = g->scope.groups;
    r->n_images = d->images.n;
    return 0;
}

/* ---- all together ---- */

static int load(struct dataset *d, const struct project *p, const struct agree_options *o,
                struct err *e)
{
    struct store_annotators known;
    const char *pair[2];
    bool found;
    int rc;

    if (o->names)
        return dataset_load(d, p, o->names, o->n_names, 0, e);
    rc = store_annotators_load(p->store, &known, e);
    if (rc < 0)
        return rc;
    found = dataset_default_pair(&known, pair);
    if (found) {
        rc = dataset_load(d, p, pair, 2, 0, e);
    } else {
        rc = err_set(e, ERR_ARG, "agreement needs two annotators");
        err_got(e, "%zu", known.n);
        err_hint(e, "assent import FILE --annotator NAME brings labels");
    }
    store_annotators_release(&known);
    return rc;
}

int agree(const struct project *p, const struct agree_options *o, struct agree_result *out,
          struct err *e)
{
    struct agreeing g = { .project = p, .options = o, .out = out };
    int rc;

    *out = (struct agree_result){ .resamples = o->resamples, .seed = o->seed };
    rc = load(&g.data, p, o, e);
    if (rc == 0)
        rc = scope_choose(&g.scope, p->task, o->group, &out->arena, e);
    if (rc == 0)
        rc = describe(&g, e);
    if (rc == 0)
        rc = compare_images(&g, NULL, 0, &out->all, e);
    if (rc == 0 && out->all->pooled.n == 0) {
        rc = err_set(e, ERR_ARG, "these annotators have no cell in common");
        err_hint(e, "assent status says who labelled how much");
    }
    if (rc == 0 && o->by)
        rc = compare_parts(&g, e);
    dataset_release(&g.data);
    if (rc < 0)
        agree_result_release(out);
    return rc;
}

void agree_result_release(struct agree_result *r)
{
    stats_agreement_free(r->all);
    for (size_t i = 0; i < r->n_parts; i++)
        stats_agreement_free(r->parts[i].agreement);
    arena_release(&r->arena);
    *r = (struct agree_result){ 0 };
}

/* ---- JSON ---- */

static struct json_t *interval_json(struct stats_interval i)
{
    return jv_pack("[o, o]", jv_real(i.low), jv_real(i.high));
}

static struct json_t *counts_json(const struct stats_table *t)
{
    struct json_t *rows = jv_array();

    for (size_t i = 0; i < t->k; i++) {
        struct json_t *row = jv_array();

        for (size_t j = 0; j < t->k; j++)
            jv_append(row, jv_pack("I", (long long)t->counts[i * t->k + j]));
        jv_append(rows, row);
    }
    return rows;
}

static struct json_t *figures_json(const struct stats_figures *f, size_t n_annotators)
{
    struct json_t *o = jv_pack(
        "{s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:[o, o]}", "n",
        (long long)f->n, "asked", (long long)f->asked, "missing", (long long)f->missing, "coverage",
        jv_real(f->coverage), "agreement", jv_real(f->agreement), "agreement_with_abstentions",
        jv_real(f->agreement_with_abstentions), "wilson", interval_json(f->wilson), "bootstrap",
        interval_json(f->bootstrap), "kappa", jv_real(f->kappa), "kappa_bootstrap",
        interval_json(f->kappa_bootstrap), "ac1", jv_real(f->ac1), "alpha", jv_real(f->alpha),
        "positive_rate", jv_real(f->positive_rate[0]), jv_real(f->positive_rate[1]));
    const struct {
        const char *name;
        double value;
    } rest[] = {
        { "precision", f->precision },
        { "recall", f->recall },
        { "f1", f->f1 },
        { "positive_agreement", f->positive_agreement },
        { "negative_agreement", f->negative_agreement },
        { "quadratic_kappa", f->quadratic_kappa },
    };

    for (size_t i = 0; o && i < sizeof(rest) / sizeof(rest[0]); i++)
        jv_set(o, rest[i].name, jv_real(rest[i].value));
    if (o && n_annotators > 2)
        jv_set(o, "fleiss_kappa", jv_real(f->fleiss_kappa));
    if (o && f->table.k > 0)
        jv_set(o, "counts", counts_json(&f->table));
    return o;
}

static struct json_t *named_json(const char *name, const struct stats_figures *f,
                                 size_t n_annotators)
{
    struct json_t *o = figures_json(f, n_annotators);

    if (o)
        jv_set(o, "name", jv_pack("s", name));
    return o;
}

struct json_t *agreement_json(const struct project *p, const struct stats_agreement *a,
                              const size_t *columns, const char *const *groups, size_t n_annotators)
{
    struct json_t *questions = jv_array(), *group_rows = jv_array();
    struct json_t *macro = figures_json(&a->macro, n_annotators);

    for (size_t c = 0; c < a->n_columns; c++) {
        const struct column *column = &p->task->columns[columns ? columns[c] : c];
        const char *group = p->task->questions[column->question].group;
        struct json_t *row = named_json(column->name, &a->columns[c], n_annotators);

        if (row && group)
            jv_set(row, "group", jv_pack("s", group));
        jv_append(questions, row);
    }
    for (size_t g = 0; g < a->n_groups; g++)
        jv_append(group_rows, named_json(groups[g], &a->groups[g], n_annotators));
    if (macro)
        jv_set(macro, "kappa_questions", jv_pack("I", (long long)a->macro_kappa_columns));
    return jv_pack("{s:o, s:o, s:o, s:o}", "pooled", figures_json(&a->pooled, n_annotators),
                   "macro", macro, "groups", group_rows, "questions", questions);
}

struct json_t *agree_json(const struct project *p, const struct agree_result *r)
{
    struct json_t *o = agreement_json(p, r->all, r->columns, r->groups, r->n_names);

    if (!o)
        return NULL;
    jv_set(o, "annotators", jv_texts(r->names, r->n_names));
    jv_set(o, "images", jv_pack("I", (long long)r->n_images));
    jv_set(o, "resamples", jv_pack("I", (long long)r->resamples));
    jv_set(o, "seed", jv_pack("I", (long long)r->seed));
    if (r->selective)
        jv_set(o, "selective", jv_pack("s", r->selective));
    if (r->by) {
        struct json_t *parts = jv_array();

        for (size_t i = 0; i < r->n_parts; i++) {
            struct json_t *part =
                agreement_json(p, r->parts[i].agreement, r->columns, r->groups, r->n_names);

            if (part) {
                jv_set(part, "value", jv_pack("s", r->parts[i].value));
                jv_set(part, "images", jv_pack("I", (long long)r->parts[i].n_images));
            }
            jv_append(parts, part);
        }
        jv_set(o, "by", jv_pack("{s:s, s:o}", "column", r->by, "parts", parts));
    }
    return o;
}
