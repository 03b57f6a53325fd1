/* SPDX-License-Identifier: MIT */
/*
 * jobs/calibrate.h: calibrated probabilities of all cells. The figures, against the definitions:
 * tests/cli/test_calibrate.py.
 */
#include "support_jobs.h"

#include "jobs/calibrate.h"

enum { PICTURES = 90, KNOWN = 80, QUESTIONS = 2, OPTIONS = 3, WIDTH = 1 + OPTIONS };

static const char calibrated_task[] =
    "name: test\nquestions:\n"
    "  - {name: Hat, text: a}\n"
    "  - {name: Hair, kind: choice, options: [black, blond, red], text: b}\n";

static const char *const hair[OPTIONS] = { "black", "blond", "red" };

/* Numbers that look drawn. */
static unsigned mixed(size_t i, unsigned n)
{
    return (unsigned)((i * 2654435761u >> 7) % n);
}

static bool is_hat(size_t i)
{
    return mixed(i + 500, 100) < (mixed(i, 90) + 5) / 2; /* half as often as is said */
}

static void put_labels(void **state, size_t flipped)
{
    struct buf model = BUF_INIT(1 << 20), people = BUF_INIT(1 << 20);

    buf_puts(&people, "image_id,Hat,Hair\n");
    for (size_t i = 0; i < PICTURES; i++) {
        double p = (mixed(i, 90) + 5) / 100.0, best = 0.5 + mixed(i + 50, 45) / 100.0;

        buf_printf(&model,
                   "{\"image\": \"%03zu.png\", \"question\": \"Hat\", \"value\": \"%s\", "
                   "\"options\": {\"yes\": %.4f, \"no\": %.4f}}\n",
                   i, p > 0.5 ? "yes" : "no", p, 1 - p);
        buf_printf(&model,
                   "{\"image\": \"%03zu.png\", \"question\": \"Hair\", \"value\": \"red\", "
                   "\"options\": {\"black\": %.4f, \"blond\": %.4f, \"red\": %.4f}}\n",
                   i, 0.75 * (1 - best), 0.25 * (1 - best), best);
        if (i < KNOWN)
            buf_printf(&people, "%03zu.png,%d,%s\n", i, is_hat(i) != (i == flipped),
                       hair[i == flipped ? 0 : mixed(i + 9, 2) + 1]);
    }
    put_file(state, "model.jsonl", model.text);
    put_file(state, "people.csv", people.text);
    buf_release(&model);
    buf_release(&people);
}

static void import_as(void **state, struct project *p, const char *file, const char *kind)
{
    const struct import_options o = { .path = scratch_path(state, file),
                                      .annotator = file,
                                      .kind = kind };
    struct import_result r;
    struct err e;

    assert_ok(job_import(p, &o, &r, &e), &e);
    import_result_release(&r);
}

/* p[image * WIDTH + place] */
static void calibrate(struct project *p, enum calibrate_method method, float *out)
{
    static const char *const model[] = { "model.jsonl" };
    const struct calibrate_options o = { .method = method, .against = "people.csv", .seed = 1 };
    struct dataset d;
    struct err e;

    assert_ok(dataset_open(&d, p, &e), &e);
    assert_ok(dataset_load(&d, model, 1, STORE_WITH_PROBABILITIES, &e), &e);
    assert_int_equal(d.images.n, PICTURES);
    if (method != CALIBRATE_PLAIN)
        assert_ok(calibrate_labels(&d, &d.items[0], &o, &e), &e);
    memcpy(out, d.items[0].labels.probabilities, PICTURES * WIDTH * sizeof(*out));
    dataset_release(&d);
}

static struct project *project_of(void **state, size_t flipped)
{
    struct project *p = new_project(state, calibrated_task);

    put_labels(state, flipped);
    import_as(state, p, "model.jsonl", "model");
    import_as(state, p, "people.csv", "human");
    return p;
}

/* Whatever is said to be true of a picture, its own probabilities stay; the others' move. */
static void a_picture_does_not_see_itself(void **state)
{
    enum { FLIPPED = 7 };
    float before[PICTURES * WIDTH], after[PICTURES * WIDTH];

    for (int m = CALIBRATE_TEMPERATURE; m <= CALIBRATE_ISOTONIC; m++) {
        struct project *p = project_of(state, SIZE_MAX);
        size_t moved = 0;

        calibrate(p, (enum calibrate_method)m, before);
        put_labels(state, FLIPPED);
        import_as(state, p, "people.csv", "human"); /* counts from now on */
        calibrate(p, (enum calibrate_method)m, after);
        assert_memory_equal(before + FLIPPED * WIDTH, after + FLIPPED * WIDTH,
                            WIDTH * sizeof(*before));
        for (size_t i = 0; i < PICTURES * WIDTH; i++)
            moved += before[i] != after[i];
        assert_true(moved > 10);
        project_close(p);
        assert_int_equal(remove(scratch_path(state, "assent.db")), 0);
        assert_int_equal(remove(scratch_path(state, "assent.yaml")), 0);
    }
}

static void every_cell_has_probabilities_that_are_some(void **state)
{
    struct project *p = project_of(state, SIZE_MAX);
    float plain[PICTURES * WIDTH], out[PICTURES * WIDTH];

    calibrate(p, CALIBRATE_PLAIN, plain);
    for (int m = CALIBRATE_TEMPERATURE; m <= CALIBRATE_ISOTONIC; m++) {
        calibrate(p, (enum calibrate_method)m, out);
        for (size_t i = 0; i < PICTURES; i++) {
            const float *is = out + i * WIDTH, *was = plain + i * WIDTH;

            for (size_t k = 0; k < WIDTH; k++)
                assert_true(is[k] >= 0 && is[k] <= 1);
            assert_near("sum", (double)(is[1] + is[2] + is[3]), 1, 1e-6);
            /* options that are not the label share as they did */
            assert_near("shares", (double)(is[1] * was[2]), (double)(is[2] * was[1]), 1e-6);
        }
    }
    project_close(p);
}

/* What others get is what the job's figures are of. */
static void calibrated_labels_have_the_figures_of_the_job(void **state)
{
    struct project *p = project_of(state, SIZE_MAX);
    const struct calibrate_options o = { .method = CALIBRATE_PLATT, .seed = 1 };
    float out[PICTURES * WIDTH];
    struct calibrate_result r;
    double brier = 0;
    struct err e;

    assert_ok(job_calibrate(p, &o, &r, &e), &e);
    assert_string_equal(r.against, "people.csv");
    assert_int_equal(r.images, KNOWN);
    assert_int_equal(r.n_pooled, 2);
    assert_string_equal(r.rows[2].name, "Hat");
    calibrate(p, CALIBRATE_PLATT, out);
    for (size_t i = 0; i < KNOWN; i++) {
        double away = (double)out[i * WIDTH] - is_hat(i);

        brier += away * away / KNOWN;
    }
    assert_near("Brier", r.rows[2].after.brier, brier, 1e-6);
    assert_true(r.rows[2].after.brier < r.rows[2].before.brier);
    calibrate_result_release(&r);
    project_close(p);
}

static void what_cannot_be_calibrated_is_refused(void **state)
{
    static const char *const model[] = { "model.jsonl" };
    struct project *p = project_of(state, SIZE_MAX);
    struct calibrate_options o = { .method = CALIBRATE_CONTEXTUAL, .seed = 1 };
    struct dataset d;
    struct err e;

    assert_ok(dataset_open(&d, p, &e), &e);
    assert_ok(dataset_load(&d, model, 1, STORE_WITH_PROBABILITIES, &e), &e);
    assert_refused(calibrate_labels(&d, &d.items[0], &o, &e), &e, ERR_ARG);
    assert_non_null(strstr(e.what, "blank picture"));
    o = (struct calibrate_options){ .method = CALIBRATE_PLATT, .against = "people" };
    assert_refused(calibrate_labels(&d, &d.items[0], &o, &e), &e, ERR_ARG);
    dataset_release(&d);
    project_close(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_tree(a_picture_does_not_see_itself),
        test_with_tree(every_cell_has_probabilities_that_are_some),
        test_with_tree(calibrated_labels_have_the_figures_of_the_job),
        test_with_tree(what_cannot_be_calibrated_is_refused),
    };

    return cmocka_run_group_tests_name("jobs_calibrate", tests, NULL, NULL);
}
