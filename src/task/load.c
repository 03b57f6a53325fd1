/* SPDX-License-Identifier: MIT
 *
 * Each mapping of the file is read by a table of its keys. Questions come first, then the columns
 * that follow from them, then the rules, which name columns, and the annotators, which name
 * machines.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "task/load.h"

/* A task and what only loading and freeing need. The task is first: task_free casts back. */
struct loaded {
    struct task task;
    struct arena arena;
};

int load_real(const struct loader *l, int node, void *into, struct err *e)
{
    const char *text = doc_text(l->doc, node);

    if (text && text_double(text, into) && *(double *)into >= 0)
        return 0;
    err_set(e, ERR_FORMAT, "this should be a number, zero or more");
    err_got(e, "%s", text ? text : doc_type_name(doc_type(l->doc, node)));
    return doc_at(l->doc, node, e);
}

int load_share(const struct loader *l, int node, void *into, struct err *e)
{
    int rc = load_real(l, node, into, e);

    if (rc == 0 && *(double *)into > 1) {
        err_set(e, ERR_FORMAT, "this should be a share, from 0 to 1");
        err_got(e, "%s", doc_text(l->doc, node));
        return doc_at(l->doc, node, e);
    }
    return rc;
}

int load_count(const struct loader *l, int node, void *into, struct err *e)
{
    const char *text = doc_text(l->doc, node);

    if (text && text_u64(text, UINT32_MAX, into))
        return 0;
    err_set(e, ERR_FORMAT, "this should be a whole number");
    err_got(e, "%s", text ? text : doc_type_name(doc_type(l->doc, node)));
    return doc_at(l->doc, node, e);
}

/* ---- annotators, alarms ---- */

struct raw_annotator {
    struct annotator a;
    const char *kind;
    struct texts was, urls;
};

static int read_urls(const struct loader *l, int node, void *into, struct err *e)
{
    return load_text_or_texts(l, node, TASK_URLS_MAX, into, e);
}

static int read_timeout(const struct loader *l, int node, void *into, struct err *e)
{
    uint64_t *n = into;
    int rc = load_count(l, node, n, e);

    if (rc == 0 && (*n == 0 || *n > TASK_TIMEOUT_MAX)) {
        err_set(e, ERR_FORMAT, "so long cannot be waited");
        rc = doc_at(l->doc, node, e);
    }
    return rc == 0 ? 0 : err_expected(e, "1 to %d, in seconds", TASK_TIMEOUT_MAX);
}

/* A number, or "auto", which is 0. */
static int read_concurrency(const struct loader *l, int node, void *into, struct err *e)
{
    uint64_t *n = into;
    int rc = text_equal(doc_text(l->doc, node), "auto") ? 0 : load_count(l, node, n, e);

    if (rc == 0 &&
        (*n > TASK_CONCURRENCY_MAX || (*n == 0 && !text_equal(doc_text(l->doc, node), "auto")))) {
        err_set(e, ERR_FORMAT, "so many requests at a time cannot be");
        doc_at(l->doc, node, e);
    } else if (rc == 0) {
        return 0;
    }
    return err_expected(e, "auto, or 1 to %d", TASK_CONCURRENCY_MAX);
}

int load_above_zero(const struct loader *l, int node, void *into, struct err *e)
{
    int rc = load_real(l, node, into, e);

    if (rc < 0 || *(double *)into > 0)
        return rc;
    err_set(e, ERR_FORMAT, "this should be above zero");
    return doc_at(l->doc, node, e);
}

static int read_limit(const struct loader *l, int node, void *into, struct err *e)
{
    uint64_t *n = into;
    int rc = load_count(l, node, n, e);

    if (rc < 0 || *n > 0)
        return rc;
    err_set(e, ERR_FORMAT, "max_pixels, min_pixels and tiles should be above zero");
    err_hint(e, "without the key pictures are as the model has them");
    return doc_at(l->doc, node, e);
}

static int read_tiles(const struct loader *l, int node, void *into, struct err *e)
{
    uint64_t *n = into;
    int rc = read_limit(l, node, n, e);

    if (rc < 0 || *n <= TASK_TILES_MAX)
        return rc;
    err_set(e, ERR_FORMAT, "no picture is cut into so many tiles");
    doc_at(l->doc, node, e);
    return err_expected(e, "1 to %d", TASK_TILES_MAX);
}

static const struct key server_price_keys[] = {
    { "input", load_above_zero, offsetof(struct server_price, input), true },
    { "cached_input", load_real, offsetof(struct server_price, cached_input), false },
    { "output", load_real, offsetof(struct server_price, output), false },
    { "date", load_text, offsetof(struct server_price, date), true },
    { "source", load_text, offsetof(struct server_price, source), true },
};

static int read_server_price(const struct loader *l, int node, void *into, struct err *e)
{
    struct server_price *price = into;

    *price = (struct server_price){ .given = true, .cached_input = NAN };
    return LOAD_MAPPING(l, node, server_price_keys, price, e);
}

static int read_examples(const struct loader *l, int node, void *into, struct err *e)
{
    uint64_t *n = into;
    int rc = load_count(l, node, n, e);

    if (rc < 0 || (*n > 0 && *n <= TASK_EXAMPLES_MAX))
        return rc;
    err_set(e, ERR_FORMAT, "so many examples cannot be");
    doc_at(l->doc, node, e);
    return err_expected(e, "1 to %d", TASK_EXAMPLES_MAX);
}

static const struct key annotator_keys[] = {
    { "kind", load_text, offsetof(struct raw_annotator, kind), true },
    { "engine", load_text, offsetof(struct raw_annotator, a.engine), false },
    { "model", load_text, offsetof(struct raw_annotator, a.model), false },
    { "url", read_urls, offsetof(struct raw_annotator, urls), false },
    { "protocol", load_text, offsetof(struct raw_annotator, a.server.protocol), false },
    { "mode", load_text, offsetof(struct raw_annotator, a.server.mode), false },
    { "probabilities", load_text, offsetof(struct raw_annotator, a.server.probabilities), false },
    { "api_key_env", load_text, offsetof(struct raw_annotator, a.server.api_key_env), false },
    { "system", load_text, offsetof(struct raw_annotator, a.server.system), false },
    { "max_pixels", read_limit, offsetof(struct raw_annotator, a.pictures.max_pixels), false },
    { "min_pixels", read_limit, offsetof(struct raw_annotator, a.pictures.min_pixels), false },
    { "tiles", read_tiles, offsetof(struct raw_annotator, a.pictures.tiles), false },
    { "max_tokens", load_count, offsetof(struct raw_annotator, a.server.max_tokens), false },
    { "concurrency", read_concurrency, offsetof(struct raw_annotator, a.server.concurrency),
      false },
    { "timeout", read_timeout, offsetof(struct raw_annotator, a.server.timeout), false },
    { "requests_per_minute", load_above_zero,
      offsetof(struct raw_annotator, a.server.requests_per_minute), false },
    { "tokens_per_minute", load_above_zero,
      offsetof(struct raw_annotator, a.server.tokens_per_minute), false },
    { "price", read_server_price, offsetof(struct raw_annotator, a.server.price), false },
    { "extra", load_object, offsetof(struct raw_annotator, a.server.extra), false },
    { "headers", load_headers, offsetof(struct raw_annotator, a.server.headers), false },
    { "way", load_text, offsetof(struct raw_annotator, a.way.name), false },
    { "describe", load_text, offsetof(struct raw_annotator, a.way.describe), false },
    { "describe_tokens", load_count, offsetof(struct raw_annotator, a.way.describe_tokens), false },
    { "examples", read_examples, offsetof(struct raw_annotator, a.way.examples), false },
    { "examples_of", load_text, offsetof(struct raw_annotator, a.way.examples_of), false },
    { "examples_seed", load_count, offsetof(struct raw_annotator, a.way.examples_seed), false },
    { "dtype", load_text, offsetof(struct raw_annotator, a.dtype), false },
    { "machine", load_machine, offsetof(struct raw_annotator, a.machine), false },
    { "prompt", load_text, offsetof(struct raw_annotator, a.prompt), false },
    { "was", load_names, offsetof(struct raw_annotator, was), false },
};

static int read_annotator(const struct loader *l, int key, int node, struct annotator *a,
                          struct err *e)
{
    struct raw_annotator raw = { 0 };
    int rc = load_name(l, key, &raw.a.name, e);

    if (rc == 0)
        rc = LOAD_MAPPING(l, node, annotator_keys, &raw, e);
    if (rc < 0)
        return rc;
    *a = raw.a;
    a->server.urls = raw.urls.items;
    a->server.n_urls = raw.urls.n;
    a->was = raw.was.items;
    a->n_was = raw.was.n;
    a->line = doc_line(l->doc, key);
    if (task_name_is_reserved(a->name)) {
        err_set(e, ERR_FORMAT, "no annotator may be called '%s': the program uses that name",
                a->name);
        return doc_at(l->doc, key, e);
    }
    if (task_annotator_kind(raw.kind, &a->kind))
        return 0;
    err_set(e, ERR_FORMAT, "no kind of annotator is called '%s'", raw.kind);
    err_expected(e, "human or model");
    return doc_at(l->doc, node, e);
}

static int read_annotators(const struct loader *l, int node, struct err *e)
{
    size_t n = doc_type(l->doc, node) == DOC_MAPPING ? doc_count(l->doc, node) : 0;
    struct annotator *annotators = arena_new(l->arena, n, sizeof(*annotators), e);
    struct map *names = NULL;
    int rc = annotators ? map_new(&names, e) : ERR_NOMEM;

    if (rc == 0 && doc_type(l->doc, node) != DOC_MAPPING)
        rc = load_wrong_type(l, node, DOC_MAPPING, e);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        int key = doc_key(l->doc, node, i);

        rc = read_annotator(l, key, doc_value(l->doc, node, i), &annotators[i], e);
        if (rc == 0)
            rc = load_unique(l, key, names, annotators[i].name, e);
    }
    for (size_t i = 0; rc == 0 && i < n; i++)
        for (size_t w = 0; rc == 0 && w < annotators[i].n_was; w++)
            rc = load_unique(l, doc_key(l->doc, node, i), names, annotators[i].was[w], e);
    map_free(names);
    l->task->annotators = annotators;
    l->task->n_annotators = n;
    return rc;
}

static const struct key alarms_keys[] = {
    { "min_agreement", load_share, offsetof(struct alarms, min_agreement), false },
    { "max_yes_bias", load_share, offsetof(struct alarms, max_yes_bias), false },
    { "max_rule_breaking", load_share, offsetof(struct alarms, max_rule_breaking), false },
    { "max_disputes", load_share, offsetof(struct alarms, max_disputes), false },
    { "max_moved", load_share, offsetof(struct alarms, max_moved), false },
    { "min_seconds", load_real, offsetof(struct alarms, min_seconds), false },
    { "min_grid_seconds", load_real, offsetof(struct alarms, min_grid_seconds), false },
    { "max_run_chance", load_share, offsetof(struct alarms, max_run_chance), false },
    { "min_gold_accuracy", load_share, offsetof(struct alarms, min_gold_accuracy), false },
    { "min_repeat_consistency", load_share, offsetof(struct alarms, min_repeat_consistency),
      false },
};

static int read_alarms(const struct loader *l, int node, void *into, struct err *e)
{
    return LOAD_MAPPING(l, node, alarms_keys, into, e);
}

/* ---- the promise ---- */

static int read_inner_share(const struct loader *l, int node, void *into, struct err *e)
{
    double *share = into;
    int rc = load_share(l, node, share, e);

    if (rc < 0 || (*share > 0 && *share < 1))
        return rc;
    err_set(e, ERR_FORMAT, "nothing can be promised so");
    err_expected(e, "a share above 0 and below 1");
    return doc_at(l->doc, node, e);
}

static const struct key promise_keys[] = {
    { "max_error", read_inner_share, offsetof(struct task_promise, max_error), false },
    { "confidence", read_inner_share, offsetof(struct task_promise, confidence), false },
};

static int read_promise(const struct loader *l, int node, void *into, struct err *e)
{
    return LOAD_MAPPING(l, node, promise_keys, into, e);
}

/* ---- review ---- */

static const char *const default_flags[] = { "not what is asked about", "broken or unclear",
                                             "harmful" };

static int read_flags(const struct loader *l, int node, void *into, struct err *e)
{
    return load_texts(l, node, TASK_FLAGS_MAX, into, e);
}

static const struct key review_keys[] = { { "flags", read_flags, 0, true } };

static int read_review(const struct loader *l, int node, void *into, struct err *e)
{
    return LOAD_MAPPING(l, node, review_keys, into, e);
}

/* ---- the alternative-annotator test ---- */

struct raw_alt_test {
    const char *people;
    double epsilon;
    uint64_t min_items;
};

static const struct key alt_test_keys[] = {
    { "people", load_text, offsetof(struct raw_alt_test, people), false },
    { "epsilon", load_share, offsetof(struct raw_alt_test, epsilon), false },
    { "min_items", load_count, offsetof(struct raw_alt_test, min_items), false },
};

/* By how much a model may be worse than such people (Calderon and others 2025). */
static const struct {
    const char *name;
    double epsilon;
} skills[] = { { "skilled", 0.15 }, { "experts", 0.2 }, { "crowd", 0.1 } };

static int choose_skill(const struct loader *l, int node, const char *name,
                        struct alt_test_rule *out, struct err *e)
{
    const char *known[sizeof(skills) / sizeof(skills[0])];
    const size_t n = sizeof(skills) / sizeof(skills[0]);

    for (size_t i = 0; i < n; i++) {
        known[i] = skills[i].name;
        if (text_equal(name, skills[i].name)) {
            out->skill = skills[i].name;
            out->epsilon = skills[i].epsilon;
            return 0;
        }
    }
    load_unknown_name(l, node, "kind of people", name, known, n, e);
    return err_expected(e, "skilled, experts or crowd");
}

static int read_alt_test(const struct loader *l, int node, void *into, struct err *e)
{
    struct alt_test_rule *out = into;
    struct raw_alt_test raw = { .epsilon = -1, .min_items = out->min_items };
    int rc = LOAD_MAPPING(l, node, alt_test_keys, &raw, e);

    if (rc < 0)
        return rc;
    if (raw.min_items < 2) {
        err_set(e, ERR_FORMAT, "min_items must be 2 or more");
        return doc_at(l->doc, node, e);
    }
    if (raw.people && raw.epsilon >= 0) {
        err_set(e, ERR_FORMAT, "people and epsilon both say by how much the model may be worse");
        return doc_at(l->doc, node, e);
    }
    out->min_items = raw.min_items;
    if (raw.people)
        return choose_skill(l, node, raw.people, out, e);
    if (raw.epsilon >= 0)
        *out = (struct alt_test_rule){ raw.epsilon, NULL, raw.min_items };
    return 0;
}

/* ---- the whole file ---- */

struct raw_task {
    const char *name, *images;
    char questions;        /* read into the task itself */
    int rules, annotators; /* nodes, read last: they name columns, and machines */
    struct prices prices;
    struct alarms alarms;
    struct task_promise promise;
    struct alt_test_rule alt_test;
    struct texts flags;
};

static const struct key task_keys[] = {
    { "name", load_text, offsetof(struct raw_task, name), true },
    { "images", load_text, offsetof(struct raw_task, images), false },
    { "questions", load_questions, offsetof(struct raw_task, questions), true },
    { "rules", load_node, offsetof(struct raw_task, rules), false },
    { "annotators", load_node, offsetof(struct raw_task, annotators), false },
    { "prices", load_prices, offsetof(struct raw_task, prices), false },
    { "alarms", read_alarms, offsetof(struct raw_task, alarms), false },
    { "promise", read_promise, offsetof(struct raw_task, promise), false },
    { "alt_test", read_alt_test, offsetof(struct raw_task, alt_test), false },
    { "review", read_review, offsetof(struct raw_task, flags), false },
};

static int read_task(const struct loader *l, const char *name, struct err *e)
{
    struct raw_task raw = {
        .prices = { .currency = "USD" },
        .alarms = { .min_agreement = 0.7, /* CVAT's quality threshold */
                    .max_yes_bias = 0.1,
                    .max_rule_breaking = 0.05,
                    .max_disputes = 0.25,
                    .max_moved = 0.05,
                    /* whether an animal is there takes people 0.4 s to see and to say (Thorpe,
                       Fize, Marlot 1996), and nobody takes in ten pictures a second (Potter 1976)
                     */
                    .min_seconds = 0.5,
                    .min_grid_seconds = 0.1,
                    .max_run_chance = 0.001,
                    .min_gold_accuracy = 0.7,
                    .min_repeat_consistency = 0.7 },
        .promise = { .max_error = 0.05, .confidence = 0.95 },
        .alt_test = { skills[0].epsilon, skills[0].name, 30 },
    };
    int root = doc_root(l->doc);
    int rc;

    if (root == 0) {
        err_set(e, ERR_FORMAT, "the file is empty");
        err_hint(e, "assent init writes one to start from");
        return err_at(e, "%s", name);
    }
    rc = LOAD_MAPPING(l, root, task_keys, &raw, e);
    if (rc == 0)
        rc = load_columns(l, (struct question *)(uintptr_t)l->task->questions, e);
    if (rc == 0 && raw.rules)
        rc = load_rules(l, raw.rules, e);
    l->task->prices = raw.prices;
    if (rc == 0 && raw.annotators)
        rc = read_annotators(l, raw.annotators, e);
    l->task->name = raw.name;
    l->task->images = raw.images;
    l->task->alarms = raw.alarms;
    l->task->promise = raw.promise;
    l->task->alt_test = raw.alt_test;
    l->task->flags = raw.flags.n > 0 ? raw.flags.items : default_flags;
    l->task->n_flags =
        raw.flags.n > 0 ? raw.flags.n : sizeof(default_flags) / sizeof(default_flags[0]);
    return rc;
}

int task_parse(struct task **out, const char *name, const char *text, size_t len, struct err *e)
{
    struct loaded *loaded = mem_new(1, sizeof(*loaded), e);
    struct doc *doc = NULL;
    int rc = loaded ? doc_parse(&doc, name, text, len, e) : ERR_NOMEM;

    *out = NULL;
    if (rc == 0) {
        struct loader l = { doc, &loaded->arena, &loaded->task };

        rc = read_task(&l, name, e);
    }
    doc_free(doc);
    if (rc < 0)
        task_free(&loaded->task);
    else
        *out = &loaded->task;
    return rc;
}

int task_load(struct task **out, const char *path, struct err *e)
{
    char *text;
    size_t len;
    int rc = file_read(path, TASK_FILE_MAX, &text, &len, e);

    *out = NULL;
    if (rc < 0)
        return rc;
    rc = task_parse(out, path, text, len, e);
    free(text);
    return rc;
}

void task_free(struct task *t)
{
    struct loaded *loaded = (struct loaded *)t;

    if (!loaded)
        return;
    arena_release(&loaded->arena);
    free(loaded);
}
