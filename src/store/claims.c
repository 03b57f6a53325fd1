/* SPDX-License-Identifier: MIT
 *
 * claims.c - several processes share one annotator's images: each takes an image before it answers
 * it. A claim ends with its time, or with its process where that can be seen from here.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/internal.h"

enum { WORKER_MAX = 320 };

/* "HOST NAMESPACE ": process ids mean something among those with the same beginning only. */
static void worker_place(char out[WORKER_MAX])
{
    char host[256] = "";
    struct stat namespace = { 0 };

    gethostname(host, sizeof(host) - 1);
    stat("/proc/self/ns/pid", &namespace);
    snprintf(out, WORKER_MAX, "%s %llu ", host, (unsigned long long)namespace.st_ino);
}

static void worker_name(char out[WORKER_MAX])
{
    size_t n;

    worker_place(out);
    n = strlen(out);
    snprintf(out + n, WORKER_MAX - n, "%ld", (long)getpid());
}

static bool is_gone(const char *worker)
{
    char place[WORKER_MAX];
    uint64_t process;
    size_t n;

    worker_place(place);
    n = strlen(place);
    return strncmp(worker, place, n) == 0 && text_u64(worker + n, INT32_MAX, &process) &&
           kill((pid_t)process, 0) < 0 && errno == ESRCH;
}

static double unix_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Is the image free for this worker? 1, or 0: another's. */
static int may_claim(struct store *s, int64_t annotator, int64_t image, const char *me,
                     struct err *e)
{
    struct sql_stmt *find;
    int rc =
        sql_prepare(s->db, &find,
                    "SELECT worker, until_unix FROM claim WHERE annotator = $1 AND image = $2", e);

    if (rc < 0)
        return rc;
    sql_bind_int(find, 1, annotator);
    sql_bind_int(find, 2, image);
    rc = sql_step(find, e);
    if (rc == 1) {
        const char *worker = sql_text(find, 0);

        rc = strcmp(worker, me) == 0 || sql_real(find, 1) < unix_now() || is_gone(worker);
    } else if (rc == 0) {
        rc = 1;
    }
    sql_finalize(find);
    return rc;
}

static int set_claim(struct store *s, int64_t annotator, int64_t image, const char *me,
                     double until, struct err *e)
{
    struct sql_stmt *set;
    int rc = sql_prepare(s->db, &set,
                         "INSERT INTO claim (annotator, image, worker, until_unix)"
                         " VALUES ($1, $2, $3, $4)"
                         " ON CONFLICT (annotator, image) DO UPDATE"
                         " SET worker = excluded.worker, until_unix = excluded.until_unix",
                         e);

    if (rc < 0)
        return rc;
    sql_bind_int(set, 1, annotator);
    sql_bind_int(set, 2, image);
    sql_bind_text(set, 3, me);
    sql_bind_real(set, 4, until);
    rc = sql_run(set, e);
    sql_finalize(set);
    return rc;
}

int store_claim(struct store *s, int64_t annotator, int64_t image, const struct task *t,
                bool retry_errors, double seconds, uint8_t *missing, struct err *e)
{
    char me[WORKER_MAX];
    int rc;

    worker_name(me);
    rc = may_claim(s, annotator, image, me, e);
    if (rc != 1)
        return rc < 0 ? rc : CLAIM_ELSEWHERE;
    rc = store_missing_image(s, annotator, image, t, retry_errors, missing, e);
    if (rc < 0)
        return rc;
    if (!memchr(missing, CELL_OPEN, t->n_columns)) { /* since this process looked */
        rc = store_unclaim(s, annotator, image, e);
        return rc < 0 ? rc : CLAIM_ANSWERED;
    }
    rc = set_claim(s, annotator, image, me, unix_now() + seconds, e);
    return rc < 0 ? rc : CLAIM_TAKEN;
}

int store_unclaim(struct store *s, int64_t annotator, int64_t image, struct err *e)
{
    struct sql_stmt *remove;
    int rc =
        sql_prepare(s->db, &remove, "DELETE FROM claim WHERE annotator = $1 AND image = $2", e);

    if (rc < 0)
        return rc;
    sql_bind_int(remove, 1, annotator);
    sql_bind_int(remove, 2, image);
    rc = sql_run(remove, e);
    sql_finalize(remove);
    return rc;
}
