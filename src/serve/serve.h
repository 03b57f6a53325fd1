/* SPDX-License-Identifier: MIT
 *
 * serve.h - the engine behind HTTP: questions about a picture come in as the decision protocols
 * have them, and every option's probability goes out.
 *
 * The server's thread takes requests in and puts them into a line (line.h); a thread of its own
 * takes one after the other out and asks the engine, all questions of a request in one pass.
 */
#ifndef ASSENT_SERVE_H
#define ASSENT_SERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "vlm/vlm.h"

struct serve;

struct serve_options {          /* the texts must live as long as the server */
    const char *model;          /* a folder; its last part is the model's name */
    const char *dtype, *prompt; /* as vlm_options has them */
    struct vlm_pictures pictures;
    const char *host;
    uint16_t port;                 /* 0: any free one */
    const char *name, *public_url; /* as server_options has them */
    const char *cert, *key;        /* PEM files: TLS; NULL: none */
    const char *token_file;        /* what clients must show; NULL: nothing */
    const struct events *events;
};

/* Loads the model and listens. ERR_FORMAT: no model, or no token in the file; and as server_start.
 */
int serve_open(struct serve **out, const struct serve_options *o, struct err *e);
/* Serves until the events say that it shall end. */
void serve_run(struct serve *s);
/* Answers what the engine is at, and refuses what waits. NULL is fine. */
void serve_close(struct serve *s);

const char *serve_address(const struct serve *s);
const char *serve_model(const struct serve *s); /* its name */

#endif
