/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cmd/cmd.h"
#include "jobs/review.h"
#include "project/project.h"
#include "show/show.h"

enum { KEY_OWNER = 0x100, KEY_AT };
enum verb { VERB_NONE, VERB_ADD, VERB_LIST, VERB_REVOKE };

struct reviewers_own {
    enum verb verb;
    const char *name, *at;
    bool owner;
};

static const struct argp_option options[] = {
    { "owner", KEY_OWNER, NULL, 0,
      "somebody who sees the overview and the gallery, and does not vote", 0 },
    { "at", KEY_AT, "ADDRESS", 0,
      "where the server is reached, for the link (default: where a review of this project runs, "
      "else " CMD_REVIEW_ADDRESS ")",
      0 },
    { 0 },
};

static const struct {
    const char *name;
    enum verb verb;
} verbs[] = { { "add", VERB_ADD }, { "list", VERB_LIST }, { "revoke", VERB_REVOKE } };

static void set_argument(struct reviewers_own *own, const char *arg, const struct argp_state *state)
{
    if (own->verb != VERB_NONE) {
        if (own->name || own->verb == VERB_LIST)
            argp_error(state, "one name at a time, not also '%s'", arg);
        own->name = arg;
        return;
    }
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (strcmp(verbs[i].name, arg) == 0)
            own->verb = verbs[i].verb;
    if (own->verb == VERB_NONE)
        argp_error(state, "add, list or revoke, not '%s'", arg);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct reviewers_own *own = in->own;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = in; return 0;
    case KEY_OWNER: own->owner = true; return 0;
    case KEY_AT: own->at = arg; return 0;
    case ARGP_KEY_ARG: set_argument(own, arg, state); return 0;
    case ARGP_KEY_END:
        if (own->verb == VERB_NONE)
            argp_error(state, "say add NAME, list or revoke NAME");
        if (own->verb != VERB_LIST && !own->name)
            argp_error(state, "whom? say a name");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* On standard error: standard output is the link, to be sent as it is. running: NULL: none runs. */
static void say_added(const char *name, const struct reviewer_link *l, const char *at,
                      const char *running)
{
    char n[TEXT_COUNT_MAX];

    if (running)
        log_info("a review of this project runs at %s: %s can come in now", running, name);
    else
        log_info("no review of this project runs on this machine: start one with assent review; "
                 "the link works while it runs at %s (--at: another address)",
                 at);
    log_info("the link is shown once: only its hash is kept");
    if (l->earlier > 0)
        log_info("%s of %s work%s too; assent reviewers revoke %s ends them all",
                 text_count(l->earlier, "earlier link", n), name, l->earlier == 1 ? "s" : "", name);
}

static int run_add(struct project *p, const struct globals *g, const struct reviewers_own *own,
                   struct err *e)
{
    char running[NOTICE_ADDRESS_MAX];
    struct reviewer_link l;
    const char *at = own->at;
    int runs = notice_read(p->dir, running, e), rc = runs;

    if (rc >= 0)
        rc = job_reviewer_add(p, own->name, own->owner, &l, e);
    if (rc < 0)
        return rc;
    if (!at)
        at = runs == 1 ? running : CMD_REVIEW_ADDRESS;
    if (g->json)
        return cmd_print_json(jv_pack("{s:s, s:s, s:s++, s:b, s:I}", "name", own->name, "role",
                                      own->owner ? "owner" : "reviewer", "link", at, "/#", l.token,
                                      "running", runs, "earlier_links", (long long)l.earlier),
                              e);
    printf("%s/#%s\n", at, l.token);
    say_added(own->name, &l, at, runs == 1 ? running : NULL);
    return 0;
}

static int run_list(struct project *p, const struct globals *g, struct err *e)
{
    struct reviewers all;
    int rc = job_reviewers(p, &all, e);

    if (rc < 0)
        return rc;
    rc = cmd_print(g, show_reviewers(&all), e);
    reviewers_release(&all);
    return rc;
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    const struct reviewers_own *own = own_options;
    struct project *p;
    int rc = project_open(&p, g->dir, own->verb == VERB_LIST ? PROJECT_READ : PROJECT_WRITE, e);

    if (rc < 0)
        return rc;
    if (own->verb == VERB_ADD)
        rc = run_add(p, g, own, e);
    else if (own->verb == VERB_LIST)
        rc = run_list(p, g, e);
    else
        rc = job_reviewer_revoke(p, own->name, e);
    project_close(p);
    return rc;
}

const struct command cmd_reviewers = {
    .name = "reviewers",
    .args = "add NAME\nlist\nrevoke NAME",
    .summary = "who may answer in a review, and by which link",
    .doc =
        "add prints a link for somebody; it works while assent review runs, and is shown once: "
        "only its hash is kept. Whoever is added again gets one more link; the earlier ones work "
        "on. revoke ends a person's links and sessions at once; their answers stay.",
    .example = "Examples:\n"
               "  assent reviewers add anna\n"
               "  assent reviewers add boss --owner\n"
               "  assent reviewers revoke anna",
    .options = options,
    .parse = parse,
    .size = sizeof(struct reviewers_own),
    .run = run,
};
