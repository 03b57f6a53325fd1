/* SPDX-License-Identifier: MIT */
#include "label/http/protocol.h"

#include <string.h>

/* Of one request: no model reads as many, and the sum of 2^31 requests is an integer of the
 * database. */
#define COUNT_MOST ((int64_t)1 << 32)

static const struct protocol *const protocols[] = { &protocol_chat, &protocol_systemone,
                                                    &protocol_decisions };

const struct protocol *protocol_named(const char *name)
{
    if (!name)
        return protocols[0];
    for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
        if (strcmp(name, protocols[i]->name) == 0)
            return protocols[i];
    return NULL;
}

bool protocol_is_open(const char *name)
{
    return text_equal(name, "auto") || text_equal(name, "decide");
}

uint64_t protocol_tokens(const struct protocol *p, const struct annotator *a)
{
    return a->server.max_tokens ? a->server.max_tokens : p->tokens;
}

void protocol_take_count(const struct json_t *of, const char *name, uint64_t *tokens)
{
    int64_t n;

    if (jv_integer(jv_get(of, name), &n) && n > 0 && n < COUNT_MOST)
        *tokens = (uint64_t)n;
}
