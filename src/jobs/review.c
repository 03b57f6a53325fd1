/* SPDX-License-Identifier: MIT */
#include "jobs/review.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "formats/formats.h"
#include "project/catalogue.h"
#include "project/dataset.h"
#include "project/pair.h"
#include "store/designs.h"

struct review_job {
    struct project *project;
    const struct review_options *options;
    struct dataset data;
    struct pair pair;
    bool *columns;
    struct catalogue catalogue;
    char *settings, *settings_before; /* as struct review_plan has them */
    char gold_sha256[SHA256_HEX];
    struct review_cell *gold;
    size_t n_gold, gold_cap;
    struct review_site site;
    struct review_queued queued;
    struct review *server;
    struct notice *notice; /* NULL: none is up */
};

/* ---- whose labels ---- */

static const char *name_of(const struct store_annotator *a)
{
    return a ? a->name : NULL;
}

static int load_labels(struct review_job *j, struct err *e)
{
    struct review_site *s = &j->site;
    int rc = dataset_open(&j->data, j->project, e);

    if (rc == 0)
        rc = pair_choose(&j->pair, &j->data.known, j->options->between, e);
    if (rc < 0)
        return rc;
    if (j->pair.second_settles)
        j->pair.second = NULL;
    s->names[0] = name_of(j->pair.first);
    s->names[1] = name_of(j->pair.second);
    rc = dataset_load(&j->data, s->names,
                      s->names[1]   ? 2
                      : s->names[0] ? 1
                                    : 0,
                      STORE_WITH_PROBABILITIES, e);
    for (size_t i = 0; rc == 0 && i < j->data.n; i++)
        s->labels[i] = j->data.items[i].labels.values;
    if (rc == 0 && j->data.n > 0)
        s->probabilities = j->data.items[0].labels.probabilities;
    return rc == 0 ? dataset_need_images(&j->data, e) : rc;
}

/* ---- which questions ---- */

static int choose_columns(struct review_job *j, struct err *e)
{
    const struct review_options *o = j->options;

    if (o->n_questions == 0)
        return 0;
    j->columns = mem_new(j->project->task->n_columns, sizeof(*j->columns), e);
    return j->columns
               ? task_choose_columns(j->project->task, o->questions, o->n_questions, j->columns, e)
               : ERR_NOMEM;
}

/* ---- known answers ---- */

static int unknown_gold(const struct review_job *j, const struct label_row *row, struct err *e)
{
    err_set(e, ERR_FORMAT, "a known answer is about an image that is not in this project: '%s'",
            row->key);
    return err_at(e, "%s:%lu", j->options->gold, row->line);
}

static int add_gold_row(struct review_job *j, struct matcher *m, const struct label_row *row,
                        struct err *e)
{
    enum match how;
    size_t image;
    int rc = matcher_take(m, row->key, &image, &how, e);

    if (rc < 0)
        return err_at(e, "%s:%lu", j->options->gold, row->line);
    if (how == MATCH_NONE)
        return unknown_gold(j, row, e);
    if (how == MATCH_ASIDE)
        return 0;
    for (size_t i = 0; rc == 0 && i < row->n_cells; i++) {
        if (row->cells[i].value < 0)
            continue;
        rc = mem_grow(&j->gold, &j->gold_cap, j->n_gold + 1, sizeof(*j->gold), REVIEW_ITEMS_MAX, e);
        if (rc == 0)
            j->gold[j->n_gold++] =
                (struct review_cell){ image, row->cells[i].column, row->cells[i].value };
    }
    return rc;
}

static int read_gold(struct review_job *j, struct err *e)
{
    const char *path = j->options->gold, *source, *sha256;
    struct matcher *m = NULL;
    struct labels *file;
    struct label_row row;
    int rc;

    if (!path)
        return 0;
    rc = labels_open(&file, path, NULL, j->project->task, NULL, e);
    if (rc < 0)
        return rc;
    rc = matcher_new(&m, &j->data.images, e);
    while (rc == 0 && (rc = labels_next(file, &row, e)) == 1)
        rc = add_gold_row(j, m, &row, e);
    if (rc == 0)
        rc = labels_provenance(file, "", &source, &sha256, e);
    if (rc == 0)
        snprintf(j->gold_sha256, sizeof(j->gold_sha256), "%s", sha256);
    if (rc == 0 && j->n_gold == 0) {
        err_set(e, ERR_FORMAT, "no known answer is in this file");
        rc = err_at(e, "%s", path);
    }
    matcher_free(m);
    labels_close(file);
    return rc;
}

/* ---- the queue ---- */

/* How the sample is drawn, where that is not the default, which is not said. */
static void set_strata(struct json_t *s, const struct review_options *o)
{
    struct json_t *names = jv_array(), *edges = jv_array();
    unsigned strata = o->strata ? o->strata : STRATA_DEFAULT;

    if (o->active)
        strata |= STRATA_SCORE;
    for (size_t k = 0; review_strata_names[k]; k++)
        if (strata & 1U << k)
            jv_append(names, jv_pack("s", review_strata_names[k]));
    for (size_t k = 0; k < REVIEW_SCORE_EDGES; k++)
        jv_append(edges, jv_real(review_score_edges[k]));
    if (strata != STRATA_DEFAULT)
        jv_set(s, "strata", names);
    else
        jv_free(names);
    if (strata & STRATA_SCORE)
        jv_set(s, "score_edges", edges);
    else
        jv_free(edges);
    if (o->active)
        jv_set(s, "active_floor", jv_real(o->floor));
}

/* What decides the sample but its size, the known answers and the repeats: the same again finds
 * them there. with_size: as it was written before samples could be extended. free() it; NULL
 * without memory. */
static char *settings_text(const struct review_job *j, bool with_size)
{
    const struct review_options *o = j->options;
    struct json_t *s =
        jv_pack("{s:s?, s:s?}", "model", j->site.names[0], "people", j->site.names[1]);
    char seed[24], *text; /* JSON has no 64-bit numbers */

    snprintf(seed, sizeof(seed), "%" PRIu64, o->seed);
    if (with_size) {
        jv_set(s, "sample", jv_pack("I", (long long)o->sample));
        jv_set(s, "sample_share", jv_pack("f", o->sample_share));
    }
    jv_set(s, "repeat", jv_pack("I", (long long)o->repeat));
    jv_set(s, "gold", jv_pack("s", j->gold_sha256));
    jv_set(s, "questions", jv_texts(o->questions, o->n_questions));
    jv_set(s, "disputes", jv_pack("b", (int)!o->no_disputes));
    jv_set(s, "abstained", jv_pack("b", (int)o->abstained));
    jv_set(s, "rule_breaking", jv_pack("b", (int)o->rule_breaking));
    jv_set(s, "seed", jv_pack("s", seed));
    set_strata(s, o);
    text = jv_print_line(s);
    jv_free(s);
    return text;
}

static int write_settings(struct review_job *j, struct err *e)
{
    j->settings = settings_text(j, false);
    j->settings_before = settings_text(j, true);
    return j->settings && j->settings_before ? 0
                                             : err_set(e, ERR_NOMEM, "out of memory: the settings");
}

/* What decides is a random sample of somebody's answers. */
static int need_sample(const struct review_job *j, struct err *e)
{
    bool decides = j->options->until_decided || j->options->order == ORDER_DECIDE;
    int64_t design = 0;
    uint64_t seed;
    int rc = decides ? store_design_find(j->project->store, NULL, &design, &seed, e) : 0;

    if (rc < 0 || !decides || (design != 0 && j->site.labels[0]))
        return rc;
    err_set(e, ERR_ARG, "nothing can be decided: %s",
            j->site.labels[0] ? "no cells were drawn at random"
                              : "there are no answers that could be accepted");
    return err_hint(e, "--sample 400 draws cells of a model's answers");
}

static int build_queue(struct review_job *j, struct err *e)
{
    const struct review_options *o = j->options;
    struct review_plan plan = { .task = j->project->task,
                                .images = &j->data.images,
                                .labels = { j->site.labels[0], j->site.labels[1] },
                                .probabilities = j->site.probabilities,
                                .columns = j->columns,
                                .disputes = !o->no_disputes,
                                .abstained = o->abstained,
                                .rule_breaking = o->rule_breaking,
                                .sample = o->sample,
                                .sample_share = o->sample_share,
                                .strata = o->strata,
                                .active = o->active,
                                .floor = o->floor,
                                .gold = j->gold,
                                .n_gold = j->n_gold,
                                .repeat = o->repeat,
                                .votes = o->votes,
                                .overlap = o->overlap,
                                .overlap_votes = o->overlap_votes,
                                .order = o->order,
                                .seed = o->seed,
                                .settings = j->settings,
                                .settings_before = j->settings_before };
    int rc = review_queue(j->project->store, &plan, &j->queued, e);

    if (rc == 0 && o->overlap > 0 && j->queued.overlap == 0) {
        err_set(e, ERR_ARG, "no cell was drawn at random that several people could be asked");
        return err_hint(e, "--sample %" PRIu64 " draws some", o->overlap);
    }
    if (rc < 0)
        return rc;
    if (j->queued.items > 0)
        return need_sample(j, e);
    err_set(e, ERR_ARG, "there is nothing to review: %s",
            !j->pair.second  ? "there are no two annotators whose labels could differ"
            : o->no_disputes ? "disputes were left out"
                             : "the two annotators differ nowhere");
    return err_hint(e, "--sample 200 has people check cells drawn at random");
}

static void describe_site(struct review_job *j)
{
    const struct review_options *o = j->options;
    struct review_site *s = &j->site;

    s->store = j->project->store;
    s->task = j->project->task;
    s->images = &j->data.images;
    s->catalogue = j->catalogue.source ? &j->catalogue : NULL;
    s->columns = j->columns;
    s->limit = o->limit;
    s->decide_first = o->order == ORDER_DECIDE;
    s->until_decided = o->until_decided;
    s->lease_minutes = o->lease_minutes;
    s->host = o->host;
    s->port = o->port;
    s->per_address = o->per_address;
    s->name = o->name;
    s->public_url = o->public_url;
    s->cert = o->cert;
    s->key = o->key;
    s->describe = o->describe;
    s->events = o->events;
}

/* Everything that the queue is built of. */
static int prepare(struct review_job *j, struct project *p, const struct review_options *o,
                   struct err *e)
{
    int rc;

    *j = (struct review_job){ .project = p, .options = o };
    rc = load_labels(j, e);
    if (rc == 0)
        rc = choose_columns(j, e);
    if (rc == 0)
        rc = catalogue_open_project(&j->catalogue, p, &j->data.images, o->events, e);
    if (rc == 0)
        rc = read_gold(j, e);
    if (rc == 0)
        rc = write_settings(j, e);
    describe_site(j);
    return rc;
}

static void release(struct review_job *j)
{
    notice_take_down(j->notice);
    review_close(j->server);
    catalogue_close(&j->catalogue);
    dataset_release(&j->data);
    free(j->columns);
    free(j->gold);
    free(j->settings);
    free(j->settings_before);
}

/* ---- what it would take ---- */

void review_reckon(const struct prices *prices, double measured, uint64_t votes,
                   struct review_forecast *out)
{
    out->votes = votes;
    out->seconds = measured;
    out->measured = !isnan(measured);
    out->currency = prices->currency;
    if (!out->measured && prices->seconds_per_answer.given)
        out->seconds = prices->seconds_per_answer.value;
    out->hours = out->seconds * (double)out->votes / 3600;
    out->cost = prices->wage_hour.given ? out->hours * prices->wage_hour.value : NAN;
}

/* Inside the transaction that is given up again: what is counted is the queue as it would be. */
static int forecast(struct review_job *j, struct review_forecast *out, struct err *e)
{
    const struct project *p = j->project;
    struct review_figures figures; /* of the answers so far */
    int rc = review_figures_load(&figures, p->store, p->task, &j->data.images,
                                 (const int16_t *const[2]){ NULL }, e);

    if (rc < 0)
        return rc;
    rc = build_queue(j, e);
    if (rc == 0) {
        *out = (struct review_forecast){ .queued = j->queued, .items = j->queued.items_open };
        review_reckon(&p->task->prices, figures.seconds, j->queued.votes_open, out);
    }
    review_figures_release(&figures);
    return rc;
}

int job_plan_review(struct project *p, const struct review_options *o, struct review_forecast *out,
                    struct err *e)
{
    struct review_job j;
    int rc = prepare(&j, p, o, e);

    if (rc == 0)
        rc = store_begin(p->store, e);
    if (rc == 0)
        rc = forecast(&j, out, e);
    store_rollback(p->store);
    release(&j);
    return rc;
}

/* ---- a review ---- */

/* A server knows from memory who has answered what: nobody else may write answers meanwhile. */
static int open_job(struct review_job *j, struct project *p, const struct review_options *o,
                    struct err *e)
{
    int rc = store_reserve(
        p->store, "several people use one server: assent reviewers add NAME makes a link", e);

    if (rc < 0)
        return err_at(e, "%s", p->dir);
    rc = prepare(j, p, o, e);
    if (rc == 0)
        rc = store_begin(p->store, e);
    return rc == 0 ? store_end(p->store, build_queue(j, e), e) : rc;
}

int job_review_open(struct review_job **out, struct project *p, const struct review_options *o,
                    struct err *e)
{
    struct review_job *j = mem_new(1, sizeof(*j), e);
    int rc;

    *out = NULL;
    if (!j)
        return ERR_NOMEM;
    rc = open_job(j, p, o, e);
    if (rc < 0)
        job_review_close(j);
    else
        *out = j;
    return rc;
}

void job_review_close(struct review_job *j)
{
    if (j)
        release(j);
    free(j);
}

const struct review_queued *job_review_queued(const struct review_job *j)
{
    return &j->queued;
}

bool job_review_has_pictures(const struct review_job *j)
{
    return j->site.catalogue != NULL;
}

const char *job_review_pair(const struct review_job *j, const char *names[2])
{
    names[0] = j->site.names[0];
    names[1] = j->site.names[1];
    return j->pair.why;
}

static int write_link(const struct review_job *j, const struct reviewer_link *l, char **link,
                      struct err *e)
{
    struct buf b = BUF_INIT(1024);
    int rc;

    buf_printf(&b, "%s/#%s", review_address(j->server), l->token);
    rc = buf_end(&b, "a link", e);
    *link = buf_take(&b);
    buf_release(&b);
    return rc;
}

/* Without it reviewers add has to be told the address, and all else works. */
static void put_notice(struct review_job *j)
{
    struct err e;
    char line[ERR_TEXT_MAX];

    if (notice_put(&j->notice, j->project->dir, review_address(j->server), &e) == 0)
        return;
    err_line(&e, line);
    events_say(j->options->events, EVENT_WARNING, "reviewers add will not know this address: %s",
               line);
}

int job_review_start(struct review_job *j, struct review_links *links, struct err *e)
{
    struct reviewer_link reviewer, owner;
    int rc = 0;

    *links = (struct review_links){ 0 };
    if (j->options->reviewer)
        rc = job_reviewer_add(j->project, j->options->reviewer, false, &reviewer, e);
    if (rc == 0)
        rc = job_reviewer_add(j->project, file_user(), true, &owner, e);
    if (rc == 0)
        rc = review_open(&j->server, &j->site, e);
    if (rc == 0 && j->options->reviewer)
        rc = write_link(j, &reviewer, &links->reviewer, e);
    if (rc == 0)
        rc = write_link(j, &owner, &links->owner, e);
    if (rc == 0)
        put_notice(j);
    if (rc < 0)
        review_links_release(links);
    return rc;
}

void review_links_release(struct review_links *l)
{
    free(l->reviewer);
    free(l->owner);
    *l = (struct review_links){ 0 };
}

int job_review_serve(struct review_job *j, struct err *e)
{
    return review_serve(j->server, e);
}

const char *job_review_address(const struct review_job *j)
{
    return review_address(j->server);
}

/* ---- packets ---- */

static int pack(struct review_job *j, const char *path, size_t *n, struct err *e)
{
    struct store *s = j->project->store;
    struct store_reviewer who;
    int rc = store_review_begin(s, j->project->task, e);

    if (rc == 0)
        rc = store_reviewer_add(s, j->options->reviewer, false, &who, e);
    return rc == 0 ? review_packet(&j->site, &who, path, n, e) : rc;
}

int job_review_packet(struct review_job *j, const char *path, size_t *n, struct err *e)
{
    int rc = store_begin(j->project->store, e);

    return rc < 0 ? rc : store_end(j->project->store, pack(j, path, n, e), e);
}

static int take_answers(struct project *p, const char *path, struct review_answers *out,
                        struct err *e)
{
    struct store_images images;
    struct review_site site = { .store = p->store, .task = p->task, .images = &images };
    int rc = store_images_load(p->store, &images, e);

    if (rc == 0)
        rc = store_begin(p->store, e);
    if (rc == 0)
        rc = store_end(p->store, review_take_answers(&site, path, out, e), e);
    store_images_release(&images);
    return rc < 0 ? err_at(e, "%s", path) : 0;
}

int job_import_answers(struct project *p, const char *path, struct review_answers *out,
                       struct err *e)
{
    int rc = store_reserve(p->store, "stop it first: Ctrl-C loses no answer", e);

    return rc < 0 ? err_at(e, "%s", p->dir) : take_answers(p, path, out, e);
}

/* ---- people ---- */

static int add_reviewer(struct store *s, const char *name, bool owner, struct reviewer_link *out,
                        struct err *e)
{
    struct store_reviewer who;
    int rc = store_reviewer_add(s, name, owner, &who, e);

    if (rc == 0)
        rc = store_links_count(s, who.id, &out->earlier, e);
    return rc < 0 ? rc : review_token(s, who.id, out->token, e);
}

int job_reviewer_add(struct project *p, const char *name, bool owner, struct reviewer_link *out,
                     struct err *e)
{
    int rc = store_begin(p->store, e);

    return rc < 0 ? rc : store_end(p->store, add_reviewer(p->store, name, owner, out, e), e);
}

int job_reviewer_revoke(struct project *p, const char *name, struct err *e)
{
    int rc = store_begin(p->store, e);

    return rc < 0 ? rc : store_end(p->store, store_reviewer_revoke(p->store, name, e), e);
}

struct reviewer_listing {
    struct reviewers *out;
    struct err *e;
};

static int keep_reviewer(void *data, const struct store_reviewer *r)
{
    struct reviewer_listing *l = data;
    struct reviewers *out = l->out;
    struct store_reviewer *kept;
    int rc = mem_grow(&out->items, &out->cap, out->n + 1, sizeof(*out->items), UINT32_MAX, l->e);

    if (rc < 0)
        return rc;
    kept = &out->items[out->n++];
    *kept = *r;
    kept->name = arena_text(&out->arena, r->name, strlen(r->name), l->e);
    kept->created = arena_text(&out->arena, r->created, strlen(r->created), l->e);
    if (r->revoked)
        kept->revoked = arena_text(&out->arena, r->revoked, strlen(r->revoked), l->e);
    return kept->name && kept->created && (kept->revoked || !r->revoked) ? 0 : ERR_NOMEM;
}

int job_reviewers(const struct project *p, struct reviewers *out, struct err *e)
{
    struct reviewer_listing l = { out, e };
    int rc;

    *out = (struct reviewers){ 0 };
    rc = store_reviewers(p->store, keep_reviewer, &l, e);
    if (rc < 0)
        reviewers_release(out);
    return rc;
}

void reviewers_release(struct reviewers *r)
{
    free(r->items);
    arena_release(&r->arena);
    *r = (struct reviewers){ 0 };
}
