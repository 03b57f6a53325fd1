/* SPDX-License-Identifier: MIT
 *
 * private.h - which hosts are this machine, or on its private network. Private to net/.
 */
#ifndef ASSENT_NET_PRIVATE_H
#define ASSENT_NET_PRIVATE_H

#include <stdbool.h>

/* As an address has it, an IPv6 one in brackets: loopback, RFC 1918, RFC 4193, link-local,
 * localhost, *.local. By name, without asking DNS. */
bool private_host(const char *host);

#endif
