/* SPDX-License-Identifier: MIT */
/*
 * store/: annotators, their runs and what is remembered of them, hashes of files. What the runs
 * answered: t_store_labels.c.
 */
#include "support_store.h"

#include <time.h>

#include "store/review.h"

/* ---- annotators ---- */

static void an_annotator_is_found_by_name_and_added_once(void **state)
{
    static const struct {
        const char *name;
        enum annotator_kind kind;
    } rows[] = {
        { "llava", ANNOTATOR_MODEL },         { "anna", ANNOTATOR_HUMAN },
        { "consensus", ANNOTATOR_CONSENSUS }, { "Anna", ANNOTATOR_HUMAN },
        { "\xe7\x8c\xab", ANNOTATOR_HUMAN },  { "o'neil \"x\"", ANNOTATOR_MODEL },
    };
    struct store *s = open_project(state, STORE_WRITE);
    struct store_annotators a;
    struct err e;
    int64_t ids[COUNT(rows)];

    begin(s);
    for (size_t i = 0; i < COUNT(rows); i++)
        ids[i] = annotator(s, rows[i].name, rows[i].kind);
    for (size_t i = COUNT(rows); i-- > 0;)
        assert_int_equal(annotator(s, rows[i].name, rows[i].kind), ids[i]);
    commit(s);
    store_close(s);
    s = open_project(state, STORE_READ);
    assert_ok(store_annotators_load(s, &a, &e), &e);
    assert_int_equal(a.n, COUNT(rows));
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(a.items[i].id, ids[i]);
        assert_string_equal(a.items[i].name, rows[i].name);
        assert_int_equal(a.items[i].kind, rows[i].kind);
        assert_true(a.items[i].votes == 0 && !a.items[i].reviews);
        assert_ptr_equal(store_annotators_find(&a, rows[i].name), &a.items[i]);
    }
    assert_null(store_annotators_find(&a, "ANNA"));
    assert_null(store_annotators_find(&a, ""));
    store_annotators_release(&a);
    assert_null(store_annotators_find(&a, "anna"));
    store_close(s);
}

static void a_name_that_is_known_as_another_kind_is_refused(void **state)
{
    static const enum annotator_kind kinds[] = { ANNOTATOR_HUMAN, ANNOTATOR_MODEL,
                                                 ANNOTATOR_CONSENSUS };
    static const char *const names[] = { "human", "model", "consensus" };
    struct store *s = open_project(state, STORE_WRITE);
    struct err e;
    int64_t id;

    begin(s);
    for (size_t known = 0; known < COUNT(kinds); known++)
        annotator(s, names[known], kinds[known]);
    for (size_t known = 0; known < COUNT(kinds); known++)
        for (size_t wanted = 0; wanted < COUNT(kinds); wanted++) {
            if (wanted == known)
                continue;
            assert_refused(store_annotator_id(s, names[known], kinds[wanted], &id, &e), &e,
                           ERR_ARG);
            assert_contains(e.what, names[known]);
            assert_string_equal(e.got, names[wanted]);
            assert_string_equal(e.expected, names[known]);
            assert_true(strlen(e.hint) > 0);
        }
    commit(s);
    store_close(s);
}

/* ---- runs ---- */

struct seen_runs {
    size_t n;
    int64_t ids[8];
    struct buf text;
};

/* "ANNOTATOR SOURCE SHA256 SETTINGS IMAGES/LABELS/ABSTENTIONS [ended]" */
static void see_run(void *data, const struct store_run_info *run)
{
    struct seen_runs *seen = data;
    const struct store_counts *c = &run->counts;

    assert_true(seen->n < COUNT(seen->ids));
    seen->ids[seen->n++] = run->id;
    assert_string_equal(run->by_whom, file_user());
    assert_int_equal(strlen(run->started), strlen("2026-01-31T12:00:00Z"));
    assert_true(!run->ended || strcmp(run->ended, run->started) >= 0);
    buf_printf(&seen->text, "%s %s %s %s %llu/%llu/%llu%s\n", run->annotator,
               run->source ? run->source : "-", run->source_sha256 ? run->source_sha256 : "-",
               run->settings, (unsigned long long)c->images, (unsigned long long)c->labels,
               (unsigned long long)c->abstentions, run->ended ? " ended" : "");
}

static void three_runs(struct world *w)
{
    int64_t model, anna;
    struct err e;

    begin(w->store);
    model = annotator(w->store, "llava", ANNOTATOR_MODEL);
    anna = annotator(w->store, "anna", ANNOTATOR_HUMAN);
    assert_ok(
        store_run_begin(w->store,
                        &(struct store_run){ model, "hash", "{\"dtype\": \"f32\"}", NULL, NULL },
                        w->task, &e),
        &e);
    assert_ok(store_run_end(w->store, &(struct store_counts){ 3, 14, 1, 2.5 }, &e), &e);
    assert_ok(store_run_begin(w->store,
                              &(struct store_run){ anna, NULL, "{}", "caf\xc3\xa9.csv", "c0ffee" },
                              w->task, &e),
              &e);
    assert_ok(
        store_run_end(w->store, &(struct store_counts){ UINT32_MAX, (uint64_t)1 << 40, 0, 0 }, &e),
        &e);
    assert_ok(store_run_begin(w->store, &(struct store_run){ model, NULL, "[]", NULL, NULL },
                              w->task, &e),
              &e);
    commit(w->store); /* the last one is running, or was killed */
}

static void runs_are_listed_newest_first(void **state)
{
    static const char *const lines[] = {
        "llava - - [] 0/0/0\n",
        "anna caf\xc3\xa9.csv c0ffee {} 4294967295/1099511627776/0 ended\n",
        "llava - - {\"dtype\": \"f32\"} 3/14/1 ended\n",
    };
    static const size_t most[] = { 0, 1, 2, 3, 100, SIZE_MAX };
    struct world w;
    struct err e;

    world_open(&w, state, kinds_task, 1);
    three_runs(&w);
    world_again(&w, state);
    for (size_t i = 0; i < COUNT(most); i++) {
        struct seen_runs seen = { .text = BUF_INIT(4096) };
        struct buf wanted = BUF_INIT(4096);

        buf_puts(&seen.text, "");
        buf_puts(&wanted, "");
        for (size_t k = 0; k < COUNT(lines) && k < most[i]; k++)
            buf_puts(&wanted, lines[k]);
        assert_ok(store_runs(w.store, most[i], see_run, &seen, &e), &e);
        assert_string_equal(seen.text.text, wanted.text);
        for (size_t k = 1; k < seen.n; k++)
            assert_true(seen.ids[k] < seen.ids[k - 1]);
        buf_release(&seen.text);
        buf_release(&wanted);
    }
    world_close(&w);
}

static void note_seconds(void *data, const struct store_run_info *run)
{
    double **at = data;

    *(*at)++ = run->counts.seconds;
}

static void a_run_that_is_listed_knows_its_seconds(void **state)
{
    double seconds[3] = { -1, -1, -1 }, *at = seconds;
    struct world w;
    struct err e;

    world_open(&w, state, kinds_task, 1);
    three_runs(&w);
    assert_ok(store_runs(w.store, 3, note_seconds, &at, &e), &e);
    assert_near("still running", seconds[0], 0, 0);
    assert_near("not known", seconds[1], 0, 0);
    assert_near("known", seconds[2], 2.5, 0);
    world_close(&w);
}

static void a_run_that_failed_keeps_nothing(void **state)
{
    static const int16_t values[KINDS_COLUMNS] = { 1, 2, 0, 1, 2 };
    static const int16_t none[KINDS_COLUMNS] = { -1, -1, -1, -1, -1 };
    struct store_annotators annotators;
    struct world w;
    struct err e;
    int64_t by, own, others;

    world_open(&w, state, kinds_task, 1);
    begin(w.store);
    by = annotator(w.store, "anna", ANNOTATOR_HUMAN);
    start_run(&w, by);
    put_image(&w, 0, &(struct batch){ .values = values });
    end_run(&w);
    assert_int_equal(store_end(w.store, ERR_FORMAT, &e), ERR_FORMAT);
    check_labels(&w, "after the failure", by, none);
    assert_ok(store_newest_runs(w.store, by, &own, &others, &e), &e);
    assert_true(own == 0 && others == 0);
    assert_ok(store_annotators_load(w.store, &annotators, &e), &e);
    assert_int_equal(annotators.n, 0);
    store_annotators_release(&annotators);
    begin(w.store); /* the questions went with it: they are put down again */
    by = annotator(w.store, "anna", ANNOTATOR_HUMAN);
    commit(w.store);
    put_run(&w, by, (struct batch){ .values = values });
    check_labels(&w, "the second time", by, values);
    world_close(&w);
}

static int add_answers(struct world *w)
{
    static const int16_t values[KINDS_COLUMNS] = { 0 };
    const struct store_answers a = { .values = values };
    struct err e;
    int rc;

    begin(w->store);
    rc = store_answers_add(w->store, w->images.ids[0], w->task, &a, &e);
    rc = store_end(w->store, rc, &e);
    assert_true(rc == 0 || (e.code == rc && e.what[0] != '\0'));
    return rc;
}

static void answers_need_a_run(void **state)
{
    struct world w;
    struct err e;
    int64_t by;
    int rc;

    world_open(&w, state, kinds_task, 1);
    assert_int_equal(add_answers(&w), ERR_DB);
    begin(w.store);
    by = annotator(w.store, "anna", ANNOTATOR_HUMAN);
    rc = store_vote_add(w.store, &(struct store_vote){ by, w.images.ids[0], 0, 1, 1 }, &e);
    assert_refused(store_end(w.store, rc, &e), &e, ERR_DB);
    begin(w.store);
    start_run(&w, annotator(w.store, "anna", ANNOTATOR_HUMAN));
    commit(w.store);
    assert_int_equal(add_answers(&w), 0); /* a run goes over several transactions */
    world_close(&w);
}

static void an_ended_run_takes_no_answers(void **state)
{
    struct world w;

    world_open(&w, state, kinds_task, 1);
    begin(w.store);
    start_run(&w, annotator(w.store, "anna", ANNOTATOR_HUMAN));
    end_run(&w);
    commit(w.store);
    assert_int_equal(add_answers(&w), ERR_DB);
    world_close(&w);
}

static void a_run_answers_an_image_once_and_only_images_that_are_there(void **state)
{
    static const int16_t values[KINDS_COLUMNS] = { 0 };
    const struct store_answers a = { .values = values };
    struct world w;
    struct err e;
    int rc;

    world_open(&w, state, kinds_task, 1);
    begin(w.store);
    start_run(&w, annotator(w.store, "anna", ANNOTATOR_HUMAN));
    commit(w.store);
    assert_int_equal(add_answers(&w), 0);
    assert_int_equal(add_answers(&w), ERR_DB);
    begin(w.store);
    rc = store_answers_add(w.store, w.images.max_id + 1, w.task, &a, &e);
    assert_refused(store_end(w.store, rc, &e), &e, ERR_DB);
    world_close(&w);
}

/* ---- how fast, with what ---- */

/* A run that took so many seconds for so many images. */
static void timed_run(struct world *w, int64_t by, uint64_t images, double seconds)
{
    struct err e;

    begin(w->store);
    start_run(w, by);
    assert_ok(store_run_end(w->store, &(struct store_counts){ images, 0, 0, seconds }, &e), &e);
    commit(w->store);
}

static void usage_adds_up_where_all_is_known(void **state)
{
    struct store_usage sum;
    struct world w;
    uint64_t images;
    int64_t a;
    struct err e;

    world_open(&w, state, kinds_task, 1);
    begin(w.store);
    a = annotator(w.store, "a", ANNOTATOR_MODEL);
    commit(w.store);
    timed_run(&w, a, 10, 1); /* no server's */
    assert_ok(store_usage_of(w.store, a, &sum, &images, &e), &e);
    assert_true(!sum.asked && !sum.counted && images == 0);
    begin(w.store);
    start_run(&w, a);
    assert_ok(store_run_usage(w.store, &(struct store_usage){ true, 3, true, 100, 40, 5 }, &e), &e);
    assert_ok(store_run_usage(w.store, &(struct store_usage){ true, 4, true, 110, 50, 6 }, &e), &e);
    commit(w.store);
    assert_int_equal(add_answers(&w), 0);
    begin(w.store); /* that run was killed */
    start_run(&w, a);
    assert_ok(store_run_usage(w.store, &(struct store_usage){ true, 1, true, 10, 0, 1 }, &e), &e);
    commit(w.store);
    assert_ok(store_usage_of(w.store, a, &sum, &images, &e), &e);
    assert_true(sum.asked && sum.requests == 5 && sum.counted && images == 1);
    assert_true(sum.prompt == 120 && sum.cached == 50 && sum.completion == 7);
    begin(w.store);
    start_run(&w, a);
    assert_ok(store_run_usage(w.store, &(struct store_usage){ true, 2, false, 9, 9, 9 }, &e), &e);
    commit(w.store);
    assert_ok(store_usage_of(w.store, a, &sum, &images, &e), &e);
    assert_true(sum.requests == 7 && !sum.counted && images == 1);
    world_close(&w);
}

static double speed_of(struct world *w, int64_t by)
{
    struct err e;
    double speed = 0;

    assert_ok(store_run_speed(w->store, by, &speed, &e), &e);
    return speed;
}

static void speed_is_over_all_runs_that_know_their_time(void **state)
{
    struct world w;
    int64_t a, b;

    world_open(&w, state, kinds_task, 1);
    begin(w.store);
    a = annotator(w.store, "a", ANNOTATOR_MODEL);
    b = annotator(w.store, "b", ANNOTATOR_MODEL);
    commit(w.store);
    assert_undefined(speed_of(&w, a));
    timed_run(&w, a, 1000, 0);
    assert_undefined(speed_of(&w, a));
    timed_run(&w, a, 10, 4);
    assert_near("one", speed_of(&w, a), 2.5, 0);
    timed_run(&w, a, 50, 1);
    assert_near("two", speed_of(&w, a), 12, 0);
    assert_undefined(speed_of(&w, b));
    timed_run(&w, b, 0, 0.5);
    assert_near("no images", speed_of(&w, b), 0, 0);
    assert_undefined(speed_of(&w, b + 1));
    world_close(&w);
}

static void check_identity(struct world *w, int64_t by, const char *identity, const char *settings)
{
    char *got, *with;
    struct err e;

    assert_ok(store_identity(w->store, by, &got, &with, &e), &e);
    if (!text_equal(got, identity) || !text_equal(with, settings))
        fail_msg("is %s with %s", got ? got : "none", with ? with : "none");
    free(got);
    free(with);
}

static void an_identity_is_that_of_the_newest_run_that_has_one(void **state)
{
    static const struct {
        const char *identity, *settings, *wanted, *with;
    } rows[] = {
        { NULL, "{\"a\": 1}", NULL, NULL },           { "one", "{\"b\": 2}", "one", "{\"b\": 2}" },
        { NULL, "{\"c\": 3}", "one", "{\"b\": 2}" },  { "two", "", "two", "" },
        { "one", "{\"d\": 4}", "one", "{\"d\": 4}" },
    };
    struct world w;
    struct err e;
    int64_t a, b;

    world_open(&w, state, kinds_task, 1);
    begin(w.store);
    a = annotator(w.store, "a", ANNOTATOR_MODEL);
    b = annotator(w.store, "b", ANNOTATOR_MODEL);
    commit(w.store);
    check_identity(&w, a, NULL, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct store_run run = { a, rows[i].identity, rows[i].settings, NULL, NULL };

        begin(w.store);
        assert_ok(store_run_begin(w.store, &run, w.task, &e), &e);
        commit(w.store);
        check_identity(&w, a, rows[i].wanted, rows[i].with);
        check_identity(&w, b, NULL, NULL);
    }
    world_close(&w);
}

/* ---- which is the newer ---- */

static void check_newest(struct world *w, const char *what, int64_t by, int64_t own, int64_t others)
{
    int64_t got_own = -1, got_others = -1;
    struct err e;

    assert_ok(store_newest_runs(w->store, by, &got_own, &got_others, &e), &e);
    if (got_own != own || got_others != others)
        fail_row(what, "gives %lld and %lld, not %lld and %lld", (long long)got_own,
                 (long long)got_others, (long long)own, (long long)others);
}

/* Runs an annotator over nothing; the run's id. */
static int64_t quick_run(struct world *w, int64_t by)
{
    struct seen_runs seen = { .text = BUF_INIT(4096) };
    struct err e;

    timed_run(w, by, 0, 0);
    assert_ok(store_runs(w->store, 1, see_run, &seen, &e), &e);
    buf_release(&seen.text);
    return seen.ids[0];
}

static void the_newest_runs_are_one_s_own_and_all_others(void **state)
{
    struct world w;
    int64_t a, b, c, run_a, run_b, run_c;

    world_open(&w, state, kinds_task, 1);
    begin(w.store);
    a = annotator(w.store, "a", ANNOTATOR_CONSENSUS);
    b = annotator(w.store, "b", ANNOTATOR_MODEL);
    c = annotator(w.store, "c", ANNOTATOR_HUMAN);
    commit(w.store);
    check_newest(&w, "no runs", a, 0, 0);
    run_b = quick_run(&w, b);
    check_newest(&w, "another's only", a, 0, run_b);
    run_a = quick_run(&w, a);
    assert_true(run_a > run_b);
    check_newest(&w, "its own after", a, run_a, run_b);
    run_c = quick_run(&w, c);
    check_newest(&w, "another after", a, run_a, run_c);
    check_newest(&w, "of the other", c, run_c, run_a);
    run_a = quick_run(&w, a);
    check_newest(&w, "its own again", a, run_a, run_c);
    world_close(&w);
}

static void withdraw(struct world *w, int64_t run, bool back)
{
    struct err e;

    begin(w->store);
    assert_ok(store_run_withdraw(w->store, &run, back, &e), &e);
    commit(w->store);
}

static void refuses_to_withdraw(struct world *w, int64_t run, bool back, const char *says)
{
    struct err e;

    begin(w->store);
    assert_refused(store_run_withdraw(w->store, &run, back, &e), &e, ERR_ARG);
    assert_contains(e.what, says);
    store_rollback(w->store);
}

static void a_run_that_is_withdrawn_is_none_of_the_newest(void **state)
{
    struct world w;
    int64_t a, b, run_a, run_b, last = 0;
    struct err e;

    world_open(&w, state, kinds_task, 1);
    begin(w.store);
    a = annotator(w.store, "a", ANNOTATOR_CONSENSUS);
    b = annotator(w.store, "b", ANNOTATOR_MODEL);
    commit(w.store);
    refuses_to_withdraw(&w, 0, false, "no run is left");
    run_b = quick_run(&w, b);
    run_a = quick_run(&w, a);
    begin(w.store);
    assert_ok(store_run_withdraw(w.store, &last, false, &e), &e); /* without a number the newest */
    commit(w.store);
    assert_int_equal(last, run_a);
    check_newest(&w, "its own is withdrawn", a, 0, run_b);
    withdraw(&w, run_a, true);
    check_newest(&w, "its own is back, and was made of what there is", a, run_a, run_b);
    withdraw(&w, run_b, false);
    check_newest(&w, "what it was made of is withdrawn", a, run_a, run_a + 1);
    run_a = quick_run(&w, a);
    check_newest(&w, "its own after that", a, run_a, 0);
    withdraw(&w, run_b, true);
    check_newest(&w, "what it was not made of is back", a, run_a, run_a + 1);
    refuses_to_withdraw(&w, run_b, true, "counts already");
    refuses_to_withdraw(&w, run_b + 100, false, "no run");
    withdraw(&w, run_b, false);
    refuses_to_withdraw(&w, run_b, false, "withdrawn already");
    world_close(&w);
}

/* An item of a review with an answer given at this time; NULL: now. */
static int64_t answer_item(struct world *w, size_t image, const char *at)
{
    const struct store_new_item item = { .item = { .kind = REVIEW_DISPUTE, .votes = 1 },
                                         .image = w->images.ids[image] };
    const struct store_ballot ballot = { w->images.ids[image], 0, VALUE_YES };
    struct store_answer a = { .key = "key-0001", .kind = ANSWER_VALUE, .value = "yes", .at = at };
    struct err e;

    begin(w->store);
    assert_ok(store_review_begin(w->store, w->task, &e), &e);
    a.annotator = annotator(w->store, "anna", ANNOTATOR_HUMAN);
    assert_ok(store_item_add(w->store, &item, w->task, &a.item, &e), &e);
    assert_ok(store_answer_add(w->store, &a, &ballot, &e), &e);
    commit(w->store);
    return a.item;
}

static void answers_of_a_review_make_the_others_newer(void **state)
{
    struct world w;
    int64_t a, item, own;
    struct err e;

    for (int undone = 0; undone < 2; undone++) {
        world_open(&w, state, kinds_task, 2);
        begin(w.store);
        a = annotator(w.store, "consensus", ANNOTATOR_CONSENSUS);
        commit(w.store);
        item = answer_item(&w, 0, "2020-01-31T12:00:00Z");
        check_newest(&w, "no run", a, 0, 0);
        own = quick_run(&w, a);
        check_newest(&w, "a run after the answer", a, own, 0);
        begin(w.store);
        if (undone)
            assert_ok(
                store_answer_undo(w.store, annotator(w.store, "anna", ANNOTATOR_HUMAN), item, &e),
                &e);
        commit(w.store);
        if (!undone)
            answer_item(&w, 1, NULL);
        check_newest(&w, undone ? "undone after the run" : "an answer after it", a, own, own + 1);
        world_close(&w);
        remove(scratch_path(state, "assent.db"));
    }
}

/* A packet's answers carry the time at which they were given, and come in when it is taken back. */
static void answers_that_came_after_a_run_are_newer_whenever_they_were_given(void **state)
{
    struct world w;
    int64_t a, own;

    world_open(&w, state, kinds_task, 1);
    begin(w.store);
    a = annotator(w.store, "consensus", ANNOTATOR_CONSENSUS);
    commit(w.store);
    own = quick_run(&w, a);
    answer_item(&w, 0, "2020-01-31T12:00:00Z");
    check_newest(&w, "given before, taken in after", a, own, own + 1);
    world_close(&w);
}

static void a_run_right_after_an_answer_is_the_newer(void **state)
{
    const struct timespec pause = { .tv_nsec = 1000000 };
    time_t before = time(NULL);
    struct world w;
    int64_t a;

    world_open(&w, state, kinds_task, 1);
    begin(w.store);
    a = annotator(w.store, "consensus", ANNOTATOR_CONSENSUS);
    commit(w.store);
    while (time(NULL) == before) /* both in one second */
        nanosleep(&pause, NULL);
    answer_item(&w, 0, NULL);
    check_newest(&w, "answered before", a, quick_run(&w, a), 0);
    world_close(&w);
}

/* ---- hashes of files ---- */

static void a_file_s_hash_is_known_while_the_file_is_as_it_was(void **state)
{
    static const struct store_file was = { "/m/a.safetensors", { "5 1.0 2.0 3 4", "aa" } };
    static const struct {
        struct store_file file;
        int known;
    } rows[] = {
        { { "/m/a.safetensors", { "5 1.0 2.0 3 4", "aa" } }, 1 },
        { { "/m/a.safetensors", { "5 1.0 2.1 3 4", "aa" } }, 0 },
        { { "/m/a.safetensors", { "5 1.0 2.0 3 4", "ab" } }, 0 },
        { { "/m/b.safetensors", { "5 1.0 2.0 3 4", "aa" } }, 0 },
    };
    static const char *const hashes[] = { "11", "22" };
    struct store *s = open_project(state, STORE_WRITE);
    struct err e;
    char hex[SHA256_HEX];

    assert_int_equal(store_file_hash(s, &was, hex, &e), 0);
    for (size_t h = 0; h < COUNT(hashes); h++) {
        begin(s);
        assert_ok(store_file_hash_set(s, &was, hashes[h], &e), &e);
        commit(s);
        for (size_t i = 0; i < COUNT(rows); i++) {
            strcpy(hex, "as before");
            assert_int_equal(store_file_hash(s, &rows[i].file, hex, &e), rows[i].known);
            assert_string_equal(hex, rows[i].known ? hashes[h] : "as before");
        }
    }
    begin(s); /* it changed */
    assert_ok(store_file_hash_set(s, &rows[1].file, "33", &e), &e);
    commit(s);
    assert_int_equal(store_file_hash(s, &was, hex, &e), 0);
    assert_int_equal(store_file_hash(s, &rows[1].file, hex, &e), 1);
    assert_string_equal(hex, "33");
    store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_scratch(an_annotator_is_found_by_name_and_added_once),
        test_with_scratch(a_name_that_is_known_as_another_kind_is_refused),
        test_with_scratch(runs_are_listed_newest_first),
        test_with_scratch(a_run_that_is_listed_knows_its_seconds),
        test_with_scratch(a_run_that_failed_keeps_nothing),
        test_with_scratch(answers_need_a_run),
        test_with_scratch(an_ended_run_takes_no_answers),
        test_with_scratch(a_run_answers_an_image_once_and_only_images_that_are_there),
        test_with_scratch(usage_adds_up_where_all_is_known),
        test_with_scratch(speed_is_over_all_runs_that_know_their_time),
        test_with_scratch(an_identity_is_that_of_the_newest_run_that_has_one),
        test_with_scratch(the_newest_runs_are_one_s_own_and_all_others),
        test_with_scratch(a_run_that_is_withdrawn_is_none_of_the_newest),
        test_with_scratch(answers_of_a_review_make_the_others_newer),
        test_with_scratch(answers_that_came_after_a_run_are_newer_whenever_they_were_given),
        test_with_scratch(a_run_right_after_an_answer_is_the_newer),
        test_with_scratch(a_file_s_hash_is_known_while_the_file_is_as_it_was),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("store_runs", tests, NULL, NULL);
}
