/* SPDX-License-Identifier: MIT */
#include "formats/csvfile.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FIELDS_MAX = 200000, ROW_NOT_BEGUN = 0 /* libcsv's parser state between two rows */ };

struct csvfile {
    struct reader *reader;
    struct csv_parser parser;
    char separator;
    bool row_ended, at_end;
    unsigned long line;
    struct buf text; /* the row's fields, each zero-ended */
    size_t *starts;  /* where each begins */
    const char **fields;
    size_t n, starts_cap, fields_cap;
    struct err failed; /* of a callback; code 0: none */
};

static size_t line_length(const char *text, size_t len)
{
    size_t n = 0;

    while (n < len && text[n] != '\n' && text[n] != '\r')
        n++;
    return n;
}

static char most_frequent(const char *line, size_t len)
{
    static const char candidates[] = { ',', ';', '\t' };
    size_t best = 0;
    char separator = ',';

    for (size_t c = 0; c < sizeof(candidates); c++) {
        size_t count = 0;

        for (size_t i = 0; i < len; i++)
            count += line[i] == candidates[c];
        if (count > best) {
            best = count;
            separator = candidates[c];
        }
    }
    return separator;
}

/* The length of a line "sep=;", which has no other sign; 0 where there is none. */
static size_t separator_line(const char *head, size_t len)
{
    size_t n = line_length(head, len);

    return n == 5 && n < len && strncasecmp(head, "sep=", 4) == 0 ? n : 0;
}

const char *csvfile_header(const char *head, size_t len, size_t *n, char *separator)
{
    size_t said = separator_line(head, len), start = said;

    while (said > 0 && start < len && (head[start] == '\r' || head[start] == '\n'))
        start++;
    *n = line_length(head + start, len - start);
    *separator = said > 0 ? head[said - 1] : most_frequent(head, *n);
    return head + start;
}

static int new_csvfile(struct csvfile **out, struct reader *r, char separator, struct err *e)
{
    struct csvfile *c = mem_new(1, sizeof(*c), e);

    *out = NULL;
    if (!c)
        return ERR_NOMEM;
    c->reader = r;
    c->separator = separator;
    c->text = BUF_INIT(2 * READER_LINE_MAX);
    if (csv_init(&c->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0) {
        free(c);
        return err_set(e, ERR_NOMEM, "out of memory: a CSV file");
    }
    csv_set_delim(&c->parser, (unsigned char)separator);
    *out = c;
    return 0;
}

int csvfile_open(struct csvfile **out, struct reader *r, struct err *e)
{
    const char *head, *line;
    size_t len, n;
    char separator;
    int rc = reader_peek(r, &head, &len, e);

    *out = NULL;
    if (rc < 0)
        return rc;
    csvfile_header(head, len, &n, &separator);
    if (separator_line(head, len) > 0)
        rc = reader_line(r, &line, &n, e);
    return rc < 0 ? rc : new_csvfile(out, r, separator, e);
}

int csvfile_ahead(const struct csvfile *c,
                  void (*row)(void *data, const char *const *fields, size_t n), void *data,
                  struct err *e)
{
    struct reader *r = NULL;
    struct csvfile *ahead = NULL;
    const char *const *fields;
    const char *head;
    struct err ended;
    size_t len, n;
    int rc = reader_peek(c->reader, &head, &len, e);

    if (rc == 0)
        rc = reader_open_memory(&r, reader_name(c->reader), head, len, e);
    if (rc == 0)
        rc = new_csvfile(&ahead, r, c->separator, e);
    /* the last one may be cut, and what is wrong with one is told when it is read */
    while (rc == 0 && csvfile_next(ahead, &fields, &n, &ended) == 1)
        row(data, fields, n);
    csvfile_close(ahead);
    reader_close(r);
    return rc;
}

void csvfile_close(struct csvfile *c)
{
    if (!c)
        return;
    csv_free(&c->parser);
    buf_release(&c->text);
    free(c->starts);
    free(c->fields);
    free(c);
}

static void on_field(void *text, size_t len, void *data)
{
    struct csvfile *c = data;

    if (c->failed.code || c->row_ended)
        return;
    if (mem_grow(&c->starts, &c->starts_cap, c->n + 1, sizeof(*c->starts), FIELDS_MAX, &c->failed) <
        0)
        return;
    c->starts[c->n++] = c->text.len;
    buf_add(&c->text, text, len);
    buf_putc(&c->text, '\0');
}

static void on_row(int end, void *data)
{
    struct csvfile *c = data;

    (void)end;
    if (c->row_ended && !c->failed.code)
        err_set(&c->failed, ERR_FORMAT, "a carriage return inside a line: it ends a row in CSV");
    c->row_ended = true;
}

static int parse_error(struct csvfile *c, struct err *e)
{
    if (csv_error(&c->parser) != CSV_EPARSE)
        return err_set(e, ERR_NOMEM, "out of memory: a CSV row");
    err_set(e, ERR_FORMAT, "quotes that RFC 4180 does not allow");
    err_hint(
        e, "a field with quotes, separators or line ends is put in quotes, and each quote in it is"
           " doubled; is the last quote missing?");
    return csvfile_at(c, e);
}

/* Gives libcsv one more line, or the end of the file. */
static int feed(struct csvfile *c, size_t *fed, struct err *e)
{
    const char *line;
    size_t len;
    int rc = reader_line(c->reader, &line, &len, e);

    if (rc < 0)
        return rc;
    if (c->line == 0)
        c->line = reader_line_number(c->reader);
    if (rc == 0) {
        c->at_end = true;
        if (csv_fini(&c->parser, on_field, on_row, c) != 0)
            return parse_error(c, e);
        return 0;
    }
    *fed += len + 1;
    if (*fed > READER_LINE_MAX) {
        err_set(e, ERR_LIMIT, "the row is too long: a quote that is never closed?");
        err_expected(e, "at most %d bytes", READER_LINE_MAX);
        return csvfile_at(c, e);
    }
    if (csv_parse(&c->parser, line, len, on_field, on_row, c) != len ||
        csv_parse(&c->parser, "\n", 1, on_field, on_row, c) != 1)
        return parse_error(c, e);
    return 0;
}

int csvfile_next(struct csvfile *c, const char *const **fields, size_t *n, struct err *e)
{
    size_t fed = 0;
    int rc = 0;

    c->n = 0;
    c->row_ended = false;
    buf_clear(&c->text);
    while (rc == 0 && !c->row_ended && !c->at_end) {
        if (c->parser.pstate == ROW_NOT_BEGUN)
            c->line = 0; /* the next line begins the row */
        rc = feed(c, &fed, e);
    }
    if (rc == 0 && c->failed.code) {
        *e = c->failed;
        rc = csvfile_at(c, e);
    }
    if (rc == 0)
        rc = buf_end(&c->text, "a CSV row", e);
    if (rc == 0)
        rc = mem_grow(&c->fields, &c->fields_cap, c->n, sizeof(*c->fields), FIELDS_MAX, e);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < c->n; i++)
        c->fields[i] = c->text.text + c->starts[i];
    *fields = c->fields;
    *n = c->n;
    return c->row_ended ? 1 : 0;
}

unsigned long csvfile_line(const struct csvfile *c)
{
    return c->line;
}

int csvfile_at(const struct csvfile *c, struct err *e)
{
    return err_at(e, "%s:%lu", reader_name(c->reader), c->line);
}

void csvfile_write(FILE *f, const char *field)
{
    size_t len = strlen(field);
    bool plain = strpbrk(field, ",;\t\"\r\n") == NULL;

    if (len > 0 && (field[0] == ' ' || field[len - 1] == ' '))
        plain = false;
    if (plain)
        fwrite(field, 1, len, f);
    else
        csv_fwrite(f, field, len);
}
