/* SPDX-License-Identifier: MIT */
/*
 * net/client.h against a server that misbehaves: what comes back, and what is said of it.
 */
#include "support_faults.h"

#include "net/client.h"
#include "net/net.h"

struct world {
    struct faults *site;
    struct client *client;
    char url[300];
};

static int make_world(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct err e;

    *state = w;
    w->site = faults_new();
    return client_new(&w->client, &(struct client_options){ .connect_seconds = 5 }, &e);
}

static int end_world(void **state)
{
    struct world *w = *state;

    client_free(w->client);
    faults_free(w->site);
    free(w);
    return 0;
}

#define test_with_world(f) cmocka_unit_test_setup_teardown(f, make_world, end_world)

static const char *url_of(struct world *w, const char *path)
{
    snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%u%s", w->site->port, path);
    return w->url;
}

static struct client_answer wait_for(struct client *c)
{
    struct client_answer a;
    struct err e;
    int rc = client_next(c, PATIENCE, &a, &e);

    assert_ok(rc, &e);
    assert_int_equal(rc, 1);
    return a;
}

static struct client_answer ask(struct client *c, const struct client_request *r)
{
    struct err e;

    assert_ok(client_send(c, r, &e), &e);
    return wait_for(c);
}

static struct client_answer get(struct world *w, const char *path)
{
    return ask(w->client, &(struct client_request){ .url = url_of(w, path), .seconds = 10 });
}

/* ---- answers ---- */

static void an_answer_has_all_its_parts(void **state)
{
    static const char *const headers[] = { "Authorization: Bearer secret", "X-Two: 2" };
    struct world *w = *state;
    struct client_answer a;

    a = ask(w->client, &(struct client_request){ .url = url_of(w, "/ok"),
                                                 .headers = headers,
                                                 .n_headers = 2,
                                                 .body = "{\"a\": 1}",
                                                 .len = 8,
                                                 .tag = 77 });
    assert_int_equal(a.error.code, 0);
    assert_int_equal(a.tag, 77);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "{}");
    assert_int_equal(a.len, 2);
    assert_string_equal(a.type, "application/json");
    assert_string_equal(a.request_id, "req-7");
    assert_true(a.times == 1 && a.seconds > 0 && a.seconds < PATIENCE);
    assert_undefined(a.retry_after);
    assert_true(was_asked(w->site, "POST /ok HTTP/1.1\r\n"));
    assert_true(was_asked(w->site, "\r\nAuthorization: Bearer secret\r\n"));
    assert_true(was_asked(w->site, "\r\nX-Two: 2\r\n"));
    assert_true(was_asked(w->site, "\r\nContent-Type: application/json\r\n"));
    assert_int_equal(w->site->body, 8);
    a = get(w, "/ok");
    assert_true(was_asked(w->site, "GET /ok HTTP/1.1\r\n"));
    assert_false(was_asked(w->site, "secret"));
    assert_false(was_asked(w->site, "Content-Type"));
}

/* Servers that do not know "Expect" would let it wait. */
static void a_large_request_is_sent_at_once(void **state)
{
    struct world *w = *state;
    size_t len = 4 << 20;
    char *body = calloc(1, len);
    struct client_answer a;

    a = ask(w->client,
            &(struct client_request){ .url = url_of(w, "/ok"), .body = body, .len = len });
    assert_int_equal(a.status, 200);
    assert_false(was_asked(w->site, "Expect"));
    assert_int_equal(w->site->body, len);
    free(body);
}

static void a_status_is_an_answer(void **state)
{
    static const struct {
        const char *path;
        unsigned status;
        double retry_after;
    } rows[] = {
        { "/redirect", 302, NAN }, { "/busy", 429, 7 },       { "/busy-date", 503, 90 },
        { "/busy-odd", 503, NAN }, { "/continue", 200, NAN }, { "/longer", 200, NAN },
        { "/closes", 200, NAN },   { "/cookie", 200, NAN },
    };
    struct world *w = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct client_answer a = get(w, rows[i].path);

        if (a.status != rows[i].status || a.error.code != 0)
            fail_row(rows[i].path, "gives %u: %s", a.status, a.error.what);
        if (isnan(rows[i].retry_after) ? !isnan(a.retry_after)
                                       : !(a.retry_after == rows[i].retry_after))
            fail_row(rows[i].path, "retry after %g", a.retry_after);
    }
    get(w, "/ok");
    assert_false(was_asked(w->site, "cookie"));
}

/* ---- faults ---- */

static void a_fault_is_named(void **state)
{
    static const struct {
        const char *path;
        enum err_code code;
        const char *what;
        unsigned times; /* 2: not a word came by a kept connection */
    } rows[] = {
        { "/cut", ERR_IO, "cut off", 1 },
        { "/cut-chunk", ERR_IO, "cut off", 1 },
        { "/cut-between", ERR_IO, "cut off", 1 },
        { "/cut-head", ERR_IO, "cut off", 1 },
        { "/cut-line", ERR_IO, "without an answer", 2 },
        { "/half", ERR_IO, "cut off", 1 },
        { "/nothing", ERR_IO, "without an answer", 2 },
        { "/reset", ERR_IO, "broke", 2 },
        { "/ssh", ERR_FORMAT, "no HTTP", 1 },
        { "/bad-gzip", ERR_FORMAT, "unpacked", 1 },
        { "/large", ERR_LIMIT, "too large", 1 },
        { "/endless", ERR_LIMIT, "too large", 1 },
        { "/bomb", ERR_LIMIT, "too large", 1 },
        { "/headers", ERR_LIMIT, "headers are too large", 1 },
    };
    struct world *w = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct client_answer a = get(w, rows[i].path);

        if (a.status != 0 || a.error.code != rows[i].code || !strstr(a.error.what, rows[i].what))
            fail_row(rows[i].path, "gives %u, code %d: %s", a.status, a.error.code, a.error.what);
        assert_int_equal(a.times, rows[i].times);
        assert_false(a.timed_out);
        assert_string_equal(a.body, "");
        assert_contains(a.error.where, rows[i].path);
        assert_int_equal(get(w, "/ok").status, 200); /* nothing of it is left */
    }
}

static void what_goes_once_is_not_sent_again_by_itself(void **state)
{
    static const char *const paths[] = { "/cut-line", "/nothing", "/reset" };
    struct world *w = *state;

    for (size_t i = 0; i < COUNT(paths); i++) {
        struct client_answer a;

        get(w, "/ok"); /* a connection is kept */
        a = ask(w->client, &(struct client_request){
                               .url = url_of(w, paths[i]), .seconds = 10, .once = true });
        assert_int_equal(a.status, 0);
        assert_int_equal(a.times, 1);
        assert_contains(a.error.what, "without an answer");
    }
    assert_int_equal(get(w, "/ok").status, 200);
}

/* What an answer before it took may not be taken by this one. */
static void an_answer_may_be_as_large_as_it_may(void **state)
{
    struct world *w = *state;
    struct client_answer a;

    a = ask(w->client, &(struct client_request){ .url = url_of(w, "/bomb"), .answer_max = BOMB });
    assert_int_equal(a.status, 200);
    assert_int_equal(a.len, BOMB);
    a = ask(w->client,
            &(struct client_request){ .url = url_of(w, "/bomb"), .answer_max = BOMB - 1 });
    assert_int_equal(a.error.code, ERR_LIMIT);
    a = ask(w->client, &(struct client_request){ .url = url_of(w, "/busy"), .answer_max = 2 });
    assert_int_equal(a.status, 429);
    a = ask(w->client, &(struct client_request){ .url = url_of(w, "/late"), .answer_max = 4 });
    assert_int_equal(a.status, 200);
    a = ask(w->client, &(struct client_request){ .url = url_of(w, "/late"), .answer_max = 3 });
    assert_int_equal(a.error.code, ERR_LIMIT);
    assert_string_equal(a.error.got, "4 bytes");
    assert_string_equal(a.error.expected, "at most 3 bytes");
}

static void what_takes_too_long_ends(void **state)
{
    static const char *const paths[] = { "/never", "/drip" };
    struct world *w = *state;

    for (size_t i = 0; i < COUNT(paths); i++) {
        struct client_answer a =
            ask(w->client, &(struct client_request){ .url = url_of(w, paths[i]), .seconds = .3 });

        assert_int_equal(a.status, 0);
        assert_true(a.timed_out && a.times == 1);
        assert_true(a.seconds > .25 && a.seconds < 5);
        assert_string_equal(a.error.what, "no whole answer within 0.3 s");
    }
}

/* A port that nobody listens at. */
static uint16_t free_port(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (const struct sockaddr *)&at, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    close(fd);
    return ntohs(at.sin_port);
}

static void who_is_not_there_was_not_asked(void **state)
{
    struct world *w = *state;
    struct client_answer a;

    snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%u/", free_port());
    a = ask(w->client, &(struct client_request){ .url = w->url });
    assert_int_equal(a.error.code, ERR_IO);
    assert_contains(a.error.what, "cannot connect to the server: Connection refused");
    assert_int_equal(a.times, 0);
    a = ask(w->client, &(struct client_request){ .url = "http://nobody.invalid/x" });
    assert_true(a.timed_out || strstr(a.error.what, "no server of this name"));
    assert_int_equal(a.times, 0);
}

static void secrets_of_an_address_are_not_told(void **state)
{
    struct world *w = *state;
    struct client_answer a;
    char text[ERR_TEXT_MAX];

    snprintf(w->url, sizeof(w->url), "http://anna:hush@127.0.0.1:%u/cut?key=hush#hush",
             w->site->port);
    a = ask(w->client, &(struct client_request){ .url = w->url });
    assert_true(was_asked(w->site, "GET /cut?key=hush HTTP/1.1"));
    err_text(&a.error, text);
    assert_null(strstr(text, "hush"));
    assert_null(strstr(text, "anna"));
    snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%u/cut", w->site->port);
    assert_string_equal(a.error.where, w->url);
}

static void what_cannot_be_asked_is_refused(void **state)
{
    static const char *const urls[] = { "",
                                        "ftp://host/",
                                        "file:///etc/passwd",
                                        "//host/",
                                        "host",
                                        "http://",
                                        "http://a b/",
                                        "http://h/a b",
                                        "http://h:x/",
                                        "http://h/\n",
                                        "http://anna:hush@[::1/" };
    static const char *const headers[] = { "",       "no colon",        ": x",
                                           "A B: c", "A: b\r\nC: hush", "A: b\n" };
    struct world *w = *state;
    char text[ERR_TEXT_MAX];
    struct err e;

    for (size_t i = 0; i < COUNT(urls); i++) {
        assert_refused(client_send(w->client, &(struct client_request){ .url = urls[i] }, &e), &e,
                       ERR_ARG);
        err_text(&e, text);
        assert_null(strstr(text, "hush"));
    }
    for (size_t i = 0; i < COUNT(headers); i++) {
        struct client_request r = { .url = url_of(w, "/ok"),
                                    .headers = &headers[i],
                                    .n_headers = 1 };

        assert_refused(client_send(w->client, &r, &e), &e, ERR_ARG);
        err_text(&e, text);
        assert_null(strstr(text, "hush"));
    }
    assert_int_equal(client_in_flight(w->client), 0);
    assert_int_equal(w->site->requests, 0);
}

/* A proxy is told where to, and nothing else where that is by TLS. */
static void proxies_come_from_the_environment(void **state)
{
    static const char *const headers[] = { "Authorization: Bearer secret" };
    struct client_request r = { .headers = headers,
                                .n_headers = 1,
                                .url = "http://host.invalid/ok" };
    struct world *w = *state;

    setenv("http_proxy", url_of(w, ""), 1);
    setenv("https_proxy", w->url, 1);
    ask(w->client, &r);
    assert_true(was_asked(w->site, "GET http://host.invalid/ok HTTP/1.1\r\n"));
    r.url = "https://host.invalid/ok";
    assert_int_equal(ask(w->client, &r).status, 0);
    assert_true(was_asked(w->site, "CONNECT host.invalid:443 HTTP/1.1\r\n"));
    assert_false(was_asked(w->site, "secret"));
    unsetenv("http_proxy");
    unsetenv("https_proxy");
}

/* ---- many ---- */

static void connections_are_used_again(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 50; i++)
        assert_int_equal(get(w, "/ok").status, 200);
    assert_int_equal(w->site->connections, 1);
    assert_int_equal(w->site->requests, 50);
}

/* 64 at a time, each 0.2 s: three rounds of them take well below what they would one by one. */
static void many_are_in_flight(void **state)
{
    enum { MANY = 64, ROUNDS = 3 };
    struct world *w = *state;
    bool seen[MANY * ROUNDS] = { false };
    double began = clock_seconds();
    struct err e;

    for (uint64_t tag = 0, done = 0; done < COUNT(seen);) {
        struct client_request r = { .url = url_of(w, "/late"), .tag = tag };
        struct client_answer a;

        if (tag < COUNT(seen) && client_in_flight(w->client) < MANY) {
            assert_ok(client_send(w->client, &r, &e), &e);
            tag++;
            continue;
        }
        a = wait_for(w->client);
        assert_int_equal(a.status, 200);
        assert_false(seen[a.tag]);
        seen[a.tag] = true;
        done++;
    }
    assert_true(clock_seconds() - began < 10);
    assert_true(w->site->connections <= MANY);
    assert_int_equal(client_in_flight(w->client), 0);
}

static void connections_are_at_most_so_many(void **state)
{
    struct world *w = *state;
    struct client *c;
    struct err e;

    assert_ok(client_new(&c, &(struct client_options){ .connections = 2 }, &e), &e);
    for (int i = 0; i < 6; i++)
        assert_ok(client_send(c, &(struct client_request){ .url = url_of(w, "/late") }, &e), &e);
    for (int i = 0; i < 6; i++)
        assert_int_equal(wait_for(c).status, 200);
    assert_int_equal(w->site->connections, 2);
    for (int i = 0; i < 2; i++)
        assert_ok(client_send(c, &(struct client_request){ .url = url_of(w, "/never") }, &e), &e);
    assert_ok(client_send(c, &(struct client_request){ url_of(w, "/ok"), .seconds = .2 }, &e), &e);
    assert_true(wait_for(c).timed_out); /* of waiting for its turn */
    client_free(c);
}

/* ---- waiting ---- */

static bool is_cancelled(void *data)
{
    return ++*(int *)data > 2;
}

static void waiting_can_be_interrupted(void **state)
{
    struct world *w = *state;
    int asked = 0;
    const struct events ev = { .cancelled = is_cancelled, .data = &asked };
    struct client_answer a;
    struct client *c;
    struct err e;

    assert_ok(client_new(&c, &(struct client_options){ .events = &ev }, &e), &e);
    assert_ok(client_send(c, &(struct client_request){ .url = url_of(w, "/never") }, &e), &e);
    assert_refused(client_next(c, INFINITY, &a, &e), &e, ERR_INTERRUPTED);
    client_free(c); /* with one in flight */
}

static void waiting_has_an_end(void **state)
{
    struct world *w = *state;
    struct client_answer a;
    struct err e;
    double began = clock_seconds();

    assert_int_equal(client_next(w->client, .2, &a, &e), 0); /* nothing in flight: a pause */
    assert_true(clock_seconds() - began >= .19);
    assert_int_equal(client_next(w->client, INFINITY, &a, &e), 0);
    assert_ok(client_send(w->client, &(struct client_request){ .url = url_of(w, "/never") }, &e),
              &e);
    assert_int_equal(client_next(w->client, 0, &a, &e), 0);
    assert_int_equal(client_next(w->client, .1, &a, &e), 0);
    assert_int_equal(client_in_flight(w->client), 1);
}

/* ---- TLS ---- */

/* A certificate for 127.0.0.1, with its key, as PEM files of those names. */
static void make_certificate(const char *cert, const char *key)
{
    char command[1200];

    snprintf(command, sizeof(command),
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
             " -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -out '%s' -keyout '%s'"
             " 2>/dev/null",
             cert, key);
    assert_int_equal(system(command), 0);
}

static void say_hello(void *data, struct request *r)
{
    (void)data;
    request_reply(r, &(struct reply){ 200, "text/plain", NULL, "hello", false, 5 });
}

static struct server *start_tls(void **state, char url[100])
{
    static const struct server_route routes[] = { { "GET", "/", say_hello } };
    struct server_options o = { .host = "127.0.0.1", .routes = routes, .n_routes = 1 };
    struct server *s;
    struct err e;

    o.cert = scratch_path(state, "cert.pem");
    o.key = scratch_path(state, "key.pem");
    make_certificate(o.cert, o.key);
    assert_ok(server_start(&s, &o, &e), &e);
    snprintf(url, 100, "https://127.0.0.1:%u/", server_port(s));
    return s;
}

static struct client *client_of(const char *ca_file)
{
    struct client *c;
    struct err e;

    assert_ok(client_new(&c, &(struct client_options){ .ca_file = ca_file }, &e), &e);
    return c;
}

static struct err error_of(const char *ca_file, const char *url)
{
    struct client *c = client_of(ca_file);
    struct client_answer a = ask(c, &(struct client_request){ .url = url, .seconds = 5 });

    assert_int_equal(a.status, 0);
    assert_int_equal(a.times, 0);
    client_free(c);
    return a.error;
}

static void only_known_certificates_are_trusted(void **state)
{
    char url[100], other[100];
    struct server *s = start_tls(state, url);
    const char *cert = scratch_path(state, "cert.pem"), *ca = scratch_path(state, "other.pem");
    struct client *c;
    struct err e;

    make_certificate(ca, scratch_path(state, "other-key.pem"));
    assert_contains(error_of(NULL, url).what, "certificate is not trusted");
    assert_contains(error_of(ca, url).what, "certificate is not trusted");
    snprintf(other, sizeof(other), "https://localhost:%u/", server_port(s));
    assert_contains(error_of(cert, other).what, "certificate is not trusted"); /* of another name */
    write_file(ca, "nothing", 7);
    assert_contains(error_of(ca, url).what, "file of trusted certificates cannot be used");
    assert_refused(client_new(&c, &(struct client_options){ .ca_file = "/no/such" }, &e), &e,
                   ERR_IO);
    assert_null(c);
    server_stop(s);
}

static void requests_by_tls_go_side_by_side(void **state)
{
    enum { MANY = 32 };
    char url[100];
    struct server *s = start_tls(state, url);
    struct client *c = client_of(scratch_path(state, "cert.pem"));
    struct err e;

    for (int i = 0; i < MANY; i++)
        assert_ok(client_send(c, &(struct client_request){ .url = url }, &e), &e);
    for (int i = 0; i < MANY; i++)
        assert_string_equal(wait_for(c).body, "hello");
    client_free(c);
    server_stop(s);
}

static void tls_needs_a_server_that_speaks_it(void **state)
{
    struct world *w = *state;

    snprintf(w->url, sizeof(w->url), "https://127.0.0.1:%u/ok", w->site->port);
    assert_contains(error_of(NULL, w->url).what, "no TLS with the server");
}

/* ---- addresses ---- */

static void private_addresses_are_known(void **state)
{
    static const struct {
        const char *url;
        bool is;
    } rows[] = {
        { "http://localhost:8000/v1", true },
        { "http://LOCALHOST./", true },
        { "https://box.localhost/", true },
        { "http://mac.local:1234", true },
        { "http://127.0.0.1/", true },
        { "http://127.255.0.9/", true },
        { "http://127.1/", true },
        { "http://0x7f000001/", true },
        { "http://0.0.0.0:8000/", true },
        { "http://10.1.2.3/", true },
        { "http://172.16.0.1/", true },
        { "http://172.31.255.255/", true },
        { "http://192.168.1.1/", true },
        { "http://169.254.0.1/", true },
        { "http://[::1]:8000/", true },
        { "http://[fe80::1]/", true },
        { "http://[febf::1]/", true },
        { "http://[fd12::1]/", true },
        { "http://[::ffff:10.0.0.1]/", true },
        { "http://user:pass@10.0.0.1/", true },
        { "http://10.0.0.1@example.org/", false },
        { "http://example.org/127.0.0.1", false },
        { "https://api.openai.com/v1", false },
        { "http://8.8.8.8/", false },
        { "http://172.15.0.1/", false },
        { "http://172.32.0.1/", false },
        { "http://11.0.0.1/", false },
        { "http://[2001:db8::1]/", false },
        { "http://[fec0::1]/", false },
        { "http://[::ffff:8.8.8.8]/", false },
        { "http://10.0.0.1.example.org/", false },
        { "http://notlocalhost/", false },
        { "http://local/", false },
        { "http://xlocal.org/", false },
        { "ftp://localhost/", false },
        { "", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (client_url_is_private(rows[i].url) != rows[i].is)
            fail_row(rows[i].url, "is%s private", rows[i].is ? " not" : "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_world(an_answer_has_all_its_parts),
        test_with_world(a_large_request_is_sent_at_once),
        test_with_world(a_status_is_an_answer),
        test_with_world(a_fault_is_named),
        test_with_world(what_goes_once_is_not_sent_again_by_itself),
        test_with_world(an_answer_may_be_as_large_as_it_may),
        test_with_world(what_takes_too_long_ends),
        test_with_world(who_is_not_there_was_not_asked),
        test_with_world(secrets_of_an_address_are_not_told),
        test_with_world(what_cannot_be_asked_is_refused),
        test_with_world(proxies_come_from_the_environment),
        test_with_world(connections_are_used_again),
        test_with_world(many_are_in_flight),
        test_with_world(connections_are_at_most_so_many),
        test_with_world(waiting_can_be_interrupted),
        test_with_world(waiting_has_an_end),
        test_with_scratch(only_known_certificates_are_trusted),
        test_with_scratch(requests_by_tls_go_side_by_side),
        test_with_world(tls_needs_a_server_that_speaks_it),
        cmocka_unit_test(private_addresses_are_known),
    };

    for (const char *const *name =
             (const char *const[]){ "http_proxy", "https_proxy", "all_proxy", "no_proxy",
                                    "HTTPS_PROXY", "ALL_PROXY", NULL };
         *name; name++)
        unsetenv(*name);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
