/* SPDX-License-Identifier: MIT */
#include "net/crowd.h"

#include <netinet/in.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

enum { V6_NETWORK = 8 /* bytes of an IPv6 address that are a customer's network */ };

struct address {
    unsigned char bytes[16];
    size_t n;
    struct guests idle[2]; /* as the crowd's */
};

struct guest {
    TAILQ_ENTRY(guest) of_all, of_address; /* while it is idle */
    struct address *address;               /* NULL: its socket was ended */
    int socket;
    double until;
    bool idle, known;
};

/* ---- addresses ---- */

static int compare(const void *a, const void *b)
{
    const struct address *left = a, *right = b;

    return memcmp(left->bytes, right->bytes, sizeof(left->bytes));
}

void crowd_address(const struct sockaddr *from, unsigned char out[16])
{
    const struct sockaddr_in6 *six = (const void *)from;
    const struct sockaddr_in *four = (const void *)from;

    memset(out, 0, 16);
    if (from->sa_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
        memcpy(out, &six->sin6_addr, V6_NETWORK);
        return;
    }
    out[10] = out[11] = 0xff;
    if (from->sa_family == AF_INET6)
        memcpy(out, &six->sin6_addr, 16);
    else
        memcpy(out + 12, &four->sin_addr, 4);
}

static struct address *find_address(struct crowd *c, const struct sockaddr *from)
{
    struct address *a = calloc(1, sizeof(*a)), **found;

    if (!a)
        return NULL;
    crowd_address(from, a->bytes);
    TAILQ_INIT(&a->idle[false]);
    TAILQ_INIT(&a->idle[true]);
    found = tsearch(a, &c->addresses, compare);
    if (!found || *found != a)
        free(a);
    return found ? *found : NULL;
}

/* ---- who is idle ---- */

static void set_idle(struct crowd *c, struct guest *g, bool idle)
{
    struct guests *all = &c->idle[g->known], *own = &g->address->idle[g->known];

    if (g->idle) {
        TAILQ_REMOVE(all, g, of_all);
        TAILQ_REMOVE(own, g, of_address);
    }
    if (idle) {
        TAILQ_INSERT_TAIL(all, g, of_all);
        TAILQ_INSERT_TAIL(own, g, of_address);
    }
    g->idle = idle;
}

static void uncount(struct crowd *c, struct guest *g)
{
    struct address *a = g->address;

    if (!a)
        return;
    set_idle(c, g, false);
    g->address = NULL;
    c->n--;
    if (--a->n > 0)
        return;
    tdelete(a, &c->addresses, compare);
    free(a);
}

/* Whoever reads it sees the end, and closes it. */
static void end(struct crowd *c, struct guest *g)
{
    uncount(c, g);
    shutdown(g->socket, SHUT_RDWR);
}

/* The first of the lists that is not the newcomer; else the newcomer. */
static struct guest *who_goes(const struct guests idle[2], struct guest *newcomer)
{
    for (int known = false; known <= true; known++)
        if (!TAILQ_EMPTY(&idle[known]) && TAILQ_FIRST(&idle[known]) != newcomer)
            return TAILQ_FIRST(&idle[known]);
    return newcomer;
}

/* ---- the crowd ---- */

void crowd_init(struct crowd *c, size_t most, size_t most_of_address)
{
    *c = (struct crowd){ .most = most, .most_of_address = most_of_address };
    TAILQ_INIT(&c->idle[false]);
    TAILQ_INIT(&c->idle[true]);
}

void crowd_release(struct crowd *c)
{
    tdestroy(c->addresses, free);
    c->addresses = NULL;
}

struct guest *crowd_enter(struct crowd *c, const struct sockaddr *from, int socket, double until)
{
    struct guest *g = calloc(1, sizeof(*g));
    struct address *a = g ? find_address(c, from) : NULL;

    if (!a) {
        free(g);
        return NULL;
    }
    g->address = a;
    g->socket = socket;
    g->until = until;
    set_idle(c, g, true);
    c->n++;
    if (++a->n > c->most_of_address)
        end(c, who_goes(a->idle, g));
    else if (c->n > c->most)
        end(c, who_goes(c->idle, g));
    return g;
}

void crowd_leave(struct crowd *c, struct guest *g)
{
    uncount(c, g);
    free(g);
}

void crowd_wait(struct crowd *c, struct guest *g, double until)
{
    g->until = until;
    if (g->address)
        set_idle(c, g, true);
}

void crowd_hold(struct crowd *c, struct guest *g)
{
    if (g->address)
        set_idle(c, g, false);
}

void crowd_know(struct crowd *c, struct guest *g)
{
    bool idle = g->idle;

    if (!g->address || g->known)
        return;
    set_idle(c, g, false);
    g->known = true;
    set_idle(c, g, idle);
}

void crowd_sweep(struct crowd *c, double now)
{
    struct guest *g, *next;

    for (int known = false; known <= true; known++)
        for (g = TAILQ_FIRST(&c->idle[known]); g; g = next) {
            next = TAILQ_NEXT(g, of_all);
            if (g->until < now)
                end(c, g);
        }
}
