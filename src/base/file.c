/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/memory.h"

enum { WRITE_BUFFER = 1 << 20, PATH_BYTES_MAX = 64 * 1024 };

struct writer {
    FILE *file;
    char *path;      /* NULL: standard output */
    char *temporary; /* beside it; NULL: path is written to as it is */
};

bool file_exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

bool file_is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool file_folder_is_read_only(const char *path)
{
    char *copy = strdup(path);
    bool read_only = copy && access(dirname(copy), W_OK) != 0;

    free(copy);
    return read_only;
}

char *file_join(const char *dir, const char *name, struct err *e)
{
    struct buf b = BUF_INIT(PATH_BYTES_MAX);
    char *path;

    if (name[0] == '/' || dir[0] == '\0' || strcmp(dir, ".") == 0)
        buf_puts(&b, name);
    else
        buf_printf(&b, "%s%s%s", dir, dir[strlen(dir) - 1] == '/' ? "" : "/", name);
    path = buf_take(&b);
    if (!path)
        err_set(e, ERR_NOMEM, "out of memory: a path");
    return path;
}

const char *file_user(void)
{
    const struct passwd *user = getpwuid(geteuid());

    return user && user->pw_name ? user->pw_name : "unknown";
}

int file_read(const char *path, size_t max, char **text, size_t *len, struct err *e)
{
    FILE *f = fopen(path, "rbe");
    struct buf b = BUF_INIT(max + 1);
    char piece[16 * 1024];
    size_t n;
    int rc = 0;

    *text = NULL;
    if (!f)
        return err_errno(e, "open", path);
    while (!b.failed && (n = fread(piece, 1, sizeof(piece), f)) > 0)
        buf_add(&b, piece, n);
    if (ferror(f))
        rc = err_errno(e, "read", path);
    fclose(f);
    if (rc == 0 && b.failed == ERR_LIMIT) {
        rc = err_set(e, ERR_LIMIT, "the file is too large");
        err_expected(e, "at most %zu bytes", max);
    } else if (rc == 0) {
        rc = buf_end(&b, "the file", e);
    }
    if (rc < 0) {
        buf_release(&b);
        return err_at(e, "%s", path);
    }
    *len = b.len;
    *text = buf_take(&b);
    return *text ? 0 : err_set(e, ERR_NOMEM, "out of memory: %s", path);
}

int file_read_regular(const char *path, size_t max, char **text, size_t *len, struct err *e)
{
    struct stat st;

    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        *text = NULL;
        err_set(e, ERR_IO, "not a file");
        return err_at(e, "%s", path);
    }
    return file_read(path, max, text, len, e);
}

static void free_writer(struct writer *w)
{
    free(w->path);
    free(w->temporary);
    free(w);
}

/* Opens "path.XXXXXX" with the permissions that a new file would get. */
static FILE *open_temporary(struct writer *w, struct err *e)
{
    mode_t mask = umask(0);
    FILE *f = NULL;
    int fd;

    umask(mask);
    fd = mkostemp(w->temporary, O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, "write", w->path), NULL;
    if (fchmod(fd, 0666 & ~mask) == 0)
        f = fdopen(fd, "wb");
    if (!f) {
        err_errno(e, "write", w->path);
        close(fd);
        unlink(w->temporary);
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
    buf_puts(&name, ".XXXXXX");
    w->temporary = buf_take(&name);
    if (!w->temporary)
        return err_set(e, ERR_NOMEM, "out of memory: a path");
    w->file = open_temporary(w, e);
    return w->file ? 0 : e->code;
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

int writer_commit(struct writer *w, struct err *e)
{
    const char *name = w->path ? w->path : "standard output";
    int rc = 0;

    if (fflush(w->file) != 0 || ferror(w->file) || (w->temporary && fsync(fileno(w->file)) != 0))
        rc = err_errno(e, "write", name);
    if (w->path && fclose(w->file) != 0 && rc == 0)
        rc = err_errno(e, "write", name);
    if (rc == 0 && w->temporary)
        rc = take_name(w, e);
    if (rc < 0 && w->temporary)
        unlink(w->temporary);
    free_writer(w);
    return rc;
}

void writer_abort(struct writer *w)
{
    if (!w)
        return;
    if (w->path)
        fclose(w->file);
    if (w->temporary)
        unlink(w->temporary);
    free_writer(w);
}

int writer_end(struct writer *w, int rc, struct err *e)
{
    if (rc == 0)
        return writer_commit(w, e);
    writer_abort(w);
    return rc;
}
