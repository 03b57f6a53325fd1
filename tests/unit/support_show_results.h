/* SPDX-License-Identifier: MIT */
/*
 * support_show_results.h - the results of one project as its jobs would give them, and the pages
 * that are made of them.
 */
#ifndef TESTS_UNIT_SUPPORT_SHOW_RESULTS_H
#define TESTS_UNIT_SUPPORT_SHOW_RESULTS_H

#include "support_show.h"
#include "support_show_alt_test.h"
#include "support_show_calibration.h"
#include "support_show_cost.h"
#include "support_show_estimates.h"
#include "support_show_plans.h"
#include "support_show_verdicts.h"

#include "show/show.h"

/* ---- the results of one project, as its jobs would give them ---- */

static const char show_task[] =
    "name: faces\n"
    "questions:\n"
    "  - {name: Bald, text: Bald?, group: objective}\n"
    "  - {name: \xe7\x9c\xbc\xe9\x8f\xa1\xe3\x82\x92\xe3\x81\x8b\xe3\x81\x91\xe3\x81\xa6, text: "
    "Glasses?}\n"
    "  - {name: \"Cafe\xcc\x81 owner, or works in one\", text: Owner?}\n"
    "rules:\n"
    "  - {at_most_one: [Bald, \"Cafe\xcc\x81 owner, or works in one\"]}\n"
    "prices:\n"
    "  currency: EUR\n"
    "  machine_hour: {value: 2, date: 2026-01-15, source: a price list}\n"
    "  images_per_second: {value: 0.5, date: 2026-01-15, source: measured}\n"
    "  wage_hour: {value: 15, date: 2026-01-15, source: assumed}\n"
    "  seconds_per_answer: {value: 3, date: 2026-01-15, source: assumed}\n";

enum { SHOW_COLUMNS = 3, SHOW_PEOPLE = 3, SHOW_ALARMS = 7 };

struct comparison_of {
    struct stats_figures columns[SHOW_COLUMNS], groups[1];
    struct stats_agreement all;
};

struct results {
    struct task *task;
    const char *names[SHOW_PEOPLE]; /* a model, people whose labels came in bulk, a reviewer */
    uint64_t counts[4], won[SHOW_PEOPLE];
    struct comparison_of before, after; /* people settled disputes */
    size_t order[SHOW_COLUMNS];
    enum annotator_kind kinds[SHOW_PEOPLE];
    struct agree_part agree_parts[2];
    struct agree_result agree;
    struct consensus_annotator voters[SHOW_PEOPLE];
    struct consensus_question questions[SHOW_COLUMNS], question_groups[1];
    struct consensus_result consensus;
    struct review_person people[1];
    struct review_question reviewed[SHOW_COLUMNS];
    struct review_alarm careless[1];
    struct review_figures review;
    struct estimates_results estimates;
    struct report_broken broken[1];
    struct report_rules rules[SHOW_PEOPLE];
    struct report_winners winners[2];
    struct report_missed missed[1];
    struct report_alarm alarms[SHOW_ALARMS];
    struct verdict verdicts[SHOW_VERDICTS];
    struct methods_annotator labelled[2];
    struct worst_cell worst[1];
    struct report_part parts[1];
    struct report_result report;
    struct status_annotator annotators[SHOW_PEOPLE];
    struct status_result status;
    struct unused_name unused[1];
    struct unanswered_question unanswered[1];
};

static inline struct stats_figures some_figures(struct results *r, double agreement)
{
    struct stats_figures f = { .n = 31807,
                               .asked = 32000,
                               .missing = 12,
                               .wilson = { agreement - 0.01, agreement + 0.01 },
                               .bootstrap = { agreement - 0.02, agreement + 0.02 },
                               .kappa_bootstrap = { 0.25, 0.5 },
                               .table = { .k = 2, .counts = r->counts, .n = 31807 },
                               .table_columns = SHOW_COLUMNS };

    for (size_t i = 0; i < STATS_FIGURES; i++)
        f.value[i] = agreement - (double)i / 64;
    f.value[STATS_AGREEMENT] = agreement;
    f.value[STATS_QUADRATIC_KAPPA] = f.value[STATS_FLEISS_KAPPA] = NAN; /* as for yes and no */
    return f;
}

/* A row for each question from `first` up, one for the group, and those of all. */
static inline void make_comparison(struct results *r, struct comparison_of *c, double first)
{
    for (size_t i = 0; i < SHOW_COLUMNS; i++)
        c->columns[i] = some_figures(r, first + (double)i / 32);
    c->columns[2].value[STATS_KAPPA] = NAN; /* where nothing varies */
    c->groups[0] = some_figures(r, first);
    c->all = (struct stats_agreement){ .pooled = some_figures(r, first + 0.0625),
                                       .macro = some_figures(r, first + 0.046875),
                                       .macro_kappa_columns = 2,
                                       .columns = c->columns,
                                       .groups = c->groups,
                                       .n_columns = SHOW_COLUMNS,
                                       .n_groups = 1 };
    c->all.macro.table = (struct stats_table){ 0 };
}

static inline void make_agreement(struct results *r)
{
    make_comparison(r, &r->before, 0.75);
    make_comparison(r, &r->after, 0.875);
    for (size_t c = 0; c < SHOW_COLUMNS; c++)
        r->order[c] = c;
    r->agree_parts[0] = (struct agree_part){ "old", 400, &r->before.all };
    r->agree_parts[1] = (struct agree_part){ "young", 600, &r->before.all };
    r->agree = (struct agree_result){ .task = r->task,
                                      .names = r->names,
                                      .kinds = r->kinds,
                                      .n_names = 2,
                                      .why = "the first two",
                                      .selective = r->names[2],
                                      .columns = r->order,
                                      .groups = r->task->groups,
                                      .all = &r->before.all,
                                      .by = "age",
                                      .parts = r->agree_parts,
                                      .n_parts = 2,
                                      .n_images = 1000,
                                      .resamples = 2000,
                                      .seed = 1 };
}

static inline void make_consensus(struct results *r)
{
    for (size_t a = 0; a < SHOW_PEOPLE; a++)
        r->voters[a] = (struct consensus_annotator){ .name = r->names[a],
                                                     .kind = r->kinds[a],
                                                     .extra = a == 2,
                                                     .n = 31807,
                                                     .agreement = 0.890625,
                                                     .coin_flip = a == 2 ? NAN : 0.8975875,
                                                     .disputes_won = 40,
                                                     .sided = 3840,
                                                     .sided_interval = { 0.45, 0.48 } };
    for (size_t c = 0; c < SHOW_COLUMNS; c++)
        r->questions[c] = (struct consensus_question){ 5, 1, c == 2 ? NULL : r->names[0], r->won };
    r->question_groups[0] = (struct consensus_question){ 5, 1, "tie", r->won };
    r->consensus = (struct consensus_result){ .task = r->task,
                                              .cells = 40000,
                                              .disputed = 8193,
                                              .ties = 3,
                                              .open_ties = 3,
                                              .changed = 17,
                                              .had_one = true,
                                              .extra_votes = 8200,
                                              .extra_on_disputed = 8193,
                                              .annotators = r->voters,
                                              .n_annotators = SHOW_PEOPLE,
                                              .questions = r->questions,
                                              .groups = r->question_groups };
}

static inline void make_review(struct results *r)
{
    r->people[0] = (struct review_person){ .name = r->names[2],
                                           .annotator = 3,
                                           .done = 80,
                                           .undone = 2,
                                           .unsure = 3,
                                           .skipped = 1,
                                           .flagged = 4,
                                           .seconds = 2.5,
                                           .hours = 0.125,
                                           .votes_per_hour = 640,
                                           .gold = 5,
                                           .repeats = 6,
                                           .gold_accuracy = 0.75,
                                           .repeat_consistency = 0.5,
                                           .last = "2026-11-22T10:00:00Z",
                                           .alarms = 1,
                                           .without = { 0.75, 0.1, { 0.5, 0.9 }, 1, 12 },
                                           .leased = 7 };
    r->careless[0] = (struct review_alarm){ .sign = SIGN_ONE_KEY,
                                            .name = "one key",
                                            .value = 1e-9,
                                            .threshold = 0.001,
                                            .n = 64,
                                            .said = "yes" };
    for (size_t c = 0; c < SHOW_COLUMNS; c++)
        r->reviewed[c] = (struct review_question){ 40, 12, 12, 2.25 };
    r->review = (struct review_figures){ .task = r->task,
                                         .people = r->people,
                                         .n_people = 1,
                                         .questions = r->reviewed,
                                         .alarms = r->careless,
                                         .n_alarms = 1,
                                         .items = 120,
                                         .done = 36,
                                         .set_aside = 2,
                                         .flagged = 4,
                                         .votes_open = 84,
                                         .seconds = 2.5,
                                         .hours = 0.125,
                                         .design = 1,
                                         .drawn = 60,
                                         .cells = 3000,
                                         .frame = 2900,
                                         .sample = { 0.855, 0.0503, { 0.731, 0.928 }, 0.9, 50 } };
}

static const struct moved moved_answers = { "model", MOVED_ALONE, "2026-01-31T12:00:00Z",
                                            5,       30,          3,
                                            0.1,     0.02,        0.4 };

static inline void make_report(struct results *r)
{
    r->broken[0] = (struct report_broken){ 523, 1000, 0.523 };
    for (size_t a = 0; a < SHOW_PEOPLE; a++)
        r->rules[a] = (struct report_rules){ r->names[a], 0.25, 31807, 12, r->broken, 523, 1000 };
    r->winners[0] = (struct report_winners){ NULL, 1, 1, 0, 1 };
    r->winners[1] = (struct report_winners){ "objective", 1, 0, 0, 0 };
    r->missed[0] = (struct report_missed){ 0, 0.06, 0.53, 0.9, 0.97, 60, 32 };
    for (size_t i = 0; i < SHOW_ALARMS; i++)
        r->alarms[i] = (struct report_alarm){ "low agreement", r->task->columns[i % 3].name,
                                              0.5 + (double)i / 100, 0.7 };
    r->parts[0] = (struct report_part){ "old", 400, &r->before.all };
    r->report = (struct report_result){ .task = r->task,
                                        .moved = { (struct moved *)&moved_answers, 1 },
                                        .alt_test = { r->task, 2, 7, &alt_model, 1 },
                                        .n_images = 1000,
                                        .annotators = r->rules,
                                        .n_annotators = SHOW_PEOPLE,
                                        .first = r->names[0],
                                        .second = r->names[1],
                                        .why = "the first two",
                                        .before = &r->before.all,
                                        .judged = true,
                                        .first_after = &r->after.all,
                                        .second_after = &r->after.all,
                                        .coin_flip = { 0.8975875, 0.875 },
                                        .cells = 40000,
                                        .disputed = 8193,
                                        .extra = r->names[2],
                                        .extra_votes = 8200,
                                        .extra_on_disputed = 8193,
                                        .sided = { 3840, 4353 },
                                        .sided_interval = { 0.45, 0.48 },
                                        .winners = r->winners,
                                        .n_winners = 2,
                                        .missed = r->missed,
                                        .n_missed = 1,
                                        .by = "age",
                                        .parts = r->parts,
                                        .n_parts = 1,
                                        .alarms = r->alarms,
                                        .n_alarms = SHOW_ALARMS,
                                        .consensus = r->consensus,
                                        .review = r->review,
                                        .estimates = r->estimates.all };
    r->report.acceptance = show_acceptance(r->task, r->names[0], r->verdicts);
    r->report.methods = show_methods(r->names, r->labelled);
    r->report.pictures = true;
    r->report.worst = show_worst(r->worst);
    r->report.cost = shown_cost(r->task, r->names[0]);
    r->report.ledger = shown_ledger(r->names[0], r->names[2]);
    r->report.frontier = shown_frontier(r->names[0], r->names[1]);
}

static inline void make_unused(struct results *r)
{
    const struct unused unused = { .items = r->unused, .n = 1 };

    r->unused[0] = (struct unused_name){ "question", "Bold", "Bald", 1000 };
    r->status.unused = r->report.unused = unused;
}

static inline void make_unanswered(struct results *r)
{
    const struct unanswered unanswered = { .items = r->unanswered, .n = 1 };

    r->unanswered[0] = (struct unanswered_question){ .annotator = r->names[0],
                                                     .name = "Hair",
                                                     .asked = 1000,
                                                     .mass = 0.02,
                                                     .min_mass = 0.2,
                                                     .top = { { "The", 0.5 }, { "I", 0.25 } } };
    r->agree.unanswered = r->report.unanswered = unanswered;
}

static inline void make_status(struct results *r)
{
    for (size_t a = 0; a < SHOW_PEOPLE; a++)
        r->annotators[a] = (struct status_annotator){
            .name = r->names[a], .kind = r->kinds[a], .labels = 3000, .share = 1
        };
    r->annotators[0].answered_to_other_wording = 40;
    r->status = (struct status_result){ .task = r->task,
                                        .images = { .n = 1000 },
                                        .known = { .n = SHOW_PEOPLE },
                                        .annotators = r->annotators,
                                        .pair = { r->names[0], r->names[1] },
                                        .why = "the first two",
                                        .compared = 31807,
                                        .disputed = 8193,
                                        .disputed_with_vote = 8100,
                                        .stale_consensus = true,
                                        .review = r->review,
                                        .n_runs = 1 };
    r->status.runs[0] = (struct status_run){ 1,
                                             r->names[0],
                                             "labels.csv",
                                             "0123456789abcdef0123456789abcdef",
                                             "anna",
                                             "2026-11-22T10:00:00Z",
                                             "-",
                                             "-",
                                             { true, 4000, true, 2000000, 1500000, 4000 },
                                             1.1 };
}

static inline void results_make(struct results *r, const char *model, const char *people,
                                const char *reviewer)
{
    struct err e;

    *r = (struct results){ .names = { model, people, reviewer },
                           .kinds = { ANNOTATOR_MODEL, ANNOTATOR_HUMAN, ANNOTATOR_HUMAN },
                           .counts = { 20000, 4000, 4193, 3614 },
                           .won = { 3, 2, 0 } };
    assert_ok(task_parse(&r->task, "assent.yaml", show_task, strlen(show_task), &e), &e);
    make_agreement(r);
    make_consensus(r);
    make_review(r);
    make_estimates(&r->estimates, r->task, r->names[0]);
    make_report(r);
    make_status(r);
    make_unused(r);
    make_unanswered(r);
}

static inline void results_release(struct results *r)
{
    task_free(r->task);
}

/* ---- the pages of the jobs ---- */

static inline struct page *agree_page(const struct results *r)
{
    return show_agree(&r->agree);
}

static inline struct page *agree_many_page(const struct results *r)
{
    static struct agree_pair pairs[] = { { 0, 1, 190, .875, .75 }, { 0, 2, 12, .5, NAN } };
    static struct sure_question sure[] = { { "Hat", 0, 40, 10, 4, .25 },
                                           { "Beard", 1, 40, 0, 0, 0 } };
    struct agree_result many = r->agree;

    many.n_names = SHOW_PEOPLE;
    many.pairs = pairs;
    many.n_pairs = 2;
    many.sure = (struct sure){ .items = sure, .n = 2, .all = { "all", 0, 80, 10, 4, .125 } };
    return show_agree(&many);
}

static inline struct page *consensus_page(const struct results *r)
{
    return show_consensus(&r->consensus);
}

static inline struct page *report_page(const struct results *r)
{
    return show_report(&r->report);
}

static inline struct page *status_page(const struct results *r)
{
    return show_status(&r->status, true);
}

static inline struct page *plan_page(const struct results *r)
{
    struct plan_probe probes[] = { { .moved = moved_answers, .usage = { .requests = 30 } },
                                   { .moved = { .what = "protocol chat" }, .why = "404" } };
    const struct plan_result plan = { .annotator = r->names[0],
                                      .model = "models/llava",
                                      .family = "mistral",
                                      .dtype = "bf16",
                                      .parameters = 7566747648,
                                      .images = 1000,
                                      .questions = 3000,
                                      .chosen = 1000,
                                      .measured = 4,
                                      .weight_bytes = 15133495296,
                                      .activation_bytes = 2 << 20,
                                      .flop = 3e13,
                                      .seconds = 2.5,
                                      .total_seconds = 2500,
                                      .currency = "EUR",
                                      .cost = 1.1,
                                      .server = "http://127.0.0.1:8000/v1",
                                      .probes = probes,
                                      .n_probes = 2,
                                      .spent = NAN };

    return show_plan(&plan);
}

static inline struct page *forecast_page(const struct results *r)
{
    const struct review_forecast f = { .queued = { .added = { 10, 20, 3, 4 } },
                                       .items = 37,
                                       .votes = 74,
                                       .seconds = 2.5,
                                       .measured = true,
                                       .hours = 0.05,
                                       .cost = 0.77,
                                       .currency = "EUR" };

    (void)r;
    return show_plan_review(&f);
}

static inline struct page *annotate_page(const struct results *r)
{
    static char worker[] = "other, process 7";
    struct annotate_claimant claimant = { worker, 80, 42 };
    const struct annotate_result a = { .annotator = r->names[0],
                                       .n_columns = 3,
                                       .chosen = 1000,
                                       .unreadable = 5,
                                       .absent = 7,
                                       .images = 900,
                                       .errors = 4,
                                       .labels = 2690,
                                       .abstentions = 10,
                                       .claimed_by_others = 80,
                                       .claimants = &claimant,
                                       .n_claimants = 1,
                                       .interrupted = true,
                                       .seconds = 2500 };

    return show_annotate(&a);
}

static inline struct page *ask_page(const struct results *r)
{
    static const char *const options[] = { "no", "yes" };
    static double logprob[] = { -1.25, -0.5 };
    struct ask_answer answer = { "Is she bald?", "yesno", "unparseable",
                                 0.625,          0.25,    options,
                                 logprob,        2,       { { "The", 0.5 }, { "It", 0.25 } } };
    struct ask_image images[] = { { "faces/1.jpg", NULL, &answer },
                                  { "faces/2.jpg", "not a picture", NULL } };
    const struct ask_result a = { .model = "llava",
                                  .dtype = "bf16",
                                  .images = images,
                                  .n_images = 2,
                                  .n_questions = 1,
                                  .n_failed = 1 };

    (void)r;
    return show_ask(&a);
}

static inline struct page *model_page(const struct results *r)
{
    uint64_t shape[] = { 4096, 1024 };
    struct model_tensor tensor = { "multi_modal_projector.linear_1.weight", "bf16",
                                   "model-00001-of-00004.safetensors", 2, shape };
    const struct vlm_cost cost = { 672,   336,  3,    1080, 1900, 1100,
                                   43000, 3e13, 6e14, 1e12, 1,    250000000 };
    struct model_view views[] = { { .size = { 178, 218 }, .cost = cost, .seconds = 187.5 },
                                  { .size = { 9000, 10 }, .why = "too narrow" } };
    struct model_left left = { "consolidated.safetensors", "other weights are read" };
    const struct model_info_result m = { .model = "llava",
                                         .weights_file = "model.safetensors.index.json",
                                         .prep_file = "processor_config.json",
                                         .template_file = "chat_template.jinja",
                                         .left = &left,
                                         .n_left = 1,
                                         .family = "mistral",
                                         .dtype = "bf16",
                                         .stored = "bf16",
                                         .text_layers = 32,
                                         .sliding_window = 4096,
                                         .parameters = 7566747648,
                                         .files = 4,
                                         .architecture = "LlavaNextForConditionalGeneration",
                                         .pictures = { .tiles = 5 },
                                         .speed = 1.6e11,
                                         .views = views,
                                         .n_views = 2,
                                         .questions = 40,
                                         .tensors = &tensor,
                                         .n_tensors = 1 };

    (void)r;
    return show_model(&m, true);
}

static inline struct page *import_page(const struct results *r)
{
    static const char *const folded[] = { "bald", "Bald" }, *const unmatched[] = { "Young" };
    struct import_annotator who = { r->names[1], ANNOTATOR_HUMAN, { 1000, 2990, 10, 0 } };
    const struct import_result i = { .path = "labels.csv",
                                     .format = "csv",
                                     .rows = 1000,
                                     .repeated = 2,
                                     .n_names = 4,
                                     .n_names_matched = 3,
                                     .names_folded = folded,
                                     .n_names_folded = 1,
                                     .names_unmatched = unmatched,
                                     .n_names_unmatched = 1,
                                     .images_before = 900,
                                     .n_images = 1000,
                                     .n_images_matched = 998,
                                     .n_images_folded = 1,
                                     .n_images_new = 2,
                                     .images_folded = { "1", "000001.jpg" },
                                     .images_new = { "x.jpg", "y.jpg" },
                                     .n_images_skipped = 1,
                                     .images_skipped = { "z.jpg" },
                                     .values = "0/1",
                                     .cancelled = 3,
                                     .annotators = &who,
                                     .n_annotators = 1 };

    return show_import(&i);
}

static inline struct page *images_page(const struct results *r)
{
    const struct images_result i = { .path = "pictures",
                                     .n_images = 1000,
                                     .n_matched = 990,
                                     .n_folded = 3,
                                     .n_new = 10,
                                     .equal = { "1.jpg", "2.jpg" },
                                     .n_equal = 1,
                                     .broken = { "3.jpg" },
                                     .n_broken = 1,
                                     .changed = { "4.jpg" },
                                     .n_changed = 1 };

    (void)r;
    return show_import_images(&i);
}

static inline struct page *metadata_page(const struct results *r)
{
    static const char *names[] = { "age", "city" };
    const struct metadata_result m = { .path = "who.csv",
                                       .rows = 1000,
                                       .n_names = 2,
                                       .names = names,
                                       .n_matched = 999,
                                       .n_unmatched = 1,
                                       .unmatched = { "x.jpg" } };

    (void)r;
    return show_import_metadata(&m);
}

static inline struct page *answers_page(const struct results *r)
{
    const struct review_answers a = { 120, 100, 15, 2, 5 };

    (void)r;
    return show_import_answers("answers.json", &a);
}

static inline struct page *export_page(const struct results *r)
{
    const struct export_result e = { "out.csv", "csv", 1000, 3000, true };

    (void)r;
    return show_export(&e);
}

static inline struct page *check_page(const struct results *r)
{
    struct store_fault faults[] = { { "answers", "run 3, image a.jpg: no answer", true },
                                    { "image", "an id out of range", false } };
    const struct check_result c = { .of = { .faults = 2, .answers = 1000, .votes = 4 },
                                    .faults = faults,
                                    .n = 2 };

    (void)r;
    return show_check(&c);
}

static inline struct page *server_check_page(const struct results *r)
{
    static const char *const models[] = { "Qwen3-VL", "Other-7B" };
    struct look_server servers[2] = {
        { .url = "http://127.0.0.1:8000/v1",
          .kind = "vLLM",
          .version = "0.33.0",
          .calls_itself = "uvicorn",
          .cached_by = "--enable-prompt-tokens-details",
          .reached = true,
          .lists = true,
          .models = models,
          .n_models = 2,
          .has_model = true,
          .protocols = { { "systemone",
                           "images",
                           LOOK_ANSWERS,
                           NULL,
                           { 0.9, 0.2 },
                           { 1, 0 },
                           0.97 },
                         { "decisions", NULL, LOOK_NONE, "404: Not Found", { NAN, NAN } },
                         { "chat",
                           NULL,
                           LOOK_ANSWERS,
                           NULL,
                           { 0.75, 0.125 },
                           { 1, 0 },
                           0.95,
                           .seconds = 0.5 } },
          .chat = { .top = 5, .grid = 0.01, .usage = true },
          .asked_own = true,
          .own_seconds = 0.25 },
        { .url = "http://127.0.0.1:8001/v1",
          .protocols = { { "systemone" }, { "decisions" }, { "chat" } },
          .own_seconds = NAN,
          .problem = "http://127.0.0.1:8001/v1/models: cannot connect to the server: Connection "
                     "refused",
          .hint = "is it running, and is this its port?" },
    };
    const struct server_check_result c = { .annotator = r->names[0],
                                           .model = "Qwen3-VL",
                                           .protocol = "chat",
                                           .picture = "a.jpg",
                                           .look = { servers, 2 },
                                           .n_good = 1,
                                           .line = "qwen: {protocol: systemone}" };

    servers[0].ours = &servers[0].protocols[LOOK_CHAT];
    servers[0].best = &servers[0].protocols[LOOK_SYSTEMONE];
    return show_server_check(&c);
}

static inline struct page *reviewers_page(const struct results *r)
{
    struct store_reviewer items[] = { { 1, 3, r->names[2], "2026-11-20", NULL },
                                      { 2, 0, "owner", "2026-11-19", "2026-11-22" } };
    const struct reviewers people = { .items = items, .n = 2 };

    return show_reviewers(&people);
}

static inline struct page *alt_plan_page(const struct results *r)
{
    return alt_plan_page_of(r->task, 0.2);
}

static const struct job {
    const char *name;
    struct page *(*page)(const struct results *r);
} jobs[] = {
    { "agree", agree_page },
    { "agree, three", agree_many_page },
    { "calibrate", calibrate_page },
    { "calibrate --blank", blank_page },
    { "consensus", consensus_page },
    { "report", report_page },
    { "status", status_page },
    { "plan", plan_page },
    { "plan --review", forecast_page },
    { "plan --accept", accept_plan_page },
    { "plan --alt-test", alt_plan_page },
    { "annotate", annotate_page },
    { "ask", ask_page },
    { "model info", model_page },
    { "import", import_page },
    { "import --images", images_page },
    { "import --metadata", metadata_page },
    { "import --format answers", answers_page },
    { "export", export_page },
    { "reviewers list", reviewers_page },
    { "check", check_page },
    { "server check", server_check_page },
};

#endif
