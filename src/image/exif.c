/* SPDX-License-Identifier: MIT */
#include "image/internal.h"

#include <libexif/exif-data.h>
#include <stdlib.h>
#include <string.h>

static const char header[] = "Exif\0"; /* and the zero at its end: six bytes */

enum { EXIF_BYTES_MAX = 1 << 20 };

/* The first number, if it is 1 to 8; anything else that is there turns nothing. */
static unsigned read_entry(const ExifData *exif, const ExifEntry *entry)
{
    ExifByteOrder order = exif_data_get_byte_order((ExifData *)exif);
    int64_t value = 1;

    if (entry->format == EXIF_FORMAT_SHORT && entry->size >= 2)
        value = exif_get_short(entry->data, order);
    else if (entry->format == EXIF_FORMAT_SSHORT && entry->size >= 2)
        value = exif_get_sshort(entry->data, order);
    else if (entry->format == EXIF_FORMAT_LONG && entry->size >= 4)
        value = exif_get_long(entry->data, order);
    else if (entry->format == EXIF_FORMAT_SLONG && entry->size >= 4)
        value = exif_get_slong(entry->data, order);
    return value >= 1 && value <= 8 ? (unsigned)value : 1;
}

static unsigned read_orientation(const uint8_t *data, size_t len)
{
    ExifData *exif = exif_data_new();
    const ExifEntry *entry;
    unsigned orientation = 0;

    if (!exif)
        return 0;
    /* values as they are written: not put right after the specification */
    exif_data_unset_option(exif, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
    exif_data_set_option(exif, EXIF_DATA_OPTION_DONT_CHANGE_MAKER_NOTE);
    exif_data_load_data(exif, data, (unsigned)len);
    entry = exif_content_get_entry(exif->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
    if (entry)
        orientation = read_entry(exif, entry);
    exif_data_unref(exif);
    return orientation;
}

unsigned exif_orientation(const void *exif, size_t len)
{
    const uint8_t *data = exif;
    unsigned orientation;
    uint8_t *with_header;

    while (len >= sizeof(header) && memcmp(data, header, sizeof(header)) == 0) {
        data += sizeof(header);
        len -= sizeof(header);
    }
    if (len == 0 || len > EXIF_BYTES_MAX)
        return 0;
    with_header = malloc(sizeof(header) + len); /* libexif wants it */
    if (!with_header)
        return 0;
    memcpy(with_header, header, sizeof(header));
    memcpy(with_header + sizeof(header), data, len);
    orientation = read_orientation(with_header, sizeof(header) + len);
    free(with_header);
    return orientation;
}
