/* SPDX-License-Identifier: MIT
 *
 * eval.h - expressions to values (eval.c), statements to output (exec.c). Private to template/.
 */
#ifndef ASSENT_TEMPLATE_EVAL_H
#define ASSENT_TEMPLATE_EVAL_H

#include <stddef.h>

#include "template/builtin.h"
#include "template/node.h"
#include "template/render.h"
#include "template/value.h"

struct variable {
    struct variable *next;
    struct span name;
    struct val value;
};

struct name_scope {
    struct variable *variables;
    const struct name_scope *outer;
};

int eval(struct render *r, const struct node *n, struct val *out);
int exec(struct render *r, const struct node *list);
int scope_set(struct render *r, struct name_scope *s, struct span name, struct val value);
const struct val *scope_get(struct render *r, const struct name_scope *s, struct span name);
int call(struct render *r, builtin *run, const char *what, struct span name, const struct val *self,
         const struct args *a, struct val *out);

#endif
