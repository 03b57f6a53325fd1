/* SPDX-License-Identifier: MIT */
#include "net/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static int find_address(const struct server_options *o, struct addrinfo **out, struct err *e)
{
    struct addrinfo wanted = { .ai_family = AF_UNSPEC,
                               .ai_socktype = SOCK_STREAM,
                               .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    char port[8];
    int rc;

    snprintf(port, sizeof(port), "%u", o->port);
    rc = getaddrinfo(o->host, port, &wanted, out);
    if (rc == 0)
        return 0;
    err_set(e, ERR_ARG, "this address cannot be listened at: %s", gai_strerror(rc));
    return err_at(e, "%s", o->host);
}

static int listen_failed(const struct server_options *o, struct err *e)
{
    bool taken = errno == EADDRINUSE;

    err_set(e, ERR_IO, "cannot listen: %s", strerror(errno));
    if (taken)
        err_hint(
            e, "another program, or another review, has this port; --listen %s:0 takes a free one",
            o->host);
    return err_at(e, "%s:%u", o->host, o->port);
}

static uint16_t bound_port(int fd)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof(a);

    if (getsockname(fd, (struct sockaddr *)&a, &len) != 0)
        return 0;
    return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
                                         : ((struct sockaddr_in *)&a)->sin_port);
}

int listen_at(const struct server_options *o, int *fd, uint16_t *port, struct err *e)
{
    struct addrinfo *found;
    int on = 1, rc = find_address(o, &found, e);

    if (rc < 0)
        return rc;
    *fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0 || setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(*fd, found->ai_addr, found->ai_addrlen) != 0 || listen(*fd, SOMAXCONN) != 0) {
        rc = listen_failed(o, e);
        if (*fd >= 0)
            close(*fd);
    }
    freeaddrinfo(found);
    if (rc == 0)
        *port = bound_port(*fd);
    return rc;
}

/* ---- what an address says of itself: net.h ---- */

bool server_is_loopback(const char *host)
{
    struct in_addr four;
    struct in6_addr six;

    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &six) == 1)
        return IN6_IS_ADDR_LOOPBACK(&six) != 0;
    return strcasecmp(host, "localhost") == 0;
}

bool server_is_public_url(const char *url)
{
    static const char host[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:[]";
    size_t scheme = strncasecmp(url, "https://", 8) == 0  ? 8
                    : strncasecmp(url, "http://", 7) == 0 ? 7
                                                          : 0;
    size_t len = strlen(url);

    return scheme > 0 && len > scheme && len < HOST_MAX &&
           strspn(url + scheme, host) == len - scheme;
}
