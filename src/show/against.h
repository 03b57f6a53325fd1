/* SPDX-License-Identifier: MIT
 *
 * against.h - two annotators held against a third, as a page: the caller's, NULL without memory.
 */
#ifndef ASSENT_SHOW_AGAINST_H
#define ASSENT_SHOW_AGAINST_H

#include "jobs/agree.h"
#include "show/blocks.h"

struct page *show_against(const struct against_result *r);

#endif
