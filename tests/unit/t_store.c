/* SPDX-License-Identifier: MIT */
/*
 * store/: opening, transactions, several programs at once; images and what is known of them. Runs:
 * t_store_runs.c; labels: t_store_labels.c; reviews: t_store_review.c; SQLite's files:
 * t_store_sqlite.c.
 */
#include "support_store.h"

#include <pthread.h>
#include <time.h>

/* ---- opening ---- */

static void a_project_that_is_not_there_is_made_for_writing(void **state)
{
    struct store *s = open_project(state, STORE_WRITE);

    assert_int_equal(count_images(s), 0);
    begin(s);
    add_images(s, 0, 3);
    commit(s);
    store_close(s);
    for (int mode = STORE_READ; mode <= STORE_WRITE; mode++) {
        s = open_project(state, (enum store_mode)mode);
        assert_int_equal(count_images(s), 3);
        store_close(s);
    }
    store_close(NULL);
    assert_true(strlen(store_library()) > 0);
}

static void a_project_that_is_not_there_reads_as_an_empty_one(void **state)
{
    struct store *s = open_project(state, STORE_READ);
    struct store_annotators annotators;
    int64_t own = 7, others = 7;
    struct err e;

    assert_int_equal(scratch_count(state), 0);
    assert_int_equal(count_images(s), 0);
    assert_ok(store_annotators_load(s, &annotators, &e), &e);
    assert_int_equal(annotators.n, 0);
    store_annotators_release(&annotators);
    assert_ok(store_newest_runs(s, 1, &own, &others, &e), &e);
    assert_true(own == 0 && others == 0);
    store_close(s);
    assert_int_equal(scratch_count(state), 0);
}

static void a_reader_cannot_write(void **state)
{
    struct store *s;
    struct err e;
    int64_t id;
    int rc;

    store_close(open_project(state, STORE_WRITE));
    s = open_project(state, STORE_READ);
    rc = store_begin(s, &e);
    if (rc == 0)
        rc = store_image_add(s, "a", &id, &e);
    assert_refused(store_end(s, rc, &e), &e, ERR_DB);
    assert_true(strlen(e.hint) > 0);
    assert_int_equal(count_images(s), 0);
    store_close(s);
}

/* ---- transactions ---- */

/* Adds an image and ends with this code; how many images there are then. */
static size_t add_and_end(struct store *s, int rc, int *ended)
{
    struct err e;

    begin(s);
    add_images(s, count_images(s), 1);
    *ended = store_end(s, rc, &e);
    return count_images(s);
}

static void a_transaction_is_kept_where_all_went_well(void **state)
{
    static const int codes[] = { ERR_ARG,   ERR_NOMEM, ERR_IO,          ERR_FORMAT,
                                 ERR_LIMIT, ERR_DB,    ERR_INTERRUPTED, ERR_BUSY };
    struct store *s = open_project(state, STORE_WRITE);
    size_t kept = 0;
    int ended;

    for (size_t i = 0; i < COUNT(codes); i++) {
        assert_int_equal(add_and_end(s, codes[i], &ended), kept);
        assert_int_equal(ended, codes[i]);
        assert_int_equal(add_and_end(s, 0, &ended), ++kept);
        assert_int_equal(ended, 0);
    }
    store_close(s);
    s = open_project(state, STORE_READ);
    assert_int_equal(count_images(s), kept);
    store_close(s);
}

static void a_code_above_zero_rolls_back_too(void **state)
{
    struct store *s = open_project(state, STORE_WRITE);
    int ended;

    assert_int_equal(add_and_end(s, 1, &ended), 0);
    assert_int_equal(ended, 1);
    assert_int_equal(add_and_end(s, 0, &ended), 1);
    store_close(s);
}

static void closing_rolls_back_what_is_not_committed(void **state)
{
    struct store *s = open_project(state, STORE_WRITE);

    begin(s);
    add_images(s, 0, 3);
    commit(s);
    begin(s);
    add_images(s, 3, 4);
    assert_int_equal(count_images(s), 7);
    store_close(s);
    s = open_project(state, STORE_WRITE);
    assert_int_equal(count_images(s), 3);
    store_close(s);
}

static void a_trial_sees_what_it_did_and_keeps_nothing(void **state)
{
    struct store *s = open_project(state, STORE_WRITE);

    begin(s);
    add_images(s, 0, 5);
    assert_int_equal(count_images(s), 5);
    store_rollback(s);
    assert_int_equal(count_images(s), 0);
    store_rollback(s); /* none is open */
    begin(s);
    add_images(s, 0, 2);
    commit(s);
    assert_int_equal(count_images(s), 2);
    store_close(s);
}

static void ending_what_never_began_is_refused(void **state)
{
    struct store *s = open_project(state, STORE_WRITE);
    struct err e;
    int ended;

    assert_refused(store_end(s, 0, &e), &e, ERR_DB);
    assert_int_equal(store_end(s, ERR_ARG, &e), ERR_ARG);
    assert_int_equal(add_and_end(s, 0, &ended), 1);
    assert_refused(store_end(s, 0, &e), &e, ERR_DB);
    assert_int_equal(count_images(s), 1);
    store_close(s);
}

static void a_transaction_inside_another_is_refused(void **state)
{
    struct store *s = open_project(state, STORE_WRITE);
    struct err e;

    begin(s);
    add_images(s, 0, 1);
    assert_refused(store_begin(s, &e), &e, ERR_DB);
    store_close(s);
    s = open_project(state, STORE_READ);
    assert_int_equal(count_images(s), 0);
    store_close(s);
}

static void a_refused_beginning_takes_nothing_from_the_transaction_that_is_open(void **state)
{
    struct store *s = open_project(state, STORE_WRITE);
    struct err e;
    int ended;

    begin(s);
    add_images(s, 0, 1);
    assert_refused(store_begin(s, &e), &e, ERR_DB);
    assert_int_equal(store_end(s, ERR_ARG, &e), ERR_ARG);
    assert_int_equal(count_images(s), 0);
    assert_int_equal(add_and_end(s, 0, &ended), 1);
    assert_int_equal(ended, 0);
    store_close(s);
}

/* ---- several at once ---- */

static void readers_see_what_is_committed_and_never_wait(void **state)
{
    struct store *writer = open_project(state, STORE_WRITE);
    struct store *reader = open_project(state, STORE_READ);
    double started = clock_seconds();

    for (size_t round = 0; round < 3; round++) {
        begin(writer);
        add_images(writer, round * 10, 10);
        assert_int_equal(count_images(reader), round * 10);
        commit(writer);
        assert_int_equal(count_images(reader), (round + 1) * 10);
    }
    assert_true(clock_seconds() - started < 5);
    store_close(writer);
    assert_int_equal(count_images(reader), 30);
    store_close(reader);
}

static int write_meanwhile(void *data, const char *name)
{
    struct store *writer = data;

    (void)name;
    begin(writer);
    add_images(writer, count_images(writer), 1);
    commit(writer);
    return 0;
}

static void a_reader_in_the_middle_keeps_no_writer_waiting(void **state)
{
    struct store *writer = open_project(state, STORE_WRITE), *reader;
    struct err e;
    int64_t id;

    begin(writer);
    assert_ok(store_image_add(writer, "a.jpg", &id, &e), &e);
    assert_ok(store_meta_set(writer, id, "camera", "x", &e), &e);
    assert_ok(store_meta_set(writer, id, "region", "x", &e), &e);
    commit(writer);
    store_patience(writer, 0);
    reader = open_project(state, STORE_READ);
    assert_ok(store_meta_names(reader, write_meanwhile, writer, &e), &e);
    assert_int_equal(count_images(reader), 3);
    store_close(reader);
    store_close(writer);
}

static void a_second_writer_is_told_that_another_writes(void **state)
{
    static const int patience[] = { 0, 300 }; /* milliseconds */
    struct store *one = open_project(state, STORE_WRITE), *two = open_project(state, STORE_WRITE);
    struct err e;
    int ended;

    begin(one);
    for (size_t i = 0; i < COUNT(patience); i++) {
        double started = clock_seconds(), took;

        store_patience(two, patience[i]);
        assert_refused(store_begin(two, &e), &e, ERR_BUSY);
        took = clock_seconds() - started;
        assert_true(took >= patience[i] / 1000.0 * 0.5 && took < 10);
        assert_true(strlen(e.hint) > 0);
    }
    add_images(one, 0, 1);
    commit(one);
    assert_int_equal(add_and_end(two, 0, &ended), 2);
    assert_int_equal(ended, 0);
    store_close(two);
    store_close(one);
}

static void *commit_later(void *store)
{
    struct err e;

    nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
    return store_end(store, 0, &e) == 0 ? store : NULL;
}

static void a_second_writer_waits_for_the_first(void **state)
{
    struct store *one = open_project(state, STORE_WRITE), *two = open_project(state, STORE_WRITE);
    pthread_t later;
    void *ended;

    begin(one);
    add_images(one, 0, 1);
    assert_int_equal(pthread_create(&later, NULL, commit_later, one), 0);
    begin(two); /* as patient as a store is that was told nothing */
    assert_int_equal(count_images(two), 1);
    commit(two);
    assert_int_equal(pthread_join(later, &ended), 0);
    assert_ptr_equal(ended, one);
    store_close(two);
    store_close(one);
}

/* Opens the project and leaves a transaction open, with an image that is not committed. */
static int write_and_stay(const void *path)
{
    struct store *s;
    struct err e;
    int64_t id;

    return store_open(&s, path, STORE_WRITE, &e) == 0 && store_begin(s, &e) == 0 &&
           store_image_add(s, "begun.jpg", &id, &e) == 0;
}

static void a_writer_that_is_killed_leaves_what_was_committed(void **state)
{
    struct store *s = open_project(state, STORE_WRITE);
    struct child c;
    int ended;

    assert_int_equal(add_and_end(s, 0, &ended), 1);
    store_close(s);
    c = child_start(write_and_stay, scratch_path(state, "assent.db"));
    assert_int_equal(child_says(&c), 1);
    child_end(&c);
    s = open_project(state, STORE_WRITE);
    assert_int_equal(count_images(s), 1);
    assert_int_equal(add_and_end(s, 0, &ended), 2);
    store_close(s);
}

static int reserve(const void *path)
{
    struct store *s;
    struct err e;
    int rc = store_open(&s, path, STORE_WRITE, &e);

    return rc < 0 ? rc : store_reserve(s, "", &e);
}

static void a_reserved_project_is_one_process_s_until_it_is_closed(void **state)
{
    const char *path = scratch_path(state, "assent.db");
    struct child c = child_start(reserve, path);
    struct store *s;
    struct err e;
    int ended;

    assert_int_equal(child_says(&c), 0);
    s = open_project(state, STORE_WRITE);
    assert_refused(store_reserve(s, "stop it first", &e), &e, ERR_IO);
    assert_string_equal(e.hint, "stop it first");
    assert_int_equal(add_and_end(s, 0, &ended), 1); /* not kept from writing */
    child_end(&c);
    assert_ok(store_reserve(s, "", &e), &e);
    store_close(s);
    c = child_start(reserve, path);
    assert_int_equal(child_says(&c), 0);
    child_end(&c);
}

static void reserving_again_changes_nothing(void **state)
{
    const char *path = scratch_path(state, "assent.db");
    struct store *s = open_project(state, STORE_WRITE);
    struct err e;

    assert_ok(store_reserve(s, "", &e), &e);
    assert_ok(store_reserve(s, "", &e), &e);
    store_close(s);
    assert_int_equal(in_child(reserve, path), 0);
}

/* ---- images ---- */

static void images_are_listed_in_the_order_they_came(void **state)
{
    static const char *const keys[] = { "b.jpg", "a.jpg", "c/b.jpg", "9", "10", "B.jpg" };
    int64_t ids[COUNT(keys)];
    struct world w;
    struct err e;

    world_open(&w, state, kinds_task, 0);
    begin(w.store);
    for (size_t i = 0; i < COUNT(keys); i++)
        assert_ok(store_image_add(w.store, keys[i], &ids[i], &e), &e);
    commit(w.store);
    world_again(&w, state);
    assert_int_equal(w.images.n, COUNT(keys));
    for (size_t i = 0; i < COUNT(keys); i++) {
        assert_string_equal(w.images.keys[i], keys[i]);
        assert_int_equal(w.images.ids[i], ids[i]);
        assert_int_equal(w.images.index_of[ids[i]], i);
        assert_int_equal(store_images_index(&w.images, ids[i]), i);
        assert_true(ids[i] > 0 && ids[i] <= w.images.max_id);
    }
    world_close(&w);
}

static void an_id_that_is_nobody_s_has_no_index(void **state)
{
    static const int64_t none[] = { 0, -1, INT64_MIN, INT64_MAX, (int64_t)1 << 32 };
    struct store_images empty = { 0 };
    struct world w;

    world_open(&w, state, kinds_task, 3);
    for (size_t i = 0; i < COUNT(none); i++)
        assert_true(store_images_index(&w.images, none[i]) == SIZE_MAX);
    assert_true(store_images_index(&w.images, w.images.max_id + 1) == SIZE_MAX);
    world_close(&w);
    store_images_release(&empty);
    world_open(&w, state, kinds_task, 0);
    store_images_release(&w.images);
    store_images_release(&w.images);
    world_close(&w);
}

static void a_listing_stays_as_it_was_when_images_come(void **state)
{
    struct store_images later;
    struct world w;
    struct err e;

    world_open(&w, state, kinds_task, 3);
    begin(w.store);
    add_images(w.store, 3, 4);
    commit(w.store);
    assert_ok(store_images_load(w.store, &later, &e), &e);
    assert_int_equal(w.images.n, 3);
    assert_int_equal(later.n, 7);
    for (size_t i = 0; i < later.n; i++) {
        size_t before = store_images_index(&w.images, later.ids[i]);

        assert_true(before == (i < 3 ? i : SIZE_MAX));
        assert_true(i >= 3 || strcmp(w.images.keys[i], later.keys[i]) == 0);
    }
    store_images_release(&later);
    world_close(&w);
}

static void a_key_is_one_image_s(void **state)
{
    struct world w;
    struct err e;
    int64_t id;
    int rc;

    world_open(&w, state, kinds_task, 2);
    begin(w.store);
    rc = store_image_add(w.store, "000001.jpg", &id, &e);
    assert_refused(store_end(w.store, rc, &e), &e, ERR_DB);
    assert_int_equal(count_images(w.store), 2);
    world_close(&w);
}

static void keys_are_kept_byte_for_byte(void **state)
{
    static const char *const keys[] = {
        "",
        " ",
        " a ",
        "a",
        "A",
        "a.jpg",
        "a\nb\tc",
        "caf\xc3\xa9.jpg", /* composed, and not: people's files have both */
        "cafe\xcc\x81.jpg",
        "\xe7\x8c\xab/\xf0\x9f\x90\x88.png",
        "'; DROP TABLE image; --",
        "\"quoted\" 'twice' `thrice`",
        "100%?#$1 \\ NULL",
        "0009189",
        "9189",
    };
    struct world w;
    struct err e;
    int64_t id;
    char *longest = malloc(100001);

    assert_non_null(longest);
    memset(longest, 'x', 100000);
    longest[100000] = '\0';
    world_open(&w, state, kinds_task, 0);
    begin(w.store);
    for (size_t i = 0; i < COUNT(keys); i++)
        assert_ok(store_image_add(w.store, keys[i], &id, &e), &e);
    assert_ok(store_image_add(w.store, longest, &id, &e), &e);
    commit(w.store);
    world_again(&w, state);
    assert_int_equal(w.images.n, COUNT(keys) + 1);
    for (size_t i = 0; i < COUNT(keys); i++)
        assert_string_equal(w.images.keys[i], keys[i]);
    assert_string_equal(w.images.keys[COUNT(keys)], longest);
    free(longest);
    world_close(&w);
}

static void a_hundred_thousand_images_take_seconds(void **state)
{
    enum { MANY = 100000 };
    double started = clock_seconds();
    struct world w;
    char key[32];

    world_open(&w, state, kinds_task, MANY);
    assert_int_equal(w.images.n, MANY);
    for (size_t i = 0; i < MANY; i++) {
        snprintf(key, sizeof(key), "%06zu.jpg", i);
        if (strcmp(w.images.keys[i], key) != 0)
            fail_row(key, "is listed as %s", w.images.keys[i]);
        assert_int_equal(store_images_index(&w.images, w.images.ids[i]), i);
    }
    assert_true(clock_seconds() - started < 30); /* about one, without checks of memory */
    world_close(&w);
}

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void an_image_s_bytes_are_as_they_were_seen_last(void **state)
{
    static const struct {
        const char *what, *sha256;
        uint32_t width, height;
        struct store_bytes known; /* from then on */
    } rows[] = {
        { "hashed only", HASH_A, 0, 0, { HASH_A, 0, 0 } },
        { "looked at", HASH_A, 640, 480, { HASH_A, 640, 480 } },
        { "hashed again", HASH_A, 0, 0, { HASH_A, 640, 480 } },
        { "the same bytes, decoded otherwise", HASH_A, 480, 640, { HASH_A, 480, 640 } },
        { "other bytes, hashed only", HASH_B, 0, 0, { HASH_B, 0, 0 } },
        { "other bytes, looked at", HASH_A, UINT32_MAX, 1, { HASH_A, UINT32_MAX, 1 } },
        { "not readable", NULL, 0, 0, { "", 0, 0 } },
        { "not readable still", NULL, 0, 0, { "", 0, 0 } },
        { "readable again, hashed only", HASH_A, 0, 0, { HASH_A, 0, 0 } },
    };
    struct store_bytes b = { .width = 7 };
    struct world w;
    struct err e;

    world_open(&w, state, kinds_task, 2);
    assert_ok(store_image_bytes(w.store, w.images.ids[0], &b, &e), &e);
    assert_true(b.sha256[0] == '\0' && b.width == 0 && b.height == 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        begin(w.store);
        assert_ok(store_image_seen(w.store, w.images.ids[0], rows[i].sha256, rows[i].width,
                                   rows[i].height, &e),
                  &e);
        commit(w.store);
        assert_ok(store_image_bytes(w.store, w.images.ids[0], &b, &e), &e);
        if (strcmp(b.sha256, rows[i].known.sha256) != 0 || b.width != rows[i].known.width ||
            b.height != rows[i].known.height)
            fail_row(rows[i].what, "is %s, %u x %u", b.sha256, b.width, b.height);
        b.width = 7;
        assert_ok(store_image_bytes(w.store, w.images.ids[1], &b, &e), &e); /* the other one */
        assert_true(b.sha256[0] == '\0' && b.width == 0 && b.height == 0);
    }
    world_close(&w);
}

/* ---- columns to group by ---- */

static void set_meta(struct world *w, size_t image, const char *name, const char *value)
{
    struct err e;

    assert_ok(store_meta_set(w->store, w->images.ids[image], name, value, &e), &e);
}

static void values_of_a_column_are_numbered_as_they_appear(void **state)
{
    static const char *const first[] = { "south", NULL, "north", "south", "", "caf\xc3\xa9" };
    static const char *const then[] = { "south", NULL, "north", "north", "", "south" };
    static const size_t wanted[2][COUNT(first)] = { { 0, SIZE_MAX, 1, 0, 2, 3 },
                                                    { 0, SIZE_MAX, 1, 1, 2, 0 } };
    struct store_meta m;
    struct world w;
    struct err e;

    world_open(&w, state, kinds_task, COUNT(first));
    for (size_t round = 0; round < 2; round++) {
        const char *const *values = round == 0 ? first : then;

        begin(w.store);
        set_meta(&w, 1, "camera", "x");
        for (size_t i = COUNT(first); i-- > 0;)
            if (values[i])
                set_meta(&w, i, "region", values[i]);
        commit(w.store);
        assert_ok(store_meta_load(w.store, "region", &w.images, &m, &e), &e);
        assert_int_equal(m.n_values, round == 0 ? 4 : 3);
        for (size_t i = 0; i < COUNT(first); i++) {
            assert_true(m.of_image[i] == wanted[round][i]);
            assert_true(!values[i] || strcmp(m.values[m.of_image[i]], values[i]) == 0);
        }
        store_meta_release(&m);
    }
    world_close(&w);
}

static int see_name(void *data, const char *name)
{
    struct buf *seen = data;

    buf_printf(seen, "%s ", name);
    return strcmp(name, "region") == 0 ? ERR_LIMIT : 0;
}

static void the_names_of_columns_are_listed_once_each(void **state)
{
    struct buf seen = BUF_INIT(4096);
    struct world w;
    struct err e;

    world_open(&w, state, kinds_task, 2);
    assert_ok(store_meta_names(w.store, see_name, &seen, &e), &e);
    assert_null(seen.text);
    begin(w.store);
    set_meta(&w, 1, "lens", "x");
    set_meta(&w, 0, "camera", "x");
    set_meta(&w, 1, "camera", "y");
    commit(w.store);
    assert_ok(store_meta_names(w.store, see_name, &seen, &e), &e);
    assert_string_equal(seen.text, "camera lens ");
    buf_clear(&seen);
    begin(w.store);
    set_meta(&w, 1, "region", "x");
    set_meta(&w, 1, "week", "x");
    commit(w.store);
    assert_int_equal(store_meta_names(w.store, see_name, &seen, &e), ERR_LIMIT);
    assert_string_equal(seen.text, "camera lens region ");
    buf_release(&seen);
    world_close(&w);
}

static void a_column_that_is_not_there_is_refused(void **state)
{
    struct store_meta m;
    struct world w;
    struct err e;

    world_open(&w, state, kinds_task, 1);
    assert_refused(store_meta_load(w.store, "region", &w.images, &m, &e), &e, ERR_ARG);
    assert_contains(e.what, "'region'");
    assert_true(strlen(e.hint) > 0);
    begin(w.store);
    set_meta(&w, 0, "camera", "x");
    set_meta(&w, 0, "Region", "y");
    commit(w.store);
    assert_refused(store_meta_load(w.store, "region", &w.images, &m, &e), &e, ERR_ARG);
    assert_contains(e.what, "'region'");
    assert_contains(e.expected, "camera");
    assert_contains(e.expected, "Region");
    world_close(&w);
}

static void a_column_of_images_that_came_later_is_one_without_values(void **state)
{
    struct store_meta m;
    struct world w;
    struct err e;
    int64_t later;

    world_open(&w, state, kinds_task, 2);
    begin(w.store);
    assert_ok(store_image_add(w.store, "later.jpg", &later, &e), &e);
    assert_ok(store_meta_set(w.store, later, "region", "north", &e), &e);
    commit(w.store);
    assert_ok(store_meta_load(w.store, "region", &w.images, &m, &e), &e);
    assert_true(m.of_image[0] == SIZE_MAX && m.of_image[1] == SIZE_MAX);
    store_meta_release(&m);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_scratch(a_project_that_is_not_there_is_made_for_writing),
        test_with_scratch(a_project_that_is_not_there_reads_as_an_empty_one),
        test_with_scratch(a_reader_cannot_write),
        test_with_scratch(a_transaction_is_kept_where_all_went_well),
        test_with_scratch(a_code_above_zero_rolls_back_too),
        test_with_scratch(closing_rolls_back_what_is_not_committed),
        test_with_scratch(a_trial_sees_what_it_did_and_keeps_nothing),
        test_with_scratch(ending_what_never_began_is_refused),
        test_with_scratch(a_transaction_inside_another_is_refused),
        test_with_scratch(a_refused_beginning_takes_nothing_from_the_transaction_that_is_open),
        test_with_scratch(readers_see_what_is_committed_and_never_wait),
        test_with_scratch(a_reader_in_the_middle_keeps_no_writer_waiting),
        test_with_scratch(a_second_writer_is_told_that_another_writes),
        test_with_scratch(a_second_writer_waits_for_the_first),
        test_with_scratch(a_writer_that_is_killed_leaves_what_was_committed),
        test_with_scratch(a_reserved_project_is_one_process_s_until_it_is_closed),
        test_with_scratch(reserving_again_changes_nothing),
        test_with_scratch(images_are_listed_in_the_order_they_came),
        test_with_scratch(an_id_that_is_nobody_s_has_no_index),
        test_with_scratch(a_listing_stays_as_it_was_when_images_come),
        test_with_scratch(a_key_is_one_image_s),
        test_with_scratch(keys_are_kept_byte_for_byte),
        test_with_scratch(a_hundred_thousand_images_take_seconds),
        test_with_scratch(an_image_s_bytes_are_as_they_were_seen_last),
        test_with_scratch(values_of_a_column_are_numbered_as_they_appear),
        test_with_scratch(the_names_of_columns_are_listed_once_each),
        test_with_scratch(a_column_that_is_not_there_is_refused),
        test_with_scratch(a_column_of_images_that_came_later_is_one_without_values),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
