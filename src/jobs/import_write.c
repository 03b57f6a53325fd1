/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "jobs/importing.h"

static void count_gathered(const struct importing *im, size_t annotator,
                           struct store_counts *counts)
{
    size_t columns = im->project->task->n_columns;

    for (size_t i = 0; i < im->n_gathered; i++) {
        const int16_t *values = im->values + i * columns;

        if (im->gathered[i].annotator != annotator)
            continue;
        counts->images++;
        for (size_t c = 0; c < columns; c++) {
            counts->labels += values[c] >= 0;
            counts->abstentions += values[c] < VALUE_MISSING;
        }
    }
}

static int write_votes(struct importing *im, int64_t annotator, const struct gathered *g,
                       const int16_t *values, struct err *e)
{
    int rc = 0;

    for (size_t c = 0; rc == 0 && c < im->project->task->n_columns; c++) {
        struct store_vote v = { annotator, im->image_ids[g->image], c, values[c], g->seconds };

        if (values[c] != VALUE_MISSING)
            rc = store_vote_add(im->project->store, &v, e);
    }
    return rc;
}

static int write_gathered(struct importing *im, size_t i_annotator, int64_t annotator,
                          struct progress *progress, struct err *e)
{
    const struct task *t = im->project->task;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < im->n_gathered; i++) {
        const struct gathered *g = &im->gathered[i];
        const int16_t *values = im->values + i * t->n_columns;
        const float *probabilities =
            im->probabilities && (i + 1) * t->n_probabilities <= im->probabilities_cap
                ? im->probabilities + i * t->n_probabilities
                : NULL;

        if (g->annotator != i_annotator)
            continue;
        if (g->votes)
            rc = write_votes(im, annotator, g, values, e);
        else
            rc = store_answers_add(
                im->project->store, im->image_ids[g->image], t,
                &(struct store_answers){ .values = values,
                                         .probabilities = probabilities,
                                         .seconds = isnan(g->seconds) ? 0 : g->seconds },
                e);
        if (rc == 0 && i % CHECK_EVERY == 0)
            rc = events_check(im->options->events, e);
        progress_add(progress, 1);
    }
    return rc;
}

static const char *or_nothing(const char *text)
{
    return text ? text : "";
}

static char *settings_text(const struct importing *im, struct err *e)
{
    const struct import_options *o = im->options;
    struct json_t *settings =
        jv_pack("{s:s, s:s, s:b, s:b, s:b, s:s, s:s, s:s}", "job", "import", "format",
                im->out->format, "strict", o->strict, "add_images", o->add_images, "skip_unknown",
                o->skip_unknown, "image_column", or_nothing(o->image_column), "map",
                or_nothing(o->map), "map_questions", or_nothing(o->map_questions));
    char *text = jv_print_line(settings);

    jv_free(settings);
    if (!text)
        err_set(e, ERR_NOMEM, "out of memory: the settings");
    return text;
}

static int write_run(struct importing *im, size_t i_annotator, const struct store_run *run,
                     struct progress *progress, struct err *e)
{
    struct import_annotator *a = &im->out->annotators[i_annotator];
    struct store *store = im->project->store;
    int rc;

    events_say(im->options->events, EVENT_DETAIL, "%s: from %s, SHA-256 %s", a->name, run->source,
               run->source_sha256);
    rc = store_run_begin(store, run, im->project->task, e);
    if (rc == 0)
        rc = write_gathered(im, i_annotator, run->annotator, progress, e);
    return rc == 0 ? store_run_end(store, &a->counts, e) : rc;
}

static int write_annotator(struct importing *im, size_t i_annotator, struct progress *progress,
                           struct err *e)
{
    struct import_annotator *a = &im->out->annotators[i_annotator];
    struct store *store = im->project->store;
    struct store_run run = { 0 };
    int64_t same = 0;
    char *settings = settings_text(im, e);
    int rc = settings ? store_annotator_id(store, a->name, a->kind, &run.annotator, e) : ERR_NOMEM;

    run.settings = settings;
    count_gathered(im, i_annotator, &a->counts);
    if (rc == 0)
        rc = labels_provenance(im->file, a->name, &run.source, &run.source_sha256, e);
    if (rc == 0)
        rc = store_run_same(store, &run, im->project->task, &a->counts, &same, a->same_started, e);
    a->same_run = (uint64_t)same;
    if (rc == 0 && same == 0)
        rc = write_run(im, i_annotator, &run, progress, e);
    else
        progress_add(progress, a->counts.images);
    free(settings);
    return rc;
}

int import_write(struct importing *im, struct err *e)
{
    struct progress progress;
    struct buf what = BUF_INIT(1 << 16);
    int rc = 0;

    progress_start(&progress, im->options->events, "writing", "images", im->n_gathered);
    for (size_t a = 0; rc == 0 && a < im->out->n_annotators; a++)
        rc = write_annotator(im, a, &progress, e);
    progress_end(&progress);
    buf_printf(&what, "import %s: %llu rows", im->options->path, (unsigned long long)im->out->rows);
    if (rc == 0)
        rc = buf_end(&what, "an event", e);
    if (rc == 0)
        rc = store_event(im->project->store, what.text, e);
    buf_release(&what);
    return rc;
}
