/* SPDX-License-Identifier: MIT */
#include "jobs/accept.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/calibrate.h"
#include "project/pair.h"
#include "store/designs.h"

/* ---- why nothing can be said ---- */

static const char hint_sample[] =
    "assent review --sample 400 has people answer cells drawn at random, blind";

/* Votes on cells that were not drawn prove nothing of the others. */
static bool has_votes(const struct dataset *d)
{
    for (size_t a = 0; a < d->known.n; a++)
        if (d->known.items[a].votes > 0)
            return true;
    return false;
}

static void refuse(struct acceptance *a, const char *why, const char *hint)
{
    a->why = why;
    a->hint = hint;
}

static bool is_refused(struct acceptance *a, const struct dataset *d, const struct labelled *who)
{
    if (!who)
        refuse(a, "there are no answers yet",
               "assent annotate has a model answer, assent import brings answers that exist");
    else if (a->sampled.design == 0 && has_votes(d))
        refuse(a,
               "the votes that there are were not given on cells drawn at random, so they say "
               "nothing of the other cells",
               hint_sample);
    else if (a->sampled.design == 0)
        refuse(a, "no random sample was drawn, so nobody has checked the answers", hint_sample);
    else if (!a->sampled.stratum_of)
        refuse(a, "the sample was drawn by an earlier version, which did not keep its strata",
               "assent review --sample N --seed S draws another; votes on cells that are drawn "
               "again count");
    else if (who->annotator->reviews)
        refuse(a, "these answers are what people said of the sample, so it cannot judge them",
               "--annotator NAME takes answers that were given without it, as a model's");
    else if (who->annotator->kind == ANNOTATOR_CONSENSUS && a->sampled.n_given > 0)
        refuse(a,
               "the consensus has people's answers on the cells of the sample and not on others, "
               "so it cannot be judged by them",
               "a consensus of models alone can, once exported and imported under its own name");
    return a->why != NULL;
}

/* ---- which questions ---- */

static int choose_columns(struct acceptance *a, const struct accept_options *o, const bool **out,
                          struct err *e)
{
    bool *columns;

    *out = NULL;
    if (o->n_questions == 0)
        return 0;
    *out = columns = arena_new(&a->arena, a->task->n_columns, sizeof(*columns), e);
    return columns ? task_choose_columns(a->task, o->questions, o->n_questions, columns, e)
                   : ERR_NOMEM;
}

/* ---- the verdicts ---- */

static void describe_sample(struct acceptance *a, const struct dataset *d)
{
    const struct sampled *s = &a->sampled;

    a->sample = (struct accept_sample){ .design = s->design,
                                        .seed = s->seed,
                                        .earlier = s->earlier,
                                        .early = s->n_early,
                                        .frame = s->frame,
                                        .cells = d->images.n * a->task->n_columns,
                                        .settled = s->n_done,
                                        .n_strata = s->n_strata,
                                        .people = s->people,
                                        .n_people = s->n_people,
                                        .settings = s->settings,
                                        .drawn_at = s->drawn_at,
                                        .first_at = s->first_at,
                                        .last_at = s->last_at };
    for (size_t h = 0; h < s->n_strata; h++)
        a->sample.drawn += s->strata[h].drawn;
}

static int describe_model(struct acceptance *a, const struct dataset *d, const struct labelled *who,
                          struct err *e)
{
    char *identity = NULL, *settings = NULL;
    int rc = store_identity(d->project->store, who->annotator->id, &identity, &settings, e);

    a->annotator = arena_text(&a->arena, who->name, strlen(who->name), e);
    if (rc == 0 && identity)
        a->identity = arena_text(&a->arena, identity, strlen(identity), e);
    if (rc == 0 && (!a->annotator || (identity && !a->identity)))
        rc = ERR_NOMEM;
    free(identity);
    free(settings);
    return rc;
}

static struct promise promise_of(const struct task *t, const struct accept_options *o)
{
    return (struct promise){ .max_error = o->max_error > 0 ? o->max_error : t->promise.max_error,
                             .confidence =
                                 o->confidence > 0 ? o->confidence : t->promise.confidence,
                             .side = o->side,
                             .fixed_n = o->fixed_n };
}

static int reach(struct acceptance *a, const struct dataset *d, const struct labelled *who,
                 const struct accept_options *o, struct err *e)
{
    struct verdict_source source = { .task = a->task,
                                     .n_images = d->images.n,
                                     .labels = who->labels.values,
                                     .probabilities = who->labels.probabilities,
                                     .sample = &a->sampled };
    const struct promise promise = promise_of(a->task, o);
    int rc = choose_columns(a, o, &source.columns, e);

    a->scored = false;
    for (size_t i = 0; who->labels.probabilities && !a->scored && i < d->images.n; i++)
        for (size_t k = 0; k < a->task->n_probabilities; k++)
            a->scored =
                a->scored || who->labels.probabilities[i * a->task->n_probabilities + k] >= 0;
    return rc < 0 ? rc : verdicts_reach(&a->verdicts, &source, &promise, e);
}

int acceptance_of(struct acceptance *out, const struct dataset *d, const struct labelled *who,
                  const struct accept_options *o, struct err *e)
{
    int rc;

    *out = (struct acceptance){ .task = d->project->task,
                                .calibrated = o->calibrated,
                                .against = o->against };
    rc =
        sampled_load(&out->sampled, d->project->store, out->task, &d->images, SAMPLED_STRATA_OF, e);
    if (rc == 0)
        describe_sample(out, d);
    if (rc == 0 && who)
        rc = describe_model(out, d, who, e);
    if (rc == 0 && !is_refused(out, d, who))
        rc = reach(out, d, who, o, e);
    if (rc < 0)
        acceptance_release(out);
    return rc;
}

/* ---- a number fixed before ---- */

static int check_fixed(struct project *p, const struct acceptance *a,
                       const struct store_annotator *who, const struct accept_options *o,
                       struct err *e)
{
    uint64_t fixed, given = a->sampled.n_given;
    int rc = store_acceptance_fixed(p->store, a->sample.design, who->id, &fixed, e);

    if (rc < 0 || fixed == o->fixed_n || (fixed == 0 && given == 0))
        return rc;
    if (fixed == 0)
        err_set(e, ERR_ARG,
                "no number was fixed before people answered: they gave %" PRIu64
                " answers, those that were taken back too",
                given);
    else
        err_set(e, ERR_ARG, "the number that was fixed before people answered is %" PRIu64, fixed);
    err_got(e, "--fixed-n %" PRIu64, o->fixed_n);
    return err_hint(e, "without --fixed-n one may look at any time");
}

/* ---- probabilities that are made true ---- */

static int find_method(const char *name, enum calibrate_method *method, struct err *e)
{
    for (int k = CALIBRATE_TEMPERATURE; k < CALIBRATE_METHODS; k++) {
        *method = (enum calibrate_method)k;
        if (strcmp(calibrate_method_names[k], name) == 0)
            return 0;
    }
    err_set(e, ERR_ARG, "no way to calibrate is called '%s'", name);
    return err_hint(e, "there are temperature, platt, isotonic and contextual");
}

/* A fit to the votes that decide would choose the sets of answers by a look at these. A reviewer's
 * labels are such votes, and the consensus counts them. */
static int check_fit(enum calibrate_method method, const struct store_annotators *known,
                     const char *against, struct err *e)
{
    const struct store_annotator *other = against ? store_annotators_find(known, against) : NULL;

    if (method == CALIBRATE_CONTEXTUAL ||
        (other ? other->votes == 0 && other->kind != ANNOTATOR_CONSENSUS
               : against && strcmp(against, CALIBRATE_PEOPLE) != 0))
        return 0;
    err_set(
        e, ERR_ARG,
        "the votes that decide cannot also calibrate: the promise would not hold for thresholds "
        "that were chosen by them");
    if (other)
        err_got(e, "%s, whose labels are votes, or count them", against);
    return err_hint(e, "--against NAME fits to another annotator's labels; --calibrated contextual "
                       "needs none");
}

static int calibrate(const struct dataset *d, const struct labelled *who,
                     const struct accept_options *o, struct err *e)
{
    struct calibrate_options c = { .annotator = who->name, .against = o->against };
    int rc = find_method(o->calibrated, &c.method, e);

    if (rc == 0)
        rc = check_fit(c.method, &d->known, o->against, e);
    return rc == 0 ? calibrate_labels(d, who, &c, e) : rc;
}

/* ---- the record ---- */

static int keep(struct project *p, const struct acceptance *a, const struct store_annotator *who,
                const struct accept_options *o, struct err *e)
{
    const struct promise *promise = &a->verdicts.promise;
    struct json_t *s =
        jv_pack("{s:f, s:f, s:s, s:I, s:s?, s:s?, s:o}", "max_error", promise->max_error,
                "confidence", promise->confidence, "side", verdict_side_names[promise->side],
                "fixed_n", (long long)promise->fixed_n, "calibrated", o->calibrated, "against",
                o->against, "questions", jv_texts(o->questions, o->n_questions));
    char *settings = jv_print_line(s);
    int rc = settings ? store_begin(p->store, e) : err_set(e, ERR_NOMEM, "out of memory: settings");

    jv_free(s);
    if (rc == 0) {
        rc = store_acceptance_add(p->store,
                                  &(struct store_acceptance){ .design = a->sample.design,
                                                              .annotator = who->id,
                                                              .settings = settings,
                                                              .settled = a->sample.settled },
                                  e);
        rc = store_end(p->store, rc, e);
    }
    free(settings);
    return rc;
}

static int load(struct dataset *d, struct project *p, const struct accept_options *o,
                const struct labelled **who, struct err *e)
{
    struct pair pair;
    int rc = dataset_open(d, p, e);

    *who = NULL;
    if (rc == 0)
        rc = dataset_need_images(d, e);
    if (rc == 0)
        rc = pair_choose(&pair, &d->known, (const char *const[2]){ o->annotator, NULL }, e);
    if (rc == 0 && pair.first)
        rc = dataset_load(d, &pair.first->name, 1, STORE_WITH_PROBABILITIES, e);
    if (rc == 0 && pair.first)
        *who = dataset_find(d, pair.first->name);
    return rc;
}

static int say(struct project *p, const struct accept_options *o, struct dataset *d,
               struct acceptance *out, struct err *e)
{
    const struct labelled *who;
    int rc = load(d, p, o, &who, e);

    if (rc == 0 && who && o->calibrated)
        rc = calibrate(d, who, o, e);
    if (rc == 0)
        rc = acceptance_of(out, d, who, o, e);
    if (rc == 0 && out->why) {
        err_set(e, ERR_ARG, "nothing can be accepted yet: %s", out->why);
        return err_hint(e, "%s", out->hint);
    }
    if (rc == 0 && o->fixed_n > 0)
        rc = check_fixed(p, out, who->annotator, o, e);
    return rc == 0 ? keep(p, out, who->annotator, o, e) : rc;
}

int job_accept(struct project *p, const struct accept_options *o, struct dataset *d,
               struct acceptance *out, struct err *e)
{
    struct dataset own = { 0 };
    int rc;

    *out = (struct acceptance){ 0 };
    if (d)
        *d = own;
    rc = say(p, o, d ? d : &own, out, e);
    if (rc < 0)
        acceptance_release(out);
    if (rc < 0 && d)
        dataset_release(d);
    dataset_release(&own);
    return rc;
}

void acceptance_release(struct acceptance *a)
{
    verdicts_release(&a->verdicts);
    sampled_release(&a->sampled);
    arena_release(&a->arena);
    *a = (struct acceptance){ 0 };
}
