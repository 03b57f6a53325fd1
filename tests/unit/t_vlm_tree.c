/* SPDX-License-Identifier: MIT */
/*
 * vlm/tree.c against prompts laid side by side.
 */
#include "t_vlm_support.h"

/* The tokens of a path from its end back are the prompt's, and their depths count down to 0. */
static void check_path(const struct tree *t, const struct prompt *p, uint32_t end)
{
    uint32_t at = end;

    for (size_t k = p->n; k-- > 0; at = t->parent[at]) {
        assert_true(at < t->n);
        assert_int_equal(t->ids[at], p->ids[k]);
        assert_int_equal(t->depth[at], k);
    }
    assert_true(at == TREE_ROOT);
}

static size_t count_beginnings(const struct forest *f)
{
    size_t count = 0;

    for (size_t i = 0; i < f->n; i++)
        for (size_t len = 1; len <= f->prompts[i].n; len++) {
            bool new = true;

            for (size_t j = 0; new &&j < i; j++)
                new = f->prompts[j].n < len ||
                      memcmp(f->prompts[j].ids, f->prompts[i].ids, len * sizeof(uint32_t)) != 0;
            count += new;
        }
    return count;
}

/* What segments say that a token sees is itself and its ancestors. */
static void check_segments(const struct tree *t)
{
    bool *seen = malloc(t->n + 1);

    assert_non_null(seen);
    for (uint32_t i = 0; i < t->n; i++) {
        size_t n_seen = 0, n_ancestors = 0;

        memset(seen, 0, t->n);
        for (size_t s = 0; s < t->n_segments; s++) {
            const struct tree_segment *g = &t->segments[s];

            for (uint32_t k = g->first; k < g->end; k++)
                if (i >= g->first && i < g->below && k <= i) {
                    seen[k] = true;
                    n_seen++;
                }
        }
        for (uint32_t at = i; at != TREE_ROOT; at = t->parent[at], n_ancestors++)
            assert_true(seen[at]);
        assert_int_equal(n_seen, n_ancestors);
        assert_int_equal(n_ancestors, t->depth[i] + 1);
    }
    free(seen);
}

static void trees_hold_every_prompt_once(void **state)
{
    static const struct {
        size_t n, common;
    } sizes[] = { { 1, 0 }, { 2, 0 }, { 3, 30 }, { 40, 10 }, { 40, 0 }, { 400, 20 } };
    uint64_t seed = 1;

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct forest f = make_forest(sizes[i].n, sizes[i].common, &seed);
        struct tree t;
        struct err e;

        assert_ok(tree_build(&t, f.prompts, f.n, &e), &e);
        assert_int_equal(t.n, count_beginnings(&f));
        assert_int_equal(t.n_prompts, f.n);
        for (size_t k = 0; k < f.n; k++)
            check_path(&t, &f.prompts[k], t.ends[k]);
        check_segments(&t);
        tree_release(&t);
        free_forest(&f);
    }
}

static void a_tree_shares_what_is_equal(void **state)
{
    static const uint32_t a[] = { 1, 2, 3 }, b[] = { 1, 2 }, c[] = { 1, 2, 4, 5 }, d[] = { 9 };
    const struct prompt prompts[] = { { a, 3 }, { b, 2 }, { c, 4 }, { a, 3 }, { d, 1 } };
    static const uint32_t ids[] = { 1, 2, 3, 4, 5, 9 }, ends[] = { 2, 1, 4, 2, 5 };
    struct tree t;
    struct err e;

    (void)state;
    assert_ok(tree_build(&t, prompts, COUNT(prompts), &e), &e);
    assert_int_equal(t.n, COUNT(ids));
    assert_memory_equal(t.ids, ids, sizeof(ids));
    assert_memory_equal(t.ends, ends, sizeof(ends));
    assert_int_equal(t.height, 4);
    assert_int_equal(t.n_segments, 4); /* 1 2, 3, 4 5, 9 */
    assert_int_equal(t.segments[0].end, 2);
    assert_int_equal(t.segments[0].below, 5);
    tree_release(&t);
}

static void a_tree_has_a_greatest_size(void **state)
{
    size_t n = TREE_TOKENS_MAX;
    uint32_t *ids = calloc(n, sizeof(*ids));
    struct prompt prompt = { ids, n };
    struct tree t;
    struct err e = { 0 };

    (void)state;
    assert_non_null(ids);
    assert_refused(tree_build(&t, &prompt, 1, &e), &e, ERR_LIMIT);
    assert_null(t.ids);
    free(ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_hold_every_prompt_once),
        cmocka_unit_test(a_tree_shares_what_is_equal),
        cmocka_unit_test(a_tree_has_a_greatest_size),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("vlm tree", tests, NULL, NULL);
}
