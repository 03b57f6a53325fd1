/* SPDX-License-Identifier: MIT
 *
 * app.h - the jobs, one file each: what every command does, without options and printing.
 *
 * A job takes a project and a struct of options (zeroed: the defaults), and gives a result that the
 * caller frees. The JSON documents of the command line are made here too (json.c), so that
 * include/assent.h gives the same ones.
 */
#ifndef ASSENT_APP_H
#define ASSENT_APP_H

#include "base/base.h"
#include "report/report.h"
#include "review/review.h"
#include "stats/stats.h"
#include "store/store.h"
#include "task/task.h"

/* "SQLite 3.40.1" */
const char *app_database_library(void);

/* ---- project ---- */

/* A folder with assent.yaml and assent.db. */
struct project {
    char *dir;
    struct task *task;
    struct store *store;
};

enum project_mode {
    PROJECT_READ,  /* changes nothing; a project without a database has no labels yet */
    PROJECT_WRITE, /* makes the database where it is not there */
};

int project_open(struct project **out, const char *dir, enum project_mode mode, struct err *e);
void project_close(struct project *p); /* NULL is fine */
/* Writes a commented assent.yaml into dir, which is made where it is not there. Never replaces one.
 * *path (free() it) is what was written. */
int project_init(const char *dir, const char *preset, char **path, struct err *e);

/* ---- annotators and their labels, in memory ---- */

struct labelled {
    const struct store_annotator *annotator;
    const char *name;
    struct store_labels labels;
};

struct dataset {
    const struct project *project;
    struct store_images images;
    struct store_annotators known;
    struct labelled *items; /* in the order asked for */
    size_t n;
};

/* Loads these annotators' labels; names NULL: everybody's but the consensus. ERR_ARG for a name
 * that is not known. */
int dataset_load(struct dataset *out, const struct project *p, const char *const *names, size_t n,
                 unsigned flags, struct err *e);
void dataset_release(struct dataset *d);
/* Who is compared unless somebody says: the first model (else the first annotator) and the first of
 * the people whose labels came in bulk (else the next annotator). False where there are not two. */
bool dataset_default_pair(const struct store_annotators *known, const char *names[2]);

/* ---- import ---- */

struct import_options {
    const char *path;
    const char *annotator; /* NULL: as the file says */
    const char *kind;      /* human or model; NULL: as task, file or project say, else human */
    const char *format;    /* NULL: auto */
    bool strict;           /* refuse names and images that do not match */
};

enum { IMPORT_NAMED = 5 }; /* of what did not match, so many are named */

struct import_annotator {
    const char *name;
    enum annotator_kind kind;
    struct store_counts counts;
};

struct import_result {
    const char *format;
    uint64_t rows, repeated; /* repeated: cells that stood twice with one value */
    size_t n_names, n_names_matched;
    const char *const *names_folded; /* pairs */
    size_t n_names_folded;
    const char *const *names_unmatched;
    size_t n_names_unmatched;
    size_t images_before, n_images, n_images_matched, n_images_folded, n_images_new;
    const char *images_folded[2 * IMPORT_NAMED]; /* pairs */
    const char *images_new[IMPORT_NAMED];
    char values[96]; /* "-1/1" */
    uint64_t cancelled;
    struct import_annotator *annotators;
    size_t n_annotators;
    struct arena arena; /* private */
};

/* One transaction: a file that is broken anywhere leaves the database as it was. */
int import_labels(struct project *p, const struct import_options *o, struct import_result *out,
                  struct err *e);
void import_result_release(struct import_result *r);
struct json_t *import_json(const struct import_result *r);

struct metadata_result {
    uint64_t rows;
    size_t n_names;
    const char **names;
    size_t n_matched, n_unmatched;
    const char *unmatched[IMPORT_NAMED];
    struct arena arena; /* private */
};

int import_metadata(struct project *p, const char *path, bool strict, struct metadata_result *out,
                    struct err *e);
void metadata_result_release(struct metadata_result *r);
struct json_t *metadata_json(const struct metadata_result *r);

/* How keys of a file find images: as they stand, else without folder, image extension and leading
 * zeros, where that leaves one image. Private to app/. */
struct matcher;
int matcher_new(struct matcher **out, const struct store_images *images, struct err *e);
void matcher_free(struct matcher *m);
enum match { MATCH_NONE, MATCH_EXACT, MATCH_FOLDED };
int matcher_find(struct matcher *m, const char *key, size_t *image, enum match *how, struct err *e);
/* Makes a key known that matched nothing. */
int matcher_add(struct matcher *m, const char *key, size_t image, struct err *e);

/* ---- agree ---- */

struct agree_options {
    const char *const *names; /* two or more annotators; NULL: the default pair */
    size_t n_names;
    const char *by;    /* a metadata column; NULL: none */
    const char *group; /* only this group's questions; NULL: all */
    size_t resamples;  /* of the bootstrap; 0: none */
    uint64_t seed;
};

enum { AGREE_RESAMPLES = 2000 };

struct agree_part { /* the images with one value of the metadata column */
    const char *value;
    size_t n_images;
    struct stats_agreement *agreement;
};

struct agree_result {
    const char **names; /* of the annotators */
    enum annotator_kind *kinds;
    size_t n_names;
    const char *
        selective; /* an annotator who only labelled cells on which the others differ; NULL: none */
    const size_t *columns; /* the task's, in the order of the rows */
    const char **groups;
    struct stats_agreement *all;
    const char *by;
    struct agree_part *parts;
    size_t n_parts;
    size_t n_images, resamples;
    uint64_t seed;
    struct arena arena; /* private */
};

int agree(const struct project *p, const struct agree_options *o, struct agree_result *out,
          struct err *e);
void agree_result_release(struct agree_result *r);
struct json_t *agree_json(const struct project *p, const struct agree_result *r);
/* One agreement's rows, for agree and report alike; columns NULL: all of the task's. Private to
 * app/. */
struct json_t *agreement_json(const struct project *p, const struct stats_agreement *a,
                              const size_t *columns, const char *const *groups,
                              size_t n_annotators);

/* ---- consensus ---- */

struct consensus_options {
    const char *const *names; /* whose labels; NULL: everybody's */
    size_t n_names;
    const char *tie_first; /* the annotator whose value wins a tie; NULL: ties stay open */
    const char *const *
        extra; /* whose votes came after a dispute; NULL: those whose votes were given one by one */
    size_t n_extra;
};

struct consensus_annotator {
    const char *name;
    enum annotator_kind kind;
    bool extra;
    uint64_t n, agreeing; /* cells that it labelled and that have a consensus; of these, those that
                             equal it */
    double agreement;
    double coin_flip; /* expected with fair draws for the extra votes; NaN: none, or its own votes
                         are */
    uint64_t disputes_won;                /* disputed cells whose consensus is its label */
    uint64_t sided;                       /* extra votes on disputed cells that equal its label */
    struct stats_interval sided_interval; /* Wilson's, of their share */
};

struct consensus_question {
    uint64_t disputed, ties;
    const char *winner; /* an annotator, or "tie", or NULL: nothing disputed */
    uint64_t *won;      /* [n_annotators] by extra votes, or where there are none by consensus */
};

struct consensus_result {
    const char *tie_first;
    uint64_t cells, disputed, ties, open_ties;
    uint64_t changed; /* against the last stored consensus */
    bool had_one;
    uint64_t extra_votes, extra_on_disputed;
    struct consensus_annotator *annotators;
    size_t n_annotators;
    struct consensus_question *questions; /* [n_columns] */
    struct consensus_question *groups;
    const char **group_names;
    size_t n_groups;
    int16_t *values;    /* [n_columns][n_images] */
    struct arena arena; /* private */
};

/* Computes; store_consensus keeps it as the latest answers of "consensus". */
int consensus_compute(const struct project *p, const struct dataset *d,
                      const struct consensus_options *o, struct consensus_result *out,
                      struct err *e);
/* Loads, computes and stores, in one transaction. */
int consensus(struct project *p, const struct consensus_options *o, struct consensus_result *out,
              struct err *e);
void consensus_result_release(struct consensus_result *r);
struct json_t *consensus_json(const struct project *p, const struct consensus_result *r);

/* ---- report ---- */

struct report_options {
    const char *between[2]; /* NULL: the default pair */
    const char *by;
    size_t resamples;
    uint64_t seed;
};

struct report_result {
    struct report report; /* what report/ prints */
    struct consensus_result consensus;
    struct review_figures review;        /* items 0: nothing was queued */
    struct stats_agreement **agreements; /* those that the report shows; private */
    size_t n_agreements;
    struct arena arena; /* private */
};

int make_report(const struct project *p, const struct report_options *o, struct report_result *out,
                struct err *e);
void report_result_release(struct report_result *r);
struct json_t *report_json(const struct project *p, const struct report_result *r);

/* ---- export ---- */

struct export_options {
    const char *path, *format;
    const char *const
        *annotators; /* or "consensus"; NULL: all, for the formats that take several */
    size_t n_annotators;
};

struct export_result {
    uint64_t images, cells;
    bool stale; /* the consensus is older than the newest answers */
};

int export_labels(const struct project *p, const struct export_options *o,
                  struct export_result *out, struct err *e);

/* ---- status ---- */

struct status_annotator {
    const char *name;
    enum annotator_kind kind;
    uint64_t labels, abstentions, votes;
    uint64_t other_words; /* a model's answers to another wording than assent.yaml has now */
};

struct status_run { /* provenance: texts are "-" where there is nothing to say */
    int64_t id;
    const char *annotator, *source, *source_sha256, *by_whom, *started, *ended;
};

enum { STATUS_RUNS = 20 };

struct status_result {
    struct store_images images;
    struct store_annotators known;
    struct status_annotator *annotators; /* [known.n] */
    const char *pair[2];                 /* the default pair; NULL: none */
    uint64_t compared, disputed, disputed_with_vote;
    bool stale_consensus;
    struct review_figures review;        /* items 0: nothing is queued */
    struct status_run runs[STATUS_RUNS]; /* the newest, newest first */
    size_t n_runs;
    struct arena arena; /* private */
};

int status(const struct project *p, struct status_result *out, struct err *e);
void status_result_release(struct status_result *r);
struct json_t *status_json(const struct project *p, const struct status_result *r);

/* ---- import --images ---- */

struct images_result {
    size_t n_images, n_matched, n_folded, n_new;
    const char *equal[2 * IMPORT_NAMED]; /* pairs with the same bytes */
    size_t n_equal;
    const char *broken[IMPORT_NAMED]; /* not a picture, or not readable */
    size_t n_broken;
    const char *changed[IMPORT_NAMED]; /* known before with other bytes */
    size_t n_changed;
    bool annotate_finds_them; /* assent.yaml says where images are */
    struct arena arena;       /* private */
};

/* Makes the pictures of a folder or archive the project's images, known by key and SHA-256. */
int import_images(struct project *p, const char *path, struct images_result *out, struct err *e);
void images_result_release(struct images_result *r);
struct json_t *images_json(const struct images_result *r);

/* ---- annotate ---- */

struct annotate_options {
    const char *annotator; /* NULL: the only model of assent.yaml */
    const char *keys;      /* a file of keys, one a line: only these; NULL: all */
    uint64_t limit;        /* at most so many images, now; 0: no limit */
    uint64_t sample, seed; /* of the chosen ones so many at random; 0: all. A seed's sample does
                              not depend on what was answered before */
    bool retry_errors;     /* images that could not be read, once more */
    bool reference;        /* plain C arithmetic */
};

struct annotate_result {
    const char *annotator;
    size_t n_columns, chosen;
    size_t unreadable; /* chosen ones that could not be read before, and were not tried */
    size_t absent;     /* images of the project that are not there */
    uint64_t images, errors, labels, abstentions;
    uint64_t elsewhere; /* images that another process is answering */
    bool interrupted;
    double seconds;
};

/* Every image's answers are on the disk when they are counted; an error or an interruption leaves
 * those that were. Texts are the task's. */
int annotate(struct project *p, const struct annotate_options *o, struct annotate_result *out,
             struct err *e);
struct json_t *annotate_json(const struct annotate_result *r);

/* ---- plan ---- */

enum { PLAN_MEASURED = 3 };

struct plan_options {
    struct annotate_options annotate;
    size_t measured; /* images that are answered to measure, and forgotten */
};

struct plan_result {
    const char *annotator, *model, *family, *dtype;
    uint64_t parameters, images, questions;
    size_t chosen, measured, weight_bytes, activation_bytes;
    double flop, seconds; /* an image */
    double total_seconds;
    const char *currency;
    double cost;        /* NaN: no machine_hour in assent.yaml */
    struct arena arena; /* private */
};

int plan(struct project *p, const struct plan_options *o, struct plan_result *out, struct err *e);
void plan_result_release(struct plan_result *r);
struct json_t *plan_json(const struct plan_result *r);

/* ---- ask ---- */

enum { ASK_TOP = 5 };

struct ask_options {
    const char *model; /* a folder */
    const char *const *images, *const *questions;
    size_t n_images, n_questions;
    const char *const *options; /* of every question; n_options 0: yes or no */
    size_t n_options;
    bool letters; /* list the options as A., B., .. and score the letters */
    const char *prompt, *dtype;
    bool one_by_one, reference;
    const char *logits; /* a .npy file to write; NULL: none */
    const char *trace;  /* a folder for the stages; NULL: none */
};

struct ask_answer {
    const char *question, *kind, *answer; /* answer: an option or "unparseable" */
    double score;                         /* of yes, or of the likeliest option */
    double mass;
    const char *const *options; /* the caller's, or no and yes */
    double *logprob;
    size_t n_options;
    struct {
        const char *text;
        double probability;
    } top[ASK_TOP]; /* the likeliest first tokens */
};

struct ask_image {
    const char *path;
    const char *error;          /* why there are no answers; NULL: there are */
    struct ask_answer *answers; /* [n_questions] */
};

struct ask_result {
    const char *model, *dtype;
    struct ask_image *images;
    size_t n_images, n_questions;
    size_t n_failed;    /* images that could not be read; not all */
    struct arena arena; /* private */
};

/* The result borrows the options' texts. */
int ask(const struct ask_options *o, struct ask_result *out, struct err *e);
void ask_result_release(struct ask_result *r);
struct json_t *ask_json(const struct ask_result *r);

/* ---- model ---- */

struct model_info_options {
    const char *dir, *prompt;
    uint32_t width, height; /* of the image that the cost is stated for */
    size_t questions;       /* and so many questions about it */
};

struct model_tensor {
    const char *name, *dtype, *file;
    uint32_t rank;
    uint64_t *shape;
};

struct model_info_result {
    const char *model, *family, *dtype, *stored;
    uint32_t text_layers, text_hidden, text_heads, text_kv_heads, vocabulary, max_tokens;
    uint32_t sliding_window, vision_layers, vision_hidden, vision_heads, tile, patch;
    uint64_t parameters;
    size_t weight_bytes, activation_bytes, files;
    uint32_t width, height;
    size_t questions, tiles, image_tokens, tokens;
    double flop, flop_one_by_one;
    struct model_tensor *tensors;
    size_t n_tensors;
    struct arena arena; /* private */
};

/* Opens the folder, checks every tensor and every weight. */
int model_info(const struct model_info_options *o, struct model_info_result *out, struct err *e);
void model_info_release(struct model_info_result *r);
struct json_t *model_info_json(const struct model_info_result *r);

/* Texts as JSON, one a line of the file, to arrays of ids. */
int model_tokenize(const char *dir, const char *path, FILE *out, struct err *e);

/* ---- review ---- */

struct review_options {
    const char *between[2];       /* who differ; NULL: the first model, the first of the people */
    const char *const *questions; /* n 0: all */
    size_t n_questions;
    bool no_disputes, abstained, rule_breaking;
    uint64_t sample;     /* cells; 0: none */
    double sample_share; /* or so many of all; 0: as `sample` says */
    uint64_t repeat;
    const char *gold; /* a label file; NULL: none */
    uint32_t votes;
    uint64_t limit;
    enum review_order order;
    uint64_t seed;
    const char *seed_text; /* the seed as it was written: JSON has no 64-bit numbers */
    unsigned lease_minutes;
    const char *host, *name, *cert, *key; /* as net.h has them */
    uint16_t port;
    const char *reviewer; /* NULL: nobody */
    bool only_plan;       /* the queue is counted and not kept */
};

struct review_job;

/* Builds the queue. The options must live as long as the job; one job a project at a time. */
int review_job_open(struct review_job **out, struct project *p, const struct review_options *o,
                    struct err *e);
void review_job_close(struct review_job *j); /* NULL is fine */
const struct review_queued *review_job_queued(const struct review_job *j);
bool review_job_has_pictures(const struct review_job *j);

struct review_links {
    char *reviewer, *owner; /* reviewer: NULL where none was named */
};

struct review_forecast {
    uint64_t items, votes; /* on the queue, open ones: an item may want several votes */
    double seconds;        /* an answer; NaN: not known */
    bool measured;         /* of this project's answers, else what assent.yaml says */
    double hours, cost;    /* NaN: not known */
    const char *currency;
};

/* What answering all of the queue would take people. */
int review_job_forecast(const struct review_job *j, struct review_forecast *out, struct err *e);
struct json_t *review_forecast_json(const struct review_job *j, const struct review_forecast *f);

/* Listens, and makes the links. */
int review_job_start(struct review_job *j, struct review_links *links, struct err *e);
void review_links_release(struct review_links *l);
const char *review_job_address(const struct review_job *j);
/* Until SIGINT or SIGTERM. */
int review_job_serve(struct review_job *j, struct err *e);

/* A zip for the options' reviewer, in place of serving. *n: how many items it has. */
int review_job_packet(struct review_job *j, const char *path, size_t *n, struct err *e);
/* Takes back what came of one. */
int import_answers(struct project *p, const char *path, struct review_answers *out, struct err *e);

/* A new token for a reviewer or owner, who is made where there is none. */
int reviewer_add(struct project *p, const char *name, bool owner, char token[SECRET_TEXT],
                 struct err *e);
int reviewer_revoke(struct project *p, const char *name, struct err *e);
/* Everybody who was ever added; texts are valid during the callback. */
int reviewers_each(const struct project *p, int (*each)(void *data, const struct store_reviewer *r),
                   void *data, struct err *e);

/* The names of the task's groups, in order of appearance, and each column's (n_groups: none).
 * Private to app/. */
int task_groups(const struct task *t, struct arena *a, const char ***names, size_t *n,
                size_t **of_column, struct err *e);

#endif
