/* SPDX-License-Identifier: MIT
 *
 * render.h - one rendering, and what it may cost (template.c). Private to template/.
 */
#ifndef ASSENT_TEMPLATE_RENDER_H
#define ASSENT_TEMPLATE_RENDER_H

#include <stddef.h>

#include "base/base.h"
#include "template/text.h"

struct name_scope;
struct template;

enum {
    RENDER_MEMORY_MAX = 32 << 20, /* bytes of values of one rendering */
    BYTES_PER_STEP = 64,          /* work on texts is counted as steps, too */
};

struct render {
    const struct template *t;
    struct err *e;
    struct arena arena; /* all values */
    size_t steps;
    struct buf *out;
    struct name_scope *scope;
};

/* Counts work. ERR_LIMIT once there was too much, from then on always. */
int render_charge(struct render *r, size_t steps);
int render_charge_bytes(struct render *r, size_t bytes);
void *render_new(struct render *r, size_t n, size_t size);
int render_refuses(struct render *r, const char *what, struct span name);

#endif
