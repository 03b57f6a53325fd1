/* SPDX-License-Identifier: MIT */
/*
 * net/crowd.h: who goes where there are too many connections.
 */
#include "support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/crowd.h"

enum { SEATS = 8 };

/* Connections, and the clients' ends of them. */
struct hall {
    struct crowd crowd;
    struct guest *guests[SEATS];
    int sockets[SEATS][2];
    size_t n;
};

static void open_hall(struct hall *h, size_t most, size_t most_of_address)
{
    memset(h, 0, sizeof(*h));
    crowd_init(&h->crowd, most, most_of_address);
}

static void enter(struct hall *h, const char *address)
{
    struct sockaddr_in four = { .sin_family = AF_INET };
    struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
    bool is_six = strchr(address, ':') != NULL;
    const struct sockaddr *from = is_six ? (const void *)&six : (const void *)&four;

    assert_int_equal(inet_pton(from->sa_family, address,
                               is_six ? (void *)&six.sin6_addr : (void *)&four.sin_addr),
                     1);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, h->sockets[h->n]), 0);
    h->guests[h->n] = crowd_enter(&h->crowd, from, h->sockets[h->n][0], 100);
    assert_non_null(h->guests[h->n++]);
}

/* A letter a connection: 'x' where the server has ended it. */
static const char *seen(const struct hall *h, char out[SEATS + 1])
{
    char byte;

    for (size_t i = 0; i < h->n; i++)
        out[i] = recv(h->sockets[i][1], &byte, 1, MSG_DONTWAIT) == 0 ? 'x' : '.';
    out[h->n] = '\0';
    return out;
}

#define assert_seen(h, wanted)                              \
    do {                                                    \
        char seen_now[SEATS + 1];                           \
        assert_string_equal(seen((h), seen_now), (wanted)); \
    } while (0)

static void close_hall(struct hall *h)
{
    for (size_t i = 0; i < h->n; i++) {
        crowd_leave(&h->crowd, h->guests[i]);
        close(h->sockets[i][0]);
        close(h->sockets[i][1]);
    }
    assert_int_equal(h->crowd.n, 0);
    assert_null(h->crowd.addresses);
    crowd_release(&h->crowd);
}

static void whoever_was_idle_longest_goes_and_sessions_last(void **state)
{
    struct hall h;

    (void)state;
    open_hall(&h, 4, SIZE_MAX);
    for (int i = 0; i < 4; i++)
        enter(&h, "10.0.0.1");
    crowd_know(&h.crowd, h.guests[0]);
    crowd_hold(&h.crowd, h.guests[1]);
    crowd_wait(&h.crowd, h.guests[2], 100); /* it did something: the fourth is idle longer */
    assert_seen(&h, "....");
    enter(&h, "10.0.0.2");
    assert_seen(&h, "...x.");
    enter(&h, "10.0.0.3");
    assert_seen(&h, "..xx..");
    crowd_know(&h.crowd, h.guests[4]);
    crowd_know(&h.crowd, h.guests[5]);
    enter(&h, "10.0.0.4"); /* sessions and a newcomer: the oldest session's comes again */
    assert_seen(&h, "x.xx...");
    close_hall(&h);
}

static void a_newcomer_goes_where_everybody_is_answered(void **state)
{
    struct hall h;

    (void)state;
    open_hall(&h, 2, SIZE_MAX);
    for (int i = 0; i < 3; i++) {
        enter(&h, "10.0.0.1");
        crowd_hold(&h.crowd, h.guests[i]);
    }
    assert_seen(&h, "..x");
    crowd_wait(&h.crowd, h.guests[2], 1); /* it is on its way out: nothing more befalls it */
    crowd_know(&h.crowd, h.guests[2]);
    crowd_wait(&h.crowd, h.guests[0], 100);
    enter(&h, "10.0.0.1");
    assert_seen(&h, "x.x.");
    close_hall(&h);
}

static void an_address_has_its_own_limit(void **state)
{
    struct hall h;

    (void)state;
    open_hall(&h, 100, 2);
    enter(&h, "10.0.0.1");
    enter(&h, "10.0.0.2");
    enter(&h, "::ffff:10.0.0.1"); /* the same */
    enter(&h, "10.0.0.1");
    assert_seen(&h, "x...");
    enter(&h, "2001:db8:1:2::1");
    enter(&h, "2001:db8:1:2:ffff::9"); /* a network's */
    enter(&h, "2001:db8:1:3::1");
    enter(&h, "2001:db8:1:2::2");
    assert_seen(&h, "x...x...");
    close_hall(&h);
}

static void who_takes_too_long_goes(void **state)
{
    struct hall h;

    (void)state;
    open_hall(&h, 100, 100);
    for (int i = 0; i < 4; i++)
        enter(&h, "10.0.0.1");
    crowd_hold(&h.crowd, h.guests[1]);
    crowd_wait(&h.crowd, h.guests[2], 120);
    crowd_know(&h.crowd, h.guests[3]);
    crowd_sweep(&h.crowd, 99);
    assert_seen(&h, "....");
    crowd_sweep(&h.crowd, 101);
    assert_seen(&h, "x..x");
    assert_int_equal(h.crowd.n, 2);
    close_hall(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_was_idle_longest_goes_and_sessions_last),
        cmocka_unit_test(a_newcomer_goes_where_everybody_is_answered),
        cmocka_unit_test(an_address_has_its_own_limit),
        cmocka_unit_test(who_takes_too_long_goes),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("net_crowd", tests, NULL, NULL);
}
