/* SPDX-License-Identifier: MIT
 *
 * connector.c - what stands between the towers: a product or two, with a norm before them.
 */
#include "vlm/buffers.h"
#include "vlm/forward.h"

/* Rows of several patches may be normed patch by patch, or whole: the norm's own size says it. */
static void normalise(struct tensor y, const struct pass *p, const struct connector *c,
                      struct tensor x)
{
    const struct norm *norm = &c->norm;
    size_t size = norm->weight.cols, rows = x.rows * x.cols / size;

    x = tensor_shaped(x, rows, size);
    y = tensor_shaped(y, rows, size);
    if (norm->bias.at)
        p->ops->layer_norm(y, x, norm->weight, norm->bias, c->eps);
    else
        p->ops->rms_norm(y, x, norm->weight, c->eps);
}

int connector_run(struct tensor y, const struct pass *p, const struct connector *c, struct tensor x,
                  struct err *e)
{
    const struct ops *o = p->ops;
    struct tensor normed = { 0 }, wide = { 0 };
    int rc = 0;

    if (c->norm.weight.at && (rc = o->alloc(o, &normed, x.rows, x.cols, e)) == 0) {
        normalise(normed, p, c, x);
        x = normed;
    }
    if (rc == 0 && !c->out.w.data) {
        rc = o->linear(o, y, x, &c->in.w, c->in.bias, e);
    } else if (rc == 0 && (rc = o->alloc(o, &wide, x.rows, c->in.w.rows, e)) == 0) {
        rc = o->linear(o, wide, x, &c->in.w, c->in.bias, e);
        if (rc == 0) {
            o->activate(wide, c->act);
            rc = o->linear(o, y, wide, &c->out.w, c->out.bias, e);
        }
    }
    o->release(o, &normed);
    o->release(o, &wide);
    return rc;
}

size_t connector_bytes(const struct pass *p, const struct connector *c, size_t rows)
{
    const struct matrix *const products[] = { &c->in.w, &c->out.w };
    bool two = c->out.w.data != NULL;

    return tensor_bytes(rows, c->norm.weight.at ? c->in.w.cols : 0) +
           tensor_bytes(rows, two ? c->in.w.rows : 0) +
           products_bytes(p->ops, rows, products, two ? 2 : 1);
}
