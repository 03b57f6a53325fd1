/* SPDX-License-Identifier: MIT
 *
 * notice.h - where a project's review is served: a file in its folder, which the server holds
 * locked while it runs, so that what a killed one leaves behind is known for that.
 */
#ifndef ASSENT_REVIEW_NOTICE_H
#define ASSENT_REVIEW_NOTICE_H

#include "base/base.h"

enum { NOTICE_ADDRESS_MAX = 512 }; /* bytes, with the zero */

struct notice;

/* Says that this process serves the project in dir at this address. */
int notice_put(struct notice **out, const char *dir, const char *address, struct err *e);
void notice_take_down(struct notice *n); /* NULL is fine */

/* 1 and the address, or 0 where no process on this machine says that it serves. Not for a process
 * that put one up itself: closing any descriptor of a file gives up its locks. */
int notice_read(const char *dir, char address[NOTICE_ADDRESS_MAX], struct err *e);

#endif
