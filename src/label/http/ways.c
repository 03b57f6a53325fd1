/* SPDX-License-Identifier: MIT */
#include "label/http/ways.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "label/http/chat.h"
#include "label/http/data_url.h"
#include "label/http/written.h"

/* By form: of a yes/no question, of one with options. */
enum { FORM_YESNO, FORM_OPTIONS, FORMS };

struct way {
    const char *name;
    const char *describe;      /* said once a picture, before its questions; NULL: nothing is */
    const char *behind[FORMS]; /* said behind a question */
    const char *again[FORMS];  /* said when it is answered: the second answer counts */
    bool thinks;               /* the answer is the last line */
    uint64_t examples;         /* of a question, where nobody says; 0: it is shown none */
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
    { .name = "examples", .examples = 4 },
};
enum { WAYS = sizeof(ways) / sizeof(ways[0]), DESCRIBE_TOKENS = 256 };

struct example {
    size_t column;
    int16_t value;
    const char *label;
    const char *data_url, *sha256; /* of its picture */
};

struct asking {
    const struct annotator *annotator;
    const struct protocol *protocol;
    const struct task *task;
    const struct way *way; /* NULL: none */
    struct example *examples;
    struct exchange_picture *shown; /* [n_examples] theirs, where a recording is made; else NULL */
    size_t n_examples;
    char **data_urls, **stand_ins; /* [n_pictures] of the examples; stand_ins: in a recording */
    size_t n_pictures;
    struct arena arena;
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
    err_expected(e, "describe, reason, verify or examples");
    return wrong(a, e);
}

/* What only another way has any use for. */
static int check_parts(const struct asking *w, struct err *e)
{
    const struct asking_way *given = &w->annotator->way;
    const struct {
        const char *key, *of;
        bool given;
    } parts[] = {
        { "describe", "describe", given->describe != NULL },
        { "describe_tokens", "describe", given->describe_tokens > 0 },
        { "examples", "examples", given->examples > 0 },
        { "examples_of", "examples", given->examples_of != NULL },
        { "examples_seed", "examples", given->examples_seed > 0 },
    };

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (parts[i].given && !text_equal(given->name, parts[i].of)) {
            err_set(e, ERR_ARG, "%s is for way: %s", parts[i].key, parts[i].of);
            return wrong(w->annotator, e);
        }
    return 0;
}

static int check_way(const struct asking *w, struct err *e)
{
    if (w->annotator->way.name && !w->way)
        return unknown_way(w->annotator, e);
    if (w->way && w->protocol != &protocol_chat) {
        err_set(e, ERR_ARG, "way: %s needs protocol: chat, and mode: each", w->way->name);
        return wrong(w->annotator, e);
    }
    return check_parts(w, e);
}

/* ---- examples ---- */

size_t label_examples_wanted(const struct annotator *a)
{
    const struct way *way = a->way.name ? way_named(a->way.name) : NULL;
    uint64_t n = way && a->way.examples > 0 ? a->way.examples : way ? way->examples : 0;

    return way && way->examples > 0 ? (size_t)n : 0;
}

/* As requests.c has the pictures that are asked about: a replay sends stand-ins alone. */
static int show_picture(const struct asking *w, const struct label_options *o, size_t i,
                        struct err *e)
{
    const struct label_example_picture *p = &o->examples->pictures[i];
    uint64_t most = w->annotator->pictures.max_pixels;
    struct image image;
    struct label_picture shown = { &image, p->bytes, p->len, NULL };
    int rc = image_decode(&image, p->bytes, p->len, e);

    if (rc < 0)
        return rc;
    if (o->replay)
        rc = data_url_stand_in(&shown, most, &w->data_urls[i], e);
    else
        rc = data_url_make(&shown, most, &w->data_urls[i], e);
    if (rc == 0 && w->shown)
        rc = data_url_stand_in(&shown, most, &w->stand_ins[i], e);
    image_release(&image);
    return rc;
}

static int take_example(struct asking *w, const struct label_examples *given, size_t i,
                        struct err *e)
{
    const struct label_example *from = &given->items[i];
    const char *sha256 =
        arena_text(&w->arena, given->pictures[from->picture].sha256, SHA256_HEX - 1, e);

    if (!sha256)
        return ERR_NOMEM;
    w->examples[i] = (struct example){ from->column, from->value,
                                       w->task->columns[from->column].labels[from->value],
                                       w->data_urls[from->picture], sha256 };
    if (w->shown)
        w->shown[i] =
            (struct exchange_picture){ w->data_urls[from->picture], w->stand_ins[from->picture] };
    w->n_examples++;
    return 0;
}

static int take_examples(struct asking *w, const struct label_options *o, struct err *e)
{
    const struct label_examples *given = o->examples;
    int rc = 0;

    if (!given || given->n == 0)
        return err_set(e, ERR_ARG, "no examples were given");
    w->data_urls = arena_new(&w->arena, given->n_pictures, sizeof(*w->data_urls), e);
    w->stand_ins = arena_new(&w->arena, given->n_pictures, sizeof(*w->stand_ins), e);
    w->examples = arena_new(&w->arena, given->n, sizeof(*w->examples), e);
    w->shown = o->record ? arena_new(&w->arena, given->n, sizeof(*w->shown), e) : NULL;
    if (!w->data_urls || !w->stand_ins || !w->examples || (o->record && !w->shown))
        return ERR_NOMEM;
    w->n_pictures = given->n_pictures;
    for (size_t i = 0; rc == 0 && i < given->n_pictures; i++)
        rc = show_picture(w, o, i, e);
    for (size_t i = 0; rc == 0 && i < given->n; i++)
        rc = take_example(w, given, i, e);
    return rc;
}

const struct exchange_picture *asking_shown(const struct asking *w, const struct asked *q,
                                            size_t *n)
{
    size_t first = 0, end;

    while (w->shown && first < w->n_examples && w->examples[first].column != q->column)
        first++;
    for (end = first; w->shown && end < w->n_examples && w->examples[end].column == q->column;)
        end++;
    *n = end - first;
    return w->shown ? w->shown + first : NULL;
}

/* ---- opening and closing ---- */

int asking_open(struct asking **out, const struct annotator *a, const struct protocol *p,
                const struct task *t, const struct label_options *o, struct err *e)
{
    struct asking *w = mem_new(1, sizeof(*w), e);
    int rc;

    *out = NULL;
    if (!w)
        return ERR_NOMEM;
    *w = (struct asking){
        .annotator = a, .protocol = p, .task = t, .way = a->way.name ? way_named(a->way.name) : NULL
    };
    rc = check_way(w, e);
    if (rc == 0 && w->way && w->way->examples > 0)
        rc = take_examples(w, o, e);
    if (rc < 0)
        asking_close(w);
    else
        *out = w;
    return rc;
}

void asking_close(struct asking *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->n_pictures; i++) {
        free(w->data_urls[i]);
        free(w->stand_ins[i]);
    }
    arena_release(&w->arena);
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

/* By column, [[picture, label], ..]. */
static struct json_t *example_settings(const struct asking *w)
{
    struct json_t *all = jv_pack("{}");

    for (size_t i = 0; i < w->n_examples; i++) {
        const struct example *x = &w->examples[i];
        const char *column = w->task->columns[x->column].name;

        if (!jv_get(all, column))
            jv_set(all, column, jv_array());
        jv_append(jv_get(all, column), jv_pack("[s, s]", x->sha256, x->label));
    }
    return all;
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
    if (w->way->examples > 0)
        jv_set(all, "examples", example_settings(w));
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

/* In the words that a model is to answer with. */
static const char *answer_of(const struct asked *q, int16_t value)
{
    static const char letters[][2] = { "A", "B", "C", "D", "E", "F", "G", "H", "I",
                                       "J", "K", "L", "M", "N", "O", "P", "Q", "R",
                                       "S", "T", "U", "V", "W", "X", "Y", "Z" };

    if (q->form == ASKED_YESNO)
        return value == VALUE_YES ? "Yes" : "No";
    return (size_t)value < sizeof(letters) / sizeof(letters[0]) ? letters[value] : "";
}

/* The column's, each a turn; but no picture is its own example. */
static int exemplified_body(const struct asking *w, const struct asking_about *about,
                            const struct asked *q, char **body, size_t *len, struct err *e)
{
    struct protocol_turn turns[TASK_EXAMPLES_MAX];
    struct protocol_asking asking = plain(w, about);

    asking.turns = turns;
    for (size_t i = 0; i < w->n_examples && asking.n_turns < TASK_EXAMPLES_MAX; i++) {
        const struct example *x = &w->examples[i];

        if (x->column == q->column && strcmp(x->data_url, about->data_url) != 0)
            turns[asking.n_turns++] =
                (struct protocol_turn){ x->data_url, q, NULL, answer_of(q, x->value) };
    }
    return about->protocol->body(&asking, q, 1, body, len, e);
}

int asking_body(const struct asking *w, const struct asking_about *about, const struct asked *q,
                size_t n, char **body, size_t *len, struct err *e)
{
    struct protocol_asking asking = plain(w, about);

    if (about->stage == STAGE_DESCRIBE)
        return describing_body(w, about, body, len, e);
    if (about->said)
        return following_body(w, about, q, body, len, e);
    if (w->n_examples > 0)
        return exemplified_body(w, about, q, body, len, e);
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
