/* SPDX-License-Identifier: MIT
 *
 * figures.h - every statistic that is shown: its names, what it means, how it is written.
 *
 * The columns of a page's tables are figures, which are read out of the structs that a job gave. To
 * add a statistic: its formula in stats/, its line in figures.c, its line in docs/statistics.md.
 */
#ifndef ASSENT_SHOW_FIGURES_H
#define ASSENT_SHOW_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

enum figure_kind {
    FIGURE_TEXT,     /* const char *; NULL: nothing to say */
    FIGURE_COUNT,    /* uint64_t: 31 807 */
    FIGURE_SIZE,     /* size_t, written the same */
    FIGURE_UINT32,   /* uint32_t, written the same */
    FIGURE_NUMBER,   /* double: .795; NaN: undefined, - for people and null in JSON */
    FIGURE_PERCENT,  /* double, a share: 79.5 % */
    FIGURE_CHANCE,   /* double, a p-value: .0123, and < .0001 of what is smaller */
    FIGURE_MONEY,    /* double: cents from one on, three digits of what is smaller */
    FIGURE_INTERVAL, /* struct stats_interval: .791 - .799 */
    FIGURE_PAIR,     /* double[2]; this and what follows is in JSON only */
    FIGURE_TABLE,    /* struct stats_table */
    FIGURE_FLAG,     /* bool */
    FIGURE_JSON,     /* struct json_t *, which is taken over */
};

/* How its mean over questions, in the macro row, is formed. */
enum figure_macro { MACRO_NONE, MACRO_MEAN, MACRO_SUM, MACRO_RESAMPLED };
extern const char *const figure_macro_texts[]; /* "the mean of the questions .." */

enum {
    FIGURE_OPTIONAL = 1, /* not in JSON where there is nothing to say; else it is null there */
    FIGURE_HIDDEN = 2,   /* for people only, not in JSON */
    FIGURE_MANY = 4,     /* of more than two annotators only */
    FIGURE_TWO = 8,      /* shown of two annotators only */
    FIGURE_ASIDE = 16,   /* not in the table of all questions: its heading is for others */
    FIGURE_ORDINAL = 32, /* shown where a question is ordinal */
};

struct figure {
    const char *key;     /* its name in code and in JSON */
    const char *heading; /* of its column; NULL: in JSON only */
    const char *meaning; /* a sentence without its full stop; NULL: it is no statistic */
    enum figure_kind kind;
    size_t at;    /* where in the struct */
    int decimals; /* of numbers and intervals */
    enum figure_macro macro;
    const char *defined; /* when it is, where that is not always; NULL */
    unsigned rank;       /* where a terminal is narrow, the column of the highest is left out first;
                            0: never */
    unsigned flags;
    const char *old_key; /* JSON has it under this name too, for a release; NULL */
};

/* Lists end in a figure without a key. */
extern const struct figure figures_name[];       /* of const char * */
extern const struct figure figures_agreement[];  /* struct stats_figures */
extern const struct figure figures_consensus[];  /* struct consensus_annotator */
extern const struct figure figures_wins[];       /* struct consensus_question */
extern const struct figure figures_winners[];    /* struct report_winners */
extern const struct figure figures_missed[];     /* struct report_missed */
extern const struct figure figures_rules[];      /* struct report_rules */
extern const struct figure figures_broken[];     /* struct report_broken */
extern const struct figure figures_alarms[];     /* struct report_alarm */
extern const struct figure figures_moved[];      /* struct moved */
extern const struct figure figures_verdicts[];   /* struct verdict_set */
extern const struct figure figures_planned[];    /* struct planned_question */
extern const struct figure figures_cost[];       /* struct cost_size */
extern const struct figure figures_people[];     /* struct review_person */
extern const struct figure figures_reviewed[];   /* struct review_question */
extern const struct figure figures_sample[];     /* struct review_figures */
extern const struct figure figures_annotators[]; /* struct status_annotator */
extern const struct figure figures_alt_person[]; /* struct alt_test_person */
extern const struct figure figures_alt_row[];    /* struct alt_test_row */

/* figures_cost.c */
extern const struct figure figures_ledger[];        /* struct ledger */
extern const struct figure figures_ledger_models[]; /* struct ledger_model */
extern const struct figure figures_ledger_people[]; /* struct ledger_person */
extern const struct figure figures_frontier[];      /* struct frontier_point */
extern const struct figure figures_next_votes[];    /* struct frontier_votes */

/* figures_differences.c */
extern const struct figure figures_yes_bias[]; /* struct yes_bias */
extern const struct figure figures_low[];      /* struct low_agreement */
extern const struct figure figures_gaps[];     /* struct gap */
extern const struct figure figures_multi[];    /* struct multi_question */
extern const struct figure figures_against[];  /* struct stats_against_row */
extern const struct figure figures_sure[];     /* struct sure_question */

/* The lists with statistics, for whoever explains them; ends without a title. */
struct figure_list {
    const char *title; /* "Agreement of annotators" */
    const struct figure *figures;
};
extern const struct figure_list figure_lists[];

const struct figure *figure_find(const struct figure *list, const char *key); /* NULL: not there */

/* ---- what a struct holds of a figure ---- */

struct value {
    double number[2];
    uint64_t count;
    const char *text;    /* borrowed */
    struct json_t *json; /* the caller's: of FIGURE_TABLE and FIGURE_JSON */
};
struct value figure_value(const struct figure *f, const void *of);

/* As people read it, in out, which holds at least FIGURE_TEXT_MAX bytes. */
enum { FIGURE_TEXT_MAX = 512 };
const char *figure_text(const struct figure *f, const struct value *v, int decimals, char *out);

/* Sets the object's member, and that of its old key; v's JSON stays the caller's. */
void figure_set_json(struct json_t *object, const struct figure *f, const struct value *v);

#endif
