/* SPDX-License-Identifier: MIT */
#include "review/notice.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOTICE_FILE "assent.serving"

struct notice {
    char *path;
    int file;
};

/* fcntl's locks, not flock's: asking whether there is one takes none, so a reader is in nobody's
 * way. */
static struct flock whole_file(void)
{
    return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
}

static int write_notice(struct notice *n, const char *address, struct err *e)
{
    struct flock lock = whole_file();
    size_t len = strlen(address);

    n->file = open(n->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (n->file < 0)
        return err_errno(e, "open", n->path);
    /* a file system without locks: the notice will be taken for one left behind */
    if (fcntl(n->file, F_SETLK, &lock) < 0 && (errno == EACCES || errno == EAGAIN))
        return err_errno(e, "lock", n->path);
    if (ftruncate(n->file, 0) < 0 || write(n->file, address, len) != (ssize_t)len)
        return err_errno(e, "write", n->path);
    return 0;
}

int notice_put(struct notice **out, const char *dir, const char *address, struct err *e)
{
    struct notice *n = mem_new(1, sizeof(*n), e);
    int rc = n ? 0 : ERR_NOMEM;

    *out = NULL;
    if (!n)
        return rc;
    n->file = -1;
    n->path = file_join(dir, NOTICE_FILE, e);
    rc = n->path ? write_notice(n, address, e) : ERR_NOMEM;
    if (rc == 0) {
        *out = n;
        return 0;
    }
    if (n->file >= 0)
        close(n->file);
    free(n->path);
    free(n);
    return rc;
}

void notice_take_down(struct notice *n)
{
    if (!n)
        return;
    unlink(n->path); /* while it is locked: the next server's is another file */
    close(n->file);
    free(n->path);
    free(n);
}

/* The text of an open notice, if its writer still runs. */
static int read_locked(int file, const char *path, char address[NOTICE_ADDRESS_MAX], struct err *e)
{
    struct flock lock = whole_file();
    ssize_t len;

    if (fcntl(file, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
        return 0;
    len = read(file, address, NOTICE_ADDRESS_MAX - 1);
    if (len < 0)
        return err_errno(e, "read", path);
    address[len] = '\0';
    return len > 0 && text_is_printable(address); /* 0: it is being written */
}

int notice_read(const char *dir, char address[NOTICE_ADDRESS_MAX], struct err *e)
{
    char *path = file_join(dir, NOTICE_FILE, e);
    int file, rc = 0;

    if (!path)
        return ERR_NOMEM;
    file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file >= 0) {
        rc = read_locked(file, path, address, e);
        close(file);
    } else if (errno != ENOENT) {
        rc = err_errno(e, "open", path);
    }
    free(path);
    return rc;
}
