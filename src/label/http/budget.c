/* SPDX-License-Identifier: MIT */
#include "label/http/budget.h"

#include <math.h>

#define MILLION 1e6

double label_usage_cost(const struct label_usage *u, const struct server_price *p)
{
    double cached = isnan(p->cached_input) ? p->input : p->cached_input;

    if (!p->given || u->silent > 0)
        return NAN;
    return ((double)(u->prompt - u->cached) * p->input + (double)u->cached * cached +
            (double)u->completion * p->output) /
           MILLION;
}

void budget_init(struct budget *b, const struct label_limits *limits,
                 const struct server_price *price)
{
    *b = (struct budget){ .limits = *limits, .price = price };
}

/* Of a later request nothing may be known yet: it is no dearer than a first one. */
static double dearest(const struct budget *b, enum budget_kind kind)
{
    return kind == BUDGET_LATER && b->dearest[kind] > 0 ? b->dearest[kind]
                                                        : b->dearest[BUDGET_FIRST];
}

static bool is_too_dear(const struct budget *b, double more)
{
    double cost = label_usage_cost(&b->used, b->price);

    for (int k = 0; k < BUDGET_KINDS; k++)
        cost += (double)b->out[k] * dearest(b, k);
    return cost + more > b->limits.cost;
}

enum label_limit budget_picture_limit(const struct budget *b, size_t requests)
{
    uint64_t owed = b->owed[BUDGET_FIRST] + b->owed[BUDGET_LATER];
    double more = (double)(b->owed[BUDGET_FIRST] + 1) * dearest(b, BUDGET_FIRST) +
                  (double)(b->owed[BUDGET_LATER] + requests - 1) * dearest(b, BUDGET_LATER);

    if (b->over != LIMIT_NONE)
        return b->over;
    if (b->limits.requests > 0 && b->used.requests + owed + requests > b->limits.requests)
        return LIMIT_REQUESTS;
    return b->limits.cost > 0 && is_too_dear(b, more) ? LIMIT_COST : LIMIT_NONE;
}

enum label_limit budget_request_limit(const struct budget *b, enum budget_kind kind)
{
    if (b->over != LIMIT_NONE)
        return b->over;
    if (b->limits.requests > 0 && b->used.requests >= b->limits.requests)
        return LIMIT_REQUESTS;
    return b->limits.cost > 0 && is_too_dear(b, dearest(b, kind)) ? LIMIT_COST : LIMIT_NONE;
}

double budget_tokens(const struct budget *b)
{
    return b->answers > 0 ? (double)(b->used.prompt + b->used.completion) / (double)b->answers : 0;
}

void budget_begin(struct budget *b, size_t requests)
{
    b->owed[BUDGET_FIRST]++;
    b->owed[BUDGET_LATER] += requests - 1;
}

void budget_sent(struct budget *b, enum budget_kind kind)
{
    b->owed[kind]--;
    b->out[kind]++;
    b->used.requests++;
}

void budget_back(struct budget *b, enum budget_kind kind, unsigned times)
{
    b->out[kind]--;
    b->used.requests += (uint64_t)times - 1; /* it was counted as it went */
}

void budget_paid(struct budget *b, enum budget_kind kind, const struct protocol_usage *usage)
{
    struct label_usage u = { 0, usage->prompt,
                             usage->cached < usage->prompt ? usage->cached : usage->prompt,
                             usage->completion, usage->prompt == 0 };

    b->answers += u.silent == 0;
    b->used.silent += u.silent;
    b->used.prompt += u.prompt;
    b->used.cached += u.cached;
    b->used.completion += u.completion;
    b->dearest[kind] = fmax(b->dearest[kind], label_usage_cost(&u, b->price));
}

void budget_again(struct budget *b, enum budget_kind kind)
{
    b->owed[kind]++;
}

void budget_forget(struct budget *b, size_t requests)
{
    uint64_t owed = b->owed[BUDGET_LATER];

    b->owed[BUDGET_LATER] -= requests < owed ? requests : owed;
}

void budget_end(struct budget *b, enum label_limit why)
{
    b->over = why;
    for (int k = 0; k < BUDGET_KINDS; k++)
        b->owed[k] = 0;
}
