/* SPDX-License-Identifier: MIT
 *
 * replicas.h - which of a model's servers a picture goes to, and which of them are away. A state
 * machine without I/O; private to label/. Times are seconds of one monotonic clock.
 */
#ifndef ASSENT_LABEL_REPLICAS_H
#define ASSENT_LABEL_REPLICAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "task/task.h"

struct replicas {
    size_t n;
    struct replica {
        double back;  /* away until then */
        double pause; /* how long it was away last; 0: it never was */
    } of[TASK_URLS_MAX];
};

void replicas_init(struct replicas *r, size_t n);
/* All requests of a picture go to one, which holds it then: the highest of the hashes of picture
 * and replica (rendezvous hashing: Thaler and Ravishankar 1998), of those that are there; where
 * none is, of all. */
size_t replicas_choose(const struct replicas *r, uint64_t picture, double now);
/* It did not answer: its pictures go to others for a while, each time for a longer one. Is there
 * another? *news: it was there until now. */
bool replicas_lose(struct replicas *r, size_t which, double now, bool *news);

#endif
