/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <fcntl.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/memory.h"

enum { PATH_BYTES_MAX = 64 * 1024 };

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

bool file_is_regular(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
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

size_t file_picture_ending(const char *name, size_t len)
{
    static const char *const endings[] = {
        ".jpg",  ".jpeg", ".jfif", ".jpe",  ".png", ".webp", ".gif", ".bmp", ".tif",
        ".tiff", ".avif", ".heic", ".heif", ".hif", ".jp2",  ".j2k", ".j2c", ".jpc",
        ".jpf",  ".jpx",  ".pbm",  ".pgm",  ".ppm", ".pnm",  ".jxl", ".pfm", ".svg",
        ".ico",  ".tga",  ".psd",  ".dng",  ".cr2", ".cr3",  ".nef", ".arw",
    };

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        size_t n = strlen(endings[i]);

        if (len > n && strncasecmp(name + len - n, endings[i], n) == 0)
            return n;
    }
    return 0;
}

int file_check_fetched(const char *path, const void *data, size_t len, struct err *e)
{
    static const char pointer[] = "version https://git-lfs.github.com/spec/";

    if (len < sizeof(pointer) - 1 || memcmp(data, pointer, sizeof(pointer) - 1) != 0)
        return 0;
    err_set(e, ERR_FORMAT, "this is a Git LFS pointer: the file itself was not fetched");
    err_hint(e, "git lfs pull, in the folder that was cloned, fetches it");
    return err_at(e, "%s", path);
}

/* /dev/stdin, /dev/fd/63: names of what is open. */
static bool is_open_already(const char *path)
{
    return strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0;
}

int file_open(const char *path, struct err *e)
{
    struct stat st;
    int fd;

    if (stat(path, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)) &&
        !is_open_already(path)) {
        err_set(e, ERR_IO, "not a file: a named pipe or a socket, which would be waited for");
        err_hint(e, "/dev/stdin in its place, and < %s behind, reads what comes out of a pipe",
                 path);
        return err_at(e, "%s", path);
    }
    fd = strcmp(path, "/dev/stdin") == 0
             ? dup(STDIN_FILENO) /* once more, a named pipe would be waited for */
             : open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? err_errno(e, "open", path) : fd;
}

int file_read(const char *path, size_t max, char **text, size_t *len, struct err *e)
{
    struct buf b = BUF_INIT(max + 1);
    char piece[16 * 1024];
    size_t n;
    int fd = file_open(path, e), rc = 0;
    FILE *f = fd < 0 ? NULL : fdopen(fd, "rb");

    *text = NULL;
    if (fd < 0)
        return fd;
    if (!f) {
        close(fd);
        return err_set(e, ERR_NOMEM, "out of memory: %s", path);
    }
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
    if (rc == 0 && b.text)
        rc = file_check_fetched(path, b.text, b.len, e);
    if (rc < 0) {
        buf_release(&b);
        return err_at(e, "%s", path);
    }
    *len = b.len;
    *text = buf_take(&b);
    return *text ? 0 : err_set(e, ERR_NOMEM, "out of memory: %s", path);
}

int file_check_regular(const char *path, struct err *e)
{
    struct stat st;

    if (stat(path, &st) != 0 || S_ISREG(st.st_mode))
        return 0;
    err_set(e, ERR_IO, "not a file");
    return err_at(e, "%s", path);
}

int file_read_regular(const char *path, size_t max, char **text, size_t *len, struct err *e)
{
    int rc = file_check_regular(path, e);

    *text = NULL;
    return rc < 0 ? rc : file_read(path, max, text, len, e);
}
