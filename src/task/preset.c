/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "presets.inc" /* made at build from presets/: preset_celeba, preset_blank */
#include "task/task.h"

const char *const task_presets[] = { "celeba", "blank", NULL };

const char *task_preset(const char *name, size_t *len)
{
    if (strcmp(name, "celeba") == 0) {
        *len = sizeof(preset_celeba) - 1;
        return preset_celeba;
    }
    if (strcmp(name, "blank") == 0) {
        *len = sizeof(preset_blank) - 1;
        return preset_blank;
    }
    return NULL;
}
