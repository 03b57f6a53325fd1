/* SPDX-License-Identifier: MIT
 *
 * decoder.c - the language model's layers (modeling_llama.py, modeling_mistral.py and
 * modeling_qwen2.py of transformers) over a tree of tokens.
 */
#include <stdlib.h>
#include <string.h>

#include "vlm/buffers.h"
#include "vlm/forward.h"

enum { MLP_ROWS = 2048 }; /* through the wide middle at a time: bounds memory */

static size_t mlp_rows(size_t n)
{
    return n < MLP_ROWS ? n : MLP_ROWS;
}

struct decoder_pass {
    const struct model *m;
    const struct ops *o;
    const struct tree *tree;
    size_t n; /* rows of x */
    float *x; /* the residual stream */
    float *normed, *q, *mixed;
    float *k, *v; /* of all tokens */
    float *gate, *up;
    uint32_t *rows; /* the tokens that x holds, rising */
};

enum { BUFFERS = 8 };

static void list_buffers(struct decoder_pass *p, struct buffer out[BUFFERS])
{
    const struct text_config *c = &p->m->config.text;
    size_t q = (size_t)c->heads * c->head_dim, kv = (size_t)c->kv_heads * c->head_dim;
    size_t wide = mlp_rows(p->n) * c->intermediate;
    const struct buffer list[BUFFERS] = {
        { &p->x, p->n * c->hidden }, { &p->normed, p->n * c->hidden },
        { &p->q, p->n * q },         { &p->mixed, p->n * q },
        { &p->k, p->n * kv },        { &p->v, p->n * kv },
        { &p->gate, wide },          { &p->up, wide },
    };

    memcpy(out, list, sizeof(list));
}

/* Token embeddings, with the image's rows in the place of its tokens: the k-th of a path takes row
 * k. index is scratch, a number a token. */
static void embed(struct decoder_pass *p, const struct decoder_input *in, uint32_t *index)
{
    const struct tree *t = p->tree;
    size_t h = p->m->config.text.hidden;
    uint32_t token = p->m->config.image_token;

    p->o->lookup(p->x, &p->m->embedding, t->ids, t->n);
    for (size_t i = 0; i < t->n; i++) {
        uint32_t before = t->parent[i];

        p->rows[i] = (uint32_t)i;
        index[i] = before == TREE_ROOT ? 0 : index[before];
        if (t->ids[i] != token || index[i] >= in->n_image)
            continue;
        memcpy(p->x + i * h, in->image + index[i] * h, h * sizeof(*p->x));
        index[i]++;
    }
}

/* Keeps of x and normed the rows of the tokens rows[0..n), which rise and are among p->rows. */
static void keep_rows(struct decoder_pass *p, const uint32_t *rows, size_t n)
{
    size_t h = p->m->config.text.hidden, at = 0;

    for (size_t i = 0; n < p->n && i < n; i++) {
        while (p->rows[at] != rows[i])
            at++;
        memmove(p->x + i * h, p->x + at * h, h * sizeof(*p->x));
        memmove(p->normed + i * h, p->normed + at * h, h * sizeof(*p->normed));
        p->rows[i] = rows[i];
    }
    p->n = n;
}

static int run_mlp(struct decoder_pass *p, const struct text_layer *l, struct err *e)
{
    const struct text_config *c = &p->m->config.text;
    const struct ops *o = p->o;
    size_t h = c->hidden;
    int rc = 0;

    o->rms_norm(p->normed, p->x, p->n, h, l->norm2.weight, c->eps);
    for (size_t at = 0; rc == 0 && at < p->n; at += MLP_ROWS) {
        size_t n = mlp_rows(p->n - at);
        float *x = p->normed + at * h;

        if ((rc = o->linear(o, p->gate, x, n, &l->gate.w, l->gate.bias, e)) < 0 ||
            (rc = o->linear(o, p->up, x, n, &l->up.w, l->up.bias, e)) < 0)
            return rc;
        o->gate(p->gate, p->up, n * c->intermediate);
        rc = o->linear(o, x, p->gate, n, &l->down.w, l->down.bias, e);
    }
    if (rc == 0)
        o->add(p->x, p->normed, p->n * h);
    return rc;
}

/* Keys and values are made for all tokens, the rest for the tokens rows[0..n) only. */
static int run_layer(struct decoder_pass *p, const struct text_layer *l, const uint32_t *rows,
                     size_t n, struct err *e)
{
    const struct text_config *c = &p->m->config.text;
    const struct tree *t = p->tree;
    const struct ops *o = p->o;
    struct attention a = { c->heads, c->kv_heads, c->head_dim, c->sliding_window, rows, n, t };
    struct attended x = { p->mixed, p->q, p->k, p->v };
    uint32_t *depth = mem_new(n, sizeof(*depth), e);
    int rc = depth ? 0 : ERR_NOMEM;

    o->rms_norm(p->normed, p->x, p->n, c->hidden, l->norm1.weight, c->eps);
    if (rc == 0 && (rc = o->linear(o, p->k, p->normed, p->n, &l->k.w, l->k.bias, e)) == 0)
        rc = o->linear(o, p->v, p->normed, p->n, &l->v.w, l->v.bias, e);
    if (rc == 0) {
        o->rope(p->k, t->n, c->kv_heads, c->head_dim, t->depth, p->m->frequency);
        keep_rows(p, rows, n);
        for (size_t i = 0; i < n; i++)
            depth[i] = t->depth[rows[i]];
        rc = o->linear(o, p->q, p->normed, n, &l->q.w, l->q.bias, e);
    }
    if (rc == 0) {
        o->rope(p->q, n, c->heads, c->head_dim, depth, p->m->frequency);
        rc = o->attend_tree(o, &x, &a, e);
    }
    free(depth);
    if (rc < 0 || (rc = o->linear(o, p->normed, p->mixed, n, &l->o.w, l->o.bias, e)) < 0)
        return rc;
    o->add(p->x, p->normed, n * c->hidden);
    return run_mlp(p, l, e);
}

static int trace_hidden(const struct decoder_pass *p, const struct trace *t, uint32_t layer,
                        const float *x, struct err *e)
{
    char name[32];

    snprintf(name, sizeof(name), "hidden.%u", layer);
    return trace_floats(t, name, x, 2, (size_t[]){ p->n, p->m->config.text.hidden }, e);
}

static int run(struct decoder_pass *p, const struct decoder_input *in, float *out,
               const struct trace *t, struct err *e)
{
    const struct text_config *c = &p->m->config.text;
    uint32_t *all = mem_new(p->n, sizeof(*all), e);
    int rc = all ? trace_hidden(p, t, 0, p->x, e) : ERR_NOMEM;
    size_t n = p->n;

    for (size_t i = 0; all && i < n; i++)
        all[i] = (uint32_t)i;
    for (uint32_t i = 0; rc == 0 && i < c->layers; i++) {
        bool last = i + 1 == c->layers && !t; /* a trace shows every token to the end */

        rc = run_layer(p, &p->m->layers[i], last ? in->rows : all, last ? in->n_rows : n, e);
        if (rc == 0 && i + 1 < c->layers)
            rc = trace_hidden(p, t, i + 1, p->x, e);
    }
    free(all);
    if (rc < 0)
        return rc;
    p->o->rms_norm(p->normed, p->x, p->n, c->hidden, p->m->final_norm.weight, c->eps);
    rc = trace_hidden(p, t, c->layers, p->normed, e);
    for (size_t i = 0, at = 0; rc == 0 && i < in->n_rows; i++) {
        while (p->rows[at] != in->rows[i])
            at++;
        memcpy(out + i * c->hidden, p->normed + at * c->hidden, c->hidden * sizeof(*out));
    }
    return rc;
}

int decoder_run(float *out, const struct model *m, const struct ops *o,
                const struct decoder_input *in, const struct trace *t, struct err *e)
{
    struct decoder_pass p = { .m = m, .o = o, .tree = in->tree, .n = in->tree->n };
    struct buffer buffers[BUFFERS];
    uint32_t *index = mem_new(p.n, sizeof(*index), e);
    int rc = index ? 0 : ERR_NOMEM;

    list_buffers(&p, buffers);
    p.rows = mem_new(p.n, sizeof(*p.rows), e);
    if (rc == 0)
        rc = p.rows ? buffers_new(buffers, BUFFERS, e) : ERR_NOMEM;
    if (rc == 0) {
        embed(&p, in, index);
        rc = run(&p, in, out, t, e);
    }
    buffers_free(buffers, BUFFERS);
    free(p.rows);
    free(index);
    return rc;
}

size_t decoder_bytes(const struct model *m, const struct ops *o, size_t n, size_t height)
{
    const struct text_layer *l = &m->layers[0];
    const struct matrix *const all[] = { &l->q.w, &l->k.w, &l->v.w, &l->o.w };
    const struct matrix *const mlp[] = { &l->gate.w, &l->up.w, &l->down.w };
    struct decoder_pass p = { .m = m, .n = n };
    struct buffer buffers[BUFFERS];
    size_t lists = 4 * n * sizeof(uint32_t); /* of rows and depths */
    size_t scratch = larger_of(products_bytes(o, n, all, sizeof(all) / sizeof(all[0])),
                               products_bytes(o, mlp_rows(n), mlp, sizeof(mlp) / sizeof(mlp[0])));

    list_buffers(&p, buffers);
    return buffers_bytes(buffers, BUFFERS) + lists + larger_of(scratch, o->attend_bytes(o, height));
}
