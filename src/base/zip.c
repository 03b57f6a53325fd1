/* SPDX-License-Identifier: MIT */
#include "base/zip.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"

enum {
    MEMBERS_MAX = 65535,
    NAME_MAX_BYTES = 255,
    DIRECTORY_MAX = 64 << 20,
    VERSION = 20,      /* 2.0: folders */
    DATE = 1 << 5 | 1, /* 1980-01-01: when it was written is nobody's business */
};

struct zip_writer {
    FILE *to;
    uint32_t crc[256];
    uint64_t at;
    struct buf directory;
    uint32_t n;
};

/* CRC-32 (ISO 3309), a byte at a time. */
static void make_table(uint32_t table[256])
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;

        for (int bit = 0; bit < 8; bit++)
            c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
        table[i] = c;
    }
}

static uint32_t crc_of(const struct zip_writer *z, const unsigned char *data, size_t len)
{
    uint32_t c = 0xffffffffu;

    for (size_t i = 0; i < len; i++)
        c = z->crc[(c ^ data[i]) & 0xff] ^ c >> 8;
    return c ^ 0xffffffffu;
}

static void put(struct buf *b, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        buf_putc(b, (char)(value >> (8 * i) & 0xff));
}

/* What the local header and the directory have alike. */
static void put_member(struct buf *b, uint32_t crc, uint32_t len, const char *name)
{
    put(b, VERSION, 2);
    put(b, 0, 2); /* flags */
    put(b, 0, 2); /* stored */
    put(b, 0, 2); /* time */
    put(b, DATE, 2);
    put(b, crc, 4);
    put(b, len, 4);
    put(b, len, 4);
    put(b, (uint32_t)strlen(name), 2);
    put(b, 0, 2); /* extra field */
}

int zip_writer_new(struct zip_writer **out, FILE *to, struct err *e)
{
    struct zip_writer *z = mem_new(1, sizeof(*z), e);

    *out = z;
    if (!z)
        return ERR_NOMEM;
    z->to = to;
    z->directory = BUF_INIT(DIRECTORY_MAX);
    make_table(z->crc);
    return 0;
}

static void put_directory(struct zip_writer *z, uint32_t crc, uint32_t len, const char *name)
{
    struct buf *b = &z->directory;

    buf_add(b, "PK\1\2", 4);
    put(b, VERSION, 2);
    put_member(b, crc, len, name);
    put(b, 0, 2); /* comment */
    put(b, 0, 2); /* disk */
    put(b, 0, 2); /* internal attributes */
    put(b, 0, 4); /* external attributes */
    put(b, (uint32_t)z->at, 4);
    buf_puts(b, name);
}

int zip_writer_add(struct zip_writer *z, const char *name, const void *data, size_t len,
                   struct err *e)
{
    struct buf header = BUF_INIT(NAME_MAX_BYTES + 64);
    uint32_t crc = crc_of(z, data, len);
    int rc;

    if (z->n == MEMBERS_MAX || strlen(name) > NAME_MAX_BYTES || len > UINT32_MAX ||
        z->at + len + z->directory.len > UINT32_MAX - (1 << 20)) {
        err_set(e, ERR_LIMIT, "too much for one zip archive");
        return err_expected(e, "at most 65 535 files and 4 GiB");
    }
    buf_add(&header, "PK\3\4", 4);
    put_member(&header, crc, (uint32_t)len, name);
    buf_puts(&header, name);
    put_directory(z, crc, (uint32_t)len, name);
    rc = buf_end(&header, "a zip header", e);
    if (rc == 0) {
        fwrite(header.text, 1, header.len, z->to);
        fwrite(data, 1, len, z->to);
        z->at += header.len + len;
        z->n++;
    }
    buf_release(&header);
    return rc;
}

int zip_writer_end(struct zip_writer *z, struct err *e)
{
    struct buf *b = &z->directory;
    uint32_t size = (uint32_t)b->len;
    int rc;

    buf_add(b, "PK\5\6", 4);
    put(b, 0, 2); /* this disk */
    put(b, 0, 2); /* the directory's */
    put(b, z->n, 2);
    put(b, z->n, 2);
    put(b, size, 4);
    put(b, (uint32_t)z->at, 4);
    put(b, 0, 2); /* comment */
    rc = buf_end(b, "a zip directory", e);
    if (rc == 0)
        fwrite(b->text, 1, b->len, z->to);
    return rc;
}

void zip_writer_free(struct zip_writer *z)
{
    if (!z)
        return;
    buf_release(&z->directory);
    free(z);
}
