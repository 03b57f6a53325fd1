/* SPDX-License-Identifier: MIT
 *
 * plan.h - what a model's run would take, measured on a few of its images.
 */
#ifndef ASSENT_JOBS_PLAN_H
#define ASSENT_JOBS_PLAN_H

#include "base/base.h"
#include "jobs/annotate.h"
#include "jobs/moved.h"
#include "project/project.h"

/* A server's answers to the same questions asked in another way, against those of the plain one. */
struct plan_probe {
    struct moved moved;
    const char *why; /* it does not work; NULL: it does */
    double seconds;  /* in all */
    struct label_usage usage;
};

struct plan_result {
    const char *annotator, *model; /* as in annotate_result; the task's */
    const char *server;            /* whose the model is; NULL: it is computed here */
    const char *family, *dtype;
    uint64_t parameters, images, questions;
    size_t chosen, measured, weight_bytes, activation_bytes;
    double flop, seconds;        /* per image */
    double tokens, image_tokens; /* per image, image_tokens of tokens; NaN: a server's */
    struct {                     /* what a key of assent.yaml would save; key NULL: nothing */
        const char *key;
        uint64_t value;
        double flop; /* per image with it */
    } less;
    double total_seconds;
    const char *currency;
    double cost; /* of the machine, or what a server takes; NaN: there is no price */
    /* of a server's model */
    struct label_usage plain; /* of the pictures' questions once; .. of all that was asked: */
    struct label_usage usage;
    double image_cost; /* what a server takes for an image; NaN: not known */
    double spent;      /* on what was asked; NaN: not known */
    bool together;     /* questions share a request */
    struct plan_probe *probes;
    size_t n_probes;
    struct arena arena; /* private */
};

/* Answers a few images as annotate would, and forgets the answers; what is measured of a server's
 * model is kept for the report. The settings are checked also where nothing is left to do. */
int job_plan(struct project *p, const struct annotate_options *o, struct plan_result *out,
             struct err *e);
void plan_result_release(struct plan_result *r);

#endif
