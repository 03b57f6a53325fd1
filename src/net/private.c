/* SPDX-License-Identifier: MIT */
#include "net/private.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_in(const unsigned char *address, const unsigned char *network, unsigned bits)
{
    unsigned char rest = (unsigned char)(0xff << (8 - bits % 8));

    return memcmp(address, network, bits / 8) == 0 &&
           (bits % 8 == 0 || ((address[bits / 8] ^ network[bits / 8]) & rest) == 0);
}

static bool is_private_address(int family, const unsigned char *address)
{
    static const struct {
        int family;
        const char *network;
        unsigned bits;
    } networks[] = {
        { AF_INET, "127.0.0.0", 8 },    { AF_INET, "0.0.0.0", 8 },      { AF_INET, "10.0.0.0", 8 },
        { AF_INET, "172.16.0.0", 12 },  { AF_INET, "192.168.0.0", 16 }, /* RFC 1918 */
        { AF_INET, "169.254.0.0", 16 }, { AF_INET6, "::1", 128 },       { AF_INET6, "::", 128 },
        { AF_INET6, "fe80::", 10 },     { AF_INET6, "fc00::", 7 }, /* RFC 4193 */
    };

    for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
        unsigned char network[16];

        if (networks[i].family == family && inet_pton(family, networks[i].network, network) == 1 &&
            is_in(address, network, networks[i].bits))
            return true;
    }
    return false;
}

bool private_host(const char *host)
{
    static const char *const names[] = { "localhost", ".localhost", ".local" };
    char name[256];
    struct in6_addr a; /* or an in_addr at its beginning */
    size_t len = (size_t)snprintf(name, sizeof(name), "%s", host[0] == '[' ? host + 1 : host);

    if (len == 0 || len >= sizeof(name))
        return false;
    if (name[len - 1] == ']' || name[len - 1] == '.') /* "localhost." is localhost */
        name[--len] = '\0';
    if (inet_pton(AF_INET, name, &a) == 1)
        return is_private_address(AF_INET, a.s6_addr);
    if (inet_pton(AF_INET6, name, &a) == 1)
        return IN6_IS_ADDR_V4MAPPED(&a) ? is_private_address(AF_INET, a.s6_addr + 12)
                                        : is_private_address(AF_INET6, a.s6_addr);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t n = strlen(names[i]);

        if (len >= n && (len == n || names[i][0] == '.') &&
            strcasecmp(name + len - n, names[i]) == 0)
            return true;
    }
    return false;
}
