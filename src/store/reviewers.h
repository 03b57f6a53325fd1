/* SPDX-License-Identifier: MIT
 *
 * reviewers.h - who may open the review page: people, their links and sessions, packets handed out.
 */
#ifndef ASSENT_STORE_REVIEWERS_H
#define ASSENT_STORE_REVIEWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "store/store.h"
#include "task/task.h"

struct store_reviewer {
    int64_t id, annotator; /* annotator 0: an owner */
    const char *name, *created, *revoked;
};

/* Finds or adds who has this name among the reviewers, or among the owners; a revoked one may come
 * in again. ERR_ARG where the name is a model's, or of somebody whose labels came in bulk. */
int store_reviewer_add(struct store *s, const char *name, bool owner, struct store_reviewer *out,
                       struct err *e);
/* Their tokens and sessions end. ERR_ARG where nobody has this name. */
int store_reviewer_revoke(struct store *s, const char *name, struct err *e);
/* Everybody who was ever added. Texts are valid during the callback, whose failure ends the
 * listing. */
int store_reviewers(struct store *s, int (*each)(void *data, const struct store_reviewer *r),
                    void *data, struct err *e);

/* Of a token only the hash is kept. */
enum token_kind { TOKEN_LINK, TOKEN_SESSION };
/* expires: seconds since 1970; 0: never. Of a person's sessions only the 32 newest stay. */
int store_token_add(struct store *s, const char *sha256, enum token_kind kind, int64_t reviewer,
                    int64_t expires, struct err *e);
/* How many links bring this reviewer in. */
int store_links_count(struct store *s, int64_t reviewer, uint64_t *n, struct err *e);
int store_token_drop(struct store *s, const char *sha256, struct err *e);
/* Whose token this is: 1, or 0 where it is nobody's, has expired or was revoked. r->name lies in
 * name. */
int store_token_find(struct store *s, const char *sha256, enum token_kind kind,
                     struct store_reviewer *r, char name[TASK_NAME_MAX + 1], struct err *e);

/* A packet that was made before is known by the same hash. */
int store_packet_add(struct store *s, const char *sha256, int64_t annotator, size_t items,
                     struct err *e);
/* 1, or 0 where this project made no such packet. */
int store_packet_find(struct store *s, const char *sha256, int64_t *annotator, struct err *e);

#endif
