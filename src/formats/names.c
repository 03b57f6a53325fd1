/* SPDX-License-Identifier: MIT
 *
 * Names of questions: the task's, and how a file's are matched with them.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/internal.h"

enum { NAMES_MAX = 100000 };

/* ---- what the task asks ---- */

/* The task's names, as they are and folded: a column's, and a multi question's for its whole list.
 */
static int add_task_name(struct labels *l, const char *name, const struct target *t, struct err *e)
{
    char folded[2 * TASK_NAME_MAX + 8];
    size_t index = l->n_targets, found;
    int rc = mem_grow(&l->targets, &l->targets_cap, index + 1, sizeof(*l->targets), NAMES_MAX, e);

    if (rc < 0)
        return rc;
    l->targets[index] = *t;
    l->n_targets++;
    rc = map_add(l->exact, name, strlen(name), index, &found, e);
    if (rc >= 0 && text_fold(name, folded, sizeof(folded)))
        rc = map_add(l->folded, folded, strlen(folded), index, &found, e);
    return rc < 0 ? rc : 0;
}

/* A question's columns by a name that it has or had; a multi question's as a whole too. */
static int add_question_names(struct labels *l, const struct question *q, const char *name,
                              struct err *e)
{
    struct buf column = BUF_INIT(2 * TASK_NAME_MAX + 8);
    bool multi = q->kind == KIND_MULTI;
    int rc = add_task_name(
        l, name, &(struct target){ true, multi, q->first_column, q->n_columns, false }, e);

    for (size_t o = 0; rc == 0 && multi && o < q->n_options; o++) {
        buf_clear(&column);
        buf_printf(&column, "%s:%s", name, q->options[o]);
        rc = buf_end(&column, "a name", e);
        if (rc == 0)
            rc = add_task_name(l, column.text,
                               &(struct target){ true, false, q->first_column + o, 1, false }, e);
    }
    buf_release(&column);
    return rc;
}

int labels_add_task_names(struct labels *l, struct err *e)
{
    const struct task *t = l->task;
    int rc = map_new(&l->exact, e);

    if (rc == 0)
        rc = map_new(&l->folded, e);
    if (rc == 0)
        rc = map_new(&l->seen, e);
    for (size_t i = 0; rc == 0 && i < t->n_questions; i++)
        rc = add_question_names(l, &t->questions[i], t->questions[i].name, e);
    for (size_t i = 0; rc == 0 && i < t->n_questions; i++)
        for (size_t w = 0; rc == 0 && w < t->questions[i].n_was; w++)
            rc = add_question_names(l, &t->questions[i], t->questions[i].was[w], e);
    if (rc == 0)
        rc = add_task_name(l, "", &(struct target){ 0 }, e); /* the last: what no name matches */
    return rc;
}

/* ---- what the file says ---- */

static int keep_name(struct labels *l, const char ***list, size_t *cap, size_t n, const char *name,
                     size_t len, struct err *e)
{
    char *copy;
    int rc = mem_grow(list, cap, n + 1, sizeof(**list), 2 * NAMES_MAX, e);

    if (rc < 0)
        return rc;
    copy = arena_text(&l->arena, name, len, e);
    if (!copy)
        return ERR_NOMEM;
    text_printable(copy); /* it is for people to read */
    (*list)[n] = copy;
    return 0;
}

const char *labels_target_name(const struct labels *l, const struct target *t)
{
    const struct column *c = &l->task->columns[t->column];

    return t->whole ? l->task->questions[c->question].name : c->name;
}

static void count_match(struct labels *l, struct target *t)
{
    if (!t->counted) {
        l->found.n_names++;
        l->found.n_matched++;
    }
    t->counted = true;
}

static int keep_folded(struct labels *l, const char *name, size_t len, const struct target *t,
                       struct err *e)
{
    size_t at = 2 * l->found.n_folded;
    const char *known = labels_target_name(l, t);
    int rc = keep_name(l, &l->folded_pairs, &l->folded_cap, at, name, len, e);

    if (rc == 0)
        rc = keep_name(l, &l->folded_pairs, &l->folded_cap, at + 1, known, strlen(known), e);
    if (rc < 0)
        return rc;
    l->found.folded = l->folded_pairs;
    l->found.n_folded++;
    return 0;
}

const char *labels_renamed(const char *const *pairs, const char *text, size_t *len)
{
    for (; pairs && *pairs; pairs++) {
        const char *equals = strrchr(*pairs, '=');

        if ((size_t)(equals - *pairs) == *len && memcmp(*pairs, text, *len) == 0) {
            *len = strlen(equals + 1);
            return equals + 1;
        }
    }
    return text;
}

static bool find_question(const struct labels *l, const char *name, size_t len, size_t *index)
{
    char text[2 * TASK_NAME_MAX + 8], folded[sizeof(text)];

    if (len == 0 || map_get(l->exact, name, len, index))
        return len > 0;
    if (len >= sizeof(text))
        return false;
    memcpy(text, name, len);
    text[len] = '\0';
    return text_fold(text, folded, sizeof(folded)) &&
           map_get(l->folded, folded, strlen(folded), index);
}

bool labels_is_question(const struct labels *l, const char *name)
{
    size_t index, len = strlen(name);

    name = labels_renamed(l->names ? l->names->questions : NULL, name, &len);
    return find_question(l, name, len, &index);
}

/* Folds and counts a name that was not seen before; *index is its target's. */
static int match_new(struct labels *l, const char *name, size_t len, size_t *index, struct err *e)
{
    size_t len_new = len;
    const char *name_new = labels_renamed(l->names ? l->names->questions : NULL, name, &len_new);
    int rc;

    if (find_question(l, name_new, len_new, index)) {
        const char *known = labels_target_name(l, &l->targets[*index]);

        count_match(l, &l->targets[*index]);
        return strlen(known) == len && memcmp(known, name, len) == 0
                   ? 0
                   : keep_folded(l, name, len, &l->targets[*index], e);
    }
    *index = l->n_targets - 1;
    rc = keep_name(l, &l->unmatched, &l->unmatched_cap, l->found.n_unmatched, name, len, e);
    if (rc < 0)
        return rc;
    l->found.unmatched = l->unmatched;
    l->found.n_unmatched++;
    l->found.n_names++;
    return 0;
}

int labels_match(struct labels *l, const char *name, size_t len, const struct target **out,
                 struct err *e)
{
    size_t index, found;
    int rc = 0;

    if (!map_get(l->seen, name, len, &index)) {
        if (map_count(l->seen) >= NAMES_MAX)
            return err_set(e, ERR_LIMIT, "more than %d names of questions", NAMES_MAX);
        rc = match_new(l, name, len, &index, e);
        if (rc == 0)
            rc = map_add(l->seen, name, len, index, &found, e);
    }
    *out = rc < 0 ? NULL : &l->targets[index];
    return rc < 0 ? rc : 0;
}
