/* SPDX-License-Identifier: MIT
 *
 * show.h - a job's result as a page, which text.h and json.h show.
 *
 * A page is the caller's: page_free. NULL without memory, which the renderers say.
 */
#ifndef ASSENT_SHOW_H
#define ASSENT_SHOW_H

#include "jobs/agree.h"
#include "jobs/annotate.h"
#include "jobs/annotators.h"
#include "jobs/ask.h"
#include "jobs/check.h"
#include "jobs/consensus.h"
#include "jobs/export.h"
#include "jobs/import.h"
#include "jobs/import_images.h"
#include "jobs/import_metadata.h"
#include "jobs/model.h"
#include "jobs/plan.h"
#include "jobs/plan_alt_test.h"
#include "jobs/report.h"
#include "jobs/review.h"
#include "jobs/server_check.h"
#include "jobs/set_aside.h"
#include "jobs/status.h"
#include "jobs/undo.h"
#include "show/blocks.h"

struct page *show_import(const struct import_result *r);
struct page *show_import_metadata(const struct metadata_result *r);
struct page *show_import_images(const struct images_result *r);
struct page *show_import_answers(const char *path, const struct review_answers *r);
struct page *show_plan(const struct plan_result *r);
struct page *show_plan_alt_test(const struct alt_plan *a);
struct page *show_plan_review(const struct review_forecast *f);
struct page *show_annotate(const struct annotate_result *r);
struct page *show_ask(const struct ask_result *r);
struct page *show_agree(const struct agree_result *r);
struct page *show_consensus(const struct consensus_result *r);
struct page *show_report(const struct report_result *r);
struct page *show_export(const struct export_result *r);
struct page *show_undo(const struct undo_result *r);
struct page *show_server_check(const struct server_check_result *r);
struct page *show_check(const struct check_result *r);
struct page *show_rename(const struct rename_result *r);
struct page *show_set_aside(const struct aside_result *r);
/* runs: the newest ones are shown too. */
struct page *show_status(const struct status_result *r, bool runs);
struct page *show_reviewers(const struct reviewers *r);
/* tensors: they are listed too. */
struct page *show_model(const struct model_info_result *r, bool tensors);
/* Every figure with its meaning; and one's, of those that have one. */
struct page *show_figures(void);
void show_meaning(const struct figure *f, struct buf *out);

/* What the review's overview is told: struct review_site's describe. */
struct json_t *show_review_overview(const struct review_figures *f);

#endif
