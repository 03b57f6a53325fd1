/* SPDX-License-Identifier: MIT */
#include "task/prices.h"

#include <math.h>
#include <string.h>

#include "task/load.h"

const struct machine *task_find_machine(const struct prices *p, const char *name)
{
    for (size_t i = 0; i < p->n_machines; i++)
        if (text_equal(p->machines[i].name, name))
            return &p->machines[i];
    return NULL;
}

double task_machine_hour(const struct machine *m)
{
    double hours = m->life_years * TASK_HOURS_PER_YEAR * m->utilisation;

    if (m->kind == MACHINE_OWNED)
        return m->price / (isnan(m->life_hours) ? hours : m->life_hours) + m->kilowatts * m->kwh;
    return m->kind == MACHINE_RESERVED ? m->hour / m->utilisation : m->hour;
}

/* ---- prices ---- */

/* Every figure says when it was taken and from where, or "assumed". */
static const struct key price_keys[] = {
    { "value", load_real, offsetof(struct price, value), true },
    { "date", load_text, offsetof(struct price, date), true },
    { "source", load_text, offsetof(struct price, source), true },
};

static int read_price(const struct loader *l, int node, void *into, struct err *e)
{
    struct price *price = into;
    bool twice = price->given;
    int rc = LOAD_MAPPING(l, node, price_keys, price, e);

    if (rc == 0 && twice) {
        err_set(e, ERR_FORMAT, "this price stands twice, under an older name too");
        return doc_at(l->doc, node, e);
    }
    if (rc == 0 && price->value <= 0) {
        err_set(e, ERR_FORMAT, "a price or speed must be above zero");
        return doc_at(l->doc, node, e);
    }
    price->given = true;
    return rc;
}

/* ---- machines ---- */

static const char *const machine_kinds[] = { "on demand", "spot", "reserved", "owned" };

const char *task_machine_kind_name(enum machine_kind kind)
{
    return machine_kinds[kind];
}

static int read_machine_kind(const struct loader *l, int node, void *into, struct err *e)
{
    const size_t n = sizeof(machine_kinds) / sizeof(machine_kinds[0]);
    const char *name = doc_text(l->doc, node);

    for (size_t i = 0; i < n; i++)
        if (text_equal(name, machine_kinds[i])) {
            *(enum machine_kind *)into = (enum machine_kind)i;
            return 0;
        }
    if (!name)
        return load_wrong_type(l, node, DOC_TEXT, e);
    load_unknown_name(l, node, "way to have a machine", name, machine_kinds, n, e);
    return err_expected(e, "on demand, spot, reserved or owned");
}

/* A share above zero. */
static int read_utilisation(const struct loader *l, int node, void *into, struct err *e)
{
    int rc = load_above_zero(l, node, into, e);

    return rc == 0 ? load_share(l, node, into, e) : rc;
}

static const struct key machine_keys[] = {
    { "kind", read_machine_kind, offsetof(struct machine, kind), true },
    { "hour", load_above_zero, offsetof(struct machine, hour), false },
    { "utilisation", read_utilisation, offsetof(struct machine, utilisation), false },
    { "price", load_above_zero, offsetof(struct machine, price), false },
    { "life_years", load_above_zero, offsetof(struct machine, life_years), false },
    { "life_hours", load_above_zero, offsetof(struct machine, life_hours), false },
    { "kilowatts", load_real, offsetof(struct machine, kilowatts), false },
    { "kwh", load_real, offsetof(struct machine, kwh), false },
    { "date", load_text, offsetof(struct machine, date), true },
    { "source", load_text, offsetof(struct machine, source), true },
};

enum { RENTED = 1 << MACHINE_ON_DEMAND | 1 << MACHINE_SPOT, RESERVED = 1 << MACHINE_RESERVED };
enum { OWNED = 1 << MACHINE_OWNED };

/* Which figures belong to which kind: a figure that would count for nothing is an error, and so is
 * one that would be missing from the sum. */
static const struct {
    const char *name;
    size_t offset;
    unsigned may, must; /* kinds */
} machine_figures[] = {
    { "hour", offsetof(struct machine, hour), RENTED | RESERVED, RENTED | RESERVED },
    { "utilisation", offsetof(struct machine, utilisation), RESERVED | OWNED, RESERVED },
    { "price", offsetof(struct machine, price), OWNED, OWNED },
    { "life_years", offsetof(struct machine, life_years), OWNED, 0 },
    { "life_hours", offsetof(struct machine, life_hours), OWNED, 0 },
    { "kilowatts", offsetof(struct machine, kilowatts), OWNED, OWNED },
    { "kwh", offsetof(struct machine, kwh), OWNED, OWNED },
};

/* A life is given once: in hours of work, or in years with the share of them that it works. */
static int check_life(const struct loader *l, int node, const struct machine *m, struct err *e)
{
    bool years = !isnan(m->life_years), hours = !isnan(m->life_hours);

    if (m->kind != MACHINE_OWNED || (years != hours && years == !isnan(m->utilisation)))
        return 0;
    err_set(e, ERR_FORMAT, "how long an owned machine works is said in one way");
    err_expected(e, "life_years and utilisation, or life_hours, which are hours of work");
    return doc_at(l->doc, node, e);
}

static int check_machine(const struct loader *l, int node, const struct machine *m, struct err *e)
{
    const char *kind = machine_kinds[m->kind];

    for (size_t i = 0; i < sizeof(machine_figures) / sizeof(machine_figures[0]); i++) {
        bool given = !isnan(*(const double *)((const char *)m + machine_figures[i].offset));
        const char *name = machine_figures[i].name;

        if (given && !(machine_figures[i].may & 1u << m->kind))
            err_set(e, ERR_FORMAT, "a machine that is %s has no '%s'", kind, name);
        else if (!given && (machine_figures[i].must & 1u << m->kind))
            err_set(e, ERR_FORMAT, "a machine that is %s needs '%s'", kind, name);
        else
            continue;
        return doc_at(l->doc, node, e);
    }
    return check_life(l, node, m, e);
}

static int read_machine(const struct loader *l, int key, int node, struct machine *m, struct err *e)
{
    int rc;

    *m = (struct machine){ .hour = NAN, NAN, NAN, NAN, NAN, NAN, NAN };
    m->line = doc_line(l->doc, key);
    rc = load_name(l, key, &m->name, e);
    if (rc == 0)
        rc = LOAD_MAPPING(l, node, machine_keys, m, e);
    return rc < 0 ? rc : check_machine(l, node, m, e);
}

static int read_machines(const struct loader *l, int node, void *into, struct err *e)
{
    struct prices *p = (struct prices *)((char *)into - offsetof(struct prices, machines));
    size_t n = doc_type(l->doc, node) == DOC_MAPPING ? doc_count(l->doc, node) : 0;
    struct machine *machines = arena_new(l->arena, n, sizeof(*machines), e);
    struct map *names = NULL;
    int rc = machines ? map_new(&names, e) : ERR_NOMEM;

    if (rc == 0 && doc_type(l->doc, node) != DOC_MAPPING)
        rc = load_wrong_type(l, node, DOC_MAPPING, e);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        int key = doc_key(l->doc, node, i);

        rc = read_machine(l, key, doc_value(l->doc, node, i), &machines[i], e);
        if (rc == 0)
            rc = load_unique(l, key, names, machines[i].name, e);
    }
    map_free(names);
    p->machines = machines;
    p->n_machines = rc == 0 ? n : 0;
    return rc;
}

int load_machine(const struct loader *l, int node, void *into, struct err *e)
{
    const struct prices *p = &l->task->prices;
    const char *name = doc_text(l->doc, node), **known;
    const struct machine *found = task_find_machine(p, name);

    if (!name)
        return load_wrong_type(l, node, DOC_TEXT, e);
    *(const struct machine **)into = found;
    if (found)
        return 0;
    known = arena_new(l->arena, p->n_machines, sizeof(*known), e);
    if (!known)
        return ERR_NOMEM;
    for (size_t i = 0; i < p->n_machines; i++)
        known[i] = p->machines[i].name;
    load_unknown_name(l, node, "machine under prices:", name, known, p->n_machines, e);
    return e->code;
}

/* ---- the whole ---- */

static const struct key fine_tuning_keys[] = {
    { "cost", load_real, offsetof(struct fine_tuning, cost), true },
    { "gain", load_share, offsetof(struct fine_tuning, gain), true },
    { "date", load_text, offsetof(struct fine_tuning, date), true },
    { "source", load_text, offsetof(struct fine_tuning, source), true },
};

static int read_fine_tuning(const struct loader *l, int node, void *into, struct err *e)
{
    ((struct fine_tuning *)into)->given = true;
    return LOAD_MAPPING(l, node, fine_tuning_keys, into, e);
}

static const struct key prices_keys[] = {
    { "currency", load_text, offsetof(struct prices, currency), false },
    { "machine_hour", read_price, offsetof(struct prices, machine_hour), false },
    { "images_per_second", read_price, offsetof(struct prices, images_per_second), false },
    { "wage_hour", read_price, offsetof(struct prices, wage_hour), false },
    { "seconds_per_answer", read_price, offsetof(struct prices, seconds_per_answer), false },
    /* its older name */
    { "seconds_an_answer", read_price, offsetof(struct prices, seconds_per_answer), false },
    { "scale_images", load_count, offsetof(struct prices, scale_images), false },
    { "machines", read_machines, offsetof(struct prices, machines), false },
    { "fine_tuning", read_fine_tuning, offsetof(struct prices, fine_tuning), false },
};

int load_prices(const struct loader *l, int node, void *into, struct err *e)
{
    return LOAD_MAPPING(l, node, prices_keys, into, e);
}
