/* SPDX-License-Identifier: MIT */
/*
 * store/: projects that an older program made, and all that they hold.
 */
#include "support_sqlite.h"

#include "store/claims.h"
#include "store/designs.h"
#include "store/probes.h"
#include "store/review.h"
#include "store/reviewers.h"

static void check_version_1(struct world *w)
{
    static const int16_t llava[2 * KINDS_COLUMNS] = { 1, 0, 2, -2, -1, -1, -1, -1, -1, -1 };
    static const int16_t anna[2 * KINDS_COLUMNS] = { -1, -1, -1, 1, -1, -1, -1, -1, -1, -1 };
    float odds[2 * KINDS_PROBABILITIES];
    struct store_annotators all;
    struct store_bytes bytes;
    struct store_meta meta;
    struct err e;
    char *identity, *settings;

    assert_int_equal(w->images.n, 2);
    assert_string_equal(w->images.keys[1], "caf\xc3\xa9.jpg");
    assert_ok(store_image_bytes(w->store, 1, &bytes, &e), &e);
    assert_string_equal(bytes.sha256, HASH);
    assert_true(bytes.width == 10 && bytes.height == 20);
    assert_ok(store_meta_load(w->store, "region", &w->images, &meta, &e), &e);
    assert_string_equal(meta.values[meta.of_image[1]], "north");
    store_meta_release(&meta);
    for (size_t i = 0; i < COUNT(odds); i++)
        odds[i] = NAN;
    memcpy(odds, (const float[]){ 0.75f, 0.25f, 0.25f, 0.5f }, 4 * sizeof(*odds));
    check_labels(w, "llava", 1, llava);
    check_probabilities(w, "llava", 1, odds);
    check_labels(w, "anna", 2, anna);
    check_missing(w, "llava", &(struct store_asking){ 1, w->task, false },
                  (const uint8_t[]){ 0, 0, 1, 1, 1, 0, 0, 1, 1, 1 });
    assert_ok(store_annotators_load(w->store, &all, &e), &e);
    assert_true(all.n == 2 && all.items[0].kind == ANNOTATOR_MODEL && all.items[1].votes == 1);
    store_annotators_release(&all);
    assert_ok(store_identity(w->store, 1, &identity, &settings, &e), &e);
    assert_string_equal(identity, "weights");
    free(identity);
    free(settings);
}

static void check_version_2(struct world *w)
{
    uint8_t missing[KINDS_COLUMNS];
    double speed;
    struct err e;

    assert_ok(store_run_speed(w->store, 1, &speed, &e), &e);
    assert_near("speed", speed, 0.5, 0);
    begin(w->store); /* until long after any claim of today ends: nobody is at work */
    assert_int_equal(store_claim(w->store,
                                 &(struct store_asking){ .annotator = 1, .task = w->task }, 2, 1,
                                 missing, &e),
                     CLAIM_TAKEN);
    commit(w->store);
}

static int count_lease(void *data, const struct store_lease *l)
{
    *(int *)data += l->item == 1 && l->annotator == 2 && l->until == 99;
    return 0;
}

static int count_answer(void *data, const struct store_answer *a)
{
    *(int *)data += a->item == 1 && strcmp(a->value, "blond") == 0 && !a->undone;
    return 0;
}

static void check_version_3(struct world *w)
{
    char name[TASK_NAME_MAX + 1];
    struct arena arena = { 0 };
    struct store_reviewer who;
    struct store_stratum *strata;
    struct store_items items;
    struct err e;
    uint64_t seed;
    int64_t id;
    size_t n;
    int answers = 0, leases = 0;

    assert_int_equal(store_token_find(w->store, HASH, TOKEN_LINK, &who, name, &e), 1);
    assert_true(who.annotator == 2 && strcmp(name, "anna") == 0);
    assert_ok(store_design_find(w->store, "{}", &id, &seed, &e), &e);
    assert_true(id == 1 && seed == UINT64_MAX);
    assert_ok(store_strata_load(w->store, 1, &arena, &strata, &n, &e), &e);
    assert_true(n == 1 && strata->cells == 9 && strata->drawn == 3 && strata->part == 0);
    arena_release(&arena);
    assert_ok(store_items_load(w->store, w->task, &w->images, &items, &e), &e);
    assert_true(items.n == 1 && items.items->known == 2 && items.items->votes == 2);
    assert_near("probability", items.items->inclusion_probability, 0.25, 0);
    store_items_release(&items);
    assert_ok(store_leases(w->store, count_lease, &leases, &e), &e);
    assert_ok(store_answers(w->store, (struct store_answer_reader){ count_answer, &answers }, &e),
              &e);
    assert_true(leases == 1 && answers == 1);
    assert_int_equal(store_packet_find(w->store, HASH, &id, &e), 1);
}

/* 0: the design is older than frames. */
static int frame_of(const struct world *w)
{
    struct err e;
    size_t frame[KINDS_COLUMNS];

    return store_frame_load(w->store, 1, w->task, &w->images, frame, &e);
}

static void check_version_4(struct world *w)
{
    assert_int_equal(frame_of(w), 1);
}

static void find_withdrawn(void *data, const struct store_run_info *run)
{
    *(int *)data += run->id == 2 && *run->withdrawn != '\0';
}

static void check_version_5(struct world *w)
{
    int withdrawn = 0;
    struct err e;

    assert_ok(store_runs(w->store, 10, find_withdrawn, &withdrawn, &e), &e);
    assert_int_equal(withdrawn, 1);
}

static void check_version_6(struct world *w)
{
    assert_int_equal(w->images.n_aside, 1);
    assert_string_equal(w->images.aside->key, "gone.jpg");
}

/* What was set aside is looked at below. */
static void check_version_7(struct world *w)
{
    struct store_usage sum;
    uint64_t images;
    struct err e;

    assert_ok(store_usage_of(w->store, 1, &sum, &images, &e), &e);
    assert_true(!sum.asked && images == 0);
}

static int count_probe(void *data, const struct store_probe *p)
{
    *(int *)data += p->changed == 1;
    return 0;
}

static void check_version_8(struct world *w)
{
    int probes = 0;
    struct err e;

    assert_ok(store_probes(w->store, "weights", count_probe, &probes, &e), &e);
    assert_int_equal(probes, 1);
}

static void an_older_database_is_brought_up_to_date_and_keeps_all(void **state)
{
    static void (*const checks[])(
        struct world * w) = { check_version_1, check_version_2, check_version_3, check_version_4,
                              check_version_5, check_version_6, check_version_7, check_version_8 };
    const char *path = scratch_path(state, "assent.db");

    for (int version = 1; version < NEWEST_VERSION; version++) {
        struct world w;

        make_version(path, version);
        for (int round = 0; round < 2; round++) { /* opened again: nothing is left to do */
            world_open(&w, state, kinds_task, 0);
            for (int v = 0; v < version && v < (int)(sizeof(checks) / sizeof(checks[0])); v++)
                checks[v](&w);
            if (version == 3)
                assert_int_equal(frame_of(&w), 0);
            if (round == 1)
                put_run(&w, 2, (struct batch){ .values = (const int16_t[2 * KINDS_COLUMNS]){ 0 } });
            world_close(&w);
        }
        check_sql(path,
                  "PRAGMA user_version; PRAGMA integrity_check; PRAGMA foreign_key_check;"
                  "SELECT what FROM event",
                  "10\nok\nimport\n");
        check_sql(path, "SELECT why FROM damaged", version < 7 ? "" : "a bad disk\n");
    }
}

static void an_older_database_is_not_changed_by_reading(void **state)
{
    char got[40];
    struct err e;

    for (int version = 1; version < NEWEST_VERSION; version++) {
        make_version(scratch_path(state, "assent.db"), version);
        check_refused(state, "an older one", STORE_READ, &e);
        snprintf(got, sizeof(got), "version %d", version);
        assert_contains(e.what, "older");
        assert_contains(e.got, got);
        assert_true(strlen(e.hint) > 0);
    }
}

static void programs_that_meet_bring_a_database_up_to_date_once(void **state)
{
    enum { PROGRAMS = 4 };
    const char *path = scratch_path(state, "assent.db");

    for (int version = 0; version < NEWEST_VERSION; version++) { /* 0: it is not there */
        struct child children[PROGRAMS];

        make_version(path, version);
        if (version == 0)
            remove(path);
        for (size_t k = 0; k < PROGRAMS; k++)
            children[k] = child_start(open_to_write, path);
        for (size_t k = 0; k < PROGRAMS; k++)
            assert_int_equal(child_says(&children[k]), 0);
        for (size_t k = PROGRAMS; k-- > 0;)
            child_end(&children[k]);
        check_sql(path, "PRAGMA user_version; PRAGMA integrity_check", "10\nok\n");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_scratch(an_older_database_is_brought_up_to_date_and_keeps_all),
        test_with_scratch(an_older_database_is_not_changed_by_reading),
        test_with_scratch(programs_that_meet_bring_a_database_up_to_date_once),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("store_versions", tests, NULL, NULL);
}
