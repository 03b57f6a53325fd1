/* SPDX-License-Identifier: MIT */
#include "task/task.h"

#include <string.h>
#include <strings.h>

static const char *const reason_names[] = {
    NULL, NULL, "unparseable", "refused", "unsure", "error", "tied",
};
enum { N_REASONS = sizeof(reason_names) / sizeof(reason_names[0]) };

const char *task_reason_name(int value)
{
    return value < 0 && -value < N_REASONS ? reason_names[-value] : NULL;
}

bool task_is_reason(const char *name)
{
    for (int r = 2; r < N_REASONS; r++)
        if (text_folds_to(name, reason_names[r]))
            return true;
    return false;
}

const char *task_format_name(bool letters)
{
    return letters ? "letters" : "text";
}

const char *task_kind_name(enum task_kind kind)
{
    static const char *const names[] = { "yesno", "choice", "multi", "ordinal" };

    return names[kind];
}

/* ---- texts ---- */

int task_fill_option(const char *wording, const char *option, struct arena *a, const char **out,
                     struct err *e)
{
    static const char mark[] = "{option}";
    const char *at = strstr(wording, mark);
    struct buf b = BUF_INIT(TASK_FILE_MAX);
    int rc;

    *out = NULL;
    if (!at)
        return 0;
    buf_add(&b, wording, (size_t)(at - wording));
    buf_puts(&b, option);
    buf_puts(&b, at + strlen(mark));
    rc = buf_end(&b, "a question", e);
    if (rc == 0)
        *out = arena_text(a, b.text, b.len, e);
    buf_release(&b);
    return rc == 0 && !*out ? ERR_NOMEM : rc;
}

/* How wordings for models end: the study's, and those of LLaVA's training data. */
static const char *const for_models[] = {
    "Answer with only yes or no.",
    "Answer with only yes or no",
    "Answer with yes or no.",
    "Please answer yes or no.",
    "Answer the question using a single word or phrase.",
    "Answer with the option's letter from the given choices directly.",
};

const char *task_text_for_people(const char *wording, struct arena *a, struct err *e)
{
    size_t len = strlen(wording);

    for (size_t i = 0; i < sizeof(for_models) / sizeof(for_models[0]); i++) {
        size_t n = strlen(for_models[i]);

        if (len > n && strcasecmp(wording + len - n, for_models[i]) == 0) {
            len -= n;
            break;
        }
    }
    while (len > 1 && strchr(" \n\t", wording[len - 1]))
        len--;
    return arena_text(a, wording, len, e);
}

static const char *const annotator_kinds[] = { "human", "model", "consensus" };

const char *task_annotator_kind_name(enum annotator_kind kind)
{
    return annotator_kinds[kind];
}

bool task_annotator_kind(const char *name, enum annotator_kind *kind)
{
    for (int k = ANNOTATOR_HUMAN; k <= ANNOTATOR_MODEL; k++) {
        *kind = (enum annotator_kind)k;
        if (strcmp(name, annotator_kinds[k]) == 0)
            return true;
    }
    return false;
}

bool task_name_is_reserved(const char *name)
{
    return strcmp(name, "consensus") == 0 || strcmp(name, "tie") == 0;
}

bool task_name_is_usable(const char *name)
{
    size_t n = strlen(name);

    return n > 0 && n <= TASK_NAME_MAX && text_is_printable(name) && name[0] != ' ' &&
           name[n - 1] != ' ' && !task_name_is_reserved(name);
}

/* ---- names ---- */

bool task_find_column(const struct task *t, const char *name, size_t *column)
{
    for (*column = 0; *column < t->n_columns; ++*column)
        if (strcmp(t->columns[*column].name, name) == 0)
            return true;
    return false;
}

int task_choose_columns(const struct task *t, const char *const *names, size_t n, bool *columns,
                        struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        bool found = false;

        for (size_t c = 0; c < t->n_columns; c++)
            if (text_folds_to(t->columns[c].name, names[i]) ||
                text_folds_to(t->questions[t->columns[c].question].name, names[i]))
                found = columns[c] = true;
        if (!found)
            return err_set(e, ERR_ARG, "no question of assent.yaml is called '%s'", names[i]);
    }
    return 0;
}

/* "Old:hat" of a multi question, "Old" of another. */
static bool was_called(const struct task *t, const struct column *c, const char *name)
{
    const struct question *q = &t->questions[c->question];

    for (size_t i = 0; i < q->n_was; i++) {
        size_t len = strlen(q->was[i]);

        if (strncmp(name, q->was[i], len) != 0)
            continue;
        if (q->kind == KIND_MULTI
                ? name[len] == ':' && strcmp(name + len + 1, q->options[c->option]) == 0
                : name[len] == '\0')
            return true;
    }
    return false;
}

bool task_find_column_or_former(const struct task *t, const char *name, size_t *column)
{
    if (task_find_column(t, name, column))
        return true;
    for (*column = 0; *column < t->n_columns; ++*column)
        if (was_called(t, &t->columns[*column], name))
            return true;
    return false;
}

const struct annotator *task_find_annotator(const struct task *t, const char *name)
{
    for (size_t i = 0; i < t->n_annotators; i++)
        if (strcmp(t->annotators[i].name, name) == 0)
            return &t->annotators[i];
    return NULL;
}

const char *task_annotator_today(const struct task *t, const char *name)
{
    for (size_t i = 0; i < t->n_annotators; i++)
        for (size_t w = 0; w < t->annotators[i].n_was; w++)
            if (strcmp(t->annotators[i].was[w], name) == 0)
                return t->annotators[i].name;
    return name;
}

/* ---- label texts ---- */

struct word {
    const char *text;
    int16_t value;
    unsigned coding;
};

static const struct word yesno_words[] = {
    { "no", VALUE_NO, CODING_YES_NO },        { "yes", VALUE_YES, CODING_YES_NO },
    { "n", VALUE_NO, CODING_YES_NO },         { "y", VALUE_YES, CODING_YES_NO },
    { "false", VALUE_NO, CODING_TRUE_FALSE }, { "true", VALUE_YES, CODING_TRUE_FALSE },
    { "f", VALUE_NO, CODING_TRUE_FALSE },     { "t", VALUE_YES, CODING_TRUE_FALSE },
};

/* What programs write where there is no value: pandas, R, Excel, SQL, Python. */
static const char *const missing_words[] = { "nan", "na", "n/a", "#n/a", "<na>", "null", "none" };

/* Does text[0..len) fold to word? */
static bool folds(const char *text, size_t len, const char *word)
{
    char copy[TASK_NAME_MAX + 1];

    if (len > TASK_NAME_MAX || len != strlen(word))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return text_folds_to(copy, word);
}

/* The length of a number without the zeros of its fraction: pandas writes a whole number as 1.0
 * where its column has a gap. */
static size_t whole_number(const char *text, size_t len)
{
    size_t n = len;

    while (n > 0 && text[n - 1] == '0')
        n--;
    return n > 1 && n < len && text[n - 1] == '.' ? n - 1 : len;
}

static bool read_word(const char *text, size_t len, int16_t *value, unsigned *codings)
{
    char last;
    bool is_signed;

    len = whole_number(text, len);
    last = len > 0 ? text[len - 1] : '\0';
    is_signed = len == 2 && text[0] == '-' && last == '1';
    if (is_signed || (len == 1 && (last == '0' || last == '1'))) { /* by far the most */
        *value = !is_signed && last == '1' ? VALUE_YES : VALUE_NO;
        *codings |= is_signed ? CODING_SIGNED : last == '1' ? CODING_ONE : CODING_ZERO;
        return true;
    }
    for (size_t i = 0; i < sizeof(yesno_words) / sizeof(yesno_words[0]); i++) {
        if (len != strlen(yesno_words[i].text) || strncasecmp(text, yesno_words[i].text, len) != 0)
            continue;
        *value = yesno_words[i].value;
        *codings |= yesno_words[i].coding;
        return true;
    }
    return false;
}

static bool read_option(const struct column *c, const char *text, size_t len, int16_t *value,
                        unsigned *codings)
{
    for (size_t i = 0; i < c->n_values; i++) {
        if (!folds(text, len, c->labels[i]))
            continue;
        *value = (int16_t)i;
        *codings |= CODING_OPTION;
        return true;
    }
    return false;
}

bool task_read_value(const struct column *c, const char *text, size_t len, int16_t *value,
                     unsigned *codings)
{
    if (len == 0) {
        *value = VALUE_MISSING;
        return true;
    }
    if (c->yesno ? read_word(text, len, value, codings) : read_option(c, text, len, value, codings))
        return true;
    for (int r = 2; r < N_REASONS; r++) {
        if (!folds(text, len, reason_names[r]))
            continue;
        *value = (int16_t)-r;
        *codings |= CODING_REASON;
        return true;
    }
    *value = VALUE_MISSING;
    for (size_t i = 0; i < sizeof(missing_words) / sizeof(missing_words[0]); i++)
        if (folds(text, len, missing_words[i]))
            return true;
    return false;
}

const char *task_codings_text(unsigned codings, char *out)
{
    static const struct {
        unsigned mask, coding;
        const char *text;
    } parts[] = {
        { CODING_SIGNED, CODING_SIGNED, "-1/1" },
        { CODING_ZERO, CODING_ZERO, "0/1" },
        { CODING_SIGNED | CODING_ZERO | CODING_ONE, CODING_ONE, "1" },
        { CODING_YES_NO, CODING_YES_NO, "yes/no" },
        { CODING_TRUE_FALSE, CODING_TRUE_FALSE, "true/false" },
        { CODING_OPTION, CODING_OPTION, "option names" },
        { CODING_REASON, CODING_REASON, "abstentions by name" },
    };
    struct buf b = BUF_INIT(80);

    out[0] = '\0';
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if ((codings & parts[i].mask) == parts[i].coding)
            buf_printf(&b, "%s%s", b.len > 0 ? ", " : "", parts[i].text);
    if (b.len > 0)
        memcpy(out, b.text, b.len + 1);
    buf_release(&b);
    return out;
}

const char *task_value_text(const struct column *c, int16_t value)
{
    const char *reason = task_reason_name(value);

    if (value >= 0 && (size_t)value < c->n_values)
        return c->labels[value];
    return reason ? reason : "";
}

/* ---- rules ---- */

/* 1 holds, 0 does not, -1 not known. */
static int holds(const struct condition *c, const int16_t *labels, size_t n_images, size_t image)
{
    int16_t value = labels[c->column * n_images + image];

    if (value < 0)
        return -1;
    return (value == c->value) != c->negated;
}

static enum rule_state at_most_one_state(const struct rule *r, const int16_t *labels,
                                         size_t n_images, size_t image)
{
    size_t holding = 0, unknown = 0;

    for (size_t i = 0; i < r->n_terms; i++) {
        int h = holds(&r->terms[i], labels, n_images, image);

        holding += h == 1;
        unknown += h == -1;
    }
    if (holding > 1)
        return RULE_BROKEN;
    return holding + unknown > 1 ? RULE_UNKNOWN : RULE_KEPT;
}

static enum rule_state implies_state(const struct rule *r, const int16_t *labels, size_t n_images,
                                     size_t image)
{
    int when = holds(&r->when, labels, n_images, image);
    bool unknown = false, broken = false;

    if (when == 0)
        return RULE_KEPT;
    for (size_t i = 0; i < r->n_terms; i++) {
        int h = holds(&r->terms[i], labels, n_images, image);

        broken |= h == 0;
        unknown |= h == -1;
    }
    if (broken && when == 1)
        return RULE_BROKEN;
    return broken || unknown ? RULE_UNKNOWN : RULE_KEPT;
}

enum rule_state task_rule_state(const struct rule *r, const int16_t *labels, size_t n_images,
                                size_t image)
{
    return r->kind == RULE_AT_MOST_ONE ? at_most_one_state(r, labels, n_images, image)
                                       : implies_state(r, labels, n_images, image);
}

bool task_rule_is_complete(const struct rule *r, const int16_t *labels, size_t n_images,
                           size_t image)
{
    if (r->kind == RULE_IMPLIES && holds(&r->when, labels, n_images, image) == -1)
        return false;
    for (size_t i = 0; i < r->n_terms; i++)
        if (holds(&r->terms[i], labels, n_images, image) == -1)
            return false;
    return true;
}
