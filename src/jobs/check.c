/* SPDX-License-Identifier: MIT */
#include "jobs/check.h"

#include <stdio.h>
#include <string.h>

struct listing {
    struct check_result *out;
    struct err *e;
};

static int keep(void *data, const struct store_fault *f)
{
    struct listing *l = data;
    struct store_fault *kept = &l->out->faults[l->out->n];

    if (l->out->n == CHECK_NAMED)
        return 0;
    *kept = *f; /* a table's name is a literal */
    kept->what = arena_text(&l->out->arena, f->what, strlen(f->what), l->e);
    l->out->n++;
    return kept->what ? 0 : ERR_NOMEM;
}

static int note_event(struct project *p, const struct check_result *r, struct err *e)
{
    char what[96];

    snprintf(what, sizeof(what), "check --set-aside: %llu rows",
             (unsigned long long)r->of.set_aside);
    return store_event(p->store, what, e);
}

int job_check(struct project *p, bool set_aside, struct check_result *out, struct err *e)
{
    struct listing l = { out, e };
    int rc = set_aside ? store_begin(p->store, e) : 0;

    *out = (struct check_result){ .aside = set_aside };
    if (rc < 0)
        return rc;
    out->faults = arena_new(&out->arena, CHECK_NAMED, sizeof(*out->faults), e);
    rc = out->faults ? store_check(p->store, p->task, set_aside,
                                   (struct store_fault_reader){ keep, &l }, &out->of, e)
                     : ERR_NOMEM;
    if (rc == 0 && out->of.set_aside > 0)
        rc = note_event(p, out, e);
    if (set_aside)
        rc = store_end(p->store, rc, e);
    if (rc < 0)
        check_result_release(out);
    return rc;
}

void check_result_release(struct check_result *r)
{
    arena_release(&r->arena);
    *r = (struct check_result){ 0 };
}
