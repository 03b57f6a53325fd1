/* SPDX-License-Identifier: MIT */
#include "jobs/methods.h"

#include <stdlib.h>
#include <string.h>

#include "store/runs.h"

struct gathering {
    struct methods *out;
    struct err *e;
    int rc;
};

static const char *keep(struct gathering *g, const char *text)
{
    const char *copy = text ? arena_text(&g->out->arena, text, strlen(text), g->e) : NULL;

    if (text && !copy)
        g->rc = ERR_NOMEM;
    return copy;
}

/* The newest run comes first. */
static void gather_run(void *data, const struct store_run_info *run)
{
    struct gathering *g = data;
    struct methods_annotator *a = NULL;

    for (size_t i = 0; !a && i < g->out->n; i++)
        if (strcmp(g->out->items[i].name, run->annotator) == 0)
            a = &g->out->items[i];
    if (!a || g->rc < 0 || *run->withdrawn != '\0')
        return;
    a->runs++;
    a->first = keep(g, run->started);
    if (a->runs == 1)
        a->last = keep(g, run->ended ? run->ended : run->started);
}

static int gather_annotator(struct gathering *g, struct store *s, const struct labelled *who)
{
    struct methods_annotator *a = &g->out->items[g->out->n++];
    char *identity = NULL, *settings = NULL;
    int rc = store_identity(s, who->annotator->id, &identity, &settings, g->e);

    a->name = keep(g, who->name);
    a->kind = task_annotator_kind_name(who->annotator->kind);
    if (rc == 0)
        a->identity = keep(g, identity);
    free(identity);
    free(settings);
    return rc < 0 ? rc : g->rc;
}

int methods_load(const struct dataset *d, struct methods *out, struct err *e)
{
    struct gathering g = { out, e, 0 };
    int rc;

    *out = (struct methods){ .database = store_version() };
    out->items = arena_new(&out->arena, d->n + 1, sizeof(*out->items), e);
    rc = out->items ? 0 : ERR_NOMEM;
    for (size_t i = 0; rc == 0 && i < d->n; i++)
        rc = gather_annotator(&g, d->project->store, &d->items[i]);
    if (rc == 0)
        rc = store_runs(d->project->store, INT32_MAX, gather_run, &g, e);
    rc = rc < 0 ? rc : g.rc;
    if (rc < 0)
        methods_release(out);
    return rc;
}

void methods_release(struct methods *m)
{
    arena_release(&m->arena);
    *m = (struct methods){ 0 };
}
