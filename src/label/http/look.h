/* SPDX-License-Identifier: MIT
 *
 * look.h - a look at the servers of an annotator: what they are, what they answer to, and what
 * their answers are worth.
 *
 * They are asked a question about two pictures that are drawn here, one of which it is true of; an
 * answer that both get alike was given without looking.
 */
#ifndef ASSENT_LABEL_LOOK_H
#define ASSENT_LABEL_LOOK_H

#include "base/base.h"
#include "label/label.h"
#include "task/task.h"

enum look_state {
    LOOK_NONE,    /* no such path, or no such model */
    LOOK_REFUSES, /* a question about a picture */
    LOOK_BLIND,   /* it answers, whatever the picture */
    LOOK_FAILS,
    LOOK_ANSWERS,
};

enum { LOOK_SYSTEMONE, LOOK_DECISIONS, LOOK_CHAT, LOOK_PROTOCOLS }; /* the best first */

struct look_protocol {
    const char *name;
    const char *picture; /* of systemone: the member in which the server reads it; NULL */
    enum look_state state;
    const char *why;   /* in the server's own words; NULL: it answers */
    double yes[2];     /* P(yes) where yes and where no is right; NaN: a label alone, or none */
    int16_t values[2]; /* as labels; VALUE_UNPARSEABLE: none */
    double mass;       /* the first's; NaN: not said */
    int16_t again;     /* the first's, asked for the second time */
    double drift;      /* between the same question's answers, asked twice; NaN: not known */
    bool same;         /* both times the same label, and probability */
    double seconds;    /* of the second time */
    uint64_t tokens;   /* of its prompt, as the server counts; 0: not said */
};

/* Of chat: what it reads of a request, and says in an answer. */
struct look_chat {
    uint64_t top;     /* likeliest tokens that came of the 20 asked for */
    double grid;      /* all log-probabilities are multiples of this; 0: they are not rounded */
    bool usage;       /* how many tokens a prompt has */
    bool cached;      /* how many of them were cached */
    bool constrained; /* an answer can be held to a JSON schema */
    bool exact;       /* it gives the log-probabilities of tokens that are named */
};

struct look_server {
    const char *url;
    const char *kind, *version, *calls_itself; /* NULL: not known */
    const char *cached_by; /* the server's option that makes it say what was cached; NULL */
    bool reached;          /* something answers */
    bool lists;            /* it says which models it has */
    const char *const *models;
    size_t n_models;
    bool has_model;      /* the annotator's is among them */
    const char *nearest; /* else that which is called most like it; NULL */
    struct look_protocol protocols[LOOK_PROTOCOLS];
    const struct look_protocol *ours; /* that assent.yaml means here, answering; NULL */
    const struct look_protocol *best; /* NULL: none answers */
    struct look_chat chat;
    bool asked_own;             /* about the project's own picture, by `ours` or else `best` */
    bool kept_back;             /* that would have left the private network */
    double own_seconds;         /* that it took */
    const char *problem, *hint; /* why it cannot label; NULL: it can */
};

struct look {
    struct look_server *servers; /* as the annotator's urls */
    size_t n;
    struct arena arena; /* private */
};

struct look_options {
    const struct label_picture *picture; /* the project's own; NULL: none */
    bool may_leave;                      /* it may be sent to a server outside */
    const struct events *events;
};

/* ERR_ARG where assent.yaml does not say whom to ask, or with which key. What a server does wrong
 * is no error, and in `out`. The annotator must outlive that. */
int look_at_servers(struct look *out, const struct annotator *a, const struct look_options *o,
                    struct err *e);
void look_release(struct look *l);

#endif
