/* SPDX-License-Identifier: MIT */
#include "jobs/moved.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/blank.h"
#include "store/probes.h"
#include "store/runs.h"

enum { MOVED_MAX = 1 << 20 };

void moved_set(struct moved *m, const struct stats_moves *moves)
{
    m->answers = moves->answers;
    m->changed = moves->changed;
    m->share = (double)moves->changed / (double)moves->answers;
    m->mean = stats_moves_mean(moves);
    m->most = stats_moves_most(moves);
}

struct loading {
    struct moved_list *out;
    const char *annotator;
    struct err *e;
};

static int add(void *data, const struct store_probe *p)
{
    const struct loading *l = data;
    struct moved_list *list = l->out;
    struct moved *m;
    int rc;

    if (blank_is_probe(p->what))
        return 0;
    rc = mem_grow(&list->items, &list->cap, list->n + 1, sizeof(*list->items), MOVED_MAX, l->e);
    if (rc < 0)
        return rc;
    m = &list->items[list->n];
    *m = (struct moved){ .annotator = l->annotator,
                         .what = arena_text(&list->arena, p->what, strlen(p->what), l->e),
                         .at = arena_text(&list->arena, p->at, strlen(p->at), l->e),
                         .images = p->images,
                         .answers = p->answers,
                         .changed = p->changed,
                         .share = (double)p->changed / (double)p->answers,
                         .mean = p->mean,
                         .most = p->most };
    if (!m->what || !m->at)
        return ERR_NOMEM;
    list->n++;
    return 0;
}

static int load_one(const struct dataset *d, const struct labelled *who, struct moved_list *out,
                    struct err *e)
{
    struct loading l = { out, NULL, e };
    char *identity, *settings;
    int rc = store_identity(d->project->store, who->annotator->id, &identity, &settings, e);

    if (rc == 0 && identity) {
        l.annotator = arena_text(&out->arena, who->name, strlen(who->name), e);
        rc = l.annotator ? store_probes(d->project->store, identity, add, &l, e) : ERR_NOMEM;
    }
    free(identity);
    free(settings);
    return rc;
}

int moved_load(const struct dataset *d, struct moved_list *out, struct err *e)
{
    int rc = 0;

    *out = (struct moved_list){ 0 };
    for (size_t i = 0; rc == 0 && i < d->n; i++)
        rc = load_one(d, &d->items[i], out, e);
    if (rc < 0)
        moved_release(out);
    return rc;
}

void moved_release(struct moved_list *m)
{
    free(m->items);
    arena_release(&m->arena);
    *m = (struct moved_list){ 0 };
}
