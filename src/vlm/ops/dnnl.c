/* SPDX-License-Identifier: MIT
 *
 * dnnl.c - the operations on oneDNN's matrix product, with OpenMP around it.
 *
 * Weights stay as they are stored and are widened to float32 panel by panel, so that a model needs
 * no memory beyond its mapped files. bfloat16 is done by rounding what a product takes: its numbers
 * on every processor, without its speed.
 */
#include <dnnl.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "vlm/ops/vector.h"

enum {
    PANEL_FLOATS = 4 << 20, /* of a widened part of a matrix, 16 MiB: what is freed stays mapped */
    PANEL_COLS = 4096,      /* of it: at most so many, so that it has rows enough */
    PANEL_STEP = 16,        /* both are a multiple: whole vectors for the product */
    CHUNK_ROWS = 192,       /* queries whose scores are in memory at a time */
    BLOCK = 4096,           /* numbers a thread takes at a time */
};

static int failed(struct err *e)
{
    return err_set(e, ERR_NOMEM, "oneDNN could not multiply: out of memory?");
}

/* ---- matrices ---- */

/* n stored numbers from element `at` on, as float32. */
static void widen(float *y, const struct matrix *w, size_t at, size_t n)
{
    const char *data = (const char *)w->data + at * dtype_size(w->dtype);

    if (w->dtype == DTYPE_F32)
        memcpy(y, data, n * sizeof(float));
    else if ((uintptr_t)data % sizeof(uint16_t) != 0)
        for (size_t i = 0; i < n; i++)
            y[i] = number_at(data, w->dtype, i);
    else if (w->dtype == DTYPE_F16)
        vector_from_f16(y, (const void *)data, n);
    else
        vector_from_bf16(y, (const void *)data, n);
}

/* A part of a matrix as products take it: rows [row, row + rows), columns [col, col + cols). */
struct panel {
    size_t row, rows, col, cols;
    const float *data;
    size_t stride; /* from a row to the next */
};

static void widen_panel(float *wide, const struct matrix *w, const struct panel *p,
                        enum precision precision)
{
#pragma omp parallel for schedule(static)
    for (size_t r = 0; r < p->rows; r++) {
        float *y = wide + r * p->stride;

        widen(y, w, (p->row + r) * w->cols + p->col, p->cols);
        if (precision == PRECISION_BF16)
            vector_round_bf16(y, y, p->cols);
    }
}

/* y's columns that are the panel's rows have x panel^T added; before the first they are the bias,
 * if any. */
static int multiply(struct tensor y, struct tensor x, const struct panel *p, struct tensor bias,
                    struct err *e)
{
    dnnl_dim_t n = (dnnl_dim_t)x.rows, rows = (dnnl_dim_t)p->rows, cols = (dnnl_dim_t)p->cols;
    float *at = y.at + p->row;
    bool first = p->col == 0;

    if (first && bias.at) {
#pragma omp parallel for schedule(static)
        for (size_t i = 0; i < x.rows; i++)
            memcpy(at + i * y.cols, bias.at + p->row, p->rows * sizeof(*at));
    }
    if (dnnl_sgemm('N', 'T', n, rows, cols, 1.0f, x.at + p->col, (dnnl_dim_t)x.cols, p->data,
                   (dnnl_dim_t)p->stride, first && !bias.at ? 0.0f : 1.0f, at,
                   (dnnl_dim_t)y.cols) != dnnl_success)
        return failed(e);
    return 0;
}

/* The size of equal parts of n, each at most `most` and a multiple of PANEL_STEP. */
static size_t even_part(size_t n, size_t most)
{
    size_t parts = (n + most - 1) / most, part = (n + parts - 1) / parts;

    return (part + PANEL_STEP - 1) / PANEL_STEP * PANEL_STEP;
}

/* The largest panel of a matrix, without data. */
static struct panel largest_panel(const struct matrix *w)
{
    size_t cols = even_part(w->cols, PANEL_COLS);

    return (struct panel){ .rows = even_part(w->rows, PANEL_FLOATS / cols),
                           .cols = cols,
                           .stride = cols };
}

static size_t smaller_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int by_panels(const struct ops *o, struct tensor y, struct tensor x, const struct matrix *w,
                     struct tensor bias, struct err *e)
{
    const struct panel most = largest_panel(w);
    float *wide = mem_raw(most.rows * most.stride, sizeof(*wide), e);
    int rc = wide ? 0 : ERR_NOMEM;

    for (size_t row = 0; rc == 0 && row < w->rows; row += most.rows)
        for (size_t col = 0; rc == 0 && col < w->cols; col += most.cols) {
            struct panel p = { .row = row,
                               .rows = smaller_of(most.rows, w->rows - row),
                               .col = col,
                               .cols = smaller_of(most.cols, w->cols - col),
                               .data = wide,
                               .stride = most.stride };

            widen_panel(wide, w, &p, o->precision);
            rc = multiply(y, x, &p, bias, e);
        }
    free(wide);
    return rc;
}

/* Can a product take the matrix as it is stored? */
static bool is_ready(const struct ops *o, const struct matrix *w)
{
    return w->dtype == DTYPE_F32 && (uintptr_t)w->data % sizeof(float) == 0 &&
           o->precision == PRECISION_F32;
}

static size_t scratch_bytes(const struct ops *o, size_t n, const struct matrix *w)
{
    struct panel most = largest_panel(w);
    size_t panel = is_ready(o, w) ? 0 : most.rows * most.stride;
    size_t rounded = o->precision == PRECISION_BF16 ? n * w->cols : 0;

    return (panel + rounded) * sizeof(float);
}

static int linear(const struct ops *o, struct tensor y, struct tensor x, const struct matrix *w,
                  struct tensor bias, struct err *e)
{
    struct panel whole = { .rows = w->rows, .cols = w->cols, .data = w->data, .stride = w->cols };
    float *rounded = NULL;
    int rc;

    if (x.rows == 0)
        return 0;
    if (events_check(o->events, e) < 0)
        return ERR_INTERRUPTED;
    if (o->precision == PRECISION_BF16) {
        if (!(rounded = mem_raw(x.rows * w->cols, sizeof(*rounded), e)))
            return ERR_NOMEM;
#pragma omp parallel for schedule(static)
        for (size_t i = 0; i < x.rows; i++)
            vector_round_bf16(rounded + i * w->cols, x.at + i * w->cols, w->cols);
        x.at = rounded;
    }
    rc = is_ready(o, w) ? multiply(y, x, &whole, bias, e) : by_panels(o, y, x, w, bias, e);
    free(rounded);
    return rc;
}

static void lookup(struct tensor y, const struct matrix *w, const uint32_t *ids)
{
    for (size_t i = 0; i < y.rows; i++)
        widen(y.at + i * w->cols, w, (size_t)ids[i] * w->cols, w->cols);
}

/* ---- norms ---- */

static void layer_norm(struct tensor y, struct tensor x, struct tensor weight, struct tensor bias,
                       double eps)
{
    struct vector_norm norm = { .weight = weight.at, .bias = bias.at, .eps = eps };

#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < x.rows; i++)
        vector_layer_norm(y.at + i * x.cols, x.at + i * x.cols, x.cols, &norm);
}

static void rms_norm(struct tensor y, struct tensor x, struct tensor weight, double eps)
{
    struct vector_norm norm = { .weight = weight.at, .eps = eps };

#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < x.rows; i++)
        vector_rms_norm(y.at + i * x.cols, x.at + i * x.cols, x.cols, &norm);
}

/* ---- positions ---- */

static void rotate(struct tensor x, size_t heads, struct tensor cosines, struct tensor sines)
{
    size_t half = cosines.cols;

#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < x.rows; i++)
        for (size_t h = 0; h < heads; h++) {
            float *head = x.at + (i * heads + h) * 2 * half;

            vector_turn(head, head + half, cosines.at + i * half, sines.at + i * half, half);
        }
}

/* ---- attention ---- */

/* Every thread has the scores of a chunk; they have that many rows together. */
static size_t score_rows(void)
{
    return (size_t)omp_get_max_threads() * CHUNK_ROWS;
}

static size_t attend_bytes(const struct ops *o, size_t columns)
{
    (void)o;
    return score_rows() * columns * sizeof(float);
}

static float *new_scores(size_t columns, struct err *e)
{
    size_t n;

    if (!size_mul(score_rows(), columns, &n)) {
        err_set(e, ERR_LIMIT, "a prompt too long for any memory");
        return NULL;
    }
    return mem_raw(n, sizeof(float), e);
}

/* A run of rows that see each other, and the part of it that asks. */
struct run {
    size_t begin, n;    /* of the run */
    size_t first, rows; /* of the part, within the run */
    size_t head;
};

static int attend_part(const struct attended *x, size_t heads, const struct run *r, float *scores)
{
    size_t width = x->q.cols, dim = width / heads;
    size_t keys = r->begin * width + r->head * dim, at = keys + r->first * width;
    dnnl_dim_t ld = (dnnl_dim_t)width, rows = (dnnl_dim_t)r->rows, n = (dnnl_dim_t)r->n;
    float scale = (float)(1 / sqrt((double)dim));
    int bad = dnnl_sgemm('N', 'T', rows, n, (dnnl_dim_t)dim, 1.0f, x->q.at + at, ld, x->k.at + keys,
                         ld, 0.0f, scores, n) != dnnl_success;

    for (size_t i = 0; i < r->rows; i++)
        vector_softmax(scores + i * r->n, 0, r->n, r->n, scale);
    return bad | (dnnl_sgemm('N', 'N', rows, (dnnl_dim_t)dim, n, 1.0f, scores, n, x->v.at + keys,
                             ld, 0.0f, x->y.at + at, ld) != dnnl_success);
}

/* Work is told out by run, head and chunk; a run has as many chunks as the longest, empty ones
 * behind its end. */
static int attend_spans(const struct ops *o, const struct attended *x,
                        const struct span_attention *a, struct err *e)
{
    size_t longest = longest_span(a), chunks = (longest + CHUNK_ROWS - 1) / CHUNK_ROWS;
    float *scores = new_scores(longest, e);
    int bad = 0;

    (void)o;
    if (!scores)
        return (int)e->code;
#pragma omp parallel for collapse(3) schedule(dynamic) reduction(| : bad)
    for (size_t s = 0; s < a->n; s++)
        for (size_t h = 0; h < a->heads; h++)
            for (size_t chunk = 0; chunk < chunks; chunk++) {
                size_t begin = s > 0 ? a->ends[s - 1] : 0, n = a->ends[s] - begin;
                size_t first = chunk * CHUNK_ROWS, left = first < n ? n - first : 0;
                struct run r = { .begin = begin,
                                 .n = n,
                                 .first = first,
                                 .rows = left < CHUNK_ROWS ? left : CHUNK_ROWS,
                                 .head = h };
                float *mine = scores + (size_t)omp_get_thread_num() * CHUNK_ROWS * longest;

                if (left > 0)
                    bad |= attend_part(x, a->heads, &r, mine);
            }
    free(scores);
    return bad ? failed(e) : 0;
}

/* Queries [first, end) of one head. */
struct chunk {
    const struct attended *x;
    const struct tree_attention *a;
    size_t head, first, end;
    size_t dim; /* of a head */
    float
        *scores; /* a row a query, a column a depth: the key at depth d of a path is in column d */
};

/* The part of a chunk that sees a segment: queries [first, end), keys [key, key_end). */
struct part {
    size_t first, end;
    uint32_t key, key_end;
};

static size_t first_at_least(const struct chunk *c, uint32_t token)
{
    size_t low = c->first, high = c->end;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (c->a->rows[middle] < token)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool find_part(const struct chunk *c, const struct tree_segment *s, struct part *p)
{
    uint32_t last;

    if (s->below <= c->a->rows[c->first] || s->first > c->a->rows[c->end - 1])
        return false;
    p->first = first_at_least(c, s->first);
    p->end = first_at_least(c, s->below);
    if (p->first == p->end)
        return false;
    last = c->a->rows[p->end - 1];
    p->key = s->first;
    p->key_end = last < s->end ? last + 1 : s->end;
    return true;
}

/* scores = q k^T, segment by segment. */
static int score_keys(const struct chunk *c)
{
    const struct tree_attention *a = c->a;
    size_t kv = c->head / (a->heads / a->kv_heads), height = a->tree->height;
    struct part p;
    int bad = 0;

    for (size_t s = 0; s < a->tree->n_segments; s++) {
        if (!find_part(c, &a->tree->segments[s], &p))
            continue;
        bad |= dnnl_sgemm('N', 'T', (dnnl_dim_t)(p.end - p.first), (dnnl_dim_t)(p.key_end - p.key),
                          (dnnl_dim_t)c->dim, 1.0f,
                          c->x->q.at + (p.first * a->heads + c->head) * c->dim,
                          (dnnl_dim_t)(a->heads * c->dim),
                          c->x->k.at + (p.key * a->kv_heads + kv) * c->dim,
                          (dnnl_dim_t)(a->kv_heads * c->dim), 0.0f,
                          c->scores + (p.first - c->first) * height + a->tree->depth[p.key],
                          (dnnl_dim_t)height) != dnnl_success;
    }
    return bad;
}

static int weigh_values(const struct chunk *c)
{
    const struct tree_attention *a = c->a;
    size_t kv = c->head / (a->heads / a->kv_heads), height = a->tree->height;
    float *y = c->x->y.at;
    struct part p;
    int bad = 0;

    for (size_t i = c->first; i < c->end; i++)
        memset(y + (i * a->heads + c->head) * c->dim, 0, c->dim * sizeof(*y));
    for (size_t s = 0; s < a->tree->n_segments; s++) {
        if (!find_part(c, &a->tree->segments[s], &p))
            continue;
        bad |= dnnl_sgemm('N', 'N', (dnnl_dim_t)(p.end - p.first), (dnnl_dim_t)c->dim,
                          (dnnl_dim_t)(p.key_end - p.key), 1.0f,
                          c->scores + (p.first - c->first) * height + a->tree->depth[p.key],
                          (dnnl_dim_t)height, c->x->v.at + (p.key * a->kv_heads + kv) * c->dim,
                          (dnnl_dim_t)(a->kv_heads * c->dim), 1.0f,
                          y + (p.first * a->heads + c->head) * c->dim,
                          (dnnl_dim_t)(a->heads * c->dim)) != dnnl_success;
    }
    return bad;
}

static int attend_chunk(const struct chunk *c)
{
    const struct tree_attention *a = c->a;
    float scale = (float)(1 / sqrt((double)c->dim));
    size_t height = a->tree->height;
    int bad = score_keys(c);

    for (size_t i = c->first; i < c->end; i++) {
        size_t to = a->tree->depth[a->rows[i]] + 1;
        size_t from = a->window && to > a->window ? to - a->window : 0;

        vector_softmax(c->scores + (i - c->first) * height, from, to, height, scale);
    }
    return bad | weigh_values(c);
}

static int attend_tree(const struct ops *o, const struct attended *x,
                       const struct tree_attention *a, struct err *e)
{
    size_t chunks = (x->q.rows + CHUNK_ROWS - 1) / CHUNK_ROWS;
    float *scores = new_scores(a->tree->height, e);
    int bad = 0;

    (void)o;
    if (!scores)
        return (int)e->code;
#pragma omp parallel for collapse(2) schedule(dynamic) reduction(| : bad)
    for (size_t chunk = 0; chunk < chunks; chunk++)
        for (size_t h = 0; h < a->heads; h++) {
            size_t first = chunk * CHUNK_ROWS, left = x->q.rows - first;
            struct chunk c = {
                .x = x,
                .a = a,
                .head = h,
                .dim = x->q.cols / a->heads,
                .first = first,
                .end = first + (left < CHUNK_ROWS ? left : CHUNK_ROWS),
                .scores = scores + (size_t)omp_get_thread_num() * CHUNK_ROWS * a->tree->height,
            };

            bad |= attend_chunk(&c);
        }
    free(scores);
    return bad ? failed(e) : 0;
}

/* ---- number by number ---- */

static size_t block_of(size_t at, size_t n)
{
    return n - at < BLOCK ? n - at : BLOCK;
}

static void activate(struct tensor x, enum activation act)
{
    size_t n = x.rows * x.cols;

#pragma omp parallel for schedule(static)
    for (size_t at = 0; at < n; at += BLOCK)
        vector_activate(x.at + at, block_of(at, n), act);
}

static void gate(struct tensor x, struct tensor up, enum activation act)
{
    size_t n = x.rows * x.cols;

#pragma omp parallel for schedule(static)
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t block = block_of(at, n);

        vector_activate(x.at + at, block, act);
        vector_multiply(x.at + at, up.at + at, block);
    }
}

static void add(struct tensor x, struct tensor y)
{
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < x.rows; i++)
        vector_add(x.at + i * x.cols, y.at + i % y.rows * y.cols, x.cols);
}

static void scale(struct tensor x, struct tensor y)
{
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < x.rows; i++)
        vector_multiply(x.at + i * x.cols, y.at + i % y.rows * y.cols, x.cols);
}

/* ---- threads ---- */

static int enter(const struct ops *o)
{
    int threads = omp_get_max_threads();

    if (o->narrow)
        omp_set_num_threads(1);
    return threads;
}

static void leave(int threads)
{
    omp_set_num_threads(threads);
}

void ops_dnnl(struct ops *o)
{
    ops_ref(o);
    o->name = "dnnl";
    o->enter = enter;
    o->leave = leave;
    o->linear = linear;
    o->scratch_bytes = scratch_bytes;
    o->lookup = lookup;
    o->layer_norm = layer_norm;
    o->rms_norm = rms_norm;
    o->rotate = rotate;
    o->attend_spans = attend_spans;
    o->attend_tree = attend_tree;
    o->attend_bytes = attend_bytes;
    o->activate = activate;
    o->gate = gate;
    o->add = add;
    o->scale = scale;
}
