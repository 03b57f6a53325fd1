/* SPDX-License-Identifier: MIT
 *
 * requests_take.c - what comes back: an answer, a refusal, or nothing; and what is asked again.
 */
#include "label/http/requesting.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    TRIES = 6,   /* of a request, before its picture cannot be answered */
    SUSPECTS = 3 /* pictures, one after the other, that show what is refused: they, or any */
};
#define LATER_SECONDS    5.0   /* where too much was repeated lately */
#define RETRY_AFTER_MOST 900.0 /* that a server is left alone where it asks for longer */
#define SAID_SECONDS     10.0  /* a pause that people are told of */

static void put_back(struct requests *r, struct slot *slot, double due)
{
    budget_again(&r->budget, requesting_kind(r, slot));
    r->bytes_out -= slot->sent ? slot->len : 0;
    free(slot->body);
    slot->body = NULL;
    slot->sent = false;
    slot->due = due;
}

/* Nothing was answered ever: is it this picture, or would the server refuse any? Others are asked
 * about first. */
static int suspect(struct requests *r, struct slot *slot, const struct err *why, struct err *e)
{
    put_back(r, slot, INFINITY);
    r->why = *why;
    if (++r->n_parked < SUSPECTS)
        return 0;
    *e = *why;
    return err_hint(e, "so it answers for each of the first %d pictures", SUSPECTS);
}

static void acquit(struct requests *r)
{
    for (size_t i = 0; r->n_parked > 0 && i < SLOTS; i++)
        if (r->slots[i].shot && !r->slots[i].sent)
            r->slots[i].due = 0;
    r->n_parked = 0;
    r->answered = true;
}

/* missing: so many of them are asked once more. */
static void end_questions(struct requests *r, const struct slot *slot, size_t missing)
{
    struct shot *shot = slot->shot;

    if (slot->stage == STAGE_DESCRIBE) { /* none was begun, and none will be */
        shot->n_begun = shot->asked->n;
        budget_forget(&r->budget, shot->asked->n);
    } else if (slot->stage == STAGE_ANSWER && asking_asks_again(r->asking)) {
        budget_forget(&r->budget, 1);
    }
    shot->n_done += slot->n - missing;
}

/* The request's questions cannot be answered; the picture's others can. */
static int give_up(struct requests *r, struct slot *slot, const struct err *why, struct err *e)
{
    struct shot *shot = slot->shot;
    char text[ERR_TEXT_MAX];

    if (!r->answered)
        return suspect(r, slot, why, e);
    err_line(why, text);
    for (size_t i = slot->first; i < slot->first + slot->n; i++)
        shot->raw[i] =
            (struct raw_answer){ .mass = NAN, .value = VALUE_ERROR, .top = jv_pack("s", text) };
    if (shot->n_failed == 0)
        shot->why = *why;
    shot->n_failed += slot->n;
    end_questions(r, slot, 0);
    requesting_free_slot(r, slot);
    return 0;
}

/* As the recorded run did: again at once, where it has another answer. */
static int replay_again(struct requests *r, struct slot *slot, const struct err *why, struct err *e)
{
    const struct exchange_request request = requesting_request(r, slot);

    if (!exchange_has_more(r->exchange, &request))
        return give_up(r, slot, why, e);
    put_back(r, slot, 0);
    return 0;
}

/* Once more, later; or not again. `overloaded` is no picture's fault: that is tried for as long as
 * the server is there. */
static int try_again(struct requests *r, struct slot *slot, bool overloaded, const struct err *why,
                     struct err *e)
{
    double now = clock_seconds(), delay = pace_retry_seconds(&r->pace, now, slot->tries), since;

    if (exchange_is_replay(r->exchange))
        return replay_again(r, slot, why, e);
    if (pace_is_broken(&r->pace, now, &since)) {
        *e = *why;
        e->hint[0] = '\0'; /* a part is said once */
        return err_hint(e,
                        "nothing was answered for %.0f s: is the server up? What was answered "
                        "before is kept, and annotate goes on where it stopped",
                        since);
    }
    if (!overloaded && slot->tries >= TRIES)
        return give_up(r, slot, why, e);
    put_back(r, slot, now + (delay >= 0 ? delay : LATER_SECONDS));
    return 0;
}

/* Of every failure, for those who look for it in the server's own log. */
static void say_failure(const struct requests *r, const struct slot *slot, const struct err *why)
{
    char text[ERR_TEXT_MAX];

    err_line(why, text);
    events_say(r->events, EVENT_DETAIL, "%s: try %u: %s",
               slot->shot->name ? slot->shot->name : "a picture", slot->tries, text);
}

/* ---- answers ---- */

/* What an answer says, even one that is none, is paid for. */
static int count_tokens(struct requests *r, const struct slot *slot, bool answered,
                        const struct protocol_usage *usage, struct err *e)
{
    if (answered || usage->prompt > 0)
        budget_paid(&r->budget, requesting_kind(r, slot), usage);
    if (r->budget.used.silent == 0 || r->budget.limits.cost <= 0)
        return 0;
    err_set(e, ERR_FORMAT, "the server does not say its tokens, so the cost cannot be limited");
    return err_hint(e, "--max-requests limits the requests");
}

/* The request's questions that have to be asked again, alone. */
static size_t take_missing(struct requests *r, const struct slot *slot)
{
    size_t n = 0;

    for (size_t i = slot->first; i < slot->first + slot->n; i++)
        if (slot->shot->raw[i].value == VALUE_MISSING) {
            n++;
            budget_again(&r->budget, BUDGET_LATER);
        }
    slot->shot->n_missing += n;
    return n;
}

/* What was asked is answered; a description, or a first answer, is followed by another request.
 * Takes `said` over. */
static void go_on(struct requests *r, struct slot *slot, char *said)
{
    if (said && slot->stage == STAGE_ANSWER) {
        slot->stage = STAGE_AGAIN;
        slot->said = said;
        slot->tries = 0;
        budget_forget(&r->budget, 1); /* it was owed from the beginning */
        put_back(r, slot, 0);
        return;
    }
    if (said)
        slot->shot->description = said;
    else
        end_questions(r, slot, take_missing(r, slot));
    requesting_free_slot(r, slot);
}

static int read_answer(struct requests *r, struct slot *slot, const struct client_answer *a,
                       struct err *e)
{
    struct shot *shot = slot->shot;
    const struct asking_about what = requesting_about(r, slot);
    struct protocol_usage usage = { 0 };
    char *said = NULL;
    struct err why;
    int rc = asking_read(r->asking, &what, &shot->asked->items[slot->first], slot->n, a,
                         &shot->arena, &shot->raw[slot->first], &usage, &said, &why);

    pace_done(&r->pace, clock_seconds(),
              &(struct pace_answer){ rc == 0 ? PACE_OK : PACE_FAILED, a->seconds, NAN, slot->tokens,
                                     (double)(usage.prompt + usage.completion) });
    if (count_tokens(r, slot, rc == 0, &usage, e) < 0)
        return e->code;
    if (rc == 0) {
        go_on(r, slot, said);
        acquit(r);
        return 0;
    }
    exchange_add_id(a, &why);
    say_failure(r, slot, &why);
    if (rc == ERR_NOMEM || (!r->answered && slot->tries > 1)) { /* it never was such an answer */
        *e = why;
        exchange_at(
            r->exchange,
            &(struct exchange_request){ .path = r->protocol->path, .replica = slot->replica }, e);
        if (e->hint[0] != '\0')
            return e->code;
        return err_hint(e, "does the server speak this protocol? assent.yaml names it: %s",
                        r->protocol->name);
    }
    return try_again(r, slot, false, &why, e);
}

/* ---- refusals ---- */

static int refused(const struct requests *r, const struct slot *slot, const struct client_answer *a,
                   const char *what, struct err *e)
{
    const struct exchange_request request = requesting_request(r, slot);

    return exchange_refused(r->exchange, &request, a, what, e);
}

/* A picture whose first request has failed for the last time: the others would do as much harm. */
static void give_up_all(struct requests *r, struct slot *slot)
{
    struct shot *shot = slot->shot;
    size_t left = shot->asked->n - shot->n_begun;

    if (!r->answered || slot->tries < TRIES || shot->n_done > 0 || shot->n_out > 1 ||
        slot->stage == STAGE_DESCRIBE) /* which stands for all of it anyway */
        return;
    budget_forget(&r->budget, requesting_count(r, left));
    slot->n = shot->asked->n;
    shot->n_begun = shot->asked->n;
}

/* What a server's words are about, and what can be done. */
static void say_what_helps(struct err *why)
{
    static const struct {
        const char *word, *hint;
    } rows[] = {
        { "context length", "it is the picture and the question together, in tokens: max_pixels in "
                            "assent.yaml makes larger pictures smaller" },
        { "not support image", "does this model see pictures, and was it started with what it "
                               "sees them by?" },
        { "image input", "does this model see pictures, and was it started with what it sees them "
                         "by?" },
        { "image_url", "does this model see pictures?" },
        { "multimodal", "does this model see pictures?" },
        { "too large", "max_pixels in assent.yaml makes larger pictures smaller before they are "
                       "sent" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcasestr(why->got, rows[i].word) || strcasestr(why->what, rows[i].word)) {
            err_hint(why, "%s", rows[i].hint);
            return;
        }
}

/* How a status is taken that is not 200. */
static int take_status(struct requests *r, struct slot *slot, const struct client_answer *a,
                       struct err *e)
{
    bool overloaded = a->status == 429 || a->status == 503;
    bool passing = overloaded || a->status == 408 || a->status >= 500;
    double later = a->retry_after >= 0 ? fmin(a->retry_after, RETRY_AFTER_MOST) : (double)NAN;
    struct err why;

    pace_done(&r->pace, clock_seconds(),
              &(struct pace_answer){ overloaded ? PACE_OVERLOADED
                                     : passing  ? PACE_FAILED
                                                : PACE_OK,
                                     a->seconds, later, slot->tokens, 0 });
    if (overloaded && later > SAID_SECONDS && !exchange_is_replay(r->exchange))
        events_say(r->events, EVENT_WARNING, "the server answers %u and is left alone for %.0f s",
                   a->status, later);
    if (a->status == 401 || a->status == 403) {
        refused(r, slot, a, "the key is not accepted", e);
        return err_hint(e, r->annotator->server.api_key_env
                               ? "is the variable of api_key_env the right one?"
                               : "api_key_env in assent.yaml names the variable with the key");
    }
    if (a->status == 404) {
        refused(r, slot, a, "there is no such path, or no such model", e);
        return err_hint(e, "url ends in /v1, model is as its /v1/models has it, and protocol is %s",
                        r->protocol->name);
    }
    refused(r, slot, a,
            passing            ? "try again later"
            : a->status == 413 ? "the picture is too large for it"
            : a->status >= 400 ? "it does not take this request"
            : a->status >= 300 ? "a redirect, which is not followed: the key would go with it"
                               : "this is no answer",
            &why);
    say_what_helps(&why);
    say_failure(r, slot, &why);
    if (passing && !overloaded)
        give_up_all(r, slot);
    if (passing)
        return try_again(r, slot, overloaded, &why, e);
    if (!r->answered && a->status < 400) { /* it is no picture's fault */
        *e = why;
        return why.code;
    }
    return give_up(r, slot, &why, e);
}

/* Nobody was there, or nobody answered in time: another replica may. */
static bool goes_elsewhere(struct requests *r, struct slot *slot, const struct client_answer *a)
{
    double now = clock_seconds();
    char text[ERR_TEXT_MAX];
    bool news;

    if (exchange_is_replay(r->exchange) || a->status != 0 || (a->times > 0 && !a->timed_out) ||
        !replicas_lose(&r->replicas, slot->replica, now, &news))
        return false;
    pace_done(&r->pace, now, &(struct pace_answer){ .outcome = PACE_ELSEWHERE });
    err_line(&a->error, text);
    if (news)
        events_say(r->events, EVENT_WARNING, "its pictures go to other servers for a while: %s",
                   text);
    slot->tries--;
    put_back(r, slot, 0);
    return true;
}

int requesting_take(struct requests *r, const struct client_answer *a, struct err *e)
{
    struct slot *slot = &r->slots[a->tag];
    struct err why;

    budget_back(&r->budget, requesting_kind(r, slot), a->times);
    if (a->status == 200)
        return read_answer(r, slot, a, e);
    if (a->status != 0)
        return take_status(r, slot, a, e);
    if (goes_elsewhere(r, slot, a))
        return 0;
    if (exchange_is_replay(r->exchange) && a->times == 0) /* another address was asked, or not */
        return replay_again(r, slot, &a->error, e);
    pace_done(&r->pace, clock_seconds(),
              &(struct pace_answer){ a->timed_out ? PACE_TIMED_OUT : PACE_FAILED, a->seconds, NAN,
                                     slot->tokens, 0 });
    if (!r->answered && a->times == 0) { /* a wrong name, a closed port, a certificate */
        *e = a->error;
        return err_hint(e, "is the server up, and url in assent.yaml its address?");
    }
    why = a->error;
    say_failure(r, slot, &why);
    if (!r->answered && slot->tries > 1 && a->timed_out) { /* it never was any faster */
        *e = why;
        return err_hint(e, "timeout in assent.yaml lets it take longer");
    }
    err_hint(&why, "is this its port, and does it speak http there, or https?");
    if (!r->answered && slot->tries > 1)
        return suspect(r, slot, &why, e);
    if (a->times > 0)
        give_up_all(r, slot);
    return try_again(r, slot, a->times == 0, &a->error, e); /* it is gone: no picture's fault */
}
