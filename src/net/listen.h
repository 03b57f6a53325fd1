/* SPDX-License-Identifier: MIT
 *
 * listen.h - a socket at an address. Private to net/.
 */
#ifndef ASSENT_NET_LISTEN_H
#define ASSENT_NET_LISTEN_H

#include "net/net.h"

enum { HOST_MAX = 256 }; /* bytes of a name, with its port and the zero */

/* *fd listens at the options' host and port and does not block; *port: the one it got. ERR_ARG
 * where there is no such address, ERR_IO where it cannot be had. */
int listen_at(const struct server_options *o, int *fd, uint16_t *port, struct err *e);

#endif
