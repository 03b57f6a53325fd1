/* SPDX-License-Identifier: MIT
 *
 * builtin.h - what a template may call by name: filters (filters.c), those that select from a list
 * (select.c), what stands behind `is` (tests.c), range() and the like (functions.c). Private to
 * template/.
 */
#ifndef ASSENT_TEMPLATE_BUILTIN_H
#define ASSENT_TEMPLATE_BUILTIN_H

#include <stdbool.h>
#include <stddef.h>

#include "template/render.h"
#include "template/text.h"
#include "template/value.h"

struct args {
    struct val *values; /* the first n by place, then n_named by name */
    struct span *names; /* of the named ones */
    size_t n, n_named;
};

/* Something to call: on self, or on what a filter stands behind; NULL for a function. */
typedef int builtin(struct render *r, const struct val *self, const struct args *a,
                    struct val *out);

struct method {
    enum val_kind kind;
    const char *name;
    builtin *run; /* NULL: known to Python, not implemented */
};

struct function {
    const char *name;
    builtin *run; /* the same */
};

int filter_run(struct render *r, struct span name, const struct val *v, const struct args *a,
               struct val *out);
bool function_find(struct span name, struct val *out);
int test_run(struct render *r, struct span name, const struct val *v, const struct args *a,
             bool *out);
/* ERR_FORMAT unless there are from min to max, and all names are in `names` (NULL: none). */
int args_check(struct render *r, const struct args *a, size_t min, size_t max,
               const char *const *names);

builtin filter_selectattr, filter_rejectattr, filter_select, filter_reject, filter_map;

#endif
