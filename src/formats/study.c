/* SPDX-License-Identifier: MIT
 *
 * The folder that the CelebA study published: questions.json (name -> wording; its order is that of
 * the values), ai_annotation.json (image -> a value a question) and re_annotation.json (image ->
 * {name: value}: one person's vote on every cell where model and people differ). So people's label
 * is the model's, but its opposite where the cell is listed.
 *
 * The votes are read first and kept; then each image gives a row of the model and one of people;
 * then come the votes.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/internal.h"

static const char model_name[] = "llava-next-8b", people_name[] = "celeba",
                  person_name[] = "person";

enum phase { MODEL, PEOPLE, VOTES };
enum { AI, RE, N_FILES };
static const char *const file_names[N_FILES] = { "ai_annotation.json", "re_annotation.json" };

/* One person's votes on one image. */
struct ballot {
    const char *key;
    size_t first, n; /* in votes */
    unsigned long line;
    bool used;
};

struct study {
    enum phase phase;
    char *paths[N_FILES];
    struct reader *readers[N_FILES];
    char sha256[N_FILES][SHA256_HEX], both[2 * SHA256_HEX];
    struct buf source;
    struct jv_stream stream;       /* over ai_annotation.json */
    const struct target **targets; /* [n], in the order of questions.json */
    const char **names;            /* [n] */
    size_t n, targets_cap, names_cap;
    struct label_cell *votes;
    size_t n_votes, votes_cap;
    struct ballot *ballots;
    size_t n_ballots, ballots_cap, next_ballot;
    struct map *ballot_of;
    char *key; /* of the image at hand */
    struct label_cell *model_cells;
    size_t n_model_cells;
};

static int place(const struct study *s, int file, const char *key, struct err *e)
{
    return err_at(e, "%s:%lu: image %s", s->paths[file], reader_line_number(s->readers[file]), key);
}

static bool read_sign(const struct json_t *v, int16_t *value)
{
    int64_t sign;

    if (!jv_integer(v, &sign) || (sign != 1 && sign != -1))
        return false;
    *value = sign == 1 ? VALUE_YES : VALUE_NO;
    return true;
}

static int not_a_sign(const struct json_t *v, const char *name, struct err *e)
{
    err_set(e, ERR_FORMAT, "the value of '%s' is not what it should be", name);
    err_got(e, "%s", jv_type_name(v));
    return err_expected(e, "-1 or 1");
}

/* ---- questions.json ---- */

static int add_question(struct labels *l, struct study *s, const char *name, struct err *e)
{
    int rc =
        mem_grow(&s->targets, &s->targets_cap, s->n + 1, sizeof(*s->targets), TASK_COLUMNS_MAX, e);

    if (rc == 0)
        rc = mem_grow(&s->names, &s->names_cap, s->n + 1, sizeof(*s->names), TASK_COLUMNS_MAX, e);
    if (rc == 0)
        rc = labels_match(l, name, strlen(name), &s->targets[s->n], e);
    if (rc < 0)
        return rc;
    s->names[s->n] = arena_text(&l->arena, name, strlen(name), e);
    if (!s->names[s->n])
        return ERR_NOMEM;
    if (s->targets[s->n]->found &&
        (s->targets[s->n]->whole || !l->task->columns[s->targets[s->n]->column].yesno))
        return err_set(e, ERR_FORMAT, "the study's question '%s' is yes/no, the task's is not",
                       name);
    for (size_t i = 0; i < s->n; i++)
        if (s->targets[i]->found && s->targets[i] == s->targets[s->n])
            return err_set(e, ERR_FORMAT, "the question '%s' stands in questions.json twice", name);
    s->n++;
    return 0;
}

static int read_questions(struct labels *l, struct study *s, struct err *e)
{
    char *path = file_join(l->path, "questions.json", e), *key = NULL;
    struct reader *r = NULL;
    struct jv_stream stream;
    struct json_t *wording;
    int rc = path ? reader_open(&r, path, e) : ERR_NOMEM;

    if (rc == 0)
        rc = jv_stream_start(&stream, r, e);
    while (rc == 0 && (rc = jv_stream_next(&stream, &key, &wording, e)) == 1) {
        rc = key ? add_question(l, s, key, e)
                 : err_set(e, ERR_FORMAT, "questions.json should be an object, name: wording");
        if (rc < 0)
            reader_at(r, e);
        free(key);
        jv_free(wording);
    }
    reader_close(r);
    free(path);
    return rc;
}

/* ---- re_annotation.json ---- */

static int add_vote(struct labels *l, struct study *s, const char *name, const struct json_t *v,
                    struct err *e)
{
    const struct target *t;
    int16_t value;
    int rc = labels_match(l, name, strlen(name), &t, e);

    if (rc < 0 || !t->found)
        return rc;
    if (!read_sign(v, &value))
        return not_a_sign(v, name, e);
    rc = mem_grow(&s->votes, &s->votes_cap, s->n_votes + 1, sizeof(*s->votes), UINT32_MAX, e);
    if (rc == 0)
        s->votes[s->n_votes++] = (struct label_cell){ t->column, value };
    return rc;
}

static int add_ballot(struct labels *l, struct study *s, const char *key,
                      const struct json_t *votes, struct err *e)
{
    struct ballot ballot = { .first = s->n_votes, .line = reader_line_number(s->readers[RE]) };
    void *iterator = NULL;
    struct json_t *value;
    const char *name;
    size_t found;
    int rc = mem_grow(&s->ballots, &s->ballots_cap, s->n_ballots + 1, sizeof(*s->ballots),
                      UINT32_MAX, e);

    if (rc == 0 && !jv_is_object(votes)) {
        err_set(e, ERR_FORMAT, "an image's votes should be {name: value}");
        rc = err_got(e, "%s", jv_type_name(votes));
    }
    while (rc == 0 && jv_member(votes, &iterator, &name, &value))
        rc = add_vote(l, s, name, value, e);
    if (rc == 0)
        rc = map_add(s->ballot_of, key, strlen(key), s->n_ballots, &found, e);
    if (rc == 0)
        rc = err_set(e, ERR_FORMAT, "the image stands in the file twice");
    if (rc < 0)
        return rc;
    ballot.key = arena_text(&l->arena, key, strlen(key), e);
    ballot.n = s->n_votes - ballot.first;
    s->ballots[s->n_ballots++] = ballot;
    return ballot.key ? 0 : ERR_NOMEM;
}

static int read_ballots(struct labels *l, struct study *s, struct err *e)
{
    struct jv_stream stream;
    struct json_t *votes;
    char *key = NULL;
    int rc = jv_stream_start(&stream, s->readers[RE], e);

    while (rc == 0 && (rc = jv_stream_next(&stream, &key, &votes, e)) == 1) {
        rc = key ? add_ballot(l, s, key, votes, e)
                 : err_set(e, ERR_FORMAT, "re_annotation.json should be an object, image: votes");
        if (rc < 0)
            place(s, RE, key ? key : "?", e);
        free(key);
        jv_free(votes);
    }
    return rc;
}

/* ---- opening ---- */

static int open_study(struct labels *l, struct err *e)
{
    struct study *s = mem_new(1, sizeof(*s), e);
    int rc = s ? map_new(&s->ballot_of, e) : ERR_NOMEM;

    l->state = s;
    if (rc < 0)
        return rc;
    s->source = BUF_INIT(1 << 18);
    for (int f = 0; rc == 0 && f < N_FILES; f++) {
        s->paths[f] = file_join(l->path, file_names[f], e);
        rc = s->paths[f] ? reader_open(&s->readers[f], s->paths[f], e) : ERR_NOMEM;
    }
    if (rc == 0)
        rc = read_questions(l, s, e);
    if (rc < 0)
        return err_hint(e,
                        "a folder of labels is the study's: questions.json, ai_annotation.json and "
                        "re_annotation.json. Pictures come in by import --images FOLDER");
    s->model_cells = mem_new(s->n, sizeof(*s->model_cells), e);
    rc = s->model_cells ? read_ballots(l, s, e) : ERR_NOMEM;
    return rc < 0 ? rc : jv_stream_start(&s->stream, s->readers[AI], e);
}

static void close_study(struct labels *l)
{
    struct study *s = l->state;

    for (int f = 0; f < N_FILES; f++) {
        reader_close(s->readers[f]);
        free(s->paths[f]);
    }
    map_free(s->ballot_of);
    buf_release(&s->source);
    free(s->targets);
    free(s->names);
    free(s->votes);
    free(s->ballots);
    free(s->key);
    free(s->model_cells);
    free(s);
}

/* ---- rows ---- */

static int read_values(struct study *s, const struct json_t *values, struct err *e)
{
    s->n_model_cells = 0;
    if (jv_length(values) != s->n) {
        err_set(e, ERR_FORMAT, "the image has the wrong number of values");
        err_got(e, "%zu", jv_length(values));
        return err_expected(e, "%zu, one a question of questions.json", s->n);
    }
    for (size_t i = 0; i < s->n; i++) {
        const struct json_t *v = jv_at(values, i);
        int16_t value;

        if (!read_sign(v, &value))
            return not_a_sign(v, s->names[i], e);
        if (s->targets[i]->found)
            s->model_cells[s->n_model_cells++] =
                (struct label_cell){ s->targets[i]->column, value };
    }
    return 0;
}

static int emit(struct labels *l, const char *annotator, enum annotator_kind kind,
                const struct label_cell *cells, size_t n, struct err *e)
{
    int rc = 0;

    l->row.annotator = annotator;
    l->row.kind_given = true;
    l->row.kind = kind;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = labels_add_cell(l, cells[i].column, cells[i].value, e);
    l->found.codings |= CODING_SIGNED | CODING_ONE;
    return rc;
}

/* The image's next: its row of the model. */
static int next_model(struct labels *l, struct study *s, struct err *e)
{
    struct json_t *values;
    int rc;

    free(s->key);
    s->key = NULL;
    rc = jv_stream_next(&s->stream, &s->key, &values, e);
    if (rc != 1)
        return rc;
    rc = s->key ? read_values(s, values, e)
                : err_set(e, ERR_FORMAT, "ai_annotation.json should be an object, image: values");
    jv_free(values);
    if (rc < 0)
        return place(s, AI, s->key ? s->key : "?", e);
    l->row.key = s->key;
    l->row.line = reader_line_number(s->readers[AI]);
    rc = emit(l, model_name, ANNOTATOR_MODEL, s->model_cells, s->n_model_cells, e);
    s->phase = PEOPLE;
    return rc < 0 ? rc : labels_check_row(l, s->paths[AI], e);
}

/* People's labels on the same image: the model's, turned over where there is a vote. */
static int next_people(struct labels *l, struct study *s, struct err *e)
{
    size_t b;
    int rc = emit(l, people_name, ANNOTATOR_HUMAN, s->model_cells, s->n_model_cells, e);

    if (rc == 0 && map_get(s->ballot_of, s->key, strlen(s->key), &b)) {
        s->ballots[b].used = true;
        for (size_t v = 0; v < s->ballots[b].n; v++)
            for (size_t i = 0; i < l->n_cells; i++)
                if (l->cells[i].column == s->votes[s->ballots[b].first + v].column)
                    l->cells[i].value = l->cells[i].value == VALUE_YES ? VALUE_NO : VALUE_YES;
    }
    l->row.key = s->key;
    l->row.line = reader_line_number(s->readers[AI]);
    s->phase = MODEL;
    return rc < 0 ? rc : 1;
}

static int next_votes(struct labels *l, struct study *s, struct err *e)
{
    const struct ballot *b;
    int rc;

    if (s->next_ballot == s->n_ballots)
        return 0;
    b = &s->ballots[s->next_ballot++];
    if (!b->used) {
        err_set(e, ERR_FORMAT, "the image has votes but no values of the model");
        return err_at(e, "%s:%lu: image %s", s->paths[RE], b->line, b->key);
    }
    l->row.key = b->key;
    l->row.line = b->line;
    l->row.votes = true;
    rc = emit(l, person_name, ANNOTATOR_HUMAN, s->votes + b->first, b->n, e);
    return rc < 0 ? rc : 1;
}

static int next_study(struct labels *l, struct err *e)
{
    struct study *s = l->state;
    int rc;

    if (s->phase == PEOPLE)
        return next_people(l, s, e);
    if (s->phase == MODEL) {
        rc = next_model(l, s, e);
        if (rc != 0)
            return rc;
        s->phase = VOTES;
    }
    return next_votes(l, s, e);
}

static int study_provenance(struct labels *l, const char *annotator, const char **source,
                            const char **sha256, struct err *e)
{
    struct study *s = l->state;
    int file = strcmp(annotator, person_name) == 0 ? RE : AI;

    for (int f = 0; f < N_FILES; f++) {
        int rc = reader_sha256(s->readers[f], s->sha256[f], e);

        if (rc < 0)
            return rc;
    }
    *source = s->paths[file];
    *sha256 = s->sha256[file];
    if (strcmp(annotator, people_name) != 0)
        return 0;
    buf_clear(&s->source); /* derived from both */
    buf_printf(&s->source, "%s,%s", s->paths[AI], s->paths[RE]);
    snprintf(s->both, sizeof(s->both), "%s,%s", s->sha256[AI], s->sha256[RE]);
    *source = s->source.text;
    *sha256 = s->both;
    return buf_end(&s->source, "a path", e);
}

/* ---- writing ---- */

enum { SOURCE_MODEL, SOURCE_PEOPLE, SOURCE_VOTES };

/* The files say what people labelled only through the votes: every disputed cell needs one, and no
 * other. */
static int check_cell(const struct label_export *x, size_t c, size_t i, struct err *e)
{
    int16_t model = export_value(x, SOURCE_MODEL, c, i),
            people = export_value(x, SOURCE_PEOPLE, c, i);
    int16_t vote = export_value(x, SOURCE_VOTES, c, i);

    if (!x->task->columns[c].yesno)
        return err_set(e, ERR_FORMAT, "the study's files hold yes/no questions only, not '%s'",
                       x->task->columns[c].name);
    if (model < 0 || people < 0)
        return export_missing(x, c, i, "the study's", e);
    if ((model != people) == (vote >= 0))
        return 0;
    err_set(e, ERR_FORMAT, "image '%s', question '%s': %s", x->keys[i], x->task->columns[c].name,
            vote >= 0 ? "a vote where model and people agree"
                      : "no vote where model and people differ");
    return err_expected(
        e, "votes on the disputed cells and on no others: the study's files cannot say more");
}

static int write_questions(FILE *f, const struct label_export *x, struct err *e)
{
    for (size_t q = 0; q < x->task->n_questions; q++) {
        char *name = jv_quoted(x->task->questions[q].name);
        char *wording = jv_quoted(x->task->questions[q].wordings[0]);

        if (name && wording)
            fprintf(f, "%s    %s: %s", q > 0 ? ",\n" : "{\n", name, wording);
        free(name);
        free(wording);
        if (!name || !wording)
            return err_set(e, ERR_NOMEM, "out of memory: a question");
    }
    fputs("\n}\n", f);
    return 0;
}

static int write_ai(FILE *f, const struct label_export *x, struct err *e)
{
    for (size_t i = 0; i < x->n_images; i++) {
        char *key = jv_quoted(x->keys[i]);

        if (!key)
            return err_set(e, ERR_NOMEM, "out of memory: an image's name");
        fprintf(f, "%s%s: [", i > 0 ? ",\n" : "{", key);
        free(key);
        for (size_t c = 0; c < x->task->n_columns; c++)
            fprintf(f, "%s%d", c > 0 ? ", " : "",
                    export_value(x, SOURCE_MODEL, c, i) == VALUE_YES ? 1 : -1);
        fputc(']', f);
    }
    fputs("}\n", f);
    return 0;
}

static int write_ballot(FILE *f, const struct label_export *x, size_t i, bool first, size_t *votes,
                        struct err *e)
{
    struct json_t *ballot = jv_pack("{}"), *image = jv_pack("{}");
    char *text;

    for (size_t c = 0; c < x->task->n_columns; c++) {
        int16_t vote = export_value(x, SOURCE_VOTES, c, i);

        if (vote >= 0)
            jv_set(ballot, x->task->columns[c].name, jv_pack("i", vote == VALUE_YES ? 1 : -1));
    }
    *votes = jv_members(ballot);
    jv_set(image, x->keys[i], ballot);
    text = jv_print_line(image);
    jv_free(image);
    if (!text)
        return err_set(e, ERR_NOMEM, "out of memory: an image's votes");
    if (*votes > 0) /* without the object's own braces */
        fprintf(f, "%s%.*s", first ? "" : ",\n", (int)strlen(text) - 2, text + 1);
    free(text);
    return 0;
}

static int write_re(FILE *f, const struct label_export *x, struct err *e)
{
    bool first = true;
    size_t votes;

    fputc('{', f);
    for (size_t i = 0; i < x->n_images; i++) {
        int rc = write_ballot(f, x, i, first, &votes, e);

        if (rc < 0)
            return rc;
        first = first && votes == 0;
    }
    fputs("}\n", f);
    return 0;
}

static int write_file(const char *folder, const char *name, const struct label_export *x,
                      int (*write)(FILE *f, const struct label_export *x, struct err *e),
                      struct err *e)
{
    char *path = file_join(folder, name, e);
    struct writer *w = NULL;
    int rc = path ? writer_open(&w, path, e) : ERR_NOMEM;

    free(path);
    if (rc == 0)
        rc = write(writer_file(w), x, e);
    return writer_end(w, rc, e);
}

static int write_study(const char *path, const struct label_export *x, uint64_t *cells,
                       struct err *e)
{
    int rc = 0;

    for (size_t c = 0; rc == 0 && c < x->task->n_columns; c++)
        for (size_t i = 0; rc == 0 && i < x->n_images; i++)
            rc = check_cell(x, c, i, e);
    if (rc == 0 && mkdir(path, 0777) != 0 && errno != EEXIST)
        rc = err_errno(e, "make the folder", path);
    if (rc == 0)
        rc = write_file(path, "questions.json", x, write_questions, e);
    if (rc == 0)
        rc = write_file(path, file_names[AI], x, write_ai, e);
    if (rc == 0)
        rc = write_file(path, file_names[RE], x, write_re, e);
    *cells = x->n_images * x->task->n_columns;
    return rc;
}

const struct label_format format_study = {
    .name = "study",
    .open = open_study,
    .next = next_study,
    .close = close_study,
    .provenance = study_provenance,
    .write = write_study,
    .sources = 3,
};
