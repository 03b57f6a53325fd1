/* SPDX-License-Identifier: MIT
 *
 * ops_ref.c - every operation in plain C, written to be read. Sums are in double.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vlm/numbers.h"
#include "vlm/ops.h"

/* A number as a matrix product of this precision takes it. */
static float taken(enum precision p, float x)
{
    return p == PRECISION_BF16 ? number_from_bf16(number_to_bf16(x)) : x;
}

static float element(const struct matrix *w, size_t row, size_t col)
{
    return number_at(w->data, w->dtype, row * w->cols + col);
}

static int linear(const struct ops *o, float *y, const float *x, size_t n, const struct matrix *w,
                  const float *bias, struct err *e)
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
        for (size_t i = 0; i < n; i++) {
            double sum = 0;

            for (size_t c = 0; c < w->cols; c++)
                sum += (double)taken(o->precision, x[i * w->cols + c]) * (double)row[c];
            y[i * w->rows + r] = (float)(sum + (bias ? (double)bias[r] : 0));
        }
    }
    free(row);
    return 0;
}

static size_t linear_bytes(const struct ops *o, size_t n, const struct matrix *w)
{
    (void)o;
    (void)n;
    return w->cols * sizeof(float);
}

static void lookup(float *y, const struct matrix *w, const uint32_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < w->cols; c++)
            y[i * w->cols + c] = element(w, ids[i], c);
}

static void layer_norm(float *y, const float *x, size_t n, size_t size, const float *weight,
                       const float *bias, double eps)
{
    for (size_t i = 0; i < n; i++, x += size, y += size) {
        double mean = 0, variance = 0;

        for (size_t c = 0; c < size; c++)
            mean += (double)x[c] / (double)size;
        for (size_t c = 0; c < size; c++)
            variance += ((double)x[c] - mean) * ((double)x[c] - mean) / (double)size;
        for (size_t c = 0; c < size; c++)
            y[c] = (float)(((double)x[c] - mean) / sqrt(variance + eps) * (double)weight[c] +
                           (double)bias[c]);
    }
}

static void rms_norm(float *y, const float *x, size_t n, size_t size, const float *weight,
                     double eps)
{
    for (size_t i = 0; i < n; i++, x += size, y += size) {
        double squares = 0;

        for (size_t c = 0; c < size; c++)
            squares += (double)x[c] * (double)x[c] / (double)size;
        for (size_t c = 0; c < size; c++)
            y[c] = (float)((double)x[c] / sqrt(squares + eps) * (double)weight[c]);
    }
}

static void rope(float *x, size_t n, size_t heads, size_t head_dim, const uint32_t *depth,
                 const float *frequency)
{
    size_t half = head_dim / 2;

    for (size_t i = 0; i < n; i++)
        for (size_t h = 0; h < heads; h++, x += head_dim)
            for (size_t d = 0; d < half; d++) {
                float angle =
                    (float)depth[i] * frequency[d]; /* rounded to float32, as it is there */
                float c = cosf(angle), s = sinf(angle);
                float a = x[d], b = x[d + half];

                x[d] = a * c - b * s;
                x[d + half] = b * c + a * s;
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

static int attend_image(const struct ops *o, const struct attended *x,
                        const struct image_attention *a, struct err *e)
{
    double *weight = mem_new(a->n, sizeof(*weight), e);
    uint32_t *at = mem_new(a->n, sizeof(*at), e);
    size_t width = a->heads * a->head_dim;
    struct view view = { at, a->n, width, a->head_dim, weight };
    int rc = weight && at ? 0 : ERR_NOMEM;

    (void)o;
    for (size_t image = 0; rc == 0 && image < a->images; image++) {
        for (size_t i = 0; i < a->n; i++)
            at[i] = (uint32_t)(image * a->n + i);
        for (size_t i = 0; i < a->n; i++)
            for (size_t h = 0; h < a->heads; h++) {
                size_t head = h * a->head_dim, row = at[i] * width + head;

                attend_one(x->y + row, x->q + row, x->k + head, x->v + head, &view);
            }
    }
    free(at);
    free(weight);
    return rc;
}

static int attend_tree(const struct ops *o, const struct attended *x, const struct attention *a,
                       struct err *e)
{
    double *weight = mem_new(a->tree->height, sizeof(*weight), e);
    uint32_t *seen = mem_new(a->tree->height, sizeof(*seen), e);
    size_t group = a->heads / a->kv_heads;
    struct view view = { seen, 0, a->kv_heads * a->head_dim, a->head_dim, weight };
    int rc = weight && seen ? 0 : ERR_NOMEM;

    (void)o;
    for (size_t i = 0; rc == 0 && i < a->n_rows; i++) {
        view.n = 0;
        for (uint32_t t = a->rows[i]; t != TREE_ROOT && (a->window == 0 || view.n < a->window);
             t = a->tree->parent[t])
            seen[view.n++] = t;
        for (size_t h = 0; h < a->heads; h++) {
            size_t row = (i * a->heads + h) * a->head_dim, kv = h / group * a->head_dim;

            attend_one(x->y + row, x->q + row, x->k + kv, x->v + kv, &view);
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

static void activate(float *x, size_t n, enum activation act)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)activated((double)x[i], act);
}

static void gate(float *x, const float *up, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(activated((double)x[i], ACT_SILU) * (double)up[i]);
}

static void add(float *x, const float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] += y[i];
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
                       .linear = linear,
                       .linear_bytes = linear_bytes,
                       .lookup = lookup,
                       .layer_norm = layer_norm,
                       .rms_norm = rms_norm,
                       .rope = rope,
                       .attend_image = attend_image,
                       .attend_tree = attend_tree,
                       .attend_bytes = attend_bytes,
                       .activate = activate,
                       .gate = gate,
                       .add = add };
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
