/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/import.h"
#include "jobs/model.h"
#include "show/json.h"
#include "show/text.h"

enum { KEY_JSON = 0x1000 };

const struct argp_option cmd_global_options[] = {
    { "directory", 'C', "DIR", 0, "the project's folder (default: this one)", -2 },
    { "json", KEY_JSON, NULL, 0, "one JSON document on stdout, messages on stderr", -2 },
    { "quiet", 'q', NULL, 0, "warnings and errors only", -2 },
    { "verbose", 'v', NULL, 0, "say more", -2 },
    { 0 },
};

/* visible, or the C library does not find it */
__attribute__((visibility("default"))) const char *argp_program_version = "assent " ASSENT_VERSION;

static error_t parse_global(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;

    switch (key) {
    case 'C': in->globals.dir = arg; return 0;
    case KEY_JSON: in->globals.json = true; return 0;
    case 'q': in->globals.quiet = true; return 0;
    case 'v': in->globals.verbose = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

char *cmd_help_text(const char *text)
{
    static const char place[] = "{formats}";
    const char *at = strstr(text, place);
    struct buf out = BUF_INIT(1 << 16);

    buf_add(&out, text, at ? (size_t)(at - text) : strlen(text));
    for (size_t i = 0; at && import_format(i); i++)
        buf_printf(&out, "%s%s", i > 0 ? ", " : "", import_format(i));
    if (at)
        buf_puts(&out, at + strlen(place));
    return buf_take(&out);
}

/* argp would add a sentence on arguments of short options, which everybody knows. It frees what is
 * not the text that it gave. */
static char *filter_help(int key, const char *text, void *input)
{
    (void)input;
    if (key == ARGP_KEY_HELP_DUP_ARGS_NOTE || !text)
        return NULL;
    return strstr(text, "{formats}") ? cmd_help_text(text) : (char *)(uintptr_t)text;
}

static const struct argp global_argp = { .options = cmd_global_options, .parser = parse_global };

/* argp gives children their own input; ours is their parent's. */
static error_t pass_input(int key, char *arg, struct argp_state *state)
{
    (void)arg;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    state->child_inputs[0] = state->input;
    return 0;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int unknown_command(const char *name)
{
    const char *names[64], *near;
    struct err e;
    size_t n = 0;

    for (size_t i = 0; commands[i] && n < 64; i++)
        if (!commands[i]->hidden)
            names[n++] = commands[i]->name;
    near = text_nearest(name, names, n);
    err_set(&e, ERR_ARG, "no command is called '%s'", name);
    if (near)
        err_hint(&e, "did you mean '%s'?", near);
    else
        err_hint(&e, "assent help lists them");
    log_error(&e);
    return EXIT_USAGE;
}

static int exit_code(int rc)
{
    switch (rc) {
    case 0: return EXIT_OK;
    case ERR_ARG: return EXIT_USAGE;
    case ERR_INTERRUPTED: return EXIT_INTERRUPTED;
    case ERR_CLOSED: return EXIT_CLOSED;
    default: return rc > 0 ? rc : EXIT_FAILED;
    }
}

/* Lines, on their way to a terminal. */
static ssize_t write_printable(void *terminal, const char *bytes, size_t n)
{
    char line[1024];

    for (size_t at = 0, len; at < n; at += len) {
        const char *end = memchr(bytes + at, '\n', n - at);

        len = end ? (size_t)(end - bytes) - at : n - at;
        len = len < sizeof(line) ? len : sizeof(line) - 1;
        snprintf(line, sizeof(line), "%.*s", (int)len, bytes + at);
        text_printable(line);
        fputs(line, terminal);
        if (at + len < n && bytes[at + len] == '\n') {
            fputc('\n', terminal);
            len++;
        }
    }
    return (ssize_t)n;
}

/* argp, and the getopt in it, print what they were given: names of files, say, with anything in
 * them. */
static error_t parse_arguments(const struct argp *argp, int argc, char **argv, unsigned flags,
                               void *input)
{
    FILE *terminal = stderr;
    FILE *printable =
        fopencookie(terminal, "w", (cookie_io_functions_t){ .write = write_printable });
    error_t failed;

    if (printable) {
        setvbuf(printable, NULL, _IOLBF, BUFSIZ);
        stderr = printable;
    }
    failed = argp_parse(argp, argc, argv, flags, NULL, input);
    stderr = terminal;
    if (printable)
        fclose(printable);
    return failed;
}

/* A command's own parser with the global options as its child. */
static error_t parse_command(const struct command *c, int argc, char **argv, struct invocation *in)
{
    const struct argp_child children[] = { { &global_argp, 0, "Every command:", -1 }, { 0 } };
    struct buf doc = BUF_INIT(1 << 16), usage = BUF_INIT(256);
    const struct argp argp = { .options = c->options,
                               .parser = c->parse ? c->parse : pass_input,
                               .args_doc = c->args,
                               .children = children,
                               .help_filter = filter_help };
    struct argp with_doc = argp;
    error_t failed;

    buf_printf(&doc, "%s\v%s", c->doc, c->example);
    buf_printf(&usage, "assent %s", c->name);
    with_doc.doc = doc.text;
    argv[0] = usage.text;
    failed = parse_arguments(&with_doc, argc, argv, 0, in);
    buf_release(&doc);
    buf_release(&usage);
    return failed;
}

static int run_command(const struct command *c, int argc, char **argv, struct globals globals)
{
    struct err e = { 0 };
    struct invocation in = { globals, mem_new(1, c->size, &e) };
    char *name = argv[0];
    int rc;

    if (!in.own) {
        log_error(&e);
        return EXIT_FAILED;
    }
    if (parse_command(c, argc, argv, &in) != 0) {
        free(in.own);
        return EXIT_USAGE;
    }
    argv[0] = name;
    log_set_level(in.globals.quiet ? LOG_QUIET : in.globals.verbose ? LOG_VERBOSE : LOG_NORMAL);
    rc = c->run(&in.globals, in.own, &e);
    if (rc >= 0) {
        int written = writer_flush(stdout, "standard output", &e);

        rc = written < 0 ? written : rc;
    }
    if (rc < 0 && rc != ERR_CLOSED)
        log_error(&e);
    free(in.own);
    return exit_code(rc);
}

/* ---- before the command's name ---- */

struct before {
    struct invocation in;
    int command; /* argv's index of the command's name; 0: none */
};

static error_t parse_before(int key, char *arg, struct argp_state *state)
{
    struct before *b = state->input;

    (void)arg;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &b->in; return 0;
    case ARGP_KEY_ARG:
        b->command = state->next - 1;
        state->next = state->argc; /* the rest is the command's */
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const char main_doc[] =
    "Labels images with a vision-language model and says how far those labels can be trusted.\v"
    "assent help lists the commands; assent COMMAND --help shows one's options and an example.";

int cmd_main(int argc, char **argv)
{
    const struct argp_child children[] = { { &global_argp, 0, NULL, 0 }, { 0 } };
    const struct argp argp = { .parser = parse_before,
                               .args_doc = "COMMAND [..]",
                               .doc = main_doc,
                               .children = children,
                               .help_filter = filter_help };
    struct before b = { .in.globals.dir = "." };

    signals_init();
    argp_err_exit_status = EXIT_USAGE;
    if (parse_arguments(&argp, argc, argv, ARGP_IN_ORDER, &b) != 0)
        return EXIT_USAGE;
    if (b.command == 0)
        return run_command(&cmd_help, 1, argv, b.in.globals);
    if (!find_command(argv[b.command]))
        return unknown_command(argv[b.command]);
    return run_command(find_command(argv[b.command]), argc - b.command, argv + b.command,
                       b.in.globals);
}

/* ---- for commands ---- */

bool cmd_options_end(const struct argp_option *o)
{
    return !o || (!o->name && !o->doc);
}

int cmd_print(const struct globals *g, struct page *p, struct err *e)
{
    struct json_t *document;
    int rc = g->json ? page_json(p, &document, e) : page_print(p, stdout, text_look_of(stdout), e);

    page_free(p);
    return rc == 0 && g->json ? cmd_print_json(document, e) : rc;
}

int cmd_print_json(struct json_t *document, struct err *e)
{
    char *text = jv_print(document);

    jv_free(document);
    if (!text)
        return err_set(e, ERR_NOMEM, "out of memory: the JSON document");
    puts(text);
    free(text);
    return 0;
}

void cmd_list_add(struct cmd_list *list, const char *text, const struct argp_state *state)
{
    if (list->n == CMD_LIST_MAX)
        argp_error(state, "more than %d of these: %s", CMD_LIST_MAX, text);
    list->items[list->n++] = text;
}

void cmd_questions(struct cmd_list *list, char *arg, const struct argp_state *state)
{
    for (char *name = arg; name; name = arg) {
        arg = strchr(name, ',');
        if (arg)
            *arg++ = '\0';
        if (*name == '\0')
            argp_error(state, "--questions takes names with commas between them");
        cmd_list_add(list, name, state);
    }
}

double cmd_share(const char *text, const char *option, const struct argp_state *state)
{
    size_t len = strlen(text);
    bool percent = len > 1 && text[len - 1] == '%';
    char number[64];
    double share;

    snprintf(number, sizeof(number), "%.*s", (int)(percent ? len - 1 : len), text);
    if (len >= sizeof(number) || !text_double(number, &share) ||
        !((share = percent ? share / 100 : share) > 0 && share < 1))
        argp_error(state, "%s takes a share above 0 and below 1, as 0.05 or 5%%, not '%s'", option,
                   text);
    return share;
}

uint16_t cmd_listen(const char *arg, char host[CMD_HOST_MAX], const struct argp_state *state)
{
    const char *colon = strrchr(arg, ':'), *from = arg;
    size_t len = colon ? (size_t)(colon - arg) : 0;
    uint64_t port = 0;

    if (len > 2 && arg[0] == '[' && arg[len - 1] == ']') { /* [::1]:8321 */
        from++;
        len -= 2;
    }
    if (len == 0 || len >= CMD_HOST_MAX || !text_u64(colon + 1, UINT16_MAX, &port))
        argp_error(state, "--listen takes HOST:PORT, not '%s'", arg);
    snprintf(host, CMD_HOST_MAX, "%.*s", (int)len, from);
    return (uint16_t)port;
}

static void check_door(const struct cmd_door *own, const struct argp_state *state)
{
    if (!own->cert != !own->key)
        argp_error(state, "--cert and --key go together");
    if (own->public_url && own->name)
        argp_error(state, "--public-url says the name too: leave --name out");
}

error_t cmd_parse_door(int key, char *arg, struct argp_state *state, struct cmd_door *own)
{
    switch (key) {
    case CMD_DOOR_LISTEN: own->port = cmd_listen(arg, own->host, state); return 0;
    case CMD_DOOR_NAME: own->name = arg; return 0;
    case CMD_DOOR_PUBLIC:
        if (!review_is_public_url(arg))
            argp_error(state, "--public-url takes https://HOST or https://HOST:PORT, not '%s'",
                       arg);
        own->public_url = arg;
        return 0;
    case CMD_DOOR_CERT: own->cert = arg; return 0;
    case CMD_DOOR_KEY: own->key = arg; return 0;
    case ARGP_KEY_END: check_door(own, state); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* A number above zero. */
static uint64_t some(const char *arg, uint64_t max, const char *option,
                     const struct argp_state *state)
{
    uint64_t n = cmd_number(arg, max, option, state);

    if (n == 0)
        argp_error(state, "%s takes one or more", option);
    return n;
}

error_t cmd_parse_pictures(int key, const char *arg, const struct argp_state *state,
                           struct vlm_pictures *own)
{
    switch (key) {
    case CMD_PICTURES_MAX: own->max_pixels = some(arg, UINT32_MAX, "--max-pixels", state); return 0;
    case CMD_PICTURES_MIN: own->min_pixels = some(arg, UINT32_MAX, "--min-pixels", state); return 0;
    case CMD_PICTURES_TILES: own->tiles = (uint32_t)some(arg, 1000, "--tiles", state); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

enum interval_kind cmd_interval(const char *text, const struct argp_state *state)
{
    if (strcmp(text, "images") != 0 && strcmp(text, "cells") != 0)
        argp_error(state, "--interval takes images or cells, not '%s'", text);
    return strcmp(text, "cells") == 0 ? INTERVAL_CELLS : INTERVAL_IMAGES;
}

uint64_t cmd_number(const char *text, uint64_t max, const char *option,
                    const struct argp_state *state)
{
    uint64_t number = 0;

    if (!text_u64(text, max, &number))
        argp_error(state, "%s takes a whole number up to %" PRIu64 ", not '%s'", option, max, text);
    return number;
}
