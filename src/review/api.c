/* SPDX-License-Identifier: MIT
 *
 * The routes of docs/review-http.md, and what a reviewer's requests do. Every handler holds the
 * lock, and answers through review_reply where it wrote.
 */
#include <stdlib.h>
#include <string.h>

#include "review/assets.h"
#include "review/body.h"
#include "review/documents.h"
#include "review/server.h"

/* ---- items ---- */

static int note_undone(void *data, const struct store_answer *a)
{
    struct json_t **was = data;

    if (a->undone)
        *was = document_answer(a);
    return 0;
}

/* An item, and what the person had said of it, where that was undone. */
static int add_item(const struct review *r, const struct person *p, size_t i, struct json_t *all,
                    struct err *e)
{
    struct json_t *was = NULL;
    int rc = 0;

    if (p->undone < 0)
        rc = store_answer_newest(r->site.store, p->annotator, r->state.items.items[i].id,
                                 (struct store_answer_reader){ note_undone, &was }, e);
    jv_append(all, document_item(&r->state, i, r->pictures != NULL, was));
    jv_free(was);
    return rc;
}

static int items_json(const struct review *r, const struct person *p, const size_t *items, size_t n,
                      struct json_t **out, struct err *e)
{
    int rc = 0;

    *out = jv_array();
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = add_item(r, p, items[i], *out, e);
    return rc;
}

/* ---- a reviewer's request ---- */

struct call {
    struct session session;
    struct person *person;
    struct body body;
};

/* Checks who asks and what; false: it was answered. Else body_release. */
static bool begin(struct review *r, struct request *q, enum body_kind kind, struct call *c)
{
    struct err e;
    size_t len;
    const char *text = request_body(q, &len);

    if (!session_check(r, q, true, &c->session))
        return false;
    if (c->session.who.annotator == 0) {
        request_refuse(q, 403, "role", "an owner looks, and does not vote");
        return false;
    }
    if (body_read(&c->body, kind, text, len, &e) < 0) {
        review_refuse(q, &e);
        return false;
    }
    if (state_person(&r->state, c->session.who.annotator, &c->person, &e) < 0 ||
        review_write(r, &e) < 0) {
        body_release(&c->body);
        request_refuse(q, 500, "failed", e.what);
        return false;
    }
    return true;
}

/* Takes what the body wants, and puts it into the reply. */
static int take(struct review *r, const struct call *c, struct json_t *reply, struct err *e)
{
    struct wanted w = { .tab = c->body.tab,
                        .grid = c->body.mode == MODE_GRID,
                        .want = (size_t)c->body.want,
                        .column = c->body.question < 0 ? SIZE_MAX : (size_t)c->body.question };
    size_t items[GRID_MOST], n = 0;
    struct json_t *all;
    int rc = state_take(&r->state, c->person, &w, items, &n, e);

    if (rc < 0)
        return rc;
    rc = items_json(r, c->person, items, n, &all, e);
    jv_set(reply, "items", all);
    return rc;
}

static void end(struct review *r, struct request *q, struct call *c, unsigned status,
                struct json_t *reply, int rc, const struct err *e)
{
    if (rc < 0) {
        jv_free(reply);
        review_fail(r, q, e);
    } else {
        jv_set(reply, "progress", document_progress(&r->state, c->person));
        review_reply(r, q, status, reply, NULL);
    }
    body_release(&c->body);
}

static void handle_take(struct review *r, struct request *q)
{
    struct json_t *reply;
    struct call c;
    struct err e;
    int rc;

    if (!begin(r, q, BODY_TAKE, &c))
        return;
    reply = jv_pack("{}");
    rc = take(r, &c, reply, &e);
    end(r, q, &c, 200, reply, rc, &e);
}

static void handle_release(struct review *r, struct request *q)
{
    struct call c;
    struct err e;
    int rc;

    if (!begin(r, q, BODY_RELEASE, &c))
        return;
    rc = state_release_tab(&r->state, c.person, c.body.tab, &e);
    end(r, q, &c, 200, jv_pack("{}"), rc, &e);
}

/* ---- answers ---- */

/* What of a key was kept before. */
struct known {
    int64_t items[GRID_MOST];
    bool undone[GRID_MOST];
    size_t n;
    struct json_t *was; /* of an undo: what was said of each; else NULL */
};

static int note_known(void *data, const struct store_answer *a)
{
    struct known *k = data;

    if (k->n == GRID_MOST)
        return 0;
    k->items[k->n] = a->item;
    k->undone[k->n++] = a->undone;
    if (k->was)
        jv_append(k->was, document_answer(a));
    return 0;
}

static int known_answers(const struct review *r, const struct call *c, struct known *known,
                         struct err *e)
{
    return store_answers_of(r->site.store, c->person->annotator, c->body.key,
                            (struct store_answer_reader){ note_known, known }, e);
}

static bool is_known(const struct known *k, int64_t item)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->items[i] == item)
            return true;
    return false;
}

/* Finds what the answer is on; an option or reason that does not exist is the page's mistake. */
static int resolve(const struct review *r, const struct body *b, const struct body_answer *a,
                   struct given *out, struct err *e)
{
    const struct state *s = &r->state;
    const struct column *c;
    bool reason = a->kind != ANSWER_FLAG;

    *out = (struct given){ .item = SIZE_MAX,
                           .kind = a->kind,
                           .reason = a->reason,
                           .key = b->key,
                           .seconds = b->seconds / (double)b->n_answers,
                           .mode = b->mode };
    for (size_t i = 0; !reason && i < s->task->n_flags; i++)
        reason = strcmp(a->reason, s->task->flags[i]) == 0;
    if (!reason)
        return err_set(e, ERR_ARG, "there is no such reason to flag an image");
    if (!state_find(s, a->item, &out->item)) {
        out->item = SIZE_MAX;
        return 0;
    }
    c = &s->task->columns[s->items.items[out->item].column];
    if (b->mode == MODE_GRID && !c->yesno)
        return err_set(e, ERR_ARG, "a grid has yes/no questions only");
    if (a->kind == ANSWER_VALUE && (uint64_t)a->value >= c->n_values) {
        err_set(e, ERR_ARG, "this question has no such option");
        return err_expected(e, "0 to %zu", c->n_values - 1);
    }
    out->value = (int16_t)a->value;
    return 0;
}

/* Keeps what may be kept; *kept counts it, with what was kept before. */
static int keep_answers(struct review *r, const struct call *c, const struct given *given,
                        const struct known *known, struct json_t *results, size_t *kept,
                        struct err *e)
{
    const struct body *b = &c->body;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < b->n_answers; i++) {
        bool before =
            given[i].item != SIZE_MAX && is_known(known, r->state.items.items[given[i].item].id);
        enum kept how = before ? KEPT : state_check(&r->state, c->person, &given[i]);

        if (how == ANSWERED && b->change) {
            rc = state_undo(&r->state, c->person, given[i].item, b->tab, e);
            how = state_check(&r->state, c->person, &given[i]);
        }
        if (rc == 0 && how == KEPT && !before) {
            rc = state_answer(&r->state, c->person, &given[i], e);
            review_changed(r, 1);
        }
        *kept += how == KEPT;
        jv_append(results, document_result(b->answers[i].item, how));
    }
    return rc;
}

static void handle_answer(struct review *r, struct request *q)
{
    struct given given[GRID_MOST];
    struct known known = { 0 };
    struct json_t *reply, *results;
    struct call c;
    struct err e;
    size_t kept = 0;
    int rc = 0;

    if (!begin(r, q, BODY_ANSWER, &c))
        return;
    for (size_t i = 0; rc == 0 && i < c.body.n_answers; i++)
        rc = resolve(r, &c.body, &c.body.answers[i], &given[i], &e);
    if (rc < 0) {
        review_refuse(q, &e);
        body_release(&c.body);
        return;
    }
    rc = known_answers(r, &c, &known, &e);
    results = jv_array();
    if (rc == 0)
        rc = keep_answers(r, &c, given, &known, results, &kept, &e);
    reply = jv_pack("{s:o}", "results", results);
    if (rc == 0 && c.body.want > 0)
        rc = take(r, &c, reply, &e);
    if (rc == 0 && kept == 0)
        jv_set(
            reply, "error",
            jv_pack("{s:s, s:s}", "code", "lease", "message", "this item is not yours any more"));
    end(r, q, &c, kept > 0 ? 200 : 409, reply, rc, &e);
}

/* ---- undo ---- */

/* What the person had said, with the option as a number. */
static int undo_known(struct review *r, const struct call *c, const struct known *known,
                      struct json_t *items, struct err *e)
{
    int rc = 0;

    for (size_t k = known->n; rc == 0 && k-- > 0;) { /* the first comes to lie in front */
        size_t i = state_index(&r->state, known->items[k]);

        if (i == SIZE_MAX || r->state.items.items[i].aside)
            continue;
        if (!known->undone[k] && c->person->when[i] != 0) {
            rc = state_undo(&r->state, c->person, i, c->body.tab, e);
            review_changed(r, 1);
        }
    }
    for (size_t k = 0; rc == 0 && k < known->n; k++) {
        size_t i = state_index(&r->state, known->items[k]);

        if (i == SIZE_MAX || c->person->when[i] != 0 || !state_may_see(&r->state, c->person, i))
            continue;
        jv_append(items, document_item(&r->state, i, r->pictures != NULL, jv_at(known->was, k)));
    }
    return rc;
}

static void handle_undo(struct review *r, struct request *q)
{
    struct known known = { .was = jv_array() };
    struct json_t *items;
    struct call c;
    struct err e;
    int rc;

    if (!begin(r, q, BODY_UNDO, &c)) {
        jv_free(known.was);
        return;
    }
    items = jv_array();
    rc = known_answers(r, &c, &known, &e);
    if (rc == 0)
        rc = undo_known(r, &c, &known, items, &e);
    jv_free(known.was);
    end(r, q, &c, 200, jv_pack("{s:o}", "items", items), rc, &e);
}

/* ---- earlier answers ---- */

enum { EARLIER_DEFAULT = 24 };

struct earlier {
    const struct review *review;
    const struct person *person;
    struct json_t *all;
};

static int add_earlier(void *data, const struct store_answer *a)
{
    const struct earlier *list = data;
    const struct review *r = list->review;
    struct json_t *was, *item;

    if (a->undone)
        return 0;
    was = document_answer(a);
    item = document_item(&r->state, state_index(&r->state, a->item), r->pictures != NULL, was);
    jv_free(was);
    if (item)
        jv_set(item, "at", jv_pack("s", a->at));
    jv_append(list->all, item);
    return 0;
}

/* The person's newest answers but the later ones, by the numbers that they have in memory. */
static int list_earlier(const struct review *r, const struct person *p, uint64_t before, size_t n,
                        struct json_t **out, struct err *e)
{
    size_t items[GRID_MOST];
    struct json_t *all = jv_array();
    struct earlier list = { r, p, all };
    uint64_t last = before;
    int rc = 0;

    n = state_newest(&r->state, p, before, items, n);
    for (size_t k = 0; rc == 0 && k < n; k++) {
        last = p->when[items[k]];
        rc = store_answer_newest(r->site.store, p->annotator, r->state.items.items[items[k]].id,
                                 (struct store_answer_reader){ add_earlier, &list }, e);
    }
    *out = jv_pack("{s:o, s:o}", "answers", all, "before",
                   n > 0 && last > 1 ? jv_pack("I", (long long)last) : jv_pack("n"));
    return rc;
}

static void handle_earlier(struct review *r, struct request *q)
{
    uint64_t before = UINT32_MAX, n = EARLIER_DEFAULT;
    struct json_t *reply = NULL;
    struct session s;
    struct person *p;
    struct err e = { 0 };

    if (!session_check(r, q, false, &s))
        return;
    if (s.who.annotator == 0)
        request_refuse(q, 403, "role", "an owner looks, and does not vote");
    else if (!review_read_number(q, "before", UINT32_MAX, &before) ||
             !review_read_number(q, "n", GRID_MOST, &n))
        request_refuse(q, 400, "bad_request", "before or n is not one there is");
    else if (state_person(&r->state, s.who.annotator, &p, &e) == 0 &&
             list_earlier(r, p, before, (size_t)n, &reply, &e) == 0)
        request_json(q, 200, reply, NULL);
    else {
        jv_free(reply);
        request_refuse(q, 500, "failed", e.what);
    }
}

/* ---- images and files ---- */

static void handle_image(struct review *r, struct request *q)
{
    struct session s;
    struct person *p;
    struct err e;
    size_t item;
    bool may;

    if (!session_check(r, q, false, &s))
        return;
    may = r->pictures && state_find(&r->state, request_tail(q), &item);
    if (may && s.who.annotator == 0)
        may = owner_may_see(r, item);
    else if (may)
        may = state_person(&r->state, s.who.annotator, &p, &e) == 0 &&
              state_may_see(&r->state, p, item);
    may = may && !r->state.items.items[item].aside;
    if (may)
        pictures_send(r->pictures, q, r->state.items.items[item].image);
    else
        request_refuse(q, 404, "not_found", "there is no such image for you");
}

static void send_asset(struct request *q, const char *name)
{
    const struct asset *a = asset_find(name);

    if (a)
        request_reply(
            q, &(struct reply){ .status = 200, .type = a->type, .bytes = a->text, .len = a->len });
    else
        request_refuse(q, 404, "not_found", "there is no such page");
}

static void handle_page(void *data, struct request *q)
{
    (void)data;
    send_asset(q, "index.html");
}

static void handle_asset(void *data, struct request *q)
{
    (void)data;
    send_asset(q, request_tail(q));
}

/* ---- the table ---- */

#define LOCKED(name, handler)                       \
    static void name(void *data, struct request *q) \
    {                                               \
        struct review *r = data;                    \
        pthread_mutex_lock(&r->lock);               \
        handler(r, q);                              \
        pthread_mutex_unlock(&r->lock);             \
    }

LOCKED(route_session_open, session_open)
LOCKED(route_session_show, session_show)
LOCKED(route_leave, session_leave)
LOCKED(route_take, handle_take)
LOCKED(route_release, handle_release)
LOCKED(route_answer, handle_answer)
LOCKED(route_undo, handle_undo)
LOCKED(route_earlier, handle_earlier)
LOCKED(route_image, handle_image)
LOCKED(route_overview, owner_overview)
LOCKED(route_gallery, owner_gallery)

const struct server_route review_routes[] = {
    { "GET", "/", handle_page },
    { "GET", "/assets/", handle_asset },
    { "GET", "/image/", route_image },
    { "GET", "/api/session", route_session_show },
    { "POST", "/api/session", route_session_open },
    { "POST", "/api/leave", route_leave },
    { "POST", "/api/take", route_take },
    { "POST", "/api/release", route_release },
    { "POST", "/api/answer", route_answer },
    { "POST", "/api/undo", route_undo },
    { "GET", "/api/answers", route_earlier },
    { "GET", "/api/overview", route_overview },
    { "GET", "/api/gallery", route_gallery },
};
const size_t review_n_routes = sizeof(review_routes) / sizeof(review_routes[0]);
