/* SPDX-License-Identifier: MIT
 *
 * width.c - how wide text is on a terminal, over libunistring (Unicode's East Asian Width).
 */
#include <string.h>
#include <uniwidth.h>

#include "base/text.h"

size_t text_width_n(const char *s, size_t len)
{
    int width = u8_width((const uint8_t *)s, len, "UTF-8");

    return width > 0 ? (size_t)width : 0;
}

size_t text_width(const char *s)
{
    return text_width_n(s, strlen(s));
}

size_t text_bytes_of_width(const char *s, size_t width)
{
    size_t end = 0;

    while (s[end] != '\0' && text_width_n(s, end + text_utf8_size(s + end)) <= width)
        end += text_utf8_size(s + end);
    return end;
}
