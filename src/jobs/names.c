/* SPDX-License-Identifier: MIT */
#include "jobs/names.h"

#include <stdlib.h>
#include <string.h>

#include "store/images.h"
#include "store/reviewers.h"
#include "store/runs.h"

enum { NAMES_MAX = 100000 };

struct naming {
    const struct project *project;
    struct project_names *out;
    struct err *e;
};

static int add(void *data, const char *name)
{
    struct naming *n = data;
    struct project_names *out = n->out;
    int rc = mem_grow(&out->items, &out->cap, out->n + 1, sizeof(*out->items), NAMES_MAX, n->e);

    if (rc < 0)
        return rc;
    out->items[out->n] = arena_text(&out->arena, name, strlen(name), n->e);
    return out->items[out->n++] ? 0 : ERR_NOMEM;
}

static bool is_listed(const struct project_names *n, const char *name)
{
    for (size_t i = 0; i < n->n; i++)
        if (strcmp(n->items[i], name) == 0)
            return true;
    return false;
}

/* Those who have answered, and those that assent.yaml has. */
static int add_annotators(struct naming *n)
{
    const struct task *t = n->project->task;
    struct store_annotators known;
    int rc = store_annotators_load(n->project->store, &known, n->e);

    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < known.n; i++)
        rc = add(n, known.items[i].name);
    for (size_t i = 0; rc == 0 && i < t->n_annotators; i++)
        if (!is_listed(n->out, t->annotators[i].name))
            rc = add(n, t->annotators[i].name);
    store_annotators_release(&known);
    return rc;
}

static int add_groups(struct naming *n)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < n->project->task->n_groups; i++)
        rc = add(n, n->project->task->groups[i]);
    return rc;
}

static int add_questions(struct naming *n)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < n->project->task->n_questions; i++)
        rc = add(n, n->project->task->questions[i].name);
    return rc;
}

static int add_columns(struct naming *n)
{
    return store_meta_names(n->project->store, add, n, n->e);
}

static int add_reviewer(void *data, const struct store_reviewer *r)
{
    return r->revoked ? 0 : add(data, r->name);
}

static int add_reviewers(struct naming *n)
{
    return store_reviewers(n->project->store, add_reviewer, n, n->e);
}

static const struct {
    const char *kind;
    int (*add)(struct naming *n);
} kinds[] = {
    { "annotators", add_annotators }, { "groups", add_groups },
    { "questions", add_questions },   { "columns", add_columns },
    { "reviewers", add_reviewers },
};

int job_names(const struct project *p, const char *kind, struct project_names *out, struct err *e)
{
    struct naming n = { p, out, e };
    int rc = ERR_ARG;

    *out = (struct project_names){ 0 };
    err_set(e, ERR_ARG, "there are no names of this kind: %s", kind);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kind, kinds[i].kind) == 0)
            rc = kinds[i].add(&n);
    if (rc < 0)
        names_release(out);
    return rc;
}

void names_release(struct project_names *n)
{
    free(n->items);
    arena_release(&n->arena);
    *n = (struct project_names){ 0 };
}
