/* SPDX-License-Identifier: MIT */
#include "jobs/annotators.h"

#include <string.h>

#include "project/dataset.h"
#include "store/runs.h"

int annotator_name_check(const char *name, struct err *e)
{
    if (task_name_is_usable(name))
        return 0;
    err_set(e, ERR_ARG, "not usable as an annotator's name: '%s'", name);
    return err_expected(e, TASK_NAME_USABLE "; not consensus or tie, which assent uses");
}

static int check_names(const struct project *p, const struct rename_result *r, struct err *e)
{
    const char *today = task_annotator_today(p->task, r->name);

    if (task_name_is_reserved(r->old))
        return err_set(e, ERR_ARG, "'%s' is the program's own name", r->old);
    if (today == r->name)
        return annotator_name_check(r->name, e);
    err_set(e, ERR_ARG, "assent.yaml says that '%s' is called '%s' now", r->name, today);
    return err_hint(e, "take `was: %s` out there first", r->name);
}

static int change(struct project *p, struct rename_result *r, struct err *e)
{
    struct buf what = BUF_INIT(4096);
    int rc = check_names(p, r, e);

    if (rc == 0)
        rc = dataset_count_labels(p, r->old, &r->labels, e);
    if (rc == 0)
        rc = store_annotator_rename(p->store, r->old, r->name, e);
    if (rc < 0)
        return rc;
    buf_printf(&what, "annotators rename '%s' '%s'", r->old, r->name);
    rc = buf_end(&what, "an event", e);
    if (rc == 0)
        rc = store_event(p->store, what.text, e);
    buf_release(&what);
    return rc;
}

int job_annotator_rename(struct project *p, const char *old, const char *name,
                         struct rename_result *out, struct err *e)
{
    int rc = store_begin(p->store, e);

    *out = (struct rename_result){ .old = old,
                                   .name = name,
                                   .in_task = task_find_annotator(p->task, old) != NULL };
    return store_end(p->store, rc == 0 ? change(p, out, e) : rc, e);
}
