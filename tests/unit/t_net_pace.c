/* SPDX-License-Identifier: MIT */
/*
 * net/pace.h against servers that are simulated: no clock runs, and nothing is sent.
 */
#include "support.h"

#include "net/pace.h"

enum { SEATS = 4096 };

/* How a server takes what is too much for it. */
enum manner {
    QUEUES,  /* it waits its turn */
    REFUSES, /* 429, at once */
    BATCHES, /* all at once, each slower: the rate grows with the root of how many there are */
};

struct server {
    enum manner manner;
    unsigned capacity;            /* requests at a time */
    double latency;               /* seconds of one alone */
    double noise;                 /* 0: all alike; 1: exponential */
    double per_minute;            /* 429 above that, for the rest of the minute; 0: no such limit */
    bool says_when;               /* Retry-After with a 429 of a minute's limit */
    double down_from, down_until; /* connections are refused */
    double stall;                 /* of each tenth of a second, when we read no answers */
};

struct flight {
    double sent, ends, retry_after;
    enum pace_outcome outcome;
};

struct world {
    struct server server;
    struct pace pace;
    double now, until;
    double tokens; /* of a request */
    uint64_t random;
    struct flight seats[SEATS];
    size_t n;
    double places[SEATS]; /* of the server: until when they are taken */
    double minute;        /* began */
    size_t in_minute;
    size_t sent, outcomes[4], early; /* early: sent before a Retry-After was over */
    double told;                     /* not to come before */
    unsigned most;                   /* in flight, ever */
};

static double uniform(struct world *w)
{
    return ((double)(random_next(&w->random) >> 11) + 0.5) * 0x1p-53;
}

static double service(struct world *w)
{
    const struct server *s = &w->server;

    return s->latency * (1 - s->noise + s->noise * -log(uniform(w)));
}

static size_t accepted(const struct world *w)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++)
        n += w->seats[i].outcome == PACE_OK;
    return n;
}

/* When it ends that comes now, at the place that is free first. */
static double take_place(struct world *w)
{
    double *first = &w->places[0];

    for (size_t i = 1; i < w->server.capacity; i++)
        if (w->places[i] < *first)
            first = &w->places[i];
    *first = fmax(*first, w->now) + service(w);
    return *first;
}

/* When what comes then is read. */
static double when_read(const struct world *w, double then)
{
    double tenth = floor(10 * then) / 10;

    return fmax(then, tenth + w->server.stall);
}

static bool is_over_minute(struct world *w)
{
    if (w->now >= w->minute + 60) {
        w->minute += 60 * floor((w->now - w->minute) / 60);
        w->in_minute = 0;
    }
    return w->server.per_minute > 0 && (double)++w->in_minute > w->server.per_minute;
}

static void serve(struct world *w, struct flight *f)
{
    const struct server *s = &w->server;
    size_t n = accepted(w);

    *f = (struct flight){ .sent = w->now, .ends = w->now + 0.01, .retry_after = NAN };
    if (w->now >= s->down_from && w->now < s->down_until) {
        f->outcome = PACE_FAILED;
    } else if (is_over_minute(w)) {
        f->outcome = PACE_OVERLOADED;
        f->retry_after = s->says_when ? w->minute + 60 - w->now : NAN;
    } else if (s->manner == REFUSES && n >= s->capacity) {
        f->outcome = PACE_OVERLOADED;
    } else if (s->manner == BATCHES) {
        f->ends = w->now + service(w) * sqrt((double)n + 1);
    } else {
        f->ends = when_read(w, take_place(w));
    }
}

static void send_one(struct world *w)
{
    assert_true(w->n < SEATS);
    pace_sent(&w->pace, w->now, w->tokens);
    w->early += w->now < w->told;
    serve(w, &w->seats[w->n]);
    w->n++;
    w->sent++;
    if (w->n > w->most)
        w->most = (unsigned)w->n;
}

static void take_one(struct world *w, size_t i)
{
    struct flight f = w->seats[i];

    w->seats[i] = w->seats[--w->n];
    w->outcomes[f.outcome]++;
    if (f.retry_after > 0)
        w->told = fmax(w->told, w->now + f.retry_after);
    pace_done(&w->pace, w->now,
              &(struct pace_answer){ .outcome = f.outcome,
                                     .seconds = w->now - f.sent,
                                     .retry_after = f.retry_after,
                                     .tokens_expected = w->tokens });
}

static size_t first_to_end(const struct world *w)
{
    size_t first = 0;

    for (size_t i = 1; i < w->n; i++)
        if (w->seats[i].ends < w->seats[first].ends)
            first = i;
    return first;
}

/* Sends whatever may be sent, until then. */
static void run_until(struct world *w, double until)
{
    for (;;) {
        double wait = pace_may_send(&w->pace, w->now, w->tokens), next;
        size_t first = first_to_end(w);

        if (wait == 0) {
            send_one(w);
            continue;
        }
        next = w->now + wait;
        if (w->n > 0 && w->seats[first].ends <= next)
            next = w->seats[first].ends;
        if (next > until)
            break;
        w->now = next;
        if (w->n > 0 && w->seats[first].ends <= next)
            take_one(w, first);
    }
    w->now = until;
}

static struct world *world_new(const struct server *s, const struct pace_limits *l)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_non_null(w);
    w->server = *s;
    w->random = l->seed + 1;
    pace_init(&w->pace, l, 0);
    return w;
}

/* ---- the limit ---- */

enum { SEEDS = 5 };

struct what_it_can {
    const char *name;
    struct server server;
    unsigned most;
    double rate;    /* the best */
    double part;    /* of that, which must be reached: the mean over some seeds */
    double refused; /* of what was sent, at most */
};

static const struct what_it_can cases[] = {
    { "one at a time", { .capacity = 1, .latency = 2 }, 256, 0.5, .95, 0 },
    { "four", { .capacity = 4, .latency = 1 }, 256, 4, .95, 0 },
    { "forty", { .capacity = 40, .latency = 1 }, 256, 40, .95, 0 },
    { "forty, unlike", { .capacity = 40, .latency = 1, .noise = .5 }, 256, 40, .95, 0 },
    { "forty, very unlike", { .capacity = 40, .latency = 1, .noise = 1 }, 256, 40, .92, 0 },
    { "200, fast", { .capacity = 200, .latency = .05 }, 512, 4000, .95, 0 },
    { "more than may be", { .capacity = 100, .latency = 1 }, 32, 32, .95, 0 },
    { "four, or 429", { REFUSES, 4, .latency = 1 }, 256, 4, .95, .01 },
    { "forty, or 429", { REFUSES, 40, .latency = 1 }, 256, 40, .95, .01 },
    { "forty, unlike, or 429", { REFUSES, 40, .latency = 1, .noise = .5 }, 256, 40, .95, .01 },
    { "200, or 429", { REFUSES, 200, .latency = .2 }, 512, 1000, .95, .01 },
    { "a batch", { BATCHES, .latency = .2, .noise = .3 }, 64, 40, .95, 0 },
};

/* In the second half of 1 000 times its latency: a few minutes to an hour. */
static void it_reaches_what_the_server_can(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct what_it_can *c = &cases[i];
        unsigned seeds = c->server.noise > 0 ? SEEDS : 1;
        double half = 500 * c->server.latency, part = 0, refused = 0;

        for (uint64_t seed = 0; seed < seeds; seed++) {
            struct world *w =
                world_new(&c->server, &(struct pace_limits){ 1, c->most, .seed = seed });
            size_t before;

            run_until(w, half);
            before = w->outcomes[PACE_OK];
            run_until(w, 2 * half);
            part += (double)(w->outcomes[PACE_OK] - before) / half / c->rate / seeds;
            refused += (double)w->outcomes[PACE_OVERLOADED] / (double)w->sent / seeds;
            assert_true(w->most <= c->most);
            free(w);
        }
        if (part < c->part || refused > c->refused)
            fail_row(c->name, "reached %.3f, and %.4f were refused", part, refused);
    }
}

/* The start is part of it, and so are our own pauses, when answers wait to be read. */
static void the_first_minute_is_used(void **state)
{
    static const struct server servers[] = {
        { .capacity = 64, .latency = .05, .noise = .05 },
        { .capacity = 64, .latency = .05, .noise = .05, .stall = .01 },
        { .capacity = 16, .latency = .1, .noise = .3, .stall = .01 },
        { .capacity = 160, .latency = .1, .noise = .3, .stall = .02 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(servers); i++) {
        double all = 60 * servers[i].capacity / servers[i].latency, part = 0;

        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            struct world *w = world_new(&servers[i], &(struct pace_limits){ 1, 256, .seed = seed });

            run_until(w, 60);
            part += (double)w->outcomes[PACE_OK] / all / SEEDS;
            assert_true(w->most <= 4 * servers[i].capacity);
            free(w);
        }
        if (part < .95)
            fail_row("a minute", "server %zu: %.3f", i, part);
    }
}

/* Where doubling overshoots, as it first must. */
static void the_first_refusals_are_few(void **state)
{
    struct world *w =
        world_new(&(struct server){ REFUSES, 40, .latency = 1 }, &(struct pace_limits){ 1, 256 });

    (void)state;
    while (w->sent < 1000)
        run_until(w, w->now + 1);
    assert_in_range(w->outcomes[PACE_OVERLOADED], 1, 50);
    assert_true(w->most <= 80);
    free(w);
}

static void a_fixed_number_stays(void **state)
{
    struct world *w =
        world_new(&(struct server){ .capacity = 4, .latency = 1 }, &(struct pace_limits){ 16, 16 });

    (void)state;
    for (int i = 1; i < 200; i++) {
        run_until(w, i);
        assert_int_equal(w->n, 16);
    }
    free(w);
}

/* ---- rates a minute ---- */

static void rates_a_minute_are_kept(void **state)
{
    static const struct {
        const char *name;
        struct pace_limits limits;
        double tokens;
        size_t least, most; /* requests in ten minutes */
    } rows[] = {
        { "three requests", { 1, 64, .requests_per_minute = 3 }, 0, 30, 31 },
        { "600 requests", { 1, 64, .requests_per_minute = 600 }, 0, 5700, 6010 },
        { "tokens", { 1, 64, .tokens_per_minute = 10000 }, 2000, 50, 51 },
        { "tokens, less than a request", { 1, 64, .tokens_per_minute = 100 }, 200, 5, 6 },
        { "both", { 1, 64, .requests_per_minute = 60, .tokens_per_minute = 1e4 }, 10, 570, 602 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world *w =
            world_new(&(struct server){ .capacity = 100, .latency = 1 }, &rows[i].limits);

        w->tokens = rows[i].tokens;
        run_until(w, 600);
        if (w->sent < rows[i].least || w->sent > rows[i].most)
            fail_row(rows[i].name, "%zu were sent", w->sent);
        free(w);
    }
}

/* What a request took counts, not what was expected of it. */
static void tokens_used_are_paid(void **state)
{
    const struct pace_limits l = { 1, 64, .tokens_per_minute = 6000 };
    struct pace p;

    (void)state;
    pace_init(&p, &l, 0);
    pace_sent(&p, 0, 1000);
    assert_near("expected", pace_may_send(&p, 0, 1000), 10, 1e-9);
    pace_done(&p, 1, &(struct pace_answer){ PACE_OK, 1, NAN, 1000, 500 });
    assert_near("less", pace_may_send(&p, 1, 1000), 4, 1e-9);
}

/* ---- refusals and failures ---- */

/* A server that takes 600 requests a minute and then refuses. */
static void refusals_do_not_become_a_storm(void **state)
{
    (void)state;
    for (int says_when = false; says_when <= true; says_when++)
        for (unsigned least = 1; least <= 64; least += 63) { /* adaptive; fixed */
            struct world *w = world_new(
                &(struct server){
                    .capacity = 1000, .latency = .5, .per_minute = 600, .says_when = says_when },
                &(struct pace_limits){ least, 64 });

            run_until(w, 1800);
            assert_int_equal(w->early, 0);
            assert_true(w->outcomes[PACE_OK] > 0.6 * 600 * 30);
            /* two rounds a minute where there is a fixed number, and then one at a time */
            assert_true(w->outcomes[PACE_OVERLOADED] < 30 * (least == 1 ? 20 : 2 * 64));
            free(w);
        }
}

static void nobody_sends_before_retry_after(void **state)
{
    struct pace p;

    (void)state;
    pace_init(&p, &(struct pace_limits){ 1, 64 }, 0);
    pace_sent(&p, 0, 0);
    pace_sent(&p, 0, 0);
    pace_done(&p, 1, &(struct pace_answer){ PACE_OVERLOADED, 1, 30, 0, 0 });
    assert_near("told", pace_may_send(&p, 1, 0), 30, 1e-9);
    pace_done(&p, 2, &(struct pace_answer){ PACE_OK, 2, NAN, 0, 0 }); /* changes nothing */
    assert_near("still", pace_may_send(&p, 2, 0), 29, 1e-9);
    assert_near("then", pace_may_send(&p, 31, 0), 0, 1e-9);
}

/* A minute's restart: few requests are lost by it, and soon after it is at work again. */
static void a_restart_is_waited_for(void **state)
{
    struct world *w = world_new(
        &(struct server){ .capacity = 40, .latency = 1, .down_from = 100, .down_until = 150 },
        &(struct pace_limits){ 1, 64 });
    size_t before;
    double seconds;

    (void)state;
    run_until(w, 150);
    assert_false(pace_is_broken(&w->pace, w->now, &seconds));
    before = w->outcomes[PACE_OK];
    run_until(w, 200);
    assert_true(w->outcomes[PACE_OK] - before > 500);
    assert_true(w->outcomes[PACE_FAILED] < 1000);
    free(w);
}

static void a_dead_server_is_noticed(void **state)
{
    struct world *w = world_new(
        &(struct server){ .capacity = 40, .latency = 1, .down_from = 100, .down_until = 1000 },
        &(struct pace_limits){ 1, 64 });
    double seconds;

    (void)state;
    run_until(w, 100);
    assert_false(pace_is_broken(&w->pace, w->now, &seconds));
    run_until(w, 180);
    assert_true(pace_is_broken(&w->pace, w->now, &seconds));
    assert_in_range((uintmax_t)seconds, 78, 80);
    assert_true(w->outcomes[PACE_FAILED] < 1500);
    run_until(w, 1100); /* somebody asked on, and it is back */
    assert_false(pace_is_broken(&w->pace, w->now, &seconds));
    assert_near("well", seconds, 0, 0);
    free(w);
}

/* Single ones are their requests' own matter. */
static void some_failures_slow_nothing_down(void **state)
{
    struct pace p;

    (void)state;
    pace_init(&p, &(struct pace_limits){ 8, 8 }, 0);
    for (int i = 0; i < 1000; i++) {
        pace_sent(&p, i, 0);
        pace_done(&p, i + .5,
                  &(struct pace_answer){ i % 5 == 0 ? PACE_FAILED : PACE_OK, .5, NAN, 0, 0 });
        assert_near("no pause", pace_may_send(&p, i + 1, 0), 0, 0);
    }
}

/* ---- retries ---- */

static void retries_wait_longer_each_time(void **state)
{
    static const double most[] = { .5, 1, 2, 4, 8, 16, 30, 30, 30 };
    struct pace p;

    (void)state;
    for (unsigned i = 0; i < COUNT(most); i++) {
        double sum = 0;

        pace_init(&p, &(struct pace_limits){ 1, 64, .seed = i }, 0);
        for (int k = 0; k < 1000; k++) {
            double seconds = pace_retry_seconds(&p, 1e4 * k, i + 1);

            assert_true(seconds >= 0 && seconds < most[i]);
            sum += seconds;
        }
        assert_near("the mean", sum / 1000, most[i] / 2, most[i] / 20);
    }
}

/* A fifth of the requests and ten more; later again. */
static void retries_have_a_budget(void **state)
{
    struct pace p;
    int allowed = 0;

    (void)state;
    pace_init(&p, &(struct pace_limits){ 1, 64 }, 0);
    for (int i = 0; i < 100; i++)
        pace_sent(&p, 0, 0);
    while (pace_retry_seconds(&p, 0, 1) >= 0)
        allowed++;
    assert_int_equal(allowed, 30);
    assert_true(pace_retry_seconds(&p, 1, 1) < 0);
    assert_true(pace_retry_seconds(&p, 60, 1) >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_reaches_what_the_server_can),
        cmocka_unit_test(the_first_minute_is_used),
        cmocka_unit_test(the_first_refusals_are_few),
        cmocka_unit_test(a_fixed_number_stays),
        cmocka_unit_test(rates_a_minute_are_kept),
        cmocka_unit_test(tokens_used_are_paid),
        cmocka_unit_test(refusals_do_not_become_a_storm),
        cmocka_unit_test(nobody_sends_before_retry_after),
        cmocka_unit_test(a_restart_is_waited_for),
        cmocka_unit_test(a_dead_server_is_noticed),
        cmocka_unit_test(some_failures_slow_nothing_down),
        cmocka_unit_test(retries_wait_longer_each_time),
        cmocka_unit_test(retries_have_a_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
