/* SPDX-License-Identifier: MIT
 *
 * stamp.h - is a large file still what it was? Told without reading all of it.
 *
 * Size and time of writing do not say so: rsync -t, tar and Nix set that time, and a file may be
 * written over in its place. The time of the last change cannot be set, but is as coarse as the
 * file system's clock, and late where a file is written through memory. So its bytes are looked at,
 * too: the first and last block, and 64 at equal distances.
 */
#ifndef ASSENT_BASE_STAMP_H
#define ASSENT_BASE_STAMP_H

#include "base/err.h"
#include "base/reader.h"

enum { STAMP_STATE_MAX = 128 };

struct stamp {
    char state[STAMP_STATE_MAX]; /* size, written, changed, device, inode */
    char sample[SHA256_HEX];     /* of the blocks looked at */
};

/* Writes the state only: one look at the folder. ERR_IO where there is no such file. */
int stamp_state(struct stamp *s, const char *path, struct err *e);
/* The same, and the sample: 66 blocks of 4 KiB are read. */
int stamp_take(struct stamp *s, const char *path, struct err *e);

#endif
