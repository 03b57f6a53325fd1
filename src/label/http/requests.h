/* SPDX-License-Identifier: MIT
 *
 * requests.h - pictures that a server is asked about, a request after the other. Private to label/.
 *
 * Of each picture the first request goes alone and the others behind it, so that a server which
 * caches prefixes reads the picture once. How many requests are in flight is pace.h's matter; a
 * picture is begun where every question of those before it is on its way. Where a way of asking
 * (ways.h) has it described, or a question asked again, that is a request too. A request that fails
 * is sent again; a question that cannot be answered is an error, and its picture's others go on.
 */
#ifndef ASSENT_LABEL_REQUESTS_H
#define ASSENT_LABEL_REQUESTS_H

#include "label/http/protocol.h"
#include "label/http/ways.h"
#include "label/internal.h"

struct requests;

/* As a back end's. What it is given must outlive it. ERR_ARG: as exchange_open. */
int requests_open(struct requests **out, const struct annotator *a, const struct protocol *p,
                  const struct asking *asking, const struct task *t, const struct label_options *o,
                  struct err *e);
void requests_close(struct requests *r); /* NULL is fine */
/* The protocol, before anything is submitted, and what finding it took: that counts. */
void requests_speak(struct requests *r, const struct protocol *p, const struct label_usage *took);

bool requests_wants_more(const struct requests *r);
enum label_limit requests_limit(const struct requests *r, const struct asked_list *asked);
int requests_submit(struct requests *r, const struct label_picture *picture,
                    const struct asked_list *asked, uint64_t tag, struct err *e);
int requests_collect(struct requests *r, double seconds, struct collected *out, struct err *e);
struct label_usage requests_usage(const struct requests *r);

#endif
