/* SPDX-License-Identifier: MIT */
#include "jobs/import_names.h"

#include <stdlib.h>
#include <string.h>

enum { MAP_BYTES_MAX = 1 << 20 };

static bool is_image(void *matcher, const char *cell)
{
    return matcher_knows(matcher, cell);
}

static int no_pair(const char *pair, const char *option, const char *from, struct err *e)
{
    err_set(e, ERR_ARG, "%s takes pairs", option);
    err_got(e, "'%.200s'", pair);
    err_expected(e, "OLD=NEW");
    return from ? err_at(e, "%s", from) : e->code;
}

/* Cuts text, which is the arena's, at its separators. Empty lines say nothing. */
static int split(char *text, const char *separators, const char *option, const char *from,
                 const char **pairs, struct err *e)
{
    size_t n = 0;

    for (char *rest = text, *pair; (pair = strsep(&rest, separators)) != NULL;) {
        const char *equals = strrchr(pair, '=');

        if (*pair == '\0')
            continue;
        if (!equals || equals == pair)
            return no_pair(pair, option, from, e);
        pairs[n++] = pair;
    }
    return 0;
}

static int read_map(const char *said, const char *option, const char *const **out, struct arena *a,
                    struct err *e)
{
    const char *from = said && *said == '@' ? said + 1 : NULL, **pairs;
    char *file = NULL, *text;
    size_t len = said ? strlen(said) : 0, skip;
    int rc = from ? file_read(from, MAP_BYTES_MAX, &file, &len, e) : 0;

    if (rc < 0 || !said)
        return rc;
    skip = file && len >= 3 && memcmp(file, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    text = arena_text(a, file ? file + skip : said, len - skip, e);
    pairs = arena_new(a, len / 2 + 2, sizeof(*pairs), e);
    free(file);
    if (!text || !pairs)
        return ERR_NOMEM;
    *out = pairs;
    return split(text, from ? "\r\n" : ",", option, from, pairs, e);
}

int import_names_read(const struct import_names *said, struct matcher *m, struct label_names *names,
                      struct arena *a, struct err *e)
{
    int rc;

    *names = (struct label_names){ .image = said->image_column, .is_image = is_image, .data = m };
    rc = read_map(said->map, "--map", &names->values, a, e);
    return rc < 0 ? rc : read_map(said->map_questions, "--map-question", &names->questions, a, e);
}
