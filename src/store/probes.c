/* SPDX-License-Identifier: MIT */
#include "store/probes.h"

#include <math.h>

#include "store/internal.h"

int store_probe_keep(struct store *s, const char *identity, const struct store_probe *p,
                     struct err *e)
{
    char now[32];

    return sql_run(s->db,
                   "INSERT INTO probe (identity, what, at, images, answers, changed, mean, most)"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
                   " ON CONFLICT (identity, what) DO UPDATE SET at = excluded.at,"
                   " images = excluded.images, answers = excluded.answers,"
                   " changed = excluded.changed, mean = excluded.mean, most = excluded.most",
                   BIND(TEXT(identity), TEXT(p->what), TEXT(store_now(now)), INT(p->images),
                        INT(p->answers), INT(p->changed), REAL(p->mean), REAL(p->most)),
                   e);
}

int store_probes(struct store *s, const char *identity,
                 int (*each)(void *data, const struct store_probe *p), void *data, struct err *e)
{
    struct sql_rows *list;
    int rc = sql_query(s->db, &list,
                       "SELECT what, at, images, answers, changed, mean, most FROM probe"
                       " WHERE identity = $1 ORDER BY what",
                       BIND(TEXT(identity)), e);

    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        const struct store_probe p = {
            .what = sql_text(list, 0),
            .at = sql_text(list, 1),
            .images = (uint64_t)sql_int(list, 2),
            .answers = (uint64_t)sql_int(list, 3),
            .changed = (uint64_t)sql_int(list, 4),
            .mean = sql_text(list, 5) ? sql_real(list, 5) : (double)NAN,
            .most = sql_text(list, 6) ? sql_real(list, 6) : (double)NAN,
        };

        rc = each(data, &p);
    }
    sql_done(list);
    return rc;
}
