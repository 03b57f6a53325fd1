/* SPDX-License-Identifier: MIT */
#include "serve/serve.h"

#include <stdio.h>

#include "cmd/cmd.h"

#define LISTEN "127.0.0.1:8322"

enum {
    KEY_TOKEN = 0x100,
    KEY_PROMPT,
    KEY_DTYPE,
};

struct serve_own {
    struct serve_options o;
    struct cmd_door door;
};

static const struct argp_option options[] = {
    { "model", 'm', "DIR", 0, "the model's folder, as downloaded", 0 },
    { "prompt", KEY_PROMPT, "TEMPLATE", 0,
      "in place of the model's own, with {image} and {question}", 0 },
    { "dtype", KEY_DTYPE, "TYPE", 0, "auto (default), f32 or bf16", 0 },
    CMD_PICTURES_OPTIONS,
    { "listen", CMD_DOOR_LISTEN, "HOST:PORT", 0, "(default " LISTEN "; port 0: a free one)", 0 },
    { "name", CMD_DOOR_NAME, "HOST", 0, "the server's name, where it is not the one listened at",
      0 },
    { "public-url", CMD_DOOR_PUBLIC, "URL", 0,
      "the address of a proxy in front, https://model.example.org", 0 },
    { "cert", CMD_DOOR_CERT, "FILE", 0, "certificate chain, PEM: serve by HTTPS", 0 },
    { "key", CMD_DOOR_KEY, "FILE", 0, "its private key, PEM", 0 },
    { "token-file", KEY_TOKEN, "FILE", 0,
      "clients must send what this file holds: Authorization: Bearer TOKEN", 0 },
    { 0 },
};

static void check(const struct serve_own *own, const struct argp_state *state)
{
    const struct cmd_door *door = &own->door;
    bool local = review_is_local(door->host);

    if (!own->o.model)
        argp_error(state, "--model DIR says which model");
    if ((!local || door->public_url) && !own->o.token_file)
        argp_error(state, "%s can be reached from other machines: give --token-file",
                   door->public_url ? door->public_url : door->host);
    if (!local && !door->cert && !door->public_url)
        argp_error(state,
                   "%s can be reached from other machines: give --cert and --key, or --public-url"
                   " with a proxy in front",
                   door->host);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct invocation *in = state->input;
    struct serve_own *own = in->own;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = in;
        own->door.port = cmd_listen(LISTEN, own->door.host, state);
        return 0;
    case 'm': own->o.model = arg; return 0;
    case KEY_PROMPT: own->o.prompt = arg; return 0;
    case KEY_DTYPE: own->o.dtype = arg; return 0;
    case KEY_TOKEN: own->o.token_file = arg; return 0;
    case ARGP_KEY_END:
        cmd_parse_door(key, arg, state, &own->door);
        check(own, state);
        return 0;
    default:
        return cmd_parse_pictures(key, arg, state, &own->o.pictures) == 0
                   ? 0
                   : cmd_parse_door(key, arg, state, &own->door);
    }
}

static int run(const struct globals *g, const void *own_options, struct err *e)
{
    const struct serve_own *own = own_options;
    struct serve_options o = own->o;
    struct serve *s;
    int rc;

    o.host = own->door.host;
    o.port = own->door.port;
    o.name = own->door.name;
    o.public_url = own->door.public_url;
    o.cert = own->door.cert;
    o.key = own->door.key;
    o.events = &log_events;
    rc = serve_open(&s, &o, e);
    if (rc < 0)
        return rc;
    if (g->json)
        rc = cmd_print_json(
            jv_pack("{s:s, s:s}", "address", serve_address(s), "model", serve_model(s)), e);
    else
        printf("%s\n", serve_address(s));
    fflush(stdout);
    log_info("Ctrl-C ends the server; what the model is asked just then is answered first");
    if (rc == 0)
        serve_run(s);
    serve_close(s);
    return rc;
}

const struct command cmd_serve = {
    .name = "serve",
    .args = "--model DIR",
    .summary = "a model answers other programs' questions about pictures, by HTTP",
    .doc =
        "Loads a model and answers typed questions about a picture until Ctrl-C, each with every "
        "option's probability: POST /v1/systemone and /v1/decisions, GET /v1/models and /health. "
        "The first line on standard output is the address. The answers are those of assent ask. "
        "Addresses that other machines can reach need a token and TLS.",
    .example = "Examples:\n"
               "  assent serve --model DIR\n"
               "  assent serve --model DIR --listen 0.0.0.0:8322 --name gpu.example.org \\\n"
               "    --token-file token --cert c.pem --key k.pem",
    .options = options,
    .parse = parse,
    .size = sizeof(struct serve_own),
    .run = run,
};
