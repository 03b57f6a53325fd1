/* SPDX-License-Identifier: MIT */
#include "jobs/export_accepted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/formats.h"
#include "formats/waiting.h"

enum waiting {
    WAITS_NOT,
    WAITS_UNSURE,
    WAITS_PEOPLE,
    WAITS_UNDECIDED,
    WAITS_SIDE,
    WAITS_ABSTAINED,
    WAITS_OUTSIDE
};
static const char *const reasons[] = {
    [WAITS_NOT] = NULL,
    [WAITS_UNSURE] = "below the threshold",
    [WAITS_PEOPLE] = "wrong too often",
    [WAITS_UNDECIDED] = "not decided yet",
    [WAITS_SIDE] = "the other side",
    [WAITS_ABSTAINED] = "no answer",
    [WAITS_OUTSIDE] = "not among the cells that the sample was drawn from",
};

/* ---- which cells ---- */

static enum waiting why(const struct acceptance *a, const struct dataset *d,
                        const struct verdict *v, size_t image)
{
    const struct task *t = a->task;
    const struct column *c = &t->columns[v->column];
    enum verdict_side side = a->verdicts.promise.side;
    size_t cell = v->column * d->images.n + image;
    int16_t label = d->items[0].labels.values[cell];
    const float *all = d->items[0].labels.probabilities;

    if (a->sampled.stratum_of[cell] == STORE_OUTSIDE)
        return WAITS_OUTSIDE;
    if (label < 0)
        return WAITS_ABSTAINED;
    if (v->kind == VERDICT_PEOPLE)
        return WAITS_PEOPLE;
    if (v->kind == VERDICT_UNDECIDED)
        return WAITS_UNDECIDED;
    if (side != SIDE_ALL && (label == VALUE_YES) != (side == SIDE_YES))
        return WAITS_SIDE;
    return verdict_accepts(v, c, side, label,
                           all ? all + image * t->n_probabilities + c->probability : NULL)
               ? WAITS_NOT
               : WAITS_UNSURE;
}

/* Questions that were not asked about are in neither file. Accepted labels stay, the others go. */
static void part(const struct acceptance *a, struct dataset *d, uint8_t *waiting)
{
    int16_t *labels = d->items[0].labels.values;
    size_t n = d->images.n, next = 0;

    for (size_t c = 0; c < a->task->n_columns; c++) {
        const struct verdict *v = next < a->verdicts.n ? &a->verdicts.items[next] : NULL;
        bool asked = v && v->column == c;

        next += asked;
        for (size_t i = 0; i < n; i++) {
            waiting[c * n + i] = asked ? (uint8_t)why(a, d, v, i) : WAITS_NOT;
            if (!asked || waiting[c * n + i] != WAITS_NOT)
                labels[c * n + i] = VALUE_MISSING;
        }
    }
}

/* ---- files ---- */

static int name_files(struct accepted_result *r, const struct accepted_options *o, struct err *e)
{
    static const char *const endings[][2] = { { "jsonl", "accepted.jsonl" },
                                              { "label-studio", "accepted.json" } };
    const char *name = "accepted.csv";

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
        if (strcmp(o->format, endings[i][0]) == 0)
            name = endings[i][1];
    r->accepted_path = file_join(o->folder, name, e);
    r->people_path = file_join(o->folder, "people.csv", e);
    r->certificate_path = file_join(o->folder, "certificate.json", e);
    r->page_path = file_join(o->folder, "certificate.html", e);
    if (!r->accepted_path || !r->people_path || !r->certificate_path || !r->page_path)
        return ERR_NOMEM;
    if (mkdir(o->folder, 0777) == 0 || (errno == EEXIST && file_is_folder(o->folder)))
        return 0;
    err_set(e, ERR_IO, "cannot make the folder: %s", strerror(errno));
    return err_at(e, "%s", o->folder);
}

static int write_files(struct accepted_result *r, const struct accepted_options *o,
                       const struct dataset *d, const uint8_t *waiting, struct err *e)
{
    const struct labelled *who = &d->items[0];
    const struct label_source source = { who->name, who->annotator->kind, who->labels.values,
                                         who->labels.probabilities };
    const struct task *t = r->acceptance.task;
    const struct label_export labels = { t, d->images.keys, d->images.n, &source, 1 };
    const struct waiting_export people = { .task = t,
                                           .keys = d->images.keys,
                                           .n_images = d->images.n,
                                           .why = waiting,
                                           .reasons = reasons };
    int rc = labels_write(r->accepted_path, o->format, &labels, &r->accepted, e);

    if (rc == 0)
        rc = events_check(o->events, e);
    return rc == 0 ? waiting_write(r->people_path, &people, &r->waiting, e) : rc;
}

static int write_all(struct accepted_result *r, const struct accepted_options *o, struct dataset *d,
                     struct err *e)
{
    uint8_t *waiting = mem_new(d->images.n * r->acceptance.task->n_columns, sizeof(*waiting), e);
    int rc = waiting ? name_files(r, o, e) : ERR_NOMEM;

    r->images = d->images.n;
    if (rc == 0) {
        part(&r->acceptance, d, waiting);
        rc = write_files(r, o, d, waiting, e);
    }
    free(waiting);
    return rc;
}

int job_export_accepted(struct project *p, const struct accepted_options *o,
                        struct accepted_result *out, struct err *e)
{
    struct dataset d;
    int rc;

    *out = (struct accepted_result){ 0 };
    rc = job_accept(p, &o->accept, &d, &out->acceptance, e);
    if (rc < 0)
        return rc;
    rc = write_all(out, o, &d, e);
    dataset_release(&d);
    if (rc < 0)
        accepted_result_release(out);
    return rc;
}

void accepted_result_release(struct accepted_result *r)
{
    acceptance_release(&r->acceptance);
    free(r->accepted_path);
    free(r->people_path);
    free(r->certificate_path);
    free(r->page_path);
    *r = (struct accepted_result){ 0 };
}
