/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "store/internal.h"

int store_file_hash(struct store *s, const char *path, int64_t size, int64_t modified,
                    char sha256[SHA256_HEX], struct err *e)
{
    struct sql_stmt *find;
    int rc = sql_prepare(
        s->db, &find,
        "SELECT sha256 FROM file_hash WHERE path = $1 AND size = $2 AND modified = $3", e);

    if (rc < 0)
        return rc;
    sql_bind_text(find, 1, path);
    sql_bind_int(find, 2, size);
    sql_bind_int(find, 3, modified);
    rc = sql_step(find, e);
    if (rc == 1)
        snprintf(sha256, SHA256_HEX, "%s", sql_text(find, 0));
    sql_finalize(find);
    return rc;
}

int store_file_hash_set(struct store *s, const char *path, int64_t size, int64_t modified,
                        const char *sha256, struct err *e)
{
    struct sql_stmt *set;
    int rc = sql_prepare(s->db, &set,
                         "INSERT INTO file_hash (path, size, modified, sha256)"
                         " VALUES ($1, $2, $3, $4) ON CONFLICT (path) DO UPDATE SET"
                         " size = excluded.size, modified = excluded.modified,"
                         " sha256 = excluded.sha256",
                         e);

    if (rc < 0)
        return rc;
    sql_bind_text(set, 1, path);
    sql_bind_int(set, 2, size);
    sql_bind_int(set, 3, modified);
    sql_bind_text(set, 4, sha256);
    rc = sql_run(set, e);
    sql_finalize(set);
    return rc;
}
