/* SPDX-License-Identifier: MIT */
/*
 * store/: what belongs to a project that is one SQLite file: files that are none, of other
 * programs, damaged, moved away, in a folder that may not be written to; and what people find there
 * who use SQL. Files of older programs: t_store_versions.c.
 */
#include "support_sqlite.h"

#include <sys/stat.h>

#include "store/designs.h"
#include "store/review.h"

/* ---- what is no project ---- */

static void a_file_that_is_no_database_is_refused(void **state)
{
    static const char cut[] = "SQLite format 3\0\x10\0\x01\x01";
    char text[5000];
    const struct {
        const char *what, *bytes;
        size_t len;
    } rows[] = {
        { "a line", "hello\n", 6 },
        { "a page of text", text, sizeof(text) },
        { "the beginning of a database", cut, sizeof(cut) - 1 },
        { "a picture", "\x89PNG\r\n\x1a\n", 8 },
    };
    const char *path = scratch_path(state, "assent.db");
    struct err e;

    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int mode = STORE_READ; mode <= STORE_WRITE; mode++) {
            write_file(path, rows[i].bytes, rows[i].len);
            check_refused(state, rows[i].what, (enum store_mode)mode, &e);
            if (e.hint[0] == '\0')
                fail_row(rows[i].what, "says not what to do");
        }
}

static void an_empty_file_is_a_project_that_is_not_there_yet(void **state)
{
    const char *path = scratch_path(state, "assent.db");
    struct store *s;

    write_file(path, "", 0);
    s = open_project(state, STORE_READ);
    assert_int_equal(count_images(s), 0);
    store_close(s);
    assert_int_equal(scratch_count(state), 1);
    s = open_project(state, STORE_WRITE);
    begin(s);
    add_images(s, 0, 2);
    commit(s);
    store_close(s);
    check_sql(path, "PRAGMA application_id; PRAGMA user_version", "1095978580\n10\n");
}

static void another_program_s_database_is_left_alone(void **state)
{
    static const char *const others[] = {
        "CREATE TABLE t (x)",
        "CREATE TABLE image (id INTEGER PRIMARY KEY, key TEXT); PRAGMA user_version = 5",
        "PRAGMA application_id = 7",
        "PRAGMA application_id = 7; PRAGMA user_version = 5; CREATE TABLE t (x)",
        "PRAGMA application_id = -1",
    };
    const char *path = scratch_path(state, "assent.db");
    struct err e;

    for (size_t i = 0; i < COUNT(others); i++)
        for (int mode = STORE_READ; mode <= STORE_WRITE; mode++) {
            remove_database(path);
            run_sql(path, others[i]);
            check_refused(state, others[i], (enum store_mode)mode, &e);
            assert_contains(e.what, "not one of assent's");
        }
}

static void a_database_of_a_newer_assent_is_refused(void **state)
{
    static const char *const newer[] = { "11", "12", "2147483647" };
    const char *path = scratch_path(state, "assent.db");
    char sql[200];
    struct err e;

    for (size_t i = 0; i < COUNT(newer); i++)
        for (int mode = STORE_READ; mode <= STORE_WRITE; mode++) {
            remove_database(path);
            store_close(open_project(state, STORE_WRITE));
            snprintf(sql, sizeof(sql), "PRAGMA journal_mode = DELETE; PRAGMA user_version = %s",
                     newer[i]);
            run_sql(path, sql);
            check_refused(state, newer[i], (enum store_mode)mode, &e);
            assert_contains(e.what, "newer");
            assert_contains(e.got, newer[i]);
            assert_contains(e.expected, "10");
            assert_true(strlen(e.hint) > 0);
        }
}

static void a_version_that_never_was_is_refused(void **state)
{
    const char *path = scratch_path(state, "assent.db");

    run_sql(path, ASSENT_S "PRAGMA user_version = -1; CREATE TABLE t (x)");
    assert_int_equal(in_child(open_to_write, path), ERR_DB);
}

/* Makes a project at a path that is relative to the test's folder. */
struct relative {
    const char *folder, *name;
};

static int make_there(const void *data)
{
    const struct relative *r = data;
    struct store *s;
    struct err e;
    int64_t id;
    int rc = chdir(r->folder) == 0 ? store_open(&s, r->name, STORE_WRITE, &e) : ERR_IO;

    if (rc < 0)
        return rc;
    rc = store_begin(s, &e);
    if (rc == 0)
        rc = store_image_add(s, "a", &id, &e);
    return store_end(s, rc, &e);
}

static void a_path_is_the_file_s_name_whatever_it_looks_like(void **state)
{
    static const char *const names[] = { "file:x.db", ":memory:" };
    const struct scratch *scratch = *state;

    for (size_t i = 0; i < COUNT(names); i++) {
        const struct relative r = { scratch->folder, names[i] };
        struct store *s;
        struct err e;

        assert_int_equal(in_child(make_there, &r), 0);
        assert_ok(store_open(&s, scratch_path(state, names[i]), STORE_READ, &e), &e);
        assert_int_equal(count_images(s), 1);
        store_close(s);
    }
}

static void a_path_that_can_be_no_file_is_refused(void **state)
{
    static const char *const names[] = { "no/such/folder/assent.db", "folder" };
    struct store *s;
    struct err e;

    assert_int_equal(mkdir(scratch_path(state, "folder"), 0700), 0);
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_refused(store_open(&s, scratch_path(state, names[i]), STORE_WRITE, &e), &e, ERR_DB);
        assert_contains(e.where, names[i]);
        assert_contains(e.hint, "folder");
    }
    assert_refused(store_open(&s, scratch_path(state, "folder"), STORE_READ, &e), &e, ERR_DB);
    assert_ok(store_open(&s, scratch_path(state, names[0]), STORE_READ, &e), &e); /* an empty one */
    store_close(s);
}

/* ---- the file goes away ---- */

static void nothing_is_kept_in_a_file_that_is_another_one_now(void **state)
{
    static const struct {
        const char *what;
        bool moved, replaced;
    } rows[] = { { "deleted", false, false },
                 { "moved", true, false },
                 { "replaced", true, true } };
    const char *path = scratch_path(state, "assent.db"), *other = scratch_path(state, "other.db");

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct store *s = open_project(state, STORE_WRITE);
        struct content c;
        struct err e;

        begin(s);
        add_images(s, 0, 3);
        commit(s);
        store_close(s);
        c = content_of(path);
        s = open_project(state, STORE_WRITE);
        begin(s);
        add_images(s, 3, 4);
        assert_int_equal(rows[i].moved ? rename(path, other) : remove(path), 0);
        if (rows[i].replaced)
            write_file(path, c.bytes, c.len);
        assert_refused(store_end(s, 0, &e), &e, ERR_IO);
        assert_string_equal(e.where, path);
        assert_int_equal(count_images(s), 3);
        store_close(s);
        if (rows[i].moved)
            check_sql(other, "SELECT count(*) FROM image", "3\n");
        if (rows[i].replaced)
            check_sql(path, "SELECT count(*) FROM image", "3\n");
        free(c.bytes);
        remove_database(path);
        remove_database(other);
    }
}

/* ---- a folder that may not be written to ---- */

enum { CANNOT_TELL = -77 };

/* As somebody who is not allowed everything: how many images there are. */
static int read_as_somebody(const void *path)
{
    struct store *s;
    struct err e;

    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return CANNOT_TELL;
    if (access(path, R_OK) != 0)
        return CANNOT_TELL;
    if (store_open(&s, path, STORE_READ, &e) < 0)
        return e.hint[0] ? (int)e.code : -1000;
    return (int)count_images(s);
}

static int write_as_somebody(const void *path)
{
    struct store *s;
    struct err e;
    int64_t id;
    int rc;

    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return CANNOT_TELL;
    rc = store_open(&s, path, STORE_WRITE, &e);
    if (rc == 0)
        rc = store_begin(s, &e);
    if (rc == 0)
        rc = store_image_add(s, "a", &id, &e);
    return rc < 0 && !e.hint[0] ? -1000 : rc;
}

/* What f says of the database in the test's folder while nothing may be written there. */
static int in_read_only_folder(void **state, const char *path, int (*f)(const void *path))
{
    const struct scratch *s = *state;
    int said;

    assert_int_equal(chmod(s->folder, 0555), 0);
    assert_int_equal(chmod(path, 0444), 0);
    said = in_child(f, path);
    assert_int_equal(chmod(s->folder, 0700), 0);
    return said;
}

static void a_project_in_a_read_only_folder_is_read_as_it_is(void **state)
{
    const char *path =
        scratch_path(state, "a%20b?c#d.db"); /* no address, for all that it is like */
    const char *log = scratch_path(state, "a%20b?c#d.db-wal");
    struct store *s;
    struct err e;
    int said;

    assert_ok(store_open(&s, path, STORE_WRITE, &e), &e);
    begin(s);
    add_images(s, 0, 3);
    commit(s);
    store_close(s);
    assert_int_equal(scratch_count(state), 1); /* no log is left */
    said = in_read_only_folder(state, path, read_as_somebody);
    if (said == CANNOT_TELL)
        skip();
    assert_int_equal(said, 3);
    assert_int_equal(in_read_only_folder(state, path, write_as_somebody), ERR_DB);
    assert_ok(store_open(&s, path, STORE_READ, &e), &e);
    assert_int_equal(count_images(s), 3);
    store_close(s);
    assert_int_equal(scratch_count(state), 1); /* a reader leaves nothing either */
    write_file(log, "x", 1); /* which could not be read: what is in it would be missed */
    assert_int_equal(in_read_only_folder(state, path, read_as_somebody), ERR_DB);
}

/* ---- damaged ---- */

static int load_image_list(struct world *w, struct err *e)
{
    struct store_images images;
    int rc = store_images_load(w->store, &images, e);

    store_images_release(&images);
    return rc;
}

static int load_labels(struct world *w, struct err *e)
{
    struct store_labels l;
    int rc = store_labels_load(w->store, 1, w->task, &w->images, STORE_WITH_PROBABILITIES, &l, e);

    store_labels_release(&l);
    return rc;
}

static int load_missing(struct world *w, struct err *e)
{
    const struct store_asking a = { 1, w->task, false };
    uint8_t *missing;
    int rc = store_missing_load(w->store, &a, &w->images, &missing, e);

    free(missing);
    return rc;
}

static int load_item_list(struct world *w, struct err *e)
{
    struct store_items items;
    int rc = store_items_load(w->store, w->task, &w->images, &items, e);

    store_items_release(&items);
    return rc;
}

static int pass_answer(void *data, const struct store_answer *a)
{
    (void)data;
    (void)a;
    return 0;
}

static int load_answer_list(struct world *w, struct err *e)
{
    return store_answers(w->store, (struct store_answer_reader){ pass_answer, NULL }, e);
}

static int load_frame(struct world *w, struct err *e)
{
    size_t images_of[KINDS_COLUMNS];

    return store_frame_load(w->store, 1, w->task, &w->images, images_of, e);
}

static const struct damage {
    const char *sql;
    int (*load)(struct world *w, struct err *e);
    enum err_code code;
    const char *says; /* somewhere in the message */
} damages[] = {
    { "UPDATE answers SET value = x'0200' WHERE image = 1", load_labels, ERR_DB, "2 bytes" },
    { "UPDATE answers SET value = x'020001000000' WHERE image = 1", load_labels, ERR_DB,
      "6 bytes" },
    { "UPDATE answers SET value = x'' WHERE image = 1", load_labels, ERR_DB, "0 bytes" },
    { "UPDATE answers SET value = x'020001' WHERE image = 1", load_missing, ERR_DB, "3 bytes" },
    { "UPDATE answers SET value = x'020001000000' WHERE image = 1", load_missing, ERR_DB,
      "image a.jpg" },
    { "UPDATE answers SET probability = x'00' WHERE image = 1", load_labels, ERR_DB, "1 bytes" },
    { "DELETE FROM question_column WHERE position = 1", load_labels, ERR_DB, "wrong size" },
    { "DELETE FROM question_set; DELETE FROM question", load_labels, ERR_DB, "wrong size" },
    { "UPDATE question_column SET labels = '['", load_labels, ERR_FORMAT, "JSON" },
    { "UPDATE question_column SET labels = ''", load_missing, ERR_FORMAT, "JSON" },
    { "UPDATE review_item SET kind = 'spam'", load_item_list, ERR_DB, "'spam'" },
    { "UPDATE review_answer SET kind = 'Value'", load_answer_list, ERR_DB, "'Value'" },
    { "UPDATE review_answer SET mode = ''", load_answer_list, ERR_DB, "review_answer.mode" },
    { "INSERT INTO review_frame VALUES (1, 0, 2, '[\"Bald\"', 5, '', '')", load_frame, ERR_FORMAT,
      "review_frame.columns" },
    { "UPDATE image SET id = 1099511627776 WHERE id = 2", load_image_list, ERR_DB, "out of range" },
    { "DROP TABLE claim; DROP TABLE image", load_image_list, ERR_DB, "no such table" },
};

static void what_is_damaged_is_said_to_be(void **state)
{
    const char *path = scratch_path(state, "assent.db");

    for (size_t i = 0; i < COUNT(damages); i++) {
        const struct damage *d = &damages[i];
        char said[ERR_TEXT_MAX];
        struct world w;
        struct err e;

        make_version(path, 3);
        world_open(&w, state, kinds_task, 0);
        assert_true(d->load(&w, &e) >= 0);
        store_close(w.store);
        run_sql(path, d->sql);
        w.store = open_project(state, STORE_READ);
        if (d->load(&w, &e) != (int)d->code)
            fail_row(d->sql, "is not said to be damaged");
        err_line(&e, said);
        if (!strstr(said, d->says))
            fail_row(d->sql, "says '%s'", said);
        world_close(&w);
    }
}

static void damaged_labels_are_said_to_be_those_of_their_set(void **state)
{
    const char *path = scratch_path(state, "assent.db");
    char said[ERR_TEXT_MAX];
    struct world w;
    struct err e;

    make_version(path, 3);
    run_sql(path, "UPDATE question_column SET labels = '['");
    world_open(&w, state, kinds_task, 0);
    assert_refused(load_labels(&w, &e), &e, ERR_FORMAT);
    err_line(&e, said);
    assert_contains(said, "question_column.labels");
    world_close(&w);
}

/* ---- for people who use SQL ---- */

static void the_tables_hold_what_their_comments_say(void **state)
{
    static const int16_t values[KINDS_COLUMNS] = { 1, 2, NO, 0, -2 };
    static const float odds[KINDS_PROBABILITIES] = { 0.75f, 0, 0.25f, 0.5f, 1, 0, 0, 0, 2 };
    static const float mass[KINDS_COLUMNS] = { 1, 0.5f, 0.25f, 0, 2 };
    static const float spread[KINDS_COLUMNS] = { 0, 0, 0, 0, 0.5f };
    const struct store_answers all = { values, odds, mass, spread, "{\"error\": \"x\"}", 1.5 };
    const struct store_answers least = { .values = values };
    const char *path = scratch_path(state, "assent.db");
    struct world w;
    struct err e;
    int64_t by = world_with(&w, state, kinds_task, 2);

    begin(w.store);
    start_run(&w, by);
    assert_ok(store_answers_add(w.store, w.images.ids[0], w.task, &all, &e), &e);
    assert_ok(store_answers_add(w.store, w.images.ids[1], w.task, &least, &e), &e);
    assert_ok(store_image_seen(w.store, w.images.ids[1], NULL, 0, 0, &e), &e);
    commit(w.store);
    world_close(&w);
    check_sql(path,
              "SELECT hex(value), hex(probability), hex(mass), hex(spread), detail, seconds"
              " FROM answers ORDER BY image",
              "01000200FFFF0000FEFF|0000403F000000000000803E0000003F0000803F00000000000000000000000"
              "000000040|0000803F0000003F0000803E0000000000000040|00000000000000000000000000000000"
              "0000003F|{\"error\": \"x\"}|1.5\n01000200FFFF0000FEFF||||-|-\n");
    check_sql(path, "SELECT state, width FROM image ORDER BY id", "key|-\nunreadable|-\n");
}

static void the_view_of_cells_shows_every_answer_with_its_label(void **state)
{
    static const int16_t values[KINDS_COLUMNS] = { 1, 2, NO, VALUE_TIE, VALUE_UNPARSEABLE };
    const char *path = scratch_path(state, "assent.db");
    struct world w;
    struct err e;
    int64_t by = world_with(&w, state, kinds_task, 1);

    put_run(&w, by, (struct batch){ .values = values });
    begin(w.store);
    start_run(&w, by);
    assert_ok(
        store_vote_add(w.store, &(struct store_vote){ by, w.images.ids[0], IN_AGE, 2, 1 }, &e), &e);
    commit(w.store);
    world_close(&w);
    check_sql(path,
              "SELECT image, question, annotator, value, label, vote IS NOT NULL FROM cell"
              " ORDER BY vote, question",
              "000000.jpg|Age|anna|-2|-|0\n000000.jpg|Bald|anna|1|yes|0\n"
              "000000.jpg|Hair|anna|2|gray|0\n000000.jpg|Tags:tie|anna|-6|-|0\n"
              "000000.jpg|Age|anna|2|old|1\n");
}

static void the_record_says_who_and_what(void **state)
{
    const char *path = scratch_path(state, "assent.db");
    struct store *s = open_project(state, STORE_WRITE);
    char wanted[400];
    struct err e;

    begin(s);
    assert_ok(store_event(s, "imported 'caf\xc3\xa9.csv'", &e), &e);
    assert_ok(store_event(s, "", &e), &e);
    commit(s);
    store_close(s);
    snprintf(wanted, sizeof(wanted), "%s|imported 'caf\xc3\xa9.csv'|1\n%s||1\n", file_user(),
             file_user());
    check_sql(path,
              "SELECT who, what, abs(strftime('%s', at) - strftime('%s', 'now')) < 60 FROM event"
              " ORDER BY id",
              wanted);
}

static void the_library_is_named(void **state)
{
    (void)state;
    assert_string_equal(store_library(), "SQLite " SQLITE_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_scratch(a_file_that_is_no_database_is_refused),
        test_with_scratch(an_empty_file_is_a_project_that_is_not_there_yet),
        test_with_scratch(another_program_s_database_is_left_alone),
        test_with_scratch(a_database_of_a_newer_assent_is_refused),
        test_with_scratch(a_version_that_never_was_is_refused),
        test_with_scratch(a_path_is_the_file_s_name_whatever_it_looks_like),
        test_with_scratch(a_path_that_can_be_no_file_is_refused),
        test_with_scratch(nothing_is_kept_in_a_file_that_is_another_one_now),
        test_with_scratch(a_project_in_a_read_only_folder_is_read_as_it_is),
        test_with_scratch(what_is_damaged_is_said_to_be),
        test_with_scratch(damaged_labels_are_said_to_be_those_of_their_set),
        test_with_scratch(the_tables_hold_what_their_comments_say),
        test_with_scratch(the_view_of_cells_shows_every_answer_with_its_label),
        test_with_scratch(the_record_says_who_and_what),
        test_with_scratch(the_library_is_named),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("store_sqlite", tests, NULL, NULL);
}
