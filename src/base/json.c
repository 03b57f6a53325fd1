/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json_stream.h"
#include "base/json_write.h"
#include "base/memory.h"
#include "base/reader.h"

static int parse_error(struct err *e, const json_error_t *j)
{
    if (json_error_code(j) == json_error_out_of_memory)
        return err_set(e, ERR_NOMEM, "out of memory: a JSON value");
    err_set(e, ERR_FORMAT, "not valid JSON");
    return err_got(e, "%s", j->text);
}

int jv_parse(struct json_t **out, const char *text, size_t len, struct err *e)
{
    json_error_t j;

    *out = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &j);
    if (*out)
        return 0;
    parse_error(e, &j);
    return err_at(e, "line %d, column %d", j.line, j.column);
}

int jv_parse_as(struct json_t **out, const char *name, const char *text, size_t len, struct err *e)
{
    char line[sizeof(e->where)];
    int rc = jv_parse(out, text, len, e);

    if (rc == 0)
        return 0;
    *out = NULL;
    snprintf(line, sizeof(line), "%s", e->where);
    e->where[0] = '\0'; /* which can be set once */
    return err_at(e, "%s: %s", name, line);
}

/* Behind a string that begins at text. */
static char *skip_string(char *text)
{
    for (text++; *text && *text != '"'; text++)
        if (*text == '\\' && text[1])
            text++;
    return *text ? text + 1 : text;
}

/* tokenizer_config.json writes 10^30 for "no limit", and jansson has no whole number beyond 64
 * bits: the last two digits of such a one become the exponent of a real. Behind a point they are
 * no whole number. */
static void make_reals(char *text)
{
    enum { DIGITS_MAX = 18 };

    for (bool fraction = false; *text;) {
        size_t n = strspn(text, "0123456789");

        if (n > DIGITS_MAX && !fraction && !strchr(".eE", text[n]))
            memcpy(text + n - 2, "e2", 2);
        fraction = *text == '.';
        text = n > 0 ? text + n : *text == '"' ? skip_string(text) : text + 1;
    }
}

int jv_parse_wide(struct json_t **out, const char *name, const char *text, size_t len,
                  struct err *e)
{
    struct err ignored;
    char *copy;
    int rc = jv_parse_as(out, name, text, len, e);

    if (rc != ERR_FORMAT || !(copy = mem_new(len + 1, 1, &ignored)))
        return rc;
    memcpy(copy, text, len);
    make_reals(copy);
    if (jv_parse_as(out, name, copy, len, &ignored) == 0)
        rc = 0;
    free(copy);
    return rc;
}

/* Behind ", "MEMBER": [1, 2]" where that begins at `at`, a comma; NULL: something else does. */
static const char *skip_numbers(const char *at, const char *member)
{
    static const char space[] = " \t\r\n";
    size_t n = strlen(member);

    at += 1 + strspn(at + 1, space);
    if (*at != '"' || strncmp(at + 1, member, n) != 0 || at[n + 1] != '"')
        return NULL;
    at += n + 2;
    at += strspn(at, space);
    if (*at != ':')
        return NULL;
    at += 1 + strspn(at + 1, space);
    if (*at != '[')
        return NULL;
    at += 1 + strspn(at + 1, "0123456789, ");
    return *at == ']' ? at + 1 : NULL;
}

/* Within a text no quote stands behind a comma as it is, so a quote there begins a key or a value.
 */
int jv_parse_without(struct json_t **out, const char *name, const char *member, const char *text,
                     size_t len, struct err *e)
{
    char *copy = mem_new(len + 1, 1, e), *to = copy, *end = copy + len, *comma;
    int rc;

    *out = NULL;
    if (!copy)
        return ERR_NOMEM;
    memcpy(copy, text, len);
    for (char *from = copy; from < end; from = comma) {
        const char *behind;

        comma = memchr(from + 1, ',', (size_t)(end - from) - 1);
        comma = comma ? comma : end;
        behind = *from == ',' ? skip_numbers(from, member) : NULL;
        from = behind ? copy + (behind - copy) : from;
        if (from > comma) /* the list had commas */
            comma = from;
        memmove(to, from, (size_t)(comma - from));
        to += comma - from;
    }
    rc = jv_parse_wide(out, name, copy, (size_t)(to - copy), e);
    free(copy);
    return rc;
}

int jv_read(struct json_t **out, const char *path, size_t max, struct err *e)
{
    char *text = NULL;
    size_t len;
    int rc = file_read_regular(path, max, &text, &len, e);

    *out = NULL;
    if (rc == 0) {
        make_reals(text);
        rc = jv_parse_as(out, path, text, len, e);
    }
    free(text);
    return rc;
}

int jv_parse_text(const char *json, size_t len, char **out, size_t *n, struct err *e)
{
    json_error_t j;
    json_t *v = json_loadb(json, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &j);
    int rc = 0;

    *out = NULL;
    if (!v)
        return parse_error(e, &j);
    if (!json_is_string(v)) {
        err_set(e, ERR_FORMAT, "not a JSON text");
        err_got(e, "%s", jv_type_name(v));
        rc = err_expected(e, "a text in quotes");
    } else {
        *n = json_string_length(v);
        *out = mem_new(*n + 1, 1, e);
        if (*out)
            memcpy(*out, json_string_value(v), *n);
        else
            rc = ERR_NOMEM;
    }
    json_decref(v);
    return rc;
}

void jv_free(struct json_t *v)
{
    json_decref(v);
}

const char *jv_text(const struct json_t *v)
{
    return json_string_value(v);
}

bool jv_number(const struct json_t *v, double *out)
{
    if (!json_is_number(v))
        return false;
    *out = json_number_value(v);
    return true;
}

bool jv_integer(const struct json_t *v, int64_t *out)
{
    if (!json_is_integer(v))
        return false;
    *out = json_integer_value(v);
    return true;
}

bool jv_is_null(const struct json_t *v)
{
    return json_is_null(v);
}

bool jv_is_true(const struct json_t *v)
{
    return json_is_true(v);
}

bool jv_is_false(const struct json_t *v)
{
    return json_is_false(v);
}

bool jv_flag(const struct json_t *v, bool *out)
{
    *out = json_is_true(v);
    return json_is_boolean(v);
}

bool jv_is_object(const struct json_t *v)
{
    return json_is_object(v);
}

bool jv_is_array(const struct json_t *v)
{
    return json_is_array(v);
}

struct json_t *jv_get(const struct json_t *object, const char *key)
{
    return json_object_get(object, key);
}

size_t jv_length(const struct json_t *array)
{
    return json_array_size(array);
}

struct json_t *jv_at(const struct json_t *array, size_t i)
{
    return json_array_get(array, i);
}

size_t jv_members(const struct json_t *object)
{
    return json_object_size(object);
}

bool jv_member(const struct json_t *object, void **iterator, const char **key,
               struct json_t **value)
{
    /* jansson's iterators take a pointer without const, though they write nothing */
    json_t *o = (json_t *)(uintptr_t)object;

    *iterator = *iterator ? json_object_iter_next(o, *iterator) : json_object_iter(o);
    if (!*iterator)
        return false;
    *key = json_object_iter_key(*iterator);
    *value = json_object_iter_value(*iterator);
    return true;
}

const char *jv_type_name(const struct json_t *v)
{
    if (!v)
        return "nothing";
    switch (json_typeof(v)) {
    case JSON_OBJECT: return "an object";
    case JSON_ARRAY: return "an array";
    case JSON_STRING: return "a text";
    case JSON_INTEGER:
    case JSON_REAL: return "a number";
    case JSON_TRUE:
    case JSON_FALSE: return "true or false";
    default: return "null";
    }
}

/* ---- streams ---- */

static int expect(struct jv_stream *s, int got, const char *expected, struct err *e)
{
    if (got == READER_FAILED)
        return reader_failure(s->reader, e);
    err_set(e, ERR_FORMAT, "not valid JSON");
    if (got == READER_END)
        err_got(e, "the end of the file");
    else
        err_got(e, got >= 0x20 && got < 0x7f ? "'%c'" : "byte 0x%02x", got);
    err_expected(e, "%s", expected);
    return reader_at(s->reader, e);
}

static int next_byte(struct reader *r)
{
    int c;

    do
        c = reader_byte(r);
    while (c == ' ' || c == '\t' || c == '\r' || c == '\n');
    return c;
}

int jv_stream_start(struct jv_stream *s, struct reader *r, struct err *e)
{
    int c = next_byte(r);

    *s = (struct jv_stream){ .reader = r, .first = true, .object = c == '{' };
    return c == '{' || c == '[' ? 0 : expect(s, c, "'[' or '{'", e);
}

/* What jansson reads from: first the byte that was looked at, then the reader, one byte a call, so
 * that nothing behind the element is taken. */
struct element_source {
    struct reader *reader;
    int first; /* the byte looked at, or READER_END */
    size_t taken;
};

static size_t feed(void *buffer, size_t len, void *data)
{
    struct element_source *source = data;
    int c = source->first;

    if (len == 0 || source->taken >= JV_ELEMENT_MAX)
        return (size_t)-1;
    if (c >= 0)
        source->first = READER_END;
    else
        c = reader_byte(source->reader);
    if (c < 0)
        return c == READER_END ? 0 : (size_t)-1;
    source->taken++;
    *(char *)buffer = (char)c;
    return 1;
}

static int read_element(struct jv_stream *s, int first, json_t **value, struct err *e)
{
    struct element_source source = { s->reader, first, 0 };
    json_error_t j;

    /* a number or a word ends only at the byte behind it, which would be lost */
    if (first != '{' && first != '[' && first != '"')
        return expect(s, first, "an object, an array or a text", e);
    *value = json_load_callback(
        feed, &source, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &j);
    if (*value)
        return 0;
    if (reader_failure(s->reader, e) < 0)
        return e->code;
    if (source.taken >= JV_ELEMENT_MAX) {
        err_set(e, ERR_LIMIT, "a JSON element is too large");
        err_expected(e, "at most %d bytes", JV_ELEMENT_MAX);
    } else {
        parse_error(e, &j);
    }
    return reader_at(s->reader, e);
}

static int read_key(struct jv_stream *s, int first, char **key, struct err *e)
{
    json_t *text = NULL;
    int c, rc;

    if (first != '"')
        return expect(s, first, "a key in quotes", e);
    rc = read_element(s, first, &text, e);
    if (rc < 0)
        return rc;
    *key = strdup(json_string_value(text));
    json_decref(text);
    if (!*key)
        return err_set(e, ERR_NOMEM, "out of memory: a key");
    c = next_byte(s->reader);
    return c == ':' ? 0 : expect(s, c, "':'", e);
}

static int read_end(struct jv_stream *s, struct err *e)
{
    int c = next_byte(s->reader);

    s->done = true;
    return c == READER_END ? 0 : expect(s, c, "the end of the file", e);
}

int jv_stream_next(struct jv_stream *s, char **key, struct json_t **value, struct err *e)
{
    char close = s->object ? '}' : ']';
    char *name = NULL;
    int c, rc = 0;

    *value = NULL;
    if (key)
        *key = NULL;
    if (s->done)
        return 0;
    c = next_byte(s->reader);
    if (c == close)
        return read_end(s, e);
    if (!s->first) {
        if (c != ',')
            return expect(s, c, s->object ? "',' or '}'" : "',' or ']'", e);
        c = next_byte(s->reader);
    }
    s->first = false;
    if (s->object) {
        rc = read_key(s, c, &name, e);
        c = rc == 0 ? next_byte(s->reader) : READER_END;
    }
    if (rc == 0)
        rc = read_element(s, c, value, e);
    if (rc < 0 || !key)
        free(name);
    else
        *key = name;
    return rc < 0 ? rc : 1;
}

/* ---- writing ---- */

struct json_t *jv_pack(const char *fmt, ...)
{
    json_error_t j;
    json_t *v;
    va_list args;

    va_start(args, fmt);
    v = json_vpack_ex(&j, 0, fmt, args);
    va_end(args);
    return v;
}

struct json_t *jv_real(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

struct json_t *jv_array(void)
{
    return json_array();
}

struct json_t *jv_texts(const char *const *texts, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < n; i++)
        json_array_append_new(list, json_string(texts[i]));
    return list;
}

bool jv_append(struct json_t *array, struct json_t *value)
{
    return json_array_append_new(array, value) == 0;
}

bool jv_set(struct json_t *object, const char *key, struct json_t *value)
{
    return json_object_set_new(object, key, value) == 0;
}

char *jv_print(const struct json_t *v)
{
    return v ? json_dumps(v, JSON_INDENT(2) | JSON_REAL_PRECISION(12) | JSON_ENCODE_ANY) : NULL;
}

char *jv_print_line(const struct json_t *v)
{
    return v ? json_dumps(v, JSON_REAL_PRECISION(9) | JSON_ENCODE_ANY) : NULL;
}

char *jv_print_exact(const struct json_t *v)
{
    return v ? json_dumps(v, JSON_REAL_PRECISION(17) | JSON_ENCODE_ANY) : NULL;
}

char *jv_print_sorted(const struct json_t *v)
{
    return v ? json_dumps(v, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
}

char *jv_quoted(const char *s)
{
    json_t *text = json_string(s);
    char *quoted = text ? json_dumps(text, JSON_ENCODE_ANY) : NULL;

    json_decref(text);
    return quoted;
}
