/* SPDX-License-Identifier: MIT
 *
 * What servers answer: the first byte chooses protocol and questions, the rest is the body. It
 * gives a share or an abstention for each question, or an error. From WRITTEN on it is what a model
 * writes before it answers: a text, and an answer on its last line.
 */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "label/http/protocol.h"
#include "label/http/written.h"

enum { WRITTEN = 128 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const yesno[] = { "no", "yes" }, *const colours[] = { "black", "blond",
                                                                         "brown" };

static const struct asked questions[] = {
    { .column = 0, .form = ASKED_YESNO, .text = "Hat?", .options = yesno, .n_options = 2 },
    { .column = 1, .form = ASKED_CHOICE, .text = "Hair?", .options = colours, .n_options = 3 },
    { .column = 2, .form = ASKED_LETTERS, .text = "Hair?", .options = colours, .n_options = 3 },
};

static void check(const struct asked *q, const struct raw_answer *a)
{
    double sum = 0;

    assert(a->value >= VALUE_LOWEST && a->value < (int)q->n_options);
    for (size_t o = 0; a->score && o < q->n_options; o++) {
        assert(isnan(a->score[o]) || (a->score[o] >= -0.002 && a->score[o] <= 1.002));
        sum += a->score[o];
    }
    assert(!a->score || isnan(sum) || fabs(sum - 1) < 0.01);
    jv_free(a->top);
    jv_free(a->said);
}

static void read_written(const struct asked *q, const char *body, size_t len)
{
    struct raw_answer raw = { 0 };
    struct protocol_usage usage = { 0 };
    struct arena arena = { 0 };
    struct err e;
    bool refused;
    char *text;

    if (written_text(body, len, &text, &refused, &usage, &e) == 0)
        assert(!text || (*text != '\0' && strlen(text) < WRITTEN_MAX && !refused));
    free(text);
    if (written_answer(q, body, len, &arena, &raw, &usage, &e) == 0)
        check(q, &raw);
    else
        jv_free(raw.top);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct protocol *const protocols[] = { &protocol_chat, &protocol_systemone,
                                                        &protocol_decisions, &protocol_together,
                                                        &protocol_exact };
    const struct protocol *p;
    const struct asked *q;
    struct raw_answer raw[3] = { 0 };
    struct protocol_usage usage = { 0 };
    struct arena arena = { 0 };
    struct err e;
    size_t n;
    int rc;

    if (size == 0)
        return 0;
    if (data[0] >= WRITTEN) {
        read_written(&questions[data[0] % 3], (const char *)data + 1, size - 1);
        return 0;
    }
    p = protocols[data[0] % 5];
    if (p == &protocol_together && data[0] / 5 % 2)
        p = p->singly;
    q = &questions[p->most == 1 ? data[0] / 10 % 3 : 0];
    n = p->most == 1 ? 1 : 3;
    rc = p->read(q, n, (const char *)data + 1, size - 1, &arena, raw, &usage, &e);
    assert(rc == 0 || (rc == (int)e.code && e.what[0] != '\0'));
    for (size_t i = 0; i < n; i++)
        if (rc == 0)
            check(&q[i], &raw[i]);
        else
            jv_free(raw[i].top);
    arena_release(&arena);
    return 0;
}
