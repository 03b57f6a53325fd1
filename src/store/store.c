/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/internal.h"

const char *store_library(void)
{
    return sql_library();
}

const char *store_now(char *out)
{
    time_t now = time(NULL);
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return out;
}

int store_open(struct store **out, const char *path, enum store_mode mode, struct err *e)
{
    static const enum sql_mode modes[] = { SQL_READ, SQL_TRIAL, SQL_WRITE };
    struct store *s = mem_new(1, sizeof(*s), e);
    int rc;

    *out = NULL;
    if (!s)
        return ERR_NOMEM;
    s->reads = mode == STORE_READ;
    rc = sql_open(&s->db, path, modes[mode], e);
    if (rc < 0)
        store_close(s);
    else
        *out = s;
    return rc;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    sql_close(s->db);
    free(s->renames);
    free(s);
}

int store_begin(struct store *s, struct err *e)
{
    return sql_begin(s->db, e);
}

int store_end(struct store *s, int rc, struct err *e)
{
    if (rc == 0)
        rc = sql_commit(s->db, e);
    if (rc != 0)
        sql_rollback(s->db);
    return rc;
}

int store_check_file(struct store *s, struct err *e)
{
    return sql_check_file(s->db, e);
}

void store_rollback(struct store *s)
{
    sql_rollback(s->db);
}

void store_patience(struct store *s, int milliseconds)
{
    sql_patience(s->db, milliseconds);
}

int store_reserve(struct store *s, const char *hint, struct err *e)
{
    int rc = sql_reserve(s->db, e);

    if (rc != 0)
        return rc < 0 ? rc : 0;
    err_set(e, ERR_IO, "another review of this project is running");
    return err_hint(e, "%s", hint);
}

int store_event(struct store *s, const char *what, struct err *e)
{
    char now[32];

    return sql_run(s->db, "INSERT INTO event (at, who, what) VALUES ($1, $2, $3)",
                   BIND(TEXT(store_now(now)), TEXT(file_user()), TEXT(what)), e);
}
