/* SPDX-License-Identifier: MIT
 *
 * Symbolic links are followed, as a cache of Hugging Face needs it, where every file is one; the
 * name of the link is the key. No walk goes in circles: a folder that is its own ancestor is left
 * out. A folder with two names is no circle, and its pictures have two keys.
 */
#include "image/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    DEPTH_MAX = 64,
    NAME_PATH_MAX = 64 * 1024,
    LINKED_FOLDERS_MAX =
        1 << 20, /* links to links to .. can make more paths than anybody can walk */
};

struct place { /* which folder it is, whatever it is called */
    dev_t device;
    ino_t inode;
};

struct walk {
    struct source_list *list;
    const char *root;
    char *real_root; /* without links in it */
    struct buf name; /* of where we are, within the root: "", or ends in a slash */
    struct place above[DEPTH_MAX + 1]; /* the folders that we are in, from the root down */
    size_t n_linked_folders;
    struct source_names circles, outside, nowhere; /* of links */
};

enum entry_kind { ENTRY_OTHER, ENTRY_FILE, ENTRY_FOLDER };

struct entry { /* of a folder */
    const char *name;
    enum entry_kind kind;
    bool is_link, nowhere; /* nowhere: a link to what is not there */
};

static enum entry_kind kind_of_mode(mode_t mode)
{
    return S_ISREG(mode) ? ENTRY_FILE : S_ISDIR(mode) ? ENTRY_FOLDER : ENTRY_OTHER;
}

static struct entry entry_of(DIR *dir, const struct dirent *d)
{
    struct entry entry = { .name = d->d_name };
    struct stat st;

    if (d->d_type == DT_REG)
        entry.kind = ENTRY_FILE;
    else if (d->d_type == DT_DIR)
        entry.kind = ENTRY_FOLDER;
    if ((d->d_type != DT_UNKNOWN && d->d_type != DT_LNK) ||
        fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return entry;
    entry.is_link = S_ISLNK(st.st_mode);
    entry.nowhere = entry.is_link && fstatat(dirfd(dir), d->d_name, &st, 0) != 0;
    entry.kind = entry.nowhere ? ENTRY_OTHER : kind_of_mode(st.st_mode);
    return entry;
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

/* ---- links ---- */

/* Is it a folder that we are in already? */
static bool is_above(const struct walk *w, struct place here, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++)
        if (w->above[i].device == here.device && w->above[i].inode == here.inode)
            return true;
    return false;
}

static bool is_within(const char *root, const char *path)
{
    size_t n = strlen(root);

    return strncmp(root, path, n) == 0 &&
           (path[n] == '/' || path[n] == '\0' || (n > 0 && root[n - 1] == '/'));
}

/* The link whose name is the walk's. */
static int note_target(struct walk *w, struct err *e)
{
    char *path = file_join(w->root, w->name.text, e), *real = path ? realpath(path, NULL) : NULL;
    int rc = path ? 0 : ERR_NOMEM;

    if (real && w->real_root && !is_within(w->real_root, real))
        rc = source_name_one(w->list, &w->outside, w->name.text, e);
    free(real);
    free(path);
    return rc;
}

static void say_links(const struct walk *w)
{
    source_names_say(w->list, &w->nowhere, EVENT_WARNING, w->root, "symbolic link",
                     "left out, to what is not there");
    source_names_say(w->list, &w->circles, EVENT_WARNING, w->root, "folder",
                     "left out, which would lead in circles");
    source_names_say(w->list, &w->outside, EVENT_NOTE, w->root, "symbolic link",
                     "followed, to what lies outside the folder");
}

/* ---- the walk ---- */

static int too_many(const struct walk *w, const char *what, int most, const char *unit,
                    struct err *e)
{
    err_set(e, ERR_LIMIT, "%s", what);
    err_expected(e, "at most %d %s", most, unit);
    return err_at(e, "%s: %s", w->root, w->name.text);
}

/* Opens a folder; -1 and rc 0: it is one that we are in already. */
static int open_folder(struct walk *w, DIR *parent, const char *name, unsigned depth, int *fd,
                       struct err *e)
{
    struct stat st;

    *fd = openat(dirfd(parent), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd >= 0 && fstat(*fd, &st) == 0) {
        w->above[depth] = (struct place){ st.st_dev, st.st_ino };
        if (!is_above(w, w->above[depth], depth))
            return 0;
        close(*fd);
        *fd = -1;
        return source_name_one(w->list, &w->circles, w->name.text, e);
    }
    failed(w, e);
    if (*fd >= 0)
        close(*fd);
    return e->code;
}

static int enter_folder(struct walk *w, DIR *parent, const struct entry *entry, unsigned depth,
                        struct err *e)
{
    int fd, rc;

    if (depth >= DEPTH_MAX)
        return too_many(w, "the folders are nested too deeply", DEPTH_MAX, "in one another", e);
    if (entry->is_link && w->n_linked_folders++ >= LINKED_FOLDERS_MAX)
        return too_many(w, "too many links to folders", LINKED_FOLDERS_MAX, "in all", e);
    rc = open_folder(w, parent, entry->name, depth + 1, &fd, e);
    if (rc < 0 || fd < 0)
        return rc;
    if (entry->is_link)
        rc = note_target(w, e);
    if (rc < 0) {
        close(fd);
        return rc;
    }
    buf_putc(&w->name, '/');
    return walk_folder(w, fd, depth + 1, e);
}

/* The entry whose name is the walk's. */
static int visit(struct walk *w, DIR *dir, const struct dirent *d, unsigned depth, struct err *e)
{
    const struct entry entry = entry_of(dir, d);
    size_t n_before = w->list->n;
    int rc;

    if (entry.nowhere)
        return source_name_one(w->list, &w->nowhere, w->name.text, e);
    if (entry.kind == ENTRY_FOLDER)
        return enter_folder(w, dir, &entry, depth, e);
    if (entry.kind != ENTRY_FILE)
        return 0;
    rc = source_list_add(w->list, w->name.text, 0, e);
    return rc == 0 && entry.is_link && w->list->n > n_before ? note_target(w, e) : rc;
}

static int take_entry(struct walk *w, DIR *dir, const struct dirent *d, unsigned depth,
                      struct err *e)
{
    size_t here = w->name.len;
    int rc;

    if (d->d_name[0] == '.')
        return 0;
    buf_puts(&w->name, d->d_name);
    rc = buf_end(&w->name, "a path", e);
    if (rc == 0)
        rc = visit(w, dir, d, depth, e);
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

/* fd below zero: errno says why. */
static int walk_root(struct walk *w, int fd, struct err *e)
{
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0)
        w->above[0] = (struct place){ st.st_dev, st.st_ino };
    w->real_root = realpath(w->root, NULL);
    return walk_folder(w, fd, 0, e);
}

static int folder_open(void **self, struct source_list *list, const char *path, struct err *e)
{
    struct walk w = { .list = list, .root = path, .name = BUF_INIT(NAME_PATH_MAX) };
    int rc;

    *self = strdup(path);
    if (!*self)
        return err_set(e, ERR_NOMEM, "out of memory: a path");
    rc = walk_root(&w, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), e);
    if (rc == 0)
        say_links(&w);
    free(w.real_root);
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
