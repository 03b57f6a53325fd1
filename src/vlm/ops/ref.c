/* SPDX-License-Identifier: MIT
 *
 * ref.c - every operation in plain C, written to be read. Sums are in double.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vlm/ops/ops.h"

/* A number as a matrix product of this precision takes it. */
static float taken(enum precision p, float x)
{
    return p == PRECISION_BF16 ? number_from_bf16(number_to_bf16(x)) : x;
}

static float element(const struct matrix *w, size_t row, size_t col)
{
    return number_at(w->data, w->dtype, row * w->cols + col);
}

static int alloc(const struct ops *o, struct tensor *out, size_t rows, size_t cols, struct err *e)
{
    size_t n;

    (void)o;
    *out = (struct tensor){ .rows = rows, .cols = cols };
    if (!size_mul(rows, cols, &n))
        return err_set(e, ERR_LIMIT, "a tensor too large for any memory");
    out->at = mem_new(n > 0 ? n : 1, sizeof(float), e);
    return out->at ? 0 : ERR_NOMEM;
}

static void release(const struct ops *o, struct tensor *x)
{
    (void)o;
    free(x->at);
    *x = (struct tensor){ 0 };
}

static void write_floats(const struct ops *o, struct tensor y, const float *from)
{
    (void)o;
    memcpy(y.at, from, y.rows * y.cols * sizeof(*from));
}

static void read_floats(const struct ops *o, float *to, struct tensor x)
{
    (void)o;
    memcpy(to, x.at, x.rows * x.cols * sizeof(*to));
}

static void copy_rows(struct tensor y, struct tensor x, const struct row_map *m)
{
    for (size_t i = 0; i < m->n; i++)
        memmove(y.at + (m->to ? m->to[i] : i) * y.cols, x.at + (m->from ? m->from[i] : i) * x.cols,
                x.cols * sizeof(*x.at));
}

static void add_rows(struct tensor y, struct tensor x, const struct row_map *m)
{
    for (size_t i = 0; i < m->n; i++)
        for (size_t c = 0; c < x.cols; c++)
            y.at[(m->to ? m->to[i] : i) * y.cols + c] +=
                x.at[(m->from ? m->from[i] : i) * x.cols + c];
}

static int prepare(const struct ops *o, struct matrix *w, struct err *e)
{
    (void)o;
    (void)w;
    (void)e;
    return 0;
}

static void unprepare(const struct ops *o, struct matrix *w)
{
    (void)o;
    (void)w;
}

static int linear(const struct ops *o, struct tensor y, struct tensor x, const struct matrix *w,
                  struct tensor bias, struct err *e)
{
    float *row;

    if (events_check(o->events, e) < 0)
        return ERR_INTERRUPTED;
    row = mem_new(w->cols, sizeof(*row), e);
    if (!row)
        return ERR_NOMEM;
    for (size_t r = 0; r < w->rows; r++) {
        for (size_t c = 0; c < w->cols; c++)
            row[c] = taken(o->precision, element(w, r, c));
        for (size_t i = 0; i < x.rows; i++) {
            double sum = 0;

            for (size_t c = 0; c < w->cols; c++)
                sum += (double)taken(o->precision, x.at[i * w->cols + c]) * (double)row[c];
            y.at[i * w->rows + r] = (float)(sum + (bias.at ? (double)bias.at[r] : 0));
        }
    }
    free(row);
    return 0;
}

static size_t scratch_bytes(const struct ops *o, size_t n, const struct matrix *w)
{
    (void)o;
    (void)n;
    return w->cols * sizeof(float);
}

static void lookup(struct tensor y, const struct matrix *w, const uint32_t *ids)
{
    for (size_t i = 0; i < y.rows; i++)
        for (size_t c = 0; c < w->cols; c++)
            y.at[i * w->cols + c] = element(w, ids[i], c);
}

static void layer_norm(struct tensor y, struct tensor x, struct tensor weight, struct tensor bias,
                       double eps)
{
    size_t size = x.cols;

    for (size_t i = 0; i < x.rows; i++) {
        double mean = 0, variance = 0;
        const float *from = x.at + i * size;

        for (size_t c = 0; c < size; c++)
            mean += (double)from[c] / (double)size;
        for (size_t c = 0; c < size; c++)
            variance += ((double)from[c] - mean) * ((double)from[c] - mean) / (double)size;
        for (size_t c = 0; c < size; c++)
            y.at[i * size + c] =
                (float)(((double)from[c] - mean) / sqrt(variance + eps) * (double)weight.at[c] +
                        (double)bias.at[c]);
    }
}

static void rms_norm(struct tensor y, struct tensor x, struct tensor weight, double eps)
{
    size_t size = x.cols;

    for (size_t i = 0; i < x.rows; i++) {
        double squares = 0;
        const float *from = x.at + i * size;

        for (size_t c = 0; c < size; c++)
            squares += (double)from[c] * (double)from[c] / (double)size;
        for (size_t c = 0; c < size; c++)
            y.at[i * size + c] =
                (float)((double)from[c] / sqrt(squares + eps) * (double)weight.at[c]);
    }
}

static void rotate(struct tensor x, size_t heads, struct tensor cosines, struct tensor sines)
{
    size_t half = cosines.cols;
    float *at = x.at;

    for (size_t i = 0; i < x.rows; i++)
        for (size_t h = 0; h < heads; h++, at += 2 * half)
            for (size_t d = 0; d < half; d++) {
                float c = cosines.at[i * half + d], s = sines.at[i * half + d];
                float a = at[d], b = at[d + half];

                at[d] = a * c - b * s;
                at[d + half] = b * c + a * s;
            }
}

/* What a row sees of one head: key i is at k + at[i] * stride. */
struct view {
    const uint32_t *at;
    size_t n, stride, head_dim;
    double *weight; /* scratch, n of them */
};

/* y = softmax(q . keys / sqrt(head_dim)) . values, for one row and head. */
static void attend_one(float *y, const float *q, const float *k, const float *v,
                       const struct view *s)
{
    double largest = -INFINITY, sum = 0;

    for (size_t i = 0; i < s->n; i++) {
        s->weight[i] = 0;
        for (size_t d = 0; d < s->head_dim; d++)
            s->weight[i] += (double)q[d] * (double)k[s->at[i] * s->stride + d];
        s->weight[i] /= sqrt((double)s->head_dim);
        largest = fmax(largest, s->weight[i]);
    }
    for (size_t i = 0; i < s->n; i++)
        sum += s->weight[i] = exp(s->weight[i] - largest);
    for (size_t d = 0; d < s->head_dim; d++) {
        double total = 0;

        for (size_t i = 0; i < s->n; i++)
            total += s->weight[i] / sum * (double)v[s->at[i] * s->stride + d];
        y[d] = (float)total;
    }
}

static int attend_spans(const struct ops *o, const struct attended *x,
                        const struct span_attention *a, struct err *e)
{
    size_t n = longest_span(a), width = x->q.cols, dim = width / a->heads;
    double *weight = mem_new(n, sizeof(*weight), e);
    uint32_t *at = mem_new(n, sizeof(*at), e);
    int rc = weight && at ? 0 : ERR_NOMEM;
    uint32_t begin = 0;

    (void)o;
    for (size_t s = 0; rc == 0 && s < a->n; begin = a->ends[s++]) {
        struct view view = { at, a->ends[s] - begin, width, dim, weight };

        for (size_t i = 0; i < view.n; i++)
            at[i] = begin + (uint32_t)i;
        for (size_t i = begin; i < a->ends[s]; i++)
            for (size_t h = 0; h < a->heads; h++)
                attend_one(x->y.at + i * width + h * dim, x->q.at + i * width + h * dim,
                           x->k.at + h * dim, x->v.at + h * dim, &view);
    }
    free(at);
    free(weight);
    return rc;
}

static int attend_tree(const struct ops *o, const struct attended *x,
                       const struct tree_attention *a, struct err *e)
{
    double *weight = mem_new(a->tree->height, sizeof(*weight), e);
    uint32_t *seen = mem_new(a->tree->height, sizeof(*seen), e);
    size_t group = a->heads / a->kv_heads, dim = x->q.cols / a->heads;
    struct view view = { seen, 0, a->kv_heads * dim, dim, weight };
    int rc = weight && seen ? 0 : ERR_NOMEM;

    (void)o;
    for (size_t i = 0; rc == 0 && i < x->q.rows; i++) {
        view.n = 0;
        for (uint32_t t = a->rows[i]; t != TREE_ROOT && (a->window == 0 || view.n < a->window);
             t = a->tree->parent[t])
            seen[view.n++] = t;
        for (size_t h = 0; h < a->heads; h++) {
            size_t row = (i * a->heads + h) * dim, kv = h / group * dim;

            attend_one(x->y.at + row, x->q.at + row, x->k.at + kv, x->v.at + kv, &view);
        }
    }
    free(seen);
    free(weight);
    return rc;
}

static size_t attend_bytes(const struct ops *o, size_t columns)
{
    (void)o;
    return columns * (sizeof(double) + sizeof(uint32_t));
}

static double activated(double x, enum activation act)
{
    switch (act) {
    case ACT_GELU: return 0.5 * x * (1 + erf(x / sqrt(2)));
    case ACT_QUICK_GELU: return x / (1 + exp(-1.702 * x));
    case ACT_GELU_TANH: return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case ACT_SILU: return x / (1 + exp(-x));
    case ACT_RELU: return x < 0 ? 0 : x; /* a NaN stays one */
    }
    return x;
}

static void activate(struct tensor x, enum activation act)
{
    for (size_t i = 0; i < x.rows * x.cols; i++)
        x.at[i] = (float)activated((double)x.at[i], act);
}

static void gate(struct tensor x, struct tensor up, enum activation act)
{
    for (size_t i = 0; i < x.rows * x.cols; i++)
        x.at[i] = (float)(activated((double)x.at[i], act) * (double)up.at[i]);
}

static void add(struct tensor x, struct tensor y)
{
    for (size_t i = 0; i < x.rows * x.cols; i++)
        x.at[i] += y.at[i % (y.rows * y.cols)];
}

static void scale(struct tensor x, struct tensor y)
{
    for (size_t i = 0; i < x.rows * x.cols; i++)
        x.at[i] *= y.at[i % (y.rows * y.cols)];
}

static int enter(const struct ops *o)
{
    (void)o;
    return 1;
}

static void leave(int threads)
{
    (void)threads;
}

void ops_ref(struct ops *o)
{
    *o = (struct ops){ .name = "ref",
                       .precision = o->precision,
                       .narrow = o->narrow,
                       .enter = enter,
                       .leave = leave,
                       .alloc = alloc,
                       .release = release,
                       .write = write_floats,
                       .read = read_floats,
                       .copy_rows = copy_rows,
                       .add_rows = add_rows,
                       .prepare = prepare,
                       .unprepare = unprepare,
                       .linear = linear,
                       .scratch_bytes = scratch_bytes,
                       .lookup = lookup,
                       .layer_norm = layer_norm,
                       .rms_norm = rms_norm,
                       .rotate = rotate,
                       .attend_spans = attend_spans,
                       .attend_tree = attend_tree,
                       .attend_bytes = attend_bytes,
                       .activate = activate,
                       .gate = gate,
                       .add = add,
                       .scale = scale };
}

size_t products_bytes(const struct ops *o, size_t n, const struct matrix *const *list,
                      size_t matrices)
{
    size_t most = 0;

    for (size_t i = 0; i < matrices; i++) {
        size_t bytes = o->scratch_bytes(o, n, list[i]);

        most = bytes > most ? bytes : most;
    }
    return most;
}

int ops_new(struct ops **out, enum ops_kind kind, enum precision precision, struct err *e)
{
    *out = mem_new(1, sizeof(**out), e);
    if (!*out)
        return ERR_NOMEM;
    (*out)->precision = precision;
    if (kind == OPS_REF)
        ops_ref(*out);
    else
        ops_dnnl(*out);
    return 0;
}
