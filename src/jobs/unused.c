/* SPDX-License-Identifier: MIT */
#include "jobs/unused.h"

#include <stdlib.h>
#include <string.h>

#include "store/labels.h"
#include "store/runs.h"

static int add(struct unused *u, const struct unused_name *name, struct err *e)
{
    int rc = mem_grow(&u->items, &u->cap, u->n + 1, sizeof(*u->items), UINT32_MAX, e);

    if (rc < 0)
        return rc;
    u->items[u->n] = *name;
    u->items[u->n].name = arena_text(&u->arena, name->name, strlen(name->name), e);
    return u->items[u->n++].name ? 0 : ERR_NOMEM;
}

/* The candidate nearest in spelling; or the only one, of the only name that is lost. */
static const char *nearest(const char *name, size_t n_lost, const char *const *candidates, size_t n)
{
    const char *near = text_nearest(name, candidates, n);

    return near ? near : n == 1 && n_lost == 1 ? candidates[0] : NULL;
}

/* ---- questions ---- */

/* Is it asked in the words that were stored? */
static bool has_wording(const struct question *q, const char *stored)
{
    struct json_t *list;
    struct err ignored;
    bool same;

    if (jv_parse(&list, stored, strlen(stored), &ignored) < 0)
        return false;
    same = jv_length(list) == q->n_wordings;
    for (size_t i = 0; same && i < q->n_wordings; i++)
        same = text_equal(jv_text(jv_at(list, i)), q->wordings[i]);
    jv_free(list);
    return same;
}

/* Of the questions that nobody has answered: that of the same words, else the nearest. */
static const char *likely_question(const struct task *t, const struct store_unused_list *list,
                                   const struct store_unused *lost, const char **candidates)
{
    size_t n = 0;

    for (size_t i = 0; i < t->n_questions; i++) {
        if (list->known[i] || t->questions[i].n_was > 0)
            continue;
        if (has_wording(&t->questions[i], lost->wording))
            return t->questions[i].name;
        candidates[n++] = t->questions[i].name;
    }
    return nearest(lost->name, list->n, candidates, n);
}

/* Does assent.yaml know the name, but ask that question so that these are no answers to it? */
static bool is_asked(const struct task *t, const struct store_unused *lost)
{
    bool asked = lost->asked;

    for (size_t i = 0; i < t->n_questions; i++)
        for (size_t w = 0; w < t->questions[i].n_was; w++)
            asked |= strcmp(t->questions[i].was[w], lost->name) == 0;
    return asked;
}

static int find_questions(const struct project *p, struct unused *out, struct err *e)
{
    const char **candidates = mem_new(p->task->n_questions, sizeof(*candidates), e);
    struct store_unused_list list = { 0 };
    int rc = candidates ? store_unused_load(p->store, p->task, &list, e) : ERR_NOMEM;

    for (size_t i = 0; rc == 0 && i < list.n; i++) {
        const struct store_unused *lost = &list.items[i];
        bool asked = is_asked(p->task, lost);

        rc = add(out,
                 &(struct unused_name){
                     .kind = asked ? "option" : "question",
                     .name = lost->name,
                     .likely = asked ? NULL : likely_question(p->task, &list, lost, candidates),
                     .answers = lost->answers },
                 e);
    }
    store_unused_release(&list);
    free(candidates);
    return rc;
}

/* ---- annotators ---- */

/* Models of assent.yaml that have answered nothing. */
static size_t list_new_models(const struct task *t, const struct store_annotators *known,
                              const char **names)
{
    size_t n = 0;

    for (size_t i = 0; i < t->n_annotators; i++)
        if (t->annotators[i].kind == ANNOTATOR_MODEL &&
            !store_annotators_find(known, t->annotators[i].name))
            names[n++] = t->annotators[i].name;
    return n;
}

/* One that the engine ran for is in assent.yaml, or was: others may come in files without. */
static int find_annotators(const struct project *p, struct unused *out, struct err *e)
{
    const char **names = mem_new(p->task->n_annotators, sizeof(*names), e);
    struct store_annotators known = { 0 };
    int rc = names ? store_annotators_load(p->store, &known, e) : ERR_NOMEM;
    size_t n = rc == 0 ? list_new_models(p->task, &known, names) : 0, n_lost = 0;

    for (size_t i = 0; rc == 0 && i < known.n; i++)
        n_lost += known.items[i].engine && !task_find_annotator(p->task, known.items[i].name);

    for (size_t i = 0; rc == 0 && n > 0 && i < known.n; i++)
        if (known.items[i].engine && !task_find_annotator(p->task, known.items[i].name))
            rc = add(
                out,
                &(struct unused_name){ .kind = "annotator",
                                       .name = known.items[i].name,
                                       .likely = nearest(known.items[i].name, n_lost, names, n) },
                e);
    store_annotators_release(&known);
    free(names);
    return rc;
}

/* ---- all together ---- */

int unused_find(const struct project *p, struct unused *out, struct err *e)
{
    int rc;

    *out = (struct unused){ 0 };
    rc = find_questions(p, out, e);
    if (rc == 0)
        rc = find_annotators(p, out, e);
    if (rc < 0)
        unused_release(out);
    return rc;
}

void unused_release(struct unused *u)
{
    free(u->items);
    arena_release(&u->arena);
    *u = (struct unused){ 0 };
}

void unused_say(const struct unused_name *name, struct buf *out)
{
    char n[TEXT_COUNT_MAX];

    if (strcmp(name->kind, "annotator") == 0)
        buf_printf(out, "%s answered here, and assent.yaml does not have it.", name->name);
    else if (strcmp(name->kind, "option") == 0)
        buf_printf(out, "%s to '%s' lie unused: assent.yaml asks that question otherwise.",
                   text_count(name->answers, "answer", n), name->name);
    else
        buf_printf(out, "%s to '%s' lie unused: assent.yaml has no such question.",
                   text_count(name->answers, "answer", n), name->name);
    if (name->likely && strcmp(name->kind, "annotator") == 0)
        buf_printf(out,
                   " If '%s' is the same model under another name, `was: %s` there goes on with "
                   "its answers.",
                   name->likely, name->name);
    else if (name->likely)
        buf_printf(out, " If '%s' is its new name, `was: %s` there keeps its answers.",
                   name->likely, name->name);
}

int unused_warn(const struct project *p, const struct events *ev, struct err *e)
{
    struct buf text = BUF_INIT(4096);
    struct unused u;
    int rc = unused_find(p, &u, e);

    for (size_t i = 0; rc == 0 && i < u.n && i < UNUSED_NAMED; i++) {
        buf_clear(&text);
        unused_say(&u.items[i], &text);
        events_say(ev, EVENT_WARNING, "%s", text.text ? text.text : u.items[i].name);
    }
    if (rc == 0 && u.n > UNUSED_NAMED)
        events_say(ev, EVENT_WARNING, "and %zu names more: assent status --json has all",
                   u.n - UNUSED_NAMED);
    buf_release(&text);
    if (rc == 0)
        unused_release(&u);
    return rc;
}
