/* SPDX-License-Identifier: MIT
 *
 * json.h - a page as the JSON document that scripts read.
 */
#ifndef ASSENT_SHOW_JSON_H
#define ASSENT_SHOW_JSON_H

#include "show/blocks.h"

/* The page's data, the caller's: jv_free. */
int page_json(const struct page *p, struct json_t **out, struct err *e);

#endif
