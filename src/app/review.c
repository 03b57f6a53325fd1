/* SPDX-License-Identifier: MIT
 *
 * Brings together what a review needs: labels, known answers, pictures, the queue, the server.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "app/app.h"
#include "formats/formats.h"
#include "image/image.h"

struct review_job {
    struct project *project;
    const struct review_options *options;
    int folder; /* locked: one server a project */
    struct dataset data;
    const char *names[2];
    bool *columns;
    struct image_source *source;
    size_t *picture_of;
    char *settings;
    char gold_sha256[SHA256_HEX];
    struct review_cell *gold;
    size_t n_gold, gold_cap;
    struct review_site site;
    struct review_queued queued;
    struct review *server;
};

/* ---- one at a time ---- */

/* *folder stays open as long as the lock shall hold. A server knows from memory who has answered
 * what, so that nobody else may write answers meanwhile. */
static int lock_project(const struct project *p, const char *hint, int *folder, struct err *e)
{
    *folder = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*folder < 0)
        return err_errno(e, "open", p->dir);
    if (flock(*folder, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno != EWOULDBLOCK)
        return 0; /* a file system without locks */
    err_set(e, ERR_IO, "another review of this project is running");
    err_hint(e, "%s", hint);
    return err_at(e, "%s", p->dir);
}

/* ---- whose labels ---- */

/* The first model, and the first person whose labels came in bulk; either may be missing. */
static void choose_pair(struct review_job *j, const struct store_annotators *known)
{
    for (int i = 0; i < 2; i++)
        j->names[i] = j->options->between[i];
    if (j->names[0])
        return;
    for (size_t i = 0; i < known->n; i++) {
        const struct store_annotator *a = &known->items[i];

        if (a->kind == ANNOTATOR_CONSENSUS || a->reviews)
            continue;
        if (a->kind == ANNOTATOR_MODEL && !j->names[0])
            j->names[0] = a->name;
        else if (a->votes == 0 && !j->names[1])
            j->names[1] = a->name;
    }
    if (!j->names[0]) {
        j->names[0] = j->names[1];
        j->names[1] = NULL;
    }
}

static int load_labels(struct review_job *j, struct err *e)
{
    struct store_annotators known;
    size_t n;
    int rc = store_annotators_load(j->project->store, &known, e);

    if (rc < 0)
        return rc;
    choose_pair(j, &known);
    n = j->names[1] ? 2 : j->names[0] ? 1 : 0;
    rc = dataset_load(&j->data, j->project, j->names, n, STORE_WITH_PROBABILITIES, e);
    store_annotators_release(&known);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        j->names[i] = j->data.items[i].name;
        j->site.labels[i] = j->data.items[i].labels.values;
    }
    if (rc == 0 && n > 0)
        j->site.probabilities = j->data.items[0].labels.probabilities;
    if (rc == 0 && j->data.images.n == 0) {
        rc = err_set(e, ERR_ARG, "there are no images here yet");
        err_hint(e, "assent import brings labels, or images");
    }
    return rc;
}

/* ---- which questions ---- */

static int choose_column(struct review_job *j, const char *name, struct err *e)
{
    const struct task *t = j->project->task;
    bool found = false;

    for (size_t c = 0; c < t->n_columns; c++) {
        bool named = text_folds_to(t->columns[c].name, name) ||
                     text_folds_to(t->questions[t->columns[c].question].name, name);

        j->columns[c] = j->columns[c] || named;
        found = found || named;
    }
    if (found)
        return 0;
    return err_set(e, ERR_ARG, "no question of assent.yaml is called '%s'", name);
}

static int choose_columns(struct review_job *j, struct err *e)
{
    int rc = 0;

    if (j->options->n_questions == 0)
        return 0;
    j->columns = mem_new(j->project->task->n_columns, sizeof(*j->columns), e);
    if (!j->columns)
        return ERR_NOMEM;
    for (size_t i = 0; rc == 0 && i < j->options->n_questions; i++)
        rc = choose_column(j, j->options->questions[i], e);
    return rc;
}

/* ---- pictures ---- */

static int match_pictures(struct review_job *j, struct matcher *m, struct err *e)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < image_source_count(j->source); i++) {
        enum match how;
        size_t image;

        rc = matcher_find(m, image_source_key(j->source, i), &image, &how, e);
        if (rc == 0 &&
            (how == MATCH_EXACT || (how == MATCH_FOLDED && j->picture_of[image] == SIZE_MAX)))
            j->picture_of[image] = i;
    }
    return rc;
}

static int open_pictures(struct review_job *j, struct err *e)
{
    const char *images = j->project->task->images;
    struct matcher *m = NULL;
    char *path;
    int rc;

    if (!images)
        return 0;
    path = file_join(j->project->dir, images, e);
    rc = path ? image_source_open(&j->source, path, e) : ERR_NOMEM;
    if (rc == ERR_IO)
        err_hint(e, "have they been moved? `images` in assent.yaml says where they are");
    free(path);
    if (rc < 0)
        return rc;
    j->picture_of = mem_new(j->data.images.n, sizeof(*j->picture_of), e);
    if (!j->picture_of)
        return ERR_NOMEM;
    memset(j->picture_of, 0xff, j->data.images.n * sizeof(*j->picture_of)); /* SIZE_MAX: none */
    rc = matcher_new(&m, &j->data.images, e);
    if (rc == 0)
        rc = match_pictures(j, m, e);
    matcher_free(m);
    return rc;
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
    int rc = matcher_find(m, row->key, &image, &how, e);

    if (rc == 0 && how == MATCH_NONE)
        return unknown_gold(j, row, e);
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
    rc = labels_open(&file, path, NULL, j->project->task, e);
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

/* What decides the sample, the known answers and the repeats: the same again finds them there. */
static int write_settings(struct review_job *j, struct err *e)
{
    const struct review_options *o = j->options;
    struct json_t *s = jv_pack(
        "{s:s?, s:s?, s:I, s:f, s:I, s:s, s:o, s:b, s:b, s:b, s:s}", "model", j->names[0], "people",
        j->names[1], "sample", (long long)o->sample, "sample_share", o->sample_share, "repeat",
        (long long)o->repeat, "gold", j->gold_sha256, "questions",
        jv_texts(o->questions, o->n_questions), "disputes", (int)!o->no_disputes, "abstained",
        (int)o->abstained, "rule_breaking", (int)o->rule_breaking, "seed", o->seed_text);

    j->settings = jv_print_line(s);
    jv_free(s);
    return j->settings ? 0 : err_set(e, ERR_NOMEM, "out of memory: the settings");
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
                                .gold = j->gold,
                                .n_gold = j->n_gold,
                                .repeat = o->repeat,
                                .votes = o->votes,
                                .order = o->order,
                                .seed = o->seed,
                                .settings = j->settings };
    struct store *s = j->project->store;
    int rc = store_begin(s, e);

    if (rc == 0)
        rc = review_queue(s, &plan, &j->queued, e);
    if (rc == 0 && j->queued.items == 0) {
        rc = err_set(e, ERR_ARG, "there is nothing to review: %s",
                     !j->names[1]     ? "there are no two annotators whose labels could differ"
                     : o->no_disputes ? "disputes were left out"
                                      : "the two annotators differ nowhere");
        err_hint(e, "--sample 200 has people check cells drawn at random");
    }
    if (rc == 0 && !o->only_plan)
        rc = store_commit(s, e);
    if (rc < 0 || o->only_plan)
        store_rollback(s);
    return rc;
}

static void describe_site(struct review_job *j)
{
    const struct review_options *o = j->options;
    struct review_site *s = &j->site;

    s->store = j->project->store;
    s->task = j->project->task;
    s->images = &j->data.images;
    s->source = j->source;
    s->picture_of = j->picture_of;
    s->names[0] = j->names[0];
    s->names[1] = j->names[1];
    s->columns = j->columns;
    s->limit = o->limit;
    s->lease_minutes = o->lease_minutes;
    s->host = o->host;
    s->port = o->port;
    s->name = o->name;
    s->cert = o->cert;
    s->key = o->key;
}

static int prepare(struct review_job *j, struct err *e)
{
    int rc = 0;

    if (!j->options->only_plan)
        rc = lock_project(j->project,
                          "several people use one server: assent reviewers add NAME makes a link",
                          &j->folder, e);
    if (rc == 0)
        rc = load_labels(j, e);
    if (rc == 0)
        rc = choose_columns(j, e);
    if (rc == 0)
        rc = open_pictures(j, e);
    if (rc == 0)
        rc = read_gold(j, e);
    if (rc == 0)
        rc = write_settings(j, e);
    if (rc == 0)
        rc = build_queue(j, e);
    describe_site(j);
    return rc;
}

int review_job_open(struct review_job **out, struct project *p, const struct review_options *o,
                    struct err *e)
{
    struct review_job *j = mem_new(1, sizeof(*j), e);
    int rc;

    *out = NULL;
    if (!j)
        return ERR_NOMEM;
    j->project = p;
    j->options = o;
    j->folder = -1;
    rc = prepare(j, e);
    if (rc < 0)
        review_job_close(j);
    else
        *out = j;
    return rc;
}

void review_job_close(struct review_job *j)
{
    if (!j)
        return;
    review_close(j->server);
    image_source_close(j->source);
    dataset_release(&j->data);
    free(j->columns);
    free(j->picture_of);
    free(j->gold);
    free(j->settings);
    if (j->folder >= 0)
        close(j->folder);
    free(j);
}

const struct review_queued *review_job_queued(const struct review_job *j)
{
    return &j->queued;
}

bool review_job_has_pictures(const struct review_job *j)
{
    return j->source != NULL;
}

/* ---- what it takes ---- */

int review_job_forecast(const struct review_job *j, struct review_forecast *out, struct err *e)
{
    const struct prices *prices = &j->project->task->prices;
    uint64_t wanted = j->queued.items * j->options->votes;
    struct review_figures figures;
    int rc = review_figures_load(&figures, j->project->store, j->project->task, &j->data.images,
                                 NULL, e);

    if (rc < 0)
        return rc;
    *out = (struct review_forecast){ .items = j->queued.items - figures.done,
                                     .votes = wanted > figures.done ? wanted - figures.done : 0,
                                     .seconds = figures.seconds,
                                     .measured = !isnan(figures.seconds),
                                     .currency = prices->currency };
    review_figures_release(&figures);
    if (!out->measured)
        out->seconds = prices->seconds_an_answer.given ? prices->seconds_an_answer.value : NAN;
    out->hours = out->seconds * (double)out->votes / 3600;
    out->cost = prices->wage_hour.given ? out->hours * prices->wage_hour.value : NAN;
    return 0;
}

struct json_t *review_forecast_json(const struct review_job *j, const struct review_forecast *f)
{
    const struct review_queued *q = &j->queued;

    return jv_pack("{s:I, s:I, s:{s:I, s:I, s:I, s:I}, s:o, s:b, s:o, s:o, s:s?}", "items",
                   (long long)f->items, "votes", (long long)f->votes, "new", "disputes",
                   (long long)q->added[REVIEW_DISPUTE], "sample",
                   (long long)q->added[REVIEW_SAMPLE], "gold", (long long)q->added[REVIEW_GOLD],
                   "repeats", (long long)q->added[REVIEW_REPEAT], "seconds_an_answer",
                   jv_real(f->seconds), "measured", (int)f->measured, "hours", jv_real(f->hours),
                   "cost", jv_real(f->cost), "currency", f->currency);
}

static int write_link(const struct review_job *j, const char *token, char **link, struct err *e)
{
    struct buf b = BUF_INIT(1024);
    int rc;

    buf_printf(&b, "%s/#%s", review_address(j->server), token);
    rc = buf_end(&b, "a link", e);
    *link = buf_take(&b);
    buf_release(&b);
    return rc;
}

int review_job_start(struct review_job *j, struct review_links *links, struct err *e)
{
    char reviewer[SECRET_TEXT], owner[SECRET_TEXT];
    int rc = 0;

    *links = (struct review_links){ 0 };
    if (j->options->reviewer)
        rc = reviewer_add(j->project, j->options->reviewer, false, reviewer, e);
    if (rc == 0)
        rc = reviewer_add(j->project, file_user(), true, owner, e);
    if (rc == 0)
        rc = review_open(&j->server, &j->site, e);
    if (rc == 0 && j->options->reviewer)
        rc = write_link(j, reviewer, &links->reviewer, e);
    if (rc == 0)
        rc = write_link(j, owner, &links->owner, e);
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

int review_job_serve(struct review_job *j, struct err *e)
{
    return review_serve(j->server, e);
}

const char *review_job_address(const struct review_job *j)
{
    return review_address(j->server);
}

/* ---- packets ---- */

int review_job_packet(struct review_job *j, const char *path, size_t *n, struct err *e)
{
    struct store *s = j->project->store;
    struct store_reviewer who;
    int rc = store_begin(s, e);

    if (rc == 0)
        rc = store_review_begin(s, j->project->task, e);
    if (rc == 0)
        rc = store_reviewer_add(s, j->options->reviewer, false, &who, e);
    if (rc == 0)
        rc = review_packet(&j->site, &who, path, n, e);
    if (rc == 0)
        rc = store_commit(s, e);
    if (rc < 0)
        store_rollback(s);
    return rc;
}

static int take_answers(struct project *p, const char *path, struct review_answers *out,
                        struct err *e)
{
    struct store_images images;
    struct review_site site = { .store = p->store, .task = p->task, .images = &images };
    int rc = store_images_load(p->store, &images, e);

    if (rc < 0)
        return rc;
    rc = store_begin(p->store, e);
    if (rc == 0)
        rc = review_take_answers(&site, path, out, e);
    if (rc == 0)
        rc = store_commit(p->store, e);
    if (rc < 0) {
        store_rollback(p->store);
        err_at(e, "%s", path);
    }
    store_images_release(&images);
    return rc;
}

int import_answers(struct project *p, const char *path, struct review_answers *out, struct err *e)
{
    int folder, rc = lock_project(p, "stop it first: Ctrl-C loses no answer", &folder, e);

    if (rc == 0)
        rc = take_answers(p, path, out, e);
    if (folder >= 0)
        close(folder);
    return rc;
}

/* ---- people ---- */

int reviewer_add(struct project *p, const char *name, bool owner, char token[SECRET_TEXT],
                 struct err *e)
{
    struct store_reviewer who;
    int rc = store_begin(p->store, e);

    if (rc == 0)
        rc = store_reviewer_add(p->store, name, owner, &who, e);
    if (rc == 0)
        rc = review_token(p->store, who.id, token, e);
    if (rc == 0)
        rc = store_commit(p->store, e);
    if (rc < 0)
        store_rollback(p->store);
    return rc;
}

int reviewer_revoke(struct project *p, const char *name, struct err *e)
{
    int rc = store_begin(p->store, e);

    if (rc == 0)
        rc = store_reviewer_revoke(p->store, name, e);
    if (rc == 0)
        rc = store_commit(p->store, e);
    if (rc < 0)
        store_rollback(p->store);
    return rc;
}

int reviewers_each(const struct project *p, int (*each)(void *data, const struct store_reviewer *r),
                   void *data, struct err *e)
{
    return store_reviewers(p->store, each, data, e);
}
