/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "task/load.h"

static int read_options(const struct loader *l, int node, void *into, struct err *e)
{
    return load_texts(l, node, TASK_OPTIONS_MAX, into, e);
}

/* One wording, or a list of them. */
static int read_wordings(const struct loader *l, int node, void *into, struct err *e)
{
    struct texts *wordings = into;
    int rc = load_text_or_texts(l, node, TASK_OPTIONS_MAX, wordings, e);

    if (rc < 0 || wordings->n > 0)
        return rc;
    err_set(e, ERR_FORMAT, "a question needs at least one wording");
    return doc_at(l->doc, node, e);
}

struct raw_question {
    const char *name, *kind, *group, *help, *format, *none;
    struct texts options, wordings, was;
    double min_mass; /* below zero: not given */
};

static const struct key question_keys[] = {
    { "name", load_name, offsetof(struct raw_question, name), true },
    { "text", read_wordings, offsetof(struct raw_question, wordings), true },
    { "kind", load_text, offsetof(struct raw_question, kind), false },
    { "options", read_options, offsetof(struct raw_question, options), false },
    { "group", load_name, offsetof(struct raw_question, group), false },
    { "help", load_text, offsetof(struct raw_question, help), false },
    { "format", load_text, offsetof(struct raw_question, format), false },
    { "none", load_text, offsetof(struct raw_question, none), false },
    { "was", load_names, offsetof(struct raw_question, was), false },
    { "min_mass", load_share, offsetof(struct raw_question, min_mass), false },
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
    load_unknown_name(l, node, "kind of question", name, names, KIND_ORDINAL + 1, e);
    return err_expected(e, "yesno, choice, multi or ordinal");
}

/* format: letters, for one of several options. */
static int read_format(const struct loader *l, int node, const char *format, struct question *q,
                       struct err *e)
{
    bool options = q->kind == KIND_CHOICE || q->kind == KIND_ORDINAL;

    q->letters = text_equal(format, task_format_name(true));
    if (!format || (q->letters ? options && q->n_options <= TASK_LETTERS_MAX
                               : strcmp(format, task_format_name(false)) == 0))
        return 0;
    err_set(e, ERR_FORMAT, "this format does not fit the question '%s'", q->name);
    err_got(e, "%s", format);
    err_expected(e, "text, or for a choice or ordinal question of at most %d options letters",
                 TASK_LETTERS_MAX);
    return doc_at(l->doc, node, e);
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

/* none: what a file calls it where no option of a list holds. */
static int read_none(const struct loader *l, int node, const char *none, struct question *q,
                     struct err *e)
{
    bool is_option = false;

    q->none = none;
    for (size_t o = 0; none && o < q->n_options; o++)
        is_option |= text_folds_to(none, q->options[o]);
    if (!none || (q->kind == KIND_MULTI && !is_option && !task_is_reason(none)))
        return 0;
    err_set(e, ERR_FORMAT, "no word for none of the options of '%s'", q->name);
    err_got(e, "%s", none);
    err_expected(e, q->kind == KIND_MULTI
                        ? "a text that is no option and not the name of an abstention"
                        : "kind: multi; for others it is an option like the rest");
    return doc_at(l->doc, node, e);
}

static int read_question(const struct loader *l, int node, struct question *q, struct err *e)
{
    struct raw_question raw = { .min_mass = -1 };
    int rc = LOAD_MAPPING(l, node, question_keys, &raw, e);

    if (rc < 0)
        return rc;
    *q = (struct question){ .name = raw.name,
                            .group = raw.group,
                            .help = raw.help,
                            .was = raw.was.items,
                            .n_was = raw.was.n,
                            .wordings = raw.wordings.items,
                            .n_wordings = raw.wordings.n,
                            .line = doc_line(l->doc, node) };
    rc = read_kind(l, node, raw.kind, &q->kind, e);
    if (rc == 0)
        rc = check_options(l, node, q, &raw.options, e);
    q->min_mass = raw.min_mass >= 0                                ? raw.min_mass
                  : q->kind == KIND_YESNO || q->kind == KIND_MULTI ? TASK_MIN_MASS_YESNO
                                                                   : TASK_MIN_MASS_OPTION;
    if (rc == 0)
        rc = read_none(l, node, raw.none, q, e);
    return rc < 0 ? rc : read_format(l, node, raw.format, q, e);
}

int load_questions(const struct loader *l, int node, void *into, struct err *e)
{
    size_t n = doc_type(l->doc, node) == DOC_LIST ? doc_count(l->doc, node) : 0;
    struct question *questions = arena_new(l->arena, n, sizeof(*questions), e);
    struct map *names = NULL;
    int rc = questions ? map_new(&names, e) : ERR_NOMEM;

    (void)into;
    if (rc == 0 && doc_type(l->doc, node) != DOC_LIST)
        rc = load_wrong_type(l, node, DOC_LIST, e);
    if (rc == 0 && (n == 0 || n > TASK_QUESTIONS_MAX)) {
        err_set(e, n == 0 ? ERR_FORMAT : ERR_LIMIT, "%s questions", n == 0 ? "no" : "too many");
        err_expected(e, "1 to %d", TASK_QUESTIONS_MAX);
        rc = doc_at(l->doc, node, e);
    }
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = read_question(l, doc_item(l->doc, node, i), &questions[i], e);
        if (rc == 0)
            rc = load_unique(l, doc_item(l->doc, node, i), names, questions[i].name, e);
        questions[i].n_columns = questions[i].kind == KIND_MULTI ? questions[i].n_options : 1;
    }
    for (size_t i = 0; rc == 0 && i < n; i++)
        for (size_t w = 0; rc == 0 && w < questions[i].n_was; w++)
            rc = load_unique(l, doc_item(l->doc, node, i), names, questions[i].was[w], e);
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

static int fill_text(const struct loader *l, const struct question *q, struct column *c,
                     struct err *e)
{
    const char *wording = q->wordings[0], *filled = NULL;
    int rc = q->kind == KIND_MULTI
                 ? task_fill_option(wording, q->options[c->option], l->arena, &filled, e)
                 : 0;

    if (rc < 0)
        return rc;
    c->about = q->kind == KIND_MULTI && !filled ? q->options[c->option] : NULL;
    c->text = task_text_for_people(filled ? filled : wording, l->arena, e);
    return c->text ? 0 : ERR_NOMEM;
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
    return c->name ? fill_text(l, q, c, e) : ERR_NOMEM;
}

/* The index of a question's group, which is added at its first question. */
static size_t group_index(struct task *t, const char **groups, const char *name)
{
    size_t g = 0;

    if (!name)
        return SIZE_MAX;
    while (g < t->n_groups && strcmp(groups[g], name) != 0)
        g++;
    if (g == t->n_groups)
        groups[t->n_groups++] = name;
    return g;
}

int load_columns(const struct loader *l, struct question *questions, struct err *e)
{
    struct task *t = l->task;
    const char **groups = arena_new(l->arena, t->n_questions, sizeof(*groups), e);
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
    if (!columns || !groups)
        return ERR_NOMEM;
    t->columns = columns;
    t->n_columns = n;
    t->groups = groups;
    for (size_t i = 0; i < t->n_questions; i++) {
        size_t group = group_index(t, groups, questions[i].group);

        for (size_t o = 0; o < questions[i].n_columns; o++) {
            struct column *c = &columns[questions[i].first_column + o];
            int rc = fill_column(l, c, i, o, e);

            if (rc < 0)
                return rc;
            c->group = group;
        }
    }
    return 0;
}
