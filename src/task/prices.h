/* SPDX-License-Identifier: MIT
 *
 * prices.h - the price book of assent.yaml: what machines and people cost. Every entry says when it
 * was taken and from where.
 */
#ifndef ASSENT_TASK_PRICES_H
#define ASSENT_TASK_PRICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A figure somebody stated: `given` says whether anybody did. */
struct price {
    bool given;
    double value;
    const char *date, *source;
};

enum machine_kind { MACHINE_ON_DEMAND, MACHINE_SPOT, MACHINE_RESERVED, MACHINE_OWNED };
const char *task_machine_kind_name(enum machine_kind kind); /* "on demand", .. */

/* A processor or GPU. What does not belong to its kind is NaN. */
struct machine {
    const char *name;
    enum machine_kind kind;
    double hour;        /* rented: what one costs, used or not */
    double utilisation; /* reserved, or owned for years: the share of the hours that it works */
    double price, life_years, life_hours; /* owned; life_hours: of work */
    double kilowatts, kwh;                /* owned: what it draws, and what a kWh costs */
    const char *date, *source;
    unsigned line;
};
#define TASK_HOURS_PER_YEAR 8766.0 /* 365.25 days */

/* What an hour of its work costs. */
double task_machine_hour(const struct machine *m);

struct fine_tuning { /* of the model that is compared */
    bool given;
    double cost, gain; /* gain: how much more of its labels would be right, a share */
    const char *date, *source;
};

struct prices {
    const char *currency;
    struct price machine_hour;      /* what the processor or GPU costs, where none is named */
    struct price images_per_second; /* all questions of an image */
    struct price wage_hour;
    struct price seconds_per_answer; /* a person's */
    uint64_t scale_images;           /* also state the cost of this many; 0: don't */
    const struct machine *machines;
    size_t n_machines;
    struct fine_tuning fine_tuning;
};

const struct machine *task_find_machine(const struct prices *p, const char *name);

#endif
