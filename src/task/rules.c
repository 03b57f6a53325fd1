/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "task/load.h"

static int unknown_column(const struct loader *l, int node, const char *name, struct err *e)
{
    const char **names = mem_new(l->task->n_columns, sizeof(*names), e);

    if (!names)
        return ERR_NOMEM;
    for (size_t i = 0; i < l->task->n_columns; i++)
        names[i] = l->task->columns[i].name;
    load_unknown_name(l, node, "question", name, names, l->task->n_columns, e);
    free(names);
    return e->code;
}

static int find_option(const struct loader *l, int node, const char *option, struct condition *c,
                       struct err *e)
{
    const struct column *column = &l->task->columns[c->column];

    c->value = VALUE_YES;
    if (!option && column->yesno)
        return 0;
    if (!option) {
        err_set(e, ERR_FORMAT, "'%s' is no yes/no question: say which option", column->name);
        err_expected(e, "'%s = %s', say", column->name, column->labels[0]);
        return doc_at(l->doc, node, e);
    }
    for (size_t i = 0; i < column->n_values; i++) {
        c->value = (int16_t)i;
        if (text_folds_to(option, column->labels[i]))
            return 0;
    }
    return load_unknown_name(l, node, "option of this question", option, column->labels,
                             column->n_values, e);
}

/* "Goatee", "not Goatee", "Hair = black". */
static int read_condition(const struct loader *l, int node, struct condition *c, struct err *e)
{
    const char *text = doc_text(l->doc, node);
    char *copy, *option;
    size_t end;
    int rc;

    if (!text)
        return load_wrong_type(l, node, DOC_TEXT, e);
    c->negated = strncmp(text, "not ", 4) == 0;
    copy = strdup(text + (c->negated ? 4 : 0));
    if (!copy)
        return err_set(e, ERR_NOMEM, "out of memory");
    option = strchr(copy, '=');
    if (option) {
        *option++ = '\0';
        option += strspn(option, " ");
    }
    for (end = strlen(copy); end > 0 && copy[end - 1] == ' '; end--)
        copy[end - 1] = '\0';
    if (task_find_column(l->task, copy + strspn(copy, " "), &c->column))
        rc = find_option(l, node, option, c, e);
    else
        rc = unknown_column(l, node, copy, e);
    free(copy);
    return rc;
}

struct raw_rule {
    int at_most_one, when, then; /* nodes */
};

static const struct key rule_keys[] = {
    { "at_most_one", load_node, offsetof(struct raw_rule, at_most_one), false },
    { "if", load_node, offsetof(struct raw_rule, when), false },
    { "then", load_node, offsetof(struct raw_rule, then), false },
};

/* terms[i], which must differ from those before it. */
static int read_term(const struct loader *l, int node, struct condition *terms, size_t i,
                     struct err *e)
{
    int rc = read_condition(l, node, &terms[i], e);

    for (size_t j = 0; rc == 0 && j < i; j++) {
        if (terms[j].column != terms[i].column || terms[j].value != terms[i].value ||
            terms[j].negated != terms[i].negated)
            continue;
        rc = err_set(e, ERR_FORMAT, "the condition '%s' stands here twice", doc_text(l->doc, node));
        doc_at(l->doc, node, e);
    }
    return rc;
}

/* One condition, or a list of them. */
static int read_terms(const struct loader *l, int node, struct rule *r, struct err *e)
{
    bool list = doc_type(l->doc, node) == DOC_LIST;
    size_t n = list ? doc_count(l->doc, node) : 1, least = r->kind == RULE_AT_MOST_ONE ? 2 : 1;
    struct condition *terms = arena_new(l->arena, n, sizeof(*terms), e);
    int rc = terms ? 0 : ERR_NOMEM;

    if (rc == 0 && (n < least || n > TASK_OPTIONS_MAX)) {
        err_set(e, ERR_FORMAT, "%s needs more or fewer conditions",
                least > 1 ? "at_most_one" : "then");
        err_got(e, "%zu", n);
        err_expected(e, "%zu to %d", least, TASK_OPTIONS_MAX);
        rc = doc_at(l->doc, node, e);
    }
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = read_term(l, list ? doc_item(l->doc, node, i) : node, terms, i, e);
    r->terms = terms;
    r->n_terms = n;
    return rc;
}

static void say_condition(const struct loader *l, const struct condition *c, struct buf *b)
{
    const struct column *column = &l->task->columns[c->column];

    buf_printf(b, "%s%s", c->negated ? "not " : "", column->name);
    if (!column->yesno || c->value != VALUE_YES)
        buf_printf(b, " = %s", column->labels[c->value]);
}

static int say_rule(const struct loader *l, struct rule *r, struct err *e)
{
    struct buf b = BUF_INIT(1 << 20);

    buf_puts(&b, r->kind == RULE_AT_MOST_ONE ? "at most one of " : "if ");
    if (r->kind == RULE_IMPLIES) {
        say_condition(l, &r->when, &b);
        buf_puts(&b, " then ");
    }
    for (size_t i = 0; i < r->n_terms; i++) {
        buf_puts(&b, i == 0 ? "" : ", ");
        say_condition(l, &r->terms[i], &b);
    }
    if (buf_end(&b, "a rule", e) == 0)
        r->text = arena_text(l->arena, b.text, b.len, e);
    buf_release(&b);
    return r->text ? 0 : e->code;
}

static int read_rule(const struct loader *l, int node, struct rule *r, struct err *e)
{
    struct raw_rule raw = { 0 };
    int rc = LOAD_MAPPING(l, node, rule_keys, &raw, e);
    bool implies = raw.when && raw.then && !raw.at_most_one;

    if (rc < 0)
        return rc;
    if (!implies && (!raw.at_most_one || raw.when || raw.then)) {
        err_set(e, ERR_FORMAT, "this is no rule");
        err_expected(e, "{at_most_one: [A, B]} or {if: A, then: not B}");
        return doc_at(l->doc, node, e);
    }
    r->line = doc_line(l->doc, node);
    r->kind = implies ? RULE_IMPLIES : RULE_AT_MOST_ONE;
    if (implies)
        rc = read_condition(l, raw.when, &r->when, e);
    if (rc == 0)
        rc = read_terms(l, implies ? raw.then : raw.at_most_one, r, e);
    return rc < 0 ? rc : say_rule(l, r, e);
}

int load_rules(const struct loader *l, int node, struct err *e)
{
    size_t n = doc_type(l->doc, node) == DOC_LIST ? doc_count(l->doc, node) : 0;
    struct rule *rules = arena_new(l->arena, n, sizeof(*rules), e);
    int rc = rules ? 0 : ERR_NOMEM;

    if (rc == 0 && doc_type(l->doc, node) != DOC_LIST)
        rc = load_wrong_type(l, node, DOC_LIST, e);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = read_rule(l, doc_item(l->doc, node, i), &rules[i], e);
    l->task->rules = rules;
    l->task->n_rules = n;
    return rc;
}
