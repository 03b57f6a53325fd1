/* SPDX-License-Identifier: MIT
 *
 * review.h - what a review needs brought together: labels, known answers, pictures, the queue, the
 * server, people and their links, packets.
 */
#ifndef ASSENT_JOBS_REVIEW_H
#define ASSENT_JOBS_REVIEW_H

#include "base/base.h"
#include "project/project.h"
#include "review/notice.h"
#include "review/packet.h"
#include "review/queue.h"
#include "review/review.h"
#include "store/reviewers.h"

struct review_options {
    const char *between[2];       /* who differ; NULL: the usual pair */
    const char *const *questions; /* n 0: all */
    size_t n_questions;
    bool no_disputes, abstained, rule_breaking;
    uint64_t sample;     /* cells; 0: none */
    double sample_share; /* or so many of all; 0: as `sample` says */
    unsigned strata;     /* as struct review_plan has these */
    bool active;
    double floor;
    uint64_t repeat;
    const char *gold; /* a label file; NULL: none */
    uint32_t votes;
    uint64_t overlap; /* so many drawn cells are asked of overlap_votes people; 0: none */
    uint32_t overlap_votes;
    uint64_t limit;
    enum review_order order;
    bool until_decided; /* as review_site has it */
    uint64_t seed;
    unsigned lease_minutes;
    const char *host, *name, *public_url, *cert, *key; /* as net.h has them */
    uint16_t port;
    unsigned per_address;
    const char *reviewer;                                       /* NULL: nobody */
    struct json_t *(*describe)(const struct review_figures *f); /* as review_site has it */
    const struct events *events;
};

/* ---- what it would take ---- */

struct review_forecast {
    struct review_queued queued;
    uint64_t items, votes; /* on the queue, open ones: an item may want several votes */
    double seconds;        /* an answer; NaN: not known */
    bool measured;         /* of this project's answers, else what assent.yaml says */
    double hours, cost;    /* NaN: not known */
    const char *currency;
};

/* Builds the queue, reckons what answering it would take people, and keeps nothing. */
int job_plan_review(struct project *p, const struct review_options *o, struct review_forecast *out,
                    struct err *e);

/* What so many votes take: sets all but what is queued. measured: seconds an answer; NaN: none yet.
 */
void review_reckon(const struct prices *prices, double measured, uint64_t votes,
                   struct review_forecast *out);

/* ---- a review ---- */

struct review_job;

/* Builds the queue and keeps it. The options must live as long as the job; one job a project at a
 * time: ERR_IO where another runs. */
int job_review_open(struct review_job **out, struct project *p, const struct review_options *o,
                    struct err *e);
void job_review_close(struct review_job *j); /* NULL is fine */
const struct review_queued *job_review_queued(const struct review_job *j);
bool job_review_has_pictures(const struct review_job *j);
/* Why these two are compared: of struct pair. */
const char *job_review_pair(const struct review_job *j, const char *names[2]);

struct review_links {
    char *reviewer, *owner; /* reviewer: NULL where none was named */
};

/* Listens, and makes the links. */
int job_review_start(struct review_job *j, struct review_links *links, struct err *e);
void review_links_release(struct review_links *l);
const char *job_review_address(const struct review_job *j);
/* Until the events are cancelled, or all is decided that was to be. */
int job_review_serve(struct review_job *j, struct err *e);

/* A zip for the options' reviewer, in place of serving. *n: how many items it has. */
int job_review_packet(struct review_job *j, const char *path, size_t *n, struct err *e);
/* Takes back what came of one. */
int job_import_answers(struct project *p, const char *path, struct review_answers *out,
                       struct err *e);

/* ---- people ---- */

struct reviewer_link {
    char token[SECRET_TEXT];
    uint64_t earlier; /* links of the same person, which bring them in too */
};
/* A new link for a reviewer or owner, who is made where there is none. */
int job_reviewer_add(struct project *p, const char *name, bool owner, struct reviewer_link *out,
                     struct err *e);
int job_reviewer_revoke(struct project *p, const char *name, struct err *e);

struct reviewers { /* everybody who was ever added */
    struct store_reviewer *items;
    size_t n, cap;
    struct arena arena; /* private */
};
int job_reviewers(const struct project *p, struct reviewers *out, struct err *e);
void reviewers_release(struct reviewers *r);

#endif
