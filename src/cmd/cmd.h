/* SPDX-License-Identifier: MIT
 *
 * cmd.h - the commands. Each file cmd/NAME.c holds one: its options, its help with an example, and
 * what it prints.
 *
 * To add one: write cmd/NAME.c with a `const struct command cmd_NAME`, declare it below, put it
 * into main.c's table and into src/meson.build. Help, man page and completion follow from its
 * tables; tests/cli checks that they do.
 */
#ifndef ASSENT_CMD_H
#define ASSENT_CMD_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"
#include "jobs/accept.h"
#include "jobs/agree.h"
#include "jobs/review.h"
#include "show/blocks.h"

/* Exit codes: what scripts may rely on. */
enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_SOME_FAILED = 3, /* finished, but some items failed */
    EXIT_INTERRUPTED = 130,
    EXIT_CLOSED = 141, /* who read the output has gone, as with | head: what SIGPIPE ends with */
};

/* Options that every command takes. */
struct globals {
    const char *dir;
    bool json, quiet, verbose;
};

struct command {
    const char *name;
    const char *args;                  /* of the usage line: "FILE"; several lines: alternatives */
    const char *summary;               /* one line, for the list of commands */
    const char *doc;                   /* help before the options */
    const char *example;               /* help behind them */
    const struct argp_option *options; /* NULL: none of its own */
    argp_parser_t parse; /* its input: struct invocation; NULL: neither options nor arguments */
    size_t size;         /* of its own options, which begin zeroed */
    int (*run)(const struct globals *g, const void *own, struct err *e);
    bool hidden; /* not listed: for the build */
};

/* What a parser finds in state->input. */
struct invocation {
    struct globals globals;
    void *own;
};

/* The table in main.c, NULL at the end. */
extern const struct command *const commands[];

extern const struct command cmd_init, cmd_import, cmd_plan, cmd_annotate, cmd_ask, cmd_agree,
    cmd_review, cmd_reviewers, cmd_accept, cmd_annotators, cmd_images, cmd_consensus, cmd_report,
    cmd_export, cmd_undo, cmd_serve, cmd_server, cmd_check, cmd_status, cmd_model, cmd_help,
    cmd_version, cmd_generate, cmd_calibrate;

/* Runs what argv asks for and returns the exit code. */
int cmd_main(int argc, char **argv);

/* ---- for commands ---- */

extern const struct argp_option cmd_global_options[];
/* A help text with {formats} written out; free() it. NULL without memory. */
char *cmd_help_text(const char *text);
/* A row without a name and a text is the end; one with a text only is a heading. */
bool cmd_options_end(const struct argp_option *o);

/* Where a review is served unless somebody says. One port, so that a page that was open before a
 * restart finds the server again. */
#define CMD_REVIEW_LISTEN  "127.0.0.1:8321"
#define CMD_REVIEW_ADDRESS "http://" CMD_REVIEW_LISTEN

/* A list of texts that an option or argument may give several times. */
enum { CMD_LIST_MAX = 64 };
struct cmd_list {
    const char *items[CMD_LIST_MAX];
    size_t n;
};

/* What review and plan --review have in common: what is asked. */
enum {
    CMD_ASKED_BETWEEN = 0x200,
    CMD_ASKED_SAMPLE,
    CMD_ASKED_REPEAT,
    CMD_ASKED_GOLD,
    CMD_ASKED_ORDER,
    CMD_ASKED_QUESTIONS,
    CMD_ASKED_VOTES,
    CMD_ASKED_OVERLAP,
    CMD_ASKED_LIMIT,
    CMD_ASKED_SEED,
    CMD_ASKED_ABSTAINED,
    CMD_ASKED_RULES,
    CMD_ASKED_STRATA,
    CMD_ASKED_ACTIVE,
    CMD_ASKED_FLOOR,
    CMD_ASKED_NO_DISPUTES,
};
struct cmd_asked {
    struct review_options o;
    struct cmd_list questions; /* to become o's */
};
error_t cmd_parse_asked(int key, char *arg, struct argp_state *state, struct cmd_asked *own);

/* What accept and export --accepted have in common: what is promised. */
enum {
    CMD_PROMISE_ERROR = 0x400,
    CMD_PROMISE_CONFIDENCE,
    CMD_PROMISE_QUESTIONS,
    CMD_PROMISE_SIDE,
    CMD_PROMISE_FIXED,
    CMD_PROMISE_CALIBRATED,
    CMD_PROMISE_AGAINST,
};
struct cmd_promise {
    struct accept_options o;
    struct cmd_list questions; /* to become o's */
};
/* Rows of a table of options. */
#define CMD_PROMISE_OPTIONS                                                                        \
    { "max-error",                                                                                 \
      CMD_PROMISE_ERROR,                                                                           \
      "SHARE",                                                                                     \
      0,                                                                                           \
      "at most this share of the accepted answers is wrong: 0.05 or 5% (default: as assent.yaml's" \
      " promise says, else 0.05)",                                                                 \
      1 },                                                                                         \
        { "confidence",                                                                            \
          CMD_PROMISE_CONFIDENCE,                                                                  \
          "SHARE",                                                                                 \
          0,                                                                                       \
          "how sure that is for all questions together (default: as assent.yaml says, else 0.95)", \
          1 },                                                                                     \
        { "questions",                                                                             \
          CMD_PROMISE_QUESTIONS,                                                                   \
          "A,B",                                                                                   \
          0,                                                                                       \
          "only these: fewer questions need fewer votes",                                          \
          1 },                                                                                     \
        { "side",                                                                                  \
          CMD_PROMISE_SIDE,                                                                        \
          "SIDE",                                                                                  \
          0,                                                                                       \
          "both (default), or a promise of the answers yes or no alone",                           \
          1 },                                                                                     \
        { "fixed-n",                                                                               \
          CMD_PROMISE_FIXED,                                                                       \
          "N",                                                                                     \
          0,                                                                                       \
          "an exact test of a question's first N votes, N said before the first vote is in",       \
          1 },                                                                                     \
        { "calibrated",                                                                            \
          CMD_PROMISE_CALIBRATED,                                                                  \
          "METHOD",                                                                                \
          0,                                                                                       \
          "order answers by calibrated probabilities: contextual, or temperature, platt or "       \
          "isotonic "                                                                              \
          "fitted --against another annotator's labels",                                           \
          1 },                                                                                     \
    {                                                                                              \
        "against", CMD_PROMISE_AGAINST, "NAME", 0, "whose labels --calibrated is fitted to", 1     \
    }
error_t cmd_parse_promise(int key, char *arg, struct argp_state *state, struct cmd_promise *own);
struct accept_options cmd_promised(const struct cmd_promise *own);

/* Both print on stdout and free what they are given: a page, as people or with --json as scripts
 * read it; a JSON document. */
int cmd_print(const struct globals *g, struct page *p, struct err *e);
int cmd_print_json(struct json_t *document, struct err *e);

void cmd_list_add(struct cmd_list *list, const char *text, const struct argp_state *state);
/* Names with commas between them, each into the list. */
void cmd_questions(struct cmd_list *list, char *arg, const struct argp_state *state);
/* The port of HOST:PORT, whose host goes into host, or the usage error. */
enum { CMD_HOST_MAX = 256 };
uint16_t cmd_listen(const char *arg, char host[CMD_HOST_MAX], const struct argp_state *state);

/* What review and serve have in common: where they listen, and by which name people come in. */
enum {
    CMD_DOOR_LISTEN = 0x300,
    CMD_DOOR_NAME,
    CMD_DOOR_PUBLIC,
    CMD_DOOR_CERT,
    CMD_DOOR_KEY,
};
struct cmd_door {
    char host[CMD_HOST_MAX];
    uint16_t port;
    const char *name, *public_url, *cert, *key; /* NULL: not said */
};
/* Also of ARGP_KEY_END: what goes together is checked then. */
error_t cmd_parse_door(int key, char *arg, struct argp_state *state, struct cmd_door *own);
/* What commands that open a model's folder have in common: how its pictures are prepared. */
enum {
    CMD_PICTURES_MAX = 0x500,
    CMD_PICTURES_MIN,
    CMD_PICTURES_TILES,
};
#define CMD_PICTURES_OPTIONS                                                                        \
    {                                                                                               \
        "max-pixels", CMD_PICTURES_MAX, "N", 0, "a larger picture is made smaller for the model", 0 \
    },                                                                                              \
        { "min-pixels", CMD_PICTURES_MIN, "N", 0, "a smaller one larger", 0 },                      \
    {                                                                                               \
        "tiles", CMD_PICTURES_TILES, "N", 0,                                                        \
            "into so many a picture is cut at most, the whole being one; of these three a model "   \
            "has "                                                                                  \
            "some or none: model info says which",                                                  \
            0                                                                                       \
    }
struct vlm_pictures;
error_t cmd_parse_pictures(int key, const char *arg, const struct argp_state *state,
                           struct vlm_pictures *own);
#define CMD_INTERVAL_HELP                                                                  \
    "the 95 % intervals shown: images (default: whole images are drawn, for the cells of " \
    "one image are not independent) or cells (Wilson's)"
enum interval_kind cmd_interval(const char *text, const struct argp_state *state);
/* A share above 0 and below 1, as 0.05 or 5%, or the usage error. */
double cmd_share(const char *text, const char *option, const struct argp_state *state);
/* A whole number for an option, or the usage error that says what it was. */
uint64_t cmd_number(const char *text, uint64_t max, const char *option,
                    const struct argp_state *state);

#endif
