/* SPDX-License-Identifier: MIT */
/*
 * The bodies of requests to the engine's server, and what is written in answer to them: the first
 * byte chooses the protocol, the rest is the body.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "serve/order.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct order *o, const struct protocol *p)
{
    size_t n = 0;

    assert(o->base64 && o->base64_len == strlen(o->base64) && o->picture[0] != '\0');
    assert(o->n_questions > 0 && o->n_questions <= p->questions_max);
    for (size_t i = 0; i < o->n_questions; i++) {
        const struct order_question *q = &o->questions[i];

        assert(q->text && strlen(q->text) <= ORDER_TEXT_MAX);
        assert((q->kind == ORDER_YESNO) == (q->n_options == 0));
        assert(q->n_options != 1 && q->n_options <= ORDER_OPTIONS_MAX);
        for (size_t k = 0; k < q->n_options; k++)
            assert(q->options[k]);
        n += q->n_options;
    }
    assert(n == o->n_options && n <= ORDER_ALL_OPTIONS_MAX);
}

/* The first option has all. */
static void answer(const struct order *o, const struct protocol *p)
{
    static double share[ORDER_OPTIONS_MAX + 1] = { 1 };
    struct verdict *v = calloc(o->n_questions, sizeof(*v));
    struct json_t *document;

    assert(v);
    for (size_t i = 0; i < o->n_questions; i++) {
        size_t n = o->questions[i].n_options;

        v[i] = (struct verdict){ share, 1, n > 0 ? n : 2, 0 };
    }
    document = p->write(o, "model", v, 100);
    assert(document);
    free(jv_print_exact(document));
    jv_free(document);
    free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct protocol *p;
    struct order o;
    struct err e;
    void *bytes;
    size_t n;

    if (size == 0)
        return 0;
    p = data[0] % 2 ? &order_decisions : &order_systemone;
    if (order_read(&o, p, (const char *)data + 1, size - 1, &e) == 0) {
        check(&o, p);
        answer(&o, p);
        if (base64_decode(o.base64, o.base64_len, &bytes, &n, &e) == 0) {
            assert(n <= o.base64_len);
            free(bytes);
        }
    } else {
        assert(e.what[0] != '\0');
    }
    order_release(&o);
    return 0;
}
