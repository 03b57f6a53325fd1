/* SPDX-License-Identifier: MIT
 *
 * 9189, 009189 and 009189.jpg may be one image. Keys are folded only when one is not found as it
 * stands, and a folded key that two images share finds neither.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "project/catalogue.h"

enum { AMBIGUOUS = SIZE_MAX };

struct matcher {
    const struct store_images *images;
    struct map *exact, *folded; /* folded: made at the first key that is not found exactly */
    struct buf scratch;
};

int matcher_new(struct matcher **out, const struct store_images *images, struct err *e)
{
    struct matcher *m = mem_new(1, sizeof(*m), e);
    size_t found;
    int rc = m ? map_new(&m->exact, e) : ERR_NOMEM;

    *out = NULL;
    if (m)
        m->scratch = BUF_INIT(1 << 20);
    for (size_t i = 0; rc == 0 && i < images->n; i++) {
        rc = map_add(m->exact, images->keys[i], strlen(images->keys[i]), i, &found, e);
        rc = rc < 0 ? rc : 0;
    }
    if (rc < 0) {
        matcher_free(m);
        return rc;
    }
    m->images = images;
    *out = m;
    return 0;
}

void matcher_free(struct matcher *m)
{
    if (!m)
        return;
    map_free(m->exact);
    map_free(m->folded);
    buf_release(&m->scratch);
    free(m);
}

/* "img/000123.JPG" -> "123": no folder, no image extension, and no leading zeros of a number. */
static int fold_key(struct matcher *m, const char *key, struct err *e)
{
    static const char *const extensions[] = { ".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif" };
    const char *slash = strrchr(key, '/'), *name = slash ? slash + 1 : key;
    size_t len = strlen(name);

    for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
        size_t n = strlen(extensions[i]);

        if (len > n && strcasecmp(name + len - n, extensions[i]) == 0) {
            len -= n;
            break;
        }
    }
    if (strspn(name, "0123456789") >= len)
        for (; len > 1 && *name == '0'; len--)
            name++;
    buf_clear(&m->scratch);
    buf_add(&m->scratch, name, len);
    return buf_end(&m->scratch, "an image's name", e);
}

static int add_folded(struct matcher *m, const char *key, size_t image, struct err *e)
{
    size_t found;
    int rc = fold_key(m, key, e);

    if (rc == 0)
        rc = map_add(m->folded, m->scratch.text, m->scratch.len, image, &found, e);
    if (rc == 0)
        rc = map_set(m->folded, m->scratch.text, m->scratch.len, AMBIGUOUS, e);
    return rc < 0 ? rc : 0;
}

static int fold_all(struct matcher *m, struct err *e)
{
    int rc = map_new(&m->folded, e);

    for (size_t i = 0; rc == 0 && i < m->images->n; i++)
        rc = add_folded(m, m->images->keys[i], i, e);
    return rc;
}

int matcher_find(struct matcher *m, const char *key, size_t *image, enum match *how, struct err *e)
{
    int rc = 0;

    *how = MATCH_EXACT;
    if (map_get(m->exact, key, strlen(key), image))
        return 0;
    *how = MATCH_NONE;
    if (m->images->n == 0)
        return 0;
    if (!m->folded)
        rc = fold_all(m, e);
    if (rc == 0)
        rc = fold_key(m, key, e);
    if (rc == 0 && map_get(m->folded, m->scratch.text, m->scratch.len, image) &&
        *image != AMBIGUOUS)
        *how = MATCH_FOLDED;
    return rc;
}

int matcher_add(struct matcher *m, const char *key, size_t image, struct err *e)
{
    size_t found;
    int rc = map_add(m->exact, key, strlen(key), image, &found, e);

    return rc < 0 ? rc : 0;
}
