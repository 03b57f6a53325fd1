/* SPDX-License-Identifier: MIT
 *
 * completion.h - the bash completion, and the names of a project that it asks for. Private to cmd/.
 */
#ifndef ASSENT_CMD_COMPLETION_H
#define ASSENT_CMD_COMPLETION_H

#include "base/err.h"

void print_completion(void);
/* One a line; kind: as job_names has it. */
int print_names(const char *dir, const char *kind, struct err *e);

#endif
