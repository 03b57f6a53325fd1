/* SPDX-License-Identifier: MIT
 *
 * An archive of pictures: any bytes give an error with the archive's path, or sorted keys whose
 * pictures read the same in both directions.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/image.h"

enum { READ_MOST = 8 }; /* of a compressed archive each step back begins again */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct picture {
    void *data;
    size_t len;
    int rc;
};

static struct picture picture_read(struct image_source *s, size_t i)
{
    struct picture p = { 0 };
    struct err e;

    p.rc = image_source_read(s, i, &p.data, &p.len, &e);
    assert(p.rc == 0 || (e.what[0] != '\0' && !p.data));
    assert(p.rc < 0 || p.len <= IMAGE_BYTES_MAX);
    return p;
}

static void check(struct image_source *s)
{
    size_t count = image_source_count(s), n = count < READ_MOST ? count : READ_MOST;
    struct picture forward[READ_MOST];

    assert(count > 0);
    for (size_t i = 1; i < count; i++)
        assert(strcmp(image_source_key(s, i - 1), image_source_key(s, i)) < 0);
    for (size_t i = 0; i < n; i++)
        forward[i] = picture_read(s, i);
    for (size_t i = n; i-- > 0;) {
        struct picture p = picture_read(s, i);

        assert(p.rc == forward[i].rc);
        assert(p.rc < 0 ||
               (p.len == forward[i].len && memcmp(p.data, forward[i].data, p.len) == 0));
        free(p.data);
        free(forward[i].data);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("fuzz", 0), rc;
    struct image_source *s = NULL;
    char path[64];
    struct err e;

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    rc = image_source_open(&s, path, NULL, &e);
    assert(rc == 0 || (e.what[0] != '\0' && e.where[0] != '\0'));
    if (rc == 0)
        check(s);
    image_source_close(s);
    close(fd);
    return 0;
}
