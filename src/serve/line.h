/* SPDX-License-Identifier: MIT
 *
 * line.h - whose turn it is: clients take turns, each with its requests in their order. Private to
 * serve/; whoever calls holds a lock.
 *
 * A request is of the round behind that of its client's request before it, and rounds go one after
 * the other (start-time fair queueing with requests of equal cost: Goyal, Vin, Cheng 1996).
 */
#ifndef ASSENT_SERVE_LINE_H
#define ASSENT_SERVE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/net.h"

enum { LINE_MAX = 64 };

struct protocol;

struct place {
    struct request *request; /* NULL: nobody */
    const struct protocol *protocol;
    unsigned char client[CLIENT_BYTES];
    uint64_t round;
};

/* Zero-initialise it. */
struct line {
    struct place places[LINE_MAX]; /* whose turn it is first */
    size_t n;
    uint64_t round; /* of whoever was taken last */
};

/* Gives p its place. Where the line is full, the last of whoever has most in it has to go: that is
 * returned, p's request maybe; NULL: there was room. */
struct request *line_enter(struct line *l, struct place p);
/* Takes the first out; its request is NULL where the line is empty. */
struct place line_next(struct line *l);
/* Takes one out of which `wanted` is true; NULL: there is none. */
struct request *line_take(struct line *l, bool (*wanted)(const struct request *r));

#endif
