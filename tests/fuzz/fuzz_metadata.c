/* SPDX-License-Identifier: MIT
 *
 * Metadata, as a table or as JSON lines: every row has a value for every column.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "formats/formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *const *names, *const *values, *key;
    struct metadata *file;
    unsigned long line;
    struct err e;
    size_t n;
    int rc = metadata_open_memory(&file, "fuzz", data, size, &e);

    if (rc < 0)
        return 0;
    n = metadata_names(file, &names);
    for (size_t i = 0; i < n; i++)
        assert(*names[i] != '\0');
    while ((rc = metadata_next(file, &key, &values, &line, &e)) == 1) {
        assert(*key != '\0' && line > 0);
        for (size_t i = 0; i < n; i++)
            assert(strlen(values[i]) <= size + 32);
    }
    assert(rc == 0 || e.what[0] != '\0');
    metadata_close(file);
    return 0;
}
