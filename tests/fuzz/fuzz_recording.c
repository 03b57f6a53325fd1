/* SPDX-License-Identifier: MIT
 *
 * What servers were asked and have answered: the file is refused, or each of its requests has an
 * answer, and one that it has not is told what it has instead.
 */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "label/http/recording_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answer(const struct client_answer *a)
{
    assert(a->status <= 999 && a->seconds >= 0);
    assert(isnan(a->retry_after) || a->retry_after >= 0);
    assert(strlen(a->type) < 1000);
    assert(a->status == 0 || a->body[a->len] == '\0');
    assert((a->status == 0) == (a->error.code != 0));
}

static void ask(struct recording *r, const struct recording_span *members)
{
    struct recording_span path, body;
    char *own_path, *own_body = NULL;
    struct client_answer answer;
    struct err e;
    size_t which;
    int rc = recording_body(&members[RECORDING_PATH], &own_path, &path, &e);

    if (rc == 0)
        rc = recording_body(&members[RECORDING_BODY], &own_body, &body, &e);
    assert(rc == 0 && own_path);
    rc = recording_find(r, &(struct recorded_request){ own_path, body.at, body.len }, "m", &which,
                        &e);
    assert(rc == 0 && which < recording_count(r));
    rc = recording_read(r, which, &answer, &e);
    assert(rc == 0 || e.what[0] != '\0');
    if (rc == 0)
        check_answer(&answer);
    free(own_path);
    free(own_body);
}

static void ask_all(struct recording *r, int fd)
{
    struct recording_lines lines = { .name = "all", .fd = fd };
    struct recording_span members[RECORDING_MEMBERS];
    const char *line;
    uint64_t at;
    struct err e;
    size_t len;

    while (recording_lines_next(&lines, &line, &len, &at, &e) == 1)
        if (recording_header(line, len, &e) == 0) {
            assert(recording_members(line, len, RECORDING_BODY, members));
            ask(r, members);
        }
    recording_lines_release(&lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char other[] =
        "{\"model\":\"m\",\"url\":\"data:image/png;base64,sha256:"
        "00000000000000000000000000000000000000000000000000000000000000ff\"}";
    struct recording *r;
    char path[64];
    struct err e;
    size_t which;
    int fd = memfd_create("recording", MFD_CLOEXEC);

    assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (recording_open(&r, path, NULL, &e) == 0) {
        ask_all(r, fd);
        assert(recording_find(r, &(struct recorded_request){ "/none", other, sizeof(other) - 1 },
                              "m", &which, &e) == ERR_FORMAT);
        assert(recording_find(
                   r, &(struct recorded_request){ "/chat/completions", other, sizeof(other) - 1 },
                   "m", &which, &e) <= 0);
    } else {
        assert(e.what[0] != '\0');
    }
    recording_close(r);
    close(fd);
    return 0;
}
