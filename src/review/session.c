/* SPDX-License-Identifier: MIT
 *
 * A link's token is exchanged once for a session's, which is a cookie that scripts cannot read. Of
 * both the database has the hash. What a script must send with every write follows from the cookie,
 * so that another page, which cannot read it, cannot make it up.
 */
#include <string.h>
#include <time.h>

#include "review/body.h"
#include "review/documents.h"
#include "review/server.h"

enum {
    SESSION_DAYS = 14,
    RATE_A_SECOND = 200, /* requests of a person, over all tabs */
    RATE_BURST = 600,
};

static const char away[] =
    "this browser has no session here, or it was ended: open your link again";

int review_token(struct store *s, int64_t reviewer, char token[SECRET_TEXT], struct err *e)
{
    char hash[SHA256_HEX];
    int rc = secret_make(token, e);

    if (rc < 0)
        return rc;
    sha256_hex(token, SECRET_TEXT - 1, hash);
    return store_token_add(s, hash, TOKEN_LINK, reviewer, 0, e);
}

static void csrf_of(const char *cookie, char out[SHA256_HEX])
{
    char text[SECRET_TEXT + 8];

    snprintf(text, sizeof(text), "csrf %s", cookie);
    sha256_hex(text, strlen(text), out);
}

/* The hash of the request's cookie; false where it has none that could be ours. */
static bool cookie_hash(const struct review *r, const struct request *q, char hash[SHA256_HEX],
                        const char **cookie)
{
    *cookie = request_cookie(q, r->cookie);
    if (!*cookie || strlen(*cookie) != SECRET_TEXT - 1)
        return false;
    sha256_hex(*cookie, SECRET_TEXT - 1, hash);
    return true;
}

/* A bucket that fills with time; reviewers whose numbers fall together share one. */
static bool is_too_fast(struct review *r, int64_t reviewer)
{
    struct rate *rate = &r->rates[(uint64_t)reviewer % (sizeof(r->rates) / sizeof(r->rates[0]))];
    double now = clock_seconds();

    rate->used -= (now - rate->at) * RATE_A_SECOND;
    if (rate->used < 0)
        rate->used = 0;
    rate->at = now;
    return ++rate->used > RATE_BURST;
}

bool session_check(struct review *r, struct request *q, bool writes, struct session *out)
{
    const char *cookie, *csrf = request_header(q, "X-CSRF");
    char hash[SHA256_HEX];
    struct err e;
    int rc = 0;

    if (cookie_hash(r, q, hash, &cookie))
        rc = store_token_find(r->site.store, hash, TOKEN_SESSION, &out->who, out->name, &e);
    if (rc < 0) {
        request_refuse(q, 500, "failed", e.what);
        return false;
    }
    if (rc == 0) {
        request_refuse(q, 401, "session", away);
        return false;
    }
    if (is_too_fast(r, out->who.id)) {
        request_refuse(q, 429, "rate", "too many requests: wait a second");
        return false;
    }
    request_known(q);
    csrf_of(cookie, out->csrf);
    if (writes && (!csrf || !secret_equal(out->csrf, csrf))) {
        request_refuse(q, 403, "csrf", "the X-CSRF header is not this session's");
        return false;
    }
    return true;
}

/* Who this is in which project, for what the page keeps of them: items' keys are random, so the
 * oldest one tells projects apart. */
static int who_of(const struct review *r, const struct session *s, char out[SHA256_HEX],
                  struct err *e)
{
    char first[SECRET_TEXT], text[SECRET_TEXT + 32];
    int rc = store_review_first_key(r->site.store, first, e);

    snprintf(text, sizeof(text), "who %s %lld", first, (long long)s->who.id);
    sha256_hex(text, strlen(text), out);
    return rc;
}

static struct json_t *session_json(struct review *r, const struct session *s, struct err *e)
{
    char who[SHA256_HEX];
    struct person *p = NULL;
    struct json_t *o;

    if (who_of(r, s, who, e) < 0)
        return NULL;
    if (s->who.annotator != 0 && state_person(&r->state, s->who.annotator, &p, e) < 0)
        return NULL;
    o = document_session(&r->state, &(struct document_reviewer){ who, s->name, s->csrf, p });
    if (!o)
        err_set(e, ERR_NOMEM, "out of memory");
    return o;
}

void session_show(struct review *r, struct request *q)
{
    struct session s;
    struct json_t *o;
    struct err e = { 0 };

    if (!session_check(r, q, false, &s))
        return;
    o = session_json(r, &s, &e);
    if (o)
        request_json(q, 200, o, NULL);
    else
        request_refuse(q, 500, "failed", e.what);
}

/* Makes the session that a good token is exchanged for. */
static int start_session(struct review *r, struct request *q, struct session *s, struct err *e)
{
    char secret[SECRET_TEXT], hash[SHA256_HEX], cookie[256];
    struct json_t *o;
    int rc = secret_make(secret, e);

    if (rc == 0)
        rc = review_write(r, e);
    if (rc < 0)
        return rc;
    sha256_hex(secret, SECRET_TEXT - 1, hash);
    rc = store_token_add(r->site.store, hash, TOKEN_SESSION, s->who.id,
                         (int64_t)time(NULL) + SESSION_DAYS * 24 * 60 * 60, e);
    if (rc < 0)
        return rc;
    csrf_of(secret, s->csrf);
    o = session_json(r, s, e);
    if (!o)
        return e->code;
    snprintf(cookie, sizeof(cookie), "%s=%s; HttpOnly; SameSite=Strict; Path=/; Max-Age=%d%s",
             r->cookie, secret, SESSION_DAYS * 24 * 60 * 60,
             server_is_secure(r->server) ? "; Secure" : "");
    review_reply(r, q, 200, o, cookie);
    return 0;
}

void session_open(struct review *r, struct request *q)
{
    char hash[SHA256_HEX];
    struct session s;
    struct body b;
    struct err e = { 0 };
    size_t len;
    const char *text = request_body(q, &len);
    int rc = body_read(&b, BODY_SESSION, text, len, &e);

    if (rc < 0) {
        review_refuse(q, &e);
        return;
    }
    sha256_hex(b.token, strlen(b.token), hash);
    body_release(&b);
    rc = store_token_find(r->site.store, hash, TOKEN_LINK, &s.who, s.name, &e);
    if (rc == 1)
        request_known(q);
    if (rc == 1)
        rc = start_session(r, q, &s, &e);
    else if (rc == 0)
        request_refuse(q, 401, "session", "this link is wrong, or was revoked: ask for a new one");
    if (rc < 0)
        review_fail(r, q, &e);
}

void session_leave(struct review *r, struct request *q)
{
    char hash[SHA256_HEX], gone[96];
    const char *cookie;
    struct session s;
    struct err e;
    int rc;

    if (!session_check(r, q, true, &s))
        return;
    cookie_hash(r, q, hash, &cookie);
    rc = review_write(r, &e);
    if (rc == 0)
        rc = store_token_drop(r->site.store, hash, &e);
    snprintf(gone, sizeof(gone), "%s=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0", r->cookie);
    if (rc < 0)
        review_fail(r, q, &e);
    else
        review_reply(r, q, 200, jv_pack("{}"), gone);
}
