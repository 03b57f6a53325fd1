/* SPDX-License-Identifier: MIT
 *
 * requests_send.c - which request goes out next, and how.
 */
#include "label/http/requesting.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    BYTES_OUT = 20 << 20, /* in flight; but for .. */
    REQUESTS_OUT = 16     /* however large they are */
};

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

bool requesting_has_next(const struct requests *r)
{
    for (size_t i = 0; i < r->n_shots; i++)
        if (has_next(r, r->shots[i]))
            return true;
    return false;
}

bool requesting_has_room(const struct requests *r)
{
    return r->bytes_out < BYTES_OUT || exchange_in_flight(r->exchange) < REQUESTS_OUT;
}

/* ---- requests ---- */

void requesting_free_slot(struct requests *r, struct slot *slot)
{
    r->bytes_out -= slot->sent ? slot->len : 0;
    slot->shot->n_out--;
    free(slot->body);
    free(slot->said);
    *slot = (struct slot){ 0 };
    r->n_used--;
}

/* A picture's first request, or a later one. */
enum budget_kind requesting_kind(const struct requests *r, const struct slot *slot)
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

struct exchange_request requesting_request(const struct requests *r, const struct slot *slot)
{
    struct exchange_request request = { .path = protocol_of(r, slot)->path,
                                        .replica = slot->replica,
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

struct asking_about requesting_about(const struct requests *r, const struct slot *slot)
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
    const struct asking_about what = requesting_about(r, slot);

    free(slot->body);
    slot->body = NULL;
    return asking_body(r->asking, &what, &slot->shot->asked->items[slot->first], slot->n,
                       &slot->body, &slot->len, e);
}

/* How the recorded server was given pictures, the first request says. */
static int find_recorded_way(struct requests *r, struct slot *slot, struct err *e)
{
    const struct exchange_request request = requesting_request(r, slot);

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

    slot->replica = replicas_choose(&r->replicas, slot->shot->tag, now);
    if (rc == 0)
        rc = find_recorded_way(r, slot, e);
    request = requesting_request(r, slot);
    if (rc == 0)
        rc = exchange_send(r->exchange, &request, e);
    if (rc < 0)
        return rc;
    slot->tokens = budget_tokens(&r->budget);
    pace_sent(&r->pace, now, slot->tokens);
    budget_sent(&r->budget, requesting_kind(r, slot));
    slot->sent = true;
    r->bytes_out += slot->len;
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

/* ---- limits ---- */

/* That so many questions of a picture take, or all of it. */
size_t requesting_count(const struct requests *r, size_t questions)
{
    size_t n = (questions + r->protocol->most - 1) / r->protocol->most;

    return asking_asks_again(r->asking) ? 2 * n : n;
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
            requesting_free_slot(r, &r->slots[i]);
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
    enum label_limit limit = budget_request_limit(&r->budget, requesting_kind(r, slot));

    r->held = limit != LIMIT_NONE;
    if (r->held && exchange_in_flight(r->exchange) == 0)
        leave_all_open(r, limit);
    return !r->held;
}

int requesting_send(struct requests *r, struct err *e)
{
    double now = clock_seconds();
    struct slot *slot;
    int rc = r->protocol->by_ids && !r->ids.known
                 ? token_ids_ask(&r->ids, r->exchange, r->annotator, r->budget.limits.requests,
                                 &r->budget.used, e)
                 : 0;

    r->held = false;
    while (rc == 0 && is_proven(r) && requesting_has_room(r) && may_send(r, now) &&
           (slot = next_to_send(r, now)) && may_afford(r, slot))
        rc = send_slot(r, slot, now, e);
    return rc;
}
