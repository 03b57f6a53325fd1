/* SPDX-License-Identifier: MIT */
/*
 * net/: routes, what handlers are told, and what is refused before they see it: other hosts and
 * pages, bodies and heads that are too large, bytes that are no request. Over TLS: tests/cli.
 */
#include "support_net.h"

/* ---- routes ---- */

static void routes_are_found_by_method_and_path(void **state)
{
    static const struct exchange rows[] = {
        { "GET /", "", "", 200, "root" },
        { "GET /?q=1", "", "", 200, "root" },
        { "GET /both", "", "", 200, "root" },
        { "POST /both", "", "x", 200, "\"body\": \"x\"" },
        { "POST /", "", "", 405, "\"method\"" },
        { "GET /echo", "", "", 405, "\"method\"" },
        { "PUT /echo", "", "", 405, "\"method\"" },
        { "DELETE /both", "", "", 405, "\"method\"" },
        { "OPTIONS /both", "", "", 405, "\"method\"" },
        { "GET /none", "", "", 404, "\"not_found\"" },
        { "POST /none", "", "", 404, "\"not_found\"" },
        { "GET /BOTH", "", "", 404, "\"not_found\"" },
        { "GET /both/", "", "", 404, "\"not_found\"" },
        { "GET //", "", "", 404, "\"not_found\"" },
        { "GET /both/../both", "", "", 404, "\"not_found\"" },
    };

    check_exchanges(*state, rows, COUNT(rows));
}

static void a_path_with_a_slash_at_its_end_takes_one_name(void **state)
{
    static const struct exchange rows[] = {
        { "GET /name/x.jpg", "", "", 200, "<x.jpg>" },
        { "GET /name/caf%C3%A9%20x", "", "", 200, "<caf\xc3\xa9 x>" },
        { "GET /name/x?q=/y", "", "", 200, "<x>" },
        { "GET /name/", "", "", 404, "" },
        { "GET /name/..", "", "", 200, "<..>" },
        { "GET /name", "", "", 404, "" },
        { "GET /name/x/y", "", "", 404, "" },
        { "GET /name/x/", "", "", 404, "" },
        { "GET /name/x%2fy", "", "", 404, "" }, /* no way round by an escape */
        { "GET /name/..%2f..%2fetc%2fpasswd", "", "", 404, "" },
        { "POST /name/x", "", "", 405, "" },
    };

    check_exchanges(*state, rows, COUNT(rows));
}

static void head_is_get_without_its_body(void **state)
{
    char length[400];
    struct answer a = ask_once(*state, "HEAD /", "", "");

    assert_int_equal(a.status, 200);
    assert_string_equal(answer_header(&a, "Content-Length", length), "4");
    assert_int_equal(a.text.len, a.body);
    answer_release(&a);
    a = ask_once(*state, "HEAD /echo", "", "");
    assert_int_equal(a.status, 405);
    answer_release(&a);
}

/* ---- what a handler is told, and what it answers ---- */

static void handlers_see_query_header_cookie_and_body(void **state)
{
    static const struct exchange rows[] = {
        { "GET /show", "", "", 200,
          "\"q\": \"(none)\", \"header\": \"(none)\", \"cookie\": \"(none)\"" },
        { "GET /show?q=a%20b%2B&x=1", "", "", 200, "\"q\": \"a b+\"" },
        { "GET /show?x=1&q=", "", "", 200, "\"q\": \"\"" },
        { "GET /show", "x-TEST: some value\r\n", "", 200, "\"header\": \"some value\"" },
        { "GET /show", "Cookie: a=1; c=\"2\"; d=3\r\n", "", 200, "\"cookie\": \"2\"" },
        { "GET /show", "Cookie: cc=2\r\n", "", 200, "\"cookie\": \"(none)\"" },
        { "POST /echo", "", "{\"a\": 1}", 200, "\"length\": 8, \"body\": \"{\\\"a\\\": 1}\"" },
        { "POST /echo", "Content-Length: 0\r\n", "", 200, "\"length\": 0, \"body\": \"\"" },
        { "POST /echo?q=2", "X-Test: t\r\nCookie: c=3\r\n", "b", 200,
          "\"body\": \"b\", \"q\": \"2\", \"header\": \"t\", \"cookie\": \"3\"" },
    };

    check_exchanges(*state, rows, COUNT(rows));
}

static void answers_carry_the_headers_that_protect_a_page(void **state)
{
    static const char *const lines[] = { "GET /", "GET /none", "POST /", "GET /refuse",
                                         "POST /cookie" };
    static const struct {
        const char *name, *value;
    } wanted[] = {
        { "Content-Security-Policy", "default-src 'none'; script-src 'self';" },
        { "Content-Security-Policy", "frame-ancestors 'none'" },
        { "X-Content-Type-Options", "nosniff" },
        { "X-Frame-Options", "DENY" },
        { "Referrer-Policy", "no-referrer" },
        { "Cache-Control", "no-store" },
        { "Cross-Origin-Resource-Policy", "same-origin" },
        { "Cross-Origin-Opener-Policy", "same-origin" },
    };

    for (size_t i = 0; i < COUNT(lines); i++) {
        struct answer a = ask_once(*state, lines[i], "", "");
        char value[400];

        for (size_t h = 0; h < COUNT(wanted); h++)
            assert_contains(answer_header(&a, wanted[h].name, value), wanted[h].value);
        assert_int_equal(strstr(answer_header(&a, "Set-Cookie", value), "c=1; HttpOnly") != NULL,
                         strcmp(lines[i], "POST /cookie") == 0);
        answer_release(&a);
    }
}

static void refusals_say_a_code_and_a_message(void **state)
{
    struct answer a = ask_once(*state, "GET /refuse", "", "");
    struct json_t *v;
    struct err e;
    char type[400];

    assert_int_equal(a.status, 409);
    assert_string_equal(answer_header(&a, "Content-Type", type), "application/json");
    assert_ok(jv_parse(&v, a.text.text + a.body, a.len, &e), &e);
    assert_string_equal(jv_text(jv_get(jv_get(v, "error"), "code")), "taken");
    assert_string_equal(jv_text(jv_get(jv_get(v, "error"), "message")), "somebody \"else\" has it");
    jv_free(v);
    answer_release(&a);
}

/* ---- other hosts, other pages ---- */

/* Headers in which PORT stands for the server's. */
struct named {
    const char *headers;
    unsigned status;
};

static void check_named(struct site *s, const char *line, const struct named *row, const char *has)
{
    struct buf headers = BUF_INIT(1000);

    buf_puts(&headers, "");
    for (const char *c = row->headers; *c; c++)
        if (strncmp(c, "PORT", 4) == 0) {
            buf_printf(&headers, "%u", server_port(s->server));
            c += 3;
        } else {
            buf_putc(&headers, *c);
        }
    check_exchange(
        s, &(struct exchange){ line, headers.text, "", row->status, row->status < 400 ? "" : has });
    buf_release(&headers);
}

/* A page elsewhere can make its own name lead to this machine, but not change what it is called. */
static void another_host_is_refused(void **state)
{
    static const struct named rows[] = {
        { "Host: 127.0.0.1:PORT\r\n", 200 },
        { "Host: localhost:PORT\r\n", 200 },
        { "hOST: LocalHost:PORT\r\n", 200 },
        { "Host: evil.example:PORT\r\n", 421 },
        { "Host: 127.0.0.1\r\n", 200 }, /* a tunnel's end has any port */
        { "Host: localhost:9000\r\n", 200 },
        { "Host: [::1]:9000\r\n", 200 },
        { "Host: localhost:\r\n", 421 },
        { "Host: localhost:0\r\n", 421 },
        { "Host: localhost:90001\r\n", 421 },
        { "Host: localhost:9000x\r\n", 421 },
        { "Host: 127.0.0.2:PORT\r\n", 421 },
        { "Host: localhost.\r\n", 421 },
        { "Host: \r\n", 421 },
        { "Host: localhost.evil.example:PORT\r\n", 421 },
        { "Host: x127.0.0.1:PORT\r\n", 421 },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        check_named(*state, "GET /", &rows[i], "\"host\"");
}

static void another_page_is_refused(void **state)
{
    static const struct named rows[] = {
        { "", 200 },
        { "Origin: http://127.0.0.1:PORT\r\n", 200 },
        { "Origin: HTTP://LOCALHOST:PORT\r\n", 200 },
        { "Origin: https://127.0.0.1:PORT\r\n", 403 },
        { "Origin: http://127.0.0.1\r\n", 403 },
        { "Origin: http://evil.example\r\n", 403 },
        { "Origin: http://127.0.0.1:PORT.evil.example\r\n", 403 },
        { "Origin: http://localhost:9000\r\n", 403 }, /* another page of this machine */
        { "Host: localhost:9000\r\nOrigin: http://localhost:9000\r\n", 200 },
        { "Host: localhost:9000\r\nOrigin: http://localhost:9001\r\n", 403 },
        { "Host: localhost:9000\r\nOrigin: http://127.0.0.1:9000\r\n", 403 },
        { "Host: localhost:9000\r\nOrigin: http://evil.example\r\n", 403 },
        { "Origin: null\r\n", 403 },
        { "Origin: \r\n", 403 },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        check_named(*state, "POST /echo", &rows[i], "\"csrf\"");
}

/* People may reach the server by a name that is not its address's. */
static void the_name_that_people_use_is_taken_too(void **state)
{
    static const struct named rows[] = {
        { "Host: review.example:PORT\r\n", 200 },
        { "Host: review.example:PORT\r\nOrigin: http://review.example:PORT\r\n", 200 },
        { "Host: localhost:PORT\r\n", 200 },
        { "Host: other.example:PORT\r\n", 421 },
    };
    struct site *s = site_new();
    char wanted[80];

    *state = s;
    site_start(s, routes, COUNT(routes), "review.example");
    snprintf(wanted, sizeof(wanted), "http://review.example:%u", server_port(s->server));
    assert_string_equal(server_address(s->server), wanted);
    for (size_t i = 0; i < COUNT(rows); i++)
        check_named(s, "GET /", &rows[i], "\"host\"");
}

/* ---- what is too large, or no request ---- */

/* A body in pieces: its length is known only at its end. */
static struct answer ask_chunked(const struct site *s, const char *body, size_t len)
{
    enum { PIECE = 5000 };
    struct buf text = BUF_INIT(ANSWER_MAX);
    int fd = client_connect(s);
    struct answer a;

    buf_printf(&text,
               "POST /echo HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nTransfer-Encoding: chunked\r\n\r\n",
               server_port(s->server));
    for (size_t at = 0; at < len; at += PIECE) {
        size_t n = len - at < PIECE ? len - at : PIECE;

        buf_printf(&text, "%zx\r\n", n);
        buf_add(&text, body + at, n);
        buf_puts(&text, "\r\n");
    }
    buf_puts(&text, "0\r\n\r\n");
    client_send(fd, text.text, text.len);
    a = client_receive(fd, false);
    buf_release(&text);
    close(fd);
    return a;
}

static void bodies_have_a_greatest_size(void **state)
{
    char *body = malloc(SERVER_BODY_MAX + 2);

    assert_non_null(body);
    memset(body, 'x', SERVER_BODY_MAX + 1);
    body[SERVER_BODY_MAX + 1] = '\0';
    for (int chunked = 0; chunked < 2; chunked++) {
        for (size_t len = SERVER_BODY_MAX; len <= SERVER_BODY_MAX + 1; len++) {
            size_t before = calls_of(*state);
            const char *part = body + (SERVER_BODY_MAX + 1 - len);
            struct answer a =
                chunked ? ask_chunked(*state, part, len) : ask_once(*state, "POST /echo", "", part);

            assert_int_equal(a.status, len == SERVER_BODY_MAX ? 200 : 413);
            assert_contains(a.text.text + a.body,
                            len == SERVER_BODY_MAX ? "\"length\": 65536" : "\"too_large\"");
            assert_int_equal(calls_of(*state) - before, len == SERVER_BODY_MAX);
            answer_release(&a);
        }
    }
    free(body);
}

enum { ROOM = 100 << 10 };

static void let_in(void *data, struct request *r)
{
    (void)data;
    if (!request_header(r, "X-Test"))
        request_reply(r, &(struct reply){ .status = 401,
                                          .type = "text/plain",
                                          .bytes = "who?",
                                          .len = 4,
                                          .header = { "WWW-Authenticate", "Bearer" } });
}

static const struct server_route doors[] = { { "POST", "/echo", handle_echo, let_in } };

/* A server with a door, bodies of 100 KiB, and room for one and a half of them. */
static int start_large(void **state)
{
    struct site *s = site_new();
    const struct server_options o = { .host = "127.0.0.1",
                                      .routes = doors,
                                      .n_routes = COUNT(doors),
                                      .body_max = ROOM,
                                      .bodies_max = ROOM + ROOM / 2,
                                      .data = s };
    struct err e;

    assert_ok(server_start(&s->server, &o, &e), &e);
    *state = s;
    return 0;
}

static struct answer ask_large(const struct site *s, size_t len)
{
    char *body = malloc(len + 1);
    struct answer a;

    assert_non_null(body);
    memset(body, 'x', len);
    body[len] = '\0';
    a = ask_once(s, "POST /echo", "X-Test: t\r\n", body);
    free(body);
    return a;
}

static unsigned status_of_large(const struct site *s, size_t len, const char *has)
{
    struct answer a = ask_large(s, len);
    unsigned status = a.status;

    assert_contains(a.text.text, has);
    answer_release(&a);
    return status;
}

/* Sends a request's head only. */
static int ask_with_head(const struct site *s, const char *headers)
{
    int fd = client_connect(s);
    char head[400];
    int len = snprintf(head, sizeof(head), "POST /echo HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s\r\n",
                       server_port(s->server), headers);

    client_send(fd, head, (size_t)len);
    return fd;
}

static void bodies_share_the_room_there_is(void **state)
{
    struct site *s = *state;
    double until = clock_seconds() + PATIENCE;
    int fd;

    assert_int_equal(status_of_large(s, ROOM, "\"length\": 102400"), 200);
    assert_int_equal(status_of_large(s, ROOM + 1, "\"too_large\""), 413);
    fd = ask_with_head(s, "X-Test: t\r\nContent-Length: 102400\r\nExpect: 100-continue\r\n");
    assert_true(recv(fd, (char[25]){ 0 }, 25, MSG_WAITALL) == 25); /* 100 Continue: it has room */
    assert_int_equal(status_of_large(s, ROOM / 2 + 1, "\r\nRetry-After: "), 429);
    assert_int_equal(status_of_large(s, ROOM / 2, "\"length\": 51200"), 200);
    close(fd);
    while (status_of_large(s, ROOM, "") != 200)
        assert_true(clock_seconds() < until);
}

static void a_door_answers_before_the_body_comes(void **state)
{
    struct site *s = *state;
    int fd = ask_with_head(s, "Content-Length: 100\r\n");
    struct answer a = client_receive(fd, false);
    char value[400];

    assert_int_equal(a.status, 401);
    assert_string_equal(answer_header(&a, "WWW-Authenticate", value), "Bearer");
    assert_int_equal(calls_of(s), 0);
    answer_release(&a);
    close(fd);
}

static void a_body_may_hold_any_byte(void **state)
{
    struct site *s = *state;
    int fd = client_connect(s);
    struct answer a = client_ask(fd, s, "POST /echo", "", "a\0b", 3);

    assert_int_equal(a.status, 200);
    assert_contains(a.text.text + a.body, "\"length\": 3, \"body\": \"a\"");
    answer_release(&a);
    close(fd);
}

/* Nothing of it reaches a handler, and the server goes on. */
static void what_is_no_request_reaches_no_handler(void **state)
{
    static const struct {
        const char *bytes;
        bool waits;      /* the server does, for more */
        unsigned status; /* 0: it closes without a word */
    } rows[] = {
        { "\r\n\r\n\r\n", true, 0 },
        { "\x16\x03\x01\x02\x01\xfc\x03\x03", true, 0 }, /* TLS */
        { "GET / HTTP/1.1\r\nHost: x", true, 0 },
        { "hello\r\n\r\n", false, 0 },
        { "GET\r\n\r\n", false, 0 },
        { "GET / HTTP/9.9\r\n\r\n", false, 505 },
        { "GET / HTTP/1.1\r\n\r\n", false, 400 }, /* no Host */
        { "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", false, 400 },
        { "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1x\r\n\r\n", false, 400 },
    };
    struct site *s = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        int fd = client_connect(s);

        client_send(fd, rows[i].bytes, strlen(rows[i].bytes));
        if (!rows[i].waits) {
            struct answer a = client_receive(fd, false);

            if (a.status != rows[i].status)
                fail_row(rows[i].bytes, "gives %u", a.status);
            answer_release(&a);
        }
        close(fd);
    }
    assert_int_equal(calls_of(s), 0);
    check_exchange(s, &(struct exchange){ "GET /", "", "", 200, "root" });
}

static void heads_have_a_greatest_size(void **state)
{
    struct site *s = *state;
    char *header = malloc(SERVER_HEADERS_MAX + 20);
    struct answer a;

    assert_non_null(header);
    snprintf(header, 20, "X-Test: ");
    memset(header + 8, 'x', SERVER_HEADERS_MAX);
    memcpy(header + 8 + SERVER_HEADERS_MAX, "\r\n", 3);
    a = ask_once(s, "GET /", header, "");
    if (a.status != 0 && a.status != 413 && a.status != 431)
        fail_msg("a head of %d bytes gives %u", SERVER_HEADERS_MAX, a.status);
    answer_release(&a);
    free(header);
    assert_int_equal(calls_of(s), 0);
    check_exchange(s, &(struct exchange){ "GET /", "", "", 200, "root" });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_site(routes_are_found_by_method_and_path),
        test_with_site(a_path_with_a_slash_at_its_end_takes_one_name),
        test_with_site(head_is_get_without_its_body),
        test_with_site(handlers_see_query_header_cookie_and_body),
        test_with_site(answers_carry_the_headers_that_protect_a_page),
        test_with_site(refusals_say_a_code_and_a_message),
        test_with_site(another_host_is_refused),
        test_with_site(another_page_is_refused),
        cmocka_unit_test_teardown(the_name_that_people_use_is_taken_too, stop),
        test_with_site(bodies_have_a_greatest_size),
        cmocka_unit_test_setup_teardown(bodies_share_the_room_there_is, start_large, stop),
        cmocka_unit_test_setup_teardown(a_door_answers_before_the_body_comes, start_large, stop),
        test_with_site(a_body_may_hold_any_byte),
        test_with_site(what_is_no_request_reaches_no_handler),
        test_with_site(heads_have_a_greatest_size),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
