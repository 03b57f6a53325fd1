/* SPDX-License-Identifier: MIT */
#include "app/ahead.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    DECODED_MAX = 4,           /* images that wait to be taken */
    DECODED_BYTES = 256 << 20, /* and their pixels; one image may be larger alone */
};

struct wanted {
    size_t picture, tag;
};

struct ahead {
    struct image_source *source;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct wanted *wanted; /* those from `begun` on are not begun yet */
    size_t n_wanted, begun, cap;
    struct loaded ready[DECODED_MAX]; /* a ring: n_ready of them from `first` on */
    size_t first, n_ready, bytes;
    bool stop;
};

static size_t pixels_of(const struct loaded *l)
{
    return l->error.code == 0 ? (size_t)l->image.width * l->image.height * 3 : 0;
}

static void load(struct ahead *a, struct wanted w, struct loaded *out)
{
    void *data;
    size_t len;

    *out = (struct loaded){ .tag = w.tag };
    if (image_source_read(a->source, w.picture, &data, &len, &out->error) < 0)
        return;
    sha256_hex(data, len, out->sha256);
    image_decode(&out->image, data, len, &out->error);
    free(data);
}

/* Waits until there is something to do and room for it; false: stop. */
static bool wait_for_work(struct ahead *a)
{
    while (!a->stop &&
           (a->begun == a->n_wanted || a->n_ready == DECODED_MAX || a->bytes >= DECODED_BYTES))
        pthread_cond_wait(&a->changed, &a->lock);
    return !a->stop;
}

static void *work(void *data)
{
    struct ahead *a = data;

    pthread_mutex_lock(&a->lock);
    while (wait_for_work(a)) {
        struct wanted w = a->wanted[a->begun++];
        struct loaded loaded;

        pthread_mutex_unlock(&a->lock);
        load(a, w, &loaded);
        pthread_mutex_lock(&a->lock);
        a->ready[(a->first + a->n_ready++) % DECODED_MAX] = loaded;
        a->bytes += pixels_of(&loaded);
        pthread_cond_broadcast(&a->changed);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

int ahead_open(struct ahead **out, struct image_source *source, struct err *e)
{
    struct ahead *a = mem_new(1, sizeof(*a), e);

    *out = NULL;
    if (!a)
        return ERR_NOMEM;
    a->source = source;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->changed, NULL);
    if (pthread_create(&a->thread, NULL, work, a) != 0) {
        pthread_cond_destroy(&a->changed);
        pthread_mutex_destroy(&a->lock);
        free(a);
        return err_set(e, ERR_NOMEM, "no thread could be started");
    }
    *out = a;
    return 0;
}

void ahead_close(struct ahead *a)
{
    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    a->stop = true;
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);
    pthread_join(a->thread, NULL);
    for (; a->n_ready > 0; a->n_ready--)
        image_release(&a->ready[a->first++ % DECODED_MAX].image);
    pthread_cond_destroy(&a->changed);
    pthread_mutex_destroy(&a->lock);
    free(a->wanted);
    free(a);
}

int ahead_push(struct ahead *a, size_t picture, size_t tag, struct err *e)
{
    int rc;

    pthread_mutex_lock(&a->lock);
    if (a->begun > 0 && a->begun == a->n_wanted)
        a->begun = a->n_wanted = 0;
    rc = mem_grow(&a->wanted, &a->cap, a->n_wanted + 1, sizeof(*a->wanted), UINT32_MAX, e);
    if (rc == 0)
        a->wanted[a->n_wanted++] = (struct wanted){ picture, tag };
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);
    return rc;
}

void ahead_pop(struct ahead *a, struct loaded *out)
{
    pthread_mutex_lock(&a->lock);
    while (a->n_ready == 0)
        pthread_cond_wait(&a->changed, &a->lock);
    *out = a->ready[a->first];
    a->first = (a->first + 1) % DECODED_MAX;
    a->n_ready--;
    a->bytes -= pixels_of(out);
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);
}
