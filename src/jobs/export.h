/* SPDX-License-Identifier: MIT
 *
 * export.h - labels go out to a file.
 */
#ifndef ASSENT_JOBS_EXPORT_H
#define ASSENT_JOBS_EXPORT_H

#include "base/base.h"
#include "project/project.h"

struct export_options {
    const char *path, *format;
    const char *const
        *annotators; /* or "consensus"; NULL: all, for the formats that take several */
    size_t n_annotators;
    const struct events *events;
};

struct export_result {
    const char *path, *format; /* the options' */
    uint64_t images, cells;
    bool stale; /* the consensus is older than the newest answers */
};

/* The file is written whole or not at all. */
int job_export(const struct project *p, const struct export_options *o, struct export_result *out,
               struct err *e);
/* The newest random sample with one annotator's labels, for other programs' estimators: the first
 * annotator of the options, else the usual one. ERR_ARG where no sample was drawn at random. */
int job_export_design(const struct project *p, const struct export_options *o,
                      struct export_result *out, struct err *e);

#endif
