/* SPDX-License-Identifier: MIT */
#include "image/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 64, NAME_PATH_MAX = 64 * 1024 };

struct walk {
    struct source_list *list;
    const char *root;
    struct buf name; /* of where we are, within the root: "", or ends in a slash */
};

enum entry { ENTRY_OTHER, ENTRY_FILE, ENTRY_FOLDER };

/* A link to a file is a file; a link to a folder is nothing, so that no walk goes in circles. */
static enum entry entry_kind(DIR *dir, const struct dirent *d)
{
    struct stat st;
    bool is_link = d->d_type == DT_LNK;

    if (d->d_type == DT_REG)
        return ENTRY_FILE;
    if (d->d_type == DT_DIR)
        return ENTRY_FOLDER;
    if (d->d_type == DT_UNKNOWN) {
        if (fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            return ENTRY_OTHER;
        if (S_ISDIR(st.st_mode))
            return ENTRY_FOLDER;
        is_link = S_ISLNK(st.st_mode);
        if (!is_link)
            return S_ISREG(st.st_mode) ? ENTRY_FILE : ENTRY_OTHER;
    }
    if (is_link && fstatat(dirfd(dir), d->d_name, &st, 0) == 0 && S_ISREG(st.st_mode))
        return ENTRY_FILE;
    return ENTRY_OTHER;
}

static int failed(const struct walk *w, struct err *e)
{
    int saved = errno;
    char *path = file_join(w->root, w->name.text ? w->name.text : "", e);

    errno = saved;
    if (path)
        err_errno(e, "read", path);
    free(path);
    return e->code;
}

static int walk_folder(struct walk *w, int fd, unsigned depth, struct err *e);

static int enter_folder(struct walk *w, DIR *parent, const char *name, unsigned depth,
                        struct err *e)
{
    int fd;

    if (depth >= DEPTH_MAX) {
        err_set(e, ERR_LIMIT, "the folders are nested too deeply");
        err_expected(e, "at most %d in one another", DEPTH_MAX);
        return err_at(e, "%s: %s", w->root, w->name.text);
    }
    fd = openat(dirfd(parent), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    buf_putc(&w->name, '/');
    return walk_folder(w, fd, depth + 1, e);
}

static int take_entry(struct walk *w, DIR *dir, const struct dirent *d, unsigned depth,
                      struct err *e)
{
    enum entry kind = d->d_name[0] == '.' ? ENTRY_OTHER : entry_kind(dir, d);
    size_t here = w->name.len;
    int rc;

    if (kind == ENTRY_OTHER)
        return 0;
    buf_puts(&w->name, d->d_name);
    rc = buf_end(&w->name, "a path", e);
    if (rc == 0 && kind == ENTRY_FILE)
        rc = source_list_add(w->list, w->name.text, 0, e);
    else if (rc == 0)
        rc = enter_folder(w, dir, d->d_name, depth, e);
    if (rc == 0) {
        w->name.len = here;
        w->name.text[here] = '\0';
    }
    return rc;
}

/* fd becomes this function's; below zero, errno says why. */
static int walk_folder(struct walk *w, int fd, unsigned depth, struct err *e)
{
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    int rc = 0;

    if (!dir) {
        failed(w, e);
        if (fd >= 0)
            close(fd);
        return e->code;
    }
    while (rc == 0) {
        const struct dirent *d;

        errno = 0;
        d = readdir(dir);
        if (!d)
            break;
        rc = events_check(w->list->events, e);
        if (rc == 0)
            rc = take_entry(w, dir, d, depth, e);
    }
    if (rc == 0 && errno != 0)
        rc = failed(w, e);
    closedir(dir);
    return rc;
}

static int folder_open(void **self, struct source_list *list, const char *path, struct err *e)
{
    struct walk w = { list, path, BUF_INIT(NAME_PATH_MAX) };
    int rc;

    *self = strdup(path);
    if (!*self)
        return err_set(e, ERR_NOMEM, "out of memory: a path");
    rc = walk_folder(&w, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0, e);
    buf_release(&w.name);
    return rc;
}

static int folder_read(void *self, const struct source_member *m, void **data, size_t *len,
                       struct err *e)
{
    char *path = file_join(self, m->key, e), *bytes;
    int rc;

    if (!path)
        return ERR_NOMEM;
    rc = file_read_regular(path, IMAGE_BYTES_MAX, &bytes, len, e);
    *data = bytes;
    free(path);
    return rc;
}

static void folder_close(void *self)
{
    free(self);
}

const struct source_kind source_folder = { folder_open, folder_read, folder_close };
