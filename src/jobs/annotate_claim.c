/* SPDX-License-Identifier: MIT
 *
 * annotate_claim.c - several processes share the pictures: each claims a few before it answers
 * them.
 */
#include <stdlib.h>

#include "jobs/annotating.h"

enum { CLAIMS_MAX = 64, CLAIMANTS_MAX = 10000 };
#define CLAIM_WORK 2.0 /* seconds of work that are claimed ahead */

size_t annotating_image(const struct annotating *a, size_t tag)
{
    return a->todo.catalogue.image_of[a->claimed[tag].picture];
}

int64_t annotating_id(const struct annotating *a, size_t tag)
{
    return a->todo.catalogue.images->ids[annotating_image(a, tag)];
}

const char *annotating_key(const struct annotating *a, size_t tag)
{
    return image_source_key(a->todo.catalogue.source, a->claimed[tag].picture);
}

static double seconds_per_image(const struct annotating *a)
{
    uint64_t done = a->out->images + a->out->errors + a->n_answered;

    return done > 0 ? (clock_seconds() - a->begun) / (double)done : 0;
}

static size_t claims_at_once(const struct annotating *a)
{
    double each = seconds_per_image(a), n = each > 0 ? CLAIM_WORK / each : CLAIMS_MIN;

    return n < CLAIMS_MIN ? CLAIMS_MIN : n > CLAIMS_MAX ? CLAIMS_MAX : (size_t)n;
}

/* Has the picture read; wanted becomes the claim's. */
static int ask_for(struct annotating *a, size_t picture, uint8_t *wanted, struct err *e)
{
    int rc = mem_grow(&a->claimed, &a->claimed_cap, a->n_claimed + 1, sizeof(*a->claimed),
                      UINT32_MAX, e);

    if (rc < 0) {
        free(wanted);
        return rc;
    }
    a->claimed[a->n_claimed] = (struct claimed){ picture, wanted };
    return prefetch_push(a->prefetch, picture, a->n_claimed++, e);
}

/* CLAIM_TAKEN: and asked for. */
static int claim(struct annotating *a, size_t picture, struct err *e)
{
    const struct catalogue *c = &a->todo.catalogue;
    const struct task *t = a->todo.asking.task;
    uint8_t *wanted = mem_new(t->n_columns, 1, e);
    int rc = ERR_NOMEM;

    if (wanted)
        rc = store_claim(a->store, &a->todo.asking, c->images->ids[c->image_of[picture]],
                         CLAIM_SECONDS, wanted, e);
    if (rc != CLAIM_TAKEN) {
        free(wanted);
        return rc;
    }
    for (size_t i = 0; i < t->n_columns; i++)
        wanted[i] = wanted[i] == CELL_OPEN;
    rc = ask_for(a, picture, wanted, e);
    return rc < 0 ? rc : CLAIM_TAKEN;
}

static int claim_some(struct annotating *a, struct err *e)
{
    size_t n = claims_at_once(a), got = 0;

    while (got < n && a->next < a->todo.n) {
        size_t picture = a->todo.pictures[a->next++];
        int rc = claim(a, picture, e);

        if (rc < 0)
            return rc;
        if (rc == CLAIM_ELSEWHERE)
            a->others[a->n_others++] = picture;
        got += rc == CLAIM_TAKEN;
        a->n_elsewhere += rc == CLAIM_ANSWERED;
    }
    return 0;
}

int annotating_claim(struct annotating *a, struct err *e)
{
    int rc = store_begin(a->store, e);

    return rc < 0 ? rc : store_end(a->store, claim_some(a, e), e);
}

int annotating_give_back(struct annotating *a, struct err *e)
{
    int rc = store_begin(a->store, e);

    for (size_t tag = 0; rc == 0 && tag < a->n_claimed; tag++)
        if (a->claimed[tag].wanted)
            rc = store_unclaim(a->store, a->todo.asking.annotator, annotating_id(a, tag), e);
    return store_end(a->store, rc, e);
}

static int note_claimant(void *data, const struct store_claimant *c)
{
    struct annotating *a = data;
    struct annotate_result *out = a->out;
    struct annotate_claimant *it;
    struct err e;

    if (mem_grow(&out->claimants, &out->claimants_cap, out->n_claimants + 1,
                 sizeof(*out->claimants), CLAIMANTS_MAX, &e) < 0)
        return e.code == ERR_LIMIT ? 0 : e.code;
    it = &out->claimants[out->n_claimants];
    if (asprintf(&it->worker, "%s, process %lld", c->host, (long long)c->process) < 0)
        return ERR_NOMEM;
    it->images = c->images;
    it->seconds = c->seconds;
    out->n_claimants++;
    return 0;
}

int annotating_claimants(struct annotating *a, struct err *e)
{
    int rc;

    a->out->claimed_by_others = a->n_others;
    if (a->n_others == 0)
        return 0;
    *e = (struct err){ 0 };
    rc = store_claimants(a->store, a->todo.asking.annotator, CLAIM_SECONDS, note_claimant, a, e);
    return rc < 0 && e->code == 0 ? err_set(e, rc, "out of memory: who is at work") : rc;
}
