/* SPDX-License-Identifier: MIT
 *
 * Chat templates, parsed and rendered. What a rendering gives is text, and the same each time.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "template/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct template_input input = { "Is it a 'cat'? \xc3\xa9\n", "<s>", "</s>", NULL };
    static const struct template_input answered = { "Is it a 'cat'?", "<s>", "</s>", "No" };
    char *out = NULL, *again = NULL, *whole = NULL;
    struct template *t;
    struct err e;
    size_t bad;
    int rc = template_parse(&t, "fuzz", (const char *)data, size, &e);

    if (rc == 0)
        rc = template_render(t, &input, &out, &e);
    assert(rc == 0 || (e.what[0] != '\0' && e.where[0] != '\0' && !out));
    if (rc == 0) {
        assert(text_utf8(out, strlen(out), &bad));
        if (template_render(t, &input, &again, &e) < 0 || strcmp(out, again) != 0)
            abort();
        rc = template_render(t, &answered, &whole, &e);
        assert(rc == 0 ? text_utf8(whole, strlen(whole), &bad) : e.what[0] != '\0' && !whole);
    }
    template_free(t);
    free(out);
    free(again);
    free(whole);
    return 0;
}
