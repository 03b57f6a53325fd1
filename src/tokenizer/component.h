/* SPDX-License-Identifier: MIT
 *
 * component.h - a component of tokenizer.json: an object that says its type (read.c). Private to
 * tokenizer/.
 */
#ifndef ASSENT_TOKENIZER_COMPONENT_H
#define ASSENT_TOKENIZER_COMPONENT_H

#include "base/base.h"

const char *component_type(const struct cursor *c); /* its member "type", or "" */
/* The error that this type is not implemented. */
int component_refuse(const struct cursor *c, struct err *e);

#endif
