/* SPDX-License-Identifier: MIT
 *
 * annotate.c - a model answers what it has not answered yet.
 *
 * An image is claimed, read and decoded ahead on another thread, answered, and kept; what is
 * counted is on the disk. Answers are kept together where a commit an image would cost: every
 * COMMIT_SECONDS. Claims are taken for a few seconds' work at a time, so that several processes
 * share the images.
 */
#include <stdlib.h>
#include <string.h>

#include "app/ahead.h"
#include "app/annotate.h"

enum {
    CLAIMS_MIN = 2,
    CLAIMS_MAX = 64,
    ANSWERED_MAX = 1024,    /* images kept at one commit */
    CLAIM_SECONDS_MIN = 600 /* a claim of a process that cannot be seen ends after this */
};
#define COMMIT_SECONDS 0.1
#define CLAIM_WORK     2.0 /* seconds of work that are claimed ahead */

struct claimed {
    size_t picture;
    uint8_t *wanted; /* [n_columns] */
};

struct answered { /* an image that is not on the disk yet */
    size_t tag;
    struct label_answers answers;
    char sha256[SHA256_HEX]; /* "": it could not be read */
    uint32_t width, height;
    double seconds;
};

struct annotating {
    struct work work;
    const struct annotate_options *options;
    struct annotate_result *out;
    struct labeler *labeler;
    struct model_identity identity;
    struct ahead *ahead;
    struct claimed *claimed; /* by tag */
    size_t n_claimed, claimed_cap, n_popped;
    size_t next;       /* of work.todo */
    size_t *elsewhere; /* pictures that other processes had */
    size_t n_elsewhere;
    struct answered *answered; /* [ANSWERED_MAX] */
    size_t n_answered;
    double begun, committed; /* seconds, monotonic */
    struct progress progress;
};

static int64_t image_id(const struct annotating *a, size_t tag)
{
    return a->work.links.id_of[a->claimed[tag].picture];
}

/* ---- claims ---- */

static double seconds_an_image(const struct annotating *a)
{
    uint64_t done = a->out->images + a->out->errors + a->n_answered;

    return done > 0 ? (clock_seconds() - a->begun) / (double)done : 0;
}

static size_t claims_at_once(const struct annotating *a)
{
    double each = seconds_an_image(a), n = each > 0 ? CLAIM_WORK / each : CLAIMS_MIN;

    return n < CLAIMS_MIN ? CLAIMS_MIN : n > CLAIMS_MAX ? CLAIMS_MAX : (size_t)n;
}

/* CLAIM_TAKEN: and asked for. */
static int claim(struct annotating *a, size_t picture, struct err *e)
{
    const struct task *t = a->work.project->task;
    double seconds = 20 * CLAIMS_MAX * seconds_an_image(a);
    uint8_t *wanted = mem_new(t->n_columns, 1, e);
    int rc = ERR_NOMEM;

    if (wanted)
        rc = store_claim(a->work.project->store, a->work.annotator_id, a->work.links.id_of[picture],
                         t, a->options->retry_errors,
                         seconds > CLAIM_SECONDS_MIN ? seconds : CLAIM_SECONDS_MIN, wanted, e);
    if (rc == CLAIM_TAKEN) {
        for (size_t c = 0; c < t->n_columns; c++)
            wanted[c] = wanted[c] == CELL_OPEN;
        rc = mem_grow(&a->claimed, &a->claimed_cap, a->n_claimed + 1, sizeof(*a->claimed),
                      UINT32_MAX, e);
        if (rc == 0) {
            a->claimed[a->n_claimed] = (struct claimed){ picture, wanted };
            rc = ahead_push(a->ahead, picture, a->n_claimed++, e);
        }
        return rc < 0 ? rc : CLAIM_TAKEN;
    }
    free(wanted);
    return rc;
}

static int claim_more(struct annotating *a, struct err *e)
{
    size_t n = claims_at_once(a), got = 0;
    int rc = store_begin(a->work.project->store, e);

    while (rc == 0 && got < n && a->next < a->work.n_todo) {
        size_t picture = a->work.todo[a->next++];

        rc = claim(a, picture, e);
        if (rc == CLAIM_ELSEWHERE)
            a->elsewhere[a->n_elsewhere++] = picture;
        got += rc == CLAIM_TAKEN;
        rc = rc < 0 ? rc : 0;
    }
    if (rc == 0)
        rc = store_commit(a->work.project->store, e);
    if (rc < 0)
        store_rollback(a->work.project->store);
    return rc;
}

/* The images that were claimed and not answered. */
static int give_back(struct annotating *a, struct err *e)
{
    int rc = a->n_popped < a->n_claimed ? store_begin(a->work.project->store, e) : 1;

    if (rc != 0)
        return rc < 0 ? rc : 0;
    for (size_t tag = a->n_popped; rc == 0 && tag < a->n_claimed; tag++)
        rc = store_unclaim(a->work.project->store, a->work.annotator_id, image_id(a, tag), e);
    if (rc == 0)
        rc = store_commit(a->work.project->store, e);
    if (rc < 0)
        store_rollback(a->work.project->store);
    return rc;
}

/* ---- keeping ---- */

static void count(struct annotating *a, const struct answered *done)
{
    const struct task *t = a->work.project->task;

    if (done->sha256[0] == '\0')
        a->out->errors++;
    else
        a->out->images++;
    for (size_t c = 0; c < t->n_columns; c++) {
        a->out->labels += done->answers.values[c] >= 0;
        a->out->abstentions += done->answers.values[c] < VALUE_MISSING;
    }
}

static int keep_one(struct annotating *a, const struct answered *done, struct err *e)
{
    struct store *s = a->work.project->store;
    int64_t id = image_id(a, done->tag);
    const struct label_answers *l = &done->answers;
    struct store_answers answers = { l->values, l->probabilities, l->mass,
                                     l->spread, l->detail,        done->seconds };
    const char *sha256 = done->sha256[0] != '\0' ? done->sha256 : NULL;
    int rc = store_answers_add(s, id, a->work.project->task, &answers, e);

    if (rc == 0)
        rc = store_image_seen(s, id, sha256, done->width, done->height, e);
    return rc < 0 ? rc : store_unclaim(s, a->work.annotator_id, id, e);
}

static int commit(struct annotating *a, struct err *e)
{
    struct store *s = a->work.project->store;
    int rc = model_identity_holds(&a->identity, e);

    if (rc == 0)
        rc = store_begin(s, e);
    for (size_t i = 0; rc == 0 && i < a->n_answered; i++)
        rc = keep_one(a, &a->answered[i], e);
    if (rc == 0)
        rc = store_commit(s, e);
    if (rc < 0) {
        store_rollback(s);
        return rc;
    }
    for (size_t i = 0; i < a->n_answered; i++) {
        count(a, &a->answered[i]);
        label_answers_release(&a->answered[i].answers);
    }
    progress_add(&a->progress, a->n_answered);
    a->n_answered = 0;
    a->committed = clock_seconds();
    return 0;
}

/* ---- answering ---- */

/* The answers of an image that could not be read: errors, with the reason. */
static int error_answers(const struct annotating *a, const uint8_t *wanted,
                         const struct err *reason, struct label_answers *out, struct err *e)
{
    const struct task *t = a->work.project->task;
    char text[ERR_TEXT_MAX];
    struct json_t *detail;

    *out = (struct label_answers){ 0 };
    out->values = arena_new(&out->arena, t->n_columns, sizeof(*out->values), e);
    if (!out->values)
        return ERR_NOMEM;
    for (size_t c = 0; c < t->n_columns; c++)
        out->values[c] = wanted[c] ? VALUE_ERROR : VALUE_MISSING;
    err_text(reason, text);
    detail = jv_pack("{s:s}", "error", text);
    out->detail = jv_print_line(detail);
    jv_free(detail);
    return out->detail ? 0 : err_set(e, ERR_NOMEM, "out of memory: an answer's detail");
}

static int take_error(struct annotating *a, const struct loaded *l, const struct err *reason,
                      struct err *e)
{
    const char *key = image_source_key(a->work.links.source, a->claimed[l->tag].picture);
    struct answered *done = &a->answered[a->n_answered];
    char text[ERR_TEXT_MAX];
    int rc;

    *done = (struct answered){ .tag = l->tag };
    rc = error_answers(a, a->claimed[l->tag].wanted, reason, &done->answers, e);
    if (rc < 0)
        return rc;
    err_line(reason, text);
    if (strstr(reason->where, key))
        log_warn("%s", text);
    else
        log_warn("%s: %s", key, text);
    a->n_answered++;
    return 0;
}

/* No fault of the image: the folder or archive is not there any more, or memory ran out. */
static bool is_fatal(const struct annotating *a, const struct err *error)
{
    return error->code == ERR_NOMEM || (error->code == ERR_IO && !file_exists(a->work.links.path));
}

static int answer(struct annotating *a, const struct loaded *l, struct err *e)
{
    struct answered *done = &a->answered[a->n_answered];
    double begun = clock_seconds();
    int rc;

    if (l->error.code != 0 && is_fatal(a, &l->error)) {
        *e = l->error;
        return e->code;
    }
    if (l->error.code != 0)
        return take_error(a, l, &l->error, e);
    *done = (struct answered){ .tag = l->tag, .width = l->image.width, .height = l->image.height };
    memcpy(done->sha256, l->sha256, sizeof(done->sha256));
    rc = labeler_answer(a->labeler, &l->image, a->claimed[l->tag].wanted, &done->answers, e);
    if (rc == ERR_LIMIT) { /* this image's fault: its prompt is too long for the model */
        struct err reason = *e;

        return take_error(a, l, &reason, e);
    }
    if (rc < 0)
        return err_at(e, "%s", image_source_key(a->work.links.source, a->claimed[l->tag].picture));
    done->seconds = clock_seconds() - begun;
    a->n_answered++;
    return 0;
}

/* ---- before it starts ---- */

static void say_model(const struct annotating *a)
{
    struct label_model m = labeler_model(a->labeler);
    char images[32], questions[32], bytes[32];

    log_info("%s: %s, a %s of %.3g million parameters, computed in %s, %s of weights",
             a->work.annotator->name, m.path, m.family, (double)m.parameters * 1e-6, m.dtype,
             text_scaled((double)m.weight_bytes, "B", bytes));
    log_info("%s images, %s answers to give", text_grouped(a->work.n_todo, images),
             text_grouped(a->work.n_questions, questions));
}

/* Time and memory, from the first image's size and a moment's measurement. */
static int say_cost(struct annotating *a, const struct loaded *first, struct err *e)
{
    struct label_model m = labeler_model(a->labeler);
    struct label_cost cost;
    char duration[32], text[4][32];
    double flops;
    int rc;

    if (first->error.code != 0 || a->options->reference) /* measuring would take as long */
        return 0;
    rc = labeler_cost(a->labeler, first->image.width, first->image.height, &cost, e);
    if (rc == 0)
        rc = labeler_speed(a->labeler, &flops, e);
    if (rc < 0)
        return rc == ERR_LIMIT ? 0 : rc;
    log_info("about %s: %s an image at %s; memory: %s mapped and %s",
             log_duration((double)a->work.n_todo * cost.flop / flops, duration),
             text_scaled(cost.flop, "FLOP", text[0]), text_scaled(flops, "FLOP/s", text[1]),
             text_scaled((double)m.weight_bytes, "B", text[2]),
             text_scaled((double)cost.activation_bytes, "B", text[3]));
    return memory_check(cost.activation_bytes, "the activations of one image", e);
}

/* ---- all of them ---- */

/* Enough is asked for that the reading thread never waits. */
static int top_up(struct annotating *a, struct err *e)
{
    size_t waiting = a->n_claimed - a->n_popped;

    return a->next < a->work.n_todo && waiting < CLAIMS_MIN ? claim_more(a, e) : 0;
}

static int answer_next(struct annotating *a, struct err *e)
{
    struct loaded loaded;
    int rc = 0;

    ahead_pop(a->ahead, &loaded);
    if (loaded.error.code == ERR_INTERRUPTED) { /* no fault of the image */
        a->out->interrupted = true;
        return 0;
    }
    if (loaded.tag == 0)
        rc = say_cost(a, &loaded, e);
    if (rc == 0)
        rc = answer(a, &loaded, e);
    image_release(&loaded.image);
    if (rc < 0)
        return rc;
    free(a->claimed[a->n_popped].wanted);
    a->claimed[a->n_popped++].wanted = NULL;
    return a->n_answered == ANSWERED_MAX || clock_seconds() - a->committed > COMMIT_SECONDS
               ? commit(a, e)
               : 0;
}

/* Once more through what other processes had: they may be gone. */
static bool take_over(struct annotating *a)
{
    if (a->n_elsewhere == 0)
        return false;
    memcpy(a->work.todo, a->elsewhere, a->n_elsewhere * sizeof(*a->elsewhere));
    a->work.n_todo = a->n_elsewhere;
    a->next = a->n_elsewhere = 0;
    return true;
}

static int answer_all(struct annotating *a, struct err *e)
{
    struct err ignored;
    bool again = true;
    int rc = 0;

    while (rc == 0 && !a->out->interrupted) {
        rc = top_up(a, e);
        if (rc == 0 && a->n_popped == a->n_claimed) {
            if (a->next < a->work.n_todo)
                continue;                /* all that was looked at is another process's */
            if (!again || !take_over(a)) /* one more look is enough */
                break;
            again = false;
        } else if (rc == 0) {
            rc = answer_next(a, e);
            a->out->interrupted |= signals_check(&ignored) < 0;
        }
    }
    a->out->elsewhere = a->n_elsewhere;
    return rc;
}

/* Whatever ends the run, what is answered is kept and what is not is given back. */
static int run(struct annotating *a, struct err *e)
{
    struct store_counts counts;
    struct err second;
    int rc = answer_all(a, e), kept = commit(a, rc < 0 ? &second : e), given, ended;

    progress_end(&a->progress);
    rc = rc < 0 ? rc : kept;
    given = give_back(a, rc < 0 ? &second : e);
    rc = rc < 0 ? rc : given;
    a->out->seconds = clock_seconds() - a->begun;
    counts = (struct store_counts){ a->out->images + a->out->errors, a->out->labels,
                                    a->out->abstentions, a->out->seconds };
    ended = store_run_end(a->work.project->store, &counts, rc < 0 ? &second : e);
    return rc < 0 ? rc : ended;
}

static int begin_run(struct annotating *a, struct err *e)
{
    struct store *s = a->work.project->store;
    struct store_run run = { .annotator = a->work.annotator_id,
                             .identity = a->identity.hash,
                             .settings = a->identity.text };
    int rc = store_begin(s, e);

    if (rc == 0)
        rc = store_run_begin(s, &run, a->work.project->task, e);
    if (rc == 0)
        rc = store_commit(s, e);
    if (rc < 0)
        store_rollback(s);
    return rc;
}

static int open_run(struct annotating *a, struct err *e)
{
    size_t n = a->work.n_todo;
    int rc = 0;

    if (!(a->elsewhere = mem_new(n, sizeof(*a->elsewhere), e)) ||
        !(a->answered = mem_new(ANSWERED_MAX, sizeof(*a->answered), e)))
        rc = ERR_NOMEM;
    if (rc == 0)
        rc = ahead_open(&a->ahead, a->work.links.source, e);
    return rc < 0 ? rc : begin_run(a, e);
}

static void close_run(struct annotating *a)
{
    ahead_close(a->ahead);
    for (size_t i = 0; i < a->n_answered; i++)
        label_answers_release(&a->answered[i].answers);
    for (size_t i = 0; i < a->n_claimed; i++)
        free(a->claimed[i].wanted);
    free(a->claimed);
    free(a->elsewhere);
    free(a->answered);
}

static int answer_work(struct annotating *a, struct err *e)
{
    int rc = open_run(a, e);

    if (rc == 0) {
        say_model(a);
        progress_start(&a->progress, "answering", "images", a->work.n_todo);
        a->progress.part = "questions";
        a->progress.parts = (double)a->work.n_questions / (double)a->work.n_todo;
        a->begun = a->committed = clock_seconds();
        rc = run(a, e);
    }
    close_run(a);
    return rc;
}

int annotate(struct project *p, const struct annotate_options *o, struct annotate_result *out,
             struct err *e)
{
    struct annotating a = { .options = o, .out = out };
    struct label_options options = { p->dir, o->reference };
    int rc = work_open(&a.work, p, o, e);

    *out = (struct annotate_result){ 0 };
    if (rc < 0)
        return rc;
    out->annotator = a.work.annotator->name;
    out->chosen = a.work.chosen;
    out->absent = a.work.absent;
    out->n_columns = p->task->n_columns;
    out->unreadable = a.work.unreadable;
    rc = labeler_open(&a.labeler, p->task, a.work.annotator, &options, e);
    if (rc == 0)
        rc = model_identify(p, a.labeler, &a.identity, e);
    if (rc == 0)
        rc = model_identity_check(p, a.work.annotator_id, a.work.annotator->name, &a.identity, e);
    if (rc == 0 && a.work.n_todo > 0)
        rc = answer_work(&a, e);
    model_identity_release(&a.identity);
    labeler_close(a.labeler);
    work_close(&a.work);
    return rc;
}

struct json_t *annotate_json(const struct annotate_result *r)
{
    return jv_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:o}", "annotator", r->annotator,
                   "chosen", (long long)r->chosen, "images", (long long)r->images, "errors",
                   (long long)r->errors, "labels", (long long)r->labels, "abstentions",
                   (long long)r->abstentions, "unreadable", (long long)r->unreadable, "elsewhere",
                   (long long)r->elsewhere, "interrupted", r->interrupted, "seconds",
                   jv_real(r->seconds));
}
