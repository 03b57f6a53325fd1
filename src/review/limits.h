/* SPDX-License-Identifier: MIT
 *
 * limits.h - numbers that the page and the server agree on. Private to review/.
 */
#ifndef ASSENT_REVIEW_LIMITS_H
#define ASSENT_REVIEW_LIMITS_H

enum {
    GRID_LEAST = 12,
    GRID_MOST = 48, /* answers of one request, and items of a tab */
    IDLE_SECONDS = 60,
    SECONDS_MAX = 3600,  /* that an answer may have taken */
    REPEAT_GAP = 20,     /* answers between an item and its repeat, where there are so many */
    REVIEW_RECENT = 100, /* answers whose median is the pace */
    TAB_MAX = 64,        /* bytes; of an answer's key too */
};

#define PACKET_TAB "packet-packet" /* holds what was handed out as a folder */

#endif
