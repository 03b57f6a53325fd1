/* SPDX-License-Identifier: MIT
 *
 * base.h - what every folder may use: it knows nothing of images, questions or labels.
 *
 * Ownership, here and everywhere: arguments are borrowed for the call; results through **out are
 * the caller's; a returned const pointer is borrowed from the object, and its header says until
 * when. Every function that can fail returns 0 (or a count) on success and an enum err_code below
 * zero on failure, with the detail in struct err. A failed call leaves nothing behind that the
 * caller sees.
 */
#ifndef ASSENT_BASE_H
#define ASSENT_BASE_H

#include "base/base64.h"      /* bytes as text */
#include "base/buf.h"         /* a growing text buffer with a cap */
#include "base/clock.h"       /* monotonic seconds, durations as people say them */
#include "base/cursor.h"      /* a JSON value that knows its place; objects read by tables */
#include "base/err.h"         /* errors as values: what, where, got, expected, what to do */
#include "base/events.h"      /* what happens while something runs, and shall it end? */
#include "base/file.h"        /* whole files, what there is on the disk */
#include "base/json.h"        /* JSON values, read strictly */
#include "base/json_stream.h" /* large JSON, element by element */
#include "base/json_write.h"  /* JSON made and printed */
#include "base/log.h"         /* the program's messages on standard error */
#include "base/map.h"         /* text key -> number */
#include "base/memory.h"      /* checked sizes, capped growth, the arena */
#include "base/npy.h"         /* arrays written as .npy files */
#include "base/random.h"      /* numbers from a seed, secrets from the system */
#include "base/reader.h"      /* files line by line within bounds; SHA-256 */
#include "base/signals.h"     /* the program's: has somebody pressed Ctrl-C? */
#include "base/stamp.h"       /* is a large file still what it was? */
#include "base/text.h"        /* names folded and suggested, numbers parsed, UTF-8 checked */
#include "base/writer.h"      /* files written whole or not at all */
#include "base/zip.h"         /* a zip archive written, nothing packed */

#endif
