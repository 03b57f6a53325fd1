/* SPDX-License-Identifier: MIT */
#include "image/prefetch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    DECODED_MAX = 4,           /* images that wait to be taken */
    DECODED_BYTES = 256 << 20, /* and their pixels; one image may be larger alone */
};

struct asked {
    size_t picture, tag;
};

struct prefetch {
    struct image_source *source;
    bool keep_bytes;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct asked *asked; /* those from `begun` on are not begun yet */
    size_t n_asked, begun, cap;
    struct prefetched ready[DECODED_MAX]; /* a ring: n_ready of them from `first` on */
    size_t first, n_ready, bytes;
    bool stop;
};

static size_t bytes_of(const struct prefetched *l)
{
    return l->len + (l->error.code == 0 ? (size_t)l->image.width * l->image.height * 3 : 0);
}

static void load(struct prefetch *p, struct asked w, struct prefetched *out)
{
    void *data;
    size_t len;

    *out = (struct prefetched){ .tag = w.tag };
    if (image_source_read(p->source, w.picture, &data, &len, &out->error) < 0)
        return;
    sha256_hex(data, len, out->sha256);
    image_decode(&out->image, data, len, &out->error);
    if (p->keep_bytes && out->error.code == 0) {
        out->bytes = data;
        out->len = len;
        return;
    }
    free(data);
}

/* Waits until there is something to do and room for it; false: stop. */
static bool wait_for_work(struct prefetch *p)
{
    while (!p->stop &&
           (p->begun == p->n_asked || p->n_ready == DECODED_MAX || p->bytes >= DECODED_BYTES))
        pthread_cond_wait(&p->changed, &p->lock);
    return !p->stop;
}

static void *work(void *data)
{
    struct prefetch *p = data;

    pthread_mutex_lock(&p->lock);
    while (wait_for_work(p)) {
        struct asked w = p->asked[p->begun++];
        struct prefetched loaded;

        pthread_mutex_unlock(&p->lock);
        load(p, w, &loaded);
        pthread_mutex_lock(&p->lock);
        p->ready[(p->first + p->n_ready++) % DECODED_MAX] = loaded;
        p->bytes += bytes_of(&loaded);
        pthread_cond_broadcast(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

int prefetch_open(struct prefetch **out, struct image_source *source, bool keep_bytes,
                  struct err *e)
{
    struct prefetch *p = mem_new(1, sizeof(*p), e);

    *out = NULL;
    if (!p)
        return ERR_NOMEM;
    p->source = source;
    p->keep_bytes = keep_bytes;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    if (pthread_create(&p->thread, NULL, work, p) != 0) {
        pthread_cond_destroy(&p->changed);
        pthread_mutex_destroy(&p->lock);
        free(p);
        return err_set(e, ERR_NOMEM, "no thread could be started");
    }
    *out = p;
    return 0;
}

void prefetch_close(struct prefetch *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    for (; p->n_ready > 0; p->n_ready--)
        prefetched_release(&p->ready[p->first++ % DECODED_MAX]);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p->asked);
    free(p);
}

int prefetch_push(struct prefetch *p, size_t picture, size_t tag, struct err *e)
{
    int rc;

    pthread_mutex_lock(&p->lock);
    if (p->begun > 0 && p->begun == p->n_asked)
        p->begun = p->n_asked = 0;
    rc = mem_grow(&p->asked, &p->cap, p->n_asked + 1, sizeof(*p->asked), UINT32_MAX, e);
    if (rc == 0)
        p->asked[p->n_asked++] = (struct asked){ picture, tag };
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    return rc;
}

void prefetch_pop(struct prefetch *p, struct prefetched *out)
{
    pthread_mutex_lock(&p->lock);
    while (p->n_ready == 0)
        pthread_cond_wait(&p->changed, &p->lock);
    *out = p->ready[p->first];
    p->first = (p->first + 1) % DECODED_MAX;
    p->n_ready--;
    p->bytes -= bytes_of(out);
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

void prefetched_release(struct prefetched *l)
{
    image_release(&l->image);
    free(l->bytes);
    l->bytes = NULL;
}
