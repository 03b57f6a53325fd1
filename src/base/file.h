/* SPDX-License-Identifier: MIT
 *
 * file.h - whole files, and what there is on the disk.
 */
#ifndef ASSENT_BASE_FILE_H
#define ASSENT_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* The length of the ending by which name[0..len) is a picture's, whether its format is read or not:
 * 4 for "a.JPG". 0: it is none. */
size_t file_picture_ending(const char *name, size_t len);

/* ERR_FORMAT where these bytes of the file at path are Git LFS's pointer to it: a clone without
 * git-lfs, or before `git lfs pull`. https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md */
int file_check_fetched(const char *path, const void *data, size_t len, struct err *e);

/* Opens what can be read: a descriptor. A pipe that is open, as /dev/stdin or <(..) is, is read;
 * one in a folder would be waited for, and is refused, as are sockets. */
int file_open(const char *path, struct err *e);
/* A whole file of at most max bytes, zero-ended; free() it. A Git LFS pointer is refused. */
int file_read(const char *path, size_t max, char **text, size_t *len, struct err *e);
/* The same of a file on the disk only. */
int file_read_regular(const char *path, size_t max, char **text, size_t *len, struct err *e);
/* ERR_IO where there is something, and no file on the disk: a folder, a pipe, a device. */
int file_check_regular(const char *path, struct err *e);
bool file_exists(const char *path);
bool file_is_folder(const char *path);
/* Neither a folder nor a pipe or device: reading it takes nothing away from it. */
bool file_is_regular(const char *path);
/* Can nothing be created beside path? */
bool file_folder_is_read_only(const char *path);
/* "dir/name", free() it; name alone where it is absolute. */
char *file_join(const char *dir, const char *name, struct err *e);
/* The user's name, for provenance; "unknown" where the system has none. */
const char *file_user(void);

#endif
