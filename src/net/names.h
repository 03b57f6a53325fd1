/* SPDX-License-Identifier: MIT
 *
 * names.h - by which names a server is reached, and which pages may ask it. Private to net/.
 *
 * A page of somebody else's whose name was made to lead here has another name in Host; a page that
 * posts to here has its own in Origin. X-Forwarded-* is not looked at.
 */
#ifndef ASSENT_NET_NAMES_H
#define ASSENT_NET_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/net.h"

enum { NAME_BYTES = 256 };

struct names {
    char own[4][NAME_BYTES]; /* what a Host header may say, the first as people are told it */
    size_t n;
    const char *public_url; /* of a proxy in front; NULL */
    bool tls;
};

/* Borrows the options' texts. */
void names_fill(struct names *out, const struct server_options *o, uint16_t port);

/* May a Host header say so? NULL: there is none, and it may not. */
bool names_host(const struct names *n, const char *host);
/* May a page of this origin ask, by that Host? NULL: no browser sent it. Of this machine's own
 * names it must be the very one, port and all, that the request came to: another port is another
 * page. */
bool names_origin(const struct names *n, const char *origin, const char *host);

#endif
