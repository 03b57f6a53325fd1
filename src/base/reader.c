/* SPDX-License-Identifier: MIT
 *
 * A reader keeps its unread bytes in buf[start, end): reader_line grows the buffer only while a
 * line does not fit it. Bytes are hashed when they are read from the file, not when they are handed
 * out.
 */
#include "base/reader.h"

#include <errno.h>
#include <iconv.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

/* UTF-16 is read in smaller pieces: as UTF-8 it takes one and a half times the room. */
enum { READ_SIZE = 64 * 1024, WIDE_SIZE = 16 * 1024 };

/* A file in UTF-16, which becomes UTF-8 as it is read. */
struct wide {
    iconv_t to_utf8;
    char bytes[WIDE_SIZE]; /* [0, n): not converted yet */
    size_t n;
};

struct reader {
    char *name;
    int fd; /* -1: all of it is in buf */
    char *buf;
    size_t start, end, cap;
    bool at_end;
    bool begun;        /* a byte order mark is behind us, or there is none */
    char line_end;     /* LF; CR in a file that has no LF where it begins */
    struct wide *wide; /* NULL: the file is UTF-8 */
    unsigned long line;
    struct sha256_ctx sha;
    struct err failed; /* code 0: none */
};

static void hex_of(const struct sha256_ctx *sha, char hex[SHA256_HEX])
{
    struct sha256_ctx copy = *sha;
    uint8_t digest[SHA256_DIGEST_SIZE];

    sha256_digest(&copy, sizeof(digest), digest);
    for (size_t i = 0; i < sizeof(digest); i++) {
        hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    hex[2 * sizeof(digest)] = '\0';
}

void sha256_hex(const void *data, size_t len, char hex[SHA256_HEX])
{
    struct sha256_ctx sha;

    sha256_init(&sha);
    sha256_update(&sha, len, data);
    hex_of(&sha, hex);
}

static unsigned digit_of(char hex)
{
    return (unsigned)(hex <= '9' ? hex - '0' : hex - 'a' + 10) & 15;
}

void sha256_fold(char hex[SHA256_HEX], const char other[SHA256_HEX])
{
    for (size_t i = 0; i + 1 < SHA256_HEX; i++)
        hex[i] = "0123456789abcdef"[digit_of(hex[i]) ^ digit_of(other[i])];
}

static int open_to_read(const char *path, struct err *e)
{
    struct stat st;
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? dup(STDIN_FILENO) : file_open(path, e);

    if (fd < 0)
        return standard ? err_errno(e, "open", path) : fd;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(fd);
        errno = EISDIR;
        return err_errno(e, "read", path);
    }
    return fd;
}

static int new_reader(struct reader **out, const char *name, struct err *e)
{
    struct reader *r = mem_new(1, sizeof(*r), e);

    *out = NULL;
    if (!r)
        return ERR_NOMEM;
    r->fd = -1;
    r->line_end = '\n';
    r->name = strdup(name);
    if (!r->name) {
        free(r);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    sha256_init(&r->sha);
    *out = r;
    return 0;
}

int reader_open(struct reader **out, const char *path, struct err *e)
{
    int rc = new_reader(out, strcmp(path, "-") == 0 ? "standard input" : path, e);

    if (rc < 0)
        return rc;
    (*out)->fd = rc = open_to_read(path, e);
    if (rc >= 0)
        rc = mem_grow(&(*out)->buf, &(*out)->cap, READ_SIZE, 1, READ_SIZE, e);
    if (rc < 0) {
        reader_close(*out);
        *out = NULL;
    }
    return rc < 0 ? rc : 0;
}

int reader_open_memory(struct reader **out, const char *name, const void *data, size_t len,
                       struct err *e)
{
    int rc = new_reader(out, name, e);

    if (rc < 0)
        return rc;
    rc = mem_grow(&(*out)->buf, &(*out)->cap, len + 1, 1, SIZE_MAX, e);
    if (rc < 0) {
        reader_close(*out);
        *out = NULL;
        return rc;
    }
    if (len > 0)
        memcpy((*out)->buf, data, len);
    (*out)->end = len;
    (*out)->at_end = true;
    sha256_update(&(*out)->sha, len, data);
    return 0;
}

void reader_close(struct reader *r)
{
    if (!r)
        return;
    if (r->fd >= 0)
        close(r->fd);
    if (r->wide)
        iconv_close(r->wide->to_utf8);
    free(r->wide);
    free(r->buf);
    free(r->name);
    free(r);
}

static int not_utf16(const struct reader *r, const char *what, struct err *e)
{
    err_set(e, ERR_FORMAT, "not UTF-16 text, as its byte order mark says: %s", what);
    return err_at(e, "%s", r->name);
}

/* Adds raw[0..n) to buf as UTF-8, which has room for it; *left bytes are part of a character. */
static int convert(struct reader *r, char *raw, size_t n, size_t *left, struct err *e)
{
    char *to = r->buf + r->end;
    size_t room = r->cap - r->end;

    *left = n;
    if (iconv(r->wide->to_utf8, &raw, left, &to, &room) == (size_t)-1 && errno != EINVAL)
        return not_utf16(r, "a surrogate without its pair", e);
    r->end = (size_t)(to - r->buf);
    if (*left >= sizeof(r->wide->bytes))
        return not_utf16(r, "its end is missing", e);
    memmove(r->wide->bytes, raw, *left);
    r->wide->n = *left;
    return 0;
}

/* Reads into at most `room` bytes. Sets at_end. */
static int read_bytes(struct reader *r, char *to, size_t room, size_t *got, struct err *e)
{
    ssize_t n;

    do
        n = read(r->fd, to, room);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return err_errno(e, "read", r->name);
    *got = (size_t)n;
    r->at_end = n == 0;
    sha256_update(&r->sha, *got, (const uint8_t *)to);
    return 0;
}

static int fill_wide(struct reader *r, struct err *e)
{
    struct wide *w = r->wide;
    size_t n = 0, left;
    int rc = read_bytes(r, w->bytes + w->n, sizeof(w->bytes) - w->n, &n, e);

    if (rc < 0)
        return rc;
    if (r->at_end)
        return w->n > 0 ? not_utf16(r, "it ends inside a character", e) : 0;
    return convert(r, w->bytes, w->n + n, &left, e);
}

/* Reads more behind buf[start, end), moving and growing as needed. Sets at_end. */
static int fill(struct reader *r, struct err *e)
{
    size_t n = 0;
    int rc = 0;

    if (r->at_end)
        return 0;
    if (r->start > 0) {
        memmove(r->buf, r->buf + r->start, r->end - r->start);
        r->end -= r->start;
        r->start = 0;
    }
    if (r->cap - r->end < READ_SIZE / 2)
        rc = mem_grow(&r->buf, &r->cap, r->cap + READ_SIZE, 1, READER_LINE_MAX + 2 * READ_SIZE, e);
    if (rc == 0 && r->wide)
        return fill_wide(r, e);
    if (rc == 0)
        rc = read_bytes(r, r->buf + r->end, r->cap - r->end, &n, e);
    r->end += n;
    return rc;
}

/* From UTF-16 on: what has been read of it is converted too. */
static int begin_wide(struct reader *r, const char *encoding, struct err *e)
{
    size_t n = r->end - r->start - 2, cap = n + n / 2 + READ_SIZE, left;
    char *before = r->buf, *raw = before + r->start + 2;
    int rc;

    r->wide = mem_new(1, sizeof(*r->wide), e);
    if (!r->wide)
        return ERR_NOMEM;
    r->wide->to_utf8 = iconv_open("UTF-8", encoding);
    if (r->wide->to_utf8 == (iconv_t)-1) {
        free(r->wide);
        r->wide = NULL;
        err_set(e, ERR_IO, "text in UTF-16, which this system cannot convert");
        return err_at(e, "%s", r->name);
    }
    r->buf = mem_new(cap, 1, e);
    r->cap = r->buf ? cap : 0;
    r->start = r->end = 0;
    rc = r->buf ? convert(r, raw, n, &left, e) : ERR_NOMEM;
    free(before);
    if (rc == 0 && r->at_end && r->wide->n > 0)
        rc = not_utf16(r, "it ends inside a character", e);
    return rc;
}

/* Passes over a byte order mark, once, at the file's start; it may come in pieces. */
static int begin(struct reader *r, struct err *e)
{
    const char *mark;
    size_t n;
    int rc = 0;

    if (r->begun)
        return 0;
    while (rc == 0 && !r->at_end && r->end - r->start < 3)
        rc = fill(r, e);
    if (rc < 0)
        return rc;
    r->begun = true;
    mark = r->buf + r->start;
    n = r->end - r->start;
    if (n >= 3 && memcmp(mark, "\xef\xbb\xbf", 3) == 0)
        r->start += 3;
    else if (n >= 2 && (memcmp(mark, "\xff\xfe", 2) == 0 || memcmp(mark, "\xfe\xff", 2) == 0))
        rc = begin_wide(r, mark[0] == '\xff' ? "UTF-16LE" : "UTF-16BE", e);
    n = r->end - r->start;
    if (rc == 0 && n > 1 && !memchr(r->buf + r->start, '\n', n) &&
        memchr(r->buf + r->start, '\r', n - 1))
        r->line_end = '\r';
    return rc;
}

static int check_line(const struct reader *r, const char *line, size_t len, struct err *e)
{
    const char *nul = memchr(line, '\0', len);
    size_t bad;

    if (nul) {
        err_set(e, ERR_FORMAT, "a NUL byte: this is a binary file, or text in UTF-16");
        err_got(e, "byte 0 at column %zu", (size_t)(nul - line) + 1);
        err_expected(e, "UTF-8 text, or UTF-16 with its byte order mark");
        err_hint(e, "if it is UTF-16, convert it: iconv -f utf-16le -t utf-8");
        return reader_at(r, e);
    }
    if (text_utf8(line, len, &bad))
        return 0;
    err_set(e, ERR_FORMAT, "not UTF-8 text");
    err_got(e, "byte 0x%02x at column %zu", (unsigned char)line[bad], bad + 1);
    err_hint(e, "if it is Latin-1, convert it: iconv -f latin1 -t utf-8");
    return reader_at(r, e);
}

static int line_too_long(const struct reader *r, struct err *e)
{
    err_set(e, ERR_LIMIT, "the line is too long");
    err_expected(e, "at most %d bytes", READER_LINE_MAX);
    return reader_at(r, e);
}

/* Where the line that starts at buf[start] ends, reading as much as that takes: *stop is the index
 * of its LF, or of the end of the file. */
static int find_line_end(struct reader *r, size_t *stop, struct err *e)
{
    size_t seen = 0; /* bytes of the line that hold no LF */

    for (;;) {
        const char *lf = memchr(r->buf + r->start + seen, r->line_end, r->end - r->start - seen);
        int rc;

        if (lf || r->at_end) {
            *stop = lf ? (size_t)(lf - r->buf) : r->end;
            return 0;
        }
        seen = r->end - r->start;
        if (seen > READER_LINE_MAX + 1) { /* 1: a CR that an LF may follow */
            r->line++;
            return line_too_long(r, e);
        }
        rc = fill(r, e);
        if (rc < 0)
            return rc;
    }
}

int reader_line(struct reader *r, const char **line, size_t *len, struct err *e)
{
    size_t stop = 0;
    int rc = begin(r, e);

    if (rc == 0)
        rc = find_line_end(r, &stop, e);
    if (rc < 0)
        return rc;
    if (stop == r->start && stop == r->end)
        return 0;
    r->line++;
    *line = r->buf + r->start;
    *len = stop - r->start;
    r->start = stop < r->end ? stop + 1 : stop;
    if (r->line_end == '\n' && *len > 0 && (*line)[*len - 1] == '\r')
        --*len;
    if (*len > READER_LINE_MAX)
        return line_too_long(r, e);
    rc = check_line(r, *line, *len, e);
    return rc < 0 ? rc : 1;
}

int reader_byte(struct reader *r)
{
    if (begin(r, &r->failed) < 0)
        return READER_FAILED;
    if (r->start == r->end && !r->at_end && fill(r, &r->failed) < 0)
        return READER_FAILED;
    if (r->line == 0)
        r->line = 1;
    if (r->start == r->end)
        return READER_END;
    if (r->buf[r->start] == r->line_end)
        r->line++;
    return (unsigned char)r->buf[r->start++];
}

int reader_failure(const struct reader *r, struct err *e)
{
    *e = r->failed;
    return e->code;
}

int reader_peek(struct reader *r, const char **start, size_t *len, struct err *e)
{
    int rc = 0;

    while (rc == 0 && !r->at_end && r->end - r->start < READ_SIZE / 4)
        rc = fill(r, e);
    if (rc == 0)
        rc = begin(r, e);
    *start = r->buf + r->start;
    *len = r->end - r->start;
    return rc;
}

const char *reader_name(const struct reader *r)
{
    return r->name;
}

int reader_each_line(const char *path, int (*each)(void *data, const char *line, struct err *e),
                     void *data, struct err *e)
{
    struct reader *r = NULL;
    const char *line;
    size_t len;
    int rc = reader_open(&r, path, e);

    while (rc == 0 && (rc = reader_line(r, &line, &len, e)) == 1) {
        char *copy = strndup(line, len);

        rc = copy ? 0 : err_set(e, ERR_NOMEM, "out of memory: a line");
        if (rc == 0 && len > 0)
            rc = each(data, copy, e);
        free(copy);
        if (rc < 0)
            reader_at(r, e);
    }
    reader_close(r);
    return rc;
}

unsigned long reader_line_number(const struct reader *r)
{
    return r->line;
}

bool reader_is_at_end(const struct reader *r)
{
    return r->at_end && r->start == r->end;
}

int reader_at(const struct reader *r, struct err *e)
{
    return err_at(e, "%s:%lu", r->name, r->line);
}

int reader_sha256(struct reader *r, char hex[SHA256_HEX], struct err *e)
{
    while (!r->at_end) {
        int rc;

        r->start = r->end;
        rc = fill(r, e);
        if (rc < 0)
            return rc;
    }
    hex_of(&r->sha, hex);
    return 0;
}
