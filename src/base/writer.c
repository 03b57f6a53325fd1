/* SPDX-License-Identifier: MIT */
#include "base/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/memory.h"

enum { WRITE_BUFFER = 1 << 20, PATH_BYTES_MAX = 64 * 1024, TRIES_MAX = 100 };

struct writer {
    FILE *file;
    char *path;      /* NULL: standard output */
    char *temporary; /* beside it; NULL: path is written to as it is */
};

static void free_writer(struct writer *w)
{
    free(w->path);
    free(w->temporary);
    free(w);
}

/* Is the locked file still the one with this name? Whoever had the lock before may have renamed or
 * removed it. */
static bool has_name(int fd, const char *path)
{
    struct stat own, named;

    return fstat(fd, &own) == 0 && lstat(path, &named) == 0 && own.st_dev == named.st_dev &&
           own.st_ino == named.st_ino;
}

/* Removes what a program that was killed has left: it is locked as long as somebody writes it. */
static int remove_left(const struct writer *w, struct err *e)
{
    int fd = open(w->temporary, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), rc = 0;

    if (fd < 0)
        return errno == ENOENT ? 0 : err_errno(e, "replace", w->temporary);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        err_set(e, ERR_IO, "another process is writing this file");
        err_hint(e, "its text is in %s until it is whole", w->temporary);
        rc = err_at(e, "%s", w->path);
    } else if (has_name(fd, w->temporary) && unlink(w->temporary) != 0) {
        rc = err_errno(e, "replace", w->temporary);
    }
    close(fd);
    return rc;
}

/* A new file of that name, locked; -1 and code 0 in e: not this time. A file system without locks
 * keeps nobody out. */
static int create_temporary(const struct writer *w, struct err *e)
{
    int fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

    *e = (struct err){ 0 };
    if (fd < 0) {
        if (errno == EEXIST)
            remove_left(w, e);
        else
            err_errno(e, "write", w->path);
        return -1;
    }
    if ((flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) && has_name(fd, w->temporary))
        return fd;
    close(fd); /* it was taken for one that was left */
    return -1;
}

static FILE *open_temporary(const struct writer *w, struct err *e)
{
    int fd = -1;
    FILE *f;

    *e = (struct err){ 0 };
    for (int tries = 0; fd < 0 && e->code == 0 && tries < TRIES_MAX; tries++)
        fd = create_temporary(w, e);
    if (fd < 0) {
        if (e->code == 0) {
            err_set(e, ERR_IO, "several processes are writing this file");
            err_at(e, "%s", w->path);
        }
        return NULL;
    }
    f = fdopen(fd, "wb");
    if (!f) {
        err_errno(e, "write", w->path);
        unlink(w->temporary);
        close(fd);
    }
    return f;
}

/* Where the text goes in the end: links followed, if there is anything there. */
static char *target_of(const char *path)
{
    char *resolved = realpath(path, NULL);

    return resolved ? resolved : strdup(path);
}

/* Devices and pipes have no name to take over. */
static bool is_stream(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static FILE *open_stream(const struct writer *w, struct err *e)
{
    FILE *f = fopen(w->path, "wbe");

    if (!f)
        err_errno(e, "write", w->path);
    return f;
}

static int open_file(struct writer *w, const char *path, struct err *e)
{
    struct buf name = BUF_INIT(PATH_BYTES_MAX);

    w->path = target_of(path);
    if (!w->path)
        return err_set(e, ERR_NOMEM, "out of memory: a path");
    if (file_is_folder(w->path))
        return err_set(e, ERR_IO, "cannot write %s: it is a folder", path);
    if (is_stream(w->path)) {
        w->file = open_stream(w, e);
        return w->file ? 0 : e->code;
    }
    buf_puts(&name, w->path);
    buf_puts(&name, ".assent-part");
    w->temporary = buf_take(&name);
    if (!w->temporary)
        return err_set(e, ERR_NOMEM, "out of memory: a path");
    w->file = open_temporary(w, e);
    return w->file ? 0 : e->code;
}

/* Nobody means to write labels or a page over a database, a project's say. */
static int check_target(const char *path, struct err *e)
{
    static const char magic[] =
        "SQLite format 3"; /* with its zero: sqlite.org/fileformat.html, 1.3 */
    char head[sizeof(magic)] = "";
    FILE *f = file_is_regular(path) ? fopen(path, "rbe") : NULL;

    if (!f)
        return 0;
    if (fread(head, 1, sizeof(head), f) != sizeof(head))
        head[0] = '\0';
    fclose(f);
    if (memcmp(head, magic, sizeof(magic)) != 0)
        return 0;
    err_set(e, ERR_IO, "this file is a database, and would be lost");
    err_hint(e, "name another file to write");
    return err_at(e, "%s", path);
}

int writer_open(struct writer **out, const char *path, struct err *e)
{
    struct writer *w = mem_new(1, sizeof(*w), e);
    int rc = 0;

    *out = NULL;
    if (!w)
        return ERR_NOMEM;
    if (strcmp(path, "-") == 0)
        w->file = stdout;
    else
        rc = check_target(path, e);
    if (rc == 0 && !w->file)
        rc = open_file(w, path, e);
    if (rc < 0) {
        free_writer(w);
        return rc;
    }
    if (w->path) {
        setvbuf(w->file, NULL, _IOFBF, WRITE_BUFFER);
        __fsetlocking(w->file, FSETLOCKING_BYCALLER); /* one thread writes: no lock a character */
    }
    *out = w;
    return 0;
}

FILE *writer_file(struct writer *w)
{
    return w->file;
}

/* Makes the new name last: without this a crash may bring the old folder entry back. */
static int sync_folder(const char *path)
{
    char *copy = strdup(path);
    int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int rc = fd >= 0 ? fsync(fd) : -1;

    if (fd >= 0)
        close(fd);
    free(copy);
    return rc == 0 || errno == EINVAL ? 0 : -1; /* some file systems have no folders to sync */
}

/* Puts the temporary file in the target's place. */
static int take_name(const struct writer *w, struct err *e)
{
    if (rename(w->temporary, w->path) != 0 || sync_folder(w->path) != 0)
        return err_errno(e, "write", w->path);
    return 0;
}

/* A pipe without a reader says so itself: errno of the write that met it may be lost by now. */
static bool reader_has_gone(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLOUT };

    return poll(&p, 1, 0) == 1 && (p.revents & POLLERR);
}

int writer_flush(FILE *file, const char *name, struct err *e)
{
    if (fflush(file) == 0 && !ferror(file))
        return 0;
    if (reader_has_gone(fileno(file)))
        errno = EPIPE;
    return err_errno(e, "write", name);
}

int writer_commit(struct writer *w, struct err *e)
{
    const char *name = w->path ? w->path : "standard output";
    int rc = writer_flush(w->file, name, e);

    if (rc == 0 && w->temporary && fsync(fileno(w->file)) != 0)
        rc = err_errno(e, "write", name);
    if (rc == 0 && w->temporary)
        rc = take_name(w, e);
    if (rc < 0 && w->temporary)
        unlink(w->temporary);
    if (w->path && fclose(w->file) != 0 && rc == 0) /* the lock goes with it */
        rc = err_errno(e, "write", name);
    free_writer(w);
    return rc;
}

void writer_abort(struct writer *w)
{
    if (!w)
        return;
    if (w->temporary)
        unlink(w->temporary);
    if (w->path)
        fclose(w->file);
    free_writer(w);
}

int writer_end(struct writer *w, int rc, struct err *e)
{
    if (rc == 0)
        return writer_commit(w, e);
    writer_abort(w);
    return rc;
}
