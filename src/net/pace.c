/* SPDX-License-Identifier: MIT */
#include "net/pace.h"

#include <math.h>

#include "base/random.h"

/* Each with its reason. */
static const unsigned MOST = 1 << 16;    /* in flight: connections that a machine may have */
static const unsigned START = 4;         /* in flight: even small servers take that many */
static const unsigned ANSWERS = 16;      /* an epoch has, at least .. */
static const unsigned ROUNDS = 2;        /* .. and of each request in flight, for bursts even out */
static const double CLEAR = 2;           /* standard errors: until then an epoch goes on .. */
static const unsigned LONG = 10;         /* .. for so many times its least length */
static const double EPOCH_SECONDS = 0.5; /* it lasts: commits and schedulers make rates uneven */
static const double HOLD_SECONDS = 20;   /* and LONG epochs it stays where it is best: looks around,
                                            which cost a step down or a few refusals, take 1 % */
static const unsigned STEP_PART = 4;     /* the step is a quarter: less drowns in noise */
static const double GAIN = 0.25; /* of what it brings an idle server, more in flight has to bring;
                                    batching servers give about half until they are full */
static const double BACK_OFF = 0.8;    /* times the limit; gentle, for the ceiling says the rest */
static const double BURST_SECONDS = 1; /* of a rate a minute, at once */
static const double FIRST_DELAY = 0.5; /* of a retry, at most, in seconds, and doubling (AWS,
                                          Brooker 2015: "Exponential backoff and jitter") */
static const double LONGEST_DELAY = 30;
static const double RETRY_PART = 0.2;  /* of the requests: more retries keep a sick server sick */
static const double RETRY_FREE = 10;   /* and so many whatever was sent, for small runs */
static const double FADE_SECONDS = 60; /* requests and retries of this long ago count by 1/e */
static const unsigned BROKEN_FAILURES = 10; /* in a row .. */
static const double BROKEN_SECONDS = 60;    /* .. for so long: a restart behind a proxy is over */

static unsigned between(unsigned n, unsigned least, unsigned most)
{
    return n < least ? least : n > most ? most : n;
}

static unsigned step_of(unsigned limit)
{
    return limit / STEP_PART > 0 ? limit / STEP_PART : 1;
}

/* ---- the limit ---- */

static unsigned top_of(const struct pace *p)
{
    return p->ceiling > p->limits.least ? p->ceiling : p->limits.least;
}

/* Counts anew: from the first answer to a request sent from now on. */
static void set_limit(struct pace *p, double now, unsigned limit)
{
    p->limit = between(limit, p->limits.least, top_of(p));
    p->epoch_began = now;
    p->epoch_counted = NAN;
    p->answers = 0;
    p->seconds = p->squares = 0;
    p->was_full = false;
}

/* What the epoch has measured: the rate, and its standard error as a logarithm, which is that of
 * the mean time of an answer (Little's law: in flight = rate x time). */
static struct pace_rate measured(const struct pace *p, double now)
{
    double n = p->answers, mean = p->seconds / n;
    double variance = fmax(p->squares / n - mean * mean, 0);

    return (struct pace_rate){ .limit = p->limit,
                               .rate = n / (now - p->epoch_counted),
                               .noise = mean > 0 ? sqrt(variance / n) / mean : 0 };
}

/* By how much more the rate rose, or less it fell, with the limit than GAIN asks for; above 0: more
 * in flight brings more. */
static double gained(const struct pace_rate *old, const struct pace_rate *r)
{
    double step = log((double)r->limit / old->limit);

    return (log(r->rate / old->rate) - GAIN * step) * (step < 0 ? -1 : 1);
}

static bool is_clear(const struct pace_rate *old, const struct pace_rate *r)
{
    return old->limit == 0 || old->limit == r->limit ||
           fabs(gained(old, r)) >= CLEAR * hypot(old->noise, r->noise);
}

static unsigned next_limit(const struct pace *p, bool more)
{
    unsigned step = step_of(p->limit), down = p->limit > step ? p->limit - step : 1;

    if (more)
        return p->limit + (p->slow_start ? p->limit : step);
    return p->old.limit > 0 && p->old.limit < down ? p->old.limit : down;
}

/* After a long time at one limit: a look below, from where it finds its way up anew, past what was
 * the top. */
static unsigned look_around(struct pace *p)
{
    p->holding = false;
    p->ceiling = p->limits.most;
    return next_limit(p, false);
}

static unsigned step_on(struct pace *p, const struct pace_rate *r)
{
    const struct pace_rate *old = &p->old;
    bool top = p->limit >= top_of(p);
    bool more = top || old->limit == 0 || (old->limit != r->limit && gained(old, r) >= 0);
    bool vain = !more && p->limit > old->limit; /* and harmless: what is too much waits there, and
                                                   is at hand when answers are late to be read */
    unsigned next = between(next_limit(p, more), p->limits.least, top_of(p));

    if (vain)
        next = p->ceiling = p->slow_start ? (old->limit + p->limit) / 2 : p->limit;
    p->slow_start = p->slow_start && more;
    p->holding = vain || next == p->limit;
    return next;
}

static void end_epoch(struct pace *p, double now, const struct pace_rate *r)
{
    unsigned next = p->holding ? look_around(p) : step_on(p, r);

    p->old = *r;
    set_limit(p, now, next);
    if (p->limit == r->limit && !p->holding) /* at the least: it can but look above */
        p->old.limit = 0;
}

/* Doubling goes on as soon as it clearly helps; that it does not is believed later. */
static bool is_over(const struct pace *p, double now, const struct pace_rate *r, unsigned wanted)
{
    double seconds = now - p->epoch_counted;
    bool is_long = p->answers >= LONG * wanted;

    if (p->holding)
        return is_long && seconds >= HOLD_SECONDS;
    if (seconds < EPOCH_SECONDS &&
        !(p->slow_start && (p->old.limit == 0 || gained(&p->old, r) > 0)))
        return false;
    return is_long || is_clear(&p->old, r);
}

static void count_answer(struct pace *p, double now, double seconds)
{
    struct pace_rate r;
    unsigned wanted = ROUNDS * p->limit > ANSWERS ? ROUNDS * p->limit : ANSWERS;

    if (isnan(p->epoch_counted)) {
        if (now - seconds >= p->epoch_began)
            p->epoch_counted = now;
        return;
    }
    p->answers++;
    p->seconds += seconds;
    p->squares += seconds * seconds;
    if (p->answers < wanted || now <= p->epoch_counted)
        return;
    r = measured(p, now);
    if (!is_over(p, now, &r, wanted))
        return;
    if (p->was_full)
        end_epoch(p, now, &r);
    else
        set_limit(p, now, p->limit); /* something else kept requests back */
}

/* ---- trouble ---- */

/* "Full jitter": anything up to the delay, so that those who failed together do not come back
 * together. */
static double delay(struct pace *p, unsigned attempt)
{
    double longest = fmin(ldexp(FIRST_DELAY, attempt < 16 ? (int)attempt : 16), LONGEST_DELAY);

    return longest * (double)(random_next(&p->random) >> 11) * 0x1p-53;
}

static void wait_until(struct pace *p, double then)
{
    p->not_before = fmax(p->not_before, then);
}

/* Since trouble no answer has come: one request alone finds out whether it is over. */
static bool is_probing(const struct pace *p)
{
    return p->setbacks > 0 && p->clean == 0;
}

/* One a round: those in flight when it came met the same trouble. From the second in a row on
 * everything pauses. */
static void setback(struct pace *p, double now, enum pace_outcome outcome)
{
    bool too_many = outcome != PACE_FAILED && !is_probing(p);

    p->setback_at = now;
    p->clean = 0;
    /* a failure may be one request's own; refusals are over when a round had none */
    p->clean_end = outcome == PACE_OVERLOADED ? ROUNDS * p->limit : 1;
    if (p->setbacks++ > 0)
        wait_until(p, now + delay(p, p->setbacks - 1));
    if (!too_many)
        return;
    p->slow_start = p->holding = false;
    p->old.limit = 0; /* what was measured before tells nothing any more */
    p->ceiling_least = p->limit / 2;
    set_limit(p, now, (unsigned)(BACK_OFF * p->limit));
}

static void note_trouble(struct pace *p, double now, const struct pace_answer *a)
{
    bool says_when = a->retry_after >= 0;

    if (says_when)
        wait_until(p, now + a->retry_after);
    if (!(says_when && a->outcome == PACE_OVERLOADED) && p->failures++ == 0)
        p->failing_since = now;
    if (now - a->seconds >= p->setback_at)
        setback(p, now, a->outcome);
    if (a->outcome == PACE_OVERLOADED && p->in_flight > 0 && p->in_flight < p->ceiling) {
        /* what it did not refuse; or it has other reasons than how many there are */
        p->ceiling = p->in_flight > p->ceiling_least ? p->in_flight : p->ceiling_least;
        set_limit(p, now, p->limit);
    }
}

static void note_answer(struct pace *p, double now, double seconds)
{
    p->failures = 0;
    if (++p->clean >= p->clean_end)
        p->setbacks = 0;
    count_answer(p, now, seconds);
}

static void fade(struct pace *p, double now)
{
    double left = exp((p->faded - now) / FADE_SECONDS);

    p->asked *= left;
    p->repeated *= left;
    p->faded = now;
}

double pace_retry_seconds(struct pace *p, double now, unsigned retry)
{
    fade(p, now);
    if (p->repeated + 1 > RETRY_PART * p->asked + RETRY_FREE)
        return -1;
    p->repeated++;
    return delay(p, retry > 0 ? retry - 1 : 0);
}

bool pace_is_broken(const struct pace *p, double now, double *seconds)
{
    *seconds = p->failures > 0 ? now - p->failing_since : 0;
    return p->failures >= BROKEN_FAILURES && *seconds >= BROKEN_SECONDS;
}

/* ---- requests ---- */

void pace_init(struct pace *p, const struct pace_limits *limits, double now)
{
    *p = (struct pace){ .limits = *limits,
                        .random = limits->seed,
                        .not_before = now,
                        .requests_free = now,
                        .tokens_free = now,
                        .slow_start = true,
                        .setback_at = now,
                        .faded = now };
    p->limits.least = between(limits->least, 1, MOST);
    p->limits.most = between(limits->most, p->limits.least, MOST);
    p->ceiling = p->limits.most;
    set_limit(p, now, START);
}

/* When a rate a minute lets the next one go (the generic cell rate algorithm: what was sent is paid
 * off at the rate, and several may go at once that are paid off within BURST_SECONDS). */
static double free_at(double paid, double cost, double per_minute)
{
    return per_minute > 0 ? paid - fmax(BURST_SECONDS - cost * 60 / per_minute, 0) : -INFINITY;
}

static double pay(double paid, double now, double cost, double per_minute)
{
    return per_minute > 0 ? fmax(paid, now) + cost * 60 / per_minute : paid;
}

double pace_may_send(struct pace *p, double now, double tokens)
{
    const struct pace_limits *l = &p->limits;
    double then = fmax(p->not_before, free_at(p->requests_free, 1, l->requests_per_minute));

    then = fmax(then, free_at(p->tokens_free, tokens, l->tokens_per_minute));
    if (then > now)
        return then - now;
    if (p->in_flight < (is_probing(p) ? 1 : p->limit))
        return 0;
    p->was_full = true;
    return INFINITY;
}

void pace_sent(struct pace *p, double now, double tokens)
{
    fade(p, now);
    p->asked++;
    p->in_flight++;
    p->requests_free = pay(p->requests_free, now, 1, p->limits.requests_per_minute);
    p->tokens_free = pay(p->tokens_free, now, tokens, p->limits.tokens_per_minute);
}

void pace_done(struct pace *p, double now, const struct pace_answer *a)
{
    if (p->in_flight > 0)
        p->in_flight--;
    if (a->tokens_used > 0 && p->limits.tokens_per_minute > 0)
        p->tokens_free += (a->tokens_used - a->tokens_expected) * 60 / p->limits.tokens_per_minute;
    if (a->outcome == PACE_OK)
        note_answer(p, now, a->seconds);
    else if (a->outcome != PACE_ELSEWHERE)
        note_trouble(p, now, a);
}
