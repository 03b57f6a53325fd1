/* SPDX-License-Identifier: MIT
 *
 * budget.h - what a server was asked so far, and how much of that is left to a run. A state machine
 * without I/O; private to label/.
 *
 * What a request costs is known when it is answered. Until then it is taken to cost as much as the
 * dearest of its kind so far: a picture's first, or a later one, whose prompt the server may have
 * cached. What was never answered, or without a count of tokens, is not known to cost anything.
 */
#ifndef ASSENT_LABEL_BUDGET_H
#define ASSENT_LABEL_BUDGET_H

#include "label/http/protocol.h"
#include "label/label.h"

enum budget_kind { BUDGET_FIRST, BUDGET_LATER, BUDGET_KINDS };

struct budget {
    struct label_limits limits;
    const struct server_price *price;
    struct label_usage used;
    uint64_t answers; /* that said their tokens */
    uint64_t
        owed[BUDGET_KINDS]; /* requests of pictures that were begun: to be sent, perhaps again */
    uint64_t out[BUDGET_KINDS]; /* in flight */
    double dearest[BUDGET_KINDS];
    enum label_limit over; /* something was not sent for it: so it stays */
};

void budget_init(struct budget *b, const struct label_limits *limits,
                 const struct server_price *price);

/* Which limit a further picture with so many requests could pass. */
enum label_limit budget_picture_limit(const struct budget *b, size_t requests);
/* The same of a request that is owed. With none in flight, none will do later. */
enum label_limit budget_request_limit(const struct budget *b, enum budget_kind kind);
double budget_tokens(const struct budget *b); /* that a request is expected to take; 0: not known */

void budget_begin(struct budget *b, size_t requests); /* a picture's, above 0 */
void budget_sent(struct budget *b, enum budget_kind kind);
/* It is answered, or failed; times: that it was sent, by struct client_answer. */
void budget_back(struct budget *b, enum budget_kind kind, unsigned times);
void budget_paid(struct budget *b, enum budget_kind kind, const struct protocol_usage *usage);
void budget_again(struct budget *b, enum budget_kind kind); /* it is owed once more */
/* So many later ones that are owed will not be sent. */
void budget_forget(struct budget *b, size_t requests);
/* Nothing that is owed will be sent. */
void budget_end(struct budget *b, enum label_limit why);

#endif
