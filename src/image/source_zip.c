/* SPDX-License-Identifier: MIT
 *
 * A zip is read at any member's place: its directory, which is read once, says where each lies
 * (PKWARE, APPNOTE.TXT 6.3.3, with ZIP64). What the directory says is checked again by each
 * member: its size before memory is taken, its CRC-32 when it has been read.
 */
#include "image/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

enum {
    OPSYS_UNIX = ZIP_OPSYS_UNIX,
    MODE_SHIFT = 16,     /* of the external attributes: the file's mode */
    DEFLATE_MOST = 1032, /* bytes that one compressed byte can become (zlib's technical details) */
};

struct zipped {
    char *path;
    zip_t *zip;
    const struct events *events;
    struct source_names encrypted;
    size_t links;
};

/* ---- errors ---- */

static enum err_code code_of(int zip_code)
{
    switch (zip_code) {
    case ZIP_ER_MEMORY: return ERR_NOMEM;
    case ZIP_ER_OPEN:
    case ZIP_ER_READ:
    case ZIP_ER_SEEK:
    case ZIP_ER_NOENT: return ERR_IO;
    default: return ERR_FORMAT;
    }
}

/* What libzip says of a picture. */
static int picture_broken(const struct zipped *z, const struct source_member *m, zip_error_t *why,
                          struct err *e)
{
    err_set(e, code_of(zip_error_code_zip(why)),
            "the picture cannot be read out of the archive: %s", zip_error_strerror(why));
    return err_at(e, "%s: %s", z->path, m->key);
}

static int picture_refused(const struct zipped *z, const struct source_member *m,
                           enum err_code code, const char *what, struct err *e)
{
    err_set(e, code, "%s", what);
    return err_at(e, "%s: %s", z->path, m->key);
}

/* ---- opening ---- */

static int open_failed(const char *path, int code, struct err *e)
{
    zip_error_t why;

    zip_error_init_with_code(&why, code);
    if (code_of(code) == ERR_IO) {
        err_errno(e, "read", path);
    } else {
        err_set(e, code_of(code), "a zip archive that is broken, or cut short: %s",
                zip_error_strerror(&why));
        err_hint(e, "unzip -t tells whether it is whole");
        err_at(e, "%s", path);
    }
    zip_error_fini(&why);
    return e->code;
}

static bool is_link(const struct zipped *z, zip_uint64_t i)
{
    zip_uint8_t system;
    zip_uint32_t attributes;

    return zip_file_get_external_attributes(z->zip, i, 0, &system, &attributes) == 0 &&
           system == OPSYS_UNIX && S_ISLNK(attributes >> MODE_SHIFT);
}

static int list_member(struct zipped *z, struct source_list *list, zip_uint64_t i, struct err *e)
{
    const char *name = zip_get_name(z->zip, i, ZIP_FL_ENC_GUESS); /* UTF-8, out of CP437 too */
    size_t n_before = list->n;
    zip_stat_t stat;
    int rc;

    if (!name) /* none is no picture; without memory it would be missed */
        return zip_error_code_zip(zip_get_error(z->zip)) == ZIP_ER_MEMORY
                   ? err_set(e, ERR_NOMEM, "out of memory: an archive's names")
                   : 0;
    if (is_link(z, i)) {
        z->links++;
        return 0;
    }
    rc = source_list_add(list, source_member_key(name), i, e);
    if (rc == 0 && list->n > n_before && zip_stat_index(z->zip, i, 0, &stat) == 0 &&
        (stat.valid & ZIP_STAT_ENCRYPTION_METHOD) && stat.encryption_method != ZIP_EM_NONE)
        rc = source_name_one(list, &z->encrypted, list->members[n_before].key, e);
    return rc;
}

static int list_members(struct zipped *z, struct source_list *list, struct err *e)
{
    zip_int64_t n = zip_get_num_entries(z->zip, 0);
    int rc = 0;

    for (zip_int64_t i = 0; rc == 0 && i < n; i++) {
        rc = list_member(z, list, (zip_uint64_t)i, e);
        if (rc == 0)
            rc = events_check(z->events, e);
    }
    source_say_links(list, z->path, z->links);
    source_names_say(list, &z->encrypted, EVENT_WARNING, z->path, "picture",
                     "encrypted, which cannot be read");
    return rc;
}

static int zipped_open(void **self, struct source_list *list, const char *path, struct err *e)
{
    struct zipped *z = mem_new(1, sizeof(*z), e);
    int code = 0;

    *self = z;
    if (!z)
        return ERR_NOMEM;
    z->events = list->events;
    z->path = strdup(path);
    if (!z->path)
        return err_set(e, ERR_NOMEM, "out of memory: a path");
    z->zip = zip_open(path, ZIP_RDONLY, &code);
    return z->zip ? list_members(z, list, e) : open_failed(path, code, e);
}

static void zipped_close(void *self)
{
    struct zipped *z = self;

    if (!z)
        return;
    if (z->zip)
        zip_discard(z->zip);
    free(z->path);
    free(z);
}

/* ---- reading ---- */

/* Can so many bytes come of so many? Else they would be taken memory for in vain. */
static bool is_possible(const zip_stat_t *stat)
{
    switch (stat->comp_method) {
    case ZIP_CM_STORE: return stat->size == stat->comp_size;
    case ZIP_CM_DEFLATE: return stat->size / DEFLATE_MOST <= stat->comp_size;
    default: return true;
    }
}

static int check_member(const struct zipped *z, const struct source_member *m, zip_stat_t *stat,
                        struct err *e)
{
    const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;

    if (zip_stat_index(z->zip, m->place, 0, stat) < 0)
        return picture_broken(z, m, zip_get_error(z->zip), e);
    if ((stat->valid & ZIP_STAT_ENCRYPTION_METHOD) && stat->encryption_method != ZIP_EM_NONE) {
        picture_refused(z, m, ERR_FORMAT, "the picture is encrypted", e);
        return err_hint(e, "unpack the archive with its password, and give the folder");
    }
    if ((stat->valid & needed) != needed)
        return picture_refused(z, m, ERR_FORMAT, "the archive does not say how large it is", e);
    if (stat->size > IMAGE_BYTES_MAX) {
        picture_refused(z, m, ERR_LIMIT, "the file is too large", e);
        err_got(e, "%llu bytes", (unsigned long long)stat->size);
        return err_expected(e, "at most %d", IMAGE_BYTES_MAX);
    }
    return is_possible(stat) ? 0
                             : picture_refused(z, m, ERR_FORMAT,
                                               "the archive gives a size that it cannot have", e);
}

/* Reads so many bytes and finds the end behind them, where libzip compares the CRC. */
static int read_bytes(const struct zipped *z, const struct source_member *m, zip_file_t *file,
                      uint8_t *data, size_t len, struct err *e)
{
    uint8_t one_more;
    zip_int64_t n = 1;
    size_t done = 0;

    while (n > 0 && done < len) {
        n = zip_fread(file, data + done, len - done);
        done += n > 0 ? (size_t)n : 0;
    }
    if (n >= 0 && done == len)
        n = zip_fread(file, &one_more, 1);
    if (n < 0)
        return picture_broken(z, m, zip_file_get_error(file), e);
    return n == 0 && done == len
               ? 0
               : picture_refused(z, m, ERR_FORMAT,
                                 "the picture is not as large as the archive says", e);
}

static int zipped_read(void *self, const struct source_member *m, void **data, size_t *len,
                       struct err *e)
{
    const struct zipped *z = self;
    zip_file_t *file;
    zip_stat_t stat;
    int rc = check_member(z, m, &stat, e);

    if (rc == 0)
        rc = events_check(z->events, e);
    if (rc < 0)
        return rc;
    file = zip_fopen_index(z->zip, m->place, 0);
    if (!file)
        return picture_broken(z, m, zip_get_error(z->zip), e);
    *len = (size_t)stat.size;
    *data = mem_new(*len, 1, e);
    rc = *data ? read_bytes(z, m, file, *data, *len, e) : ERR_NOMEM;
    zip_fclose(file);
    if (rc < 0) {
        free(*data);
        *data = NULL;
    }
    return rc;
}

const struct source_kind source_zip = { zipped_open, zipped_read, zipped_close };
