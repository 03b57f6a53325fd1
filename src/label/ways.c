/* SPDX-License-Identifier: MIT */
#include "label/ways.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "label/chat.h"
#include "label/written.h"

/* By form: of a yes/no question, of one with options. */
enum { FORM_YESNO, FORM_OPTIONS, FORMS };

struct way {
    const char *name;
    const char *describe;      /* said once a picture, before its questions; NULL: nothing is */
    const char *behind[FORMS]; /* said behind a question */
    const char *again[FORMS];  /* said when it is answered: the second answer counts */
    bool thinks;               /* the answer is the last line */
    uint64_t tokens;           /* of an answer, where nobody says; 0: the protocol's */
};

static const struct way ways[] = {
    { .name = "describe",
      .describe = "Describe this picture in detail: what and who is to be seen, how it looks, and "
                  "what is written in it." },
    { .name = "reason",
      .behind = { "Think step by step, then answer with yes or no alone on the last line.",
                  "Think step by step, then answer with the letter of one option alone on the last "
                  "line." },
      .thinks = true,
      .tokens = 512 },
    { .name = "verify",
      .again = { "Are you sure? Look at the picture again, then answer yes or no, and nothing "
                 "else.",
                 "Are you sure? Look at the picture again, then answer with the letter of one "
                 "option, and nothing else." } },
};
enum { WAYS = sizeof(ways) / sizeof(ways[0]), DESCRIBE_TOKENS = 256 };

struct asking {
    const struct annotator *annotator;
    const struct protocol *protocol;
    const struct way *way; /* NULL: none */
};

/* ---- opening ---- */

static const struct way *way_named(const char *name)
{
    for (size_t i = 0; i < WAYS; i++)
        if (strcmp(name, ways[i].name) == 0)
            return &ways[i];
    return NULL;
}

static int wrong(const struct annotator *a, struct err *e)
{
    return err_at(e, "assent.yaml:%u: %s", a->line, a->name);
}

static int unknown_way(const struct annotator *a, struct err *e)
{
    err_set(e, ERR_ARG, "no way of asking is called '%s'", a->way.name);
    err_expected(e, "describe, reason or verify");
    return wrong(a, e);
}

/* What only another way, or none, has any use for. */
static int check_parts(const struct asking *w, struct err *e)
{
    const struct asking_way *given = &w->annotator->way;
    bool describes = w->way && w->way->describe;

    if (!describes && (given->describe || given->describe_tokens > 0)) {
        err_set(e, ERR_ARG, "%s is for way: describe",
                given->describe ? "describe" : "describe_tokens");
        return wrong(w->annotator, e);
    }
    return 0;
}

int asking_open(struct asking **out, const struct annotator *a, const struct protocol *p,
                struct err *e)
{
    struct asking *w = mem_new(1, sizeof(*w), e);
    int rc = w ? 0 : ERR_NOMEM;

    *out = NULL;
    if (rc < 0)
        return rc;
    *w = (struct asking){ a, p, a->way.name ? way_named(a->way.name) : NULL };
    if (a->way.name && !w->way) {
        rc = unknown_way(a, e);
    } else if (w->way && p != &protocol_chat) {
        err_set(e, ERR_ARG, "way: %s needs protocol: chat, and mode: each", w->way->name);
        rc = wrong(a, e);
    } else {
        rc = check_parts(w, e);
    }
    if (rc < 0)
        asking_close(w);
    else
        *out = w;
    return rc;
}

void asking_close(struct asking *w)
{
    free(w);
}

/* ---- what it is ---- */

static uint64_t describe_tokens(const struct asking *w)
{
    uint64_t given = w->annotator->way.describe_tokens;

    return given > 0 ? given : DESCRIBE_TOKENS;
}

static const char *describe_text(const struct asking *w)
{
    const char *given = w->annotator->way.describe;

    return given ? given : w->way->describe;
}

static uint64_t tokens_of(const struct asking *w, const struct protocol *p)
{
    uint64_t given = w->annotator->server.max_tokens;

    return given == 0 && w->way && w->way->tokens > 0 ? w->way->tokens
                                                      : protocol_tokens(p, w->annotator);
}

uint64_t asking_tokens(const struct asking *w)
{
    return tokens_of(w, w->protocol);
}

bool asking_describes(const struct asking *w)
{
    return w->way && w->way->describe;
}

bool asking_asks_again(const struct asking *w)
{
    return w->way && w->way->again[0];
}

static void set_texts(struct json_t *all, const char *name, const char *const texts[FORMS])
{
    if (texts[0])
        jv_set(all, name, jv_texts(texts, FORMS));
}

/* The texts too: another version of this program may say others. */
struct json_t *asking_settings(const struct asking *w)
{
    struct json_t *all = w->way ? jv_pack("{s:s}", "name", w->way->name) : NULL;

    if (!all)
        return NULL;
    if (w->way->describe) {
        jv_set(all, "describe", jv_pack("s", describe_text(w)));
        jv_set(all, "describe_tokens", jv_pack("I", (long long)describe_tokens(w)));
    }
    set_texts(all, "behind", w->way->behind);
    set_texts(all, "again", w->way->again);
    return all;
}

/* ---- asking ---- */

static size_t form_of(const struct asked *q)
{
    return q->form == ASKED_YESNO ? FORM_YESNO : FORM_OPTIONS;
}

static struct protocol_asking plain(const struct asking *w, const struct asking_about *about)
{
    return (struct protocol_asking){ .model = w->annotator->model,
                                     .system = w->annotator->server.system,
                                     .data_url = about->data_url,
                                     .max_tokens = tokens_of(w, about->protocol),
                                     .extra = about->extra,
                                     .ids = about->ids };
}

static int describing_body(const struct asking *w, const struct asking_about *about, char **body,
                           size_t *len, struct err *e)
{
    struct protocol_asking asking = plain(w, about);

    asking.text = describe_text(w);
    asking.max_tokens = describe_tokens(w);
    asking.prose = true;
    return about->protocol->body(&asking, NULL, 0, body, len, e);
}

/* The picture was shown with the first question, or when it was described. */
static int following_body(const struct asking *w, const struct asking_about *about,
                          const struct asked *q, char **body, size_t *len, struct err *e)
{
    bool again = about->stage == STAGE_AGAIN;
    const struct protocol_turn turn = { about->data_url, again ? q : NULL,
                                        again ? NULL : describe_text(w), about->said };
    struct protocol_asking asking = plain(w, about);

    asking.data_url = NULL;
    asking.turns = &turn;
    asking.n_turns = 1;
    asking.text = again ? w->way->again[form_of(q)] : NULL;
    return about->protocol->body(&asking, again ? NULL : q, again ? 0 : 1, body, len, e);
}

int asking_body(const struct asking *w, const struct asking_about *about, const struct asked *q,
                size_t n, char **body, size_t *len, struct err *e)
{
    struct protocol_asking asking = plain(w, about);

    if (about->stage == STAGE_DESCRIBE)
        return describing_body(w, about, body, len, e);
    if (about->said)
        return following_body(w, about, q, body, len, e);
    if (w->way)
        asking.text = w->way->behind[form_of(q)];
    return about->protocol->body(&asking, q, n, body, len, e);
}

/* ---- answers ---- */

/* A model that refuses to describe answers no question. */
static int read_description(const struct client_answer *answer, size_t n, struct raw_answer *raw,
                            struct protocol_usage *usage, char **said, struct err *e)
{
    bool refused;
    int rc = written_text(answer->body, answer->len, said, &refused, usage, e);

    if (rc < 0 || *said)
        return rc;
    if (!refused) {
        err_set(e, ERR_FORMAT, "the picture's description is empty");
        return err_hint(e, "where the model thinks first, a larger describe_tokens helps");
    }
    for (size_t i = 0; i < n; i++)
        raw[i] = (struct raw_answer){ .mass = NAN, .value = VALUE_REFUSED };
    return 0;
}

/* One that is a refusal, or no text, is the last. */
static int read_first(const struct client_answer *answer, struct raw_answer *raw, char **said,
                      struct err *e)
{
    struct protocol_usage counted;
    bool refused;
    int rc = written_text(answer->body, answer->len, said, &refused, &counted, e);

    if (rc < 0 || *said) {
        jv_free(raw->top);
        raw->top = NULL;
    }
    return rc;
}

/* Which option the first answer was, or its own words. */
static void keep_first(const struct asked *q, const char *said, struct raw_answer *raw)
{
    int16_t value = chat_value(q, said);

    raw->said_as = SAID_FIRST;
    raw->said = written_said(value >= 0 ? q->options[value] : said);
}

/* The description is the picture's, and is kept with the first of its answers. */
static void keep_description(const char *said, struct raw_answer *raw)
{
    raw->said_as = SAID_DESCRIPTION;
    raw->said = written_said(said);
}

int asking_read(const struct asking *w, const struct asking_about *about, const struct asked *q,
                size_t n, const struct client_answer *answer, struct arena *arena,
                struct raw_answer *raw, struct protocol_usage *usage, char **said, struct err *e)
{
    int rc;

    *said = NULL;
    if (about->stage == STAGE_DESCRIBE)
        return read_description(answer, n, raw, usage, said, e);
    if (w->way && w->way->thinks)
        return written_answer(q, answer->body, answer->len, arena, raw, usage, e);
    rc = about->protocol->read(q, n, answer->body, answer->len, arena, raw, usage, e);
    if (rc < 0 || !w->way)
        return rc;
    if (about->stage == STAGE_AGAIN)
        keep_first(q, about->said, raw);
    else if (asking_asks_again(w))
        return read_first(answer, raw, said, e);
    else if (w->way->describe)
        keep_description(about->said, raw);
    return 0;
}
