/* SPDX-License-Identifier: MIT
 *
 * The bodies of the review's requests: the first byte chooses the request, the rest is its body.
 */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "review/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct body *b)
{
    assert(b->n_answers <= GRID_MOST);
    assert(!b->tab || strlen(b->tab) <= TAB_MAX);
    assert(!b->key || strlen(b->key) <= TAB_MAX);
    assert(b->want <= GRID_MOST);
    assert(b->seconds >= 0 && b->seconds <= SECONDS_MAX);
    for (size_t i = 0; i < b->n_answers; i++) {
        assert(strlen(b->answers[i].item) == SECRET_SHORT - 1);
        assert(b->answers[i].kind != ANSWER_VALUE ||
               (b->answers[i].value >= 0 && b->answers[i].value < TASK_OPTIONS_MAX));
        assert(b->answers[i].kind != ANSWER_FLAG || b->answers[i].reason);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct body b;
    struct err e;
    struct cursor top;

    if (size == 0)
        return 0;
    if (data[0] % 7 < BODY_EMPTY) {
        if (body_read(&b, (enum body_kind)(data[0] % 7), (const char *)data + 1, size - 1, &e) == 0)
            check(&b);
        else
            assert(e.what[0] != '\0');
        body_release(&b);
    } else if (cursor_parse(&top, "packet.json", (const char *)data + 1, size - 1, &e) == 0) {
        if (body_read_packet(&b, &top, &e) == 0)
            check(&b);
        cursor_close(&top);
    }
    return 0;
}
