/* SPDX-License-Identifier: MIT */
/*
 * net/: connections that live on, answers that are given later, the server's end and its beginning.
 */
#include "support_net.h"

/* ---- connections ---- */

static void a_connection_takes_one_request_after_the_other(void **state)
{
    static const struct exchange rows[] = {
        { "GET /", "", "", 200, "root" },        { "POST /echo", "", "abc", 200, "\"abc\"" },
        { "GET /refuse", "", "", 409, "taken" }, { "POST /cookie", "", "", 201, "made" },
        { "GET /name/x", "", "", 200, "<x>" },
    };
    struct site *s = *state;
    int fd = client_connect(s);

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct answer a = client_ask(fd, s, rows[i].line, "", rows[i].body, strlen(rows[i].body));

        assert_int_equal(a.status, rows[i].status);
        assert_contains(a.text.text + a.body, rows[i].has);
        answer_release(&a);
    }
    server_sweep(s->server); /* ends none that is in time */
    struct answer a = client_ask(fd, s, "GET /", "", "", 0);
    assert_int_equal(a.status, 200);
    answer_release(&a);
    close(fd);
}

static struct request *wait_kept(struct site *s)
{
    struct request *r = site_wait_kept(s);

    assert_non_null(r);
    return r;
}

/* Sends a request and leaves its answer to come. */
static int ask_later(const struct site *s)
{
    char text[100];
    int fd = client_connect(s);

    snprintf(text, sizeof(text), "GET /later HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n",
             server_port(s->server));
    client_send(fd, text, strlen(text));
    return fd;
}

static void assert_answered(int fd, unsigned status, const char *has)
{
    struct answer a = client_receive(fd, false);

    assert_int_equal(a.status, status);
    assert_contains(a.text.text + a.body, has);
    answer_release(&a);
    close(fd);
}

static void others_go_on_while_a_request_waits(void **state)
{
    struct site *s = *state;
    int first = ask_later(s);
    struct request *r = wait_kept(s);
    int second = ask_later(s);
    struct request *other = wait_kept(s);

    check_exchange(s, &(struct exchange){ "GET /", "", "", 200, "root" });
    reply_text(other, 200, "the second");
    assert_answered(second, 200, "the second");
    reply_text(r, 404, "the first");
    assert_answered(first, 404, "the first");
}

/* Answers /later from a thread of its own, as soon as it comes: mostly before the server's thread
 * has got to wait for it. */
enum { HASTY = 300 };

static void *answer_hastily(void *data)
{
    struct request *r;

    for (int i = 0; i < HASTY && (r = site_wait_kept(data)); i++)
        reply_text(r, 200, "hasty");
    return NULL;
}

static void an_answer_may_come_while_its_handler_returns(void **state)
{
    struct site *s = *state;
    int fd = client_connect(s);
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, answer_hastily, s), 0);
    for (int i = 0; i < HASTY; i++) {
        struct answer a = client_ask(fd, s, "GET /later", "", "", 0);

        assert_int_equal(a.status, 200);
        assert_contains(a.text.text + a.body, "hasty");
        answer_release(&a);
    }
    pthread_join(thread, NULL);
    close(fd);
}

static void who_asked_may_be_gone_when_the_answer_comes(void **state)
{
    struct site *s = *state;

    for (int i = 0; i < 20; i++) {
        int fd = ask_later(s);
        struct request *r = wait_kept(s);

        close(fd);
        reply_text(r, 200, "too late");
    }
    check_exchange(s, &(struct exchange){ "GET /", "", "", 200, "root" });
}

static void a_handler_can_ask_who_it_is_and_whether_he_is_gone(void **state)
{
    static const unsigned char local[CLIENT_BYTES] = { [10] = 255, 255, 127, 0, 0, 1 };
    double until = clock_seconds() + PATIENCE;
    unsigned char client[CLIENT_BYTES];
    int fd = ask_later(*state);
    struct request *r = wait_kept(*state);

    request_client(r, client);
    assert_memory_equal(client, local, sizeof(local));
    assert_false(request_gone(r));
    close(fd);
    while (!request_gone(r))
        assert_true(clock_seconds() < until);
    reply_text(r, 200, "too late");
}

/* ---- the end ---- */

static void after_refuse_all_only_what_waits_is_answered(void **state)
{
    static const struct exchange rows[] = {
        { "GET /", "", "", 503, "\"stopping\"" },
        { "POST /echo", "", "x", 503, "\"stopping\"" },
        { "GET /none", "", "", 503, "\"stopping\"" },
    };
    struct site *s = *state;
    int fd = ask_later(s);
    struct request *r = wait_kept(s);

    server_refuse_all(s->server);
    check_exchanges(s, rows, COUNT(rows));
    reply_text(r, 200, "still answered");
    assert_answered(fd, 200, "still answered");
}

static void *stop_server(void *data)
{
    struct site *s = data;

    server_stop(s->server);
    return NULL;
}

/* The last answer goes out though its reader comes after the stop began; then the port is free. */
static void stop_sends_what_is_answered_and_closes(void **state)
{
    struct site *s = *state;
    uint16_t port = server_port(s->server);
    int waiting = ask_later(s), idle = client_connect(s);
    struct request *r = wait_kept(s);
    struct server_options o = { .host = "127.0.0.1", .port = port, .routes = routes, .data = s };
    pthread_t thread;
    struct err e;
    char byte;

    reply_text(r, 200, "the last");
    assert_int_equal(pthread_create(&thread, NULL, stop_server, s), 0);
    pthread_join(thread, NULL);
    s->server = NULL;
    assert_answered(waiting, 200, "the last");
    assert_true(recv(idle, &byte, 1, 0) <= 0);
    close(idle);
    assert_ok(server_start(&s->server, &o, &e), &e);
    assert_int_equal(server_port(s->server), port);
}

/* Half a request is nothing to wait for. */
static void stop_refuses_what_nobody_has_answered(void **state)
{
    static const char half[] = "POST /echo HTTP/1.1\r\nContent-";
    struct site *s = *state;
    int fds[3], slow = client_connect(s);
    double began;

    for (size_t i = 0; i < COUNT(fds); i++) {
        fds[i] = ask_later(s);
        wait_kept(s);
    }
    client_send(slow, half, strlen(half));
    check_exchange(s, &(struct exchange){ "GET /", "", "", 200, "root" });
    began = clock_seconds();
    server_stop(s->server);
    s->server = NULL;
    assert_true(clock_seconds() - began < 1.5);
    close(slow);
    for (size_t i = 0; i < COUNT(fds); i++)
        assert_answered(fds[i], 503, "\"stopping\"");
}

/* ---- starting ---- */

static void a_port_in_use_is_refused_with_a_way_out(void **state)
{
    struct site *s = *state;
    const struct server_options o = { .host = "127.0.0.1", .port = server_port(s->server) };
    struct server *second;
    char where[40];
    struct err e;

    assert_refused(server_start(&second, &o, &e), &e, ERR_IO);
    assert_null(second);
    snprintf(where, sizeof(where), "127.0.0.1:%u", o.port);
    assert_string_equal(e.where, where);
    assert_contains(e.hint, "127.0.0.1:0");
}

static void hosts_and_files_that_are_not_there_are_refused(void **state)
{
    const char *garbage = scratch_path(state, "garbage.pem"),
               *none = scratch_path(state, "none.pem");
    const struct {
        struct server_options o;
        enum err_code code;
        const char *where;
    } rows[] = {
        { { .host = "999.0.0.1" }, ERR_ARG, "999.0.0.1" },
        { { .host = "no.such.host.invalid" }, ERR_ARG, "no.such.host.invalid" },
        { { .host = "192.0.2.1" }, ERR_IO, "192.0.2.1:0" }, /* RFC 5737: nobody's */
        { { .host = "127.0.0.1", .cert = none, .key = none }, ERR_IO, "none.pem" },
        { { .host = "127.0.0.1", .cert = garbage, .key = garbage }, ERR_IO, "garbage.pem" },
    };

    write_file(garbage, "no certificate\n", 15);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct server *s;
        struct err e;

        assert_refused(server_start(&s, &rows[i].o, &e), &e, rows[i].code);
        assert_null(s);
        assert_contains(e.where, rows[i].where);
    }
    server_stop(NULL);
}

static void loopback_is_told_from_other_addresses(void **state)
{
    static const struct {
        const char *host;
        bool loopback;
    } rows[] = {
        { "127.0.0.1", true },
        { "127.255.1.2", true },
        { "::1", true },
        { "localhost", true },
        { "LOCALHOST", true },
        { "0.0.0.0", false },
        { "128.0.0.1", false },
        { "::", false },
        { "::2", false },
        { "192.168.1.127", false },
        { "review.example", false },
        { "localhost.example", false },
        { "127.0.0.1.example", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (server_is_loopback(rows[i].host) != rows[i].loopback)
            fail_row(rows[i].host, "is %staken for loopback", rows[i].loopback ? "not " : "");
}

static void a_server_says_where_it_is(void **state)
{
    const struct site *s = *state;
    char wanted[40];

    snprintf(wanted, sizeof(wanted), "http://127.0.0.1:%u", server_port(s->server));
    assert_string_equal(server_address(s->server), wanted);
    assert_in_range(server_port(s->server), 1, 65535);
    assert_false(server_is_tls(s->server));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_site(a_connection_takes_one_request_after_the_other),
        test_with_site(others_go_on_while_a_request_waits),
        test_with_site(an_answer_may_come_while_its_handler_returns),
        test_with_site(who_asked_may_be_gone_when_the_answer_comes),
        test_with_site(a_handler_can_ask_who_it_is_and_whether_he_is_gone),
        test_with_site(after_refuse_all_only_what_waits_is_answered),
        test_with_site(stop_sends_what_is_answered_and_closes),
        test_with_site(stop_refuses_what_nobody_has_answered),
        test_with_site(a_port_in_use_is_refused_with_a_way_out),
        test_with_scratch(hosts_and_files_that_are_not_there_are_refused),
        cmocka_unit_test(loopback_is_told_from_other_addresses),
        test_with_site(a_server_says_where_it_is),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("net_life", tests, NULL, NULL);
}
