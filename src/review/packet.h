/* SPDX-License-Identifier: MIT
 *
 * packet.h - a review without the server: the page with its items in a folder, and its answers
 * back.
 */
#ifndef ASSENT_REVIEW_PACKET_H
#define ASSENT_REVIEW_PACKET_H

#include "review/review.h"
#include "store/reviewers.h"

/* Writes a zip with the page, the images and every item that is open for this person, which are
 * theirs from then on. *n counts the items. */
int review_packet(const struct review_site *site, const struct store_reviewer *who,
                  const char *path, size_t *n, struct err *e);

struct review_answers {
    uint64_t answers, kept, known, undone, refused; /* known: were here already */
    uint64_t withdrawn; /* of those, that were taken back since, and do not count */
};

/* Does the file begin as a packet's page writes its answers? */
bool review_is_answers(const char *path);
/* Takes a packet's answers file back, inside the caller's transaction. */
int review_take_answers(const struct review_site *site, const char *path,
                        struct review_answers *out, struct err *e);

#endif
