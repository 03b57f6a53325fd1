/* SPDX-License-Identifier: MIT
 *
 * A tar that is not compressed is read at any member's place. In a compressed one reading goes
 * forward only: what lies before the last member read means to begin again.
 */
#include "image/internal.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 64 * 1024 };

struct tar {
    char *path;
    int fd;
    struct archive *archive; /* NULL: nothing is being read */
    bool compressed;
    bool in_order; /* the files' names, as they lie in it */
    size_t links;
    uint64_t next; /* the number of the member whose header comes next, since the last start */
    const struct events *events;
};

static int broken(const struct tar *t, struct err *e)
{
    const char *text = t->archive ? archive_error_string(t->archive) : NULL;

    if (t->archive && archive_errno(t->archive) == ENOMEM)
        return err_set(e, ERR_NOMEM, "out of memory: an archive");
    err_set(e, ERR_FORMAT, "no tar archive, or a broken one: %s", text ? text : "unknown");
    err_expected(e, "%s", SOURCE_KINDS);
    return err_at(e, "%s", t->path);
}

static void stop(struct tar *t)
{
    archive_read_free(t->archive);
    t->archive = NULL;
}

/* Begins to read at a place in the file. Not every filter: some run other programs. */
static int start(struct tar *t, uint64_t place, struct err *e)
{
    struct archive *a;

    stop(t);
    if (lseek(t->fd, (off_t)place, SEEK_SET) < 0)
        return err_errno(e, "read", t->path);
    t->archive = a = archive_read_new();
    t->next = 0;
    if (!a)
        return err_set(e, ERR_NOMEM, "out of memory: an archive");
    if (archive_read_support_format_tar(a) < ARCHIVE_WARN ||
        archive_read_support_filter_gzip(a) < ARCHIVE_WARN ||
        archive_read_support_filter_bzip2(a) < ARCHIVE_WARN ||
        archive_read_support_filter_xz(a) < ARCHIVE_WARN ||
        archive_read_support_filter_zstd(a) < ARCHIVE_WARN ||
        archive_read_open_fd(a, t->fd, BLOCK) < ARCHIVE_WARN)
        return broken(t, e);
    return 0;
}

/* 1, or 0 at the archive's end. */
static int next_header(struct tar *t, struct archive_entry **entry, struct err *e)
{
    int code = archive_read_next_header(t->archive, entry);

    if (code == ARCHIVE_EOF)
        return 0;
    if (code == ARCHIVE_RETRY) /* a header whose checksum is wrong: what was there is not known */
        return broken(t, e);
    if (code < ARCHIVE_WARN) /* a warning: a name that the locale cannot show, kept as bytes */
        return broken(t, e);
    t->next++;
    return 1;
}

/* The name without "./" and "/" in front, or NULL where the member is no file. */
static const char *member_name(struct archive_entry *entry)
{
    const char *name = archive_entry_pathname(entry);

    if (!name || archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
        return NULL;
    return source_member_key(name);
}

/* ---- opening ---- */

/* Is the name just added in the keys' order? */
static bool is_in_order(const struct source_list *list, size_t n_before)
{
    return n_before == 0 || list->n == n_before ||
           strcmp(list->members[n_before - 1].key, list->members[n_before].key) < 0;
}

static int list_members(struct tar *t, struct source_list *list, struct err *e)
{
    struct archive_entry *entry;
    int rc = start(t, 0, e);

    t->in_order = true;
    if (rc < 0)
        return rc;
    while ((rc = next_header(t, &entry, e)) == 1) {
        const char *name = member_name(entry);
        uint64_t header = (uint64_t)archive_read_header_position(t->archive);
        size_t n = list->n;

        t->compressed = archive_filter_code(t->archive, 0) != ARCHIVE_FILTER_NONE;
        t->links += archive_entry_hardlink(entry) || archive_entry_symlink(entry);
        if (name)
            rc = source_list_add(list, name, t->compressed ? t->next - 1 : header, e);
        if (rc < 0 || (rc = events_check(t->events, e)) < 0)
            break;
        t->in_order = t->in_order && is_in_order(list, n);
    }
    stop(t);
    return rc;
}

static void tar_close(void *self)
{
    struct tar *t = self;

    if (!t)
        return;
    stop(t);
    if (t->fd >= 0)
        close(t->fd);
    free(t->path);
    free(t);
}

static void warn(const struct tar *t, const struct source_list *list)
{
    source_say_links(list, t->path, t->links);
    if (t->compressed && !t->in_order)
        events_say(
            t->events, EVENT_WARNING,
            "%s is compressed, and its files do not lie in the order of their names: each step "
            "back decompresses it from its beginning; a tar that is not compressed, or one made "
            "with --sort=name, is read once",
            t->path);
}

static int tar_open(void **self, struct source_list *list, const char *path, struct err *e)
{
    struct tar *t = mem_new(1, sizeof(*t), e);
    int rc;

    *self = t;
    if (!t)
        return ERR_NOMEM;
    t->events = list->events;
    t->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (t->fd < 0)
        return err_errno(e, "open", path);
    t->path = strdup(path);
    if (!t->path)
        return err_set(e, ERR_NOMEM, "out of memory: a path");
    rc = list_members(t, list, e);
    if (rc == 0)
        warn(t, list);
    return rc;
}

/* ---- reading ---- */

static int changed(const struct tar *t, struct err *e)
{
    err_set(e, ERR_IO, "the archive changed while it was in use");
    return err_at(e, "%s", t->path);
}

/* Goes forward to the header of the member with this number. */
static int skip_to(struct tar *t, uint64_t number, struct archive_entry **entry, struct err *e)
{
    int rc;

    do {
        rc = next_header(t, entry, e);
        if (rc == 0)
            return changed(t, e);
        if (rc > 0)
            rc = events_check(t->events, e);
    } while (rc == 0 && t->next <= number);
    return rc;
}

/* The header of a member, as it was listed. */
static int go_to(struct tar *t, const struct source_member *m, struct archive_entry **entry,
                 struct err *e)
{
    uint64_t number = t->compressed ? m->place : 0;
    const char *name;
    int rc = 0;

    if (!t->archive || !t->compressed || t->next > number)
        rc = start(t, t->compressed ? 0 : m->place, e);
    if (rc == 0)
        rc = skip_to(t, number, entry, e);
    if (rc < 0)
        return rc;
    name = member_name(*entry);
    return text_equal(name, m->key) ? 0 : changed(t, e);
}

static int read_bytes(struct tar *t, void *data, size_t len, struct err *e)
{
    uint8_t *to = data;
    size_t done = 0;

    while (done < len) {
        la_ssize_t n = archive_read_data(t->archive, to + done, len - done);

        if (n < 0)
            return broken(t, e);
        if (n == 0)
            return changed(t, e);
        done += (size_t)n;
    }
    return 0;
}

static int read_member(struct tar *t, const struct source_member *m, void **data, size_t *len,
                       struct err *e)
{
    struct archive_entry *entry;
    int64_t size;
    int rc = go_to(t, m, &entry, e);

    if (rc < 0)
        return rc;
    size = archive_entry_size(entry);
    if (size < 0 || size > IMAGE_BYTES_MAX) {
        err_set(e, ERR_LIMIT, "the file is too large");
        err_got(e, "%lld bytes", (long long)size);
        return err_expected(e, "at most %d", IMAGE_BYTES_MAX);
    }
    *data = mem_new((size_t)size, 1, e);
    *len = (size_t)size;
    return *data ? read_bytes(t, *data, *len, e) : ERR_NOMEM;
}

static int tar_read(void *self, const struct source_member *m, void **data, size_t *len,
                    struct err *e)
{
    int rc = read_member(self, m, data, len, e);

    if (rc < 0) {
        free(*data);
        *data = NULL;
        stop(self); /* what failed is not gone on with */
    }
    return rc;
}

const struct source_kind source_tar = { tar_open, tar_read, tar_close };
