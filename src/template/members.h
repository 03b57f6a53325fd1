/* SPDX-License-Identifier: MIT
 *
 * members.h - a.b and a["b"] (members.c), the methods of texts and dicts (methods.c). Private to
 * template/.
 */
#ifndef ASSENT_TEMPLATE_MEMBERS_H
#define ASSENT_TEMPLATE_MEMBERS_H

#include "template/builtin.h"
#include "template/render.h"
#include "template/text.h"
#include "template/value.h"

/* v.name, and v[key], which looks among the elements first */
int member_get(struct render *r, const struct val *v, struct span name, struct val *out);
int item_get(struct render *r, const struct val *v, const struct val *key, struct val *out);
const struct method *method_find(enum val_kind kind, struct span name); /* or NULL */
/* Those that filters offer, too. */
builtin text_upper, text_lower, text_capitalize, text_strip, text_replace;

#endif
