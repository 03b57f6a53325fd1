/* SPDX-License-Identifier: MIT
 *
 * annotate_keep.c - what was answered is kept together, and counted when it is on the disk.
 */
#include <math.h>

#include "jobs/annotating.h"
#include "store/runs.h"

#define COMMIT_SECONDS 0.1 /* where a commit an image would cost */
#define LOOK_SECONDS   1.0 /* between two looks at the bytes of the model: a ms each time */

static void count(struct annotating *a, const struct answered *done)
{
    const struct task *t = a->todo.asking.task;

    if (done->sha256[0] == '\0')
        a->out->errors++;
    else
        a->out->images++;
    a->out->equal += done->equal;
    for (size_t c = 0; c < t->n_columns; c++) {
        a->out->labels += done->answers.values[c] >= 0;
        a->out->abstentions += done->answers.values[c] < VALUE_MISSING;
        a->out->left_open += done->sha256[0] != '\0' && done->answers.values[c] == VALUE_ERROR;
    }
}

static int keep_one(struct annotating *a, const struct answered *done, struct err *e)
{
    struct store *s = a->store;
    int64_t id = annotating_id(a, done->tag);
    const struct label_answers *l = &done->answers;
    struct store_answers answers = { l->values, l->probabilities, l->mass,
                                     l->spread, l->detail,        done->seconds };
    const char *sha256 = done->sha256[0] != '\0' ? done->sha256 : NULL;
    int rc = store_answers_add(s, id, a->todo.asking.task, &answers, e);

    if (rc == 0)
        rc = store_image_seen(s, id, sha256, done->width, done->height, e);
    return rc < 0 ? rc : store_unclaim(s, a->todo.asking.annotator, id, e);
}

int annotating_keep_usage(struct annotating *a, struct err *e)
{
    struct label_usage u = labeler_usage(a->labeler);
    const struct store_usage kept = { u.requests > 0, u.requests, u.silent == 0,
                                      u.prompt,       u.cached,   u.completion };

    return kept.asked ? store_run_usage(a->store, &kept, e) : 0;
}

static int keep_answered(struct annotating *a, struct err *e)
{
    int rc = store_begin(a->store, e);

    for (size_t i = 0; rc == 0 && i < a->n_answered; i++)
        rc = keep_one(a, &a->answered[i], e);
    if (rc == 0)
        rc = annotating_keep_usage(a, e);
    return store_end(a->store, rc, e);
}

/* Is what answered still the run's model? Before anything is kept as its answers. */
static int check_model(struct annotating *a, bool closely, struct err *e)
{
    int64_t run = store_run_number(a->store);
    int rc = identity_holds(&a->identity, e);

    if (rc < 0 || !(closely || clock_seconds() - a->looked > LOOK_SECONDS))
        return rc;
    rc = identity_bytes_hold(&a->identity, e);
    if (rc < 0 && a->kept_since > 0)
        return err_hint(e,
                        "run %lld kept the answers to %zu images since its bytes were last looked "
                        "at: assent undo %lld withdraws the run, and they are asked again",
                        (long long)run, a->kept_since, (long long)run);
    if (rc < 0)
        return err_hint(e, "what was answered before is kept");
    a->looked = clock_seconds();
    a->kept_since = 0;
    return 0;
}

/* What the server took so far, as far as it is known. */
static void note_usage(struct annotating *a)
{
    struct label_usage u = labeler_usage(a->labeler);
    double cost = label_usage_cost(&u, &a->todo.annotator->server.price);
    char(*text)[TEXT_COUNT_MAX] = a->notes;

    if (u.requests == 0)
        return;
    text_count(u.requests, "request", text[0]);
    snprintf(text[1], sizeof(text[1]), "%.0f %% cached", 100 * (double)u.cached / (double)u.prompt);
    snprintf(text[2], sizeof(text[2]), "%.4g %.16s", cost, a->out->currency);
    a->progress.notes[0] = text[0];
    a->progress.notes[1] = u.silent == 0 && u.prompt > 0 ? text[1] : NULL;
    a->progress.notes[2] = isnan(cost) ? NULL : text[2];
}

int annotating_commit(struct annotating *a, bool last, struct err *e)
{
    int rc = check_model(a, last, e);

    if (rc == 0)
        rc = keep_answered(a, e);
    if (rc < 0)
        return rc;
    a->kept_since += a->n_answered;
    for (size_t i = 0; i < a->n_answered; i++) {
        count(a, &a->answered[i]);
        label_answers_release(&a->answered[i].answers);
    }
    note_usage(a);
    progress_add(&a->progress, a->n_answered);
    a->n_answered = 0;
    a->committed = clock_seconds();
    return 0;
}

bool annotating_must_commit(const struct annotating *a)
{
    return a->n_answered == ANSWERED_MAX || clock_seconds() - a->committed > COMMIT_SECONDS;
}
