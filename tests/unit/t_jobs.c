/* SPDX-License-Identifier: MIT
 *
 * Each job as a caller has it: options in, a result out, silent, told what happens, ended when it
 * is asked to.
 */
#include "support_jobs.h"

#include <fcntl.h>

#include "jobs/ask.h"
#include "jobs/export.h"
#include "jobs/import_images.h"
#include "jobs/import_metadata.h"
#include "jobs/model.h"
#include "jobs/names.h"
#include "jobs/plan.h"
#include "jobs/review.h"

/* ---- all of them, one after the other ---- */

static void run_plan(struct project *p)
{
    struct plan_result r;
    struct err e;

    assert_ok(job_plan(p, &(struct annotate_options){ .seed = 1 }, &r, &e), &e);
    assert_int_equal(r.images, FACES);
    assert_int_equal(r.questions, FACE_CELLS);
    plan_result_release(&r);
}

static void run_annotate(struct project *p)
{
    struct annotate_result r;
    struct err e;

    assert_ok(job_annotate(p, &(struct annotate_options){ .seed = 1 }, &r, &e), &e);
    assert_int_equal(r.images, FACES);
    assert_int_equal(r.labels + r.abstentions, FACE_CELLS);
    assert_false(r.interrupted);
}

static void run_import_images(void **state, struct project *p)
{
    const struct images_options o = { .path = scratch_path(state, "images") };
    struct images_result r;
    struct err e;

    assert_ok(job_import_images(p, &o, &r, &e), &e);
    assert_int_equal(r.n_matched, FACES);
    assert_int_equal(r.n_new, 0);
    images_result_release(&r);
}

static void run_import_metadata(void **state, struct project *p)
{
    struct metadata_result r;
    struct err e;

    put_file(state, "site.csv", "image,site\nface_0001.jpg,north\nface_0002.jpg,south\n");
    assert_ok(job_import_metadata(
                  p, &(struct metadata_options){ .path = scratch_path(state, "site.csv") }, &r, &e),
              &e);
    metadata_result_release(&r);
}

static void run_agree(struct project *p)
{
    static const char *const names[] = { "anna", "bob" };
    struct agree_result r;
    struct err e;

    assert_ok(
        job_agree(p,
                  &(struct agree_options){
                      .names = names, .n_names = 2, .by = "site", .resamples = 50, .seed = 1 },
                  &r, &e),
        &e);
    assert_int_equal(r.all->pooled.n, FACE_CELLS - 2);
    assert_near("agreement", r.all->pooled.value[STATS_AGREEMENT], 12.0 / 14, 1e-12);
    assert_int_equal(r.n_parts, 2);
    agree_result_release(&r);
}

static void run_consensus_and_report(struct project *p)
{
    struct consensus_result c;
    struct report_result r;
    struct err e;

    assert_ok(job_consensus(p, &(struct consensus_options){ 0 }, &c, &e), &e);
    assert_int_equal(c.cells, FACE_CELLS);
    consensus_result_release(&c);
    assert_ok(job_report(p, &(struct report_options){ .resamples = 50, .seed = 1 }, &r, &e), &e);
    assert_string_equal(r.first, "toy");
    assert_string_equal(r.second, "anna");
    report_result_release(&r);
}

static void run_export(void **state, struct project *p)
{
    static const char *const names[] = { "consensus" };
    struct export_result r;
    struct err e;

    assert_ok(job_export(p,
                         &(struct export_options){ .path = scratch_path(state, "out.csv"),
                                                   .format = "csv",
                                                   .annotators = names,
                                                   .n_annotators = 1 },
                         &r, &e),
              &e);
    assert_int_equal(r.images, FACES);
    assert_false(r.stale);
}

static void run_model_and_ask(void **state)
{
    static const char *const questions[] = { "Is this person wearing a hat?" };
    char *model = fixture_path("ASSENT_FACES", "model");
    const char *image = scratch_path(state, "images/face_0001.jpg");
    struct model_info_result m;
    struct ask_result a;
    struct err e;

    assert_ok(job_model_info(&(struct model_info_options){ .dir = model,
                                                           .sizes = { { 178, 218 }, { 1, 9000 } },
                                                           .n_sizes = 2,
                                                           .questions = 40 },
                             &m, &e),
              &e);
    assert_int_equal(m.n_views, 2);
    assert_true(m.parameters > 1000000 && m.speed > 0 && m.pictures.tiles == 5);
    assert_true(m.views[0].cost.flop > 0 && m.views[0].cost.flop_one_by_one > m.views[0].cost.flop);
    assert_near("seconds", m.views[0].seconds * m.speed / m.views[0].cost.flop, 1, 1e-9);
    assert_null(m.views[1].why);
    model_info_release(&m);
    assert_ok(job_ask(&(struct ask_options){ .model = model,
                                             .images = &image,
                                             .n_images = 1,
                                             .questions = questions,
                                             .n_questions = 1 },
                      &a, &e),
              &e);
    assert_true(a.images[0].answers[0].mass > 0.9);
    ask_result_release(&a);
    free(model);
}

static void run_review(struct project *p)
{
    const struct review_options o = { .seed = 1, .votes = 1, .lease_minutes = 10 };
    struct review_forecast f;
    struct err e;

    assert_ok(job_plan_review(p, &o, &f, &e), &e);
    assert_true(f.items > 0 && f.votes == f.items && isnan(f.seconds));
}

static void every_job_goes_through_and_prints_nothing(void **state)
{
    struct project *p = faces_project(state, "");
    int streams[2] = { dup(STDOUT_FILENO), dup(STDERR_FILENO) };
    int said = open(scratch_path(state, "said"), O_CREAT | O_RDWR, 0600);

    fflush(stdout);
    dup2(said, STDOUT_FILENO);
    dup2(said, STDERR_FILENO);
    run_plan(p);
    run_annotate(p);
    import_both(state, p);
    run_import_images(state, p);
    run_import_metadata(state, p);
    run_agree(p);
    run_consensus_and_report(p);
    run_export(state, p);
    run_model_and_ask(state);
    run_review(p);
    fflush(stdout);
    dup2(streams[0], STDOUT_FILENO);
    dup2(streams[1], STDERR_FILENO);
    close(streams[0]);
    close(streams[1]);
    assert_int_equal(lseek(said, 0, SEEK_END), 0);
    close(said);
    project_close(p);
}

/* ---- what is told meanwhile ---- */

static void jobs_tell_how_far_they_are(void **state)
{
    struct project *p = faces_project(state, "");
    struct heard h = { 0 };
    const struct events events = events_of(&h);
    struct annotate_result r;
    struct err e;

    assert_ok(job_annotate(p, &(struct annotate_options){ .seed = 1, .events = &events }, &r, &e),
              &e);
    assert_true(h.progress > 0 && h.notes > 0);
    assert_int_equal(h.done, FACES);
    assert_int_equal(h.total, FACES);
    assert_int_equal(h.warnings, 0);
    put_file(state, "images/face_0009.jpg", "no picture");
    assert_ok(job_annotate(p, &(struct annotate_options){ .seed = 1, .events = &events }, &r, &e),
              &e);
    assert_int_equal(r.errors, 1);
    assert_int_equal(h.warnings, 1);
    project_close(p);
}

/* ---- ended from outside ---- */

static void an_import_that_is_ended_keeps_nothing(void **state)
{
    struct project *p = faces_project(state, "");
    struct heard h = { .end_now = true };
    const struct events events = events_of(&h);
    struct err e;

    assert_refused(import_file(p, scratch_path(state, "anna.csv"), "anna", &events, &e), &e,
                   ERR_INTERRUPTED);
    assert_int_equal(labels_of(p, "anna"), 0);
    assert_int_equal(count_images(p), 0);
    import_both(state, p);
    assert_int_equal(labels_of(p, "anna"), FACE_CELLS - 2);
    project_close(p);
}

static void a_run_that_is_ended_keeps_what_it_answered_and_goes_on(void **state)
{
    struct project *p = faces_project(state, "");
    struct heard h = { .end_after_note = true };
    const struct events events = events_of(&h);
    struct annotate_result first, second;
    struct err e;

    assert_ok(
        job_annotate(p, &(struct annotate_options){ .seed = 1, .events = &events }, &first, &e),
        &e);
    assert_true(first.interrupted);
    assert_in_range(first.images, 1, FACES - 1);
    assert_int_equal(labels_of(p, "toy"), 2 * first.images);
    assert_ok(job_annotate(p, &(struct annotate_options){ .seed = 1 }, &second, &e), &e);
    assert_false(second.interrupted);
    assert_int_equal(first.images + second.images, FACES); /* none twice, none left out */
    project_close(p);
}

/* ---- plan and annotate ---- */

static void plan_and_annotate_see_the_same_work(void **state)
{
    struct project *p = faces_project(state, "");
    const struct annotate_options some = { .limit = 5, .seed = 1 };
    struct plan_result plan;
    struct annotate_result done;
    struct err e;

    for (int left = FACES; left > 0; left -= 5) {
        assert_ok(job_plan(p, &some, &plan, &e), &e);
        assert_ok(job_annotate(p, &some, &done, &e), &e);
        assert_int_equal(plan.images, left < 5 ? left : 5);
        assert_int_equal(plan.images, done.images);
        assert_int_equal(plan.questions, done.labels + done.abstentions);
        plan_result_release(&plan);
    }
    assert_ok(job_plan(p, &some, &plan, &e), &e);
    assert_int_equal(plan.images, 0);
    plan_result_release(&plan);
    project_close(p);
}

/* ---- the report ---- */

static void a_report_without_common_cells_has_no_disputes(void **state)
{
    struct project *p = faces_project(state, "");
    struct report_result r;
    struct err e;

    put_file(state, "one.csv", "image_id,Hat\nface_0001.jpg,1\n");
    put_file(state, "two.csv", "image_id,Hat\nface_0002.jpg,1\n");
    assert_ok(import_file(p, scratch_path(state, "one.csv"), "one", NULL, &e), &e);
    assert_ok(import_file(p, scratch_path(state, "two.csv"), "two", NULL, &e), &e);
    assert_ok(job_report(p, &(struct report_options){ .resamples = 10, .seed = 1 }, &r, &e), &e);
    assert_int_equal(r.cells, 0);
    assert_int_equal(r.disputed, 0);
    assert_undefined(r.before->pooled.value[STATS_AGREEMENT]);
    report_result_release(&r);
    project_close(p);
}

static void alarms_of_one_kind_stand_worst_first(void **state)
{
    struct project *p = new_project(state, "name: t\nquestions:\n"
                                           "  - {name: A, text: a}\n  - {name: B, text: b}\n");
    char one[2000] = "image_id,A,B\n", two[2000] = "image_id,A,B\n";
    struct report_result r;
    struct err e;

    for (int i = 0; i < 40; i++) { /* A agrees on half of the images, B on a quarter */
        snprintf(one + strlen(one), sizeof(one) - strlen(one), "%02d.jpg,1,1\n", i);
        snprintf(two + strlen(two), sizeof(two) - strlen(two), "%02d.jpg,%d,%d\n", i, i % 2,
                 i % 4 == 0);
    }
    put_file(state, "one.csv", one);
    put_file(state, "two.csv", two);
    assert_ok(import_file(p, scratch_path(state, "one.csv"), "one", NULL, &e), &e);
    assert_ok(import_file(p, scratch_path(state, "two.csv"), "two", NULL, &e), &e);
    assert_ok(job_report(p, &(struct report_options){ .seed = 1 }, &r, &e), &e);
    assert_in_range(r.n_alarms, 2, 10);
    assert_string_equal(r.alarms[0].name, "low agreement");
    assert_string_equal(r.alarms[0].subject, "B");
    assert_near("B", r.alarms[0].value, 0.25, 1e-12);
    assert_string_equal(r.alarms[1].subject, "A");
    report_result_release(&r);
    project_close(p);
}

/* ---- consensus and export ---- */

static void an_export_says_that_the_consensus_is_old(void **state)
{
    static const char *const names[] = { "consensus" };
    struct project *p = faces_project(state, "");
    const struct export_options o = { .path = scratch_path(state, "out.csv"),
                                      .format = "csv",
                                      .annotators = names,
                                      .n_annotators = 1 };
    struct consensus_result c;
    struct export_result r;
    struct err e;

    assert_ok(import_file(p, scratch_path(state, "anna.csv"), "anna", NULL, &e), &e);
    assert_ok(job_consensus(p, &(struct consensus_options){ 0 }, &c, &e), &e);
    consensus_result_release(&c);
    assert_ok(job_export(p, &o, &r, &e), &e);
    assert_false(r.stale);
    assert_ok(import_file(p, scratch_path(state, "bob.csv"), "bob", NULL, &e), &e);
    assert_ok(job_export(p, &o, &r, &e), &e);
    assert_true(r.stale);
    project_close(p);
}

/* ---- names ---- */

static void names_are_those_that_options_take(void **state)
{
    static const struct {
        const char *kind, *names;
    } rows[] = {
        { "annotators", "anna bob toy " },
        { "groups", "worn " },
        { "questions", "Hat Glasses " },
        { "columns", "site " },
        { "reviewers", "" },
    };
    struct project *p = faces_project(state, "");
    struct project_names n;
    struct err e;

    import_both(state, p);
    run_import_metadata(state, p);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char got[200] = "";

        assert_ok(job_names(p, rows[i].kind, &n, &e), &e);
        for (size_t k = 0; k < n.n; k++)
            snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s ", n.items[k]);
        assert_string_equal(got, rows[i].names);
        names_release(&n);
    }
    assert_refused(job_names(p, "sorts", &n, &e), &e, ERR_ARG);
    project_close(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_tree(every_job_goes_through_and_prints_nothing),
        test_with_tree(jobs_tell_how_far_they_are),
        test_with_tree(an_import_that_is_ended_keeps_nothing),
        test_with_tree(a_run_that_is_ended_keeps_what_it_answered_and_goes_on),
        test_with_tree(plan_and_annotate_see_the_same_work),
        test_with_tree(a_report_without_common_cells_has_no_disputes),
        test_with_tree(alarms_of_one_kind_stand_worst_first),
        test_with_tree(an_export_says_that_the_consensus_is_old),
        test_with_tree(names_are_those_that_options_take),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("jobs", tests, NULL, NULL);
}
