/* SPDX-License-Identifier: MIT
 *
 * verdicts.h - which answers may be used, as pages: asked for, planned, certified, written to
 * files.
 *
 * A page is the caller's, as show.h has it.
 */
#ifndef ASSENT_SHOW_VERDICTS_H
#define ASSENT_SHOW_VERDICTS_H

#include "jobs/accept.h"
#include "jobs/export_accepted.h"
#include "jobs/plan_accept.h"
#include "show/blocks.h"

struct page *show_accept(const struct acceptance *a);
/* The same for whoever has to rely on it: with how it was reached. */
struct page *show_certificate(const struct acceptance *a);
/* Where the files are. */
struct page *show_accepted(const struct accepted_result *r);
/* What it takes until answers may be used. */
struct page *show_plan_accept(const struct accept_plan *a);

#endif
