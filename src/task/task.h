/* SPDX-License-Identifier: MIT
 *
 * task.h - assent.yaml: what to ask, of whom, with which rules, at which prices; and what a label's
 * text means.
 *
 * Reference with every key: docs/task-file.md. A struct task is read only once it is loaded.
 */
#ifndef ASSENT_TASK_H
#define ASSENT_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "task/prices.h"

/* ---- values ----
 * A cell's value is the index of an option (yes/no: 0 no, 1 yes), or one of these. An abstention is
 * never mapped to a label. */
enum task_value {
    VALUE_NO = 0,
    VALUE_YES = 1,
    VALUE_MISSING = -1,     /* never answered */
    VALUE_UNPARSEABLE = -2, /* the model said something that is no answer */
    VALUE_REFUSED = -3,
    VALUE_UNSURE = -4, /* a person can't tell */
    VALUE_ERROR = -5,  /* the image could not be read */
    VALUE_TIE = -6,    /* a consensus that its rule left open */
    VALUE_LOWEST = VALUE_TIE,
};

/* "unsure" for VALUE_UNSURE, ...; NULL for a label and for VALUE_MISSING. */
const char *task_reason_name(int value);
bool task_is_reason(const char *name); /* case, '_' and space folded */

/* ---- the file ---- */

enum task_kind { KIND_YESNO, KIND_CHOICE, KIND_MULTI, KIND_ORDINAL };
const char *task_kind_name(enum task_kind kind);
const char *task_format_name(bool letters); /* "letters", "text" */

/* What a model's answer must have at least, of all probability, on valid answers. */
#define TASK_MIN_MASS_YESNO  0.5
#define TASK_MIN_MASS_OPTION 0.2

struct question {
    const char *name;
    const char *group;      /* NULL: none */
    const char *help;       /* NULL: none; shown to people */
    const char *const *was; /* names it had: answers by these are its own */
    size_t n_was;
    const char *none; /* of a multi question: what a label file calls "none of these"; NULL: none */
    enum task_kind kind;
    const char *const *options; /* yesno: no, yes */
    size_t n_options;
    const char *const *wordings; /* at least one */
    size_t n_wordings;
    bool letters;    /* the options are listed as A., B., .. and answered by their letters */
    double min_mass; /* below it a model's answer is unparseable */
    size_t first_column, n_columns; /* its columns: one, or for a multi question one an option */
    unsigned line;
};

/* What is answered, compared and voted on: one column a question, but a yes/no column for each
 * option of a multi question, named "question:option". A cell is image x column. */
struct column {
    const char *name;
    const char *text;          /* the question as people are asked it: see task_text_for_people */
    const char *about;         /* the option it is about, where the text does not say; NULL: none */
    const char *const *labels; /* the texts of its values */
    size_t n_values;           /* 2 or more */
    bool yesno;
    size_t question;
    size_t group;       /* of the task's groups; SIZE_MAX: none */
    size_t option;      /* of a multi question */
    size_t probability; /* where its probabilities begin: one (of yes), or one an option */
    size_t n_probabilities;
};

/* "Goatee", "not Goatee", "Hair = black": a column's value is (not) this one. */
struct condition {
    size_t column;
    int16_t value;
    bool negated;
};

enum rule_kind { RULE_AT_MOST_ONE, RULE_IMPLIES };

struct rule {
    enum rule_kind kind;
    struct condition when;         /* RULE_IMPLIES: if this holds, then all terms do */
    const struct condition *terms; /* RULE_AT_MOST_ONE: at most one of these holds */
    size_t n_terms;
    const char *text; /* as a person would say it */
    unsigned line;
};

enum annotator_kind { ANNOTATOR_HUMAN, ANNOTATOR_MODEL, ANNOTATOR_CONSENSUS };
const char *task_annotator_kind_name(enum annotator_kind kind);
bool task_annotator_kind(const char *name, enum annotator_kind *kind); /* human or model */
/* Names that the program keeps for itself: "consensus", "tie". */
bool task_name_is_reserved(const char *name);
/* Can a person or a model be called so: 1 to TASK_NAME_MAX bytes without control characters, no
 * space at an end, not reserved? */
bool task_name_is_usable(const char *name);
#define TASK_NAME_USABLE "1 to 200 bytes, without control characters and without a space at an end"

enum {
    TASK_URLS_MAX = 64,
    TASK_CONCURRENCY_MAX = 256,
    TASK_TIMEOUT_MAX = 86400,
    TASK_HEADERS_MAX = 16
};

/* What a server takes for its work, in the currency of the prices. */
struct server_price {
    bool given;
    double input, cached_input, output; /* a million tokens; NaN: cached ones as others */
    const char *date, *source;
};

struct server_header {
    const char *name;
    const char *value; /* NULL: that of the variable env of the environment */
    const char *env;
};

struct server_headers {
    const struct server_header *items;
    size_t n;
};

/* Of a model that a server runs. */
struct model_server {
    const char *const *urls; /* of replicas of one model, "http://127.0.0.1:8000/v1" */
    size_t n_urls;
    const char *protocol;      /* chat, systemone, decisions, decide or auto; NULL: chat */
    const char *mode;          /* of chat: each, or together, all questions; NULL: each */
    const char *probabilities; /* of chat: likeliest, or exact; NULL: likeliest */
    const char *api_key_env;   /* the variable that holds the key; NULL: none */
    const char *system;        /* the system message; NULL: none */
    uint64_t max_tokens;       /* that an answer may have; 0: the default */
    uint64_t concurrency;      /* requests in flight; 0: as many as it answers well */
    uint64_t timeout; /* seconds until a request's answer is whole; 0: the client's default */
    double requests_per_minute, tokens_per_minute; /* 0: no such limit */
    struct server_price price;
    const char *extra;             /* fields of every request, a JSON object; NULL: none */
    struct server_headers headers; /* of every request */
};

enum { TASK_TILES_MAX = 1000 };

/* How large pictures are when a model sees them; 0: not given. A server's has max_pixels alone:
 * larger ones are made smaller before they are sent. */
struct picture_limits {
    uint64_t min_pixels, max_pixels, tiles;
};

enum { TASK_EXAMPLES_MAX = 32 }; /* of a question */

/* How a model is asked where it writes: see docs/serving.md, "Ways of asking". */
struct asking_way {
    const char *name;         /* describe, reason, verify, examples; NULL: the question alone */
    const char *describe;     /* what the model is told to describe; NULL: the default */
    uint64_t describe_tokens; /* that a description may have; 0: the default */
    uint64_t examples;        /* of a question; 0: the default */
    const char *examples_of;  /* whose labels they are; NULL: the review's known answers */
    uint64_t examples_seed;   /* by which they are drawn */
};

struct annotator {
    const char *name;
    enum annotator_kind kind;
    const char *engine, *model, *dtype; /* a model's; NULL: not given */
    struct picture_limits pictures;
    struct model_server server;
    struct asking_way way;
    const char *prompt; /* in place of the model's template, with {image} and {question}; NULL */
    const struct machine *machine; /* that it runs on, of the prices; NULL: none is named */
    unsigned line;
    const char *const *was; /* names it had */
    size_t n_was;
};

/* What is promised of the model's answers that are accepted, wherever nobody says otherwise. */
struct task_promise {
    double max_error, confidence; /* shares: .05 and .95 unless the file says */
};

struct alarms {               /* thresholds of the report; each has a default */
    double min_agreement;     /* of a question */
    double max_yes_bias;      /* difference of positive rates of a question */
    double max_rule_breaking; /* share of images that break a rule */
    double max_disputes;      /* share of cells */
    double max_moved;         /* share of answers that change when the same is asked otherwise */
    /* of a reviewer */
    double min_seconds, min_grid_seconds; /* the median of an answer's: one by one, in a grid */
    double max_run_chance;                /* that one answer comes so often in a row */
    double min_gold_accuracy, min_repeat_consistency;
};

/* When a model is as good as one more person: see stats/alt_test.h. */
struct alt_test_rule {
    double epsilon;     /* by how much it may be worse */
    const char *skill;  /* why: experts, skilled, crowd; NULL: epsilon itself was given */
    uint64_t min_items; /* images that a person shares with others; above 1 */
};

struct task {
    const char *name;
    const char *images; /* NULL: none given */
    const struct question *questions;
    size_t n_questions;
    const struct column *columns;
    size_t n_columns;
    size_t n_probabilities;    /* of a whole row */
    const char *const *groups; /* the groups of questions, in order of appearance */
    size_t n_groups;
    const struct rule *rules;
    size_t n_rules;
    const struct annotator *annotators;
    size_t n_annotators;
    struct prices prices;
    struct alarms alarms;
    struct task_promise promise;
    struct alt_test_rule alt_test;
    const char *const *flags; /* why a reviewer may flag an image */
    size_t n_flags;
};

enum {
    TASK_FILE_MAX = 4 << 20, /* bytes */
    TASK_QUESTIONS_MAX = 5000,
    TASK_COLUMNS_MAX = 20000,
    TASK_OPTIONS_MAX = 1000,
    TASK_FLAGS_MAX = 20,
    TASK_NAME_MAX = 200, /* bytes */
    TASK_LETTERS_MAX = 26,
};

/* Errors: ERR_FORMAT with file and line; where a name is not known, the nearest known one. */
int task_load(struct task **out, const char *path, struct err *e);
int task_parse(struct task **out, const char *name, const char *text, size_t len, struct err *e);
void task_free(struct task *t); /* NULL is fine */

/* A preset's text ("celeba", "blank"), or NULL; task_presets lists their names, NULL at the end. */
const char *task_preset(const char *name, size_t *len);
extern const char *const task_presets[];

/* ---- names ---- */

bool task_find_column(const struct task *t, const char *name, size_t *column);
/* The same by a name that the column has, or else had. */
bool task_find_column_or_former(const struct task *t, const char *name, size_t *column);
/* Sets columns[c] ([n_columns]) of those that are, or whose question is, called one of the names,
 * case and spaces aside. ERR_ARG for a name that no question has. */
int task_choose_columns(const struct task *t, const char *const *names, size_t n, bool *columns,
                        struct err *e);
const struct annotator *task_find_annotator(const struct task *t, const char *name);
/* What an annotator is called today who is, or was, called `name`; name itself where nothing says.
 */
const char *task_annotator_today(const struct task *t, const char *name);

/* ---- a question's texts ---- */

/* A multi question's wording with an option in the place of {option}; *out NULL: there is none. */
int task_fill_option(const char *wording, const char *option, struct arena *a, const char **out,
                     struct err *e);
/* A wording without the sentence for a model at its end ("Answer with only yes or no."). NULL
 * without memory. */
const char *task_text_for_people(const char *wording, struct arena *a, struct err *e);

/* ---- label texts ---- */

/* Which ways of writing a value a file uses, for saying what was found. */
enum task_coding {
    CODING_SIGNED = 1, /* -1 */
    CODING_ZERO = 2,   /* 0 */
    CODING_ONE = 4,    /* 1 */
    CODING_YES_NO = 8,
    CODING_TRUE_FALSE = 16,
    CODING_OPTION = 32, /* an option by its name */
    CODING_REASON = 64, /* an abstention by its name */
};

/* A label's text to its value: -1/1, 0/1, 1.0/0.0, yes/no, y/n, true/false, t/f (ASCII case and
 * '_'/space folded) for yes/no columns, an option's text for the others, a reason's name for an
 * abstention. Empty, and where it is no option NaN, NA, N/A, null and None, is VALUE_MISSING. Adds
 * to *codings what it saw. False: none of these. */
bool task_read_value(const struct column *c, const char *text, size_t len, int16_t *value,
                     unsigned *codings);
/* "-1/1", "0/1, yes/no", ... in out, which holds at least 80 bytes. */
const char *task_codings_text(unsigned codings, char *out);
/* The text of a value: an option's, a reason's name, or "" where missing. */
const char *task_value_text(const struct column *c, int16_t value);

/* ---- rules ---- */

enum rule_state { RULE_KEPT, RULE_BROKEN, RULE_UNKNOWN };

/* labels is column-major: column c of image i at labels[c * n_images + i]. Unknown: the columns
 * that the rule needs are not all labelled, and those that are do not settle it. */
enum rule_state task_rule_state(const struct rule *r, const int16_t *labels, size_t n_images,
                                size_t image);
/* Are all the columns that a rule needs labelled on this image? Shares are taken over these images:
 * elsewhere only breaks would settle a rule, and every share would be 1. */
bool task_rule_is_complete(const struct rule *r, const int16_t *labels, size_t n_images,
                           size_t image);

#endif
