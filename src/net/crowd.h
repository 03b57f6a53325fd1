/* SPDX-License-Identifier: MIT
 *
 * crowd.h - who is connected: how many in all and from where, how long each may take, and who goes
 * where there are too many. Private to net/; whoever calls holds a lock.
 *
 * Where a newcomer makes one too many, the connection goes that did nothing for the longest time:
 * one that nobody with a session has asked by, before any other. One whose answer is being made
 * stays.
 */
#ifndef ASSENT_NET_CROWD_H
#define ASSENT_NET_CROWD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>
#include <sys/socket.h>

struct guest; /* a connection */
TAILQ_HEAD(guests, guest);

struct crowd {
    size_t most, most_of_address; /* connections; to be set before anybody enters */
    size_t n;
    struct guests idle[2]; /* the longest idle first: those without a session, and with one */
    void *addresses;       /* a tree, of tsearch */
};

/* IPv4 as IPv6 has it; of IPv6 the network, in which a client has as many addresses as it likes. */
void crowd_address(const struct sockaddr *from, unsigned char out[16]);

void crowd_init(struct crowd *c, size_t most, size_t most_of_address);
void crowd_release(struct crowd *c); /* everybody has left */

/* A connection of that socket, which may close at once another's socket, or its own. NULL: no
 * memory. Times are clock_seconds'. */
struct guest *crowd_enter(struct crowd *c, const struct sockaddr *from, int socket, double until);
/* Its socket is closed by whoever opened it. */
void crowd_leave(struct crowd *c, struct guest *g);
/* It waits for its client, at most until then. */
void crowd_wait(struct crowd *c, struct guest *g, double until);
/* Its answer is being made. */
void crowd_hold(struct crowd *c, struct guest *g);
/* It asks with a session. */
void crowd_know(struct crowd *c, struct guest *g);
/* Ends those who took too long. */
void crowd_sweep(struct crowd *c, double now);

#endif
