/* SPDX-License-Identifier: MIT */
#include "image/internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { KEY_BYTES_MAX = 4096, MEMBERS_MAX = 1 << 28 };

struct image_source {
    const struct source_kind *kind;
    void *self; /* the kind's own */
    struct source_list list;
};

/* ---- names ---- */

static const char *const endings[] = {
    ".jpg", ".jpeg", ".jfif", ".jpe",  ".png",  ".webp", ".gif", ".bmp",
    ".tif", ".tiff", ".avif", ".heic", ".heif", ".hif",  ".jp2", ".j2k",
    ".j2c", ".jpc",  ".jpf",  ".jpx",  ".pbm",  ".pgm",  ".ppm", ".pnm",
};

/* Of a format that is read. */
static bool ends_as_read(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        size_t n = strlen(endings[i]);

        if (len > n && strcasecmp(name + len - n, endings[i]) == 0)
            return true;
    }
    return false;
}

/* A part that begins with a dot: hidden, what some systems put beside a file, or "..". */
static bool has_hidden_part(const char *name)
{
    return name[0] == '.' || strstr(name, "/.") != NULL;
}

int source_name_one(struct source_list *list, struct source_names *names, const char *name,
                    struct err *e)
{
    char *copy;

    if (names->n++ >= SOURCE_NAMED)
        return 0;
    copy = arena_text(&list->texts, name, strlen(name), e);
    if (!copy)
        return ERR_NOMEM;
    text_printable(copy);
    names->first[names->n - 1] = copy;
    return 0;
}

void source_names_say(const struct source_list *list, const struct source_names *names,
                      enum event_kind kind, const char *path, const char *unit, const char *what)
{
    struct buf first = BUF_INIT(1000);
    char n[TEXT_COUNT_MAX];

    for (size_t i = 0; i < names->n && i < SOURCE_NAMED; i++)
        buf_printf(&first, "%s%.200s", i > 0 ? ", " : "", names->first[i]);
    if (names->n > 0)
        events_say(list->events, kind, "%s: %s %s: %s%s", path, text_count(names->n, unit, n), what,
                   first.text ? first.text : "", names->n > SOURCE_NAMED ? ", .." : "");
    buf_release(&first);
}

int source_list_add(struct source_list *list, const char *name, uint64_t place, struct err *e)
{
    size_t len = strlen(name), bad;
    char *key;
    int rc;

    if (has_hidden_part(name))
        return 0;
    if (!ends_as_read(name, len))
        return file_picture_ending(name, len) > 0 ? source_name_one(list, &list->unread, name, e)
                                                  : 0;
    if (len > KEY_BYTES_MAX || !text_utf8(name, len, &bad) || !text_is_printable(name)) {
        if (list->n_unusable++ == 0)
            events_say(list->events, EVENT_WARNING,
                       "this name cannot be a key (no UTF-8, control characters, or longer than %d "
                       "bytes) and is left out: %.200s",
                       KEY_BYTES_MAX, name);
        return 0;
    }
    rc = mem_grow(&list->members, &list->cap, list->n + 1, sizeof(*list->members), MEMBERS_MAX, e);
    if (rc < 0)
        return rc;
    key = arena_text(&list->texts, name, len, e);
    if (!key)
        return ERR_NOMEM;
    list->members[list->n++] = (struct source_member){ key, place };
    return 0;
}

const char *source_member_key(const char *name)
{
    while (name[0] == '/' || (name[0] == '.' && name[1] == '/'))
        name += name[0] == '/' ? 1 : 2;
    return name;
}

void source_say_links(const struct source_list *list, const char *path, size_t n)
{
    if (n > 0)
        events_say(list->events, EVENT_WARNING,
                   "%s: %zu links are left out: an archive has no file behind them", path, n);
}

static int by_key_and_place(const void *a, const void *b)
{
    const struct source_member *x = a, *y = b;
    int order = strcmp(x->key, y->key);

    return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

/* Of members with one name the last counts, as for a program that unpacks the archive. */
static void keep_last_of_each(struct source_list *list)
{
    size_t n = 0;

    for (size_t i = 0; i < list->n; i++) {
        if (n > 0 && strcmp(list->members[n - 1].key, list->members[i].key) == 0)
            n--;
        list->members[n++] = list->members[i];
    }
    list->n = n;
}

/* ---- the source ---- */

static void expect_endings(struct err *e)
{
    struct buf names = BUF_INIT(1000);
    size_t n = sizeof(endings) / sizeof(endings[0]);

    for (size_t i = 0; i < n; i++)
        buf_printf(&names, "%s%s", i == 0 ? "" : i + 1 < n ? ", " : " or ", endings[i]);
    err_expected(e, "files whose names end in %s", names.text ? names.text : "");
    buf_release(&names);
}

/* Nobody who has such pictures shall find out from a missing answer. */
static void say_unread(const struct source_list *list, const char *path)
{
    struct buf what = BUF_INIT(1000);

    buf_puts(&what, "left out, of a format that is not read (");
    image_format_names(&what, " and ");
    buf_puts(&what, " are)");
    source_names_say(list, &list->unread, EVENT_WARNING, path, "picture",
                     what.text ? what.text : "left out");
    buf_release(&what);
}

static int finish_list(struct source_list *list, const char *path, struct err *e)
{
    say_unread(list, path);
    if (list->n_unusable > 1)
        events_say(list->events, EVENT_WARNING,
                   "%s: %zu names are left out in all: they cannot be keys", path,
                   list->n_unusable);
    if (list->n == 0) {
        err_set(e, ERR_FORMAT, "there is no picture in it");
        expect_endings(e);
        return err_at(e, "%s", path);
    }
    qsort(list->members, list->n, sizeof(*list->members), by_key_and_place);
    keep_last_of_each(list);
    return 0;
}

/* What an archive begins with; a tar has no such mark, and may be compressed. */
static const struct signature {
    const char *bytes;
    size_t len;
    const struct source_kind *kind; /* NULL: not read */
    const char *name;
} signatures[] = {
    { "PK\3\4", 4, &source_zip, "zip" },   { "PK\5\6", 4, &source_zip, "zip" }, /* an empty one */
    { "PK\7\10", 4, &source_zip, "zip" }, /* made to be split, and not split */
    { "7z\274\257\47\34", 6, NULL, "7z" }, { "Rar!\32\7", 6, NULL, "RAR" },
};
enum { SIGNATURE_BYTES = 6 };

/* The file's first bytes, zeros where there are none. */
static void first_bytes(const char *path, char out[SIGNATURE_BYTES])
{
    FILE *f = file_exists(path) ? fopen(path, "rbe") : NULL;

    memset(out, 0, SIGNATURE_BYTES);
    if (!f)
        return;
    if (fread(out, 1, SIGNATURE_BYTES, f) < SIGNATURE_BYTES)
        out[0] = '\0';
    fclose(f);
}

static int archive_kind(const char *path, const struct source_kind **kind, struct err *e)
{
    char first[SIGNATURE_BYTES];

    *kind = NULL;
    if (file_check_regular(path, e) < 0)
        return err_expected(e, "%s", SOURCE_KINDS);
    *kind = &source_tar; /* says what is wrong where it is none */
    first_bytes(path, first);
    for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
        const struct signature *s = &signatures[i];

        if (memcmp(first, s->bytes, s->len) != 0)
            continue;
        *kind = s->kind;
        if (s->kind)
            return 0;
        err_set(e, ERR_FORMAT, "a %s archive, which is not read", s->name);
        err_expected(e, "%s", SOURCE_KINDS);
        err_hint(e, "unpack it, and give the folder");
        return err_at(e, "%s", path);
    }
    return 0;
}

bool image_source_is_compressed(const char *path)
{
    static const struct {
        const char *bytes;
        size_t len;
    } compressed[] = {
        { "\37\213", 2 },
        { "BZh", 3 },
        { "\3757zXZ", 5 },
        { "(\265/\375", 4 }, /* gz, bz2, xz, zst */
    };
    char first[SIGNATURE_BYTES];

    first_bytes(path, first);
    for (size_t i = 0; i < sizeof(compressed) / sizeof(compressed[0]); i++)
        if (memcmp(first, compressed[i].bytes, compressed[i].len) == 0)
            return true;
    return false;
}

int image_source_open(struct image_source **out, const char *path, const struct events *ev,
                      struct err *e)
{
    struct image_source *s = mem_new(1, sizeof(*s), e);
    int rc;

    *out = NULL;
    if (!s)
        return ERR_NOMEM;
    s->list.events = ev;
    s->kind = &source_folder;
    rc = file_is_folder(path) ? 0 : archive_kind(path, &s->kind, e);
    if (rc == 0)
        rc = s->kind->open(&s->self, &s->list, path, e);
    if (rc == 0)
        rc = finish_list(&s->list, path, e);
    if (rc < 0) {
        image_source_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

void image_source_close(struct image_source *s)
{
    if (!s)
        return;
    if (s->kind)
        s->kind->close(s->self);
    arena_release(&s->list.texts);
    free(s->list.members);
    free(s);
}

void image_source_filter(struct image_source *s, bool (*keep)(void *data, const char *key),
                         void *data)
{
    size_t n = 0;

    for (size_t i = 0; i < s->list.n; i++)
        if (keep(data, s->list.members[i].key))
            s->list.members[n++] = s->list.members[i];
    s->list.n = n;
}

size_t image_source_count(const struct image_source *s)
{
    return s->list.n;
}

const char *image_source_key(const struct image_source *s, size_t i)
{
    return s->list.members[i].key;
}

int image_source_read(struct image_source *s, size_t i, void **data, size_t *len, struct err *e)
{
    *data = NULL;
    if (i >= s->list.n)
        return err_set(e, ERR_ARG, "there is no picture %zu: the source has %zu", i, s->list.n);
    return s->kind->read(s->self, &s->list.members[i], data, len, e);
}
