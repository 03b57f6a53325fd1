/* SPDX-License-Identifier: MIT
 *
 * recorder.c - a recording is written, a line a request as its answer comes.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "label/http/recording_line.h"

struct recorder {
    char *path;
    int fd;
    off_t end; /* behind the last whole line */
    struct buf line;
};

/* ---- opening ---- */

/* Reads the file's beginning: is it a recording? */
static int check_begin(const struct recorder *r, struct err *e)
{
    char begin[4096];
    ssize_t n = pread(r->fd, begin, sizeof(begin), 0);
    const char *end = n > 0 ? memchr(begin, '\n', (size_t)n) : NULL;
    int rc = n < 0 ? err_errno(e, "read", r->path)
                   : recording_header(begin, end ? (size_t)(end - begin) : 0, e);

    if (rc == 1)
        return 0;
    if (rc == 0) {
        err_set(e, ERR_FORMAT, "the file is there, and is no recording");
        err_expected(e, "a file that --record began, or a name that is free");
    }
    return err_at(e, "%s", r->path);
}

/* Where the last whole line ends. */
static int find_end(struct recorder *r, struct err *e)
{
    char block[16 * 1024];

    while (r->end > 0) {
        off_t from = r->end > (off_t)sizeof(block) ? r->end - (off_t)sizeof(block) : 0;
        ssize_t n = pread(r->fd, block, (size_t)(r->end - from), from);
        const char *last = n > 0 ? memrchr(block, '\n', (size_t)n) : NULL;

        if (n <= 0)
            return err_errno(e, "read", r->path);
        if (last) {
            r->end = from + (last - block) + 1;
            break;
        }
        r->end = from;
    }
    return 0;
}

static int cut_torn(struct recorder *r, const struct events *ev, struct err *e)
{
    struct stat st;
    int rc;

    if (fstat(r->fd, &st) < 0)
        return err_errno(e, "look at", r->path);
    r->end = st.st_size;
    if (st.st_size == 0)
        return 0;
    rc = check_begin(r, e);
    if (rc == 0)
        rc = find_end(r, e);
    if (rc < 0 || r->end == st.st_size)
        return rc;
    events_say(ev, EVENT_WARNING, "%s: its last line is torn, and is taken away", r->path);
    return ftruncate(r->fd, r->end) < 0 ? err_errno(e, "cut", r->path) : 0;
}

static int lock(const struct recorder *r, struct err *e)
{
    if (flock(r->fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno != EWOULDBLOCK)
        return err_errno(e, "lock", r->path);
    err_set(e, ERR_BUSY, "another process records there");
    err_hint(e, "each process has a file of its own; cat puts them into one");
    return err_at(e, "%s", r->path);
}

/* All of it, or nothing: a full disk leaves no half line. */
static int write_line(struct recorder *r, struct err *e)
{
    size_t done = 0;

    buf_putc(&r->line, '\n');
    if (buf_end(&r->line, "a recorded line", e) < 0)
        return e->code;
    while (done < r->line.len) {
        ssize_t n = write(r->fd, r->line.text + done, r->line.len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            err_errno(e, "write", r->path);
            if (ftruncate(r->fd, r->end) < 0)
                err_hint(e, "its last line is torn");
            return e->code;
        }
        done += (size_t)n;
    }
    r->end += (off_t)done;
    return 0;
}

static int begin(struct recorder *r, const struct events *ev, struct err *e)
{
    int rc;

    if (file_exists(r->path) && file_check_regular(r->path, e) < 0)
        return e->code;
    r->fd = open(r->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (r->fd < 0)
        return err_errno(e, "open", r->path);
    rc = lock(r, e);
    if (rc == 0)
        rc = cut_torn(r, ev, e);
    if (rc < 0)
        return rc;
    buf_printf(&r->line, "{\"assent_recording\":%d}", RECORDING_VERSION);
    return write_line(r, e);
}

int recorder_open(struct recorder **out, const char *path, const struct events *ev, struct err *e)
{
    struct recorder *r = mem_new(1, sizeof(*r), e);
    int rc;

    *out = NULL;
    if (!r)
        return ERR_NOMEM;
    *r = (struct recorder){ .fd = -1,
                            .path = strdup(path),
                            .line = BUF_INIT(RECORDING_LINE_MAX - (1 << 20)) };
    rc = r->path ? begin(r, ev, e) : err_set(e, ERR_NOMEM, "out of memory: a path");
    if (rc < 0)
        recorder_close(r);
    else
        *out = r;
    return rc;
}

void recorder_close(struct recorder *r)
{
    if (!r)
        return;
    if (r->fd >= 0)
        close(r->fd);
    buf_release(&r->line);
    free(r->path);
    free(r);
}

/* ---- lines ---- */

/* Are there control characters? Within JSON they are space between values. */
static bool is_one_line(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20)
            return false;
    return true;
}

static bool is_plain_object(const char *text, size_t len)
{
    struct json_t *all = NULL;
    struct err ignored;
    bool plain = len > 0 && (text[0] == '{' || text[0] == '[') && is_one_line(text, len) &&
                 jv_parse(&all, text, len, &ignored) == 0;

    jv_free(all);
    return plain;
}

/* A text from outside, in quotes; bytes that are no UTF-8 become '?'. */
static void put_text(struct buf *b, const char *text, size_t len)
{
    char *copy = strndup(text, len), *quoted;
    size_t at = 0, bad;

    while (copy && !text_utf8(copy + at, strlen(copy + at), &bad)) {
        at += bad;
        copy[at] = '?';
    }
    quoted = copy ? jv_quoted(copy) : NULL;
    if (quoted)
        buf_puts(b, quoted);
    else
        b->failed = ERR_NOMEM;
    free(quoted);
    free(copy);
}

static void put_body(struct buf *b, const char *text, size_t len)
{
    if (len == 0)
        buf_puts(b, "null");
    else if (is_plain_object(text, len))
        buf_add(b, text, len);
    else
        put_text(b, text, len);
}

static void put_answer(struct buf *b, const struct client_answer *a)
{
    char text[ERR_TEXT_MAX];

    buf_printf(b, ",\"status\":%u", a->status);
    if (a->status != 0) {
        buf_puts(b, ",\"type\":");
        put_text(b, a->type, strlen(a->type));
    }
    if (isfinite(a->retry_after))
        buf_printf(b, ",\"retry_after\":%.3f", a->retry_after);
    buf_printf(b, ",\"seconds\":%.6f", a->seconds);
    if (a->status != 0) {
        buf_puts(b, ",\"answer\":");
        put_body(b, a->body, a->len);
        return;
    }
    err_line(&a->error, text);
    buf_printf(b, ",\"connected\":%s,\"timed_out\":%s,\"error\":", a->times > 0 ? "true" : "false",
               a->timed_out ? "true" : "false");
    put_text(b, text, strlen(text));
}

int recorder_add(struct recorder *r, const struct recorded_request *q,
                 const struct client_answer *a, struct err *e)
{
    buf_clear(&r->line);
    buf_puts(&r->line, "{\"path\":");
    put_text(&r->line, q->path, strlen(q->path));
    buf_puts(&r->line, ",\"body\":");
    put_body(&r->line, q->body, q->len);
    put_answer(&r->line, a);
    buf_putc(&r->line, '}');
    return write_line(r, e);
}
