/* SPDX-License-Identifier: MIT
 *
 * A request is a transfer: one of curl's easy handles, which is used again for later ones, with the
 * answer as far as it came. curl's multi handle has those in flight, and keeps their connections.
 * curl itself repeats a request whose kept connection turns out to be closed, before any answer.
 */
#include "net/client.h"

#include <curl/curl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "net/private.h"

enum {
    CONNECTIONS = 256,
    CONNECT_SECONDS = 20,
    ANSWER_SECONDS = 120,
    ANSWER_MAX = 16 << 20,
    HEAD_MAX = 64 << 10, /* bytes of an answer's headers; curl has no bound for all of them */
    KEPT_MAX = 1 << 20,  /* bytes of a body's memory that the next answer takes over */
    SHOWN_MAX = 256,     /* bytes of an address in an error */
};

static const double LOOK_SECONDS = 0.1; /* between two looks at whether it shall end */

struct transfer {
    LIST_ENTRY(transfer) others;
    CURL *easy;
    struct curl_slist *headers;
    struct buf body;
    uint64_t tag;
    double sent, seconds;  /* when; that it may take */
    unsigned times;        /* it was put onto a connection */
    bool once;             /* and it shall be no second time */
    size_t head;           /* bytes of headers */
    bool head_is_whole;    /* curl takes half a head for all of it */
    char shown[SHOWN_MAX]; /* its address, without user, password and query */
    char none[1];          /* the body where there is none */
    char type[128], request_id[200], server[128];
    char detail[CURL_ERROR_SIZE];
};

struct client {
    CURLM *multi;
    struct client_options options;
    LIST_HEAD(, transfer) flying, idle;
    struct transfer *given; /* the last answer's */
    size_t n_flying;
};

/* ---- addresses ---- */

/* The address's parts; NULL: it is none, or no http or https one. curl_url_cleanup() it. */
static CURLU *parse_url(const char *url, CURLUcode *rc)
{
    CURLU *u = curl_url();
    char *scheme = NULL;

    *rc = u ? curl_url_set(u, CURLUPART_URL, url, 0) : CURLUE_OUT_OF_MEMORY;
    if (*rc == CURLUE_OK)
        *rc = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0);
    if (*rc == CURLUE_OK && strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
        *rc = CURLUE_UNSUPPORTED_SCHEME;
    curl_free(scheme);
    if (*rc == CURLUE_OK)
        return u;
    curl_url_cleanup(u);
    return NULL;
}

/* Writes what may be shown of it. */
static int show_url(const char *url, char out[SHOWN_MAX], struct err *e)
{
    static const CURLUPart secret[] = { CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY,
                                        CURLUPART_FRAGMENT };
    CURLUcode rc;
    CURLU *u = parse_url(url, &rc);
    char *shown = NULL;

    for (size_t i = 0; u && i < sizeof(secret) / sizeof(secret[0]); i++)
        curl_url_set(u, secret[i], NULL, 0);
    if (u)
        rc = curl_url_get(u, CURLUPART_URL, &shown, 0);
    if (rc == CURLUE_OK && snprintf(out, SHOWN_MAX, "%s", shown) >= SHOWN_MAX)
        text_ellipsis(out, SHOWN_MAX);
    curl_free(shown);
    curl_url_cleanup(u);
    if (rc == CURLUE_OK)
        return 0;
    err_set(e, rc == CURLUE_OUT_OF_MEMORY ? ERR_NOMEM : ERR_ARG,
            "the server's address cannot be used: %s", curl_url_strerror(rc));
    return err_expected(e, "http://HOST:PORT/PATH or https://HOST/PATH");
}

bool client_url_is_private(const char *url)
{
    CURLUcode rc;
    CURLU *u = parse_url(url, &rc);
    char *host = NULL;
    bool is = u && curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK && private_host(host);

    curl_free(host);
    curl_url_cleanup(u);
    return is;
}

/* ---- transfers ---- */

/* As somebody wants it, below 12 days; else as it is by itself. */
static double seconds_of(double wanted, double usual)
{
    return wanted > 0 ? fmin(wanted, 1e6) : usual;
}

static long milliseconds(double seconds)
{
    return (long)ceil(seconds * 1000);
}

/* Taking less than all of it ends the transfer. */
static size_t take_body(char *bytes, size_t size, size_t n, void *data)
{
    struct transfer *t = data;

    buf_add(&t->body, bytes, size * n);
    return t->body.failed ? 0 : size * n;
}

static size_t take_header(char *line, size_t size, size_t n, void *data)
{
    struct transfer *t = data;

    t->head += size * n;
    if (strncmp(line, "HTTP/", n < 5 ? n : 5) == 0)
        t->head_is_whole = false; /* of the answer behind a "100 Continue" */
    else if (line[0] == '\r' || line[0] == '\n')
        t->head_is_whole = true;
    return t->head > HEAD_MAX ? 0 : size * n;
}

/* Curl is about to send, for the first time or again. */
static int count_sending(void *data, char *to, char *from, int to_port, int from_port)
{
    struct transfer *t = data;

    (void)to;
    (void)from;
    (void)to_port;
    (void)from_port;
    if (t->once && t->times > 0)
        return CURL_PREREQFUNC_ABORT;
    t->times++;
    return CURL_PREREQFUNC_OK;
}

static void transfer_free(struct transfer *t)
{
    curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->headers);
    buf_release(&t->body);
    free(t);
}

/* What is the same for all requests. */
static CURLcode set_up(struct transfer *t, const struct client_options *o)
{
    static const struct {
        CURLoption option;
        long value;
    } always[] = {
        { CURLOPT_NOSIGNAL, 1 },
        { CURLOPT_QUICK_EXIT, 1 }, /* waits for no thread that asks DNS still */
        { CURLOPT_FOLLOWLOCATION, 0 },
        { CURLOPT_SUPPRESS_CONNECT_HEADERS, 1 }, /* of a proxy's answer */
        { CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
        { CURLOPT_TCP_KEEPALIVE, 1 },
        { CURLOPT_TCP_KEEPIDLE, 30 }, /* seconds, as the next: below what routers wait for */
        { CURLOPT_TCP_KEEPINTVL, 10 },
    };
    CURL *c = t->easy;
    CURLcode rc = CURLE_OK;

    for (size_t i = 0; rc == CURLE_OK && i < sizeof(always) / sizeof(always[0]); i++)
        rc = curl_easy_setopt(c, always[i].option, always[i].value);
    curl_easy_setopt(c, CURLOPT_PRIVATE, t);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, count_sending);
    curl_easy_setopt(c, CURLOPT_PREREQDATA, t);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->detail);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(o->connect_seconds));
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, ""); /* all that curl can unpack */
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(c, CURLOPT_USERAGENT, "assent/" ASSENT_VERSION);
    if (rc == CURLE_OK && o->ca_file)
        rc = curl_easy_setopt(c, CURLOPT_CAINFO, o->ca_file);
    if (rc == CURLE_OK && o->ca_file)
        rc = curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
    return rc;
}

/* One that is idle, or a new one; in no list. NULL: no memory. */
static struct transfer *transfer_get(struct client *c, struct err *e)
{
    struct transfer *t = LIST_FIRST(&c->idle);

    if (t) {
        LIST_REMOVE(t, others);
        return t;
    }
    t = mem_new(1, sizeof(*t), e);
    if (!t)
        return NULL;
    t->easy = curl_easy_init();
    if (t->easy && set_up(t, &c->options) == CURLE_OK)
        return t;
    transfer_free(t);
    err_set(e, ERR_NOMEM, "out of memory for a request");
    return NULL;
}

static void transfer_put(struct client *c, struct transfer *t)
{
    if (!t)
        return;
    curl_slist_free_all(t->headers);
    t->headers = NULL;
    if (t->body.cap > KEPT_MAX)
        buf_release(&t->body);
    LIST_INSERT_HEAD(&c->idle, t, others);
}

/* ---- requests ---- */

static bool is_header(const char *line)
{
    size_t name = strcspn(line, ": \t");

    return name > 0 && line[name] == ':' && text_is_printable(line);
}

static int add_header(struct transfer *t, const char *line, struct err *e)
{
    struct curl_slist *longer = curl_slist_append(t->headers, line);

    if (!longer)
        return err_set(e, ERR_NOMEM, "out of memory for a request");
    t->headers = longer;
    return 0;
}

static int add_headers(struct transfer *t, const struct client_request *r, struct err *e)
{
    bool typed = false;
    int rc = add_header(t, "Expect:", e); /* none: small servers do not know "100-continue" */

    for (size_t i = 0; rc == 0 && i < r->n_headers; i++) {
        if (!is_header(r->headers[i]))
            return err_set(e, ERR_ARG, "header %zu is not one line of 'Name: value'", i + 1);
        typed = typed || strncasecmp(r->headers[i], "Content-Type:", 13) == 0;
        rc = add_header(t, r->headers[i], e);
    }
    if (rc == 0 && r->body && !typed)
        rc = add_header(t, "Content-Type: application/json", e);
    return rc;
}

static CURLcode set_request(struct transfer *t, const struct client_request *r)
{
    CURL *c = t->easy;
    bool tls = strncmp(t->shown, "https:", 6) == 0;
    size_t max = r->answer_max > 0 ? r->answer_max : ANSWER_MAX;
    CURLcode rc = curl_easy_setopt(c, CURLOPT_URL, r->url);

    if (max > SIZE_MAX / 4)
        max = SIZE_MAX / 4;
    if (t->body.cap > max + 1) /* what is kept would let more in */
        buf_release(&t->body);
    buf_clear(&t->body);
    t->body.max = max + 1;
    t->detail[0] = '\0';
    t->head = 0;
    t->head_is_whole = false;
    t->times = 0;
    t->once = r->once;
    t->tag = r->tag;
    t->sent = clock_seconds();
    t->seconds = seconds_of(r->seconds, ANSWER_SECONDS);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, milliseconds(t->seconds));
    curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)max); /* as Content-Length has it */
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
    /* by TLS requests wait for the first connection, and share it where it turns out to be of
     * HTTP/2; without TLS nobody would know that before the first answer */
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION,
                     (long)(tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(c, CURLOPT_PIPEWAIT, (long)tls);
    curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
    if (r->body) {
        curl_easy_setopt(c, CURLOPT_POST, 1L);
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->len);
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, r->body);
    }
    return rc;
}

int client_send(struct client *c, const struct client_request *r, struct err *e)
{
    struct transfer *t = transfer_get(c, e);
    int rc = t ? show_url(r->url, t->shown, e) : ERR_NOMEM;

    if (rc == 0)
        rc = add_headers(t, r, e);
    if (rc == 0 &&
        (set_request(t, r) != CURLE_OK || curl_multi_add_handle(c->multi, t->easy) != CURLM_OK))
        rc = err_set(e, ERR_NOMEM, "out of memory for a request");
    if (rc < 0) {
        transfer_put(c, t);
        return rc;
    }
    LIST_INSERT_HEAD(&c->flying, t, others);
    c->n_flying++;
    return 0;
}

/* ---- errors ---- */

static const struct failure {
    CURLcode code;
    enum err_code as;
    bool system, curl; /* whose words say more */
    const char *what, *hint;
} failures[] = {
    { CURLE_COULDNT_RESOLVE_HOST, ERR_IO, false, false,
      "there is no server of this name, or DNS "
      "does not answer",
      "is the name spelled right, and is this machine online?" },
    { CURLE_COULDNT_RESOLVE_PROXY, ERR_IO, false, false,
      "there is no proxy of the name that the "
      "environment gives",
      "it comes from https_proxy, http_proxy or all_proxy; no_proxy lists "
      "who is reached without" },
    { CURLE_COULDNT_CONNECT, ERR_IO, true, false, "cannot connect to the server",
      "is it running, and is this its port?" },
    { CURLE_PEER_FAILED_VERIFICATION, ERR_IO, false, true,
      "the server's certificate is not trusted",
      "where it is your own server's, SSL_CERT_FILE names the file of certificates that vouches "
      "for it" },
    { CURLE_SSL_CACERT_BADFILE, ERR_IO, false, true,
      "the file of trusted certificates cannot be "
      "used",
      "it has to be PEM" },
    { CURLE_SSL_CONNECT_ERROR, ERR_IO, false, true, "no TLS with the server",
      "does it speak https at this port, or plain http?" },
    { CURLE_GOT_NOTHING, ERR_IO, false, false, "the server closed the connection without an answer",
      NULL },
    { CURLE_ABORTED_BY_CALLBACK, ERR_IO, false, false, /* count_sending's */
      "the server closed the connection without an answer", NULL },
    { CURLE_PARTIAL_FILE, ERR_IO, false, false, "the answer is cut off", NULL },
    { CURLE_RECV_ERROR, ERR_IO, true, false, "the connection broke before the answer's end", NULL },
    { CURLE_SEND_ERROR, ERR_IO, true, false, "the connection broke before the request's end",
      NULL },
    { CURLE_HTTP2, ERR_IO, false, true, "the HTTP/2 connection broke", NULL },
    { CURLE_HTTP2_STREAM, ERR_IO, false, true, "the server broke the answer off", NULL },
    { CURLE_UNSUPPORTED_PROTOCOL, ERR_FORMAT, false, false, "what answers is no HTTP server",
      "is this the right port?" },
    { CURLE_WEIRD_SERVER_REPLY, ERR_FORMAT, false, false, "the answer is no HTTP", NULL },
    { CURLE_BAD_CONTENT_ENCODING, ERR_FORMAT, false, false, "the answer cannot be unpacked", NULL },
    { CURLE_OUT_OF_MEMORY, ERR_NOMEM, false, false, "out of memory for an answer", NULL },
};

static const struct failure *find_failure(CURLcode code)
{
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
        if (failures[i].code == code)
            return &failures[i];
    return NULL;
}

/* NULL: the answer has none. */
static const char *header_of(const struct transfer *t, const char *name)
{
    struct curl_header *h;

    return curl_easy_header(t->easy, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK ? h->value : NULL;
}

static void too_large(struct err *e, const struct transfer *t, CURLcode code)
{
    const char *said = header_of(t, "Content-Length");

    if (t->head > HEAD_MAX) {
        err_set(e, ERR_LIMIT, "the answer's headers are too large");
        err_expected(e, "at most %d bytes", HEAD_MAX);
        return;
    }
    err_set(e, ERR_LIMIT, "the answer is too large");
    if (code == CURLE_FILESIZE_EXCEEDED && said)
        err_got(e, "%s bytes", said);
    err_expected(e, "at most %zu bytes", t->body.max - 1);
}

static void ran_out_of_time(struct err *e, const struct client *c, const struct client_answer *a,
                            const struct transfer *t)
{
    if (a->times == 0 && a->seconds < t->seconds)
        err_set(e, ERR_IO, "no connection within %g s", c->options.connect_seconds);
    else
        err_set(e, ERR_IO, "no whole answer within %g s", t->seconds);
}

/* Curl's own words go in only where the table says so: those can name no secret. */
static void explain(struct err *e, const struct client *c, const struct client_answer *a,
                    const struct transfer *t, CURLcode code)
{
    const struct failure *f = find_failure(code);
    long system = 0;

    curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &system);
    if (code == CURLE_FILESIZE_EXCEEDED || t->head > HEAD_MAX || t->body.failed == ERR_LIMIT)
        too_large(e, t, code);
    else if (t->body.failed)
        err_set(e, t->body.failed, "out of memory for an answer");
    else if (code == CURLE_OPERATION_TIMEDOUT)
        ran_out_of_time(e, c, a, t);
    else if (!f)
        err_set(e, ERR_IO, "the request failed: %s", curl_easy_strerror(code));
    else if (f->system && system != 0)
        err_set(e, f->as, "%s: %s", f->what, strerror((int)system));
    else if (f->curl && t->detail[0] != '\0')
        err_set(e, f->as, "%s: %s", f->what, t->detail);
    else
        err_set(e, f->as, "%s", f->what);
    if (f && f->hint)
        err_hint(e, "%s", f->hint);
    err_at(e, "%s", t->shown);
}

/* ---- answers ---- */

/* NaN: not said, or not understood. A date is counted from the server's own, as far as it says
 * that: its clock and ours may differ. */
static double retry_after(const struct transfer *t)
{
    const char *said = header_of(t, "Retry-After"), *date = header_of(t, "Date");
    time_t then, now = -1;
    double seconds;

    if (!said)
        return NAN;
    if (text_double(said, &seconds))
        return fmax(seconds, 0);
    then = curl_getdate(said, NULL);
    if (date)
        now = curl_getdate(date, NULL);
    if (now == -1)
        now = time(NULL);
    return then == -1 ? NAN : fmax(difftime(then, now), 0);
}

static void copy_header(char *out, size_t cap, const char *value, const char *until)
{
    size_t len = value ? strcspn(value, until) : 0;

    snprintf(out, cap, "%.*s", (int)(len < cap ? len : cap - 1), value ? value : "");
    text_printable(out);
}

static void read_answer(struct client_answer *a, struct transfer *t)
{
    long status = 0;

    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    a->status = (unsigned)status;
    a->retry_after = retry_after(t);
    copy_header(t->type, sizeof(t->type), header_of(t, "Content-Type"), "; \t");
    for (char *at = t->type; *at; at++)
        *at = (char)(*at >= 'A' && *at <= 'Z' ? *at + ('a' - 'A') : *at);
    copy_header(t->request_id, sizeof(t->request_id), header_of(t, "X-Request-Id"), "");
    copy_header(t->server, sizeof(t->server), header_of(t, "Server"), "");
    if (t->body.text) {
        a->body = t->body.text;
        a->len = t->body.len;
    }
}

static void finish(struct client *c, struct transfer *t, CURLcode code, struct client_answer *a)
{
    curl_off_t took = 0;

    curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &took);
    if (code == CURLE_OK && !t->head_is_whole)
        code = CURLE_PARTIAL_FILE;
    t->none[0] = t->type[0] = t->request_id[0] = t->server[0] = '\0';
    *a = (struct client_answer){ .tag = t->tag,
                                 .body = t->none,
                                 .type = t->type,
                                 .request_id = t->request_id,
                                 .server = t->server,
                                 .seconds =
                                     took > 0 ? (double)took / 1e6 : clock_seconds() - t->sent,
                                 .retry_after = NAN,
                                 .times = t->times,
                                 .timed_out = code == CURLE_OPERATION_TIMEDOUT };
    if (code == CURLE_OK)
        read_answer(a, t);
    else
        explain(&a->error, c, a, t, code);
}

static void hand_out(struct client *c, struct transfer *t, CURLcode code, struct client_answer *a)
{
    finish(c, t, code, a);
    curl_multi_remove_handle(c->multi, t->easy);
    LIST_REMOVE(t, others);
    c->n_flying--;
    c->given = t;
}

/* Its time is over. Curl sees to that itself, but not for those that wait for a connection. */
static struct transfer *find_overdue(const struct client *c)
{
    double now = clock_seconds() - LOOK_SECONDS;
    struct transfer *t;

    LIST_FOREACH(t, &c->flying, others)
    if (now - t->sent > t->seconds)
        break;
    return t;
}

/* Is an answer there? */
static bool take_answer(struct client *c, struct client_answer *out)
{
    const struct CURLMsg *m;
    struct transfer *t = NULL;
    int left;

    while ((m = curl_multi_info_read(c->multi, &left))) {
        if (m->msg != CURLMSG_DONE ||
            curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t) != CURLE_OK)
            continue;
        hand_out(c, t, m->data.result, out);
        return true;
    }
    t = find_overdue(c);
    if (t)
        hand_out(c, t, CURLE_OPERATION_TIMEDOUT, out);
    return t != NULL;
}

static int multi_failed(CURLMcode rc, struct err *e)
{
    return err_set(e, rc == CURLM_OUT_OF_MEMORY ? ERR_NOMEM : ERR_IO,
                   "the connections cannot be served: %s", curl_multi_strerror(rc));
}

int client_next(struct client *c, double seconds, struct client_answer *out, struct err *e)
{
    double until = clock_seconds() + seconds, left;
    CURLMcode did;
    int running, rc;

    transfer_put(c, c->given);
    c->given = NULL;
    for (;;) {
        did = curl_multi_perform(c->multi, &running);
        if (did != CURLM_OK)
            return multi_failed(did, e);
        if (take_answer(c, out))
            return 1;
        rc = events_check(c->options.events, e);
        if (rc < 0)
            return rc;
        left = until - clock_seconds();
        if (!(left > 0) || (isinf(left) && c->n_flying == 0))
            return 0;
        did = curl_multi_poll(c->multi, NULL, 0, (int)ceil(fmin(left, LOOK_SECONDS) * 1000), NULL);
        if (did != CURLM_OK)
            return multi_failed(did, e);
    }
}

size_t client_in_flight(const struct client *c)
{
    return c->n_flying;
}

/* ---- the client ---- */

int client_new(struct client **out, const struct client_options *o, struct err *e)
{
    struct client *c;
    long connections;

    *out = NULL;
    if (o->ca_file && access(o->ca_file, R_OK) != 0)
        return err_errno(e, "read", o->ca_file);
    c = mem_new(1, sizeof(*c), e);
    if (!c)
        return e->code;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
        free(c);
        return err_set(e, ERR_NOMEM, "curl does not start");
    }
    c->options = *o;
    c->options.connect_seconds = seconds_of(o->connect_seconds, CONNECT_SECONDS);
    LIST_INIT(&c->flying);
    LIST_INIT(&c->idle);
    c->multi = curl_multi_init();
    if (!c->multi) {
        client_free(c);
        return err_set(e, ERR_NOMEM, "out of memory for connections");
    }
    connections =
        o->connections > 0 && o->connections < INT32_MAX ? (long)o->connections : CONNECTIONS;
    curl_multi_setopt(c->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, connections); /* kept for the next request */
    *out = c;
    return 0;
}

void client_free(struct client *c)
{
    struct transfer *t;

    if (!c)
        return;
    transfer_put(c, c->given);
    while ((t = LIST_FIRST(&c->flying))) {
        curl_multi_remove_handle(c->multi, t->easy);
        LIST_REMOVE(t, others);
        transfer_put(c, t);
    }
    while ((t = LIST_FIRST(&c->idle))) {
        LIST_REMOVE(t, others);
        transfer_free(t);
    }
    curl_multi_cleanup(c->multi);
    curl_global_cleanup();
    free(c);
}
