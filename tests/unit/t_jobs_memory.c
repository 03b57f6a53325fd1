/* SPDX-License-Identifier: MIT
 *
 * Memory that ends, at every place where a job takes some: an error, nothing lost, nothing half
 * done, and (under AddressSanitizer) nothing leaked. The linker wraps what takes memory
 * (-Wl,--wrap).
 */
#include "support_jobs.h"

#include "jobs/calibrate.h"

static long left = -1; /* of the allocations that succeed; below zero: all */
static long taken;

static bool has_ended(struct err *e)
{
    taken++;
    if (left < 0 || left-- > 0)
        return false;
    left = 0;
    err_set(e, ERR_NOMEM, "out of memory: as the test has it");
    return true;
}

void *__real_mem_new(size_t n, size_t size, struct err *e);
void *__wrap_mem_new(size_t n, size_t size, struct err *e);
int __real_mem_grow(void *array, size_t *cap, size_t need, size_t size, size_t max, struct err *e);
int __wrap_mem_grow(void *array, size_t *cap, size_t need, size_t size, size_t max, struct err *e);
void *__real_arena_new(struct arena *a, size_t n, size_t size, struct err *e);
void *__wrap_arena_new(struct arena *a, size_t n, size_t size, struct err *e);

void *__wrap_mem_new(size_t n, size_t size, struct err *e)
{
    return has_ended(e) ? NULL : __real_mem_new(n, size, e);
}

int __wrap_mem_grow(void *array, size_t *cap, size_t need, size_t size, size_t max, struct err *e)
{
    return need > *cap && has_ended(e) ? ERR_NOMEM
                                       : __real_mem_grow(array, cap, need, size, max, e);
}

void *__wrap_arena_new(struct arena *a, size_t n, size_t size, struct err *e)
{
    return has_ended(e) ? NULL : __real_arena_new(a, n, size, e);
}

/* ---- jobs, and what they leave where memory ended ---- */

struct tried {
    struct project *project;
    const char *labels; /* a file */
};

static int try_import(struct tried *t, struct err *e)
{
    return import_file(t->project, t->labels, "anna", NULL, e);
}

static int try_annotate(struct tried *t, struct err *e)
{
    struct annotate_result r;

    return job_annotate(t->project, &(struct annotate_options){ .seed = 1 }, &r, e);
}

static int try_consensus(struct tried *t, struct err *e)
{
    struct consensus_result r;
    int rc = job_consensus(t->project, &(struct consensus_options){ 0 }, &r, e);

    if (rc == 0)
        consensus_result_release(&r);
    return rc;
}

static int try_agree(struct tried *t, struct err *e)
{
    static const char *const names[] = { "anna", "bob" };
    struct agree_result r;
    int rc = job_agree(
        t->project,
        &(struct agree_options){ .names = names, .n_names = 2, .resamples = 20, .seed = 1 }, &r, e);

    if (rc == 0)
        agree_result_release(&r);
    return rc;
}

static int try_report(struct tried *t, struct err *e)
{
    struct report_result r;
    int rc = job_report(t->project, &(struct report_options){ .resamples = 20, .seed = 1 }, &r, e);

    if (rc == 0)
        report_result_release(&r);
    return rc;
}

static int try_calibrate(struct tried *t, struct err *e)
{
    const struct calibrate_options o = { .method = CALIBRATE_ISOTONIC, .seed = 1 };
    struct calibrate_result r;
    int rc = job_calibrate(t->project, &o, &r, e);

    if (rc == 0)
        calibrate_result_release(&r);
    return rc;
}

/* Ends memory at places spread over the job; annotator's labels are `before`, or where the job
 * keeps as it goes, a whole number of images. Returns with the job done. */
static void end_memory(void **state, struct project *p, int (*job)(struct tried *t, struct err *e),
                       const char *annotator, uint64_t step)
{
    struct tried t = { p, scratch_path(state, "anna.csv") };
    struct err e;
    long all, done = 0;

    for (long at = 0;; at = at * 21 / 20 + 1) {
        int rc;

        taken = 0;
        left = at;
        rc = job(&t, &e);
        left = -1;
        all = taken;
        if (rc == 0)
            break;
        assert_refused(rc, &e, ERR_NOMEM);
        if (annotator)
            assert_int_equal(labels_of(p, annotator) % step, 0);
        done++;
    }
    assert_in_range(done, 20, 10000);
    assert_true(all > 0);
}

static void an_import_keeps_all_or_nothing(void **state)
{
    struct project *p = faces_project(state, "");

    end_memory(state, p, try_import, "anna", FACE_CELLS - 2);
    assert_int_equal(labels_of(p, "anna"), FACE_CELLS - 2);
    project_close(p);
}

static void a_run_keeps_whole_images_and_goes_on(void **state)
{
    struct project *p = faces_project(state, "");

    end_memory(state, p, try_annotate, "toy", 2);
    assert_int_equal(labels_of(p, "toy"), FACE_CELLS);
    project_close(p);
}

static void a_consensus_is_kept_whole_or_not(void **state)
{
    struct project *p = faces_project(state, "");

    import_both(state, p);
    end_memory(state, p, try_consensus, "consensus", FACE_CELLS - 2); /* two ties stay open */
    assert_int_equal(labels_of(p, "consensus"), FACE_CELLS - 2);
    project_close(p);
}

static void what_only_reads_fails_cleanly(void **state)
{
    struct project *p = faces_project(state, "");

    import_both(state, p);
    end_memory(state, p, try_agree, NULL, 1);
    end_memory(state, p, try_report, NULL, 1);
    project_close(p);
}

static void calibration_fails_cleanly(void **state)
{
    struct project *p = faces_project(state, "");
    struct annotate_result r;
    struct err e;

    import_both(state, p);
    assert_ok(job_annotate(p, &(struct annotate_options){ .seed = 1 }, &r, &e), &e);
    annotate_result_release(&r);
    end_memory(state, p, try_calibrate, NULL, 1);
    project_close(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_tree(an_import_keeps_all_or_nothing),
        test_with_tree(a_run_keeps_whole_images_and_goes_on),
        test_with_tree(a_consensus_is_kept_whole_or_not),
        test_with_tree(what_only_reads_fails_cleanly),
        test_with_tree(calibration_fails_cleanly),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("jobs_memory", tests, NULL, NULL);
}
