/* SPDX-License-Identifier: MIT
 *
 * internal.h - what the files of review/ share. Private to review/.
 */
#ifndef ASSENT_REVIEW_INTERNAL_H
#define ASSENT_REVIEW_INTERNAL_H

#include <pthread.h>

#include "net/net.h"
#include "review/review.h"

enum {
    GRID_LEAST = 12,
    GRID_MOST = 48, /* answers of one request, and items of a tab */
    IDLE_SECONDS = 60,
    SECONDS_MAX = 3600,  /* that an answer may have taken */
    REPEAT_GAP = 20,     /* answers between an item and its repeat, where there are so many */
    REVIEW_RECENT = 100, /* answers whose median is the pace */
    TAB_MAX = 64,        /* bytes; of an answer's key too */
};

/* ---- draw.c ---- */

struct drawn_cell {
    size_t image, column, stratum;
};

struct drawing {
    struct store_stratum *strata;
    size_t n_strata;
    struct drawn_cell *cells; /* in the order of images */
    size_t n;
    uint64_t frame; /* cells that could be drawn */
    struct arena arena;
};

/* A stratified random sample of `wanted` of the plan's cells. */
int draw_sample(const struct review_plan *p, uint64_t wanted, struct drawing *out, struct err *e);
void drawing_release(struct drawing *d);
/* How `wanted` is shared out over strata: by the root of their size, two or more each where there
 * are so many, none above its size (power allocation: Bankier 1988). */
void draw_allocate(struct store_stratum *strata, size_t n, uint64_t wanted);

/* ---- state.c: who holds and has answered what ---- */

struct person {
    int64_t annotator;
    uint32_t *when;           /* [n items] the number of the person's answer that counts; 0: none */
    bool *skipped;            /* [n items] it was a skip */
    uint32_t n_given;         /* answers, undone ones too: the next one's number less one */
    uint64_t done;            /* that count */
    uint64_t left, left_grid; /* items that the person may still get */
    size_t from;              /* before it nothing is left for the person */
    int64_t undone;           /* counts down: what was undone last comes first */
    double recent[REVIEW_RECENT]; /* seconds of the latest answers, a ring */
    size_t n_recent;
};

#define PACKET_TAB "packet-packet" /* holds what was handed out as a folder */

struct hold { /* a lease */
    size_t item;
    struct person *person;
    int64_t until; /* seconds since 1970 */
    int64_t place; /* in the person's order */
    char tab[TAB_MAX + 1];
};

struct item_state {
    uint32_t filled; /* votes that are in */
    uint32_t holds;
    uint32_t repeat; /* the index of the item that repeats this one, less one; 0: none */
};

struct state {
    struct store *store;
    const struct task *task;
    const struct store_images *images;
    const bool *columns;
    struct store_items items;
    struct item_state *states; /* [items.n] */
    struct map *by_key;
    size_t *index_of; /* [max_id + 1] of an item's id; SIZE_MAX: none */
    int64_t max_id;
    struct person **people;
    size_t n_people, people_cap;
    struct hold *holds;
    size_t n_holds, holds_cap;
    uint64_t limit, n_aside;
    int64_t lease_seconds;
};

int state_load(struct state *s, const struct review_site *site, struct err *e);
void state_release(struct state *s);
int state_person(struct state *s, int64_t annotator, struct person **out, struct err *e);
bool state_find(const struct state *s, const char *key, size_t *item);
size_t state_index(const struct state *s, int64_t id); /* SIZE_MAX: no such item */
/* Has the person answered the item, or does the person hold it? */
bool state_may_see(const struct state *s, const struct person *p, size_t item);
bool state_is_done(const struct state *s, size_t item);

struct wanted {
    const char *tab;
    bool grid;
    size_t want;
    size_t column; /* grid: SIZE_MAX: any */
};

/* Afterwards the tab holds at most w->want items: items[] (GRID_MOST), in the order to show. */
int state_take(struct state *s, struct person *p, const struct wanted *w, size_t *items, size_t *n,
               struct err *e);
/* What a person who was revoked held, which the database has given up. */
void state_forget_holds(struct state *s, int64_t annotator);
int state_release_tab(struct state *s, struct person *p, const char *tab, struct err *e);

enum kept { KEPT, NOT_LEASED, ANSWERED, SET_ASIDE };
const char *kept_name(enum kept k);

struct given {   /* one answer */
    size_t item; /* SIZE_MAX: no such item */
    enum answer_kind kind;
    int16_t value;
    const char *reason;
};

/* May this answer be kept? Changes nothing. */
enum kept state_check(const struct state *s, const struct person *p, const struct given *g);
/* Keeps it: the database and the counts. at NULL: now. */
int state_answer(struct state *s, struct person *p, const struct given *g, const char *key,
                 double seconds, enum answer_mode mode, const char *at, struct err *e);
/* The answer does not count any more, and the tab holds the item again (NULL: nobody does). */
int state_undo(struct state *s, struct person *p, size_t item, const char *tab, struct err *e);
/* Sets every item of the image aside. */
int state_set_aside(struct state *s, size_t image, const char *why, struct err *e);
/* Everything that is open for the person becomes theirs for `days`; *items in rising place. */
int state_take_all(struct state *s, struct person *p, const char *tab, int days, size_t **items,
                   size_t *n, struct err *e);

/* The page's documents. */
struct json_t *progress_json(const struct state *s, const struct person *p);
struct json_t *questions_json(const struct task *t);

/* ---- body.c: what requests say ---- */

struct body_answer {
    const char *item;
    enum answer_kind kind;
    int64_t value;
    const char *reason;
};

struct body {
    const char *token, *tab, *key;
    int mode;               /* enum answer_mode, or -1 */
    int64_t want, question; /* -1: not given */
    double seconds;
    bool undone; /* of a packet's answers */
    struct body_answer answers[GRID_MOST];
    size_t n_answers;
    struct json_t *document; /* what the texts lie in */
};

enum body_kind { BODY_SESSION, BODY_TAKE, BODY_RELEASE, BODY_ANSWER, BODY_UNDO, BODY_EMPTY };

/* Reads a request's body and checks all that can be checked without knowing the items. */
int body_read(struct body *b, enum body_kind kind, const char *text, size_t len, struct err *e);
/* One answer of a packet: an object with key, mode, seconds and answers. */
int body_read_packet(struct body *b, struct json_t *object, struct err *e);
void body_release(struct body *b);

/* ---- pictures.c ---- */

struct pictures;

/* Tells, from a thread of pictures', that an image cannot be read. */
typedef void pictures_broken(void *data, size_t image, const struct err *why);

int pictures_new(struct pictures **out, const struct review_site *site, pictures_broken *broken,
                 void *data, struct err *e);
void pictures_free(struct pictures *p); /* answers those who wait; NULL is fine */
/* Answers r with the image as JPEG, from another thread. */
void pictures_send(struct pictures *p, struct request *r, size_t image);
/* A picture as the page may see it; free(*jpeg). */
int picture_make(struct image_source *source, size_t picture, pthread_mutex_t *reading, void **jpeg,
                 size_t *len, struct err *e);

/* ---- session.c, api.c, owner.c, serve.c ---- */

struct waiting { /* an answer that goes once what it says is on the disk */
    struct request *request;
    struct json_t *document;
    char *cookie; /* NULL: none */
    unsigned status;
};

struct rate {
    double at, used; /* monotonic seconds; requests that are not yet forgotten */
};

struct review {
    struct review_site site;
    struct server *server;
    struct pictures *pictures; /* NULL: no pictures */
    pthread_mutex_t lock;      /* of the store and all below */
    pthread_cond_t changed;
    struct state state;
    struct waiting *waiting;
    size_t n_waiting, waiting_cap;
    bool writing;      /* a transaction is open */
    struct err failed; /* code below zero: the server ends */
    char cookie[32];   /* the session cookie's name */
    struct rate rates[256];
};

struct session {
    struct store_reviewer who;
    char name[TASK_NAME_MAX + 1];
    char csrf[SHA256_HEX];
};

/* Whose request this is; where it is nobody's, or a POST without the session's token, answers and
 * returns false. With the lock. */
bool session_check(struct review *r, struct request *q, bool writes, struct session *out);
void session_open(struct review *r, struct request *q);  /* POST /api/session */
void session_show(struct review *r, struct request *q);  /* GET */
void session_leave(struct review *r, struct request *q); /* POST /api/leave */

/* Opens the transaction that the next commit ends, unless it is open. */
int review_write(struct review *r, struct err *e);
/* Answers once all that was written is on the disk. Takes the document over. */
void review_reply(struct review *r, struct request *q, unsigned status, struct json_t *document,
                  const char *cookie);
/* A write that failed half-way: what memory holds is not what the database will. */
void review_fail(struct review *r, struct request *q, const struct err *e);

extern const struct server_route review_routes[];
extern const size_t review_n_routes;

void owner_overview(struct review *r, struct request *q);
void owner_gallery(struct review *r, struct request *q);
bool owner_may_see(const struct review *r, size_t item);

/* ---- assets.c: the page, embedded at build ---- */

struct asset {
    const char *name, *type, *text;
    size_t len;
};

const struct asset *asset_find(const char *name); /* NULL: there is none */

#endif
