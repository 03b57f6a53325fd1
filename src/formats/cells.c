/* SPDX-License-Identifier: MIT
 *
 * What a label's text says, and its probabilities.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "formats/internal.h"

int labels_add_cell(struct labels *l, size_t column, int16_t value, struct err *e)
{
    int rc = mem_grow(&l->cells, &l->cells_cap, l->n_cells + 1, sizeof(*l->cells),
                      2 * TASK_COLUMNS_MAX, e);

    if (rc == 0)
        l->cells[l->n_cells++] = (struct label_cell){ column, value, NULL };
    return rc;
}

static int no_label(const struct labels *l, const struct target *t, const char *text, size_t len,
                    struct err *e)
{
    const struct column *c = &l->task->columns[t->column];
    const struct question *q = &l->task->questions[c->question];
    struct buf options = BUF_INIT(400);

    err_set(e, ERR_FORMAT, "not an answer to '%s'", labels_target_name(l, t));
    err_got(e, "'%.*s'", (int)(len < 100 ? len : 100), text);
    err_hint(e, "--map \"%.*s=..\" says what it means", (int)(len < 40 ? len : 0), text);
    if (!t->whole && c->yesno)
        return err_expected(e, "-1/1, 0/1, yes/no, true/false, empty or NaN, or an abstention "
                               "(unsure, ..)");
    for (size_t i = 0; i < q->n_options; i++)
        buf_printf(&options, "%s%s", i > 0 ? ", " : "", q->options[i]);
    err_expected(e, "%s%s%s", t->whole ? "any of " : "one of ", options.text ? options.text : "",
                 t->whole ? ", with ; between them" : "");
    buf_release(&options);
    return e->code;
}

/* The option that text[0..len) names, without the spaces before it; n_options where it is none. */
static size_t find_option(const struct question *q, const char *const *values, const char *text,
                          size_t len)
{
    char option[TASK_NAME_MAX + 1];
    size_t o = 0;

    text = labels_renamed(values, text, &len);
    snprintf(option, sizeof(option), "%.*s", (int)(len < sizeof(option) ? len : 0), text);
    while (o < q->n_options && !text_folds_to(option + strspn(option, " "), q->options[o]))
        o++;
    return o;
}

static int add_all(struct labels *l, const struct target *t, int16_t value, struct err *e)
{
    int rc = 0;

    for (size_t o = 0; rc == 0 && o < t->n; o++)
        rc = labels_add_cell(l, t->column + o, value, e);
    return rc;
}

/* An abstention's name or a word for "no value" in place of a list; "none" is a list without
 * options. */
static bool is_no_list(const struct column *c, const struct question *q, const char *text,
                       size_t len, int16_t *value)
{
    unsigned codings = 0;

    if (find_option(q, NULL, text, len) < q->n_options)
        return false;
    *value = VALUE_NO;
    if (len == 4 && strncasecmp(text, "none", len) == 0)
        return true;
    if (q->none && len == strlen(q->none) && strncasecmp(text, q->none, len) == 0)
        return true;
    return task_read_value(c, text, len, value, &codings) &&
           (codings == CODING_REASON || *value == VALUE_MISSING);
}

/* "red;blue": those options yes, the others no. */
static int add_list(struct labels *l, const struct target *t, const char *text, size_t len,
                    struct err *e)
{
    const struct column *c = &l->task->columns[t->column];
    const struct question *q = &l->task->questions[c->question];
    size_t first = l->n_cells, end;
    int16_t value;
    int rc;

    if (is_no_list(c, q, text, len, &value)) {
        if (value == VALUE_MISSING)
            return 0;
        l->found.codings |= value < 0 ? CODING_REASON : CODING_OPTION;
        return add_all(l, t, value, e);
    }
    rc = add_all(l, t, VALUE_NO, e);
    for (size_t at = 0; rc == 0 && at < len; at = end + 1) {
        size_t o;

        for (end = at; end < len && text[end] != ';' && text[end] != '|';)
            end++;
        o = find_option(q, l->names ? l->names->values : NULL, text + at, end - at);
        if (o == q->n_options)
            return no_label(l, t, text, len, e);
        l->cells[first + o].value = VALUE_YES;
    }
    l->found.codings |= CODING_OPTION;
    return rc;
}

int labels_add_text(struct labels *l, const struct target *t, const char *text, size_t len,
                    struct err *e)
{
    int16_t value;

    text = labels_renamed(l->names ? l->names->values : NULL, text, &len);
    if (!t->found || len == 0)
        return 0;
    if (t->whole)
        return add_list(l, t, text, len, e);
    if (!task_read_value(&l->task->columns[t->column], text, len, &value, &l->found.codings))
        return no_label(l, t, text, len, e);
    return value == VALUE_MISSING ? 0 : labels_add_cell(l, t->column, value, e);
}

/* ---- probabilities ---- */

/* Where those of a cell go. */
static float *probabilities_of(struct labels *l, size_t cell, struct err *e)
{
    if (!l->probabilities)
        l->probabilities = mem_new(l->task->n_probabilities, sizeof(*l->probabilities), e);
    if (!l->probabilities)
        return NULL;
    return l->probabilities + l->task->columns[l->cells[cell].column].probability;
}

static int no_probability(const struct column *c, const struct json_t *got, struct err *e)
{
    double x;

    err_set(e, ERR_FORMAT, "not the probabilities of '%s'", c->name);
    if (jv_number(got, &x))
        err_got(e, "%g", x);
    else
        err_got(e, "%s", jv_type_name(got));
    return err_expected(e, "0 to 1 for %s", c->yesno ? "yes and no" : "each option");
}

int labels_add_probabilities(struct labels *l, size_t cell, const struct json_t *options,
                             struct err *e)
{
    const struct column *c = &l->task->columns[l->cells[cell].column];
    float *to = probabilities_of(l, cell, e);

    if (!to)
        return ERR_NOMEM;
    for (size_t v = 0; v < c->n_values; v++) {
        const struct json_t *p = jv_get(options, c->labels[v]);
        double x;

        if (!jv_number(p, &x) || !(x >= 0 && x <= 1))
            return no_probability(c, jv_is_object(options) ? p : options, e);
        if (!c->yesno)
            to[v] = (float)x;
        else if (v == VALUE_YES)
            to[0] = (float)x;
    }
    l->cells[cell].probabilities = to;
    return 0;
}

int labels_add_yes(struct labels *l, size_t cell, double yes, struct err *e)
{
    const struct column *c = &l->task->columns[l->cells[cell].column];
    float *to = probabilities_of(l, cell, e);

    if (!to)
        return ERR_NOMEM;
    if (!(yes >= 0 && yes <= 1)) {
        err_set(e, ERR_FORMAT, "not the probability of '%s'", c->name);
        err_got(e, "%g", yes);
        return err_expected(e, "0 to 1");
    }
    *to = (float)yes;
    l->cells[cell].probabilities = to;
    return 0;
}
