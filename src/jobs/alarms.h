/* SPDX-License-Identifier: MIT
 *
 * alarms.h - what of a report is beyond a threshold. Private to jobs/.
 */
#ifndef ASSENT_JOBS_ALARMS_H
#define ASSENT_JOBS_ALARMS_H

#include "jobs/report.h"

/* Both fill the report's lists, which lie in its arena. */
int alarms_ring(struct report_result *r, struct err *e);
int alarms_missed(struct report_result *r, struct err *e);

#endif
