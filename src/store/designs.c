/* SPDX-License-Identifier: MIT */
#include "store/designs.h"

#include <stdlib.h>
#include <string.h>

#include "store/damage.h"
#include "store/internal.h"
#include "store/review_rows.h"

int store_design_find(struct store *s, const char *settings, int64_t *id, uint64_t *seed,
                      struct err *e)
{
    struct sql_rows *found;
    int rc = settings ? sql_query(s->db, &found,
                                  "SELECT id, seed FROM review_design WHERE settings = $1"
                                  " ORDER BY id DESC LIMIT 1",
                                  BIND(TEXT(settings)), e)
                      : sql_query(s->db, &found,
                                  "SELECT id, seed FROM review_design WHERE id IN (SELECT design"
                                  " FROM review_stratum) ORDER BY id DESC LIMIT 1",
                                  BIND_NOTHING, e);

    *id = 0;
    *seed = 0;
    if (rc == 0)
        rc = sql_step(found, e);
    if (rc == 1 && text_u64(sql_text(found, 1), UINT64_MAX, seed))
        *id = sql_int(found, 0);
    sql_done(found);
    return rc < 0 ? rc : 0;
}

int store_designs_before(struct store *s, int64_t design, uint64_t *n, struct err *e)
{
    int64_t found = 0;
    int rc =
        sql_number(s->db, "SELECT count(DISTINCT design) FROM review_stratum WHERE design < $1",
                   BIND(INT(design)), &found, e);

    *n = (uint64_t)found;
    return rc;
}

int store_design_text(struct store *s, int64_t design, struct arena *arena, const char **settings,
                      const char **created, struct err *e)
{
    struct sql_rows *found;
    int rc = sql_query(s->db, &found,
                       "SELECT settings, coalesce((SELECT min(created) FROM review_frame"
                       " WHERE design = $1), created) FROM review_design WHERE id = $1",
                       BIND(INT(design)), e);

    *settings = *created = NULL;
    if (rc == 0 && (rc = sql_step(found, e)) == 1) {
        *settings = arena_text(arena, sql_text(found, 0), strlen(sql_text(found, 0)), e);
        *created = arena_text(arena, sql_text(found, 1), strlen(sql_text(found, 1)), e);
        rc = *settings && *created ? 0 : ERR_NOMEM;
    }
    sql_done(found);
    return rc;
}

int store_design_add(struct store *s, const char *settings, uint64_t seed, int64_t *id,
                     struct err *e)
{
    char now[32], number[24];

    snprintf(number, sizeof(number), "%llu", (unsigned long long)seed); /* 64 bits: no integer */
    return sql_insert(s->db,
                      "INSERT INTO review_design (settings, seed, created, by_whom)"
                      " VALUES ($1, $2, $3, $4)",
                      BIND(TEXT(settings), TEXT(number), TEXT(store_now(now)), TEXT(file_user())),
                      id, e);
}

/* ---- the frame ---- */

/* The names of a part's columns as JSON, free() it. */
static char *column_names(const struct store_frame_part *p)
{
    struct json_t *names = jv_array();
    char *text;

    for (size_t c = 0; c < p->task->n_columns; c++)
        if (!p->columns || p->columns[c])
            jv_append(names, jv_pack("s", p->task->columns[c].name));
    text = jv_print_line(names);
    jv_free(names);
    return text;
}

static int add_part(struct store *s, int64_t design, const struct store_frame_part *p,
                    int64_t *part, struct err *e)
{
    char *columns = column_names(p), now[32];
    int64_t last = p->images->n > 0 ? p->images->ids[p->images->n - 1] : 0;
    int rc = columns ? sql_number(s->db,
                                  "SELECT coalesce(max(part) + 1, 0) FROM review_frame"
                                  " WHERE design = $1",
                                  BIND(INT(design)), part, e)
                     : err_set(e, ERR_NOMEM, "out of memory: a sample's frame");

    if (rc == 0)
        rc = sql_run(s->db,
                     "INSERT INTO review_frame (design, part, last_image, columns, cells, created,"
                     " by_whom) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                     BIND(INT(design), INT(*part), INT(last), TEXT(columns), INT(p->cells),
                          TEXT(store_now(now)), TEXT(file_user())),
                     e);
    free(columns);
    return rc;
}

/* Strata are kept as uint16: what a column's positions are above its smallest, plus one. A column
 * whose strata lie further apart is not kept, and its verdict then has to be refused: at two cells
 * a stratum that takes a sample of 131 000 cells. */
static bool pack_column(const struct store_frame_part *p, size_t column, size_t first,
                        uint8_t *bytes, size_t len, uint32_t *least)
{
    const uint32_t *of = p->stratum_of + column * p->images->n;

    *least = STORE_OUTSIDE;
    for (size_t i = 0; i < p->images->n; i++)
        if (of[i] < *least)
            *least = of[i];
    memset(bytes, 0, len);
    for (size_t i = 0; i < p->images->n; i++) {
        uint32_t above = of[i] - *least + 1;
        size_t at = 2 * (size_t)p->images->ids[i];

        if (of[i] == STORE_OUTSIDE)
            continue;
        if (above > UINT16_MAX)
            return false;
        bytes[at] = (uint8_t)above;
        bytes[at + 1] = (uint8_t)(above >> 8);
    }
    if (*least != STORE_OUTSIDE)
        *least += (uint32_t)first;
    return *least != STORE_OUTSIDE;
}

static int add_columns(struct store *s, int64_t design, const struct store_frame_part *p,
                       int64_t part, size_t first, struct err *e)
{
    size_t len = p->images->n > 0 ? 2 * (size_t)p->images->ids[p->images->n - 1] + 2 : 0;
    uint8_t *bytes = mem_new(len, 1, e);
    uint32_t least;
    int rc = bytes ? 0 : ERR_NOMEM;

    for (size_t c = 0; rc == 0 && p->stratum_of && c < p->task->n_columns; c++)
        if (pack_column(p, c, first, bytes, len, &least))
            rc = sql_run(s->db,
                         "INSERT INTO review_frame_column (design, part, name, first, strata)"
                         " VALUES ($1, $2, $3, $4, $5)",
                         BIND(INT(design), INT(part), TEXT(p->task->columns[c].name), INT(least),
                              BLOB(bytes, len)),
                         e);
    free(bytes);
    return rc;
}

int store_design_extend(struct store *s, int64_t design, const struct store_frame_part *p,
                        const struct store_stratum *strata, size_t n, size_t *first, struct err *e)
{
    int64_t part, position;
    int rc = add_part(s, design, p, &part, e);

    if (rc == 0)
        rc = sql_number(s->db,
                        "SELECT coalesce(max(position) + 1, 0) FROM review_stratum"
                        " WHERE design = $1",
                        BIND(INT(design)), &position, e);
    *first = rc == 0 ? (size_t)position : 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = sql_run(s->db,
                     "INSERT INTO review_stratum (design, position, part, name, cells, drawn)"
                     " VALUES ($1, $2, $3, $4, $5, $6)",
                     BIND(INT(design), INT(*first + i), INT(part), TEXT(strata[i].name),
                          INT(strata[i].cells), INT(strata[i].drawn)),
                     e);
    return rc == 0 ? add_columns(s, design, p, part, *first, e) : rc;
}

int store_stratum_grow(struct store *s, int64_t design, size_t position,
                       const struct store_stratum *h, struct err *e)
{
    int rc =
        sql_run(s->db, "UPDATE review_stratum SET drawn = $1 WHERE design = $2 AND position = $3",
                BIND(INT(h->drawn), INT(design), INT(position)), e);

    if (rc < 0)
        return rc;
    return sql_run(s->db,
                   "UPDATE review_item SET inclusion_probability = $1"
                   " WHERE design = $2 AND stratum = $3",
                   BIND(REAL((double)h->drawn / (double)h->cells), INT(design), INT(position)), e);
}

static size_t images_up_to(const struct store_images *images, int64_t last)
{
    size_t n = 0;

    while (n < images->n && images->ids[n] <= last)
        n++;
    return n;
}

static int take_part(const struct task *t, size_t n_images, const char *columns, size_t *images_of,
                     struct err *e)
{
    struct json_t *names;
    int rc = jv_parse_as(&names, "review_frame.columns", columns, strlen(columns), e);

    for (size_t i = 0; rc == 0 && i < jv_length(names); i++) {
        const char *name = jv_text(jv_at(names, i));
        size_t column;

        if (name && task_find_column_or_former(t, name, &column) && images_of[column] < n_images)
            images_of[column] = n_images;
    }
    if (rc == 0)
        jv_free(names);
    return rc;
}

int store_frame_load(struct store *s, int64_t design, const struct task *t,
                     const struct store_images *images, size_t *images_of, struct err *e)
{
    struct sql_rows *list;
    bool any = false;
    int rc = sql_query(s->db, &list,
                       "SELECT last_image, columns FROM review_frame WHERE design = $1"
                       " ORDER BY part",
                       BIND(INT(design)), e);

    memset(images_of, 0, t->n_columns * sizeof(*images_of));
    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        any = true;
        rc = take_part(t, images_up_to(images, sql_int(list, 0)), sql_text(list, 1), images_of, e);
    }
    sql_done(list);
    return rc < 0 ? rc : any;
}

/* Every stratum that it names is the design's. */
int frame_column_row_check(struct sql_rows *row, struct err *e)
{
    int64_t id = sql_int(row, FRAME_ID), first = sql_int(row, FRAME_FIRST), most = 0;
    double n_strata = (double)sql_int(row, FRAME_STRATA_OF_DESIGN);
    size_t len;
    const uint8_t *bytes = sql_blob(row, FRAME_STRATA, &len);
    int rc = check_number("review_frame_column.first", id, (double)first,
                          (struct range){ 0, n_strata - 1 }, e);

    for (size_t at = 0; at + 1 < len; at += 2) {
        int64_t above = bytes[at] | bytes[at + 1] << 8;

        most = above > most ? above : most;
    }
    return rc < 0 || most == 0
               ? rc
               : check_number("review_frame_column.strata", id, (double)(first + most - 1),
                              (struct range){ 0, n_strata - 1 }, e);
}

/* What a column's row says of the images that there are. */
static int take_strata(struct sql_rows *row, const struct store_images *images, uint32_t *of,
                       struct err *e)
{
    int64_t first = sql_int(row, FRAME_FIRST);
    size_t len;
    const uint8_t *bytes = sql_blob(row, FRAME_STRATA, &len);
    int rc = frame_column_row_check(row, e);

    for (size_t i = 0; rc == 0 && i < images->n; i++) {
        size_t at = 2 * (size_t)images->ids[i];
        unsigned above = at + 1 < len ? bytes[at] | (unsigned)bytes[at + 1] << 8 : 0;

        if (above > 0)
            of[i] = (uint32_t)first + above - 1;
    }
    return rc;
}

int store_frame_strata(struct store *s, int64_t design, const struct task *t,
                       const struct store_images *images, uint32_t *stratum_of, struct err *e)
{
    struct sql_rows *list;
    bool any = false;
    int rc = sql_query(s->db, &list,
                       "SELECT " FRAME_COLUMNS " FROM review_frame_column AS f"
                       " WHERE design = $1 ORDER BY part",
                       BIND(INT(design)), e);

    for (size_t i = 0; i < t->n_columns * images->n; i++)
        stratum_of[i] = STORE_OUTSIDE;
    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        size_t column;

        any = true;
        rc = task_find_column_or_former(t, sql_text(list, FRAME_NAME), &column)
                 ? take_strata(list, images, stratum_of + column * images->n, e)
                 : 0;
    }
    sql_done(list);
    return rc < 0 ? rc : any;
}

/* ---- strata ---- */

/* Of images that were set aside `drawn` cells are in the sample: the part of the stratum that is
 * left is a domain, whose size is estimated by its share of what was drawn. Cochran, Sampling
 * Techniques (1977), 2.11-2.12. */
static void set_cells_aside(struct store_stratum *h, uint64_t drawn)
{
    if (drawn == 0 || h->drawn == 0 || drawn > h->drawn)
        return;
    h->cells_aside = h->cells;
    h->cells = (uint64_t)((double)h->cells * (double)(h->drawn - drawn) / (double)h->drawn + 0.5);
    h->cells_aside -= h->cells;
    h->drawn -= drawn;
    h->drawn_aside = drawn;
}

/* As many cells as any project has, and drawn from them. */
int stratum_row_check(struct sql_rows *row, int64_t design, int first, struct err *e)
{
    double cells = (double)sql_int(row, first), drawn = (double)sql_int(row, first + 1);
    int rc = check_number("review_stratum.cells of design", design, cells,
                          (struct range){ 0, (double)UINT32_MAX * TASK_COLUMNS_MAX }, e);

    if (rc == 0)
        rc = check_number("review_stratum.drawn of design", design, drawn,
                          (struct range){ 0, cells }, e);
    if (rc == 0)
        rc = check_number("review_stratum.part of design", design, (double)sql_int(row, first + 2),
                          (struct range){ 0, UINT32_MAX }, e);
    return rc < 0 ? rc
                  : check_number("review_stratum.position of design", design,
                                 (double)sql_int(row, first + 3),
                                 (struct range){ (double)sql_int(row, first + 4),
                                                 (double)sql_int(row, first + 4) },
                                 e);
}

int store_strata_load(struct store *s, int64_t design, struct arena *arena,
                      struct store_stratum **strata, size_t *n, struct err *e)
{
    struct sql_rows *list = NULL;
    int64_t count = 0;
    int rc = sql_number(s->db, "SELECT count(*) FROM review_stratum WHERE design = $1",
                        BIND(INT(design)), &count, e);

    *n = 0;
    *strata = arena_new(arena, (size_t)count, sizeof(**strata), e);
    if (rc == 0 && !*strata)
        rc = ERR_NOMEM;
    if (rc == 0)
        rc = sql_query(s->db, &list,
                       "SELECT name, " STRATUM_COLUMNS ", coalesce(gone.n, 0)"
                       " FROM review_stratum AS h LEFT JOIN (SELECT i.stratum, count(*) AS n"
                       " FROM review_item AS i JOIN image ON image.id = i.image"
                       " WHERE i.design = $1 AND i.kind <> 'repeat' AND image.aside IS NOT NULL"
                       " GROUP BY i.stratum) AS gone ON gone.stratum = h.position"
                       " WHERE h.design = $1 ORDER BY h.position",
                       BIND(INT(design)), e);
    while (rc == 0 && *n < (size_t)count && (rc = sql_step(list, e)) == 1) {
        const char *name = sql_text(list, 0);
        struct store_stratum *h = &(*strata)[(*n)++];

        rc = stratum_row_check(list, design, 1, e);
        if (rc < 0)
            break;
        *h = (struct store_stratum){ arena_text(arena, name, strlen(name), e),
                                     (uint64_t)sql_int(list, 1), (uint64_t)sql_int(list, 2),
                                     (size_t)sql_int(list, 3) };
        set_cells_aside(h, (uint64_t)sql_int(list, 6));
        rc = h->name ? 0 : ERR_NOMEM;
    }
    sql_done(list);
    return rc;
}

/* ---- verdicts that were asked for ---- */

int store_acceptance_add(struct store *s, const struct store_acceptance *a, struct err *e)
{
    char now[32];

    return sql_run(
        s->db,
        "INSERT INTO acceptance (design, annotator, settings, settled, at, by_whom)"
        " SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS (SELECT 1 FROM acceptance AS last"
        " WHERE last.design = $1 AND last.annotator = $2 AND last.settings = $3"
        " AND last.settled = $4)",
        BIND(INT(a->design), INT(a->annotator), TEXT(a->settings), INT(a->settled),
             TEXT(store_now(now)), TEXT(file_user())),
        e);
}

int store_acceptance_fixed(struct store *s, int64_t design, int64_t annotator, uint64_t *fixed_n,
                           struct err *e)
{
    struct sql_rows *list;
    int rc = sql_query(s->db, &list,
                       "SELECT settings FROM acceptance WHERE design = $1 AND annotator = $2"
                       " AND settled = 0 ORDER BY id",
                       BIND(INT(design), INT(annotator)), e);

    *fixed_n = 0;
    while (rc == 0 && *fixed_n == 0 && (rc = sql_step(list, e)) == 1) {
        const char *text = sql_text(list, 0);
        struct json_t *settings;
        int64_t n = 0;

        rc = jv_parse_as(&settings, "acceptance.settings", text, strlen(text), e);
        if (rc == 0 && jv_integer(jv_get(settings, "fixed_n"), &n) && n > 0)
            *fixed_n = (uint64_t)n;
        if (rc == 0)
            jv_free(settings);
    }
    sql_done(list);
    return rc < 0 ? rc : 0;
}
