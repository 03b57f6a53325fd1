/* SPDX-License-Identifier: MIT
 *
 * Rows of the file are gathered an annotator and image at a time, since long tables and JSON lines
 * scatter them; they are written when the whole file has been read. All of it happens in one
 * transaction.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/annotators.h"
#include "jobs/import_names.h"
#include "jobs/importing.h"

enum { ROWS_MAX = 100000000, ANNOTATORS_MAX = 100000 };

/* ---- annotators ---- */

/* A model's labels under a person's name, or the reverse, would be compared as what they are not.
 */
static int other_kind(const char *name, enum annotator_kind holder, enum annotator_kind said,
                      struct err *e)
{
    bool model = holder == ANNOTATOR_MODEL;

    err_set(e, ERR_ARG, "'%s' is a %s, and nothing says that these labels are %s", name,
            task_annotator_kind_name(holder), model ? "a model's" : "people's");
    if (said == ANNOTATOR_MODEL)
        err_got(e, "a model's, by the file");
    return err_hint(e, "--kind %s says it; or another --annotator keeps them apart",
                    task_annotator_kind_name(holder));
}

/* Do a declared annotator's labels come in files that need not say whose kind they are? A model
 * that assent asks, or has asked, answers for itself. */
static bool comes_in_files(const struct annotator *declared, const struct store_annotator *known)
{
    return declared && !declared->engine && !declared->model && !(known && known->engine);
}

/* By option; by the file, which has to fit what the project and the task know; else a human. */
static int kind_of(const struct importing *im, const char *name, const struct label_row *row,
                   enum annotator_kind *kind, struct err *e)
{
    const struct annotator *declared = task_find_annotator(im->project->task, name);
    const struct store_annotator *known = store_annotators_find(&im->known, name);
    enum annotator_kind holder = declared ? declared->kind : known ? known->kind : ANNOTATOR_HUMAN;

    if (im->options->kind) {
        if (task_annotator_kind(im->options->kind, kind))
            return 0;
        err_set(e, ERR_ARG, "no kind of annotator is called '%s'", im->options->kind);
        return err_expected(e, "human or model");
    }
    *kind = row->kind_given ? row->kind : ANNOTATOR_HUMAN;
    if ((!declared && !known) || holder == *kind)
        return 0;
    if (!row->kind_given && comes_in_files(declared, known)) {
        *kind = declared->kind;
        return 0;
    }
    return other_kind(name, holder, *kind, e);
}

/* --annotator gives one name to a file's labels: they must be one annotator's in the file too. */
static int check_one(struct importing *im, const struct label_row *row, struct err *e)
{
    if (!im->options->annotator || !row->annotator || text_equal(im->named, row->annotator))
        return 0;
    if (im->named) {
        err_set(e, ERR_ARG, "this file holds the labels of several annotators: '%s' and '%s'",
                im->named, row->annotator);
        return err_hint(e, "leave --annotator out, and each keeps its own");
    }
    im->named = arena_text(&im->out->arena, row->annotator, strlen(row->annotator), e);
    return im->named ? 0 : ERR_NOMEM;
}

static int find_annotator(struct importing *im, const struct label_row *row, size_t *index,
                          struct err *e)
{
    const char *name = im->options->annotator ? im->options->annotator : row->annotator;
    struct import_annotator *a;
    struct import_result *out = im->out;
    int rc;

    name = name ? task_annotator_today(im->project->task, name) : NULL;
    if (!name) {
        err_set(e, ERR_ARG, "whose labels are these? this format doesn't say");
        return err_hint(e, "--annotator NAME says it");
    }
    rc = check_one(im, row, e);
    if (rc == 0)
        rc = map_add(im->annotators, name, strlen(name), out->n_annotators, index, e);
    if (rc != 1)
        return rc;
    rc = annotator_name_check(name, e);
    if (rc < 0)
        return rc;
    rc = mem_grow(&out->annotators, &im->annotators_cap, out->n_annotators + 1,
                  sizeof(*out->annotators), ANNOTATORS_MAX, e);
    if (rc < 0)
        return rc;
    a = &out->annotators[out->n_annotators++];
    a->name = arena_text(&out->arena, name, strlen(name), e);
    return a->name ? kind_of(im, name, row, &a->kind, e) : ERR_NOMEM;
}

/* ---- images ---- */

static const char *keep(struct importing *im, const char *text, struct err *e)
{
    return arena_text(&im->out->arena, text, strlen(text), e);
}

static int add_image(struct importing *im, const char *key, size_t *image, struct err *e)
{
    size_t n_new = im->n_known - im->out->images_before;
    const char *name;
    enum match how = MATCH_NONE;
    int rc = mem_grow(&im->image_ids, &im->ids_cap, im->n_known + 1, sizeof(*im->image_ids),
                      ROWS_MAX, e);

    if (rc == 0)
        rc = mem_grow(&im->new_keys, &im->new_cap, n_new + 1, sizeof(*im->new_keys), ROWS_MAX, e);
    if (rc == 0)
        rc = matcher_name(im->matcher, key, &name, e);
    if (rc == 0 && name != key && !(name = keep(im, name, e)))
        rc = ERR_NOMEM;
    if (rc == 0 && name != key) /* of an address the query may differ */
        rc = matcher_find(im->matcher, name, image, &how, e);
    if (rc == 0 && how == MATCH_EXACT)
        return matcher_add(im->matcher, key, *image, e);
    if (rc == 0 && !(im->new_keys[n_new] = keep(im, name, e)))
        rc = ERR_NOMEM;
    if (rc < 0)
        return rc;
    *image = im->n_known;
    im->image_ids[im->n_known++] = 0; /* until it is written */
    rc = matcher_add(im->matcher, name, *image, e);
    return rc == 0 && name != key ? matcher_add(im->matcher, key, *image, e) : rc;
}

static int count_image(struct importing *im, const char *key, size_t image, enum match how,
                       struct err *e)
{
    struct import_result *out = im->out;
    size_t at;
    int rc = mem_grow(&im->counted, &im->counted_cap, im->n_known, 1, ROWS_MAX, e);

    if (rc < 0 || im->counted[image])
        return rc;
    im->counted[image] = 1;
    out->n_images++;
    out->n_images_matched += how != MATCH_NONE;
    if (how == MATCH_NONE && out->n_images_new++ < IMPORT_NAMED) {
        out->images_new[out->n_images_new - 1] = keep(im, key, e);
        return out->images_new[out->n_images_new - 1] ? 0 : ERR_NOMEM;
    }
    if (how != MATCH_FOLDED || out->n_images_folded++ >= IMPORT_NAMED)
        return 0;
    at = 2 * (out->n_images_folded - 1);
    out->images_folded[at] = keep(im, key, e);
    out->images_folded[at + 1] = keep(im, im->images->keys[image], e);
    return out->images_folded[at] && out->images_folded[at + 1] ? 0 : ERR_NOMEM;
}

/* Of a key that is no image's. */
static int leave_out(struct importing *im, const char *key, struct err *e)
{
    struct import_result *out = im->out;
    size_t index;
    int rc = im->unknown ? 0 : map_new(&im->unknown, e);

    out->rows_skipped++;
    if (rc == 0)
        rc = map_add(im->unknown, key, strlen(key), out->n_images_skipped, &index, e);
    if (rc != 1)
        return rc;
    out->n_images++;
    if (out->n_images_skipped++ >= IMPORT_NAMED)
        return 0;
    out->images_skipped[index] = keep(im, key, e);
    return out->images_skipped[index] ? 0 : ERR_NOMEM;
}

/* 1, or 0 where the row is left out. */
static int find_image(struct importing *im, const struct label_row *row, size_t *image,
                      struct err *e)
{
    enum match how;
    int rc = matcher_take(im->matcher, row->key, image, &how, e);

    if (rc < 0)
        return err_at(e, "%s:%lu", im->options->path, row->line);
    im->out->rows_aside += how == MATCH_ASIDE;
    if (how == MATCH_ASIDE)
        return 0;
    if (how == MATCH_NONE && im->closed)
        return leave_out(im, row->key, e);
    if (how == MATCH_NONE)
        rc = add_image(im, row->key, image, e);
    if (rc == 0)
        rc = count_image(im, row->key, *image, how, e);
    return rc < 0 ? rc : 1;
}

/* ---- gathering ---- */

static int new_gathered(struct importing *im, const struct gathered *g, struct err *e)
{
    size_t n = im->n_gathered + 1, columns = im->project->task->n_columns, cells;
    int rc = mem_grow(&im->gathered, &im->gathered_cap, n, sizeof(*im->gathered), ROWS_MAX, e);

    if (rc == 0 && !size_mul(n, columns, &cells))
        rc = err_set(e, ERR_LIMIT, "too many answers: %zu rows", n);
    if (rc == 0)
        rc = mem_grow(&im->values, &im->values_cap, cells, sizeof(*im->values), SIZE_MAX / 4, e);
    if (rc < 0)
        return rc;
    memset(im->values + im->n_gathered * columns, 0xff,
           columns * sizeof(*im->values)); /* VALUE_MISSING */
    im->gathered[im->n_gathered++] = *g;
    return 0;
}

static int find_gathered(struct importing *im, const struct label_row *row, size_t annotator,
                         size_t image, size_t *index, struct err *e)
{
    const size_t key[2] = { annotator, image };
    int rc = map_add(im->rows, (const char *)key, sizeof(key), im->n_gathered, index, e);

    if (rc != 1)
        return rc;
    return new_gathered(
        im,
        &(struct gathered){
            .annotator = annotator, .image = image, .line = row->line, .votes = row->votes },
        e);
}

/* 1, or 0 where a later row was there. */
static int take_latest(struct importing *im, const struct label_row *row, size_t index, bool first,
                       struct err *e)
{
    struct gathered *g = &im->gathered[index];
    size_t columns = im->project->task->n_columns, p = im->project->task->n_probabilities;

    if (!first) {
        im->out->superseded++;
        if (row->at && g->at && strcmp(row->at, g->at) < 0)
            return 0;
        memset(im->values + index * columns, 0xff, columns * sizeof(*im->values));
        for (size_t i = index * p; i < (index + 1) * p && i < im->probabilities_cap; i++)
            im->probabilities[i] = NAN;
    }
    if (row->at && !(g->at = keep(im, row->at, e)))
        return ERR_NOMEM;
    g->line = row->line;
    g->seconds = row->seconds;
    return 1;
}

static int two_values(const struct importing *im, const struct label_row *row,
                      const struct gathered *g, const struct label_cell *cell, int16_t first,
                      struct err *e)
{
    const struct column *c = &im->project->task->columns[cell->column];

    err_set(e, ERR_FORMAT, "image '%s' has two values for '%s'", row->key, c->name);
    err_got(e, "'%s' here, '%s' before (the image is first named on line %lu)",
            task_value_text(c, cell->value), task_value_text(c, first), g->line);
    err_expected(e, "one value a cell");
    return err_at(e, "%s:%lu", im->options->path, row->line);
}

static int take_probabilities(struct importing *im, size_t index, const struct label_cell *cell,
                              struct err *e)
{
    const struct task *t = im->project->task;
    const struct column *c = &t->columns[cell->column];
    size_t before = im->probabilities_cap, cells;
    int rc = 0;

    if (!size_mul(im->gathered_cap, t->n_probabilities, &cells))
        return err_set(e, ERR_LIMIT, "too many probabilities");
    if (cells > before)
        rc = mem_grow(&im->probabilities, &im->probabilities_cap, cells, sizeof(*im->probabilities),
                      SIZE_MAX / 8, e);
    if (rc < 0)
        return rc;
    for (size_t i = before; i < im->probabilities_cap; i++)
        im->probabilities[i] = NAN;
    memcpy(im->probabilities + index * t->n_probabilities + c->probability, cell->probabilities,
           c->n_probabilities * sizeof(*cell->probabilities));
    return 0;
}

static int gather(struct importing *im, const struct label_row *row, struct err *e)
{
    size_t annotator, image, index, before = im->n_gathered;
    int rc = find_image(im, row, &image, e);

    if (rc != 1)
        return rc;
    rc = find_annotator(im, row, &annotator, e);
    if (rc >= 0)
        rc = find_gathered(im, row, annotator, image, &index, e);
    if (rc < 0)
        return rc;
    if (row->latest_counts || before < im->n_gathered) {
        rc = take_latest(im, row, index, before < im->n_gathered, e);
        if (rc != 1)
            return rc;
    }
    for (size_t i = 0; i < row->n_cells; i++) {
        const struct label_cell *cell = &row->cells[i];
        int16_t *value = &im->values[index * im->project->task->n_columns + cell->column];

        if (*value != VALUE_MISSING && *value != cell->value)
            return two_values(im, row, &im->gathered[index], cell, *value, e);
        im->out->repeated += *value != VALUE_MISSING;
        *value = cell->value;
        if (cell->probabilities && take_probabilities(im, index, cell, e) < 0)
            return e->code;
    }
    return 0;
}

static int read_rows(struct importing *im, struct err *e)
{
    struct progress progress;
    struct label_row row;
    uint64_t n = 0;
    int rc;

    progress_start(&progress, im->options->events, "reading", "rows", 0);
    while ((rc = labels_next(im->file, &row, e)) == 1) {
        rc = gather(im, &row, e);
        if (rc == 0 && ++n % CHECK_EVERY == 0)
            rc = events_check(im->options->events, e);
        if (rc < 0)
            break;
        progress_add(&progress, 1);
    }
    progress_end(&progress);
    return rc;
}

/* ---- what was found ---- */

static int keep_list(struct importing *im, const char *const *from, size_t n,
                     const char *const **to, struct err *e)
{
    const char **list = arena_new(&im->out->arena, n, sizeof(*list), e);

    for (size_t i = 0; list && i < n; i++) {
        list[i] = keep(im, from[i], e);
        if (!list[i])
            return ERR_NOMEM;
    }
    *to = list;
    return list ? 0 : ERR_NOMEM;
}

static int keep_found(struct importing *im, struct err *e)
{
    const struct labels_found *found = labels_found(im->file);
    struct import_result *out = im->out;
    int rc;

    out->format = found->format; /* static */
    if (found->image_column && !(out->image_column = keep(im, found->image_column, e)))
        return ERR_NOMEM;
    out->rows = found->rows;
    out->n_names = found->n_names;
    out->n_names_matched = found->n_matched;
    out->n_names_folded = found->n_folded;
    out->n_names_unmatched = found->n_unmatched;
    out->cancelled = found->cancelled;
    task_codings_text(found->codings, out->values);
    rc = keep_list(im, found->folded, 2 * found->n_folded, &out->names_folded, e);
    return rc < 0 ? rc
                  : keep_list(im, found->unmatched, found->n_unmatched, &out->names_unmatched, e);
}

static int unknown_images(const struct importing *im, struct err *e)
{
    const struct import_result *out = im->out;
    const char *near;

    if (out->n_images_skipped == 0 || (im->options->skip_unknown && im->n_gathered > 0))
        return 0;
    err_set(e, ERR_FORMAT, "%zu of %zu images of this file are not in this project",
            out->n_images_skipped, out->n_images);
    err_got(e, "'%.200s'%s", out->images_skipped[0], out->n_images_skipped > 1 ? ", .." : "");
    near = text_nearest(out->images_skipped[0], im->images->keys, im->images->n);
    err_expected(e, "the names of its pictures: '%.200s'%s", near ? near : im->images->keys[0],
                 im->images->n > 1 ? ", .." : "");
    err_hint(e, "%s--add-images makes them images of this project; nothing was changed",
             im->options->skip_unknown ? "" : "--skip-unknown leaves their rows out, ");
    return err_at(e, "%s", im->options->path);
}

static int check_found(const struct importing *im, struct err *e)
{
    const struct import_result *out = im->out;
    const struct task *t = im->project->task;

    if (out->rows == 0) {
        err_set(e, ERR_FORMAT, "there are no labels in this file");
        return err_at(e, "%s", im->options->path);
    }
    if (out->n_names == 0) {
        err_set(e, ERR_FORMAT, "this file answers no question");
        err_got(e, "%llu rows without a label", (unsigned long long)out->rows);
        return err_at(e, "%s", im->options->path);
    }
    if (out->n_names_matched == 0) {
        err_set(e, ERR_FORMAT, "none of the %zu names in this file is a question of assent.yaml",
                out->n_names);
        err_got(e, "%s%s", out->names_unmatched[0], out->n_names > 1 ? ", .." : "");
        err_expected(e, "%s%s", t->columns[0].name, t->n_columns > 1 ? ", .." : "");
        err_hint(
            e,
            "assent.yaml lists the questions to compare; names may differ in case, '_' and space");
        return err_at(e, "%s", im->options->path);
    }
    if (unknown_images(im, e) < 0)
        return e->code;
    if (!im->options->strict)
        return 0;
    if (out->n_names_unmatched > 0) {
        err_set(e, ERR_FORMAT, "--strict: %zu of %zu names are no questions of assent.yaml",
                out->n_names_unmatched, out->n_names);
        err_got(e, "%s", out->names_unmatched[0]);
        return err_at(e, "%s", im->options->path);
    }
    if (out->images_before > 0 && out->n_images_new > 0) {
        err_set(e, ERR_FORMAT, "--strict: %zu of %zu images are not in this project",
                out->n_images_new, out->n_images);
        err_got(e, "%s", out->images_new[0]);
        return err_at(e, "%s", im->options->path);
    }
    return 0;
}

/* ---- all together ---- */

/* What cannot be known without the database for oneself: 1, where 0 is fine. */
enum { MUST_LOCK = 1 };

/* The pictures that assent.yaml names are images, whether annotate has met them or not. */
static int add_pictures(struct importing *im, struct err *e)
{
    struct catalogue *c = &im->catalogue;
    const char *where = im->project->task->images;
    char *path = where ? file_join(im->project->dir, where, e) : NULL;
    bool there = path && file_exists(path), seen = false;
    int rc = where && !path ? ERR_NOMEM : 0;

    free(path);
    im->images = &im->own;
    if (rc == 0 && there)
        rc = catalogue_open_project(c, im->project, &im->own, im->options->events, e);
    if (rc == 0 && there && c->n_matched < image_source_count(c->source))
        rc = im->locked ? catalogue_add(c, im->project, &im->out->n_pictures_new, e) : MUST_LOCK;
    if (rc == 0 && there)
        im->images = c->images;
    if (rc == 0 && !there)
        rc = store_images_seen(im->project->store, &seen, e);
    im->closed = (there || seen) && !im->options->add_images;
    return rc;
}

static int start(struct importing *im, struct err *e)
{
    int rc = store_images_load(im->project->store, &im->own, e);

    if (rc == 0)
        rc = add_pictures(im, e);
    if (rc == 0)
        rc = store_annotators_load(im->project->store, &im->known, e);
    if (rc == 0)
        rc = matcher_new(&im->matcher, im->images, e);
    if (rc == 0)
        rc = matcher_beside(im->matcher, im->project, im->options->path, e);
    if (rc == 0)
        rc = map_new(&im->annotators, e);
    if (rc == 0)
        rc = map_new(&im->rows, e);
    if (rc == 0)
        rc = mem_grow(&im->image_ids, &im->ids_cap, im->images->n, sizeof(*im->image_ids), ROWS_MAX,
                      e);
    if (rc != 0)
        return rc;
    if (im->images->n > 0)
        memcpy(im->image_ids, im->images->ids, im->images->n * sizeof(*im->image_ids));
    im->n_known = im->out->images_before = im->images->n;
    return 0;
}

static void stop(struct importing *im)
{
    labels_close(im->file);
    matcher_free(im->matcher);
    catalogue_close(&im->catalogue);
    store_images_release(&im->own);
    map_free(im->unknown);
    store_annotators_release(&im->known);
    map_free(im->annotators);
    map_free(im->rows);
    free(im->image_ids);
    free(im->new_keys);
    free(im->gathered);
    free(im->values);
    free(im->probabilities);
    free(im->counted);
}

/* Formats that name their annotators in every row take no other name. */
static int check_options(const struct importing *im, struct err *e)
{
    const char *format = labels_found(im->file)->format;

    if (im->options->add_images && im->options->skip_unknown)
        return err_set(e, ERR_ARG, "--add-images and --skip-unknown are two ways, not one");
    if (im->options->annotator && (strcmp(format, "study") == 0 || strcmp(format, "long") == 0)) {
        err_set(e, ERR_ARG, "a %s file names its annotators itself", format);
        return err_hint(e, "leave --annotator out");
    }
    return 0;
}

static int open_file(struct importing *im, struct err *e)
{
    const struct import_options *o = im->options;
    const struct import_names said = { o->image_column, o->map, o->map_questions };
    int rc = import_names_read(&said, im->matcher, &im->names, &im->out->arena, e);

    if (rc == 0)
        rc = labels_open(&im->file, o->path, o->format, im->project->task, &im->names, e);
    return rc == 0 ? check_options(im, e) : rc;
}

/* Is everything still as it was when the reading began? 0, or MUST_LOCK. Votes that came meanwhile
 * change nothing here. */
static int check_same(struct importing *im, struct err *e)
{
    struct store_annotators now;
    int rc = store_images_same(im->project->store, im->images, e);
    bool same = rc == 1;

    if (rc < 0)
        return rc;
    rc = store_annotators_load(im->project->store, &now, e);
    same = same && rc == 0 && now.n == im->known.n;
    for (size_t i = 0; same && i < now.n; i++)
        same = now.items[i].id == im->known.items[i].id &&
               now.items[i].kind == im->known.items[i].kind &&
               strcmp(now.items[i].name, im->known.items[i].name) == 0;
    store_annotators_release(&now);
    return rc < 0 ? rc : same ? 0 : MUST_LOCK;
}

static int add_images(struct importing *im, struct err *e)
{
    size_t before = im->out->images_before;
    int rc = 0;

    for (size_t i = before; rc == 0 && i < im->n_known; i++)
        rc = store_image_add(im->project->store, im->new_keys[i - before], &im->image_ids[i], e);
    return rc;
}

/* All that is read; 0, or MUST_LOCK. */
static int read_file(struct importing *im, struct err *e)
{
    int rc = start(im, e);

    if (rc == 0)
        rc = open_file(im, e);
    if (rc == 0)
        rc = read_rows(im, e);
    if (rc == 0)
        rc = keep_found(im, e);
    return rc == 0 ? check_found(im, e) : rc;
}

static int write_all(struct importing *im, struct err *e)
{
    int rc = im->locked ? 0 : check_same(im, e);

    if (rc == 0)
        rc = add_images(im, e);
    return rc == 0 ? import_write(im, e) : rc;
}

/* The database is for others to write to while the file is read, and ours while it is written. */
static int import_file(struct importing *im, struct err *e)
{
    int rc = read_file(im, e);

    if (rc == 0)
        rc = store_begin(im->project->store, e);
    return rc == 0 ? store_end(im->project->store, write_all(im, e), e) : rc;
}

/* The same with the database for oneself from the beginning: somebody changed what it rests on. */
static int import_locked(struct importing *im, struct err *e)
{
    int rc = store_begin(im->project->store, e);

    if (rc == 0)
        rc = read_file(im, e);
    if (rc == 0)
        rc = write_all(im, e);
    return store_end(im->project->store, rc, e);
}

int job_import(struct project *p, const struct import_options *o, struct import_result *out,
               struct err *e)
{
    struct importing im = { .project = p, .options = o, .out = out };
    int rc;

    *out = (struct import_result){ .path = o->path };
    rc = file_exists(o->path) && !file_is_regular(o->path) && !file_is_folder(o->path)
             ? MUST_LOCK /* a pipe is read once */
             : import_file(&im, e);
    if (rc == MUST_LOCK) {
        stop(&im);
        import_result_release(out);
        *out = (struct import_result){ .path = o->path };
        im = (struct importing){ .project = p, .options = o, .out = out, .locked = true };
        rc = import_locked(&im, e);
    }
    if (rc < 0)
        import_result_release(out);
    stop(&im);
    return rc;
}

const char *import_format(size_t i)
{
    return labels_format(i);
}

void import_result_release(struct import_result *r)
{
    free(r->annotators);
    arena_release(&r->arena);
    *r = (struct import_result){ 0 };
}
