/* SPDX-License-Identifier: MIT
 *
 * recording.c - a recording is read: where each request's answers are is in memory, what they are
 * stays in the file until it is asked for.
 */
#include "label/http/recording.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "label/http/recording_line.h"

enum { ENTRIES_MAX = 1 << 28, TYPE_MAX = 100 };

struct key {
    uint64_t half[2]; /* of 128 bits */
};

struct entry { /* an answer; the first of a request's also stands for the request */
    struct key key;
    uint64_t at;
    uint32_t len;
    uint32_t next;      /* of the same request; 0: none, the first entry is nobody's next */
    uint32_t last, now; /* of the request: the newest answer, that which is next */
    uint32_t run;
    bool all_found;
};

struct recording {
    struct recording_lines lines; /* the file; and the buffer that an answer is read into */
    char *path;
    struct entry *entries;
    size_t n, cap;
    uint32_t *slots; /* [n_slots] a request's first entry, plus 1; open addressing */
    size_t n_slots, n_requests;
    uint32_t run; /* whose lines are read */
    struct buf hashed;
    char *own; /* an answer that stood in quotes */
    char type[TYPE_MAX];
    char nothing[1]; /* the body of an answer without one */
};

/* ---- requests ---- */

static uint64_t half_of(const char *hex)
{
    char half[17];

    memcpy(half, hex, 16);
    half[16] = '\0';
    return strtoull(half, NULL, 16);
}

static int key_of(struct buf *b, const struct recorded_request *q, struct key *out, struct err *e)
{
    char hex[SHA256_HEX];
    int rc;

    buf_clear(b);
    buf_puts(b, q->path);
    buf_putc(b, '\n');
    buf_add(b, q->body, q->len);
    rc = buf_end(b, "a request", e);
    if (rc < 0)
        return rc;
    sha256_hex(b->text, b->len, hex);
    *out = (struct key){ { half_of(hex), half_of(hex + 16) } };
    return 0;
}

/* Where the request is, or would be. */
static size_t slot_of(const struct recording *r, const struct key *key)
{
    size_t i = key->half[0] & (r->n_slots - 1);

    while (r->slots[i] != 0 && memcmp(&r->entries[r->slots[i] - 1].key, key, sizeof(*key)) != 0)
        i = (i + 1) & (r->n_slots - 1);
    return i;
}

static int grow_slots(struct recording *r, struct err *e)
{
    size_t n = r->n_slots > 0 ? r->n_slots * 2 : 1024, before = r->n_slots;
    uint32_t *old = r->slots, *slots;

    if (2 * (r->n_requests + 1) <= r->n_slots)
        return 0;
    slots = mem_new(n, sizeof(*slots), e);
    if (!slots)
        return ERR_NOMEM;
    r->slots = slots;
    r->n_slots = n;
    for (size_t i = 0; i < before; i++)
        if (old[i] != 0)
            slots[slot_of(r, &r->entries[old[i] - 1].key)] = old[i];
    free(old);
    return 0;
}

/* Behind the answers of the same run; those of a run before it count no more. */
static void add_to(struct recording *r, struct entry *request, const struct entry *answer)
{
    if (request->run == answer->run) {
        r->entries[r->n] = *answer;
        r->entries[request->last].next = (uint32_t)r->n;
        request->last = (uint32_t)r->n++;
        return;
    }
    *request = *answer;
    request->last = request->now = (uint32_t)(request - r->entries);
}

static int add_entry(struct recording *r, const struct entry *answer, struct err *e)
{
    int rc = mem_grow(&r->entries, &r->cap, r->n + 1, sizeof(*r->entries), ENTRIES_MAX, e);
    size_t slot;

    if (rc == 0)
        rc = grow_slots(r, e);
    if (rc < 0)
        return rc;
    slot = slot_of(r, &answer->key);
    if (r->slots[slot] != 0) {
        add_to(r, &r->entries[r->slots[slot] - 1], answer);
        return 0;
    }
    r->entries[r->n] = *answer;
    r->entries[r->n].last = r->entries[r->n].now = (uint32_t)r->n;
    r->slots[slot] = (uint32_t)++r->n;
    r->n_requests++;
    return 0;
}

/* ---- opening ---- */

static int not_a_line(struct err *e)
{
    err_set(e, ERR_FORMAT, "no request with its answer");
    return err_expected(e, "{\"path\":..,\"body\":..,\"status\":..,\"answer\":..}");
}

static int read_request(struct recording *r, const struct recording_span *members, struct key *key,
                        struct err *e)
{
    struct recording_span path, body;
    char *own_path = NULL, *own_body = NULL;
    int rc = recording_body(&members[RECORDING_PATH], &own_path, &path, e);

    if (rc == 0)
        rc = recording_body(&members[RECORDING_BODY], &own_body, &body, e);
    if (rc == 0 && (path.len == 0 || path.len > RECORDING_PATH_MAX || !own_path))
        rc = not_a_line(e);
    if (rc == 0)
        rc = key_of(&r->hashed, &(struct recorded_request){ own_path, body.at, body.len }, key, e);
    free(own_path);
    free(own_body);
    return rc;
}

static int take_line(struct recording *r, const char *line, size_t len, uint64_t at, struct err *e)
{
    struct recording_span members[RECORDING_MEMBERS];
    struct entry entry = { .at = at, .len = (uint32_t)len, .run = r->run };
    int rc = recording_header(line, len, e);

    r->run += rc == 1;
    if (rc != 0)
        return rc < 0 ? rc : 0;
    if (r->run == 0) {
        err_set(e, ERR_FORMAT, "this is no recording");
        return err_expected(e, "a file that annotate --record wrote");
    }
    if (!recording_members(line, len, RECORDING_BODY, members) || members[RECORDING_BODY].len == 0)
        return not_a_line(e);
    rc = read_request(r, members, &entry.key, e);
    return rc < 0 ? rc : add_entry(r, &entry, e);
}

static int read_all(struct recording *r, const struct events *ev, struct err *e)
{
    const char *line;
    uint64_t at;
    size_t len;
    int rc;

    while ((rc = recording_lines_next(&r->lines, &line, &len, &at, e)) == 1) {
        rc = take_line(r, line, len, at, e);
        if (rc < 0)
            return recording_lines_at(&r->lines, e);
        rc = (r->lines.number & 0xfff) == 0 ? events_check(ev, e) : 0;
        if (rc < 0)
            return rc;
    }
    if (rc == 0 && r->run == 0) {
        err_set(e, ERR_FORMAT, "this is no recording: it has no whole line");
        return err_at(e, "%s", r->path);
    }
    if (rc == 0 && r->lines.torn)
        events_say(ev, EVENT_WARNING, "%s: its last line is torn, and is left out", r->path);
    return rc;
}

int recording_open(struct recording **out, const char *path, const struct events *ev, struct err *e)
{
    struct recording *r = mem_new(1, sizeof(*r), e);
    int rc;

    *out = NULL;
    if (!r)
        return ERR_NOMEM;
    *r = (struct recording){ .path = strdup(path), .hashed = BUF_INIT(RECORDING_LINE_MAX) };
    r->lines = (struct recording_lines){ .name = r->path, .fd = -1 };
    rc = r->path ? file_check_regular(path, e) : err_set(e, ERR_NOMEM, "out of memory: a path");
    if (rc == 0) {
        r->lines.fd = file_open(path, e);
        rc = r->lines.fd < 0 ? r->lines.fd : grow_slots(r, e);
    }
    if (rc == 0)
        rc = read_all(r, ev, e);
    if (rc < 0)
        recording_close(r);
    else
        *out = r;
    return rc;
}

void recording_close(struct recording *r)
{
    if (!r)
        return;
    if (r->lines.fd >= 0)
        close(r->lines.fd);
    recording_lines_release(&r->lines);
    buf_release(&r->hashed);
    free(r->entries);
    free(r->slots);
    free(r->own);
    free(r->path);
    free(r);
}

size_t recording_count(const struct recording *r)
{
    return r->n;
}

/* ---- looking up ---- */

/* NULL: it is not there, or there is no memory. */
static struct entry *request_of(struct recording *r, const struct recorded_request *q,
                                struct err *e)
{
    struct key key;
    uint32_t first;

    if (key_of(&r->hashed, q, &key, e) < 0)
        return NULL;
    first = r->slots[slot_of(r, &key)];
    return first != 0 ? &r->entries[first - 1] : NULL;
}

int recording_find(struct recording *r, const struct recorded_request *q, const char *model,
                   size_t *which, struct err *e)
{
    struct entry *request;

    *e = (struct err){ 0 };
    request = request_of(r, q, e);
    if (!request)
        return e->code != 0 ? e->code : recording_say_missing(r->lines.fd, r->path, q, model, e);
    *which = request->now;
    if (r->entries[request->now].next != 0)
        request->now = r->entries[request->now].next;
    else
        request->all_found = true;
    return 0;
}

bool recording_has_more(struct recording *r, const struct recorded_request *q)
{
    struct err ignored;
    const struct entry *request = request_of(r, q, &ignored);

    return request && !request->all_found;
}

/* ---- answers ---- */

static double number_of(const struct recording_span *span, double otherwise)
{
    char text[32] = "";
    double x;

    if (span->len == 0 || span->len >= sizeof(text))
        return otherwise;
    memcpy(text, span->at, span->len);
    return text_double(text, &x) && x >= 0 ? x : otherwise;
}

static bool is_true(const struct recording_span *span)
{
    return span->len == 4 && memcmp(span->at, "true", 4) == 0;
}

/* A text in quotes, cut where it does not fit. */
static void copy_text(const struct recording_span *span, char *out, size_t cap)
{
    struct recording_span text;
    struct err ignored;
    char *own;

    out[0] = '\0';
    if (recording_body(span, &own, &text, &ignored) == 0 && own)
        snprintf(out, cap, "%s", own);
    free(own);
}

static int take_body(struct recording *r, const struct recording_span *span,
                     struct client_answer *out, struct err *e)
{
    struct recording_span body;
    int rc;

    free(r->own);
    rc = recording_body(span, &r->own, &body, e);
    if (rc < 0)
        return rc;
    out->body = body.len == 0 ? r->nothing
                : r->own      ? r->own
                              : r->lines.buf + (body.at - r->lines.buf);
    if (body.len > 0 && !r->own)
        out->body[body.len] = '\0'; /* was a comma, or a brace */
    out->len = body.len;
    return 0;
}

static int take_answer(struct recording *r, const struct recording_span *members,
                       struct client_answer *out, struct err *e)
{
    char said[sizeof(out->error.what)];
    double status = number_of(&members[RECORDING_STATUS], -1);

    if (status < 0 || status > 999)
        return not_a_line(e);
    copy_text(&members[RECORDING_TYPE], r->type, sizeof(r->type));
    *out = (struct client_answer){ .status = (unsigned)status,
                                   .body = r->nothing,
                                   .type = r->type,
                                   .request_id = "",
                                   .seconds = number_of(&members[RECORDING_SECONDS], 0),
                                   .retry_after = number_of(&members[RECORDING_RETRY_AFTER], NAN),
                                   .times = 1 };
    if (out->status != 0)
        return take_body(r, &members[RECORDING_ANSWER], out, e);
    copy_text(&members[RECORDING_ERROR], said, sizeof(said));
    out->times = is_true(&members[RECORDING_CONNECTED]);
    out->timed_out = is_true(&members[RECORDING_TIMED_OUT]);
    err_set(&out->error, ERR_IO, "%s", said);
    return 0;
}

int recording_read(struct recording *r, size_t which, struct client_answer *out, struct err *e)
{
    const struct entry *entry = &r->entries[which];
    struct recording_span members[RECORDING_MEMBERS];
    struct recording_lines *l = &r->lines;
    ssize_t n;
    int rc = mem_grow(&l->buf, &l->cap, (size_t)entry->len + 1, 1, RECORDING_LINE_MAX, e);

    if (rc < 0)
        return rc;
    n = pread(l->fd, l->buf, entry->len, (off_t)entry->at);
    if (n < 0)
        return err_errno(e, "read", r->path);
    if ((size_t)n < entry->len ||
        !recording_members(l->buf, entry->len, RECORDING_MEMBERS, members))
        rc = not_a_line(e);
    else
        rc = take_answer(r, members, out, e);
    return rc < 0 ? err_at(e, "%s, byte %llu", r->path, (unsigned long long)entry->at) : 0;
}
