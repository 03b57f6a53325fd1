/* SPDX-License-Identifier: MIT
 *
 * Two images with the same bytes are one picture to a person: what is asked of both is asked once,
 * and the answer is kept for each, so that samples stay what was drawn.
 */
#include <stdlib.h>
#include <string.h>

#include "review/state.h"
#include "store/images.h"

struct linking {
    struct state *state;
    struct map *pictures; /* SHA-256 -> its number */
    size_t *picture_of;   /* [images] SIZE_MAX: its bytes were not seen */
    struct err *e;
};

static int note_image(void *data, int64_t id, const char *sha256)
{
    struct linking *l = data;
    size_t image = store_images_index(l->state->images, id);
    int rc;

    if (image == SIZE_MAX)
        return 0;
    rc = map_add(l->pictures, sha256, strlen(sha256), map_count(l->pictures), &l->picture_of[image],
                 l->e);
    return rc < 0 ? rc : 0;
}

static void insert(struct state *s, size_t item, size_t after)
{
    uint32_t *next = &s->states[after].equal;

    s->states[item].equal = *next != 0 ? *next : (uint32_t)after + 1;
    *next = (uint32_t)item + 1;
    s->n_equal++;
}

static int link_items(struct linking *l)
{
    struct state *s = l->state;
    struct map *first = NULL;
    int rc = map_new(&first, l->e);

    for (size_t i = 0; rc >= 0 && i < s->items.n; i++) {
        const struct store_item *item = &s->items.items[i];
        size_t key[2] = { l->picture_of[item->image], item->column }, found;

        if (key[0] == SIZE_MAX || item->kind == REVIEW_REPEAT)
            continue;
        rc = map_add(first, (const char *)key, sizeof(key), i, &found, l->e);
        if (rc == 0)
            insert(s, i, found);
    }
    map_free(first);
    return rc < 0 ? rc : 0;
}

int state_link_equal(struct state *s, struct err *e)
{
    struct linking l = { .state = s, .e = e };
    int rc = map_new(&l.pictures, e);

    l.picture_of = mem_new(s->images->n, sizeof(*l.picture_of), e);
    if (rc == 0 && !l.picture_of)
        rc = ERR_NOMEM;
    if (rc == 0) {
        memset(l.picture_of, 0xff, s->images->n * sizeof(*l.picture_of)); /* SIZE_MAX */
        rc = store_images_hashes(s->store, false, note_image, &l, e);
    }
    if (rc == 0)
        rc = link_items(&l);
    map_free(l.pictures);
    free(l.picture_of);
    return rc;
}

size_t state_next_equal(const struct state *s, size_t item)
{
    return s->states[item].equal != 0 ? s->states[item].equal - 1 : item;
}
