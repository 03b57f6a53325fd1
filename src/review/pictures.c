/* SPDX-License-Identifier: MIT
 *
 * What the page sees of an image is made anew of its pixels: nothing of the file is left, neither
 * its name nor what a camera wrote into it. Two threads make them, so that a large picture does not
 * keep other requests waiting; the latest are kept.
 */
#include "review/pictures.h"

#include <stdlib.h>
#include <string.h>

enum {
    THREADS = 2,
    SIDE_MAX = 2048, /* pixels: more than a screen shows */
    QUALITY = 90,
    KEPT_BYTES = 64 << 20,
    KEPT_MAX = 4096,    /* pictures */
    WAITING_MAX = 4096, /* requests */
};

struct kept_picture {
    size_t image; /* SIZE_MAX: none */
    void *jpeg;
    size_t len;
    uint64_t used; /* the later, the higher */
};

struct picture_job {
    struct request *request;
    size_t image;
};

struct pictures {
    const struct catalogue *catalogue;
    pictures_broken *broken;
    void *data;
    pthread_mutex_t reading; /* the source: one at a time */
    pthread_mutex_t lock;    /* of all below */
    pthread_cond_t more;
    pthread_t threads[THREADS];
    size_t n_threads;
    struct picture_job *jobs; /* a ring */
    size_t first, n_jobs;
    struct kept_picture *kept; /* [KEPT_MAX] */
    size_t bytes;
    uint64_t clock;
    bool stopping;
};

/* ---- making one ---- */

int picture_make(const struct catalogue *c, size_t picture, pthread_mutex_t *reading, void **jpeg,
                 size_t *len, struct err *e)
{
    struct image image = { 0 };
    void *data = NULL;
    size_t n;
    int rc;

    *jpeg = NULL;
    if (reading)
        pthread_mutex_lock(reading);
    rc = image_source_read(c->source, picture, &data, &n, e);
    if (reading)
        pthread_mutex_unlock(reading);
    if (rc == 0)
        rc = image_decode(&image, data, n, e);
    free(data);
    if (rc == 0)
        rc = image_shrink(&image, SIDE_MAX, e);
    if (rc == 0)
        rc = image_encode_jpeg(&image, QUALITY, jpeg, len, e);
    image_release(&image);
    return rc;
}

/* ---- the latest ---- */

/* A copy of a kept picture's bytes; false where there is none. With the lock. */
static bool find_kept(struct pictures *p, size_t image, void **jpeg, size_t *len)
{
    for (size_t i = 0; i < KEPT_MAX; i++) {
        struct kept_picture *k = &p->kept[i];

        if (k->image != image)
            continue;
        *jpeg = malloc(k->len);
        *len = k->len;
        k->used = ++p->clock;
        if (*jpeg)
            memcpy(*jpeg, k->jpeg, k->len);
        return *jpeg != NULL;
    }
    return false;
}

static struct kept_picture *oldest(struct pictures *p)
{
    struct kept_picture *found = &p->kept[0];

    for (size_t i = 1; i < KEPT_MAX; i++)
        if (p->kept[i].used < found->used)
            found = &p->kept[i];
    return found;
}

static void forget(struct pictures *p, struct kept_picture *k)
{
    p->bytes -= k->len;
    free(k->jpeg);
    *k = (struct kept_picture){ .image = SIZE_MAX };
}

static void keep(struct pictures *p, size_t image, const void *jpeg, size_t len)
{
    void *copy = len <= KEPT_BYTES / 4 ? malloc(len) : NULL;
    struct kept_picture *slot;

    if (!copy)
        return;
    memcpy(copy, jpeg, len);
    pthread_mutex_lock(&p->lock);
    slot = oldest(p);
    forget(p, slot);
    *slot = (struct kept_picture){ image, copy, len, ++p->clock };
    p->bytes += len;
    while (p->bytes > KEPT_BYTES) {
        struct kept_picture *old = NULL;

        for (size_t i = 0; i < KEPT_MAX; i++)
            if (p->kept[i].jpeg && (!old || p->kept[i].used < old->used))
                old = &p->kept[i];
        forget(p, old);
    }
    pthread_mutex_unlock(&p->lock);
}

/* ---- threads ---- */

static void send(struct request *r, void *jpeg, size_t len)
{
    request_reply(
        r, &(struct reply){
               .status = 200, .type = "image/jpeg", .bytes = jpeg, .taken = true, .len = len });
}

static void serve_job(struct pictures *p, const struct picture_job *job)
{
    void *jpeg;
    size_t len;
    struct err e;
    int rc = picture_make(p->catalogue, p->catalogue->picture_of[job->image], &p->reading, &jpeg,
                          &len, &e);

    if (rc == 0) {
        keep(p, job->image, jpeg, len);
        send(job->request, jpeg, len);
        return;
    }
    if (rc != ERR_NOMEM)
        p->broken(p->data, job->image, &e);
    request_refuse(job->request, 404, "not_found", "the image could not be read");
}

static void *work(void *data)
{
    struct pictures *p = data;

    pthread_mutex_lock(&p->lock);
    while (!p->stopping) {
        struct picture_job job;

        if (p->n_jobs == 0) {
            pthread_cond_wait(&p->more, &p->lock);
            continue;
        }
        job = p->jobs[p->first];
        p->first = (p->first + 1) % WAITING_MAX;
        p->n_jobs--;
        pthread_mutex_unlock(&p->lock);
        serve_job(p, &job);
        pthread_mutex_lock(&p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

void pictures_send(struct pictures *p, struct request *r, size_t image)
{
    void *jpeg = NULL;
    size_t len;
    bool full;

    pthread_mutex_lock(&p->lock);
    if (find_kept(p, image, &jpeg, &len)) {
        pthread_mutex_unlock(&p->lock);
        send(r, jpeg, len);
        return;
    }
    full = p->n_jobs == WAITING_MAX || p->stopping;
    if (!full)
        p->jobs[(p->first + p->n_jobs++) % WAITING_MAX] = (struct picture_job){ r, image };
    pthread_cond_signal(&p->more);
    pthread_mutex_unlock(&p->lock);
    if (full)
        request_refuse(r, 503, "stopping", "too many images are waited for: try again");
}

int pictures_new(struct pictures **out, const struct catalogue *catalogue, pictures_broken *broken,
                 void *data, struct err *e)
{
    struct pictures *p = mem_new(1, sizeof(*p), e);

    *out = NULL;
    if (!p)
        return ERR_NOMEM;
    p->catalogue = catalogue;
    p->broken = broken;
    p->data = data;
    pthread_mutex_init(&p->reading, NULL);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->more, NULL);
    p->jobs = mem_new(WAITING_MAX, sizeof(*p->jobs), e);
    p->kept = mem_new(KEPT_MAX, sizeof(*p->kept), e);
    for (size_t i = 0; p->kept && i < KEPT_MAX; i++)
        p->kept[i].image = SIZE_MAX;
    while (p->jobs && p->kept && p->n_threads < THREADS &&
           pthread_create(&p->threads[p->n_threads], NULL, work, p) == 0)
        p->n_threads++;
    if (p->n_threads == 0) {
        pictures_free(p);
        return err_set(e, ERR_NOMEM, "out of memory: threads for images");
    }
    *out = p;
    return 0;
}

void pictures_stop(struct pictures *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->more);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < p->n_threads; i++)
        pthread_join(p->threads[i], NULL);
    p->n_threads = 0;
    for (; p->n_jobs > 0; p->n_jobs--, p->first = (p->first + 1) % WAITING_MAX)
        request_refuse(p->jobs[p->first].request, 503, "stopping", "the server is being stopped");
}

void pictures_free(struct pictures *p)
{
    if (!p)
        return;
    pictures_stop(p);
    for (size_t i = 0; p->kept && i < KEPT_MAX; i++)
        free(p->kept[i].jpeg);
    pthread_mutex_destroy(&p->reading);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->more);
    free(p->jobs);
    free(p->kept);
    free(p);
}
