/* SPDX-License-Identifier: MIT
 *
 * support_jobs.h - a project that every job has something to do in: a toy model, eight drawings,
 * two people who differ.
 */
#ifndef TESTS_UNIT_SUPPORT_JOBS_H
#define TESTS_UNIT_SUPPORT_JOBS_H

#include "support_project.h"

#include "jobs/agree.h"
#include "jobs/annotate.h"
#include "jobs/consensus.h"
#include "jobs/import.h"
#include "jobs/report.h"
#include "jobs/status.h"

enum { FACES = 8, FACE_CELLS = 2 * FACES };

/* Hat: the two differ on face 2 and face 4. Glasses: anna says nothing of faces 7 and 8. */
static const char anna_csv[] = "image_id,Hat,Glasses\n"
                               "face_0001.jpg,1,0\nface_0002.jpg,1,0\nface_0003.jpg,0,0\n"
                               "face_0004.jpg,0,1\nface_0005.jpg,1,1\nface_0006.jpg,0,0\n"
                               "face_0007.jpg,0,\nface_0008.jpg,1,\n";
static const char bob_csv[] = "image_id,Hat,Glasses\n"
                              "face_0001.jpg,1,0\nface_0002.jpg,0,0\nface_0003.jpg,0,0\n"
                              "face_0004.jpg,1,1\nface_0005.jpg,1,1\nface_0006.jpg,0,0\n"
                              "face_0007.jpg,0,1\nface_0008.jpg,1,0\n";

static inline struct project *faces_project(void **state, const char *more)
{
    char *model = fixture_path("ASSENT_FACES", "model"), task[1500], name[64];

    for (int i = 1; i <= FACES; i++) {
        char *data;
        size_t len;

        snprintf(name, sizeof(name), "images/face_%04d.jpg", i);
        data = read_and_free(fixture_path("ASSENT_FACES", name), &len);
        write_file(path_for(state, name), data, len);
        free(data);
    }
    put_file(state, "anna.csv", anna_csv);
    put_file(state, "bob.csv", bob_csv);
    snprintf(task, sizeof(task),
             "name: faces\nimages: images/\n"
             "questions:\n"
             "  - {name: Hat, text: Is this person wearing a hat?, group: worn}\n"
             "  - {name: Glasses, text: Is this person wearing glasses?, group: worn}\n"
             "annotators:\n"
             "  toy: {kind: model, engine: vlm, dtype: f32, model: \"%s\"}\n%s",
             model, more);
    free(model);
    return new_project(state, task);
}

static inline int import_file(struct project *p, const char *path, const char *annotator,
                              const struct events *events, struct err *e)
{
    const struct import_options o = { .path = path, .annotator = annotator, .events = events };
    struct import_result r;
    int rc = job_import(p, &o, &r, e);

    if (rc == 0)
        import_result_release(&r);
    return rc;
}

static inline void import_both(void **state, struct project *p)
{
    struct err e;

    assert_ok(import_file(p, scratch_path(state, "anna.csv"), "anna", NULL, &e), &e);
    assert_ok(import_file(p, scratch_path(state, "bob.csv"), "bob", NULL, &e), &e);
}

/* So many labels an annotator has; 0: it is not known. */
static inline uint64_t labels_of(const struct project *p, const char *annotator)
{
    struct status_result r;
    struct err e;
    uint64_t n = 0;

    assert_ok(job_status(p, NULL, &r, &e), &e);
    for (size_t a = 0; a < r.known.n; a++)
        if (strcmp(r.annotators[a].name, annotator) == 0)
            n = r.annotators[a].labels;
    status_result_release(&r);
    return n;
}

/* ---- events ---- */

struct heard {
    unsigned progress, notes, warnings;
    uint64_t done, total; /* of the last progress */
    bool end_now;
    bool end_after_note; /* when something has been said */
};

static inline void hear_progress(void *data, const struct progress *p)
{
    struct heard *h = data;

    h->progress++;
    h->done = p->done;
    h->total = p->total;
}

static inline void hear(void *data, enum event_kind kind, const char *text)
{
    struct heard *h = data;

    assert_true(*text != '\0');
    h->notes += kind == EVENT_NOTE;
    h->warnings += kind == EVENT_WARNING;
}

static inline bool is_enough(void *data)
{
    struct heard *h = data;

    return h->end_now || (h->end_after_note && h->notes > 0);
}

static inline struct events events_of(struct heard *h)
{
    return (struct events){ hear_progress, hear, is_enough, h };
}

#endif
