/* SPDX-License-Identifier: MIT
 *
 * probe.h - one server asked small things, one after the other: what it is, and whether it answers
 * a question about a picture that this program draws. Private to label/.
 *
 * None of the user's pictures or questions goes out here unless the caller gives one.
 */
#ifndef ASSENT_LABEL_PROBE_H
#define ASSENT_LABEL_PROBE_H

#include "label/http/protocol.h"
#include "net/client.h"

struct probe;

/* The url-th server of the annotator, which must outlive it, as the events must. ERR_ARG: as
 * exchange_open. */
int probe_open(struct probe **out, const struct annotator *a, size_t url,
               const struct events *events, struct err *e);
void probe_close(struct probe *p); /* NULL is fine */

/* GET of a path behind the url, or behind its root, which is the url without /v1. The answer is
 * valid until the next request; status 0: none came. */
enum probe_from { PROBE_URL, PROBE_ROOT };
int probe_get(struct probe *p, enum probe_from from, const char *path, struct client_answer *out,
              struct err *e);

/* "Is the whole picture blue?" */
extern const struct asked probe_question;
/* One that is, and one that is not: data URLs, the probe's. */
enum { PROBE_BLUE, PROBE_YELLOW, PROBE_PICTURES };
const char *probe_picture(const struct probe *p, size_t i);

enum probe_outcome {
    PROBE_NONE,    /* there is no such path, or no such model */
    PROBE_REFUSED, /* not so, or not to us */
    PROBE_BLIND,   /* it answers, and passes over the picture */
    PROBE_FAILED,  /* no answer, or it may answer later: nothing is known */
    PROBE_ANSWERED,
};

struct probe_answer {
    enum probe_outcome outcome;
    unsigned status; /* 0: no answer */
    double yes;      /* P(yes); NaN: a label alone, or none */
    double mass;     /* NaN: not said */
    int16_t value;   /* VALUE_YES, VALUE_NO, or why there is neither */
    double seconds;
    struct protocol_usage usage;
    const char *body; /* until the next request */
    size_t len;
    struct err why; /* code 0: it answered */
};

/* The question about a picture. What is in `more`, an object that is taken over, NULL: nothing,
 * replaces members of the request. */
int probe_ask(struct probe *p, const struct protocol *protocol, const char *data_url,
              struct json_t *more, struct probe_answer *out, struct err *e);

/* Of systemone's two ways to give the picture the one that the server reads: a member that it reads
 * cannot be a number. Asks about a drawn picture; *out is that answer, outcome PROBE_ANSWERED where
 * *protocol is the way. */
int probe_systemone(struct probe *p, const struct protocol **protocol, struct probe_answer *out,
                    struct err *e);

/* The protocol that the entry of assent.yaml means with this server: "systemone" the one of its
 * ways that is read; "decide" that, else decisions; "auto" these, else chat. ERR_IO where it cannot
 * be told now: which one it is is part of what a model is, so nothing is guessed. What it took is
 * added to *used. */
int probe_protocol(const struct annotator *a, const struct events *events,
                   const struct protocol **out, struct label_usage *used, struct err *e);

#endif
