/* SPDX-License-Identifier: MIT */
#include "serve/asking.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct asking {
    const struct asking_model *model;
    struct order order;
    struct image image;
    struct vlm_prompts *prompts;
    struct vlm_cost cost;
    struct verdict *verdicts;
};

/* ---- before the engine is asked ---- */

static int check_model(struct asking *a, struct err *e)
{
    const char *wanted = a->order.model;

    if (!wanted || strcmp(wanted, a->model->name) == 0)
        return 0;
    err_set(e, ERR_ARG, "another model");
    err_got(e, "%s", wanted);
    return err_expected(e, "%s", a->model->name);
}

static int decode_picture(struct asking *a, struct err *e)
{
    void *bytes = NULL;
    size_t len;
    int rc = base64_decode(a->order.base64, a->order.base64_len, &bytes, &len, e);

    if (rc == 0)
        rc = image_decode(&a->image, bytes, len, e);
    free(bytes);
    return rc < 0 ? err_at(e, "%s", a->order.picture) : 0;
}

/* A yes or no and a choice without letters are asked in the request's own words, no others. */
static int make_prompts(struct asking *a, struct err *e)
{
    size_t n = a->order.n_questions;
    struct vlm_question *questions = mem_new(n, sizeof(*questions), e);
    int rc;

    if (!questions)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct order_question *q = &a->order.questions[i];

        questions[i] = (struct vlm_question){ q->text,
                                              q->kind == ORDER_YESNO       ? VLM_YESNO
                                              : q->format == ORDER_LETTERS ? VLM_LETTERS
                                                                           : VLM_CHOICE,
                                              q->options, q->n_options };
    }
    rc = vlm_prompts_new(&a->prompts, a->model->vlm, questions, n, e);
    free(questions);
    return rc;
}

static int check_cost(struct asking *a, struct err *e)
{
    int rc = vlm_estimate(&a->cost, a->model->vlm, a->prompts,
                          &(struct vlm_size){ a->image.width, a->image.height }, e);

    if (rc == 0 && a->cost.tokens > ASKING_TOKENS_MAX) {
        err_set(e, ERR_LIMIT, "the request is too long");
        err_got(e, "%zu tokens", a->cost.tokens);
        err_expected(e, "at most %d", ASKING_TOKENS_MAX);
        rc = err_hint(e, "ask fewer questions a request");
    }
    return rc < 0 ? rc : memory_check(a->cost.activation_bytes, "a request of this length", e);
}

/* ---- asking ---- */

static int weigh(struct asking *a, const struct vlm_answer *answer, struct verdict *out,
                 struct err *e)
{
    size_t n = answer->n_options;

    *out = (struct verdict){ .mass = vlm_mass(answer), .n = n };
    out->share = arena_new(&a->order.arena, n, sizeof(*out->share), e);
    if (!out->share)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        out->share[i] = vlm_score(answer, i);
        if (!isfinite(out->share[i]))
            return err_set(e, ERR_FORMAT, "the model gives no option a probability");
        if (answer->logprob[i] > answer->logprob[out->best])
            out->best = i;
    }
    return 0;
}

static int ask(struct asking *a, struct err *e)
{
    const struct vlm_how how = { .events = a->model->events };
    struct vlm_answers answers;
    int rc = vlm_ask(a->model->vlm, a->prompts, &a->image, &how, &answers, e);

    if (rc < 0)
        return rc;
    a->verdicts = arena_new(&a->order.arena, answers.n, sizeof(*a->verdicts), e);
    rc = a->verdicts ? 0 : ERR_NOMEM;
    for (size_t i = 0; rc == 0 && i < answers.n; i++)
        rc = weigh(a, &answers.items[i], &a->verdicts[i], e);
    vlm_answers_release(&answers);
    return rc;
}

/* What the client has asked wrongly is `otherwise`. */
static unsigned status_of(int rc, unsigned otherwise)
{
    return rc == 0                                    ? 200
           : rc == ERR_LIMIT                          ? 413
           : rc == ERR_NOMEM || rc == ERR_INTERRUPTED ? 503
                                                      : otherwise;
}

static unsigned answer(struct asking *a, const struct asking_body *body, struct err *e)
{
    static const struct {
        int (*step)(struct asking *a, struct err *e);
        unsigned status;
    } steps[] = {
        { check_model, 404 }, { decode_picture, 400 }, { make_prompts, 400 }, { check_cost, 400 },
        { ask, 500 },
    };
    int rc = order_read(&a->order, body->protocol, body->text, body->len, e);
    unsigned status = status_of(rc, a->order.parsed ? body->protocol->malformed : 400);

    for (size_t i = 0; status == 200 && i < sizeof(steps) / sizeof(steps[0]); i++)
        status = status_of(steps[i].step(a, e), steps[i].status);
    return status;
}

unsigned asking_answer(const struct asking_model *m, const struct asking_body *body,
                       struct json_t **document, struct err *e)
{
    struct asking a = { .model = m };
    unsigned status = answer(&a, body, e);

    *document = NULL;
    if (status == 200)
        *document = body->protocol->write(&a.order, m->name, a.verdicts, a.cost.tokens);
    if (status == 200 && !*document)
        status = status_of(err_set(e, ERR_NOMEM, "out of memory: the answer"), 500);
    vlm_prompts_free(a.prompts);
    image_release(&a.image);
    order_release(&a.order);
    return status;
}
