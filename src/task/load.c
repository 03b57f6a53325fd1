/* SPDX-License-Identifier: MIT
 *
 * Each mapping of the file is read by a table of its keys. Questions come first, then the columns
 * that follow from them, then the rules, which name columns.
 */
#include <stdlib.h>
#include <string.h>

#include "task/doc.h"
#include "task/task.h"

/* A task and what only loading and freeing need. The task is first: task_free casts back. */
struct loaded {
    struct task task;
    struct arena arena;
};

struct loader {
    const struct doc *doc;
    struct arena *arena;
    struct task *task;
};

/* One key of a mapping: `read` stores the node's content at `into` + offset. */
struct key {
    const char *name;
    int (*read)(const struct loader *l, int node, void *into, struct err *e);
    size_t offset;
    bool required;
};

enum { KEYS_MAX = 16 };

static int wrong_type(const struct loader *l, int node, enum doc_type expected, struct err *e)
{
    err_set(e, ERR_FORMAT, "this should be %s", doc_type_name(expected));
    err_got(e, "%s", doc_type_name(doc_type(l->doc, node)));
    return doc_at(l->doc, node, e);
}

/* The node is no text, or one that holds a NUL byte. */
static int no_text(const struct loader *l, int node, struct err *e)
{
    if (doc_type(l->doc, node) != DOC_TEXT)
        return wrong_type(l, node, DOC_TEXT, e);
    err_set(e, ERR_FORMAT, "this text holds a NUL byte");
    return doc_at(l->doc, node, e);
}

static int unknown_name(const struct loader *l, int node, const char *what, const char *name,
                        const char *const known[], size_t n, struct err *e)
{
    const char *near = text_nearest(name, known, n);

    err_set(e, ERR_FORMAT, "no %s is called '%s'", what, name);
    if (near)
        err_hint(e, "did you mean '%s'?", near);
    return doc_at(l->doc, node, e);
}

static int unknown_key(const struct loader *l, int node, const char *name, const struct key *keys,
                       size_t n, struct err *e)
{
    const char *names[KEYS_MAX];
    struct buf known = BUF_INIT(512);

    for (size_t k = 0; k < n; k++) {
        names[k] = keys[k].name;
        buf_printf(&known, "%s%s", k > 0 ? ", " : "", keys[k].name);
    }
    unknown_name(l, node, "key here", name, names, n, e);
    err_expected(e, "one of %s", known.text ? known.text : "");
    buf_release(&known);
    return e->code;
}

static int missing_key(const struct loader *l, int node, const char *name, struct err *e)
{
    err_set(e, ERR_FORMAT, "the key '%s' is missing here", name);
    return doc_at(l->doc, node, e);
}

static int read_mapping(const struct loader *l, int node, const struct key *keys, size_t n,
                        void *into, struct err *e)
{
    bool seen[KEYS_MAX] = { false };

    if (doc_type(l->doc, node) != DOC_MAPPING)
        return wrong_type(l, node, DOC_MAPPING, e);
    for (size_t i = 0; i < doc_count(l->doc, node); i++) {
        int key_node = doc_key(l->doc, node, i);
        const char *name = doc_text(l->doc, key_node);
        size_t k = 0;
        int rc;

        if (!name)
            return wrong_type(l, key_node, DOC_TEXT, e);
        while (k < n && strcmp(keys[k].name, name) != 0)
            k++;
        if (k == n)
            return unknown_key(l, key_node, name, keys, n, e);
        if (seen[k]) {
            err_set(e, ERR_FORMAT, "the key '%s' stands here twice", name);
            return doc_at(l->doc, key_node, e);
        }
        seen[k] = true;
        rc = keys[k].read(l, doc_value(l->doc, node, i), (char *)into + keys[k].offset, e);
        if (rc < 0)
            return rc;
    }
    for (size_t k = 0; k < n; k++)
        if (keys[k].required && !seen[k])
            return missing_key(l, node, keys[k].name, e);
    return 0;
}

#define READ_MAPPING(l, node, keys, into, e) \
    read_mapping(l, node, keys, sizeof(keys) / sizeof((keys)[0]), into, e)

/* ---- scalars and lists ---- */

static int read_text(const struct loader *l, int node, void *into, struct err *e)
{
    const char *text = doc_text(l->doc, node);

    if (!text)
        return no_text(l, node, e);
    if (*text == '\0') {
        err_set(e, ERR_FORMAT, "this text is empty");
        return doc_at(l->doc, node, e);
    }
    text = arena_text(l->arena, text, strlen(text), e);
    *(const char **)into = text;
    return text ? 0 : ERR_NOMEM;
}

/* Names stand in files, tables and on the command line: '/' parts image from question in long
 * files, ':' a multi question from its option. */
static int read_name(const struct loader *l, int node, void *into, struct err *e)
{
    int rc = read_text(l, node, into, e);
    const char *name = *(const char **)into;

    if (rc < 0)
        return rc;
    if (strlen(name) > TASK_NAME_MAX || strpbrk(name, "/:=\n\r\t") ||
        strncmp(name, "not ", 4) == 0 || name[0] == ' ' || name[strlen(name) - 1] == ' ') {
        err_set(e, ERR_FORMAT, "not usable as a name: '%s'", name);
        err_expected(e, "at most %d bytes, without / : = or line ends, no space around",
                     TASK_NAME_MAX);
        return doc_at(l->doc, node, e);
    }
    return 0;
}

static int read_real(const struct loader *l, int node, void *into, struct err *e)
{
    const char *text = doc_text(l->doc, node);

    if (text && text_double(text, into) && *(double *)into >= 0)
        return 0;
    err_set(e, ERR_FORMAT, "this should be a number, zero or more");
    err_got(e, "%s", text ? text : doc_type_name(doc_type(l->doc, node)));
    return doc_at(l->doc, node, e);
}

static int read_share(const struct loader *l, int node, void *into, struct err *e)
{
    int rc = read_real(l, node, into, e);

    if (rc == 0 && *(double *)into > 1) {
        err_set(e, ERR_FORMAT, "this should be a share, from 0 to 1");
        err_got(e, "%s", doc_text(l->doc, node));
        return doc_at(l->doc, node, e);
    }
    return rc;
}

static int read_count(const struct loader *l, int node, void *into, struct err *e)
{
    const char *text = doc_text(l->doc, node);

    if (text && text_u64(text, UINT32_MAX, into))
        return 0;
    err_set(e, ERR_FORMAT, "this should be a whole number");
    err_got(e, "%s", text ? text : doc_type_name(doc_type(l->doc, node)));
    return doc_at(l->doc, node, e);
}

struct texts {
    const char **items;
    size_t n;
};

static int read_items(const struct loader *l, int node, struct texts *out, struct err *e)
{
    struct map *seen = NULL;
    size_t found;
    int rc = map_new(&seen, e);

    for (size_t i = 0; rc == 0 && i < out->n; i++) {
        rc = read_text(l, doc_item(l->doc, node, i), &out->items[i], e);
        if (rc == 0)
            rc = map_add(seen, out->items[i], strlen(out->items[i]), i, &found, e);
        if (rc == 0) {
            rc = err_set(e, ERR_FORMAT, "'%s' stands here twice", out->items[i]);
            doc_at(l->doc, doc_item(l->doc, node, i), e);
        }
        rc = rc == 1 ? 0 : rc;
    }
    map_free(seen);
    return rc;
}

/* A list of texts, none twice. */
static int read_texts(const struct loader *l, int node, size_t max, struct texts *out,
                      struct err *e)
{
    size_t n = doc_type(l->doc, node) == DOC_LIST ? doc_count(l->doc, node) : 0;

    if (doc_type(l->doc, node) != DOC_LIST)
        return wrong_type(l, node, DOC_LIST, e);
    if (n > max) {
        err_set(e, ERR_LIMIT, "the list is too long");
        err_got(e, "%zu", n);
        err_expected(e, "at most %zu", max);
        return doc_at(l->doc, node, e);
    }
    out->n = n;
    out->items = arena_new(l->arena, n, sizeof(*out->items), e);
    if (!out->items)
        return ERR_NOMEM;
    return read_items(l, node, out, e);
}

static int read_options(const struct loader *l, int node, void *into, struct err *e)
{
    return read_texts(l, node, TASK_OPTIONS_MAX, into, e);
}

/* One wording, or a list of them. */
static int read_wordings(const struct loader *l, int node, void *into, struct err *e)
{
    struct texts *wordings = into;

    if (doc_type(l->doc, node) == DOC_LIST) {
        int rc = read_texts(l, node, TASK_OPTIONS_MAX, wordings, e);

        if (rc == 0 && wordings->n == 0) {
            err_set(e, ERR_FORMAT, "a question needs at least one wording");
            return doc_at(l->doc, node, e);
        }
        return rc;
    }
    wordings->n = 1;
    wordings->items = arena_new(l->arena, 1, sizeof(*wordings->items), e);
    return wordings->items ? read_text(l, node, &wordings->items[0], e) : ERR_NOMEM;
}

/* ---- questions and columns ---- */

struct raw_question {
    const char *name, *kind, *group, *help;
    struct texts options, wordings;
};

static const struct key question_keys[] = {
    { "name", read_name, offsetof(struct raw_question, name), true },
    { "text", read_wordings, offsetof(struct raw_question, wordings), true },
    { "kind", read_text, offsetof(struct raw_question, kind), false },
    { "options", read_options, offsetof(struct raw_question, options), false },
    { "group", read_name, offsetof(struct raw_question, group), false },
    { "help", read_text, offsetof(struct raw_question, help), false },
};

static const char *const yesno_options[] = { "no", "yes" };

static int read_kind(const struct loader *l, int node, const char *name, enum task_kind *kind,
                     struct err *e)
{
    const char *names[KIND_ORDINAL + 1];

    for (int k = KIND_YESNO; k <= KIND_ORDINAL; k++) {
        *kind = (enum task_kind)k;
        names[k] = task_kind_name(*kind);
        if (!name || strcmp(name, names[k]) == 0)
            return 0;
    }
    unknown_name(l, node, "kind of question", name, names, KIND_ORDINAL + 1, e);
    return err_expected(e, "yesno, choice, multi or ordinal");
}

static int option_error(const struct loader *l, int node, const char *what, const char *option,
                        struct err *e)
{
    err_set(e, ERR_FORMAT, "%s: '%s'", what, option);
    err_expected(
        e,
        "at most %d bytes, without / ; | and line ends, not the name of an abstention, none twice"
        " (case, '_' and space make no difference)",
        TASK_NAME_MAX);
    return doc_at(l->doc, node, e);
}

/* An option is a label's text in files: it must fit there, and be told from the others and from
 * abstentions. */
static int check_option_names(const struct loader *l, int node, const struct texts *options,
                              struct err *e)
{
    struct map *seen = NULL;
    int rc = map_new(&seen, e);

    for (size_t i = 0; rc == 0 && i < options->n; i++) {
        const char *option = options->items[i];
        char folded[TASK_NAME_MAX + 1];
        size_t found;

        if (!text_fold(option, folded, sizeof(folded)) || strpbrk(option, "/;|\n\r") ||
            task_is_reason(option)) {
            rc = option_error(l, node, "not usable as an option", option, e);
            break;
        }
        rc = map_add(seen, folded, strlen(folded), i, &found, e);
        if (rc == 0)
            rc = option_error(l, node, "this option stands here twice", option, e);
        rc = rc == 1 ? 0 : rc;
    }
    map_free(seen);
    return rc;
}

static int check_options(const struct loader *l, int node, struct question *q,
                         const struct texts *options, struct err *e)
{
    size_t least = q->kind == KIND_MULTI ? 1 : 2;
    int rc;

    if (q->kind == KIND_YESNO && options->n == 0) {
        q->options = yesno_options;
        q->n_options = 2;
        return 0;
    }
    if (q->kind == KIND_YESNO) {
        err_set(e, ERR_FORMAT, "the yes/no question '%s' has options", q->name);
        err_hint(e, "leave them out, or say kind: choice");
        return doc_at(l->doc, node, e);
    }
    if (options->n < least) {
        err_set(e, ERR_FORMAT, "the %s question '%s' has too few options", task_kind_name(q->kind),
                q->name);
        err_got(e, "%zu", options->n);
        err_expected(e, "%zu or more", least);
        return doc_at(l->doc, node, e);
    }
    rc = check_option_names(l, node, options, e);
    if (rc < 0)
        return rc;
    q->options = options->items;
    q->n_options = options->n;
    return 0;
}

static int read_question(const struct loader *l, int node, struct question *q, struct err *e)
{
    struct raw_question raw = { 0 };
    int rc = READ_MAPPING(l, node, question_keys, &raw, e);

    if (rc < 0)
        return rc;
    *q = (struct question){ .name = raw.name,
                            .group = raw.group,
                            .help = raw.help,
                            .wordings = raw.wordings.items,
                            .n_wordings = raw.wordings.n,
                            .line = doc_line(l->doc, node) };
    rc = read_kind(l, node, raw.kind, &q->kind, e);
    return rc < 0 ? rc : check_options(l, node, q, &raw.options, e);
}

/* Two names that differ only in case, '_' or space would be one name in a label file. */
static int check_unique(const struct loader *l, int node, struct map *names, const char *name,
                        struct err *e)
{
    char folded[TASK_NAME_MAX + 1];
    size_t first, line = doc_line(l->doc, node);
    int rc;

    text_fold(name, folded, sizeof(folded));
    rc = map_add(names, folded, strlen(folded), line, &first, e);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    err_set(e, ERR_FORMAT, "the name '%s' is taken", name);
    err_hint(e, "line %zu has it; case, '_' and space make no difference", first);
    return doc_at(l->doc, node, e);
}

static int read_questions(const struct loader *l, int node, void *into, struct err *e)
{
    size_t n = doc_type(l->doc, node) == DOC_LIST ? doc_count(l->doc, node) : 0;
    struct question *questions = arena_new(l->arena, n, sizeof(*questions), e);
    struct map *names = NULL;
    int rc = questions ? map_new(&names, e) : ERR_NOMEM;

    (void)into;
    if (rc == 0 && doc_type(l->doc, node) != DOC_LIST)
        rc = wrong_type(l, node, DOC_LIST, e);
    if (rc == 0 && (n == 0 || n > TASK_QUESTIONS_MAX)) {
        err_set(e, n == 0 ? ERR_FORMAT : ERR_LIMIT, "%s questions", n == 0 ? "no" : "too many");
        err_expected(e, "1 to %d", TASK_QUESTIONS_MAX);
        rc = doc_at(l->doc, node, e);
    }
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = read_question(l, doc_item(l->doc, node, i), &questions[i], e);
        if (rc == 0)
            rc = check_unique(l, doc_item(l->doc, node, i), names, questions[i].name, e);
        questions[i].n_columns = questions[i].kind == KIND_MULTI ? questions[i].n_options : 1;
    }
    map_free(names);
    l->task->questions = questions;
    l->task->n_questions = n;
    return rc;
}

static const char *multi_column_name(const struct loader *l, const struct question *q,
                                     size_t option, struct err *e)
{
    struct buf name = BUF_INIT(2 * TASK_NAME_MAX + 8);
    char *text;

    buf_printf(&name, "%s:%s", q->name, q->options[option]);
    text = buf_end(&name, "a name", e) == 0 ? arena_text(l->arena, name.text, name.len, e) : NULL;
    buf_release(&name);
    return text;
}

static int fill_column(const struct loader *l, struct column *c, size_t i_question, size_t option,
                       struct err *e)
{
    const struct question *q = &l->task->questions[i_question];
    bool multi = q->kind == KIND_MULTI;

    c->question = i_question;
    c->option = option;
    c->name = multi ? multi_column_name(l, q, option, e) : q->name;
    c->yesno = multi || q->kind == KIND_YESNO;
    c->labels = multi ? yesno_options : q->options;
    c->n_values = multi ? 2 : q->n_options;
    c->n_probabilities = c->yesno ? 1 : q->n_options;
    c->probability = l->task->n_probabilities;
    l->task->n_probabilities += c->n_probabilities;
    return c->name ? 0 : ERR_NOMEM;
}

static int make_columns(const struct loader *l, struct question *questions, struct err *e)
{
    struct task *t = l->task;
    struct column *columns;
    size_t n = 0;

    for (size_t i = 0; i < t->n_questions; i++) {
        questions[i].first_column = n;
        n += questions[i].n_columns;
    }
    if (n > TASK_COLUMNS_MAX) {
        err_set(e, ERR_LIMIT, "too many questions and options");
        err_got(e, "%zu", n);
        return err_expected(e, "at most %d", TASK_COLUMNS_MAX);
    }
    columns = arena_new(l->arena, n, sizeof(*columns), e);
    t->columns = columns;
    t->n_columns = n;
    for (size_t i = 0; columns && i < t->n_questions; i++) {
        for (size_t o = 0; o < questions[i].n_columns; o++) {
            int rc = fill_column(l, &columns[questions[i].first_column + o], i, o, e);

            if (rc < 0)
                return rc;
        }
    }
    return columns ? 0 : ERR_NOMEM;
}

/* ---- rules ---- */

static int unknown_column(const struct loader *l, int node, const char *name, struct err *e)
{
    const char **names = mem_new(l->task->n_columns, sizeof(*names), e);

    if (!names)
        return ERR_NOMEM;
    for (size_t i = 0; i < l->task->n_columns; i++)
        names[i] = l->task->columns[i].name;
    unknown_name(l, node, "question", name, names, l->task->n_columns, e);
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
    return unknown_name(l, node, "option of this question", option, column->labels,
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
        return wrong_type(l, node, DOC_TEXT, e);
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

static int keep_node(const struct loader *l, int node, void *into, struct err *e)
{
    (void)l;
    (void)e;
    *(int *)into = node;
    return 0;
}

static const struct key rule_keys[] = {
    { "at_most_one", keep_node, offsetof(struct raw_rule, at_most_one), false },
    { "if", keep_node, offsetof(struct raw_rule, when), false },
    { "then", keep_node, offsetof(struct raw_rule, then), false },
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
    int rc = READ_MAPPING(l, node, rule_keys, &raw, e);
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

static int read_rules(const struct loader *l, int node, struct err *e)
{
    size_t n = doc_type(l->doc, node) == DOC_LIST ? doc_count(l->doc, node) : 0;
    struct rule *rules = arena_new(l->arena, n, sizeof(*rules), e);
    int rc = rules ? 0 : ERR_NOMEM;

    if (rc == 0 && doc_type(l->doc, node) != DOC_LIST)
        rc = wrong_type(l, node, DOC_LIST, e);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = read_rule(l, doc_item(l->doc, node, i), &rules[i], e);
    l->task->rules = rules;
    l->task->n_rules = n;
    return rc;
}

/* ---- annotators, prices, alarms ---- */

struct raw_annotator {
    struct annotator a;
    const char *kind;
};

static const struct key annotator_keys[] = {
    { "kind", read_text, offsetof(struct raw_annotator, kind), true },
    { "engine", read_text, offsetof(struct raw_annotator, a.engine), false },
    { "model", read_text, offsetof(struct raw_annotator, a.model), false },
    { "url", read_text, offsetof(struct raw_annotator, a.url), false },
    { "dtype", read_text, offsetof(struct raw_annotator, a.dtype), false },
};

static int read_annotator(const struct loader *l, int key, int node, struct annotator *a,
                          struct err *e)
{
    struct raw_annotator raw = { 0 };
    int rc = read_name(l, key, &raw.a.name, e);

    if (rc == 0)
        rc = READ_MAPPING(l, node, annotator_keys, &raw, e);
    if (rc < 0)
        return rc;
    *a = raw.a;
    a->line = doc_line(l->doc, key);
    if (task_name_is_reserved(a->name)) {
        err_set(e, ERR_FORMAT, "no annotator may be called '%s': the program uses that name",
                a->name);
        return doc_at(l->doc, key, e);
    }
    if (task_annotator_kind(raw.kind, &a->kind))
        return 0;
    err_set(e, ERR_FORMAT, "no kind of annotator is called '%s'", raw.kind);
    err_expected(e, "human or model");
    return doc_at(l->doc, node, e);
}

static int read_annotators(const struct loader *l, int node, void *into, struct err *e)
{
    size_t n = doc_type(l->doc, node) == DOC_MAPPING ? doc_count(l->doc, node) : 0;
    struct annotator *annotators = arena_new(l->arena, n, sizeof(*annotators), e);
    struct map *names = NULL;
    int rc = annotators ? map_new(&names, e) : ERR_NOMEM;

    (void)into;
    if (rc == 0 && doc_type(l->doc, node) != DOC_MAPPING)
        rc = wrong_type(l, node, DOC_MAPPING, e);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        int key = doc_key(l->doc, node, i);

        rc = read_annotator(l, key, doc_value(l->doc, node, i), &annotators[i], e);
        if (rc == 0)
            rc = check_unique(l, key, names, annotators[i].name, e);
    }
    map_free(names);
    l->task->annotators = annotators;
    l->task->n_annotators = n;
    return rc;
}

/* Every figure says when it was taken and from where, or "assumed". */
static const struct key price_keys[] = {
    { "value", read_real, offsetof(struct price, value), true },
    { "date", read_text, offsetof(struct price, date), true },
    { "source", read_text, offsetof(struct price, source), true },
};

static int read_price(const struct loader *l, int node, void *into, struct err *e)
{
    struct price *price = into;
    int rc = READ_MAPPING(l, node, price_keys, price, e);

    if (rc == 0 && price->value <= 0) {
        err_set(e, ERR_FORMAT, "a price or speed must be above zero");
        return doc_at(l->doc, node, e);
    }
    price->given = true;
    return rc;
}

static const struct key prices_keys[] = {
    { "currency", read_text, offsetof(struct prices, currency), false },
    { "machine_hour", read_price, offsetof(struct prices, machine_hour), false },
    { "images_per_second", read_price, offsetof(struct prices, images_per_second), false },
    { "wage_hour", read_price, offsetof(struct prices, wage_hour), false },
    { "seconds_an_answer", read_price, offsetof(struct prices, seconds_an_answer), false },
    { "scale_images", read_count, offsetof(struct prices, scale_images), false },
};

static int read_prices(const struct loader *l, int node, void *into, struct err *e)
{
    return READ_MAPPING(l, node, prices_keys, into, e);
}

static const struct key alarms_keys[] = {
    { "min_agreement", read_share, offsetof(struct alarms, min_agreement), false },
    { "max_yes_bias", read_share, offsetof(struct alarms, max_yes_bias), false },
    { "max_rule_breaking", read_share, offsetof(struct alarms, max_rule_breaking), false },
    { "max_disputes", read_share, offsetof(struct alarms, max_disputes), false },
};

static int read_alarms(const struct loader *l, int node, void *into, struct err *e)
{
    return READ_MAPPING(l, node, alarms_keys, into, e);
}

/* ---- the whole file ---- */

struct raw_task {
    const char *name, *images;
    char questions, annotators; /* read into the task itself */
    int rules;                  /* a node, read last */
    struct prices prices;
    struct alarms alarms;
};

static const struct key task_keys[] = {
    { "name", read_text, offsetof(struct raw_task, name), true },
    { "images", read_text, offsetof(struct raw_task, images), false },
    { "questions", read_questions, offsetof(struct raw_task, questions), true },
    { "rules", keep_node, offsetof(struct raw_task, rules), false },
    { "annotators", read_annotators, offsetof(struct raw_task, annotators), false },
    { "prices", read_prices, offsetof(struct raw_task, prices), false },
    { "alarms", read_alarms, offsetof(struct raw_task, alarms), false },
};

static int read_task(const struct loader *l, const char *name, struct err *e)
{
    struct raw_task raw = {
        .prices = { .currency = "USD" },
        .alarms = { .min_agreement = 0.7, /* CVAT's quality threshold */
                    .max_yes_bias = 0.1,
                    .max_rule_breaking = 0.05,
                    .max_disputes = 0.25 },
    };
    int root = doc_root(l->doc);
    int rc;

    if (root == 0) {
        err_set(e, ERR_FORMAT, "the file is empty");
        err_hint(e, "assent init writes one to start from");
        return err_at(e, "%s", name);
    }
    rc = READ_MAPPING(l, root, task_keys, &raw, e);
    if (rc == 0)
        rc = make_columns(l, (struct question *)(uintptr_t)l->task->questions, e);
    if (rc == 0 && raw.rules)
        rc = read_rules(l, raw.rules, e);
    l->task->name = raw.name;
    l->task->images = raw.images;
    l->task->prices = raw.prices;
    l->task->alarms = raw.alarms;
    return rc;
}

int task_parse(struct task **out, const char *name, const char *text, size_t len, struct err *e)
{
    struct loaded *loaded = mem_new(1, sizeof(*loaded), e);
    struct doc *doc = NULL;
    int rc = loaded ? doc_parse(&doc, name, text, len, e) : ERR_NOMEM;

    *out = NULL;
    if (rc == 0) {
        struct loader l = { doc, &loaded->arena, &loaded->task };

        rc = read_task(&l, name, e);
    }
    doc_free(doc);
    if (rc < 0)
        task_free(&loaded->task);
    else
        *out = &loaded->task;
    return rc;
}

int task_load(struct task **out, const char *path, struct err *e)
{
    char *text;
    size_t len;
    int rc = file_read(path, TASK_FILE_MAX, &text, &len, e);

    *out = NULL;
    if (rc < 0)
        return rc;
    rc = task_parse(out, path, text, len, e);
    free(text);
    return rc;
}

void task_free(struct task *t)
{
    struct loaded *loaded = (struct loaded *)t;

    if (!loaded)
        return;
    arena_release(&loaded->arena);
    free(loaded);
}
