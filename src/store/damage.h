/* SPDX-License-Identifier: MIT
 *
 * damage.h - values that assent never wrote, as a bad disk or another program leaves them. Private
 * to store/.
 *
 * Types, texts and what must be there are checked wherever a row is read (sqlite.c). What a number
 * means is checked by the file that reads it, once, before anything outside store/ sees it.
 */
#ifndef ASSENT_STORE_DAMAGE_H
#define ASSENT_STORE_DAMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The index of a name that the database holds; n where it is none of them. */
static inline size_t name_index(const char *const names[], size_t n, const char *name)
{
    size_t i = 0;

    while (i < n && !text_equal(names[i], name))
        i++;
    return i;
}

/* Ends an error about such a value. */
static inline int damage_hint(struct err *e)
{
    return err_hint(e, "assent check lists all that is damaged, and can set it aside");
}

static inline int name_unknown(const char *column, const char *name, struct err *e)
{
    err_set(e, ERR_DB, "a name in %s is not known here: '%s'", column, name);
    return damage_hint(e);
}

/* A number of a table's row has to lie in a range. */
struct range {
    double low, high;
};
static inline int check_number(const char *column, int64_t row, double got, struct range r,
                               struct err *e)
{
    if (got >= r.low && got <= r.high)
        return 0;
    err_set(e, ERR_DB, "a number in %s cannot be, of row %lld", column, (long long)row);
    err_got(e, "%.15g", got);
    err_expected(e, "%.15g to %.15g", r.low, r.high);
    return damage_hint(e);
}

/* Ids count from 1 with few gaps: an array over them is not much larger than its table. */
static inline int check_ids(const char *table, int64_t n, int64_t least, int64_t most,
                            struct err *e)
{
    enum { GAPS = 1000000 };

    if (least >= 0 && most <= UINT32_MAX && most <= 16 * n + GAPS)
        return 0;
    err_set(e, ERR_DB, "the ids of %s are out of range", table);
    err_got(e, "%lld rows with ids from %lld to %lld", (long long)n, (long long)least,
            (long long)most);
    return damage_hint(e);
}

#endif
