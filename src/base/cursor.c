/* SPDX-License-Identifier: MIT */
#include "base/cursor.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"

enum {
    KEY_SHOWN = 80,             /* bytes of a key in a message */
    STEP_SHOWN = KEY_SHOWN + 8, /* of '["KEY"]' */
    PATH_SHOWN = 2 * STEP_SHOWN + 24,
    VALUE_SHOWN = 120,
    FIELDS_MAX = 32,
};

/* ---- the top ---- */

struct cursor cursor_top(const char *file, struct json_t *value)
{
    return (struct cursor){ .value = value, .key = file };
}

int cursor_open(struct cursor *top, const char *path, size_t max, struct err *e)
{
    *top = cursor_top(path, NULL);
    return jv_read(&top->value, path, max, e);
}

int cursor_parse(struct cursor *top, const char *file, const char *text, size_t len, struct err *e)
{
    *top = cursor_top(file, NULL);
    return jv_parse_as(&top->value, file, text, len, e);
}

void cursor_close(struct cursor *top)
{
    jv_free(top->value);
    top->value = NULL;
}

/* ---- steps ---- */

struct cursor cursor_member(const struct cursor *object, const char *key)
{
    return (struct cursor){ .value = jv_get(object->value, key), .parent = object, .key = key };
}

struct cursor cursor_element(const struct cursor *array, size_t i)
{
    return (struct cursor){ .value = jv_at(array->value, i), .parent = array, .index = i };
}

bool cursor_next(const struct cursor *parent, struct cursor *item)
{
    struct cursor next = { .parent = parent, .iterator = item->iterator };

    if (jv_is_array(parent->value))
        next = cursor_element(parent, item->parent ? item->index + 1 : 0);
    else if (!jv_member(parent->value, &next.iterator, &next.key, &next.value))
        return false;
    *item = next;
    return next.value != NULL;
}

bool cursor_is_null(const struct cursor *c)
{
    return !c->value || jv_is_null(c->value);
}

/* ---- errors ---- */

/* Is it what formats call their members? What else a file may hold is shown in quotes. */
static bool is_name(const char *key)
{
    return *key != '\0' &&
           key[strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")] ==
               '\0';
}

/* One step as messages have it: '.key', '["key"]' or '[3]'. */
static size_t write_step(const struct cursor *c, char out[STEP_SHOWN])
{
    char key[KEY_SHOWN + 1];
    int n;

    if (!c->key)
        return (size_t)snprintf(out, STEP_SHOWN, "[%zu]", c->index);
    if (snprintf(key, sizeof(key), "%s", c->key) > KEY_SHOWN)
        text_ellipsis(key, sizeof(key));
    n = snprintf(out, STEP_SHOWN, c->iterator || !is_name(key) ? "[\"%s\"]" : ".%s", key);
    return (size_t)n;
}

/* Writes the path from its end on, so that of a deep one the innermost steps are shown. Returns
 * where it begins in `out`. */
static const char *write_path(const struct cursor *c, char out[PATH_SHOWN])
{
    static const char dots[] = "...";
    char *at = out + PATH_SHOWN - 1;

    *at = '\0';
    for (; c->parent; c = c->parent) {
        char step[STEP_SHOWN];
        size_t len = write_step(c, step);
        bool fits = (size_t)(at - out) >= len + strlen(dots);

        at -= fits ? len : strlen(dots);
        memcpy(at, fits ? step : dots, fits ? len : strlen(dots));
        if (!fits)
            return at;
    }
    return *at == '.' ? at + 1 : at;
}

int cursor_at(const struct cursor *c, struct err *e)
{
    char out[PATH_SHOWN];
    const char *path = write_path(c, out), *file;
    size_t room = sizeof(e->where) - strlen(": ...") - strlen(path) - 1, len;

    while (c->parent)
        c = c->parent;
    file = c->key;
    len = strlen(file);
    if (len <= room)
        return err_at(e, "%s%s%s", file, *path ? ": " : "", path);
    for (file += len - room; ((unsigned char)*file & 0xc0) == 0x80;)
        file++;
    return err_at(e, "...%s%s%s", file, *path ? ": " : "", path);
}

/* What is there, as messages have it: 7, 7.0, "seven", an array. */
static void show(const struct json_t *v, char out[VALUE_SHOWN])
{
    int64_t whole;
    double number;

    if (jv_integer(v, &whole)) {
        snprintf(out, VALUE_SHOWN, "%lld", (long long)whole);
    } else if (jv_number(v, &number)) {
        int n = snprintf(out, VALUE_SHOWN, "%g", number);

        if (!strpbrk(out, ".e"))
            snprintf(out + n, VALUE_SHOWN - (size_t)n, ".0");
    } else if (jv_text(v)) {
        if (snprintf(out, VALUE_SHOWN, "\"%s\"", jv_text(v)) >= VALUE_SHOWN)
            text_ellipsis(out, VALUE_SHOWN);
    } else {
        snprintf(out, VALUE_SHOWN, "%s", jv_type_name(v));
    }
}

/* `kind` says whether a text or a number is there, where that is what is wrong. */
static int wrong(const struct cursor *c, const char *expected, bool kind, struct err *e)
{
    char shown[VALUE_SHOWN];
    double number;

    show(c->value, shown);
    err_set(e, ERR_FORMAT, "a value that does not fit");
    if (kind && (jv_text(c->value) || jv_number(c->value, &number)))
        err_got(e, "%s (%s)", shown, jv_type_name(c->value));
    else
        err_got(e, "%s", shown);
    err_expected(e, "%s", expected);
    return cursor_at(c, e);
}

int cursor_wrong(const struct cursor *c, const char *expected, struct err *e)
{
    return wrong(c, expected, false, e);
}

int cursor_refuse(const struct cursor *c, const char *what, struct err *e)
{
    err_set(e, ERR_FORMAT, "not implemented");
    err_got(e, "%s", what);
    return cursor_at(c, e);
}

/* "a, b or c" */
static const char *list(const char *const *words, const char *last, char *out, size_t cap)
{
    size_t at = 0;

    *out = '\0';
    for (size_t i = 0; words[i] && at < cap; i++)
        at += (size_t)snprintf(out + at, cap - at, "%s%s",
                               i == 0         ? ""
                               : words[i + 1] ? ", "
                                              : last,
                               words[i]);
    return out;
}

/* ---- reading ---- */

int cursor_text(const struct cursor *c, const char **out, struct err *e)
{
    const char *text = jv_text(c->value);

    if (!text)
        return wrong(c, "a text", true, e);
    *out = text;
    return 0;
}

int cursor_flag(const struct cursor *c, bool *out, struct err *e)
{
    bool flag;

    if (!jv_flag(c->value, &flag))
        return wrong(c, "true or false", true, e);
    *out = flag;
    return 0;
}

int cursor_whole(const struct cursor *c, int64_t least, int64_t most, int64_t *out, struct err *e)
{
    char expected[80];
    int64_t number;
    bool whole = jv_integer(c->value, &number);

    if (whole && number >= least && number <= most) {
        *out = number;
        return 0;
    }
    snprintf(expected, sizeof(expected), "a whole number from %lld to %lld", (long long)least,
             (long long)most);
    return wrong(c, expected, !whole, e);
}

int cursor_number(const struct cursor *c, double least, double most, double *out, struct err *e)
{
    char expected[80];
    double number;
    bool is = jv_number(c->value, &number);

    if (is && number >= least && number <= most) {
        *out = number;
        return 0;
    }
    snprintf(expected, sizeof(expected), "a number from %g to %g", least, most);
    return wrong(c, expected, !is, e);
}

int cursor_positive(const struct cursor *c, double *out, struct err *e)
{
    double number;
    bool is = jv_number(c->value, &number);

    if (!is || !(number > 0))
        return wrong(c, "a number above 0", !is, e);
    *out = number;
    return 0;
}

int cursor_word(const struct cursor *c, const char *const *words, unsigned *out, struct err *e)
{
    const char *text = jv_text(c->value);
    char expected[sizeof(e->expected)];

    for (unsigned i = 0; text && words[i]; i++)
        if (strcmp(text, words[i]) == 0) {
            *out = i;
            return 0;
        }
    return wrong(c, list(words, " or ", expected, sizeof(expected)), !text, e);
}

int cursor_object(const struct cursor *c, struct err *e)
{
    return jv_is_object(c->value) ? 0 : wrong(c, "an object", true, e);
}

int cursor_array(const struct cursor *c, struct err *e)
{
    return jv_is_array(c->value) ? 0 : wrong(c, "an array", true, e);
}

static bool is_among(const char *key, const char *const *keys)
{
    while (*keys && strcmp(key, *keys) != 0)
        keys++;
    return *keys != NULL;
}

int cursor_only(const struct cursor *c, const char *const *keys, struct err *e)
{
    struct cursor member = { 0 };
    char expected[sizeof(e->expected)];
    int rc = cursor_object(c, e);

    while (rc == 0 && cursor_next(c, &member))
        if (!is_among(member.key, keys)) {
            err_set(e, ERR_FORMAT, "a member that is not known");
            err_got(e, "%s", member.key);
            err_expected(e, "%s", list(keys, " and ", expected, sizeof(expected)));
            rc = cursor_at(c, e);
        }
    return rc;
}

/* ---- fields ---- */

typedef int field_fn(const struct cursor *c, const struct cursor_field *f, void *member,
                     struct err *e);

static int read_any(const struct cursor *c, const struct cursor_field *f, void *member,
                    struct err *e)
{
    (void)f;
    (void)member;
    return c->value ? 0 : cursor_wrong(c, "a value", e);
}

static int read_text(const struct cursor *c, const struct cursor_field *f, void *member,
                     struct err *e)
{
    (void)f;
    return cursor_text(c, member, e);
}

static int read_flag(const struct cursor *c, const struct cursor_field *f, void *member,
                     struct err *e)
{
    (void)f;
    return cursor_flag(c, member, e);
}

static int read_int64(const struct cursor *c, const struct cursor_field *f, void *member,
                      struct err *e)
{
    return cursor_whole(c, (int64_t)f->least, (int64_t)f->most, member, e);
}

static int read_uint32(const struct cursor *c, const struct cursor_field *f, void *member,
                       struct err *e)
{
    int64_t whole = 0;
    int rc = read_int64(c, f, &whole, e);

    if (rc == 0)
        *(uint32_t *)member = (uint32_t)whole;
    return rc;
}

static int read_number(const struct cursor *c, const struct cursor_field *f, void *member,
                       struct err *e)
{
    return cursor_number(c, f->least, f->most, member, e);
}

static int read_positive(const struct cursor *c, const struct cursor_field *f, void *member,
                         struct err *e)
{
    (void)f;
    return cursor_positive(c, member, e);
}

/* An enum without numbers below zero is an unsigned. */
static int read_word(const struct cursor *c, const struct cursor_field *f, void *member,
                     struct err *e)
{
    unsigned which;
    int rc = cursor_word(c, f->words, &which, e);

    if (rc == 0)
        memcpy(member, &which, sizeof(which));
    return rc;
}

static int read_own(const struct cursor *c, const struct cursor_field *f, void *member,
                    struct err *e)
{
    return f->read(c, member, e);
}

int cursor_fields(const struct cursor *object, const struct cursor_field *fields, void *out,
                  struct err *e)
{
    static field_fn *const readers[FIELD_KINDS] = {
        [FIELD_OF_ANY] = read_any,     [FIELD_OF_TEXT] = read_text,
        [FIELD_OF_FLAG] = read_flag,   [FIELD_OF_UINT32] = read_uint32,
        [FIELD_OF_INT64] = read_int64, [FIELD_OF_NUMBER] = read_number,
        [FIELD_OF_WORD] = read_word,   [FIELD_OF_POSITIVE] = read_positive,
        [FIELD_OF_OWN] = read_own,
    };
    int rc = cursor_object(object, e);

    for (const struct cursor_field *f = fields; rc == 0 && f->key; f++) {
        struct cursor c = cursor_member(object, f->key);

        if ((c.value || f->when == FIELD_REQUIRED) &&
            !(f->when == FIELD_NULLABLE && cursor_is_null(&c)))
            rc = readers[f->kind](&c, f, (char *)out + f->at, e);
    }
    return rc;
}

int cursor_fields_only(const struct cursor *object, const struct cursor_field *fields, void *out,
                       struct err *e)
{
    const char *keys[FIELDS_MAX + 1] = { NULL };
    int rc;

    for (size_t i = 0; fields[i].key; i++) {
        assert(i < FIELDS_MAX);
        keys[i] = fields[i].key;
    }
    rc = cursor_only(object, keys, e);
    return rc < 0 ? rc : cursor_fields(object, fields, out, e);
}
