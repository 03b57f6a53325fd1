/* SPDX-License-Identifier: MIT */
#include "net/names.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- which they are ---- */

static void add(struct names *n, const char *name, uint16_t port)
{
    const char *open = strchr(name, ':') ? "[" : "", *close = *open ? "]" : "";
    unsigned usual = n->tls ? 443 : 80; /* which browsers leave out */

    if (n->n + 2 > sizeof(n->own) / sizeof(n->own[0]))
        return;
    snprintf(n->own[n->n++], NAME_BYTES, "%s%s%s:%u", open, name, close, port);
    if (port == usual)
        snprintf(n->own[n->n++], NAME_BYTES, "%s%s%s", open, name, close);
}

void names_fill(struct names *out, const struct server_options *o, uint16_t port)
{
    *out = (struct names){ .public_url = o->public_url, .tls = o->cert != NULL };
    add(out, o->name ? o->name : o->host, port);
    if (server_is_loopback(o->host))
        add(out, strcmp(o->host, "localhost") == 0 ? "127.0.0.1" : "localhost", port);
    else if (o->name)
        add(out, o->host, port);
}

/* ---- asking ---- */

/* "localhost", "127.0.0.1" or "[::1]", with any port: this machine's own name for whatever leads
 * here, a tunnel's end or a forwarded port. No page elsewhere can have it. */
static bool is_loopback_name(const char *host)
{
    static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };
    uint64_t port;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t len = strlen(names[i]);

        if (strncasecmp(host, names[i], len) == 0)
            return host[len] == '\0' ||
                   (host[len] == ':' && text_u64(host + len + 1, UINT16_MAX, &port) && port > 0);
    }
    return false;
}

static bool is_own(const struct names *n, const char *host)
{
    for (size_t i = 0; i < n->n; i++)
        if (strcasecmp(host, n->own[i]) == 0)
            return true;
    return false;
}

bool names_host(const struct names *n, const char *host)
{
    /* "labels.example.org" of "https://labels.example.org" */
    const char *known = n->public_url ? strstr(n->public_url, "://") + 3 : NULL;

    return host &&
           (is_own(n, host) || is_loopback_name(host) || (known && strcasecmp(host, known) == 0));
}

bool names_origin(const struct names *n, const char *origin, const char *host)
{
    const char *scheme = n->tls ? "https://" : "http://";

    if (!origin || (n->public_url && strcasecmp(origin, n->public_url) == 0))
        return true;
    if (strncasecmp(origin, scheme, strlen(scheme)) != 0)
        return false;
    origin += strlen(scheme);
    return is_own(n, origin) || (is_loopback_name(origin) && host && strcasecmp(origin, host) == 0);
}
