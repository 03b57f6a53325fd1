/* SPDX-License-Identifier: MIT
 *
 * packed.c - answers as the database holds them, checked once: what comes out of here is an index
 * into what its question had to offer.
 */
#include "store/packed.h"

#include <math.h>

#include "store/damage.h"
#include "store/internal.h"

enum { RUN, IMAGE, SET, VALUES, PROBABILITIES, MASS, SPREAD, DETAIL }; /* PACKED_COLUMNS */
enum { POSITION = 3, VALUE };                                          /* VOTE_COLUMNS, as above */

/* A share that was summed in single precision may be a little above 1. */
static const float share_most = 1.001F;

/* ---- what to say ---- */

enum { TEXT_MAX = 160 };

/* The text that a statement finds, in out; "" where it finds none. */
static void look_up(struct store *s, const char *statement, struct sql_values v, char out[TEXT_MAX])
{
    struct err ignored; /* this is about another error */
    struct sql_rows *found;

    out[0] = '\0';
    if (sql_query(s->db, &found, statement, v, &ignored) < 0)
        return;
    if (sql_step(found, &ignored) == 1) {
        snprintf(out, TEXT_MAX, "%s", sql_text(found, 0));
        text_ellipsis(out, TEXT_MAX);
    }
    sql_done(found);
}

struct cell {
    int64_t run, image, set;
    size_t position; /* SIZE_MAX: all of the image's */
};

/* Says which cell an error is about, and what to do. */
static int at_cell(struct store *s, const struct cell *c, struct err *e)
{
    char image[TEXT_MAX], question[TEXT_MAX] = "", run[32];

    look_up(s, "SELECT key FROM image WHERE id = $1", BIND(INT(c->image)), image);
    if (c->position != SIZE_MAX)
        look_up(s, "SELECT name FROM question_column WHERE question_set = $1 AND position = $2",
                BIND(INT(c->set), INT(c->position)), question);
    snprintf(run, sizeof(run), "run %lld", (long long)c->run);
    err_at(e, "%s, image %s%s%s", c->run ? run : "the review", image,
           *question ? ", question " : "", question);
    return damage_hint(e);
}

static int wrong_size(struct store *s, const struct packed *p, size_t got, size_t expected,
                      struct err *e)
{
    err_set(e, ERR_DB, "the packed answers have the wrong size");
    err_got(e, "%zu bytes", got);
    err_expected(e, "%zu", expected);
    return at_cell(s, &(struct cell){ p->run, p->image, p->set->id, SIZE_MAX }, e);
}

static int wrong_value(struct store *s, const struct cell *c, int64_t got, size_t n_values,
                       struct err *e)
{
    err_set(e, ERR_DB, "this cannot be an answer");
    err_got(e, "%lld", (long long)got);
    err_expected(e, "0 to %zu, or a reason from %d to %d", n_values - 1, VALUE_LOWEST,
                 VALUE_MISSING);
    return at_cell(s, c, e);
}

static int wrong_share(struct store *s, const struct packed *p, size_t position, double got,
                       struct err *e)
{
    err_set(e, ERR_DB, "a share of an answer's probability cannot be");
    err_got(e, "%g", got);
    err_expected(e, "0 to 1");
    return at_cell(s, &(struct cell){ p->run, p->image, p->set->id, position }, e);
}

/* ---- checking ---- */

static bool is_value(const struct translation *t, int64_t value)
{
    return value < 0 ? value >= VALUE_LOWEST : (uint64_t)value < t->n_stored;
}

/* Without a branch a value: there are millions. */
static bool are_values(const struct question_set *set, const int16_t *values)
{
    const int16_t *most = set->most;
    unsigned wrong = 0;

    for (size_t i = 0; i < set->n; i++)
        wrong |= (unsigned)(values[i] > most[i]) | (unsigned)(values[i] < VALUE_LOWEST);
    return wrong == 0;
}

static int check_values(struct store *s, const struct packed *p, struct err *e)
{
    const struct question_set *set = p->set;

    if (are_values(set, p->values))
        return 0;
    for (size_t i = 0; i < set->n; i++)
        if (!is_value(&set->columns[i], p->values[i]))
            return wrong_value(s, &(struct cell){ p->run, p->image, set->id, i }, p->values[i],
                               set->columns[i].n_stored, e);
    return 0;
}

/* The first of n shares that cannot be; n: all can. NaN: there is none. */
static size_t find_wrong_share(const float *shares, size_t n)
{
    unsigned wrong = 0;
    size_t i = 0;

    for (size_t k = 0; k < n; k++)
        wrong |= (unsigned)(shares[k] < 0) | (unsigned)(shares[k] > share_most);
    while (wrong && i < n && !(shares[i] < 0) && !(shares[i] > share_most))
        i++;
    return wrong ? i : n;
}

/* The column whose probabilities begin at or before a place in the row. */
static size_t column_of(const struct question_set *set, size_t place)
{
    size_t i = set->n;

    while (i > 0 && set->columns[i - 1].probability > place)
        i--;
    return i - 1;
}

static int check_shares(struct store *s, const struct packed *p, struct err *e)
{
    const float *by_column[] = { p->mass, p->spread };
    size_t n = p->probabilities ? p->set->n_probabilities : 0,
           i = find_wrong_share(p->probabilities, n);

    if (i < n)
        return wrong_share(s, p, column_of(p->set, i), (double)p->probabilities[i], e);
    for (size_t k = 0; k < COUNT(by_column); k++) {
        n = by_column[k] ? p->set->n : 0;
        i = find_wrong_share(by_column[k], n);
        if (i < n)
            return wrong_share(s, p, i, (double)by_column[k][i], e);
    }
    return 0;
}

/* A column of the row as an array of so many bytes; NULL where there is none. */
static int take_array(struct store *s, struct sql_rows *row, int column, size_t bytes,
                      const struct packed *p, const void **out, struct err *e)
{
    size_t n;

    *out = sql_blob(row, column, &n);
    return n == bytes || (!*out && column != VALUES) ? 0 : wrong_size(s, p, n, bytes, e);
}

int packed_read(struct question_sets *sets, struct sql_rows *row, struct packed *out, struct err *e)
{
    const void *arrays[SPREAD + 1] = { NULL };
    int rc;

    *out = (struct packed){ .run = sql_int(row, RUN), .image = sql_int(row, IMAGE) };
    rc = question_sets_find(sets, sql_int(row, SET), &out->set, e);
    for (int i = VALUES; rc == 0 && i <= SPREAD && i < sql_columns(row); i++) {
        size_t n = i == PROBABILITIES ? out->set->n_probabilities : out->set->n;

        rc = take_array(sets->store, row, i, n * (i == VALUES ? sizeof(int16_t) : sizeof(float)),
                        out, &arrays[i], e);
    }
    if (rc < 0)
        return rc;
    out->values = arrays[VALUES];
    out->probabilities = arrays[PROBABILITIES];
    out->mass = arrays[MASS];
    out->spread = arrays[SPREAD];
    out->detail = sql_columns(row) > DETAIL ? sql_text(row, DETAIL) : NULL;
    rc = check_values(sets->store, out, e);
    return rc < 0 ? rc : check_shares(sets->store, out, e);
}

int single_vote_read(struct question_sets *sets, struct sql_rows *row, struct single_vote *out,
                     struct err *e)
{
    int64_t position = sql_int(row, POSITION), value = sql_int(row, VALUE);
    struct cell c = { sql_int(row, RUN), sql_int(row, IMAGE), sql_int(row, SET), (size_t)position };
    const struct question_set *set;
    int rc = question_sets_find(sets, c.set, &set, e);

    if (rc < 0)
        return rc;
    if (position < 0 || (size_t)position >= set->n) {
        err_set(e, ERR_DB, "a vote on a question that was never asked");
        err_got(e, "position %lld of question set %lld", (long long)position, (long long)set->id);
        err_expected(e, "below %zu", set->n);
        return at_cell(sets->store, &c, e);
    }
    if (!is_value(&set->columns[position], value))
        return wrong_value(sets->store, &c, value, set->columns[position].n_stored, e);
    *out = (struct single_vote){ c.run, c.image, set, (size_t)position, (int16_t)value };
    return 0;
}
