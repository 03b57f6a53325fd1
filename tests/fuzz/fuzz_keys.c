/* SPDX-License-Identifier: MIT
 *
 * Names of pictures: the first line is one that a file has, the others are images. What is found is
 * an image, whichever way; its own name finds it; and what a name is called is called so again.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "project/catalogue.h"
#include "project/keys.h"

enum { IMAGES_MOST = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_forms(const char *key)
{
    struct buf form = BUF_INIT(1 << 20), again = BUF_INIT(1 << 20);
    struct err e;

    for (enum key_form f = 0; f < KEY_FORMS; f++) {
        if (key_form(key, f, &form, &e) != 1)
            continue;
        assert(form.len > 0 && form.text[0] != '/' && form.text[form.len - 1] != '/');
        assert(key_form(form.text, KEY_PLAIN, &again, &e) == 1);
        assert(strcmp(form.text, again.text) == 0);
        assert(key_folded(form.text, &again, &e) == 0 && again.len <= form.len);
    }
    buf_release(&form);
    buf_release(&again);
}

static void check_images(struct matcher *m, const struct store_images *images, const char *key)
{
    enum match how;
    size_t image;
    struct err e;
    int rc = matcher_find(m, key, &image, &how, &e);

    assert(rc == 0 || (rc == ERR_FORMAT && e.what[0] != '\0'));
    assert(rc < 0 || how == MATCH_NONE || image < images->n);
    for (size_t i = 0; i < images->n; i++) {
        assert(matcher_find(m, images->keys[i], &image, &how, &e) == 0 && how == MATCH_EXACT);
        assert(strcmp(images->keys[image], images->keys[i]) == 0);
        rc = matcher_take(m, images->keys[i], &image, &how, &e);
        assert(rc == 0);
    }
    matcher_take(m, key, &image, &how, &e);
    assert(matcher_name(m, key, &key, &e) == 0 && key[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *keys[IMAGES_MOST];
    struct store_images images = { .keys = keys };
    struct matcher *m;
    struct err e;
    size_t bad;
    char *text, *rest, *key;

    if (size == 0 || memchr(data, '\0', size) || !text_utf8((const char *)data, size, &bad))
        return 0;
    text = rest = strndup((const char *)data, size);
    key = strsep(&rest, "\n");
    for (char *line; rest && images.n < IMAGES_MOST && (line = strsep(&rest, "\n"));)
        if (*line != '\0' && text_is_printable(line))
            keys[images.n++] = line;
    if (*key != '\0' && text_is_printable(key)) {
        check_forms(key);
        if (matcher_new(&m, &images, &e) < 0)
            abort();
        check_images(m, &images, key);
        matcher_free(m);
    }
    free(text);
    return 0;
}
