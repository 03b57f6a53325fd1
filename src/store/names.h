/* SPDX-License-Identifier: MIT
 *
 * names.h - words that a column may hold. Private to store/.
 */
#ifndef ASSENT_STORE_NAMES_H
#define ASSENT_STORE_NAMES_H

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

static inline int name_unknown(const char *table, const char *name, struct err *e)
{
    return err_set(e, ERR_DB, "a name in %s is not known here: '%s'", table, name ? name : "");
}

#endif
