/* SPDX-License-Identifier: MIT
 *
 * routes.h - which of a server's routes takes a request. Private to net/.
 */
#ifndef ASSENT_NET_ROUTES_H
#define ASSENT_NET_ROUTES_H

#include "net/net.h"

/* NULL where none fits; *other: some other method's does. *tail is what is behind a path that ends
 * in '/'. */
const struct server_route *routes_find(const struct server_options *o, const char *method,
                                       const char *path, const char **tail, bool *other);

#endif
