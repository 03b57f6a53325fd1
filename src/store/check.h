/* SPDX-License-Identifier: MIT
 *
 * check.h - what in the database assent never wrote, and setting it aside.
 */
#ifndef ASSENT_STORE_CHECK_H
#define ASSENT_STORE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "store/store.h"
#include "task/task.h"

struct store_fault {
    const char *table;
    const char *what; /* which row, got, expected */
    bool can_go;      /* it can be set aside; else a backup has to help */
};

struct store_checked {
    uint64_t faults;                                      /* listed or not */
    uint64_t set_aside;                                   /* of these, now */
    uint64_t sets, answers, votes, items, review_answers; /* rows that were looked at */
    uint64_t before; /* rows that were set aside at earlier times */
    bool broken;     /* the file itself is damaged: its rows were not looked at */
};

enum { STORE_FAULTS_MOST = 100000 /* that are told one by one, and set aside at once */ };

/* Texts are valid during the call, whose failure ends the check. */
struct store_fault_reader {
    int (*each)(void *data, const struct store_fault *f);
    void *data;
};

/* Looks at everything that counts: the file, what refers to what, questions against their hash,
 * every answer, vote and row of a review. set_aside: damaged rows are moved to the table `damaged`,
 * inside the caller's transaction; of a file that is damaged itself nothing is. */
int store_check(struct store *s, const struct task *t, bool set_aside, struct store_fault_reader r,
                struct store_checked *out, struct err *e);

#endif
