/* SPDX-License-Identifier: MIT
 *
 * signals.h - SIGINT, SIGTERM and SIGHUP set a flag. For the program: a library leaves its
 * caller's signals alone.
 */
#ifndef ASSENT_BASE_SIGNALS_H
#define ASSENT_BASE_SIGNALS_H

#include <stdbool.h>

/* Installs the handlers, and ignores SIGPIPE and SIGXFSZ so that a closed pipe or a file-size limit
 * is an error of the write that met it. A second one ends the program at once. nohup's
 * SIGHUP stays ignored. A mapped file that became shorter (SIGBUS) ends it with a message and exit
 * 1. */
void signals_init(void);

bool signals_seen(void);

#endif
