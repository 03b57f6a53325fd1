/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "jobs/review.h"
#include "project/project.h"
#include "show/show.h"

enum {
    KEY_PLAIN = 0x100,
    KEY_PER_ADDRESS,
    KEY_LEASE,
    KEY_REVIEWER,
    KEY_PACKET,
    KEY_UNTIL,
};

enum { LEASE_MINUTES = 10, LEASE_MINUTES_MAX = 24 * 60, PER_ADDRESS_MAX = 1000000 };

#define FLOOR 0.5

struct review_own {
    struct cmd_asked asked;
    struct cmd_door door;
    const char *packet;
    bool plain;
};

static const struct argp_option options[] = {
    { NULL, 0, NULL, 0, "What is asked:", 1 },
    { "between", CMD_ASKED_BETWEEN, "A B", 0,
      "whose differences are disputes (default: the first model and the first of the people who"
      " labelled in bulk)",
      1 },
    { "sample", CMD_ASKED_SAMPLE, "N", 0, "also N cells drawn at random of all, or N% of them", 1 },
    { "strata", CMD_ASKED_STRATA, "A,B", 0,
      "what the sample's strata tell apart: question, answer, score (default: question,answer)",
      1 },
    { "active", CMD_ASKED_ACTIVE, NULL, 0,
      "draw cells more often the less sure the model is of them, by its scores", 1 },
    { "floor", CMD_ASKED_FLOOR, "T", 0,
      "with --active: the share of all probability that cells have alike (default 0.5)", 1 },
    { "gold", CMD_ASKED_GOLD, "FILE", 0,
      "also the cells of this label file: their answers are known", 1 },
    { "repeat", CMD_ASKED_REPEAT, "N", 0, "show N items again to whoever answered them", 1 },
    { "abstained", CMD_ASKED_ABSTAINED, NULL, 0, "also cells on which the model gave no answer",
      1 },
    { "rule-breaking", CMD_ASKED_RULES, NULL, 0, "also cells on which the model breaks a rule", 1 },
    { "no-disputes", CMD_ASKED_NO_DISPUTES, NULL, 0, "not the disputes", 1 },
    { "questions", CMD_ASKED_QUESTIONS, "A,B", 0, "only these", 1 },
    { "order", CMD_ASKED_ORDER, "ORDER", 0,
      "random (default), uncertain, rules-first, question; or decide: what the fewest answers "
      "decide"
      " first",
      1 },
    { "until", KEY_UNTIL, "decided", 0,
      "end once the sample has decided of every question what may be used of the model's answers",
      1 },
    { "votes", CMD_ASKED_VOTES, "K", 0, "ask K different people about an item (default 1)", 1 },
    { "overlap", CMD_ASKED_OVERLAP, "N[:K]", 0,
      "ask K different people (default 3) about N of the cells drawn at random", 1 },
    { "limit", CMD_ASKED_LIMIT, "N", 0, "at most N answers per person", 1 },
    { "seed", CMD_ASKED_SEED, "N", 0, "of the sample and the order (default 1)", 1 },
    { NULL, 0, NULL, 0, "Who answers, and how:", 2 },
    { "reviewer", KEY_REVIEWER, "NAME", 0, "print a link for this person first", 2 },
    { "lease", KEY_LEASE, "MINUTES", 0, "an item stays a person's for so long (default 10)", 2 },
    { "packet", KEY_PACKET, "OUT.zip", 0,
      "instead of serving: a folder with page and images for --reviewer, to be used anywhere", 2 },
    { NULL, 0, NULL, 0, "The server:", 3 },
    { "listen", CMD_DOOR_LISTEN, "HOST:PORT", 0,
      "(default " CMD_REVIEW_LISTEN "; port 0: a free one)", 3 },
    { "name", CMD_DOOR_NAME, "HOST", 0, "the name in links, where it is not the one listened at",
      3 },
    { "public-url", CMD_DOOR_PUBLIC, "URL", 0,
      "the address of a proxy in front, https://labels.example.org: links and the page follow it",
      3 },
    { "cert", CMD_DOOR_CERT, "FILE", 0, "certificate chain, PEM: serve by HTTPS", 3 },
    { "key", CMD_DOOR_KEY, "FILE", 0, "its private key, PEM", 3 },
    { "unencrypted", KEY_PLAIN, NULL, 0,
      "listen beyond this machine without TLS: whoever is on the way sees images, links and"
      " answers, and can answer in a person's name",
      3 },
    { "per-address", KEY_PER_ADDRESS, "N", 0,
      "connections that one address may have (default 256; any number on this machine and behind"
      " --public-url, where everybody comes from one)",
      3 },
    { 0 },
};

/* ---- options ---- */

static void set_sample(struct review_options *o, const char *arg, const struct argp_state *state)
{
    size_t len = strlen(arg);
    char number[64];

    if (len > 1 && len < sizeof(number) && arg[len - 1] == '%') {
        snprintf(number, sizeof(number), "%.*s", (int)(len - 1), arg);
        if (!text_double(number, &o->sample_share) || o->sample_share <= 0 || o->sample_share > 100)
            argp_error(state, "--sample takes a number of cells, or a share up to 100%%, not '%s'",
                       arg);
        o->sample_share /= 100;
        return;
    }
    o->sample = cmd_number(arg, REVIEW_ITEMS_MAX, "--sample", state);
}

static void set_overlap(struct review_options *o, char *arg, const struct argp_state *state)
{
    char *votes = strchr(arg, ':');

    if (votes)
        *votes++ = '\0';
    o->overlap = cmd_number(arg, REVIEW_ITEMS_MAX, "--overlap", state);
    o->overlap_votes = votes ? (uint32_t)cmd_number(votes, REVIEW_VOTES_MAX, "--overlap", state)
                             : REVIEW_OVERLAP_VOTES;
    if (o->overlap == 0 || o->overlap_votes < 2)
        argp_error(state, "--overlap takes N or N:K, 1 cell or more and 2 people or more");
}

static void set_strata(struct review_options *o, const char *arg, const struct argp_state *state)
{
    for (const char *name = arg, *end; name; name = *end ? end + 1 : NULL) {
        size_t k = 0;

        end = strchrnul(name, ',');
        while (review_strata_names[k] &&
               (strlen(review_strata_names[k]) != (size_t)(end - name) ||
                strncmp(review_strata_names[k], name, (size_t)(end - name)) != 0))
            k++;
        if (!review_strata_names[k])
            argp_error(state,
                       "--strata takes question, answer and score, with commas between them,"
                       " not '%s'",
                       arg);
        o->strata |= 1U << k;
    }
}

static void set_floor(struct review_options *o, const char *arg, const struct argp_state *state)
{
    if (!text_double(arg, &o->floor) || o->floor <= 0 || o->floor > 1)
        argp_error(state, "--floor takes a share above 0, up to 1, not '%s'", arg);
}

error_t cmd_parse_asked(int key, char *arg, struct argp_state *state, struct cmd_asked *own)
{
    struct review_options *o = &own->o;

    switch (key) {
    case ARGP_KEY_INIT:
        o->votes = 1;
        o->seed = 1;
        o->lease_minutes = LEASE_MINUTES;
        o->floor = FLOOR;
        return 0;
    case CMD_ASKED_BETWEEN:
        if (state->next >= state->argc)
            argp_error(state, "--between takes two annotators");
        o->between[0] = arg;
        o->between[1] = state->argv[state->next++];
        return 0;
    case CMD_ASKED_SAMPLE: set_sample(o, arg, state); return 0;
    case CMD_ASKED_STRATA: set_strata(o, arg, state); return 0;
    case CMD_ASKED_ACTIVE: o->active = true; return 0;
    case CMD_ASKED_FLOOR: set_floor(o, arg, state); return 0;
    case CMD_ASKED_GOLD: o->gold = arg; return 0;
    case CMD_ASKED_REPEAT:
        o->repeat = cmd_number(arg, REVIEW_ITEMS_MAX, "--repeat", state);
        return 0;
    case CMD_ASKED_ABSTAINED: o->abstained = true; return 0;
    case CMD_ASKED_RULES: o->rule_breaking = true; return 0;
    case CMD_ASKED_NO_DISPUTES: o->no_disputes = true; return 0;
    case CMD_ASKED_QUESTIONS: cmd_questions(&own->questions, arg, state); return 0;
    case CMD_ASKED_ORDER:
        if (!review_order(arg, &o->order))
            argp_error(state,
                       "--order takes random, uncertain, rules-first, question or decide, not '%s'",
                       arg);
        return 0;
    case CMD_ASKED_VOTES:
        o->votes = (uint32_t)cmd_number(arg, REVIEW_VOTES_MAX, "--votes", state);
        if (o->votes == 0)
            argp_error(state, "--votes takes 1 or more");
        return 0;
    case CMD_ASKED_OVERLAP: set_overlap(o, arg, state); return 0;
    case CMD_ASKED_LIMIT: o->limit = cmd_number(arg, UINT32_MAX, "--limit", state); return 0;
    case CMD_ASKED_SEED: o->seed = cmd_number(arg, UINT64_MAX, "--seed", state); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static void check(const struct review_own *own, const struct argp_state *state)
{
    if (own->packet && own->asked.o.until_decided)
        argp_error(state, "--until decided is for the server, which hears of answers");
    if (own->packet && !own->asked.o.reviewer)
        argp_error(state, "--packet is for one person: say --reviewer NAME");
    if (!own->packet && !own->door.cert && !own->plain && !review_is_local(own->door.host))
        argp_error(state,
                   "%s can be reached from other machines: give --cert and --key, or say"
                   " --unencrypted (its help says what that gives up)",
                   own->door.host);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct review_own *own = in->own;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = in;
        cmd_parse_asked(key, arg, state, &own->asked);
        own->door.port = cmd_listen(CMD_REVIEW_LISTEN, own->door.host, state);
        return 0;
    case KEY_PLAIN: own->plain = true; return 0;
    case KEY_PER_ADDRESS:
        own->asked.o.per_address =
            (unsigned)cmd_number(arg, PER_ADDRESS_MAX, "--per-address", state);
        if (own->asked.o.per_address == 0)
            argp_error(state, "--per-address takes 1 or more connections");
        return 0;
    case KEY_LEASE:
        own->asked.o.lease_minutes = (unsigned)cmd_number(arg, LEASE_MINUTES_MAX, "--lease", state);
        if (own->asked.o.lease_minutes == 0)
            argp_error(state, "--lease takes 1 or more minutes");
        return 0;
    case KEY_UNTIL:
        if (strcmp(arg, "decided") != 0)
            argp_error(state, "--until takes decided, not '%s'", arg);
        own->asked.o.until_decided = true;
        return 0;
    case KEY_REVIEWER: own->asked.o.reviewer = arg; return 0;
    case KEY_PACKET: own->packet = arg; return 0;
    case ARGP_KEY_END:
        cmd_parse_door(key, arg, state, &own->door);
        check(own, state);
        return 0;
    default:
        return cmd_parse_door(key, arg, state, &own->door) == 0
                   ? 0
                   : cmd_parse_asked(key, arg, state, &own->asked);
    }
}

/* ---- running ---- */

/* On standard error: the first line of standard output is the address. */
static void say_queue(const struct review_own *own, const struct review_job *j)
{
    const struct review_queued *q = job_review_queued(j);
    char n[8][TEXT_COUNT_MAX];

    log_info("queued: %s (new: %s, %s drawn at random, %s with known answers, "
             "%" PRIu64 " again)",
             text_count(q->items, "item", n[0]),
             text_count(q->added[REVIEW_DISPUTE], "dispute", n[1]),
             text_grouped(q->added[REVIEW_SAMPLE], n[2]), text_grouped(q->added[REVIEW_GOLD], n[3]),
             q->added[REVIEW_REPEAT]);
    if (q->frame_grew)
        log_info("the project has grown since the sample was drawn: %s of %s new cells were drawn "
                 "too",
                 text_grouped(q->sampled, n[4]), text_grouped(q->frame, n[5]));
    if (q->overlap > 0)
        log_info("%s drawn at random %s asked of %" PRIu32 " people each",
                 text_count(q->overlap, "cell", n[0]), q->overlap == 1 ? "is" : "are",
                 own->asked.o.overlap_votes);
    if (q->extended > 0)
        log_info("the sample had %s: %s more were drawn of the same strata",
                 text_count(q->sampled_before, "cell", n[6]), text_grouped(q->extended, n[7]));
    if (q->redrawn)
        log_warn("the earlier sample cannot be extended, as it is not the newest, or some of the "
                 "cells that it could be drawn from are gone: another one was drawn");
    if (q->clashes > 0)
        log_warn("%" PRIu64 " cells with known answers were queued before, and stay what they were",
                 q->clashes);
}

static void say_what(const struct review_own *own, const struct review_job *j)
{
    const char *names[2], *why = job_review_pair(j, names);

    if (names[1])
        log_info("disputes are where %s and %s differ: %s", names[0], names[1], why);
    say_queue(own, j);
    if (!job_review_has_pictures(j))
        log_warn("assent.yaml names no images: a placeholder is shown in their place");
    if (!review_is_local(own->door.host))
        log_warn("images leave this machine: whoever has a link sees them at %s%s",
                 job_review_address(j), own->door.cert ? "" : ", unencrypted");
}

static int serve(const struct globals *g, const struct review_own *own, struct review_job *j,
                 struct err *e)
{
    struct review_links links;
    int rc = job_review_start(j, &links, e);

    if (rc < 0)
        return rc;
    if (g->json)
        rc = cmd_print_json(jv_pack("{s:s, s:s?, s:s}", "address", job_review_address(j),
                                    "reviewer", links.reviewer, "owner", links.owner),
                            e);
    else if (links.reviewer)
        printf("%s\noverview: %s\n", links.reviewer, links.owner);
    else
        printf("%s\n", links.owner);
    fflush(stdout);
    review_links_release(&links);
    say_what(own, j);
    if (!own->asked.o.reviewer)
        log_info(
            "that address is the overview; assent reviewers add NAME makes a link for a person");
    log_info("Ctrl-C ends the server; every answer that was given is kept");
    return rc < 0 ? rc : job_review_serve(j, e);
}

static int pack(const struct globals *g, const struct review_own *own, struct review_job *j,
                struct err *e)
{
    char number[TEXT_COUNT_MAX];
    size_t n;
    int rc = job_review_packet(j, own->packet, &n, e);

    if (rc < 0)
        return rc;
    if (g->json)
        return cmd_print_json(jv_pack("{s:s, s:I}", "packet", own->packet, "items", (long long)n),
                              e);
    printf("%s: %s for %s; they are kept for 30 days\n", own->packet, text_count(n, "item", number),
           own->asked.o.reviewer);
    printf("  unpack it, open index.html, and bring the answers back:"
           " assent import answers.json\n");
    return 0;
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    struct review_own own = *(const struct review_own *)own_options;
    struct review_job *j = NULL;
    struct project *p;
    int rc = project_open(&p, g->dir, PROJECT_WRITE, e);

    if (rc < 0)
        return rc;
    own.asked.o.host = own.door.host;
    own.asked.o.port = own.door.port;
    own.asked.o.name = own.door.name;
    own.asked.o.public_url = own.door.public_url;
    own.asked.o.cert = own.door.cert;
    own.asked.o.key = own.door.key;
    own.asked.o.questions = own.asked.questions.items;
    own.asked.o.n_questions = own.asked.questions.n;
    own.asked.o.describe = show_review_overview;
    own.asked.o.events = &log_events;
    rc = job_review_open(&j, p, &own.asked.o, e);
    if (rc == 0)
        rc = own.packet ? pack(g, &own, j, e) : serve(g, &own, j, e);
    job_review_close(j);
    project_close(p);
    return rc;
}

const struct command cmd_review = {
    .name = "review",
    .args = "",
    .summary = "people settle disputes and check samples, blind, on a page in their browser",
    .doc = "Queues what people are to answer and serves the page until Ctrl-C. The first line on "
           "standard output is the address to open. Started again with the same options it goes on "
           "where it was. What the page shows of an item is the image and the question: nobody's "
           "label, no file name, nor why it is asked.",
    .example =
        "Examples:\n"
        "  assent review --reviewer anna\n"
        "  assent review --sample 2% --gold known.csv --repeat 50 --votes 3\n"
        "  assent review --listen 0.0.0.0:8321 --name review.example.org --cert c.pem --key k.pem",
    .options = options,
    .parse = parse,
    .size = sizeof(struct review_own),
    .run = run,
};
