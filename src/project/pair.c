/* SPDX-License-Identifier: MIT */
#include "project/pair.h"

#include <stdlib.h>
#include <string.h>

int annotator_unknown(const struct store_annotators *known, const char *name, struct err *e)
{
    const char **names = mem_new(known->n, sizeof(*names), e);
    struct buf list = BUF_INIT(1 << 16);
    const char *near;

    if (!names)
        return ERR_NOMEM;
    for (size_t i = 0; i < known->n; i++) {
        names[i] = known->items[i].name;
        buf_printf(&list, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    near = text_nearest(name, names, known->n);
    err_set(e, ERR_ARG, "no annotator here is called '%s'", name);
    if (strcmp(name, "consensus") == 0)
        err_hint(e, "assent consensus makes it");
    else if (near)
        err_hint(e, "did you mean '%s'?", near);
    if (known->n > 0)
        err_expected(e, "one of %s", list.text ? list.text : "");
    else
        err_hint(e, "nothing is imported yet: assent import FILE --annotator NAME");
    buf_release(&list);
    free(names);
    return e->code;
}

static const struct store_annotator *first_of(const struct store_annotators *known,
                                              bool (*fits)(const struct store_annotator *),
                                              const struct store_annotator *but)
{
    for (size_t i = 0; i < known->n; i++)
        if (&known->items[i] != but && !known->items[i].withdrawn && fits(&known->items[i]))
            return &known->items[i];
    return NULL;
}

static bool is_model(const struct store_annotator *a)
{
    return a->kind == ANNOTATOR_MODEL;
}

static bool is_bulk_human(const struct store_annotator *a)
{
    return a->kind == ANNOTATOR_HUMAN && a->votes == 0 && !a->reviews;
}

static bool is_voter(const struct store_annotator *a)
{
    return a->kind == ANNOTATOR_HUMAN && a->votes > 0;
}

static bool is_anybody(const struct store_annotator *a)
{
    return a->kind != ANNOTATOR_CONSENSUS && !(a->reviews && a->votes == 0);
}

static const char *reason(const struct pair *p)
{
    bool model = p->first && is_model(p->first);

    if (!p->second)
        return model ? "the only model" : p->first ? "the only annotator" : "nobody has labels yet";
    if (is_bulk_human(p->second) && (model || is_bulk_human(p->first)))
        return model ? "the first model and the first of the people whose labels came in bulk"
                     : "the first two of the people whose labels came in bulk";
    return model ? "the first model and the next annotator" : "the first two annotators";
}

struct pair pair_usual(const struct store_annotators *known)
{
    struct pair p = { .first = first_of(known, is_model, NULL) };

    if (!p.first)
        p.first = first_of(known, is_anybody, NULL);
    p.second = first_of(known, is_bulk_human, p.first);
    if (!p.second)
        p.second = first_of(known, is_anybody, p.first);
    p.why = reason(&p);
    p.second_settles = p.second && p.second->reviews;
    return p;
}

int pair_choose(struct pair *out, const struct store_annotators *known,
                const char *const between[2], struct err *e)
{
    if (!between[0]) {
        *out = pair_usual(known);
        return 0;
    }
    *out = (struct pair){ .first = store_annotators_find(known, between[0]), .why = "as asked" };
    if (!out->first)
        return annotator_unknown(known, between[0], e);
    if (between[1])
        out->second = store_annotators_find(known, between[1]);
    if (between[1] && !out->second)
        return annotator_unknown(known, between[1], e);
    return 0;
}

const struct store_annotator *pair_voter(const struct store_annotators *known)
{
    return first_of(known, is_voter, NULL);
}
