/* SPDX-License-Identifier: MIT */
#include "base/stamp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

enum { BLOCK = 4096, BLOCKS = 66 };

int stamp_state(struct stamp *s, const char *path, struct err *e)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return err_errno(e, "read", path);
    snprintf(s->state, sizeof(s->state), "%lld %lld.%09ld %lld.%09ld %llu %llu",
             (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
             (long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec, (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    return 0;
}

/* bytes [BLOCKS * BLOCK]; how many there were, or -1 and errno. Of a short file: all. */
static ssize_t read_blocks(int fd, char *bytes)
{
    struct stat st;
    int64_t n, last;
    size_t len = 0;

    if (fstat(fd, &st) != 0)
        return -1;
    n = (st.st_size + BLOCK - 1) / BLOCK;
    n = n < BLOCKS ? n : BLOCKS;
    last = st.st_size > BLOCK ? st.st_size - BLOCK : 0;
    for (int64_t i = 0; i < n; i++) {
        ssize_t got = pread(fd, bytes + len, BLOCK, n > 1 ? last * i / (n - 1) : 0);

        if (got < 0)
            return -1;
        len += (size_t)got;
    }
    return (ssize_t)len;
}

static int take_sample(struct stamp *s, const char *path, struct err *e)
{
    char *bytes = mem_new(BLOCKS, BLOCK, e);
    int fd;
    ssize_t len;

    if (!bytes)
        return ERR_NOMEM;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    len = fd >= 0 ? read_blocks(fd, bytes) : -1;
    if (len < 0)
        err_errno(e, "read", path);
    else
        sha256_hex(bytes, (size_t)len, s->sample);
    if (fd >= 0)
        close(fd);
    free(bytes);
    return len < 0 ? e->code : 0;
}

int stamp_take(struct stamp *s, const char *path, struct err *e)
{
    int rc = stamp_state(s, path, e);

    return rc < 0 ? rc : take_sample(s, path, e);
}
