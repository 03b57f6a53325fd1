/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "store/images.h"
#include "store/internal.h"
#include "store/runs.h"

int store_file_hash(struct store *s, const struct store_file *f, char sha256[SHA256_HEX],
                    struct err *e)
{
    struct sql_rows *found;
    int rc =
        sql_query(s->db, &found,
                  "SELECT sha256 FROM file_hash WHERE path = $1 AND state = $2 AND sample = $3",
                  BIND(TEXT(f->path), TEXT(f->stamp.state), TEXT(f->stamp.sample)), e);

    if (rc == 0)
        rc = sql_step(found, e);
    if (rc == 1)
        snprintf(sha256, SHA256_HEX, "%s", sql_text(found, 0));
    sql_done(found);
    return rc;
}

int store_file_hash_set(struct store *s, const struct store_file *f, const char *sha256,
                        struct err *e)
{
    return sql_run(s->db,
                   "INSERT INTO file_hash (path, state, sample, sha256)"
                   " VALUES ($1, $2, $3, $4) ON CONFLICT (path) DO UPDATE SET"
                   " state = excluded.state, sample = excluded.sample, sha256 = excluded.sha256",
                   BIND(TEXT(f->path), TEXT(f->stamp.state), TEXT(f->stamp.sample), TEXT(sha256)),
                   e);
}

/* What was only hashed since it changed has no width (store_image_seen): its answers are about what
 * it was before. */
int store_images_hashes(struct store *s, bool decoded,
                        int (*each)(void *data, int64_t image, const char *sha256), void *data,
                        struct err *e)
{
    struct sql_rows *list;
    int rc = sql_query(s->db, &list,
                       "SELECT id, sha256 FROM image WHERE sha256 IS NOT NULL"
                       " AND (width > 0 OR $1 = 0) ORDER BY id",
                       BIND(INT(decoded)), e);

    while (rc == 0 && (rc = sql_step(list, e)) == 1)
        rc = each(data, sql_int(list, 0), sql_text(list, 1));
    sql_done(list);
    return rc;
}
