/* SPDX-License-Identifier: MIT */
#include "project/keys.h"

#include <ctype.h>
#include <string.h>

enum { KEY_BYTES_MAX = 1 << 20, UPLOAD_DIGITS = 8 };

const char *key_next_part(const char *path)
{
    const char *slash = strchr(path, '/');

    return slash ? slash + 1 : NULL;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* ---- as it stands ---- */

static void add_parts(const char *text, struct buf *out)
{
    bool first = true;

    for (const char *end; *text != '\0'; text = *end ? end + 1 : end) {
        end = strchrnul(text, '/');
        if (end == text || (end == text + 1 && *text == '.'))
            continue;
        if (!first)
            buf_putc(out, '/');
        buf_add(out, text, (size_t)(end - text));
        first = false;
    }
}

static int add_plain(const char *text, struct buf *out, struct err *e)
{
    struct buf normal = BUF_INIT(KEY_BYTES_MAX);
    int rc = text_nfc(text, strlen(text), &normal, e);

    if (rc == 0)
        rc = buf_end(&normal, "an image's name", e);
    if (rc == 0 && normal.text)
        add_parts(normal.text, out);
    buf_release(&normal);
    return rc;
}

/* ---- addresses ---- */

/* Behind "s3://", or NULL. RFC 3986, 3.1. */
static const char *behind_scheme(const char *key)
{
    size_t n = isalpha((unsigned char)*key) ? 1 : 0;

    while (n > 0 && (isalnum((unsigned char)key[n]) || (key[n] != '\0' && strchr("+-.", key[n]))))
        n++;
    return n > 1 && strncmp(key + n, "://", 3) == 0 ? key + n + 3 : NULL;
}

/* As Label Studio's local storage has it. */
static const char local[] = "/data/local-files/?d=";

bool key_is_address(const char *key)
{
    return behind_scheme(key) || strstr(key, local) || (*key == '/' && strchr(key, '?'));
}

/* Where in an address the path stands: behind its scheme and before its query; or in the query. */
static const char *path_of(const char *key, size_t *len)
{
    const char *query = strstr(key, local), *path = behind_scheme(key);

    if (query) {
        path = query + sizeof(local) - 1;
        *len = strcspn(path, "&#");
    } else if (path) {
        *len = strcspn(path, "?#");
    } else {
        path = key;
        *len = *key == '/' ? strcspn(key, "?") : strlen(key);
    }
    return path;
}

static int hex_digit(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                        : -1;
}

static void add_decoded(const char *text, size_t len, struct buf *out)
{
    for (size_t i = 0; i < len; i++) {
        int high = text[i] == '%' && i + 2 < len ? hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

        if (low >= 0) {
            buf_putc(out, (char)(high * 16 + low));
            i += 2;
        } else {
            buf_putc(out, text[i] == '\\' ? '/' : text[i]);
        }
    }
}

/* 1; or 0 where the key is no address, or its escapes are no text. */
static int add_address(const char *key, struct buf *out, struct err *e)
{
    struct buf text = BUF_INIT(KEY_BYTES_MAX);
    size_t len, bad;
    const char *path = path_of(key, &len);
    int rc;

    if (path == key && key[len] == '\0' && !strpbrk(key, "%\\"))
        return 0;
    add_decoded(path, len, &text);
    rc = buf_end(&text, "an image's name", e);
    if (rc == 0 && text.text && strlen(text.text) == text.len &&
        text_utf8(text.text, text.len, &bad) && text_is_printable(text.text)) {
        rc = add_plain(text.text, out, e);
        rc = rc < 0 ? rc : 1;
    }
    buf_release(&text);
    return rc;
}

/* ---- uploads ---- */

static bool is_upload(const char *name)
{
    size_t n = strspn(name, "0123456789abcdef");

    return n == UPLOAD_DIGITS && name[n] == '-' && name[n + 1] != '\0' &&
           strcmp(name + n + 1, ".") != 0;
}

/* "data/upload/3/0a1b2c3d-face.jpg" -> "face.jpg": the folder is a number that Label Studio gave.
 */
static int add_upload(const char *path, struct buf *out)
{
    const char *name = base_name(path), *upload = strstr(path, "upload/");

    if (!is_upload(name))
        return 0;
    if (!upload || (upload != path && upload[-1] != '/'))
        buf_add(out, path, (size_t)(name - path));
    buf_puts(out, name + UPLOAD_DIGITS + 1);
    return 1;
}

int key_form(const char *key, enum key_form form, struct buf *out, struct err *e)
{
    struct buf path = BUF_INIT(KEY_BYTES_MAX);
    int rc;

    buf_clear(out);
    if (form == KEY_PLAIN)
        rc = add_plain(key, out, e) < 0 ? e->code : 1;
    else if (form == KEY_ADDRESS)
        rc = add_address(key, out, e);
    else if ((rc = add_address(key, &path, e)) == 0)
        rc = add_plain(key, &path, e);
    if (rc >= 0 && form == KEY_UPLOAD)
        rc = buf_end(&path, "an image's name", e);
    if (rc == 0 && form == KEY_UPLOAD && path.text)
        rc = add_upload(path.text, out);
    buf_release(&path);
    if (rc < 0)
        return rc;
    return buf_end(out, "an image's name", e) < 0 ? e->code : out->len > 0 ? rc : 0;
}

/* ---- folded ---- */

int key_folded(const char *path, struct buf *out, struct err *e)
{
    const char *name = base_name(path);
    size_t len = strlen(name);

    buf_clear(out);
    buf_add(out, path, (size_t)(name - path));
    len -= file_picture_ending(name, len);
    if (strspn(name, "0123456789") >= len)
        for (; len > 1 && *name == '0'; len--)
            name++;
    buf_add(out, name, len);
    return buf_end(out, "an image's name", e);
}
