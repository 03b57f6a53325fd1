/* SPDX-License-Identifier: MIT
 *
 * tower.c - the vision transformers (modeling_{clip,siglip,qwen3_vl,qwen2_5_vl,internvl}.py of
 * transformers): one pre-norm transformer, whose variants are fields of struct tower_config.
 */
#include <stdlib.h>

#include "vlm/buffers.h"
#include "vlm/forward.h"

enum { MLP_ROWS = 4096 }; /* through the wide middle at a time: bounds memory */

/* Buffers of one pass; n rows of all pictures. */
struct tower_pass {
    const struct pass *p;
    const struct ops *o;
    const struct tower_config *c;
    const struct tower *tower;
    const struct tower_input *in;
    size_t n;
    struct tensor x, normed, wide;
};

enum { BUFFERS = 3 };

static size_t mlp_rows(size_t n)
{
    return n < MLP_ROWS ? n : MLP_ROWS;
}

/* Attention and MLP never need memory at the same time. */
static void list_buffers(struct tower_pass *t, struct buffer out[BUFFERS])
{
    const struct tower_config *c = t->c;
    size_t mlp = mlp_rows(t->n) * c->intermediate * (c->gated ? 2 : 1);
    size_t wide = larger_of(t->n * 3 * c->hidden, mlp);

    out[0] = (struct buffer){ &t->x, t->n, c->hidden };
    out[1] = (struct buffer){ &t->normed, t->n, c->hidden };
    out[2] = (struct buffer){ &t->wide, 1, wide };
}

/* The i-th piece of [rows, cols] of the wide buffer. */
static struct tensor piece(const struct tower_pass *t, size_t i, size_t rows, size_t cols)
{
    return tensor_rows(tensor_shaped(t->wide, 0, cols), i * rows, rows);
}

static void normalise(const struct tower_pass *t, struct tensor y, const struct norm *norm)
{
    if (norm->bias.at)
        t->o->layer_norm(y, t->x, norm->weight, norm->bias, t->c->eps);
    else
        t->o->rms_norm(y, t->x, norm->weight, t->c->eps);
}

/* To the rows, each column in its scale where the block has them. */
static void add(const struct tower_pass *t, struct tensor y, struct tensor scale)
{
    if (scale.at)
        t->o->scale(y, scale);
    t->o->add(t->x, y);
}

/* ---- the rows ---- */

/* Patches behind each picture's class token. */
static int place_patches(const struct tower_pass *t, struct tensor patches, struct err *e)
{
    size_t pictures = t->in->pictures, each = patches.rows / pictures, rows = each + 1;
    uint32_t *map = mem_new(2 * patches.rows + 2 * pictures, sizeof(*map), e);
    uint32_t *first = map, *zero = map + pictures, *to = map + 2 * pictures;

    if (!map)
        return ERR_NOMEM;
    for (size_t i = 0; i < pictures; i++) {
        first[i] = (uint32_t)(i * rows);
        zero[i] = 0;
    }
    for (size_t i = 0; i < patches.rows; i++)
        to[i] = (uint32_t)(i / each * rows + 1 + i % each);
    t->o->copy_rows(t->x, t->tower->class_embedding,
                    &(struct row_map){ .from = zero, .to = first, .n = pictures });
    t->o->copy_rows(t->x, patches, &(struct row_map){ .to = to, .n = patches.rows });
    free(map);
    return 0;
}

static int embed(const struct tower_pass *t, struct err *e)
{
    const struct linear *patch = &t->tower->patch;
    bool class_token = t->c->class_token;
    struct tensor patches = class_token ? tensor_rows(t->normed, 0, t->in->patches.rows) : t->x;
    int rc = t->o->linear(t->o, patches, t->in->patches, &patch->w, patch->bias, e);

    if (rc == 0 && class_token)
        rc = place_patches(t, patches, e);
    if (rc < 0)
        return rc;
    if (t->in->position.at)
        t->o->add(t->x, t->in->position);
    if (t->c->pre_norm)
        normalise(t, t->x, &t->tower->pre_norm);
    return 0;
}

/* ---- a block ---- */

static bool is_full(const struct tower_input *in, uint32_t block)
{
    bool full = in->windows.n == 0;

    for (size_t i = 0; i < in->n_full; i++)
        full |= in->full_blocks[i] == block;
    return full;
}

/* Before they are rotated. */
static void norm_queries(const struct tower_pass *t, const struct tower_block *b, struct tensor q,
                         struct tensor k)
{
    if (t->c->qk_eps == 0)
        return;
    t->o->rms_norm(q, q, b->q_norm.weight, t->c->qk_eps);
    t->o->rms_norm(k, k, b->k_norm.weight, t->c->qk_eps);
}

static int attend(const struct tower_pass *t, uint32_t block, struct err *e)
{
    const struct tower_block *b = &t->tower->blocks[block];
    const struct tower_spans *spans = is_full(t->in, block) ? &t->in->whole : &t->in->windows;
    size_t h = t->c->hidden;
    struct attended x = { .y = t->normed,
                          .q = piece(t, 0, t->n, h),
                          .k = piece(t, 1, t->n, h),
                          .v = piece(t, 2, t->n, h) };
    struct span_attention a = { .ends = spans->ends, .n = spans->n, .heads = t->c->heads };
    const struct ops *o = t->o;
    int rc;

    normalise(t, t->normed, &b->norm1);
    if ((rc = o->linear(o, x.q, t->normed, &b->q.w, b->q.bias, e)) < 0 ||
        (rc = o->linear(o, x.k, t->normed, &b->k.w, b->k.bias, e)) < 0 ||
        (rc = o->linear(o, x.v, t->normed, &b->v.w, b->v.bias, e)) < 0)
        return rc;
    norm_queries(t, b, x.q, x.k);
    if (t->in->angles.cosines.at) {
        o->rotate(x.q, a.heads, t->in->angles.cosines, t->in->angles.sines);
        o->rotate(x.k, a.heads, t->in->angles.cosines, t->in->angles.sines);
    }
    if ((rc = o->attend_spans(o, &x, &a, e)) < 0 ||
        (rc = o->linear(o, x.q, t->normed, &b->out.w, b->out.bias, e)) < 0)
        return rc;
    add(t, x.q, b->scale1);
    return 0;
}

static int run_mlp(const struct tower_pass *t, const struct tower_block *b, struct err *e)
{
    const struct ops *o = t->o;
    size_t wide = t->c->intermediate;
    int rc = 0;

    normalise(t, t->normed, &b->norm2);
    for (size_t at = 0; rc == 0 && at < t->n; at += MLP_ROWS) {
        size_t n = mlp_rows(t->n - at);
        struct tensor x = tensor_rows(t->normed, at, n), up = piece(t, 0, n, wide);
        struct tensor gate = t->c->gated ? piece(t, 1, n, wide) : up;

        rc = o->linear(o, up, x, &b->fc1.w, b->fc1.bias, e);
        if (rc == 0 && t->c->gated)
            rc = o->linear(o, gate, x, &b->gate.w, b->gate.bias, e);
        if (rc < 0)
            return rc;
        if (t->c->gated)
            o->gate(gate, up, t->c->act);
        else
            o->activate(up, t->c->act);
        rc = o->linear(o, x, gate, &b->fc2.w, b->fc2.bias, e);
    }
    if (rc == 0)
        add(t, t->normed, b->scale2);
    return rc;
}

/* ---- the pass ---- */

static void tap(const struct tower_pass *t, uint32_t block)
{
    for (size_t i = 0; i < t->in->n_taps; i++)
        if (t->in->tap_blocks[i] == block)
            t->o->copy_rows(t->in->tapped[i], t->x, &(struct row_map){ .n = t->n });
}

static int run(const struct tower_pass *t, struct err *e)
{
    int rc = embed(t, e);

    for (uint32_t i = 0; rc == 0 && i < t->c->blocks; i++) {
        if ((rc = attend(t, i, e)) < 0 || (rc = run_mlp(t, &t->tower->blocks[i], e)) < 0)
            return rc;
        tap(t, i);
        rc = trace_numbered(t->p, "tower", i, t->x, e);
    }
    if (rc == 0 && t->c->post_norm)
        normalise(t, t->x, &t->tower->post_norm);
    return rc;
}

static struct tower_pass make_pass(const struct pass *p, size_t rows)
{
    return (struct tower_pass){
        .p = p, .o = p->ops, .c = &p->model->config.vision, .tower = &p->model->tower, .n = rows
    };
}

int tower_run(struct tensor *out, const struct pass *p, const struct tower_input *in, struct err *e)
{
    size_t rows = in->patches.rows + (p->model->config.vision.class_token ? in->pictures : 0);
    struct tower_pass t = make_pass(p, rows);
    struct buffer buffers[BUFFERS];
    int rc;

    t.in = in;
    *out = (struct tensor){ 0 };
    list_buffers(&t, buffers);
    rc = buffers_new(p->ops, buffers, BUFFERS, e);
    if (rc == 0)
        rc = run(&t, e);
    if (rc == 0) {
        *out = t.x;
        t.x = (struct tensor){ 0 };
    }
    buffers_free(p->ops, buffers, BUFFERS);
    return rc;
}

size_t tower_bytes(const struct pass *p, size_t rows, size_t patches, size_t longest_span)
{
    struct tower_pass t = make_pass(p, rows);
    struct buffer buffers[BUFFERS];
    size_t most = p->ops->scratch_bytes(p->ops, patches, &t.tower->patch.w);

    list_buffers(&t, buffers);
    if (t.c->class_token)
        most = larger_of(most, 2 * rows * sizeof(uint32_t));
    if (t.c->blocks > 0) {
        const struct tower_block *b = &t.tower->blocks[0];
        const struct matrix *const all[] = { &b->q.w, &b->k.w, &b->v.w, &b->out.w };
        const struct matrix *const mlp[] = { &b->fc1.w, &b->fc2.w, &b->gate.w };

        most = larger_of(most, products_bytes(p->ops, rows, all, sizeof(all) / sizeof(all[0])));
        most = larger_of(most, products_bytes(p->ops, mlp_rows(rows), mlp, t.c->gated ? 3 : 2));
        most = larger_of(most, p->ops->attend_bytes(p->ops, longest_span));
    }
    return buffers_bytes(buffers, BUFFERS) + most;
}
