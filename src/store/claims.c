/* SPDX-License-Identifier: MIT */
#include "store/claims.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/internal.h"
#include "store/missing.h"

enum { WORKER_MAX = 360, STAT_MAX = 4096, RENEWALS = 4, RENEWAL_WAITS_MS = 2000 };

/* ---- workers ---- */

/* "HOST NAMESPACE ": process ids mean something among those with the same beginning only. */
static void worker_place(char out[WORKER_MAX])
{
    char host[256] = "";
    struct stat namespace = { 0 };

    gethostname(host, sizeof(host) - 1);
    stat("/proc/self/ns/pid", &namespace);
    snprintf(out, WORKER_MAX, "%s %llu ", host, (unsigned long long)namespace.st_ino);
}

/* When a process began, in clock ticks since the boot, by which it differs from another that got
 * its number (proc_pid_stat(5), field 22). 0: it has ended, and nobody has waited for it; -1: that
 * cannot be seen. */
static long long process_began(long process)
{
    char path[64], *text, *end, state;
    struct err ignored;
    long long began;
    size_t len;

    snprintf(path, sizeof(path), "/proc/%ld/stat", process);
    if (file_read(path, STAT_MAX, &text, &len, &ignored) < 0)
        return -1;
    end = strrchr(text, ')'); /* its name may hold anything */
    if (!end || sscanf(end + 1,
                       " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
                       " %*s %lld",
                       &state, &began) != 2)
        began = -1;
    else if (state == 'Z' || state == 'X')
        began = 0;
    free(text);
    return began;
}

static void worker_name(char out[WORKER_MAX])
{
    long process = (long)getpid();
    size_t n;

    worker_place(out);
    n = strlen(out);
    snprintf(out + n, WORKER_MAX - n, "%ld %lld", process, process_began(process));
}

static bool is_gone(const char *worker)
{
    char place[WORKER_MAX];
    long long began = -1, now;
    long process;
    size_t n;

    worker_place(place);
    n = strlen(place);
    if (strncmp(worker, place, n) != 0 || sscanf(worker + n, "%ld %lld", &process, &began) < 1 ||
        process <= 0)
        return false;
    if (kill((pid_t)process, 0) < 0 && errno == ESRCH)
        return true;
    now = process_began(process);
    return now == 0 || (now > 0 && began > 0 && now != began);
}

/* ---- claims ---- */

static double unix_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Is somebody still at work, by a claim for so many seconds? */
static bool holds(const char *worker, double until, double seconds)
{
    double left = until - unix_now();

    return left >= 0 && left <= 2 * seconds && !is_gone(worker);
}

/* Is the image free for this worker? 1, or 0: another's. */
static int may_claim(struct store *s, int64_t annotator, int64_t image, const char *me,
                     double seconds, struct err *e)
{
    struct sql_rows *found;
    int rc = sql_query(s->db, &found,
                       "SELECT worker, until_unix FROM claim WHERE annotator = $1 AND image = $2",
                       BIND(INT(annotator), INT(image)), e);

    if (rc == 0)
        rc = sql_step(found, e);
    if (rc == 1) {
        const char *worker = sql_text(found, 0);

        rc = strcmp(worker, me) == 0 || !holds(worker, sql_real(found, 1), seconds);
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
    rc = a->take_over ? 1 : may_claim(s, a->annotator, image, me, seconds, e);
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

/* ---- who else is at work ---- */

int store_claimants(struct store *s, int64_t annotator, double seconds,
                    int (*each)(void *data, const struct store_claimant *c), void *data,
                    struct err *e)
{
    char me[WORKER_MAX], host[256];
    struct sql_rows *rows;
    int rc;

    worker_name(me);
    rc = sql_query(s->db, &rows,
                   "SELECT worker, count(*), max(until_unix) FROM claim"
                   " WHERE annotator = $1 AND worker <> $2 GROUP BY worker ORDER BY worker",
                   BIND(INT(annotator), TEXT(me)), e);
    while (rc == 0 && (rc = sql_step(rows, e)) == 1) {
        const char *worker = sql_text(rows, 0);
        double until = sql_real(rows, 2);
        long process = 0;

        rc = 0;
        if (!holds(worker, until, seconds) || sscanf(worker, "%255s %*s %ld", host, &process) < 1)
            continue;
        rc = each(data, &(struct store_claimant){ host, process, (uint64_t)sql_int(rows, 1),
                                                  until - unix_now() });
    }
    sql_done(rows);
    return rc;
}

/* ---- renewing ---- */

struct claim_keeper {
    struct sql *db; /* its own: a connection is one thread's */
    double seconds;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stop;
};

/* What cannot be renewed now will be the next time, and what ends meanwhile loses nothing. */
static void renew(struct claim_keeper *k)
{
    char me[WORKER_MAX];
    struct err ignored;

    worker_name(me);
    sql_run(k->db, "UPDATE claim SET until_unix = $1 WHERE worker = $2",
            BIND(REAL(unix_now() + k->seconds), TEXT(me)), &ignored);
}

/* Waits that long, by a clock that nobody sets; false: stop. */
static bool wait_to_renew(struct claim_keeper *k)
{
    double wait = k->seconds / RENEWALS;
    struct timespec until;
    int rc = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)wait;
    until.tv_nsec += (long)((wait - (double)(time_t)wait) * 1e9);
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&k->lock);
    while (!k->stop && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&k->changed, &k->lock, &until);
    pthread_mutex_unlock(&k->lock);
    return rc == ETIMEDOUT;
}

static void *keep(void *data)
{
    while (wait_to_renew(data))
        renew(data);
    return NULL;
}

static void free_keeper(struct claim_keeper *k)
{
    sql_close(k->db);
    pthread_cond_destroy(&k->changed);
    pthread_mutex_destroy(&k->lock);
    free(k);
}

int claim_keeper_start(struct claim_keeper **out, const struct store *s, double seconds,
                       struct err *e)
{
    struct claim_keeper *k = mem_new(1, sizeof(*k), e);
    pthread_condattr_t monotonic;
    int rc;

    *out = NULL;
    if (!k)
        return ERR_NOMEM;
    k->seconds = seconds;
    pthread_mutex_init(&k->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&k->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    rc = sql_open(&k->db, sql_path(s->db), SQL_WRITE, e);
    if (rc == 0) {
        sql_patience(k->db, RENEWAL_WAITS_MS);
        if (pthread_create(&k->thread, NULL, keep, k) != 0)
            rc = err_set(e, ERR_NOMEM, "no thread could be started");
    }
    if (rc < 0)
        free_keeper(k);
    else
        *out = k;
    return rc;
}

void claim_keeper_stop(struct claim_keeper *k)
{
    if (!k)
        return;
    pthread_mutex_lock(&k->lock);
    k->stop = true;
    pthread_cond_signal(&k->changed);
    pthread_mutex_unlock(&k->lock);
    pthread_join(k->thread, NULL);
    free_keeper(k);
}
