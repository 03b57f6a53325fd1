/* SPDX-License-Identifier: MIT
 *
 * assent.yaml: any bytes give a task or an error with a place.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "task/task.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct task *task;
    struct err e;
    int rc = task_parse(&task, "fuzz.yaml", (const char *)data, size, &e);

    assert(rc <= 0 && (rc == 0) == (task != NULL));
    assert(rc == 0 || (e.code == (enum err_code)rc && e.what[0] != '\0'));
    task_free(task);
    return 0;
}
