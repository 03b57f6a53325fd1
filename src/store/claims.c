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
#include "store/missing.h"

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
    struct sql_rows *found;
    int rc = sql_query(s->db, &found,
                       "SELECT worker, until_unix FROM claim WHERE annotator = $1 AND image = $2",
                       BIND(INT(annotator), INT(image)), e);

    if (rc == 0)
        rc = sql_step(found, e);
    if (rc == 1) {
        const char *worker = sql_text(found, 0);

        rc = strcmp(worker, me) == 0 || sql_real(found, 1) < unix_now() || is_gone(worker);
    } else if (rc == 0) {
        rc = 1;
    }
    sql_done(found);
    return rc;
}

static int set_claim(struct store *s, int64_t annotator, int64_t image, const char *me,
                     double until, struct err *e)
{
    return sql_run(s->db,
                   "INSERT INTO claim (annotator, image, worker, until_unix)"
                   " VALUES ($1, $2, $3, $4)"
                   " ON CONFLICT (annotator, image) DO UPDATE"
                   " SET worker = excluded.worker, until_unix = excluded.until_unix",
                   BIND(INT(annotator), INT(image), TEXT(me), REAL(until)), e);
}

int store_claim(struct store *s, const struct store_asking *a, int64_t image, double seconds,
                uint8_t *missing, struct err *e)
{
    char me[WORKER_MAX];
    int rc;

    worker_name(me);
    rc = may_claim(s, a->annotator, image, me, e);
    if (rc != 1)
        return rc < 0 ? rc : CLAIM_ELSEWHERE;
    rc = store_missing_image(s, a, image, missing, e);
    if (rc < 0)
        return rc;
    if (!memchr(missing, CELL_OPEN, a->task->n_columns)) { /* since this process looked */
        rc = sql_run(s->db, "DELETE FROM claim WHERE annotator = $1 AND image = $2",
                     BIND(INT(a->annotator), INT(image)), e);
        return rc < 0 ? rc : CLAIM_ANSWERED;
    }
    rc = set_claim(s, a->annotator, image, me, unix_now() + seconds, e);
    return rc < 0 ? rc : CLAIM_TAKEN;
}

/* One that ended with its time may be another's by now. */
int store_unclaim(struct store *s, int64_t annotator, int64_t image, struct err *e)
{
    char me[WORKER_MAX];

    worker_name(me);
    return sql_run(s->db, "DELETE FROM claim WHERE annotator = $1 AND image = $2 AND worker = $3",
                   BIND(INT(annotator), INT(image), TEXT(me)), e);
}
