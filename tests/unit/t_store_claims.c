/* SPDX-License-Identifier: MIT */
/*
 * store/: which cells an annotator has still to answer, and which process is at work on what. What
 * a change of the questions opens: t_store_labels.c.
 */
#include "support_sqlite.h"

#include <time.h>

#include "store/claims.h"

/* ---- what is still to be answered ---- */

static void what_was_answered_is_asked_no_more(void **state)
{
    static const int16_t values[2 * KINDS_COLUMNS] = { 0, -5, -2, -3, -4, -5, NO, 1, -6, NO };
    static const uint8_t open[2 * KINDS_COLUMNS] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    static const uint8_t left[2 * KINDS_COLUMNS] = { CELL_ANSWERED, CELL_ANSWERED, CELL_ANSWERED,
                                                     CELL_OPEN,     CELL_ANSWERED, CELL_ERROR,
                                                     CELL_ANSWERED, CELL_ERROR,    CELL_ANSWERED,
                                                     CELL_OPEN };
    uint8_t retried[2 * KINDS_COLUMNS];
    struct world w;
    int64_t by = world_with(&w, state, kinds_task, 2);
    struct store_asking a = { by, w.task, false };

    assert_int_equal(CELL_OPEN, 1);
    check_missing(&w, "nothing answered", &a, open);
    put_run(&w, by, (struct batch){ .values = values });
    check_missing(&w, "answered in part", &a, left);
    a.retry_errors = true;
    for (size_t i = 0; i < COUNT(retried); i++)
        retried[i] = left[i] == CELL_ERROR ? CELL_OPEN : left[i];
    check_missing(&w, "with errors retried", &a, retried);
    a.annotator = 0;
    check_missing(&w, "somebody new", &a, open);
    world_close(&w);
}

/* Of Bald: what is left to answer after each run, asked now in these words and now in those. */
static void the_latest_answer_decides_whether_a_cell_is_open(void **state)
{
    static const char these[] = "name: t\nquestions: [{name: Bald, text: \"Bald?\"}]\n",
                      those[] = "name: t\nquestions: [{name: Bald, text: \"No hair?\"}]\n";
    static const struct {
        const char *what;
        bool in_these;
        int16_t value;
        uint8_t left[2], retried[2]; /* in these words, in those */
    } rows[] = {
        { "in these words", true, 1, { 0, CELL_OPEN }, { 0, CELL_OPEN } },
        { "in those", false, 0, { CELL_OPEN, 0 }, { CELL_OPEN, 0 } },
        { "nothing in these", true, NO, { CELL_OPEN, 0 }, { CELL_OPEN, 0 } },
        { "in these again", true, -2, { 0, CELL_OPEN }, { 0, CELL_OPEN } },
        { "an error", true, -5, { CELL_ERROR, CELL_OPEN }, { CELL_OPEN, CELL_OPEN } },
        { "an error in those", false, -5, { CELL_OPEN, CELL_ERROR }, { CELL_OPEN, CELL_OPEN } },
        { "after the error", true, 0, { 0, CELL_OPEN }, { 0, CELL_OPEN } },
    };
    struct world w;
    int64_t by = world_with(&w, state, these, 1);

    for (size_t i = 0; i < COUNT(rows); i++) {
        world_asks(&w, rows[i].in_these ? these : those);
        put_run(&w, by, (struct batch){ .values = &rows[i].value });
        for (size_t words = 0; words < 2; words++) {
            world_asks(&w, words == 0 ? these : those);
            check_missing(&w, rows[i].what, &(struct store_asking){ by, w.task, false },
                          &rows[i].left[words]);
            check_missing(&w, rows[i].what, &(struct store_asking){ by, w.task, true },
                          &rows[i].retried[words]);
        }
    }
    world_close(&w);
}

/* ---- who is at work on what ---- */

/* What a process of its own does with an image of the project: only that is asked of anna. */
struct work {
    const char *path;
    int64_t annotator, image;
    double seconds;
    bool give_back;
};

static int claim_in(struct store *s, const struct work *work, const struct task *t,
                    uint8_t *missing)
{
    const struct store_asking a = { work->annotator, t, false };
    struct err e;
    int rc, taken = -1;

    rc = store_begin(s, &e);
    if (rc == 0)
        taken = rc = store_claim(s, &a, work->image, work->seconds, missing, &e);
    return store_end(s, rc < 0 ? rc : 0, &e) < 0 ? e.code : taken;
}

static int claim_elsewhere(const void *data)
{
    const struct work *work = data;
    struct store *s;
    struct task *t;
    struct err e;
    uint8_t missing[KINDS_COLUMNS];
    int taken;

    if (store_open(&s, work->path, STORE_WRITE, &e) < 0 ||
        task_parse(&t, "t", kinds_task, strlen(kinds_task), &e) < 0)
        return e.code;
    taken = claim_in(s, work, t, missing);
    if (work->give_back && (store_begin(s, &e) < 0 ||
                            store_end(s, store_unclaim(s, work->annotator, work->image, &e), &e)))
        return e.code;
    return taken;
}

/* The same here. */
static int claim_here(struct world *w, const struct work *work)
{
    uint8_t missing[KINDS_COLUMNS];

    return claim_in(w->store, work, w->task, missing);
}

/* A project of two images with anna; closed again, so that other processes may start. */
static struct work closed_project(void **state)
{
    struct world w;
    struct work work = { .path = scratch_path(state, "assent.db"), .seconds = 3600 };

    work.annotator = world_with(&w, state, kinds_task, 2);
    begin(w.store);
    annotator(w.store, "ben", ANNOTATOR_MODEL);
    commit(w.store);
    work.image = w.images.ids[0];
    world_close(&w);
    return work;
}

static void open_again(struct world *w, void **state)
{
    *w = (struct world){ .task = load_task(kinds_task), .store = open_project(state, STORE_WRITE) };
    list_images(w);
}

static void an_image_is_one_process_s_at_a_time(void **state)
{
    struct work work = closed_project(state), other = work;
    struct child c = child_start(claim_elsewhere, &work);
    struct world w;

    assert_int_equal(child_says(&c), CLAIM_TAKEN);
    open_again(&w, state);
    assert_int_equal(claim_here(&w, &work), CLAIM_ELSEWHERE);
    other.image = w.images.ids[1];
    assert_int_equal(claim_here(&w, &other), CLAIM_TAKEN);
    other = work;
    other.annotator++; /* another annotator's */
    assert_int_equal(claim_here(&w, &other), CLAIM_TAKEN);
    assert_int_equal(claim_here(&w, &work), CLAIM_ELSEWHERE);
    child_end(&c); /* killed: nobody is at work any more */
    assert_int_equal(claim_here(&w, &work), CLAIM_TAKEN);
    assert_int_equal(claim_here(&w, &work), CLAIM_TAKEN); /* one's own */
    world_close(&w);
    assert_int_equal(in_child(claim_elsewhere, &work), CLAIM_ELSEWHERE);
}

static void a_claim_ends_with_its_time(void **state)
{
    const struct timespec pause = { .tv_nsec = 20000000 };
    struct work work = closed_project(state);
    double started = clock_seconds();
    struct child c;
    struct world w;
    int taken;

    work.seconds = 1;
    c = child_start(claim_elsewhere, &work);
    assert_int_equal(child_says(&c), CLAIM_TAKEN);
    open_again(&w, state);
    while ((taken = claim_here(&w, &work)) == CLAIM_ELSEWHERE && clock_seconds() - started < 30)
        nanosleep(&pause, NULL);
    assert_int_equal(taken, CLAIM_TAKEN);
    assert_true(clock_seconds() - started >= 0.9);
    world_close(&w);
    child_end(&c);
}

static void an_image_that_is_given_back_is_free(void **state)
{
    struct work work = closed_project(state);
    struct child c;
    struct world w;

    work.give_back = true;
    c = child_start(claim_elsewhere, &work);
    assert_int_equal(child_says(&c), CLAIM_TAKEN);
    open_again(&w, state);
    assert_int_equal(claim_here(&w, &work), CLAIM_TAKEN);
    world_close(&w);
    child_end(&c);
}

/* Too slow, and another process has the image by now. */
static void giving_back_late_leaves_another_s_claim(void **state)
{
    struct work work = closed_project(state), mine = work;
    struct child c;
    struct world w;
    struct err e;

    mine.seconds = 0;
    open_again(&w, state);
    assert_int_equal(claim_here(&w, &mine), CLAIM_TAKEN);
    world_close(&w);
    c = child_start(claim_elsewhere, &work);
    assert_int_equal(child_says(&c), CLAIM_TAKEN);
    open_again(&w, state);
    begin(w.store);
    assert_ok(store_unclaim(w.store, work.annotator, work.image, &e), &e);
    commit(w.store);
    assert_int_equal(claim_here(&w, &work), CLAIM_ELSEWHERE);
    world_close(&w);
    child_end(&c);
}

static void an_image_without_open_cells_is_not_taken(void **state)
{
    static const struct {
        const char *what;
        int16_t values[KINDS_COLUMNS];
        bool retry;
        int claim;
        uint8_t missing[KINDS_COLUMNS];
    } rows[] = {
        { "nothing answered", { NO, NO, NO, NO, NO }, false, CLAIM_TAKEN, { 1, 1, 1, 1, 1 } },
        { "in part", { 0, 1, NO, -2, NO }, false, CLAIM_TAKEN, { 0, 0, 1, 0, 1 } },
        { "an error", { NO, -5, 1, NO, 0 }, false, CLAIM_ANSWERED, { 0, CELL_ERROR, 0, 0, 0 } },
        { "the error again", { NO, NO, NO, NO, NO }, true, CLAIM_TAKEN, { 0, 1, 0, 0, 0 } },
        { "all", { NO, 2, NO, NO, NO }, true, CLAIM_ANSWERED, { 0, 0, 0, 0, 0 } },
    };
    struct world w;
    int64_t by = world_with(&w, state, kinds_task, 1), ben;

    begin(w.store);
    ben = annotator(w.store, "ben", ANNOTATOR_MODEL);
    commit(w.store);
    put_run(&w, ben, (struct batch){ .values = ROW(0, 0, 0, 0, 0) }); /* that is ben's */
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct store_asking a = { by, w.task, rows[i].retry };
        uint8_t missing[KINDS_COLUMNS];
        struct err e;
        int rc;

        put_run(&w, by, (struct batch){ .values = rows[i].values });
        begin(w.store);
        rc = store_claim(w.store, &a, w.images.ids[0], 60, missing, &e);
        commit(w.store);
        if (rc != rows[i].claim)
            fail_row(rows[i].what, "gives %d, not %d", rc, rows[i].claim);
        if (memcmp(missing, rows[i].missing, sizeof(missing)) != 0)
            fail_row(rows[i].what, "leaves other cells open");
        check_missing(&w, rows[i].what, &a, rows[i].missing);
    }
    world_close(&w);
}

/* Claims and lives on, renewing or not, as a process that is slow at an image. */
static int claim_and_keep(const void *data)
{
    const struct work *work = data;
    struct claim_keeper *keeper;
    struct store *s;
    struct err e;
    int taken = claim_elsewhere(data);

    if (store_open(&s, work->path, STORE_WRITE, &e) < 0 ||
        claim_keeper_start(&keeper, s, work->seconds, &e) < 0)
        return e.code;
    return taken;
}

static void a_claim_is_held_as_long_as_its_process_renews_it(void **state)
{
    const struct timespec pause = { .tv_sec = 3 };
    struct work work = closed_project(state);
    struct child c;
    struct world w;

    work.seconds = 1;
    c = child_start(claim_and_keep, &work);
    assert_int_equal(child_says(&c), CLAIM_TAKEN);
    nanosleep(&pause, NULL);
    open_again(&w, state);
    assert_int_equal(claim_here(&w, &work), CLAIM_ELSEWHERE);
    world_close(&w);
    child_end(&c);
}

static int note_claimant(void *data, const struct store_claimant *c)
{
    struct buf *said = data;

    buf_printf(said, "%s %lld %llu %.0f\n", c->host, (long long)c->process,
               (unsigned long long)c->images, c->seconds);
    return 0;
}

static void whose_claim_and_until_when_decides(void **state)
{
    static const struct {
        const char *what, *worker; /* SQL */
        double until;              /* from now */
        int claim;
        const char *said; /* of who else is at work */
    } rows[] = {
        { "another host's", "'away 1 77 5'", 30, CLAIM_ELSEWHERE, "away 77 1 30\n" },
        { "another host's, over", "'away 1 77 5'", -1, CLAIM_TAKEN, "" },
        { "another host's, of before the clock was set back", "'away 1 77 5'", 3600, CLAIM_TAKEN,
          "" },
        { "one's own number, of another process ids' room", "replace(worker, ' ', ' 9')", 30,
          CLAIM_ELSEWHERE, NULL },
        { "a process that is gone",
          "rtrim(rtrim(rtrim(worker, '0123456789'), ' '), '0123456789') || '2147483646 1'", 30,
          CLAIM_TAKEN, "" },
        { "a number that another process got", "worker || '1'", 30, CLAIM_TAKEN, "" },
        { "this process's, of an older program", "rtrim(rtrim(worker, '0123456789'), ' ')", 30,
          CLAIM_ELSEWHERE, NULL },
        { "nothing that is a name", "''", 30, CLAIM_ELSEWHERE, "" },
        { "numbers that are none", "'away x y z'", 30, CLAIM_ELSEWHERE, "away 0 1 30\n" },
    };
    struct work work = closed_project(state);
    char sql[400];

    work.seconds = 60;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf said = BUF_INIT(1000);
        struct world w;
        struct err e;
        int taken;

        open_again(&w, state);
        assert_int_equal(claim_here(&w, &work), CLAIM_TAKEN);
        world_close(&w);
        snprintf(sql, sizeof(sql),
                 "UPDATE claim SET worker = %s, until_unix = (julianday('now') - 2440587.5) * "
                 "86400 + %g",
                 rows[i].worker, rows[i].until);
        run_sql(work.path, sql);
        open_again(&w, state);
        assert_ok(store_claimants(w.store, work.annotator, 60, note_claimant, &said, &e), &e);
        taken = claim_here(&w, &work);
        if (taken != rows[i].claim)
            fail_row(rows[i].what, "gives %d", taken);
        if (rows[i].said && !text_equal(said.text ? said.text : "", rows[i].said))
            fail_row(rows[i].what, "is said to be '%s'", said.text ? said.text : "");
        world_close(&w);
        run_sql(work.path, "DELETE FROM claim");
        buf_release(&said);
    }
}

static void a_claim_can_be_taken_over(void **state)
{
    struct work work = closed_project(state);
    struct store_asking a = { .annotator = work.annotator, .take_over = true };
    struct child c = child_start(claim_elsewhere, &work);
    uint8_t missing[KINDS_COLUMNS];
    struct world w;
    struct err e;

    assert_int_equal(child_says(&c), CLAIM_TAKEN);
    open_again(&w, state);
    a.task = w.task;
    begin(w.store);
    assert_int_equal(store_claim(w.store, &a, work.image, 60, missing, &e), CLAIM_TAKEN);
    commit(w.store);
    assert_int_equal(claim_here(&w, &work), CLAIM_TAKEN); /* one's own by now */
    world_close(&w);
    child_end(&c);
}

/* Answers whatever image is free until all are answered; how many it was. Bald is the worker. */
struct worker {
    const char *path;
    int64_t annotator;
    int16_t number;
};

/* 1: the image was answered here. */
static int answer_one(struct world *w, const struct worker *me, size_t image, struct err *e)
{
    const struct timespec work = { .tv_nsec = 1000000 };
    const struct work one = { me->path, me->annotator, w->images.ids[image], 60, false };
    const struct store_answers a = { .values = ROW(me->number, 0, 0, 0, 0) };
    int rc = claim_here(w, &one);

    if (rc != CLAIM_TAKEN)
        return rc < 0 ? rc : 0;
    nanosleep(&work, NULL);
    rc = store_begin(w->store, e);
    if (rc == 0)
        rc = store_answers_add(w->store, one.image, w->task, &a, e);
    if (rc == 0)
        rc = store_unclaim(w->store, me->annotator, one.image, e);
    rc = store_end(w->store, rc, e);
    return rc < 0 ? rc : 1;
}

static int answer_all(const void *data)
{
    const struct worker *me = data;
    const struct store_run run = { .annotator = me->annotator, .settings = "{}" };
    struct world w = { 0 };
    struct err e;
    int n = 0, rc;

    if (store_open(&w.store, me->path, STORE_WRITE, &e) < 0 ||
        task_parse(&w.task, "t", kinds_task, strlen(kinds_task), &e) < 0 ||
        store_images_load(w.store, &w.images, &e) < 0)
        return e.code;
    rc = store_begin(w.store, &e);
    if (rc == 0)
        rc = store_run_begin(w.store, &run, w.task, &e);
    rc = store_end(w.store, rc, &e);
    for (size_t i = 0; rc >= 0 && i < w.images.n; i++)
        n += (rc = answer_one(&w, me, i, &e)) == 1;
    return rc < 0 ? rc : n;
}

static void processes_share_the_images_and_answer_each_once(void **state)
{
    enum { IMAGES = 120, WORKERS = 3 };
    static const int16_t values[WORKERS] = { VALUE_NO, VALUE_YES, VALUE_UNSURE };
    const char *path = scratch_path(state, "assent.db");
    struct child children[WORKERS];
    struct worker workers[WORKERS];
    struct world w;
    int said[WORKERS], all = 0, labelled[WORKERS] = { 0 };
    struct store_labels l;
    struct err e;
    int64_t by = world_with(&w, state, kinds_task, IMAGES);

    world_close(&w);
    for (size_t k = 0; k < WORKERS; k++) {
        workers[k] = (struct worker){ path, by, values[k] };
        children[k] = child_start(answer_all, &workers[k]);
    }
    for (size_t k = 0; k < WORKERS; k++)
        all += said[k] = child_says(&children[k]);
    for (size_t k = WORKERS; k-- > 0;)
        child_end(&children[k]);
    assert_int_equal(all, IMAGES);
    open_again(&w, state);
    assert_ok(store_labels_load(w.store, by, w.task, &w.images, 0, &l, &e), &e);
    for (size_t i = 0; i < IMAGES; i++)
        for (size_t k = 0; k < WORKERS; k++)
            labelled[k] += l.values[i] == workers[k].number;
    for (size_t k = 0; k < WORKERS; k++)
        assert_int_equal(labelled[k], said[k]);
    store_labels_release(&l);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_scratch(what_was_answered_is_asked_no_more),
        test_with_scratch(the_latest_answer_decides_whether_a_cell_is_open),
        test_with_scratch(an_image_is_one_process_s_at_a_time),
        test_with_scratch(a_claim_ends_with_its_time),
        test_with_scratch(a_claim_is_held_as_long_as_its_process_renews_it),
        test_with_scratch(whose_claim_and_until_when_decides),
        test_with_scratch(a_claim_can_be_taken_over),
        test_with_scratch(an_image_that_is_given_back_is_free),
        test_with_scratch(giving_back_late_leaves_another_s_claim),
        test_with_scratch(an_image_without_open_cells_is_not_taken),
        test_with_scratch(processes_share_the_images_and_answer_each_once),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("store_claims", tests, NULL, NULL);
}
