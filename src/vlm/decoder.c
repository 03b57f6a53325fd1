/* SPDX-License-Identifier: MIT
 *
 * decoder.c - the language model's layers (modeling_{llama,mistral,qwen2,qwen3_vl}.py of
 * transformers) over a tree of tokens.
 */
#include <stdlib.h>
#include <string.h>

#include "vlm/buffers.h"
#include "vlm/forward.h"

enum { MLP_ROWS = 2048 }; /* through the wide middle at a time: bounds memory */
#define NO_FEATURE UINT32_MAX

static size_t mlp_rows(size_t n)
{
    return n < MLP_ROWS ? n : MLP_ROWS;
}

struct decoder_pass {
    const struct pass *p;
    const struct ops *o;
    const struct text_config *c;
    const struct decoder_input *in;
    size_t n;        /* rows of x */
    struct tensor x; /* the residual stream */
    struct tensor normed, q, mixed;
    struct tensor k, v; /* of all tokens */
    struct tensor gate, up;
    struct angles angles, asking; /* of all tokens; of those that ask */
    /* Of each token: the feature that it stands for. Then scratch: two numbers a token. */
    uint32_t *feature, *scratch;
    uint32_t *all; /* 0, 1, .. */
};

enum { BUFFERS = 10 };

static void list_buffers(struct decoder_pass *p, struct buffer out[BUFFERS])
{
    const struct text_config *c = p->c;
    size_t q = (size_t)c->heads * c->head_dim, kv = (size_t)c->kv_heads * c->head_dim;
    size_t wide = mlp_rows(p->n);
    const struct buffer list[BUFFERS] = {
        { &p->x, p->n, c->hidden },
        { &p->normed, p->n, c->hidden },
        { &p->q, p->n, q },
        { &p->mixed, p->n, q },
        { &p->k, p->n, kv },
        { &p->v, p->n, kv },
        { &p->gate, wide, c->intermediate },
        { &p->up, wide, c->intermediate },
        { &p->asking.cosines, p->n, c->head_dim / 2 },
        { &p->asking.sines, p->n, c->head_dim / 2 },
    };

    memcpy(out, list, sizeof(list));
}

/* ---- the rows that go in ---- */

/* The k-th image token of a path stands for its picture's feature k. */
static void find_features(struct decoder_pass *p)
{
    const struct decoder_input *in = p->in;
    const struct tree *t = in->tree;
    uint32_t token = p->p->model->config.image_token, *seen = p->scratch;
    size_t first = 0, end = 0, picture = 0;

    for (size_t i = 0; i < t->n; i++) {
        bool image;

        for (; picture < in->n_pictures && in->pictures[picture].first_token == i; picture++) {
            first = end;
            end += in->pictures[picture].features;
        }
        seen[i] = t->parent[i] == TREE_ROOT ? (uint32_t)first : seen[t->parent[i]];
        image = t->ids[i] == token && seen[i] < end;
        p->feature[i] = image ? seen[i]++ : NO_FEATURE;
    }
}

/* Which rows of x, that hold the tokens tokens[0..p->n), stand for which features. */
static struct row_map image_rows(const struct decoder_pass *p, const uint32_t *tokens)
{
    struct row_map m = { .from = p->scratch, .to = p->scratch + p->n };

    for (size_t i = 0; i < p->n; i++)
        if (p->feature[tokens[i]] != NO_FEATURE) {
            p->scratch[m.n] = p->feature[tokens[i]];
            p->scratch[p->n + m.n++] = (uint32_t)i;
        }
    return m;
}

/* Token embeddings, with the image's rows in the place of its tokens. */
static void embed(struct decoder_pass *p)
{
    struct row_map image;

    find_features(p);
    for (size_t i = 0; i < p->n; i++)
        p->all[i] = (uint32_t)i;
    p->o->lookup(p->x, &p->p->model->embedding, p->in->tree->ids);
    image = image_rows(p, p->all);
    p->o->copy_rows(p->x, p->in->features->rows, &image);
}

/* ---- a layer ---- */

static struct tensor used(const struct decoder_pass *p, struct tensor x)
{
    return tensor_rows(x, 0, p->n);
}

static int run_mlp(const struct decoder_pass *p, const struct text_layer *l, struct err *e)
{
    const struct ops *o = p->o;
    int rc = 0;

    o->rms_norm(used(p, p->normed), used(p, p->x), l->norm2.weight, p->c->eps);
    for (size_t at = 0; rc == 0 && at < p->n; at += MLP_ROWS) {
        size_t n = mlp_rows(p->n - at);
        struct tensor x = tensor_rows(p->normed, at, n), gate = tensor_rows(p->gate, 0, n);
        struct tensor up = tensor_rows(p->up, 0, n);

        if ((rc = o->linear(o, gate, x, &l->gate.w, l->gate.bias, e)) < 0 ||
            (rc = o->linear(o, up, x, &l->up.w, l->up.bias, e)) < 0)
            return rc;
        o->gate(gate, up, p->c->act);
        rc = o->linear(o, x, gate, &l->down.w, l->down.bias, e);
    }
    if (rc == 0)
        o->add(used(p, p->x), used(p, p->normed));
    return rc;
}

/* Each head of q or k, where the model does so. */
static void norm_heads(const struct decoder_pass *p, struct tensor x, const struct norm *norm)
{
    size_t size = p->c->head_dim;
    struct tensor heads = tensor_shaped(x, x.rows * x.cols / size, size);

    if (norm->weight.at)
        p->o->rms_norm(heads, heads, norm->weight, p->c->eps);
}

/* The tokens that ask are rows[0..n) from here on; keys and values are those of all. */
static void keep_rows(struct decoder_pass *p, const uint32_t *rows, size_t n)
{
    struct row_map m = { .from = rows, .n = n };

    if (n < p->n) {
        p->o->copy_rows(p->x, p->x, &m);
        p->o->copy_rows(p->normed, p->normed, &m);
    }
    p->n = n;
    p->o->copy_rows(p->asking.cosines, p->angles.cosines, &m);
    p->o->copy_rows(p->asking.sines, p->angles.sines, &m);
}

/* Queries and keys, turned: what attention compares. */
static int project(struct decoder_pass *p, const struct text_layer *l, const uint32_t *rows,
                   size_t n, struct err *e)
{
    const struct ops *o = p->o;
    struct tensor normed = used(p, p->normed), q;
    int rc;

    o->rms_norm(normed, used(p, p->x), l->norm1.weight, p->c->eps);
    if ((rc = o->linear(o, p->k, normed, &l->k.w, l->k.bias, e)) < 0 ||
        (rc = o->linear(o, p->v, normed, &l->v.w, l->v.bias, e)) < 0)
        return rc;
    norm_heads(p, p->k, &l->k_norm);
    o->rotate(p->k, p->c->kv_heads, p->angles.cosines, p->angles.sines);
    keep_rows(p, rows, n);
    q = used(p, p->q);
    if ((rc = o->linear(o, q, used(p, p->normed), &l->q.w, l->q.bias, e)) < 0)
        return rc;
    norm_heads(p, q, &l->q_norm);
    o->rotate(q, p->c->heads, used(p, p->asking.cosines), used(p, p->asking.sines));
    return 0;
}

/* Keys and values are made for all tokens, the rest for the tokens rows[0..n) only. */
static int run_layer(struct decoder_pass *p, uint32_t layer, const uint32_t *rows, size_t n,
                     struct err *e)
{
    const struct text_layer *l = &p->p->model->layers[layer];
    const struct ops *o = p->o;
    int rc = project(p, l, rows, n, e);
    struct attended x = { .y = used(p, p->mixed), .q = used(p, p->q), .k = p->k, .v = p->v };
    struct tree_attention a = { .heads = p->c->heads,
                                .kv_heads = p->c->kv_heads,
                                .window = p->c->sliding_window,
                                .rows = rows,
                                .tree = p->in->tree };

    if (rc == 0 && layer == 0 && (rc = trace_tensor(p->p, "query.0", x.q, e)) == 0)
        rc = trace_tensor(p->p, "key.0", x.k, e);
    if (rc < 0 || (rc = o->attend_tree(o, &x, &a, e)) < 0 ||
        (rc = o->linear(o, used(p, p->normed), x.y, &l->o.w, l->o.bias, e)) < 0)
        return rc;
    o->add(used(p, p->x), used(p, p->normed));
    rc = run_mlp(p, l, e);
    if (rc == 0 && layer < p->in->features->n_deep) {
        struct row_map image = image_rows(p, rows);

        o->add_rows(p->x, p->in->features->deep[layer], &image);
    }
    return rc;
}

/* ---- the pass ---- */

static int run(struct decoder_pass *p, struct tensor out, struct err *e)
{
    const struct decoder_input *in = p->in;
    uint32_t layers = p->c->layers;
    int rc = trace_numbered(p->p, "hidden", 0, p->x, e);
    size_t all = p->n;

    for (uint32_t i = 0; rc == 0 && i < layers; i++) {
        bool last = i + 1 == layers && !p->p->trace; /* a trace shows every token to the end */

        rc = run_layer(p, i, last ? in->rows : p->all, last ? in->n_rows : all, e);
        if (rc == 0 && i + 1 < layers)
            rc = trace_numbered(p->p, "hidden", i + 1, p->x, e);
    }
    if (rc < 0)
        return rc;
    p->o->rms_norm(used(p, p->normed), used(p, p->x), p->p->model->final_norm.weight, p->c->eps);
    rc = trace_numbered(p->p, "hidden", layers, used(p, p->normed), e);
    p->o->copy_rows(out, p->normed,
                    &(struct row_map){ .from = p->n == all ? in->rows : NULL, .n = in->n_rows });
    return rc;
}

static int take_memory(struct decoder_pass *p, const struct buffer buffers[BUFFERS], struct err *e)
{
    const struct model *m = p->p->model;
    const struct places *at = p->in->places;
    struct rotation r = { .n = p->n,
                          .pairs = p->c->head_dim / 2,
                          .axis = { at->axis[0], at->axis[1], at->axis[2] },
                          .frequency = m->frequency,
                          .axis_of = m->axis_of };
    int rc = buffers_new(p->o, buffers, BUFFERS, e);

    if (rc == 0)
        rc = angles_new(&p->angles, p->o, &r, e);
    p->feature = mem_new(p->n, sizeof(*p->feature), e);
    p->scratch = mem_new(2 * p->n, sizeof(*p->scratch), e);
    p->all = mem_new(p->n, sizeof(*p->all), e);
    return rc < 0 || (p->feature && p->scratch && p->all) ? rc : ERR_NOMEM;
}

int decoder_run(struct tensor out, const struct pass *pass, const struct decoder_input *in,
                struct err *e)
{
    struct decoder_pass p = {
        .p = pass, .o = pass->ops, .c = &pass->model->config.text, .in = in, .n = in->tree->n
    };
    struct buffer buffers[BUFFERS];
    int rc;

    list_buffers(&p, buffers);
    rc = take_memory(&p, buffers, e);
    if (rc == 0) {
        embed(&p);
        rc = run(&p, out, e);
    }
    buffers_free(pass->ops, buffers, BUFFERS);
    angles_release(&p.angles, pass->ops);
    free(p.feature);
    free(p.scratch);
    free(p.all);
    return rc;
}

size_t decoder_bytes(const struct pass *pass, size_t n, size_t height)
{
    const struct ops *o = pass->ops;
    const struct text_layer *l = &pass->model->layers[0];
    const struct matrix *const all[] = { &l->q.w, &l->k.w, &l->v.w, &l->o.w };
    const struct matrix *const mlp[] = { &l->gate.w, &l->up.w, &l->down.w };
    struct decoder_pass p = { .p = pass, .c = &pass->model->config.text, .n = n };
    struct buffer buffers[BUFFERS];
    size_t angles = 2 * tensor_bytes(n, p.c->head_dim / 2), lists = 4 * n * sizeof(uint32_t);
    size_t scratch = larger_of(products_bytes(o, n, all, sizeof(all) / sizeof(all[0])),
                               products_bytes(o, mlp_rows(n), mlp, sizeof(mlp) / sizeof(mlp[0])));

    list_buffers(&p, buffers);
    scratch = lists + larger_of(scratch, o->attend_bytes(o, height));
    return buffers_bytes(buffers, BUFFERS) + angles +
           larger_of(scratch, angles); /* or being made */
}

void features_release(struct features *f, const struct ops *o)
{
    o->release(o, &f->rows);
    for (size_t i = 0; i < f->n_deep; i++)
        o->release(o, &f->deep[i]);
    f->n_deep = 0;
}
