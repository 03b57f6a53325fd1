/* SPDX-License-Identifier: MIT */
#include "label/requests.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "label/budget.h"
#include "label/data_url.h"
#include "label/exchange.h"
#include "label/extra.h"
#include "label/token_ids.h"
#include "net/pace.h"

enum {
    SLOTS = 256, /* requests that are in flight or wait to be sent again */
    SHOTS = 256, /* pictures */
    TRIES = 6,   /* of a request, before its picture cannot be answered */
    SUSPECTS = 3 /* pictures, one after the other, that show what is refused: they, or any */
};
#define LATER_SECONDS    5.0   /* where too much was repeated lately */
#define RETRY_AFTER_MOST 900.0 /* that a server is left alone where it asks for longer */
#define SAID_SECONDS     10.0  /* a pause that people are told of */

struct shot { /* a picture that is asked about */
    uint64_t tag;
    const char *name;               /* for messages; NULL: it has none */
    const struct asked_list *asked; /* not when it was handed out */
    char *data_url;                 /* in a replay the stand-in */
    char *stand_in;         /* for it in a recording; NULL: there is none, or it is what is sent */
    char *description;      /* that its questions follow; NULL: there is none (yet) */
    struct raw_answer *raw; /* [n], as many as are asked */
    size_t n;
    size_t n_begun, n_done, n_out;
    size_t n_missing; /* to be asked again, alone */
    size_t n_failed;  /* of those that are done */
    struct err why;   /* the first of them failed */
    struct arena arena;
};

struct slot {          /* a request */
    struct shot *shot; /* NULL: free */
    size_t first, n;   /* of its questions; STAGE_DESCRIBE: all */
    enum asking_stage stage;
    char *said; /* STAGE_AGAIN: the first answer */
    unsigned tries;
    bool singly;
    bool sent;
    double due;    /* not before, where it is not sent; INFINITY: not before another is answered */
    double tokens; /* that it was expected to take */
    char *body;
    size_t len;
};

struct requests {
    const struct annotator *annotator;
    const struct protocol *protocol;
    const struct asking *asking;
    const struct events *events;
    struct exchange *exchange;
    struct token_ids ids; /* where the protocol wants them */
    struct json_t *extra; /* fields of every request; NULL: none */
    struct pace pace;
    struct shot *shots[SHOTS];
    size_t n_shots;
    struct shot *handed; /* what was collected last */
    struct slot slots[SLOTS];
    size_t n_used;
    bool answered;   /* something, ever */
    bool held;       /* a limit keeps something from being sent */
    size_t n_parked; /* pictures that were refused before that */
    struct err why;  /* the last of them was */
    struct budget budget;
};

/* ---- pictures ---- */

static void free_shot(struct shot *s)
{
    if (!s)
        return;
    for (size_t i = 0; s->raw && i < s->n; i++) {
        jv_free(s->raw[i].top);
        jv_free(s->raw[i].said);
    }
    free(s->data_url);
    free(s->stand_in);
    free(s->description);
    arena_release(&s->arena);
    free(s);
}

static int take_picture(const struct requests *r, struct shot *shot, const struct label_picture *p,
                        struct err *e)
{
    uint64_t most = r->annotator->server.max_pixels;
    int rc = 0;

    if (exchange_is_replay(r->exchange))
        return data_url_stand_in(p, most, &shot->data_url, e);
    if (exchange_keeps(r->exchange))
        rc = data_url_stand_in(p, most, &shot->stand_in, e);
    return rc < 0 ? rc : data_url_make(p, most, &shot->data_url, e);
}

static bool is_done(const struct shot *s)
{
    return s->n_out == 0 && s->n_done == s->asked->n;
}

/* Is it described before its questions, and not yet? */
static bool is_undescribed(const struct requests *r, const struct shot *s)
{
    return asking_describes(r->asking) && !s->description;
}

/* May its next question go: is it one to ask again, or the first, or did the server see the picture
 * before? */
static bool has_next(const struct requests *r, const struct shot *s)
{
    if (s->n_missing > 0)
        return true;
    if (s->n_begun == s->asked->n)
        return false;
    return is_undescribed(r, s) ? s->n_out == 0
                                : s->n_begun == 0 || s->n_done > 0 || s->description;
}

/* ---- requests ---- */

static void free_slot(struct requests *r, struct slot *slot)
{
    slot->shot->n_out--;
    free(slot->body);
    free(slot->said);
    *slot = (struct slot){ 0 };
    r->n_used--;
}

/* A picture's first request, or a later one. */
static enum budget_kind kind_of(const struct requests *r, const struct slot *slot)
{
    bool first = asking_describes(r->asking)
                     ? slot->stage == STAGE_DESCRIBE
                     : slot->stage == STAGE_ANSWER && slot->first == 0 && !slot->singly;

    return first ? BUDGET_FIRST : BUDGET_LATER;
}

static const struct protocol *protocol_of(const struct requests *r, const struct slot *slot)
{
    return slot->singly ? r->protocol->singly : r->protocol;
}

static struct exchange_request request_of(const struct requests *r, const struct slot *slot)
{
    struct exchange_request request = { .path = protocol_of(r, slot)->path,
                                        .picture = slot->shot->tag,
                                        .body = slot->body,
                                        .len = slot->len,
                                        .once = r->budget.limits.requests > 0,
                                        .tag = (uint64_t)(slot - r->slots),
                                        .data_url = slot->shot->data_url,
                                        .stand_in = slot->shot->stand_in };

    request.others =
        asking_shown(r->asking, &slot->shot->asked->items[slot->first], &request.n_others);
    return request;
}

static struct asking_about about(const struct requests *r, const struct slot *slot)
{
    return (struct asking_about){ .protocol = protocol_of(r, slot),
                                  .stage = slot->stage,
                                  .data_url = slot->shot->data_url,
                                  .said = slot->stage == STAGE_AGAIN ? slot->said
                                                                     : slot->shot->description,
                                  .extra = r->extra,
                                  .ids = &r->ids };
}

static int make_body(const struct requests *r, struct slot *slot, struct err *e)
{
    const struct asking_about what = about(r, slot);

    free(slot->body);
    slot->body = NULL;
    return asking_body(r->asking, &what, &slot->shot->asked->items[slot->first], slot->n,
                       &slot->body, &slot->len, e);
}

/* How the recorded server was given pictures, the first request says. */
static int find_recorded_way(struct requests *r, struct slot *slot, struct err *e)
{
    const struct exchange_request request = request_of(r, slot);

    if (r->answered || r->protocol != &protocol_systemone || !exchange_is_replay(r->exchange) ||
        exchange_has_more(r->exchange, &request))
        return 0;
    r->protocol = &protocol_systemone_images;
    return make_body(r, slot, e);
}

static int send_slot(struct requests *r, struct slot *slot, double now, struct err *e)
{
    struct exchange_request request;
    int rc = make_body(r, slot, e);

    if (rc == 0)
        rc = find_recorded_way(r, slot, e);
    request = request_of(r, slot);
    if (rc == 0)
        rc = exchange_send(r->exchange, &request, e);
    if (rc < 0)
        return rc;
    slot->tokens = budget_tokens(&r->budget);
    pace_sent(&r->pace, now, slot->tokens);
    budget_sent(&r->budget, kind_of(r, slot));
    slot->sent = true;
    slot->tries++;
    return 0;
}

/* The next questions of a picture, or one that is asked again, which is missing no more. */
static struct slot next_questions(const struct requests *r, struct shot *shot)
{
    size_t left = shot->asked->n - shot->n_begun,
           n = left < r->protocol->most ? left : r->protocol->most, first = 0;

    if (shot->n_missing == 0) {
        shot->n_begun += n;
        return (struct slot){ .shot = shot, .first = shot->n_begun - n, .n = n };
    }
    while (shot->raw[first].value != VALUE_MISSING)
        first++;
    shot->raw[first].value = VALUE_UNPARSEABLE;
    shot->n_missing--;
    return (struct slot){ .shot = shot, .first = first, .n = 1, .singly = true };
}

static struct slot *new_slot(struct requests *r, struct shot *shot)
{
    size_t i = 0;

    while (r->slots[i].shot)
        i++;
    r->slots[i] = is_undescribed(r, shot)
                      ? (struct slot){ .shot = shot, .n = shot->asked->n, .stage = STAGE_DESCRIBE }
                      : next_questions(r, shot);
    shot->n_out++;
    r->n_used++;
    return &r->slots[i];
}

/* What is to be sent next: again, or for the first time; NULL: nothing now. */
static struct slot *next_to_send(struct requests *r, double now)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (r->slots[i].shot && !r->slots[i].sent && r->slots[i].due <= now)
            return &r->slots[i];
    for (size_t i = 0; r->n_used < SLOTS && i < r->n_shots; i++)
        if (has_next(r, r->shots[i]))
            return new_slot(r, r->shots[i]);
    return NULL;
}

/* May another request go? A recording is asked without pauses. */
static bool may_send(struct requests *r, double now)
{
    return exchange_is_replay(r->exchange)
               ? exchange_in_flight(r->exchange) < SLOTS
               : pace_may_send(&r->pace, now, budget_tokens(&r->budget)) <= 0;
}

/* Until something was answered one request is enough: a wrong key, say, is said once. */
static bool is_proven(const struct requests *r)
{
    return r->answered || exchange_in_flight(r->exchange) == 0;
}

static void leave_open(struct shot *shot, size_t first, size_t n)
{
    for (size_t i = first; i < first + n; i++)
        shot->raw[i] = (struct raw_answer){ .mass = NAN, .value = VALUE_MISSING };
    shot->n_done += n;
}

/* A limit was reached: what was not answered stays open. */
static void leave_all_open(struct requests *r, enum label_limit why)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (r->slots[i].shot) {
            if (r->slots[i].stage != STAGE_DESCRIBE) /* whose questions are not begun */
                leave_open(r->slots[i].shot, r->slots[i].first, r->slots[i].n);
            free_slot(r, &r->slots[i]);
        }
    for (size_t i = 0; i < r->n_shots; i++) {
        struct shot *shot = r->shots[i];

        leave_open(shot, shot->n_begun, shot->asked->n - shot->n_begun);
        shot->n_begun = shot->asked->n;
        shot->n_done += shot->n_missing; /* they are open already */
        shot->n_missing = 0;
    }
    r->n_parked = 0;
    budget_end(&r->budget, why);
}

/* May the next go, as far as the limits say? Where nothing is in flight that could change it. */
static bool may_afford(struct requests *r, const struct slot *slot)
{
    enum label_limit limit = budget_request_limit(&r->budget, kind_of(r, slot));

    r->held = limit != LIMIT_NONE;
    if (r->held && exchange_in_flight(r->exchange) == 0)
        leave_all_open(r, limit);
    return !r->held;
}

static int send_what_may_go(struct requests *r, struct err *e)
{
    double now = clock_seconds();
    struct slot *slot;
    int rc = r->protocol->by_ids && !r->ids.known
                 ? token_ids_ask(&r->ids, r->exchange, r->annotator->model, e)
                 : 0;

    r->held = false;
    while (rc == 0 && is_proven(r) && may_send(r, now) && (slot = next_to_send(r, now)) &&
           may_afford(r, slot))
        rc = send_slot(r, slot, now, e);
    return rc;
}

/* That so many questions of a picture take, or all of it. */
static size_t requests_for(const struct requests *r, size_t questions)
{
    size_t n = (questions + r->protocol->most - 1) / r->protocol->most;

    return asking_asks_again(r->asking) ? 2 * n : n;
}

static size_t requests_of(const struct requests *r, const struct asked_list *asked)
{
    return requests_for(r, asked->n) + (asking_describes(r->asking) ? 1 : 0);
}

int requests_submit(struct requests *r, const struct label_picture *picture,
                    const struct asked_list *asked, uint64_t tag, struct err *e)
{
    struct shot *shot = mem_new(1, sizeof(*shot), e);
    int rc = shot ? 0 : ERR_NOMEM;

    if (rc == 0) {
        *shot = (struct shot){ .tag = tag, .name = picture->name, .asked = asked, .n = asked->n };
        shot->raw = arena_new(&shot->arena, asked->n, sizeof(*shot->raw), e);
        rc = shot->raw ? take_picture(r, shot, picture, e) : ERR_NOMEM;
    }
    if (rc < 0) {
        free_shot(shot);
        return rc;
    }
    r->shots[r->n_shots++] = shot;
    budget_begin(&r->budget, requests_of(r, asked));
    return send_what_may_go(r, e);
}

enum label_limit requests_limit(const struct requests *r, const struct asked_list *asked)
{
    return budget_picture_limit(&r->budget, requests_of(r, asked));
}

bool requests_wants_more(const struct requests *r)
{
    if (!r->answered)
        return r->n_parked == r->n_shots;
    if (r->n_shots == SHOTS || r->n_used == SLOTS)
        return false;
    for (size_t i = 0; i < r->n_shots; i++)
        if (has_next(r, r->shots[i]))
            return false;
    return exchange_is_replay(r->exchange) || r->pace.in_flight < r->pace.limit;
}

/* ---- answers ---- */

static void put_back(struct requests *r, struct slot *slot, double due)
{
    budget_again(&r->budget, kind_of(r, slot));
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
    free_slot(r, slot);
    return 0;
}

/* As the recorded run did: again at once, where it has another answer. */
static int replay_again(struct requests *r, struct slot *slot, const struct err *why, struct err *e)
{
    const struct exchange_request request = request_of(r, slot);

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

/* What an answer says, even one that is none, is paid for. */
static int count_tokens(struct requests *r, const struct slot *slot, bool answered,
                        const struct protocol_usage *usage, struct err *e)
{
    if (answered || usage->prompt > 0)
        budget_paid(&r->budget, kind_of(r, slot), usage);
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

/* Of every failure, for those who look for it in the server's own log. */
static void say_failure(const struct requests *r, const struct slot *slot, const struct err *why)
{
    char text[ERR_TEXT_MAX];

    err_line(why, text);
    events_say(r->events, EVENT_DETAIL, "%s: try %u: %s",
               slot->shot->name ? slot->shot->name : "a picture", slot->tries, text);
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
    free_slot(r, slot);
}

static int read_answer(struct requests *r, struct slot *slot, const struct client_answer *a,
                       struct err *e)
{
    struct shot *shot = slot->shot;
    const struct asking_about what = about(r, slot);
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
        exchange_at(r->exchange, shot->tag, r->protocol->path, e);
        if (e->hint[0] != '\0')
            return e->code;
        return err_hint(e, "does the server speak this protocol? assent.yaml names it: %s",
                        r->protocol->name);
    }
    return try_again(r, slot, false, &why, e);
}

static int refused(const struct requests *r, const struct slot *slot, const struct client_answer *a,
                   const char *what, struct err *e)
{
    const struct exchange_request request = request_of(r, slot);

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
    budget_forget(&r->budget, requests_for(r, left));
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

static int take(struct requests *r, const struct client_answer *a, struct err *e)
{
    struct slot *slot = &r->slots[a->tag];
    struct err why;

    budget_back(&r->budget, kind_of(r, slot), a->times);
    if (a->status == 200)
        return read_answer(r, slot, a, e);
    if (a->status != 0)
        return take_status(r, slot, a, e);
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

static void say_what_is_open(const struct requests *r, const struct shot *shot)
{
    char text[ERR_TEXT_MAX], n[TEXT_COUNT_MAX];

    err_line(&shot->why, text);
    events_say(r->events, EVENT_WARNING, "%s left open: %s",
               text_count(shot->n_failed, "question", n), text);
}

static bool hand_out(struct requests *r, struct collected *out)
{
    for (size_t i = 0; i < r->n_shots; i++) {
        struct shot *shot = r->shots[i];

        if (!is_done(shot))
            continue;
        r->shots[i] = r->shots[--r->n_shots];
        r->handed = shot;
        *out = (struct collected){ shot->tag, shot->raw, { 0 } };
        if (shot->n_failed == shot->asked->n)
            out->error = shot->why;
        else if (shot->n_failed > 0)
            say_what_is_open(r, shot);
        return true;
    }
    return false;
}

/* When something is there to be sent, but for the pace; INFINITY: nothing is. */
static double next_due(const struct requests *r, double now)
{
    double due = INFINITY;

    for (size_t i = 0; i < SLOTS; i++)
        if (r->slots[i].shot && !r->slots[i].sent)
            due = fmin(due, r->slots[i].due);
    for (size_t i = 0; r->n_used < SLOTS && i < r->n_shots; i++)
        if (has_next(r, r->shots[i]))
            return fmin(due, now);
    return due;
}

/* Until an answer can come, or something may be sent. */
static double how_long(struct requests *r, double until)
{
    double now = clock_seconds(), wait = until - now, due = next_due(r, now);

    if (!r->held && (due < INFINITY || exchange_in_flight(r->exchange) == 0)) {
        double pause = pace_may_send(&r->pace, now, budget_tokens(&r->budget));

        wait = fmin(wait, fmax(0.001, fmax(pause, due < INFINITY ? due - now : 0)));
    }
    return fmax(wait, 0);
}

/* Puts picture and question into an error that has no place yet. */
static int where_asked(const struct slot *slot, struct err *e)
{
    const struct shot *shot = slot->shot;

    return shot->name ? err_at(e, "%s: %s", shot->name, shot->asked->items[slot->first].text)
                      : (int)e->code;
}

int requests_collect(struct requests *r, double seconds, struct collected *out, struct err *e)
{
    double until = clock_seconds() + seconds;
    int rc = 0;

    free_shot(r->handed);
    r->handed = NULL;
    if (r->n_parked > 0 && r->n_parked == r->n_shots) { /* there is no other picture to ask */
        *e = r->why;
        return e->code;
    }
    while (rc == 0) {
        struct client_answer a;

        rc = send_what_may_go(r, e);
        if (rc < 0 || hand_out(r, out))
            return rc < 0 ? rc : 1;
        if (clock_seconds() >= until)
            return 0;
        rc = exchange_next(r->exchange, how_long(r, until), &a, e);
        if (rc < 0 && exchange_is_replay(r->exchange))
            return where_asked(&r->slots[a.tag], e);
        if (rc == 1) {
            rc = take(r, &a, e);
            if (rc == 0 && requests_wants_more(r))
                break; /* there is room for another picture */
        }
    }
    return rc < 0 ? rc : hand_out(r, out);
}

struct label_usage requests_usage(const struct requests *r)
{
    return r->budget.used;
}

/* ---- opening ---- */

int requests_open(struct requests **out, const struct annotator *a, const struct protocol *p,
                  const struct asking *asking, const struct label_options *o, struct err *e)
{
    const struct exchange_options options = { SLOTS, o->record, o->replay, o->events };
    unsigned fixed = a->server.concurrency < SLOTS ? (unsigned)a->server.concurrency : SLOTS;
    struct requests *r = mem_new(1, sizeof(*r), e);
    int rc;

    *out = NULL;
    if (!r)
        return ERR_NOMEM;
    *r = (struct requests){ .annotator = a, .protocol = p, .asking = asking, .events = o->events };
    pace_init(&r->pace,
              &(struct pace_limits){ fixed ? fixed : 1, fixed ? fixed : SLOTS,
                                     a->server.requests_per_minute, a->server.tokens_per_minute,
                                     .seed = 1 },
              clock_seconds());
    budget_init(&r->budget, &o->limits, &a->server.price);
    rc = extra_read(a, p, &r->extra, e);
    if (rc == 0)
        rc = exchange_open(&r->exchange, a, &options, e);
    if (rc < 0)
        requests_close(r);
    else
        *out = r;
    return rc;
}

void requests_speak(struct requests *r, const struct protocol *p)
{
    r->protocol = p;
}

void requests_close(struct requests *r)
{
    if (!r)
        return;
    exchange_close(r->exchange);
    jv_free(r->extra);
    for (size_t i = 0; i < SLOTS; i++) {
        free(r->slots[i].body);
        free(r->slots[i].said);
    }
    for (size_t i = 0; i < r->n_shots; i++)
        free_shot(r->shots[i]);
    free_shot(r->handed);
    free(r);
}
