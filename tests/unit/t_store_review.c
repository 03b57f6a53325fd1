/* SPDX-License-Identifier: MIT */
/*
 * store/: designs, what people are asked in a review and what they hold. What they answered, and
 * who they are: t_store_reviewers.c.
 */
#include "support_store.h"

#include "store/designs.h"
#include "store/review.h"

/* ---- designs ---- */

static void check_design(struct store *s, const char *settings, int64_t id, uint64_t seed)
{
    int64_t got = -1;
    uint64_t drawn_with = 1;
    struct err e;

    assert_ok(store_design_find(s, settings, &got, &drawn_with, &e), &e);
    if (got != id || drawn_with != seed)
        fail_row(settings ? settings : "the newest with a sample", "is %lld, seed %llu",
                 (long long)got, (unsigned long long)drawn_with);
}

static void a_design_is_found_by_its_settings_the_newest_first(void **state)
{
    static const uint64_t seeds[] = { 0, 1, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX };
    struct store *s = open_project(state, STORE_WRITE);
    struct err e;
    int64_t id, other;

    check_design(s, "{}", 0, 0);
    check_design(s, NULL, 0, 0);
    begin(s);
    assert_ok(store_design_add(s, "{\"sample\": 1}", 9, &other, &e), &e);
    for (size_t i = 0; i < COUNT(seeds); i++) {
        assert_ok(store_design_add(s, "{}", seeds[i], &id, &e), &e);
        assert_true(id > other);
        check_design(s, "{}", id, seeds[i]);
        check_design(s, "{\"sample\": 1}", other, 9);
        check_design(s, "{\"sample\":1}", 0, 0);
        check_design(s, NULL, 0, 0); /* none drew anything */
    }
    commit(s);
    store_close(s);
}

/* Adds a part with its strata; where they came to stand. */
static size_t extend(struct world *w, int64_t design, const bool *columns,
                     const struct store_stratum *strata, size_t n)
{
    const struct store_frame_part part = { .task = w->task,
                                           .columns = columns,
                                           .images = &w->images };
    struct err e;
    size_t first = 77;

    begin(w->store);
    assert_ok(store_design_extend(w->store, design, &part, strata, n, &first, &e), &e);
    commit(w->store);
    return first;
}

static int64_t new_design(struct world *w, const char *settings)
{
    struct err e;
    int64_t id;

    begin(w->store);
    assert_ok(store_design_add(w->store, settings, 5, &id, &e), &e);
    commit(w->store);
    return id;
}

static void check_frame(const struct world *w, const char *what, int64_t design, int known,
                        const size_t *images_of)
{
    size_t got[KINDS_COLUMNS];
    struct err e;

    for (size_t c = 0; c < KINDS_COLUMNS; c++)
        got[c] = 99;
    assert_int_equal(store_frame_load(w->store, design, w->task, &w->images, got, &e), known);
    for (size_t c = 0; c < w->task->n_columns; c++)
        if (got[c] != images_of[c])
            fail_row(what, "%s has %zu images in the frame, not %zu", w->task->columns[c].name,
                     got[c], images_of[c]);
}

static void add_listed_images(struct world *w, size_t n)
{
    begin(w->store);
    add_images(w->store, w->images.n, n);
    commit(w->store);
    list_images(w);
}

static void a_frame_grows_part_by_part(void **state)
{
    static const bool some[KINDS_COLUMNS] = { [IN_BALD] = true, [IN_TIE] = true };
    static const bool none[KINDS_COLUMNS] = { false };
    static const char renamed[] =
        "name: t\nquestions:\n"
        "  - {name: Age, kind: ordinal, options: [child, old], text: \"Age?\"}\n"
        "  - {name: Smiling, text: s}\n"
        "  - {name: Tags, kind: multi, options: [scarf, tie], text: t}\n";
    struct store_images before, now;
    struct world w;
    struct err e;
    int64_t design, other;

    world_open(&w, state, kinds_task, 4);
    assert_ok(store_images_load(w.store, &before, &e), &e);
    design = new_design(&w, "{}");
    other = new_design(&w, "{}");
    check_frame(&w, "not kept", design, 0, (const size_t[]){ 0, 0, 0, 0, 0 });
    extend(&w, design, some, NULL, 0);
    check_frame(&w, "two columns", design, 1, (const size_t[]){ 4, 0, 0, 4, 0 });
    add_listed_images(&w, 3);
    check_frame(&w, "images that came since", design, 1, (const size_t[]){ 4, 0, 0, 4, 0 });
    extend(&w, design, none, NULL, 0);
    check_frame(&w, "a part without columns", design, 1, (const size_t[]){ 4, 0, 0, 4, 0 });
    extend(&w, design, NULL, NULL, 0);
    check_frame(&w, "all columns", design, 1, (const size_t[]){ 7, 7, 7, 7, 7 });
    add_listed_images(&w, 2);
    extend(&w, design, some, NULL, 0);
    check_frame(&w, "two columns of more", design, 1, (const size_t[]){ 9, 7, 7, 9, 7 });
    now = w.images;
    w.images = before;
    extend(&w, design, NULL, NULL, 0);
    w.images = now;
    check_frame(&w, "fewer images again", design, 1, (const size_t[]){ 9, 7, 7, 9, 7 });
    check_frame(&w, "the other design", other, 0, (const size_t[]){ 0, 0, 0, 0, 0 });
    world_again(&w, state);
    world_asks(&w, renamed);
    check_frame(&w, "by name", design, 1, (const size_t[]){ 7, 0, 0, 9 });
    store_images_release(&before);
    world_close(&w);
}

static void strata_stand_in_the_order_they_were_added(void **state)
{
    static const struct store_stratum strata[] = {
        { "Bald, yes, no", 10, 2, 5 },
        { "Hair, \"a, b\", caf\xc3\xa9", UINT32_MAX, 0, 5 },
        { "", (uint64_t)1 << 40, (uint64_t)1 << 39, 5 },
        { "Age, old", 1, 1, 5 },
    };
    static const size_t part_of[] = { 0, 0, 1, 1 };
    struct arena arena = { 0 };
    struct store_stratum *got;
    struct world w;
    struct err e;
    int64_t design, other;
    size_t n;

    world_open(&w, state, kinds_task, 1);
    design = new_design(&w, "{}");
    other = new_design(&w, "{}");
    assert_ok(store_strata_load(w.store, design, &arena, &got, &n, &e), &e);
    assert_int_equal(n, 0);
    assert_int_equal(extend(&w, design, NULL, strata, 2), 0);
    assert_int_equal(extend(&w, other, NULL, strata, 1), 0);
    assert_int_equal(extend(&w, design, NULL, strata + 2, 2), 2);
    assert_int_equal(extend(&w, design, NULL, NULL, 0), 4);
    world_again(&w, state);
    assert_ok(store_strata_load(w.store, design, &arena, &got, &n, &e), &e);
    assert_int_equal(n, COUNT(strata));
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(got[i].name, strata[i].name);
        assert_true(got[i].cells == strata[i].cells && got[i].drawn == strata[i].drawn);
        assert_int_equal(got[i].part, part_of[i]);
    }
    check_design(w.store, NULL, other, 5); /* the newest that drew */
    world_close(&w);
    arena_release(&arena);
}

/* Cells of two parts, and one that no part has. */
static void a_design_keeps_the_stratum_of_each_cell(void **state)
{
    enum { CELLS = 2 * KINDS_COLUMNS };
    uint32_t first[CELLS], second[CELLS], got[CELLS];
    const struct store_stratum strata[] = { { "a", 2, 1, 0 }, { "b", 1, 1, 0 } };
    struct world w;
    struct err e;
    int64_t design;
    size_t at;

    world_open(&w, state, kinds_task, 2);
    design = new_design(&w, "{}");
    assert_int_equal(store_frame_strata(w.store, design, w.task, &w.images, got, &e), 0);
    memset(first, 0xff, sizeof(first));
    memset(second, 0xff, sizeof(second));
    first[0] = 1;
    first[1] = 0;
    second[3] = 1;
    begin(w.store);
    for (int part = 0; part < 2; part++) {
        const struct store_frame_part p = {
            .task = w.task, .images = &w.images, .cells = 2, .stratum_of = part ? second : first
        };

        assert_ok(store_design_extend(w.store, design, &p, strata, 2, &at, &e), &e);
        assert_int_equal(at, 2 * part);
    }
    commit(w.store);
    assert_int_equal(store_frame_strata(w.store, design, w.task, &w.images, got, &e), 1);
    first[3] = 3; /* behind the first part's two */
    assert_memory_equal(got, first, sizeof(got));
    world_close(&w);
}

static void a_part_needs_a_design(void **state)
{
    struct store_frame_part part;
    struct world w;
    struct err e;
    size_t first;
    int rc;

    world_open(&w, state, kinds_task, 1);
    part = (struct store_frame_part){ .task = w.task, .images = &w.images, .cells = 5 };
    begin(w.store);
    rc = store_design_extend(w.store, 7, &part, NULL, 0, &first, &e);
    assert_refused(store_end(w.store, rc, &e), &e, ERR_DB);
    world_close(&w);
}

/* ---- items ---- */

/* An item of image 0 and Bald that differs as the test says. */
static struct store_new_item item_of(const struct world *w, enum review_kind kind, size_t image,
                                     size_t column)
{
    return (struct store_new_item){ .item = { .kind = kind, .column = column, .votes = 1 },
                                    .image = w->images.ids[image] };
}

static int64_t add_item(struct world *w, const struct store_new_item *item)
{
    struct err e;
    int64_t id = 0;

    begin(w->store);
    assert_ok(store_item_add(w->store, item, w->task, &id, &e), &e);
    commit(w->store);
    assert_true(id > 0);
    return id;
}

static void load_items(struct world *w, struct store_items *items)
{
    struct err e;

    assert_ok(store_items_load(w->store, w->task, &w->images, items, &e), &e);
}

/* Four items: a dispute, a sample of a design, a gold, and a repeat of the sample. */
enum { THE_DISPUTE, THE_SAMPLE, THE_GOLD, THE_REPEAT, N_ITEMS };

static void add_four(struct world *w, int64_t *ids)
{
    struct store_new_item items[N_ITEMS] = {
        item_of(w, REVIEW_DISPUTE, 1, IN_HAIR),
        item_of(w, REVIEW_SAMPLE, 0, IN_TIE),
        item_of(w, REVIEW_GOLD, 1, IN_AGE),
        item_of(w, REVIEW_REPEAT, 0, IN_TIE),
    };

    items[THE_DISPUTE].item.votes = 3;
    items[THE_DISPUTE].item.place = 40;
    items[THE_SAMPLE].item.place = 10;
    items[THE_SAMPLE].item.design = new_design(w, "{}");
    items[THE_SAMPLE].item.stratum = 6;
    items[THE_SAMPLE].item.inclusion_probability = 0.1;
    items[THE_GOLD].item.known = 2;
    items[THE_GOLD].item.place = -5;
    items[THE_REPEAT].item.place = 20;
    for (size_t i = 0; i < N_ITEMS; i++) {
        items[THE_REPEAT].repeats = i == THE_REPEAT ? ids[THE_SAMPLE] : 0;
        ids[i] = add_item(w, &items[i]);
    }
}

static void items_are_listed_by_place_as_they_were_added(void **state)
{
    static const size_t order[] = { THE_GOLD, THE_SAMPLE, THE_REPEAT, THE_DISPUTE };
    static const enum review_kind kinds[] = { REVIEW_GOLD, REVIEW_SAMPLE, REVIEW_REPEAT,
                                              REVIEW_DISPUTE };
    static const size_t images[] = { 1, 0, 0, 1 }, columns[] = { IN_AGE, IN_TIE, IN_TIE, IN_HAIR };
    struct store_items items;
    struct world w;
    int64_t ids[N_ITEMS];

    world_open(&w, state, kinds_task, 2);
    load_items(&w, &items);
    assert_int_equal(items.n, 0);
    store_items_release(&items);
    add_four(&w, ids);
    world_again(&w, state);
    load_items(&w, &items);
    assert_int_equal(items.n, N_ITEMS);
    for (size_t i = 0; i < N_ITEMS; i++) {
        const struct store_item *item = &items.items[i];

        assert_int_equal(item->id, ids[order[i]]);
        assert_int_equal(item->kind, kinds[i]);
        assert_int_equal(item->image, images[i]);
        assert_int_equal(item->column, columns[i]);
        assert_int_equal(item->votes, kinds[i] == REVIEW_DISPUTE ? 3 : 1);
        assert_int_equal(item->known, kinds[i] == REVIEW_GOLD ? 2 : VALUE_MISSING);
        assert_true(item->repeats == (kinds[i] == REVIEW_REPEAT ? 1 : SIZE_MAX));
        assert_true((item->design != 0) == (kinds[i] == REVIEW_SAMPLE));
        assert_null(item->aside);
    }
    assert_int_equal(items.items[0].place, -5);
    assert_int_equal(items.items[1].stratum, 6);
    assert_near("probability", items.items[1].inclusion_probability, 0.1, 0);
    store_items_release(&items);
    store_items_release(&items);
    world_close(&w);
}

/* Items in one place are in the order they were added; each has a key of its own, which tells
 * nothing. */
static void every_item_has_a_key_of_its_own(void **state)
{
    enum { MANY = 200 };
    struct map *keys = NULL;
    struct store_items items;
    struct world w;
    struct err e;
    int64_t ids[MANY];
    char first[SECRET_TEXT] = "x";

    world_open(&w, state, kinds_task, MANY);
    assert_ok(store_review_first_key(w.store, first, &e), &e);
    assert_string_equal(first, "");
    assert_ok(map_new(&keys, &e), &e);
    for (size_t i = 0; i < MANY; i++) {
        const struct store_new_item item = item_of(&w, REVIEW_DISPUTE, i, IN_BALD);

        ids[i] = add_item(&w, &item);
    }
    load_items(&w, &items);
    assert_int_equal(items.n, MANY);
    for (size_t i = 0; i < MANY; i++) {
        const char *key = items.items[i].key;
        size_t index;

        assert_int_equal(items.items[i].id, ids[i]);
        assert_int_equal(strlen(key), SECRET_SHORT - 1);
        assert_int_equal(strspn(key, "0123456789abcdef"), SECRET_SHORT - 1);
        assert_int_equal(map_add(keys, key, strlen(key), i, &index, &e), 1);
    }
    assert_ok(store_review_first_key(w.store, first, &e), &e);
    assert_string_equal(first, items.items[0].key);
    store_items_release(&items);
    map_free(keys);
    world_close(&w);
}

static void a_cell_is_one_item_and_its_repeats(void **state)
{
    static const enum review_kind others[] = { REVIEW_DISPUTE, REVIEW_SAMPLE, REVIEW_GOLD };
    struct store_new_item item;
    struct world w;
    struct err e;
    int64_t id;

    world_open(&w, state, kinds_task, 2);
    item = item_of(&w, REVIEW_SAMPLE, 0, IN_BALD);
    id = add_item(&w, &item);
    for (size_t i = 0; i < COUNT(others); i++) {
        int rc;

        item = item_of(&w, others[i], 0, IN_BALD);
        begin(w.store);
        rc = store_item_add(w.store, &item, w.task, &id, &e);
        assert_refused(store_end(w.store, rc, &e), &e, ERR_DB);
    }
    item = item_of(&w, REVIEW_DISPUTE, 1, IN_BALD);
    add_item(&w, &item);
    item = item_of(&w, REVIEW_DISPUTE, 0, IN_HAT);
    add_item(&w, &item);
    item = item_of(&w, REVIEW_REPEAT, 0, IN_BALD);
    add_item(&w, &item);
    add_item(&w, &item);
    world_close(&w);
}

/* What becomes of the four items when the questions are these. */
static const struct outlived {
    const char *what, *task;
    const char *aside[N_ITEMS]; /* part of it; "": none; "gone": it is left out */
    int16_t known;
    size_t tie; /* the column */
} outlived[] = {
    { "nothing", kinds_task, { "", "", "", "" }, 2, IN_TIE },
    { "another order",
      "name: t\nquestions:\n"
      "  - {name: Tags, kind: multi, options: [tie], text: t}\n"
      "  - {name: Age, kind: ordinal, options: [old, child], text: a}\n"
      "  - {name: Hair, kind: choice, options: [black, blond], text: h}\n",
      { "", "", "", "" },
      0,
      0 },
    { "the known answer is none",
      "name: t\nquestions:\n"
      "  - {name: Tags, kind: multi, options: [hat, tie], text: t}\n"
      "  - {name: Age, kind: ordinal, options: [child, young], text: a}\n",
      { "gone", "", "known answer", "" },
      VALUE_MISSING,
      1 },
    { "none is asked",
      "name: t\nquestions:\n  - {name: Bald, text: b}\n",
      { "gone", "gone", "gone", "gone" },
      0,
      0 },
};

static void check_outlived(const struct outlived *row, size_t k, int64_t id,
                           const struct store_items *items)
{
    const struct store_item *item = NULL;

    for (size_t i = 0; i < items->n; i++)
        if (items->items[i].id == id)
            item = &items->items[i];
    if (!item != !strcmp(row->aside[k], "gone"))
        fail_row(row->what, "item %zu is %s", k, item ? "there" : "not there");
    if (!item)
        return;
    if (!item->aside != !*row->aside[k] || (item->aside && !strstr(item->aside, row->aside[k])))
        fail_row(row->what, "item %zu: %s", k, item->aside ? item->aside : "shown");
    assert_true(k != THE_GOLD || item->known == row->known);
    assert_true((k != THE_SAMPLE && k != THE_REPEAT) || item->column == row->tie);
    assert_true(k != THE_REPEAT || items->items[item->repeats].kind == REVIEW_SAMPLE);
}

static void items_outlive_a_change_of_the_questions(void **state)
{
    struct world w;
    int64_t ids[N_ITEMS];

    world_open(&w, state, kinds_task, 2);
    add_four(&w, ids);
    for (size_t r = 0; r < COUNT(outlived); r++) {
        struct store_items items;

        world_asks(&w, outlived[r].task);
        load_items(&w, &items);
        for (size_t k = 0; k < N_ITEMS; k++)
            check_outlived(&outlived[r], k, ids[k], &items);
        store_items_release(&items);
    }
    world_close(&w);
}

static void a_repeat_of_what_is_not_listed_is_set_aside(void **state)
{
    struct store_images before;
    struct store_new_item item;
    struct store_items items;
    struct world w;
    int64_t original, repeat;

    world_open(&w, state, kinds_task, 1);
    before = w.images;
    w.images = (struct store_images){ 0 };
    list_images(&w);
    add_listed_images(&w, 1);
    item = item_of(&w, REVIEW_DISPUTE, 1, IN_BALD);
    original = add_item(&w, &item);
    item = item_of(&w, REVIEW_REPEAT, 0, IN_BALD);
    item.repeats = original;
    repeat = add_item(&w, &item);
    store_images_release(&w.images);
    w.images = before;
    load_items(&w, &items);
    assert_int_equal(items.n, 1);
    assert_int_equal(items.items[0].id, repeat);
    assert_true(items.items[0].repeats == SIZE_MAX);
    assert_contains(items.items[0].aside, "repeats");
    store_items_release(&items);
    world_close(&w);
}

static void items_change_their_votes_and_are_drawn_and_set_aside(void **state)
{
    struct store_items items;
    struct store_item drawn;
    struct world w;
    struct err e;
    int64_t ids[N_ITEMS], design;

    world_open(&w, state, kinds_task, 2);
    add_four(&w, ids);
    design = new_design(&w, "{}");
    drawn = (struct store_item){
        .id = ids[THE_DISPUTE], .design = design, .stratum = 3, .inclusion_probability = 1e-9
    };
    begin(w.store);
    assert_ok(store_item_sampled(w.store, &drawn, &e), &e);
    assert_ok(store_item_votes(w.store, ids[THE_GOLD], 7, &e), &e);
    assert_ok(
        store_item_aside(w.store, ids[THE_SAMPLE], "cannot be read: \xe2\x80\x9cx\xe2\x80\x9d", &e),
        &e);
    commit(w.store);
    load_items(&w, &items); /* gold, sample, repeat, dispute */
    assert_int_equal(items.items[0].votes, 7);
    assert_string_equal(items.items[1].aside, "cannot be read: \xe2\x80\x9cx\xe2\x80\x9d");
    assert_int_equal(items.items[1].votes, 1);
    assert_null(items.items[2].aside);
    assert_int_equal(items.items[3].kind, REVIEW_DISPUTE);
    assert_int_equal(items.items[3].design, design);
    assert_int_equal(items.items[3].stratum, 3);
    assert_near("probability", items.items[3].inclusion_probability, 1e-9, 0);
    assert_int_equal(items.items[3].votes, 3);
    store_items_release(&items);
    begin(w.store);
    assert_ok(store_items_return(w.store, &e), &e);
    commit(w.store);
    load_items(&w, &items);
    for (size_t i = 0; i < items.n; i++)
        assert_null(items.items[i].aside);
    store_items_release(&items);
    world_close(&w);
}

/* ---- who holds what ---- */

struct leases {
    struct buf text; /* "ITEM ANNOTATOR TAB UNTIL", a line each */
    size_t n, most;
};

static int see_lease(void *data, const struct store_lease *l)
{
    struct leases *seen = data;

    buf_printf(&seen->text, "%lld %lld %s %lld\n", (long long)l->item, (long long)l->annotator,
               l->tab, (long long)l->until);
    return ++seen->n == seen->most ? ERR_LIMIT : 0;
}

/* The leases are these lines, in whatever order. */
static void check_leases(struct world *w, const char *what, const char *const lines[], size_t n)
{
    struct leases seen = { .text = BUF_INIT(4096) };
    struct err e;

    buf_puts(&seen.text, "");
    assert_ok(store_leases(w->store, see_lease, &seen, &e), &e);
    if (seen.n != n)
        fail_row(what, "%zu leases, not %zu:\n%s", seen.n, n, seen.text.text);
    for (size_t i = 0; i < n; i++)
        if (!strstr(seen.text.text, lines[i]))
            fail_row(what, "%s is not among\n%s", lines[i], seen.text.text);
    buf_release(&seen.text);
}

static void an_item_is_held_by_several_people_each_till_a_time(void **state)
{
    struct leases seen = { .text = BUF_INIT(4096), .most = 2 };
    struct world w;
    struct err e;
    char lines[4][64];
    const char *list[4] = { lines[0], lines[1], lines[2], lines[3] };
    int64_t ids[N_ITEMS], by = world_with(&w, state, kinds_task, 2), ben;

    add_four(&w, ids);
    check_leases(&w, "none", NULL, 0);
    begin(w.store);
    ben = annotator(w.store, "ben", ANNOTATOR_HUMAN);
    for (size_t i = 0; i < 4; i++) {
        const struct store_lease l = { ids[i % 2], i < 2 ? by : ben, (int64_t)1 << (40 + i),
                                       "t-1" };

        snprintf(lines[i], sizeof(lines[i]), "%lld %lld t-1 %lld\n", (long long)l.item,
                 (long long)l.annotator, (long long)l.until);
        assert_ok(store_lease_set(w.store, &l, &e), &e);
    }
    commit(w.store);
    check_leases(&w, "four", list, 4);
    begin(w.store);
    assert_ok(store_lease_set(w.store, &(struct store_lease){ ids[0], by, 5, "t 2" }, &e), &e);
    assert_ok(store_lease_drop(w.store, ids[1], ben, &e), &e);
    assert_ok(store_lease_drop(w.store, ids[2], ben, &e), &e); /* not held */
    commit(w.store);
    snprintf(lines[0], sizeof(lines[0]), "%lld %lld t 2 5\n", (long long)ids[0], (long long)by);
    world_again(&w, state);
    check_leases(&w, "one set anew, one dropped", list, 3);
    assert_int_equal(store_leases(w.store, see_lease, &seen, &e), ERR_LIMIT);
    assert_int_equal(seen.n, 2);
    buf_release(&seen.text);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_scratch(a_design_is_found_by_its_settings_the_newest_first),
        test_with_scratch(a_frame_grows_part_by_part),
        test_with_scratch(strata_stand_in_the_order_they_were_added),
        test_with_scratch(a_design_keeps_the_stratum_of_each_cell),
        test_with_scratch(a_part_needs_a_design),
        test_with_scratch(items_are_listed_by_place_as_they_were_added),
        test_with_scratch(every_item_has_a_key_of_its_own),
        test_with_scratch(a_cell_is_one_item_and_its_repeats),
        test_with_scratch(items_outlive_a_change_of_the_questions),
        test_with_scratch(a_repeat_of_what_is_not_listed_is_set_aside),
        test_with_scratch(items_change_their_votes_and_are_drawn_and_set_aside),
        test_with_scratch(an_item_is_held_by_several_people_each_till_a_time),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("store_review", tests, NULL, NULL);
}
