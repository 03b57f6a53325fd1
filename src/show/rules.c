/* SPDX-License-Identifier: MIT */
#include "show/sections.h"

/* ---- bias and rules ---- */

static struct json_t *rules_json(const struct report_result *r, const struct report_rules *a)
{
    struct json_t *rules = jv_array();

    for (size_t i = 0; i < r->task->n_rules; i++) {
        struct json_t *rule = jv_pack("{s:s}", "rule", r->task->rules[i].text);

        for (const struct figure *f = figures_broken; f->key; f++) {
            struct value v = figure_value(f, &a->rules[i]);

            figure_set_json(rule, f, &v);
        }
        jv_append(rules, rule);
    }
    return rules;
}

static const struct figure rule_list[] = { { "rules", NULL, NULL, FIGURE_JSON }, { 0 } };

void report_bias(struct page *p, const struct report_result *r)
{
    struct table *t;

    if (r->n_annotators > 0)
        page_heading(p, "How often each says yes");
    t = page_table(p, &(struct layout){ .parts = { figures_rules, rule_list } });
    table_list(t, "annotators");
    for (size_t a = 0; a < r->n_annotators; a++) {
        struct json_t *rules = rules_json(r, &r->annotators[a]);

        table_row(t, "annotators[]", (const void *[]){ &r->annotators[a], &rules, NULL, NULL });
    }
}

struct broken_row {
    const char *rule, *annotator;
};

static const struct figure broken_figures[] = {
    { "rule", "rule", NULL, FIGURE_TEXT, offsetof(struct broken_row, rule) },
    { "annotator", "annotator", NULL, FIGURE_TEXT, offsetof(struct broken_row, annotator) },
    { 0 },
};

void report_rules(struct page *p, const struct report_result *r)
{
    struct table *t;

    if (r->n_annotators == 0 || r->task->n_rules == 0)
        return;
    page_heading(p, "Images that break a rule");
    t = page_table(p, &(struct layout){ .parts = { broken_figures, figures_broken } });
    for (size_t i = 0; i < r->task->n_rules; i++)
        for (size_t a = 0; a < r->n_annotators; a++) {
            const struct broken_row row = { a == 0 ? r->task->rules[i].text : "",
                                            r->annotators[a].name };

            table_row(t, NULL, (const void *[]){ &row, &r->annotators[a].rules[i], NULL, NULL });
        }
}

/* ---- what answers depend on ---- */

void report_moved(struct page *p, const struct report_result *r)
{
    struct table *t;

    if (r->moved.n > 0)
        page_heading(p, "What the answers of servers depend on");
    t = page_table(p, &(struct layout){ .parts = { figures_moved }, .hidden = r->moved.n == 0 });
    table_list(t, "moved");
    for (size_t i = 0; i < r->moved.n; i++)
        table_row(t, "moved[]", (const void *[]){ &r->moved.items[i], NULL, NULL, NULL });
    if (r->moved.n > 0)
        page_note(p, "The same questions about the same pictures, asked otherwise, against the "
                     "plain way: assent plan measured it. An answer that moves is worth less than "
                     "its probability says.");
}
