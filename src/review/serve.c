/* SPDX-License-Identifier: MIT
 *
 * The server's thread handles requests one after the other; what they write lies in one open
 * transaction. This thread commits it, and only then lets their answers go. While a commit waits
 * for the disk the next requests queue up, and share the next commit: 50 people cost few fsyncs.
 */
#include <stdlib.h>
#include <string.h>

#include "review/server.h"

enum {
    WAITING_ANSWERS_MAX = 1 << 16,
    TICK_MS = 200,
    SWEEP_SECONDS = 1,
    PATIENCE_MS = 2000,
    PARTING_SECONDS = 60, /* so long pages that hold something hear that all is decided .. */
    PARTED_SECONDS = 2,   /* .. and so long at least any page */
};

/* ---- writing ---- */

int review_write(struct review *r, struct err *e)
{
    int rc = r->failed.code < 0 ? err_set(e, ERR_DB, "the server is ending: %s", r->failed.what)
             : r->writing       ? 0
                                : store_begin(r->site.store, e);

    r->writing = r->writing || rc == 0;
    return rc;
}

/* Lets an answer go, or says what went wrong instead. */
static void send_waiting(struct waiting *w, const struct err *failed)
{
    if (failed->code < 0) {
        jv_free(w->document);
        request_refuse(w->request, 500, "failed", failed->what);
    } else {
        request_json(w->request, w->status, w->document, w->cookie);
    }
    free(w->cookie);
}

void review_reply(struct review *r, struct request *q, unsigned status, struct json_t *document,
                  const char *cookie)
{
    struct waiting w = { q, document, cookie ? strdup(cookie) : NULL, status };
    struct err e;

    if (r->writing && mem_grow(&r->waiting, &r->waiting_cap, r->n_waiting + 1, sizeof(w),
                               WAITING_ANSWERS_MAX, &e) == 0) {
        r->waiting[r->n_waiting++] = w;
        pthread_cond_signal(&r->changed);
        return;
    }
    if (r->writing) { /* it may not say yes before the disk does */
        jv_free(document);
        request_refuse(q, 503, "stopping", "too many requests at once: try again");
        free(w.cookie);
        return;
    }
    send_waiting(&w, &(struct err){ 0 });
}

void review_refuse(struct request *q, const struct err *e)
{
    char message[ERR_TEXT_MAX];

    err_line(e, message);
    request_refuse(q, 400, "bad_request", message);
}

void review_fail(struct review *r, struct request *q, const struct err *e)
{
    if (r->failed.code >= 0 && e->code != ERR_BUSY)
        r->failed = *e;
    request_refuse(q, 500, "failed", e->what);
    pthread_cond_signal(&r->changed);
}

/* Ends the transaction. With the lock. */
static void commit(struct review *r)
{
    struct err e = r->failed;

    if (store_end(r->site.store, r->failed.code, &e) < 0)
        r->failed = e;
    r->writing = false;
}

/* Commits what was written and answers those who wait for it. With the lock, which is given up
 * while the answers go. */
static void commit_and_answer(struct review *r)
{
    struct waiting *waiting = r->waiting;
    size_t n = r->n_waiting;
    struct err failed;

    if (r->writing)
        commit(r);
    failed = r->failed;
    r->waiting = NULL;
    r->n_waiting = r->waiting_cap = 0;
    pthread_mutex_unlock(&r->lock);
    for (size_t i = 0; i < n; i++)
        send_waiting(&waiting[i], &failed);
    free(waiting);
    pthread_mutex_lock(&r->lock);
}

/* ---- what is decided ---- */

void review_changed(struct review *r, size_t answers)
{
    r->deciding.changes += answers;
}

static void say_over(const struct review *r)
{
    const struct deciding *d = &r->deciding;

    if (deciding_is_over(d))
        events_say(r->site.events, EVENT_NOTE,
                   "every question that was asked is decided, so the review ends: assent accept "
                   "says how");
    else
        events_say(r->site.events, EVENT_WARNING,
                   "%zu of %zu questions are decided, and the sample is used up, so the review "
                   "ends: assent plan --accept says how many more cells it takes",
                   d->n_decided, d->n);
}

/* Looks how far the verdicts are, and asks on accordingly. With the lock. */
static int look(struct review *r, struct err *e)
{
    struct deciding *d = &r->deciding;
    size_t *ranks;
    int rc = deciding_look(d, &r->site, e);

    if (rc < 0 || !d->questions)
        return rc;
    if (r->site.until_decided && r->over == 0 &&
        (deciding_is_over(d) || !state_has_open(&r->state, d->design))) {
        r->over = clock_seconds();
        r->state.over = true;
        say_over(r);
    }
    if (!r->site.decide_first)
        return 0;
    ranks = mem_new(r->site.task->n_columns, sizeof(*ranks), e);
    if (!ranks)
        return ERR_NOMEM;
    deciding_rank(d, r->site.task->n_columns, ranks);
    rc = state_reorder(&r->state, d->design, ranks, e);
    free(ranks);
    return rc;
}

/* The last answers of a sample are fewer than a look waits for. A look that fails says so, and the
 * next one tries again: answers are kept all the same. */
static void look_if_due(struct review *r)
{
    struct deciding *d = &r->deciding;
    bool last = d->changes > 0 && r->site.until_decided && r->over == 0 &&
                !state_has_open(&r->state, d->design);
    char line[ERR_TEXT_MAX];
    struct err e;

    if (r->failed.code < 0 || !(deciding_is_due(d) || last) || look(r, &e) >= 0)
        return;
    d->changes = 0;
    err_line(&e, line);
    events_say(r->site.events, EVENT_WARNING, "how far the verdicts are is not known: %s", line);
}

/* All is decided, and whoever had something before them has heard it. */
static bool is_over(const struct review *r)
{
    double since = clock_seconds() - r->over;

    return r->over > 0 && r->n_waiting == 0 && !r->writing &&
           (since >= PARTING_SECONDS || (since >= PARTED_SECONDS && !state_is_held(&r->state)));
}

/* ---- serving ---- */

static int forget_revoked(void *data, const struct store_reviewer *who)
{
    struct review *r = data;

    if (who->revoked && who->annotator != 0)
        state_forget_holds(&r->state, who->annotator);
    return 0;
}

static void settle(struct review *r)
{
    pthread_mutex_lock(&r->lock);
    commit_and_answer(r);
    pthread_mutex_unlock(&r->lock);
}

/* Nothing new begins; whoever waits for the disk, and then for a picture, is answered. */
static void end(struct review *r)
{
    server_refuse_all(r->server);
    settle(r);
    pictures_stop(r->pictures);
    settle(r); /* images that could not be read */
}

int review_serve(struct review *r, struct err *e)
{
    double swept = clock_seconds();
    struct err ignored;

    pthread_mutex_lock(&r->lock);
    while (events_check(r->site.events, &ignored) == 0 && r->failed.code >= 0 && !is_over(r)) {
        look_if_due(r);
        if (r->writing || r->n_waiting > 0)
            commit_and_answer(r);
        else
            clock_cond_wait(&r->changed, &r->lock, clock_seconds() + 1e-3 * TICK_MS);
        if (clock_seconds() >= swept + SWEEP_SECONDS) {
            server_sweep(r->server);
            if (store_check_file(r->site.store, &r->failed) < 0)
                break;
            store_reviewers(r->site.store, forget_revoked, r, &ignored); /* by another process */
            swept = clock_seconds();
        }
    }
    pthread_mutex_unlock(&r->lock);
    end(r);
    if (r->failed.code < 0) {
        *e = r->failed;
        return e->code;
    }
    return 0;
}

/* ---- opening ---- */

static void on_broken(void *data, size_t image, const struct err *why)
{
    struct review *r = data;
    struct err e;
    int rc;

    pthread_mutex_lock(&r->lock);
    rc = review_write(r, &e);
    if (rc == 0)
        rc = state_set_aside(&r->state, image, why->what, &e);
    if (rc < 0 && rc != ERR_BUSY && r->failed.code >= 0)
        r->failed = e;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

/* Pictures may have come back since items were set aside, or gone. */
static int look_for_pictures(struct review *r, struct err *e)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && r->site.catalogue && i < r->state.items.n; i++) {
        const struct store_item *item = &r->state.items.items[i];

        if (!item->aside && r->site.catalogue->picture_of[item->image] == SIZE_MAX)
            rc = state_set_aside(&r->state, item->image,
                                 "the picture is not in the images' folder any more", e);
    }
    return rc;
}

static int fill(struct review *r, struct err *e)
{
    int rc = store_review_begin(r->site.store, r->site.task, e);

    if (rc == 0)
        rc = store_items_return(r->site.store, e);
    if (rc == 0)
        rc = state_load(&r->state, &r->site, e);
    r->state.deciding = &r->deciding;
    if (rc == 0 && r->state.n_equal > 0)
        events_say(
            r->site.events, EVENT_NOTE,
            "%llu items show a picture that another item shows, byte for byte: one answer is "
            "kept for all of them",
            (unsigned long long)r->state.n_equal);
    if (rc == 0)
        rc = look_for_pictures(r, e);
    if (rc == 0)
        rc = look(r, e);
    if (rc < 0 || r->deciding.questions || !(r->site.until_decided || r->site.decide_first))
        return rc;
    err_set(e, ERR_ARG,
            "nothing can be decided by the sample that there is: it was drawn by an "
            "earlier version, which did not keep its strata");
    return err_hint(e,
                    "--sample N --seed S draws another; votes on cells that are drawn again count");
}

static int load(struct review *r, struct err *e)
{
    int rc = store_begin(r->site.store, e);

    return rc < 0 ? rc : store_end(r->site.store, fill(r, e), e);
}

static int start(struct review *r, struct err *e)
{
    struct server_options o = { .host = r->site.host,
                                .port = r->site.port,
                                .name = r->site.name,
                                .public_url = r->site.public_url,
                                .cert = r->site.cert,
                                .key = r->site.key,
                                .per_address = r->site.per_address,
                                .routes = review_routes,
                                .n_routes = review_n_routes,
                                .data = r };
    int rc = server_start(&r->server, &o, e);

    /* cookies do not tell ports apart: two servers on one machine must */
    if (rc == 0)
        snprintf(r->cookie, sizeof(r->cookie), "assent-%u", server_port(r->server));
    return rc;
}

int review_open(struct review **out, const struct review_site *site, struct err *e)
{
    struct review *r = mem_new(1, sizeof(*r), e);
    int rc = r ? 0 : ERR_NOMEM;

    *out = NULL;
    if (!r)
        return rc;
    r->site = *site;
    pthread_mutex_init(&r->lock, NULL);
    clock_cond_init(&r->changed);
    rc = load(r, e);
    store_patience(r->site.store, PATIENCE_MS);
    if (rc == 0 && site->catalogue)
        rc = pictures_new(&r->pictures, site->catalogue, on_broken, r, e);
    pthread_mutex_lock(&r->lock); /* a request that comes at once waits for the cookie's name */
    if (rc == 0)
        rc = start(r, e);
    pthread_mutex_unlock(&r->lock);
    if (rc < 0)
        review_close(r);
    else
        *out = r;
    return rc;
}

void review_close(struct review *r)
{
    if (!r)
        return;
    end(r);
    server_stop(r->server); /* its handlers and answers use all that follows */
    pictures_free(r->pictures);
    state_release(&r->state);
    deciding_release(&r->deciding);
    free(r->waiting);
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->changed);
    free(r);
}

const char *review_address(const struct review *r)
{
    return server_address(r->server);
}

bool review_is_public_url(const char *url)
{
    return server_is_public_url(url);
}

bool review_is_local(const char *host)
{
    return server_is_loopback(host);
}
