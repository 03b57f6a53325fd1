/* SPDX-License-Identifier: MIT */
/*
 * task/: rules kept, broken and unknown, against every way to fill in the labels that lack.
 */
#include "support_task.h"

#include "task/task.h"

static const char rules_task[] = "name: t\n"
                                 "questions:\n"
                                 "  - {name: A, text: a}\n"
                                 "  - {name: B, text: b}\n"
                                 "  - {name: C, text: c}\n"
                                 "  - {name: H, kind: choice, options: [x, y, z], text: h}\n"
                                 "rules:\n"
                                 "  - {at_most_one: [A, B]}\n"
                                 "  - {at_most_one: [A, not B, C]}\n"
                                 "  - {at_most_one: [A, H = y, not C]}\n"
                                 "  - {if: A, then: B}\n"
                                 "  - {if: not A, then: not B}\n"
                                 "  - {if: H = z, then: [A, not B, C]}\n"
                                 "  - {if: A, then: [not H = x, B]}\n";

enum { N_LABELS = 4 };
static const int most_values[N_LABELS] = { 2, 2, 2, 3 };

static bool term_holds(const struct condition *c, const int labels[N_LABELS])
{
    return (labels[c->column] == c->value) != c->negated;
}

static bool rule_holds(const struct rule *r, const int labels[N_LABELS])
{
    size_t holding = 0;

    for (size_t i = 0; i < r->n_terms; i++)
        holding += term_holds(&r->terms[i], labels);
    if (r->kind == RULE_AT_MOST_ONE)
        return holding <= 1;
    return !term_holds(&r->when, labels) || holding == r->n_terms;
}

/* What the header says a state is, by trying every way to fill in the labels that lack. */
static enum rule_state state_by_trying(const struct rule *r, const int labels[N_LABELS])
{
    bool kept = false, broken = false;
    int l[N_LABELS];

    for (int filling = 0; filling < 2 * 2 * 2 * 3; filling++) {
        int rest = filling;

        for (int c = 0; c < N_LABELS; rest /= most_values[c], c++)
            l[c] = labels[c] >= 0 ? labels[c] : rest % most_values[c];
        if (rule_holds(r, l))
            kept = true;
        else
            broken = true;
    }
    return !broken ? RULE_KEPT : !kept ? RULE_BROKEN : RULE_UNKNOWN;
}

static const char *state_name(enum rule_state s)
{
    return s == RULE_KEPT ? "kept" : s == RULE_BROKEN ? "broken" : "unknown";
}

/* Calls task_rule_state with the labels as the second of three images. */
static enum rule_state state_of(const struct rule *r, const int labels[N_LABELS], int16_t around)
{
    int16_t matrix[N_LABELS * 3];

    for (int c = 0; c < N_LABELS; c++) {
        matrix[3 * c] = matrix[3 * c + 2] = around;
        matrix[3 * c + 1] = (int16_t)labels[c];
    }
    return task_rule_state(r, matrix, 3, 1);
}

/* Goes through all labels from `least` on (-2 is an abstention, -1 missing) and compares. */
static void check_rule_states(int least)
{
    struct task *t = load_task(rules_task);

    for (size_t i = 0; i < t->n_rules; i++) {
        const struct rule *r = &t->rules[i];
        int l[N_LABELS];

        for (l[0] = least; l[0] < 2; l[0]++)
            for (l[1] = least; l[1] < 2; l[1]++)
                for (l[2] = least; l[2] < 2; l[2]++)
                    for (l[3] = least; l[3] < 3; l[3]++)
                        if (state_of(r, l, (int16_t)((l[0] + 3) % 2)) != state_by_trying(r, l))
                            fail_row(r->text, "A B C H = %d %d %d %d is %s, not %s", l[0], l[1],
                                     l[2], l[3], state_name(state_of(r, l, 0)),
                                     state_name(state_by_trying(r, l)));
    }
    task_free(t);
}

static void rule_state_of_complete_labels(void **state)
{
    (void)state;
    check_rule_states(0);
}

static void rule_is_unknown_only_where_its_labels_do_not_settle_it(void **state)
{
    (void)state;
    check_rule_states(-2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_state_of_complete_labels),
        cmocka_unit_test(rule_is_unknown_only_where_its_labels_do_not_settle_it),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("task_rules", tests, NULL, NULL);
}
