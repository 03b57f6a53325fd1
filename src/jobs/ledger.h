/* SPDX-License-Identifier: MIT
 *
 * ledger.h - what the project's answers have cost: every run of every model, every second of every
 * person, and what that comes to an answer.
 *
 * Money in the task file's currency, NaN where it is not known, 0 where nothing is paid. What was
 * withdrawn was paid too.
 */
#ifndef ASSENT_JOBS_LEDGER_H
#define ASSENT_JOBS_LEDGER_H

#include "base/base.h"
#include "project/dataset.h"
#include "review/sampled.h"
#include "task/task.h"

struct ledger_run { /* of a model */
    int64_t id;
    const char *annotator, *started;
    const char *machine; /* its name; NULL: none is named */
    const char *unknown; /* why the cost is not known; NULL: it is */
    bool withdrawn;
    bool ended; /* else its images and answers are not known */
    uint64_t images, answers;
    double hours, machine_cost, token_cost, cost;
};

struct ledger_person {
    const char *name;
    uint64_t answers; /* that say how long they took, those taken back too */
    double hours, cost;
};

struct ledger_model {
    const char *name;
    uint64_t runs, unknown; /* unknown: of these, runs whose cost is not known */
    uint64_t labels;        /* that count now */
    double hours, cost;     /* of the runs that are known; NaN: of none */
    double image_cost;      /* what one image more would cost */
    const char *basis;      /* of that: "measured" by its runs, or "stated" in assent.yaml; NULL */
    double answer_cost;     /* a label; NaN where a run's cost is not known */
    double right; /* the share of its labels that adjudicators share; NaN: no random sample */
    double correct_cost; /* a label that is right */
};

struct ledger {
    const char *currency;
    struct ledger_run *runs; /* the newest first */
    size_t n_runs;
    struct ledger_person *people;
    size_t n_people;
    struct ledger_model *models;
    size_t n_models;
    double models_cost, people_cost, people_hours, cost; /* of what is known */
    uint64_t unknown, unknown_people; /* models' runs, and people, that are not in it */
    uint64_t labels;                  /* of models, that count */
    uint64_t accepted;    /* cells whose label a verdict accepts; 0: none, or nobody asked */
    double accepted_cost; /* everything that is known, by these */
    struct arena arena;   /* private */
};

struct ledger_sources {
    const struct dataset *data;    /* everybody's labels */
    const struct sampled *sampled; /* NULL, or without a design: no random sample */
    uint64_t accepted;
};

int ledger_load(struct ledger *out, const struct ledger_sources *from, struct err *e);
void ledger_release(struct ledger *l); /* zeroed is fine */

/* NULL: the ledger has no such model. */
const struct ledger_model *ledger_find(const struct ledger *l, const char *model);

#endif
