/* SPDX-License-Identifier: MIT
 *
 * annotate.c - a model answers what it has not answered yet.
 *
 * An image is claimed, read and decoded ahead on another thread, answered, and kept; what is
 * counted is on the disk. A picture with the same bytes as one that was answered gets that one's
 * answers.
 */
#include "jobs/annotate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/annotating.h"
#include "jobs/examples.h"
#include "jobs/unused.h"
#include "store/runs.h"

/* ---- answering ---- */

/* The answer behind the last is complete. */
static int end_answer(struct annotating *a)
{
    struct claimed *c = &a->claimed[a->answered[a->n_answered++].tag];

    free(c->wanted);
    c->wanted = NULL;
    return 0;
}

/* The answers of an image that could not be read: errors, with the reason. */
static int error_answers(const struct annotating *a, const uint8_t *wanted,
                         const struct err *reason, struct label_answers *out, struct err *e)
{
    const struct task *t = a->todo.asking.task;
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

static int take_error(struct annotating *a, size_t tag, const struct err *reason, struct err *e)
{
    const char *key = annotating_key(a, tag);
    struct answered *done = &a->answered[a->n_answered];
    char text[ERR_TEXT_MAX];
    int rc;

    *done = (struct answered){ .tag = tag };
    rc = error_answers(a, a->claimed[tag].wanted, reason, &done->answers, e);
    if (rc < 0)
        return rc;
    err_line(reason, text);
    if (strstr(reason->where, key))
        events_say(a->options->events, EVENT_WARNING, "%s", text);
    else
        events_say(a->options->events, EVENT_WARNING, "%s: %s", key, text);
    a->last = clock_seconds();
    return end_answer(a);
}

/* No fault of the image: the folder or archive is not there any more, or memory ran out. */
static bool is_fatal(const struct annotating *a, const struct err *error)
{
    return error->code == ERR_NOMEM ||
           (error->code == ERR_IO && !file_exists(a->todo.catalogue.path));
}

/* ---- equal pictures ---- */

static bool is_on_the_disk(const struct annotating *a, size_t image)
{
    for (size_t i = 0; i < a->n_answered; i++)
        if (annotating_image(a, a->answered[i].tag) == image)
            return false;
    return true;
}

/* What was answered of an equal picture; no values: there is none. */
static int recall_equal(struct annotating *a, const struct prefetched *picture,
                        struct store_known *known, struct err *e)
{
    size_t image, own = annotating_image(a, picture->tag);
    int rc = 0;

    *known = (struct store_known){ 0 };
    if (!equals_find(&a->equals, picture->sha256, &image) || image == own)
        return 0;
    if (!is_on_the_disk(a, image))
        rc = annotating_commit(a, false, e);
    return rc < 0 ? rc
                  : store_known_load(a->store, &a->todo.asking,
                                     a->todo.catalogue.images->ids[image], known, e);
}

static bool is_flying(const struct annotating *a, const char *sha256)
{
    for (size_t i = 0; i < a->n_flying; i++)
        if (strcmp(a->flying[i].sha256, sha256) == 0)
            return true;
    return false;
}

/* ---- what it takes ---- */

static void say_model(const struct annotating *a)
{
    struct label_model m = labeler_model(a->labeler);
    char images[TEXT_COUNT_MAX], answers[TEXT_COUNT_MAX], bytes[32];

    if (m.server)
        events_say(a->options->events, EVENT_NOTE, "%s: %s at %s", a->todo.name, m.path, m.server);
    else
        events_say(a->options->events, EVENT_NOTE,
                   "%s: %s, a %s of %.3g million parameters, computed in %s, %s of weights",
                   a->todo.name, m.path, m.family, (double)m.parameters * 1e-6, m.dtype,
                   text_scaled((double)m.weight_bytes, "B", bytes));
    events_say(a->options->events, EVENT_NOTE, "%s, %s to give",
               text_count(a->todo.n, "image", images),
               text_count(a->todo.n_questions, "answer", answers));
}

static void say_forecast(struct annotating *a)
{
    double seconds = forecast_seconds_per_image(&a->forecast);
    char duration[32];

    a->forecast_said = true;
    events_say(a->options->events, EVENT_NOTE, "about %s: %.3g s per image, measured on %zu",
               clock_duration(seconds * (double)a->todo.n, duration), seconds,
               forecast_measured(&a->forecast));
}

/* Is there memory for the first image? What is too long for the model is said when it is asked. */
static int check_first(struct annotating *a, const struct prefetched *picture, struct err *e)
{
    struct label_cost cost;
    char text[3][32];
    int rc = labeler_cost(a->labeler, &picture->image, a->claimed[picture->tag].wanted, &cost, e);

    if (rc < 0)
        return rc == ERR_LIMIT ? 0 : rc;
    a->cost_said = true;
    if (labeler_model(a->labeler).server)
        return 0;
    events_say(a->options->events, EVENT_NOTE, "%s per image; memory: %s mapped and %s",
               text_scaled(cost.flop, "FLOP", text[0]),
               text_scaled((double)labeler_model(a->labeler).weight_bytes, "B", text[1]),
               text_scaled((double)cost.activation_bytes, "B", text[2]));
    return memory_check(cost.activation_bytes, "the activations of one image", e);
}

/* An image was answered: until it is known how long one takes. */
static int reckon(struct annotating *a, const struct flying *f, struct err *e)
{
    const struct image size = { .width = f->width, .height = f->height };
    struct label_cost cost;
    int rc =
        a->forecast_said ? 0 : labeler_cost(a->labeler, &size, a->claimed[f->tag].wanted, &cost, e);

    if (rc < 0 || a->forecast_said)
        return rc;
    forecast_add(&a->forecast, clock_seconds() - a->last, &cost);
    if (forecast_is_ready(&a->forecast))
        say_forecast(a);
    a->last = clock_seconds();
    return 0;
}

/* ---- one picture ---- */

/* All that is wanted is known of an equal picture. */
static int take_known(struct annotating *a, const struct flying *f, struct err *e)
{
    struct answered *done = &a->answered[a->n_answered];
    int rc;

    *done =
        (struct answered){ .tag = f->tag, .width = f->width, .height = f->height, .equal = true };
    memcpy(done->sha256, f->sha256, sizeof(done->sha256));
    rc = equals_fill(a->todo.asking.task, &f->known, a->claimed[f->tag].wanted, &done->answers, e);
    a->last = clock_seconds();
    return rc < 0 ? rc : end_answer(a);
}

/* The model is asked what no equal picture says. 1: it is; 0: nothing was left to ask. */
static int ask_model(struct annotating *a, const struct prefetched *picture,
                     const struct store_known *known, struct err *e)
{
    const struct task *t = a->todo.asking.task;
    const struct label_picture asked = { &picture->image, picture->bytes, picture->len,
                                         annotating_key(a, picture->tag) };
    uint8_t *left = mem_new(t->n_columns, 1, e);
    int rc = left ? 1 : ERR_NOMEM;

    if (left)
        memcpy(left, a->claimed[picture->tag].wanted, t->n_columns);
    if (left && known->values && equals_want_less(t, known, left) == 0)
        rc = 0;
    if (rc == 1 && labeler_submit(a->labeler, &asked, left, picture->tag, e) < 0)
        rc = err_at(e, "%s", annotating_key(a, picture->tag));
    free(left);
    return rc;
}

static int begin_readable(struct annotating *a, const struct prefetched *picture, struct err *e)
{
    struct flying f = { .tag = picture->tag,
                        .width = picture->image.width,
                        .height = picture->image.height };
    int rc =
        mem_grow(&a->flying, &a->flying_cap, a->n_flying + 1, sizeof(f), SIZE_MAX / sizeof(f), e);

    memcpy(f.sha256, picture->sha256, sizeof(f.sha256));
    if (rc == 0)
        rc = recall_equal(a, picture, &f.known, e);
    if (rc == 0)
        rc = ask_model(a, picture, &f.known, e);
    if (rc == 1) {
        a->flying[a->n_flying++] = f;
        return 0;
    }
    if (rc == 0)
        rc = take_known(a, &f, e);
    store_known_release(&f.known);
    return rc;
}

/* How many of the wanted columns a limit kept from being asked. */
static size_t count_unasked(const struct annotating *a, const uint8_t *wanted,
                            const struct label_answers *answers)
{
    size_t n = 0;

    for (size_t c = 0; c < a->todo.asking.task->n_columns; c++)
        n += wanted[c] && answers->values[c] == VALUE_MISSING;
    return n;
}

static bool has_answer(const struct annotating *a, const struct label_answers *answers)
{
    for (size_t c = 0; c < a->todo.asking.task->n_columns; c++)
        if (answers->values[c] != VALUE_MISSING)
            return true;
    return false;
}

/* The picture's answers are complete, or all that a limit lets be asked. */
static int end_asked(struct annotating *a, const struct flying *f, struct answered *done,
                     struct err *e)
{
    const uint8_t *wanted = a->claimed[f->tag].wanted;
    size_t unasked = count_unasked(a, wanted, &done->answers);
    int rc = unasked > 0 ? labeler_limit(a->labeler, wanted, &a->out->stopped, e) : 0;

    if (rc == 0)
        rc = reckon(a, f, e);
    if (rc < 0 || !has_answer(a, &done->answers)) { /* that is given back at the end */
        label_answers_release(&done->answers);
        return rc;
    }
    a->out->partly += unasked > 0;
    end_answer(a);
    return unasked > 0 ? 0 : equals_note(&a->equals, f->sha256, annotating_image(a, f->tag), e);
}

/* A picture that was asked about is answered, or cannot be. */
static int finish(struct annotating *a, struct flying *f, struct label_done *got, struct err *e)
{
    struct answered *done = &a->answered[a->n_answered];
    int rc = 0;

    if (got->error.code != 0)
        return take_error(a, f->tag, &got->error, e);
    *done = (struct answered){ f->tag, got->answers, .width = f->width, .height = f->height,
                               .seconds = got->seconds };
    memcpy(done->sha256, f->sha256, sizeof(done->sha256));
    if (f->known.values)
        rc = equals_fill(a->todo.asking.task, &f->known, a->claimed[f->tag].wanted, &done->answers,
                         e);
    if (rc == 0)
        return end_asked(a, f, done, e);
    label_answers_release(&done->answers);
    return rc;
}

enum { COLLECT_SECONDS = 1 }; /* then it is asked whether it shall end */

static int collect(struct annotating *a, struct err *e)
{
    struct label_done done;
    struct flying f;
    size_t i = 0;
    int rc = labeler_collect(a->labeler, COLLECT_SECONDS, &done, e);

    if (rc != 1)
        return rc;
    while (a->flying[i].tag != done.tag)
        i++;
    f = a->flying[i];
    a->flying[i] = a->flying[--a->n_flying];
    rc = finish(a, &f, &done, e);
    store_known_release(&f.known);
    return rc;
}

/* A picture with the same bytes is waited for: it is asked about once. */
static int wait_for_equal(struct annotating *a, const char *sha256, struct err *e)
{
    int rc = 0;

    while (rc == 0 && is_flying(a, sha256)) {
        rc = collect(a, e);
        if (rc == 0 && annotating_must_commit(a))
            rc = annotating_commit(a, false, e);
    }
    return rc;
}

static int begin_picture(struct annotating *a, const struct prefetched *picture, struct err *e)
{
    int rc = 0;

    if (picture->error.code != 0 && is_fatal(a, &picture->error)) {
        *e = picture->error;
        return e->code;
    }
    if (picture->error.code != 0)
        return take_error(a, picture->tag, &picture->error, e);
    if (!a->cost_said)
        rc = check_first(a, picture, e);
    if (rc == 0)
        rc = wait_for_equal(a, picture->sha256, e);
    return rc < 0 ? rc : begin_readable(a, picture, e);
}

static int begin_next(struct annotating *a, struct err *e)
{
    struct prefetched picture;
    int rc = 0;

    prefetch_pop(a->prefetch, &picture);
    if (picture.error.code == ERR_INTERRUPTED) { /* no fault of the image */
        a->out->interrupted = true;
    } else {
        a->n_popped++;
        rc = begin_picture(a, &picture, e);
    }
    prefetched_release(&picture);
    return rc;
}

/* ---- all of them ---- */

/* Enough is asked for that the reading thread never waits. */
static int top_up(struct annotating *a, struct err *e)
{
    size_t waiting = a->n_claimed - a->n_popped;

    return a->next < a->todo.n && waiting < CLAIMS_MIN ? annotating_claim(a, e) : 0;
}

/* Once more through what other processes had: they may be gone. */
static bool look_again(struct annotating *a)
{
    if (a->n_others == 0)
        return false;
    memcpy(a->todo.pictures, a->others, a->n_others * sizeof(*a->others));
    a->todo.n = a->n_others;
    a->next = a->n_others = 0;
    return true;
}

/* Is there a picture to begin? 1; 0: none now; or for good, where nothing is flying. */
static int may_begin(struct annotating *a, enum label_limit *limit, struct err *e)
{
    int rc;

    *limit = LIMIT_NONE;
    if (a->n_popped == a->n_claimed || !labeler_wants_more(a->labeler))
        return 0;
    rc = labeler_limit(a->labeler, a->claimed[a->n_popped].wanted, limit, e);
    return rc < 0 ? rc : *limit == LIMIT_NONE;
}

/* The next step: another picture, an answer, or 1: nothing is left of those that were looked at. */
static int step(struct annotating *a, struct err *e)
{
    enum label_limit limit;
    int rc = top_up(a, e);

    if (rc == 0)
        rc = may_begin(a, &limit, e);
    if (rc < 0)
        return rc;
    if (rc == 1)
        rc = begin_next(a, e);
    else if (a->n_flying > 0)
        rc = collect(a, e);
    else if (limit != LIMIT_NONE)
        a->out->stopped = limit;
    else if (a->next == a->todo.n)
        return 1;
    return rc == 0 && annotating_must_commit(a) ? annotating_commit(a, false, e) : rc;
}

#define LAND_SECONDS 30.0 /* a server that is waited for may ask for hours */

/* What is in flight was paid for. */
static int land_all(struct annotating *a, struct err *e)
{
    double until = clock_seconds() + LAND_SECONDS;
    int rc = 0;

    while (rc == 0 && a->n_flying > 0 && clock_seconds() < until) {
        rc = collect(a, e);
        if (rc == 0 && annotating_must_commit(a))
            rc = annotating_commit(a, false, e);
    }
    return rc;
}

static int answer_all(struct annotating *a, struct err *e)
{
    struct err ignored;
    bool again = true;
    int rc = 0;

    while (rc == 0 && !a->out->interrupted && a->out->stopped == LIMIT_NONE) {
        rc = step(a, e);
        a->out->interrupted |= events_check(a->options->events, &ignored) < 0;
        if (rc != 1)
            continue;
        rc = annotating_commit(a, false,
                               e); /* others look here, too: what is answered is claimed no more */
        if (rc < 0 || !again || !look_again(a)) /* one more look is enough */
            break;
        again = false;
    }
    if (rc >= 0)
        rc = land_all(a, e);
    return rc < 0 ? rc : annotating_claimants(a, e);
}

/* Whatever ends the run, what is answered is kept and what is not is given back. */
static int run(struct annotating *a, struct err *e)
{
    struct store_counts counts;
    struct err second;
    int rc = answer_all(a, e), kept = annotating_commit(a, true, rc < 0 ? &second : e), given,
        ended, used;

    progress_end(&a->progress);
    rc = rc < 0 ? rc : kept;
    given = annotating_give_back(a, rc < 0 ? &second : e);
    rc = rc < 0 ? rc : given;
    a->out->seconds = clock_seconds() - a->begun;
    used = annotating_keep_usage(a, rc < 0 ? &second : e);
    rc = rc < 0 ? rc : used;
    counts = (struct store_counts){ a->out->images + a->out->errors, a->out->labels,
                                    a->out->abstentions, a->out->seconds };
    ended = store_run_end(a->store, &counts, rc < 0 ? &second : e);
    return rc < 0 ? rc : ended;
}

static int begin_run(struct annotating *a, struct err *e)
{
    const struct label_model model = labeler_model(a->labeler);
    char *settings = identity_run_settings(&a->identity, &model);
    struct store_run run = { .annotator = a->todo.asking.annotator,
                             .identity = a->identity.hash,
                             .settings = settings };
    int rc = settings ? store_begin(a->store, e)
                      : err_set(e, ERR_NOMEM, "out of memory: a run's settings");

    if (!settings)
        return rc;
    if (rc == 0)
        rc = store_run_begin(a->store, &run, a->todo.asking.task, e);
    if (rc == 0 && a->options->fresh) /* nothing is asked twice in this run */
        a->todo.asking.since = store_run_number(a->store);
    free(settings);
    return store_end(a->store, rc, e);
}

static int open_run(struct annotating *a, struct err *e)
{
    int rc = 0;

    if (!(a->others = mem_new(a->todo.n, sizeof(*a->others), e)) ||
        !(a->answered = mem_new(ANSWERED_MAX, sizeof(*a->answered), e)))
        rc = ERR_NOMEM;
    if (rc == 0)
        rc = equals_open(&a->equals, &a->todo, e);
    if (rc == 0)
        rc = prefetch_open(&a->prefetch, a->todo.catalogue.source, labeler_wants_bytes(a->labeler),
                           e);
    if (rc == 0)
        rc = claim_keeper_start(&a->keeper, a->store, CLAIM_SECONDS, e);
    return rc < 0 ? rc : begin_run(a, e);
}

static void close_run(struct annotating *a)
{
    claim_keeper_stop(a->keeper);
    prefetch_close(a->prefetch);
    for (size_t i = 0; i < a->n_answered; i++)
        label_answers_release(&a->answered[i].answers);
    for (size_t i = 0; i < a->n_flying; i++)
        store_known_release(&a->flying[i].known);
    free(a->flying);
    for (size_t i = 0; i < a->n_claimed; i++)
        free(a->claimed[i].wanted);
    free(a->claimed);
    equals_close(&a->equals);
    free(a->others);
    free(a->answered);
}

static int answer_todo(struct annotating *a, struct err *e)
{
    int rc = open_run(a, e);

    if (rc == 0) {
        say_model(a);
        progress_start(&a->progress, a->options->events, "answering", "images", a->todo.n);
        a->progress.part = "questions";
        a->progress.parts = (double)a->todo.n_questions / (double)a->todo.n;
        a->begun = a->committed = a->last = a->looked = clock_seconds();
        rc = run(a, e);
    }
    close_run(a);
    return rc;
}

/* Where it is new; two processes may meet here. */
static int add_annotator(struct annotating *a, struct err *e)
{
    int rc = a->todo.asking.annotator == 0 ? store_begin(a->store, e) : 0;

    if (rc < 0 || a->todo.asking.annotator != 0)
        return rc;
    return store_end(
        a->store,
        store_annotator_id(a->store, a->todo.name, ANNOTATOR_MODEL, &a->todo.asking.annotator, e),
        e);
}

static void take_usage(struct annotating *a)
{
    struct annotate_result *out = a->out;
    uint64_t whole = out->images + out->errors - out->partly;

    out->usage = labeler_usage(a->labeler);
    out->cost = label_usage_cost(&out->usage, &a->todo.annotator->server.price);
    if (out->stopped != LIMIT_NONE)
        out->images_left = a->progress.total - whole - out->claimed_by_others - a->n_elsewhere;
}

static int annotate(struct annotating *a, struct err *e)
{
    struct project *p = a->todo.project;
    struct examples examples;
    struct label_options options = { .dir = p->dir,
                                     .reference = a->options->reference,
                                     .events = a->options->events,
                                     .record = a->options->record,
                                     .replay = a->options->replay,
                                     .limits = a->options->limits,
                                     .examples = &examples.list };
    struct identity_claim claim = { p,
                                    NULL,
                                    a->todo.asking.annotator,
                                    a->todo.name,
                                    a->todo.annotator->name,
                                    true,
                                    a->options->events };
    int rc = examples_load(&examples, &a->todo, e);

    if (rc == 0)
        rc = labeler_open(&a->labeler, p->task, a->todo.annotator, &options, e);
    examples_release(&examples);
    claim.labeler = a->labeler;
    if (rc == 0)
        rc = todo_may_leave(&a->todo, a->labeler, a->options->yes, e);
    if (rc == 0)
        rc = identity_of(&claim, &a->identity, e);
    if (rc == 0)
        rc = identity_check(&claim, &a->identity, e);
    if (rc == 0 && a->todo.n > 0)
        rc = add_annotator(a, e);
    if (rc == 0 && a->todo.n > 0)
        rc = answer_todo(a, e);
    if (a->labeler)
        take_usage(a);
    identity_release(&a->identity);
    labeler_close(a->labeler);
    return rc;
}

int job_annotate(struct project *p, const struct annotate_options *o, struct annotate_result *out,
                 struct err *e)
{
    struct annotating a = { .store = p->store, .options = o, .out = out };
    int rc = unused_warn(p, o->events, e);

    *out = (struct annotate_result){ .cost = NAN, .currency = p->task->prices.currency };
    if (rc == 0)
        rc = todo_open(&a.todo, p, o, true, e);
    if (rc < 0)
        return rc;
    out->annotator = a.todo.name;
    out->chosen = a.todo.chosen;
    out->absent = a.todo.absent;
    out->n_columns = p->task->n_columns;
    out->unreadable = a.todo.unreadable;
    rc = annotate(&a, e);
    if (rc == 0 && a.todo.asking.annotator != 0)
        rc = unanswered_find_by_name(p, out->annotator, &out->unanswered, e);
    todo_close(&a.todo);
    return rc;
}

void annotate_result_release(struct annotate_result *r)
{
    for (size_t i = 0; i < r->n_claimants; i++)
        free(r->claimants[i].worker);
    free(r->claimants);
    unanswered_release(&r->unanswered);
    *r = (struct annotate_result){ 0 };
}
