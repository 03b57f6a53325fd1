/* SPDX-License-Identifier: MIT */
/*
 * store/: what people answered in a review and took back; who they are, their links and sessions,
 * packets.
 */
#include "support_store.h"

#include <time.h>

#include "store/review.h"
#include "store/reviewers.h"

/* ---- what people answered ---- */

/* A project of two images with two people and two items: image 0, Bald; image 1, Age. */
struct panel {
    struct world w;
    int64_t anna, ben, bald, age;
};

static void panel_open(struct panel *p, void **state)
{
    struct store_new_item item = { .item = { .kind = REVIEW_DISPUTE, .votes = 2 } };
    struct err e;

    p->anna = world_with(&p->w, state, kinds_task, 2);
    begin(p->w.store);
    p->ben = annotator(p->w.store, "ben", ANNOTATOR_HUMAN);
    item.item.column = IN_BALD;
    item.image = p->w.images.ids[0];
    assert_ok(store_item_add(p->w.store, &item, p->w.task, &p->bald, &e), &e);
    item.item.column = IN_AGE;
    item.image = p->w.images.ids[1];
    assert_ok(store_item_add(p->w.store, &item, p->w.task, &p->age, &e), &e);
    assert_ok(store_review_begin(p->w.store, p->w.task, &e), &e);
    commit(p->w.store);
}

static int answer(struct panel *p, const struct store_answer *a, int16_t vote, struct err *e)
{
    const struct store_ballot ballot = { p->w.images.ids[a->item == p->age],
                                         a->item == p->age ? IN_AGE : IN_BALD, vote };
    int rc;

    begin(p->w.store);
    rc = store_answer_add(p->w.store, a, &ballot, e);
    return store_end(p->w.store, rc, e);
}

struct seen_answers {
    const struct panel *panel;
    struct buf text; /* a line each: see see_answer */
    size_t n, most;
};

/* "ANNOTATOR ITEM KEY KIND VALUE SECONDS MODE AT [undone]" */
static int see_answer(void *data, const struct store_answer *a)
{
    struct seen_answers *seen = data;

    buf_printf(&seen->text, "%s %s %s %s %s %g %d %s%s\n",
               a->annotator == seen->panel->anna ? "anna" : "ben",
               a->item == seen->panel->bald ? "Bald" : "Age", a->key,
               store_answer_kind_name(a->kind), a->value ? a->value : "-", a->seconds, (int)a->mode,
               a->at, a->undone ? " undone" : "");
    return ++seen->n == seen->most ? ERR_LIMIT : 0;
}

/* Which answers are listed, and what of them. */
enum { ALL, OF_KEY, NEWEST };

static void check_answers(struct panel *p, const char *what, int which, const void *key,
                          const char *wanted)
{
    struct seen_answers seen = { .panel = p, .text = BUF_INIT(1 << 16) };
    const struct store_answer_reader r = { see_answer, &seen };
    struct err e;
    int rc = which == ALL ? store_answers(p->w.store, r, &e)
             : which == OF_KEY
                 ? store_answers_of(p->w.store, p->anna, key, r, &e)
                 : store_answer_newest(p->w.store, p->anna, *(const int64_t *)key, r, &e);

    assert_ok(rc, &e);
    buf_puts(&seen.text, "");
    if (strcmp(seen.text.text, wanted) != 0)
        fail_row(what, "lists\n%sand not\n%s", seen.text.text, wanted);
    buf_release(&seen.text);
}

#define WHEN "2026-01-31T12:00:00Z"

static void give_some(struct panel *p)
{
    const struct store_answer given[] = {
        { p->anna, p->bald, "k-1", ANSWER_VALUE, "yes", 2.5, MODE_SINGLE, WHEN },
        { p->ben, p->bald, "k-1", ANSWER_UNSURE, NULL, 0, MODE_GRID, WHEN },
        { p->anna, p->age, "k-1", ANSWER_VALUE, "old", 1e-3, MODE_PACKET, WHEN },
        { p->ben, p->age, "k-2", ANSWER_SKIP, NULL, 3600, MODE_SINGLE, WHEN },
        { p->ben, p->age, "k-3", ANSWER_FLAG, "caf\xc3\xa9 \"x\"", 1, MODE_SINGLE, WHEN },
    };
    static const int16_t votes[] = { VALUE_YES, VALUE_UNSURE, 2, VALUE_MISSING, VALUE_MISSING };
    struct err e;

    for (size_t i = 0; i < COUNT(given); i++)
        assert_ok(answer(p, &given[i], votes[i], &e), &e);
}

static void answers_are_listed_in_the_order_they_came(void **state)
{
    struct panel p;
    struct seen_answers seen = { .panel = &p, .text = BUF_INIT(4096), .most = 3 };
    struct err e;

    panel_open(&p, state);
    check_answers(&p, "none", ALL, NULL, "");
    give_some(&p);
    world_again(&p.w, state);
    check_answers(&p, "all", ALL, NULL,
                  "anna Bald k-1 value yes 2.5 0 " WHEN "\nben Bald k-1 unsure - 0 1 " WHEN "\n"
                  "anna Age k-1 value old 0.001 2 " WHEN "\nben Age k-2 skip - 3600 0 " WHEN "\n"
                  "ben Age k-3 flag caf\xc3\xa9 \"x\" 1 0 " WHEN "\n");
    check_answers(&p, "a grid page's", OF_KEY, "k-1",
                  "anna Bald k-1 value yes 2.5 0 " WHEN "\nanna Age k-1 value old 0.001 2 " WHEN
                  "\n");
    check_answers(&p, "another's key", OF_KEY, "k-2", "");
    check_answers(&p, "the newest", NEWEST, &p.age, "anna Age k-1 value old 0.001 2 " WHEN "\n");
    check_answers(&p, "of no item", NEWEST, &(int64_t){ p.age + 100 }, "");
    assert_int_equal(
        store_answers(p.w.store, (struct store_answer_reader){ see_answer, &seen }, &e), ERR_LIMIT);
    assert_int_equal(seen.n, 3);
    buf_release(&seen.text);
    world_close(&p.w);
}

static void an_answer_is_a_vote_where_its_ballot_says_so(void **state)
{
    static const int16_t anna[2 * KINDS_COLUMNS] = { 1, NO, NO, NO, NO, NO, NO, NO, NO, 2 };
    static const int16_t ben[2 * KINDS_COLUMNS] = { -4, NO, NO, NO, NO, NO, NO, NO, NO, NO };
    struct store_annotators all;
    struct panel p;
    struct err e;
    double *seconds;
    size_t n;

    panel_open(&p, state);
    give_some(&p);
    check_labels(&p.w, "anna", p.anna, anna);
    check_labels(&p.w, "ben", p.ben, ben);
    assert_ok(store_annotators_load(p.w.store, &all, &e), &e);
    assert_int_equal(all.items[0].votes, 2);
    assert_int_equal(all.items[1].votes, 1);
    store_annotators_release(&all);
    assert_ok(store_vote_seconds(p.w.store, p.anna, &seconds, &n, &e), &e);
    assert_int_equal(n, 2);
    assert_near("seconds", seconds[0] + seconds[1], 2.501, 1e-12);
    free(seconds);
    world_close(&p.w);
}

/* Votes of a review are its answers; those that an import brought stand for themselves. */
static void time_is_spent_on_what_counts_no_more_too(void **state)
{
    struct store_answer a = { .key = "k-9", .kind = ANSWER_SKIP, .seconds = 7, .at = WHEN };
    uint64_t answers;
    struct panel p;
    double seconds;
    struct err e;

    panel_open(&p, state);
    assert_ok(store_time_spent(p.w.store, p.anna, &answers, &seconds, &e), &e);
    assert_true(answers == 0 && seconds == 0);
    give_some(&p);
    begin(p.w.store);
    assert_ok(store_answer_undo(p.w.store, p.anna, p.bald, &e), &e);
    commit(p.w.store);
    a.annotator = p.anna;
    a.item = p.age;
    a.copy_of = p.bald;
    assert_ok(answer(&p, &a, VALUE_MISSING, &e), &e);
    begin(p.w.store);
    start_run(&p.w, p.anna);
    assert_ok(
        store_vote_add(p.w.store, &(struct store_vote){ p.anna, p.w.images.ids[0], 0, 1, 10 }, &e),
        &e);
    end_run(&p.w);
    commit(p.w.store);
    assert_ok(store_time_spent(p.w.store, p.anna, &answers, &seconds, &e), &e);
    assert_int_equal(answers, 3);
    assert_near("anna", seconds, 2.5 + 1e-3 + 10, 1e-12);
    assert_ok(store_time_spent(p.w.store, p.ben, &answers, &seconds, &e), &e);
    assert_int_equal(answers, 3);
    assert_near("ben", seconds, 3601, 1e-12);
    world_close(&p.w);
}

static void a_time_that_is_not_given_is_now(void **state)
{
    struct store_answer a = { .key = "k", .kind = ANSWER_SKIP };
    char now[64];
    struct panel p;
    struct seen_answers seen = { .panel = &p, .text = BUF_INIT(4096) };
    struct err e;
    time_t before = time(NULL), after;
    bool found = false;

    panel_open(&p, state);
    a.annotator = p.anna;
    a.item = p.bald;
    assert_ok(answer(&p, &a, VALUE_MISSING, &e), &e);
    after = time(NULL);
    assert_ok(store_answers(p.w.store, (struct store_answer_reader){ see_answer, &seen }, &e), &e);
    for (time_t t = before; t <= after; t++) {
        strftime(now, sizeof(now), " %Y-%m-%dT%H:%M:%SZ\n", gmtime(&t));
        found = found || strstr(seen.text.text, now);
    }
    assert_true(found);
    buf_release(&seen.text);
    world_close(&p.w);
}

static void an_answer_that_is_sent_again_is_refused_and_changes_nothing(void **state)
{
    static const int16_t labels[2 * KINDS_COLUMNS] = { 1, NO, NO, NO, NO, NO, NO, NO, NO, NO };
    struct store_answer a = { .key = "k", .kind = ANSWER_VALUE, .value = "yes", .at = WHEN };
    struct panel p;
    struct err e;

    panel_open(&p, state);
    a.annotator = p.anna;
    a.item = p.bald;
    assert_ok(answer(&p, &a, VALUE_YES, &e), &e);
    a.value = "no";
    assert_refused(answer(&p, &a, VALUE_NO, &e), &e, ERR_DB);
    check_answers(&p, "once", ALL, NULL, "anna Bald k value yes 0 0 " WHEN "\n");
    check_labels(&p.w, "as it was", p.anna, labels);
    a.annotator = p.ben; /* another's page may have made the same key */
    assert_ok(answer(&p, &a, VALUE_NO, &e), &e);
    check_labels(&p.w, "still", p.anna, labels);
    world_close(&p.w);
}

static void what_is_answered_is_an_item_by_somebody(void **state)
{
    static const struct {
        const char *what;
        int64_t annotator, item; /* added to those that are there */
    } rows[] = { { "nobody", 100, 0 }, { "no item", 0, 100 } };
    struct panel p;
    struct err e;

    panel_open(&p, state);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct store_answer a = { .annotator = p.anna + rows[i].annotator,
                                  .item = p.bald + rows[i].item,
                                  .key = "k",
                                  .kind = ANSWER_SKIP };

        if (answer(&p, &a, VALUE_MISSING, &e) != ERR_DB)
            fail_row(rows[i].what, "may answer");
    }
    check_answers(&p, "nothing kept", ALL, NULL, "");
    world_close(&p.w);
}

static void undo(struct panel *p, int64_t by, int64_t item)
{
    struct err e;

    begin(p->w.store);
    assert_ok(store_answer_undo(p->w.store, by, item, &e), &e);
    commit(p->w.store);
}

static void an_answer_that_is_undone_stays_and_does_not_count(void **state)
{
    int16_t anna[2 * KINDS_COLUMNS] = { 1, NO, NO, NO, NO, NO, NO, NO, NO, 2 };
    static const int16_t ben[2 * KINDS_COLUMNS] = { -4, NO, NO, NO, NO, NO, NO, NO, NO, NO };
    struct store_answer again = { .key = "k-4", .kind = ANSWER_VALUE, .value = "no", .at = WHEN };
    struct panel p;
    struct err e;

    panel_open(&p, state);
    give_some(&p);
    undo(&p, p.anna, p.age);
    anna[2 * KINDS_COLUMNS - 1] = NO;
    check_labels(&p.w, "one undone", p.anna, anna);
    check_answers(&p, "it stays", OF_KEY, "k-1",
                  "anna Bald k-1 value yes 2.5 0 " WHEN "\nanna Age k-1 value old 0.001 2 " WHEN
                  " undone\n");
    check_answers(&p, "the newest", NEWEST, &p.age,
                  "anna Age k-1 value old 0.001 2 " WHEN " undone\n");
    undo(&p, p.anna, p.age); /* again: nothing is left to undo */
    undo(&p, p.anna, 100);
    check_labels(&p.w, "undone twice", p.anna, anna);
    undo(&p, p.anna, p.bald);
    again.annotator = p.anna;
    again.item = p.bald;
    assert_ok(answer(&p, &again, VALUE_NO, &e), &e);
    anna[0] = 0;
    world_again(&p.w, state);
    check_labels(&p.w, "answered anew", p.anna, anna);
    check_labels(&p.w, "somebody else", p.ben, ben);
    check_answers(&p, "the newest of two", NEWEST, &p.bald,
                  "anna Bald k-4 value no 0 0 " WHEN "\n");
    check_answers(
        &p, "both", ALL, NULL,
        "anna Bald k-1 value yes 2.5 0 " WHEN " undone\nben Bald k-1 unsure - 0 1 " WHEN "\n"
        "anna Age k-1 value old 0.001 2 " WHEN " undone\nben Age k-2 skip - 3600 0 " WHEN "\n"
        "ben Age k-3 flag caf\xc3\xa9 \"x\" 1 0 " WHEN "\nanna Bald k-4 value no 0 0 " WHEN "\n");
    world_close(&p.w);
}

/* A vote that came in with a file is none of the review's. */
static void an_undo_leaves_votes_of_other_origin(void **state)
{
    int16_t labels[2 * KINDS_COLUMNS] = { 0, NO, NO, NO, NO, NO, NO, NO, NO, NO };
    struct store_answer a = { .key = "k", .kind = ANSWER_VALUE, .value = "yes" };
    struct panel p;
    struct err e;

    panel_open(&p, state);
    begin(p.w.store);
    start_run(&p.w, p.anna);
    assert_ok(store_vote_add(p.w.store,
                             &(struct store_vote){ p.anna, p.w.images.ids[0], IN_BALD, 0, 1 }, &e),
              &e);
    assert_ok(store_review_begin(p.w.store, p.w.task, &e), &e);
    commit(p.w.store);
    a.annotator = p.anna;
    a.item = p.bald;
    assert_ok(answer(&p, &a, VALUE_YES, &e), &e);
    labels[0] = 1;
    check_labels(&p.w, "answered", p.anna, labels);
    undo(&p, p.anna, p.bald);
    labels[0] = 0;
    check_labels(&p.w, "undone", p.anna, labels);
    world_close(&p.w);
}

/* A vote is on the question as it was asked when the review began. */
static void votes_are_given_on_the_questions_of_now(void **state)
{
    static const char now[] = "name: t\nquestions:\n"
                              "  - {name: Age, kind: ordinal, options: [old, young], text: a}\n"
                              "  - {name: Bald, text: \"Bald?\"}\n";
    static const int16_t labels[4] = { NO, 0, NO, NO };
    struct store_answer a = { .key = "k", .kind = ANSWER_VALUE, .value = "old" };
    struct store_ballot ballot = { .column = 0, .vote = 0 };
    struct panel p;
    struct err e;

    panel_open(&p, state);
    world_asks(&p.w, now);
    a.annotator = p.anna;
    a.item = p.age;
    ballot.image = p.w.images.ids[1];
    begin(p.w.store);
    assert_ok(store_review_begin(p.w.store, p.w.task, &e), &e);
    assert_ok(store_answer_add(p.w.store, &a, &ballot, &e), &e);
    commit(p.w.store);
    check_labels(&p.w, "now", p.anna, labels);
    world_asks(&p.w, kinds_task);
    check_labels(&p.w, "as before", p.anna,
                 (const int16_t[2 * KINDS_COLUMNS]){ NO, NO, NO, NO, NO, NO, NO, NO, NO, 2 });
    world_close(&p.w);
}

static void kinds_of_answers_have_names(void **state)
{
    static const enum answer_kind kinds[] = { ANSWER_VALUE, ANSWER_UNSURE, ANSWER_SKIP,
                                              ANSWER_FLAG };
    static const char *const names[] = { "value", "unsure", "skip", "flag" };
    static const char *const none[] = { "", "Value", "values", "undo" };
    enum answer_kind kind;

    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        assert_string_equal(store_answer_kind_name(kinds[i]), names[i]);
        assert_true(store_answer_kind(names[i], &kind));
        assert_int_equal(kind, kinds[i]);
        assert_false(store_answer_kind(none[i], &kind));
    }
    assert_false(store_answer_kind(NULL, &kind));
}

/* ---- who may come in ---- */

static struct store_reviewer add_reviewer(struct store *s, const char *name, bool owner)
{
    struct store_reviewer who;
    struct err e;

    begin(s);
    assert_ok(store_reviewer_add(s, name, owner, &who, &e), &e);
    commit(s);
    assert_true(who.id > 0);
    assert_true((who.annotator == 0) == owner);
    assert_string_equal(who.name, name);
    return who;
}

static int shut_out(struct store *s, const char *name, struct err *e)
{
    begin(s);
    return store_end(s, store_reviewer_revoke(s, name, e), e);
}

struct seen_reviewers {
    struct buf text; /* "NAME [owner] [revoked]", a line each */
    size_t n, most;
};

static int see_reviewer(void *data, const struct store_reviewer *r)
{
    struct seen_reviewers *seen = data;

    assert_int_equal(strlen(r->created), strlen(WHEN));
    assert_true(!r->revoked || strcmp(r->revoked, r->created) >= 0);
    buf_printf(&seen->text, "%s%s%s\n", r->name, r->annotator ? "" : " owner",
               r->revoked ? " revoked" : "");
    return ++seen->n == seen->most ? ERR_INTERRUPTED : 0;
}

static void check_reviewers(struct store *s, const char *wanted)
{
    struct seen_reviewers seen = { .text = BUF_INIT(4096) };
    struct err e;

    buf_puts(&seen.text, "");
    assert_ok(store_reviewers(s, see_reviewer, &seen, &e), &e);
    assert_string_equal(seen.text.text, wanted);
    buf_release(&seen.text);
}

static void reviewers_and_owners_are_added_once_each(void **state)
{
    struct seen_reviewers seen = { .text = BUF_INIT(4096), .most = 1 };
    struct store *s = open_project(state, STORE_WRITE);
    struct store_annotators all;
    struct store_reviewer anna, owner, ben;
    struct err e;

    check_reviewers(s, "");
    anna = add_reviewer(s, "anna", false);
    owner = add_reviewer(s, "anna", true);
    ben = add_reviewer(s, "caf\xc3\xa9 'ben'", false);
    assert_true(anna.id != owner.id && anna.id != ben.id && anna.annotator != ben.annotator);
    assert_true(add_reviewer(s, "anna", false).id == anna.id);
    assert_true(add_reviewer(s, "anna", false).annotator == anna.annotator);
    assert_true(add_reviewer(s, "anna", true).id == owner.id);
    store_close(s);
    s = open_project(state, STORE_READ);
    check_reviewers(s, "anna\nanna owner\ncaf\xc3\xa9 'ben'\n");
    assert_int_equal(store_reviewers(s, see_reviewer, &seen, &e), ERR_INTERRUPTED);
    assert_string_equal(seen.text.text, "anna\n");
    buf_release(&seen.text);
    assert_ok(store_annotators_load(s, &all, &e), &e); /* an owner does not vote */
    assert_int_equal(all.n, 2);
    assert_true(all.items[0].reviews && all.items[1].reviews);
    assert_int_equal(all.items[0].kind, ANNOTATOR_HUMAN);
    store_annotators_release(&all);
    store_close(s);
}

static void who_settles_what_others_say_is_no_party_to_it(void **state)
{
    static const struct {
        const char *name, *what; /* of the message */
        bool owner_too;          /* cannot be an owner's name either */
    } rows[] = {
        { "llava", "another kind", false }, { "consensus", "cannot be", true },
        { "tie", "cannot be", true },       { "imported", "labels", false },
        { "", "cannot be", true },          { "a\nb", "cannot be", true },
        { "\x1b[31m", "cannot be", true },
    };
    char longest[TASK_NAME_MAX + 2];
    struct store_reviewer who;
    struct world w;
    struct err e;
    int64_t imported, voted;

    world_open(&w, state, kinds_task, 1);
    begin(w.store);
    annotator(w.store, "llava", ANNOTATOR_MODEL);
    imported = annotator(w.store, "imported", ANNOTATOR_HUMAN);
    voted = annotator(w.store, "voted", ANNOTATOR_HUMAN);
    commit(w.store);
    put_run(&w, imported, (struct batch){ .values = ROW(1, 1, 1, 1, 1) });
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int owner = 0; owner <= rows[i].owner_too; owner++) {
            int rc;

            begin(w.store);
            rc = store_reviewer_add(w.store, rows[i].name, owner != 0, &who, &e);
            assert_refused(store_end(w.store, rc, &e), &e, ERR_ARG);
            assert_contains(e.what, rows[i].what);
        }
    memset(longest, 'x', sizeof(longest));
    longest[TASK_NAME_MAX + 1] = '\0';
    begin(w.store);
    assert_refused(store_reviewer_add(w.store, longest, false, &who, &e), &e, ERR_ARG);
    store_rollback(w.store);
    check_reviewers(w.store, "");
    longest[TASK_NAME_MAX] = '\0';
    add_reviewer(w.store, longest, false);
    assert_true(add_reviewer(w.store, "voted", false).annotator == voted);
    world_close(&w);
}

static void check_token(struct store *s, const char *sha256, enum token_kind kind,
                        const struct store_reviewer *whose)
{
    struct store_reviewer r = { 0 };
    char name[TASK_NAME_MAX + 1] = "";
    struct err e;

    assert_int_equal(store_token_find(s, sha256, kind, &r, name, &e), whose != NULL);
    if (!whose)
        return;
    assert_true(r.id == whose->id && r.annotator == whose->annotator);
    assert_ptr_equal(r.name, name);
    assert_string_equal(name, whose->name);
}

static void add_token(struct store *s, const char *sha256, enum token_kind kind, int64_t reviewer,
                      int64_t expires)
{
    struct err e;

    begin(s);
    assert_ok(store_token_add(s, sha256, kind, reviewer, expires, &e), &e);
    commit(s);
}

static void a_token_is_somebody_s_till_it_expires(void **state)
{
    struct store *s = open_project(state, STORE_WRITE);
    struct store_reviewer anna = add_reviewer(s, "anna", false), owner = add_reviewer(s, "o", true);
    struct err e;

    add_token(s, "aa", TOKEN_LINK, anna.id, 0);
    add_token(s, "bb", TOKEN_SESSION, owner.id, (int64_t)time(NULL) + 3600);
    add_token(s, "cc", TOKEN_SESSION, anna.id, (int64_t)time(NULL) - 1);
    add_token(s, "dd", TOKEN_LINK, anna.id, 1);
    add_token(s, "ee", TOKEN_LINK, anna.id, INT64_MAX);
    check_token(s, "aa", TOKEN_LINK, &anna);
    check_token(s, "aa", TOKEN_SESSION, NULL);
    check_token(s, "bb", TOKEN_SESSION, &owner);
    check_token(s, "bb", TOKEN_LINK, NULL);
    check_token(s, "cc", TOKEN_SESSION, NULL);
    check_token(s, "dd", TOKEN_LINK, NULL);
    check_token(s, "ee", TOKEN_LINK, &anna);
    check_token(s, "AA", TOKEN_LINK, NULL);
    check_token(s, "", TOKEN_LINK, NULL);
    check_token(s, "a%", TOKEN_LINK, NULL);
    begin(s);
    assert_ok(store_token_drop(s, "aa", &e), &e);
    assert_ok(store_token_drop(s, "no such", &e), &e);
    commit(s);
    check_token(s, "aa", TOKEN_LINK, NULL);
    check_token(s, "ee", TOKEN_LINK, &anna);
    store_close(s);
}

static void a_token_has_an_owner_and_one_only(void **state)
{
    static const int64_t wrong[] = { 0, 100 }; /* added to the reviewer's id, with another hash */
    static const char *const hashes[] = { "aa", "bb" };
    struct store *s = open_project(state, STORE_WRITE);
    struct store_reviewer anna = add_reviewer(s, "anna", false);
    struct err e;

    add_token(s, "aa", TOKEN_LINK, anna.id, 0);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        int rc;

        begin(s);
        rc = store_token_add(s, hashes[i], TOKEN_SESSION, anna.id + wrong[i], 0, &e);
        assert_refused(store_end(s, rc, &e), &e, ERR_DB);
    }
    check_token(s, "aa", TOKEN_LINK, &anna);
    check_token(s, "bb", TOKEN_SESSION, NULL);
    store_close(s);
}

static void who_is_revoked_loses_tokens_and_may_be_let_in_again(void **state)
{
    struct store *s = open_project(state, STORE_WRITE);
    struct store_reviewer anna = add_reviewer(s, "anna", false);
    struct store_reviewer owner = add_reviewer(s, "anna", true),
                          ben = add_reviewer(s, "ben", false);
    struct err e;

    assert_refused(shut_out(s, "nobody", &e), &e, ERR_ARG);
    assert_contains(e.what, "'nobody'");
    add_token(s, "aa", TOKEN_LINK, anna.id, 0);
    add_token(s, "bb", TOKEN_SESSION, anna.id, INT64_MAX);
    add_token(s, "cc", TOKEN_LINK, owner.id, 0);
    add_token(s, "dd", TOKEN_LINK, ben.id, 0);
    for (int round = 0; round < 2; round++) { /* revoked once more: the same */
        assert_ok(shut_out(s, "anna", &e), &e);
        check_token(s, "aa", TOKEN_LINK, NULL);
        check_token(s, "bb", TOKEN_SESSION, NULL);
        check_token(s, "cc", TOKEN_LINK, NULL);
        check_token(s, "dd", TOKEN_LINK, &ben);
        check_reviewers(s, "anna revoked\nanna owner revoked\nben\n");
    }
    add_token(s, "ff", TOKEN_LINK, anna.id, 0); /* made by who did not know */
    check_token(s, "ff", TOKEN_LINK, NULL);
    assert_ok(shut_out(s, "anna", &e), &e);
    assert_true(add_reviewer(s, "anna", false).id == anna.id);
    check_reviewers(s, "anna\nanna owner revoked\nben\n");
    check_token(s, "aa", TOKEN_LINK, NULL);
    check_token(s, "ff", TOKEN_LINK, NULL);
    add_token(s, "ee", TOKEN_LINK, anna.id, 0);
    check_token(s, "ee", TOKEN_LINK, &anna);
    store_close(s);
}

/* ---- packets ---- */

static void check_packet(struct store *s, const char *sha256, int known, int64_t whose)
{
    int64_t got = -1;
    struct err e;

    assert_int_equal(store_packet_find(s, sha256, &got, &e), known);
    assert_true(!known || got == whose);
}

static void a_packet_is_known_by_its_hash(void **state)
{
    struct panel p;
    struct err e;
    int rc;

    panel_open(&p, state);
    check_packet(p.w.store, "aa", 0, 0);
    begin(p.w.store);
    assert_ok(store_packet_add(p.w.store, "aa", p.ben, 30, &e), &e);
    assert_ok(store_packet_add(p.w.store, "bb", p.anna, 0, &e), &e);
    assert_ok(store_packet_add(p.w.store, "aa", p.ben, 30, &e), &e); /* made once more */
    commit(p.w.store);
    world_again(&p.w, state);
    check_packet(p.w.store, "aa", 1, p.ben);
    check_packet(p.w.store, "bb", 1, p.anna);
    check_packet(p.w.store, "AA", 0, 0);
    begin(p.w.store);
    rc = store_packet_add(p.w.store, "cc", p.ben + 100, 1, &e);
    assert_refused(store_end(p.w.store, rc, &e), &e, ERR_DB);
    check_packet(p.w.store, "cc", 0, 0);
    world_close(&p.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_scratch(answers_are_listed_in_the_order_they_came),
        test_with_scratch(an_answer_is_a_vote_where_its_ballot_says_so),
        test_with_scratch(time_is_spent_on_what_counts_no_more_too),
        test_with_scratch(a_time_that_is_not_given_is_now),
        test_with_scratch(an_answer_that_is_sent_again_is_refused_and_changes_nothing),
        test_with_scratch(what_is_answered_is_an_item_by_somebody),
        test_with_scratch(an_answer_that_is_undone_stays_and_does_not_count),
        test_with_scratch(an_undo_leaves_votes_of_other_origin),
        test_with_scratch(votes_are_given_on_the_questions_of_now),
        test_with_scratch(kinds_of_answers_have_names),
        test_with_scratch(reviewers_and_owners_are_added_once_each),
        test_with_scratch(who_settles_what_others_say_is_no_party_to_it),
        test_with_scratch(a_token_is_somebody_s_till_it_expires),
        test_with_scratch(a_token_has_an_owner_and_one_only),
        test_with_scratch(who_is_revoked_loses_tokens_and_may_be_let_in_again),
        test_with_scratch(a_packet_is_known_by_its_hash),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("store_reviewers", tests, NULL, NULL);
}
