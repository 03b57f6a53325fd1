/* SPDX-License-Identifier: MIT
 *
 * Label Studio's JSON: a list of tasks, {"data": {"image": ..}, "predictions": [..], "annotations":
 * [..]}, each prediction and annotation with a "result" list of {"from_name": question, "type":
 * "choices", "value": {"choices": [..]}} or "rating", {"rating": 2}. Its JSON_MIN is a list of
 * annotations: {"image": .., "annotator": 1, "Bald": "yes", "Age": 2, "Tags": {"choices": [..]}}.
 *
 * It has no place for a label's probability, for an abstention, nor for a list with an option left
 * open: label_studio_write.c puts these into data, as p_QUESTION and assent, and they are read
 * there.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/internal.h"

struct label_studio {
    struct jv_stream stream;
    struct json_t *task; /* the one at hand */
    const char *key;
    struct buf who;
    size_t list, entry; /* where in it we are: 0 predictions, 1 annotations, 2 done */
    unsigned long line;
    uint64_t n_tasks;
};

static const char *const lists[] = { "predictions", "annotations" };
enum { N_LISTS = 2 };

static bool recognise(const char *head, size_t len)
{
    size_t at = 0;

    while (at < len && strchr(" \t\r\n", head[at]))
        at++;
    return at < len && head[at] == '[';
}

static int open_label_studio(struct labels *l, struct err *e)
{
    struct label_studio *s = mem_new(1, sizeof(*s), e);
    int rc;

    if (!s)
        return ERR_NOMEM;
    l->state = s;
    s->list = N_LISTS;
    s->who = BUF_INIT(1 << 16);
    rc = jv_stream_start(&s->stream, l->reader, e);
    if (rc == 0 && s->stream.object) {
        err_set(e, ERR_FORMAT, "a Label Studio file is a list of tasks");
        err_got(e, "an object");
        return err_at(e, "%s:1", l->path);
    }
    return rc;
}

/* The image among a task's data: our own key goes before its address. */
static const char *image_of(const struct labels *l, const struct json_t *data)
{
    return labels_image_member(l->names, data, (const char *const[]){ "key", "image", NULL });
}

static int task_at(const struct labels *l, const struct label_studio *s, struct err *e)
{
    int64_t id;

    if (!jv_integer(jv_get(s->task, "id"), &id))
        id = (int64_t)s->n_tasks;
    return err_at(e, "%s:%lu: task %lld%s%s", l->path, s->line, (long long)id,
                  s->key ? ", image " : "", s->key ? s->key : "");
}

static int no_image(const struct labels *l, const struct label_studio *s, const struct json_t *data,
                    struct err *e)
{
    struct buf keys = BUF_INIT(200);
    struct json_t *value;
    const char *key;
    void *at = NULL;

    err_set(e, ERR_FORMAT,
            "the task has no data.image, and not one text that is a picture's address");
    while (jv_member(data, &at, &key, &value))
        buf_printf(&keys, "%s%s", keys.len > 0 ? ", " : "", key);
    err_got(e, "%s", keys.text ? keys.text : jv_type_name(s->task));
    buf_release(&keys);
    err_hint(e, "--image-key NAME says which it is");
    return task_at(l, s, e);
}

/* An element of JSON_MIN has no "data", and is one annotation. */
static bool is_flat(const struct json_t *task)
{
    return jv_is_object(task) && !jv_get(task, "data") &&
           (jv_get(task, "annotation_id") || jv_get(task, "annotator"));
}

static int start_task(struct labels *l, struct label_studio *s, struct err *e)
{
    const struct json_t *data = is_flat(s->task) ? s->task : jv_get(s->task, "data");

    s->line = reader_line_number(l->reader);
    s->n_tasks++;
    s->key = image_of(l, data);
    s->list = s->entry = 0;
    return s->key ? 0 : no_image(l, s, data, e);
}

/* A person: an id, or an object with an e-mail. */
static const char *person(struct label_studio *s, const struct json_t *by)
{
    const char *email = jv_text(by) ? jv_text(by) : jv_text(jv_get(by, "email"));
    int64_t id;

    if (email)
        return email;
    buf_clear(&s->who);
    if (jv_integer(by, &id) || jv_integer(jv_get(by, "id"), &id))
        buf_printf(&s->who, "label-studio-%lld", (long long)id);
    else
        buf_puts(&s->who, "label-studio");
    return s->who.text;
}

/* Whose labels the task's data speaks of; NULL where it is not our own. */
static const char *own_annotator(const struct label_studio *s)
{
    return jv_text(jv_get(jv_get(jv_get(s->task, "data"), "assent"), "of"));
}

/* Is the entry the one that the data beside it speaks of? What Label Studio saved itself names a
 * person. */
static bool is_own(const struct label_studio *s, const struct json_t *entry)
{
    const char *own = own_annotator(s);

    if (!own || *own == '\0')
        return false;
    if (s->list == 0)
        return text_equal(own, jv_text(jv_get(entry, "model_version")));
    return !jv_get(entry, "completed_by") && jv_length(jv_get(s->task, lists[1])) == 1;
}

/* Who made an entry: a prediction's model_version, an annotation's completed_by. */
static const char *annotator_of(struct label_studio *s, const struct json_t *entry)
{
    const char *version = jv_text(jv_get(entry, "model_version"));

    if (s->list == 0)
        return version && *version != '\0' ? version : "label-studio-model";
    if (is_own(s, entry))
        return own_annotator(s);
    return person(s, jv_get(entry, "completed_by"));
}

/* When it was changed last: ISO 8601, which sorts as text. NULL: not known. */
static const char *time_of(const struct json_t *entry)
{
    const char *updated = jv_text(jv_get(entry, "updated_at"));

    return updated ? updated : jv_text(jv_get(entry, "created_at"));
}

static void set_row(struct labels *l, const struct label_studio *s, const struct json_t *entry)
{
    double seconds;

    l->row.key = s->key;
    l->row.line = s->line;
    l->row.kind_given = true;
    l->row.latest_counts = true;
    l->row.at = time_of(entry);
    if (jv_number(jv_get(entry, "lead_time"), &seconds) && seconds >= 0)
        l->row.seconds = seconds;
}

/* Stars: the n-th of a question's options. */
static int add_rating(struct labels *l, const struct target *t, const struct json_t *rating,
                      struct err *e)
{
    const struct column *c = &l->task->columns[t->column];
    const struct question *q = &l->task->questions[c->question];
    int64_t n;

    if (!jv_integer(rating, &n) || n < 1 || (size_t)n > q->n_options || c->yesno) {
        err_set(e, ERR_FORMAT, "a rating that is no option of '%s'", q->name);
        return err_expected(e, "1 to %zu, for a question with options in their order",
                            q->n_options);
    }
    return labels_add_text(l, t, q->options[n - 1], strlen(q->options[n - 1]), e);
}

static int add_result(struct labels *l, const struct json_t *item, struct err *e)
{
    const char *name = jv_text(jv_get(item, "from_name"));
    const struct json_t *value = jv_get(item, "value"), *choices = jv_get(value, "choices"),
                        *rating = jv_get(value, "rating");
    const struct target *t;
    int rc;

    if (!name || (!jv_is_array(choices) && !rating))
        return 0; /* boxes, texts and relations are not ours */
    rc = labels_match(l, name, strlen(name), &t, e);
    if (rc < 0 || !t->found)
        return rc;
    return jv_is_array(choices) ? labels_add_choices(l, t, choices, e)
                                : add_rating(l, t, rating, e);
}

/* ---- what stands in the data ---- */

static bool is_answered(const struct labels *l, size_t column)
{
    for (size_t i = 0; i < l->n_cells; i++)
        if (l->cells[i].column == column)
            return true;
    return false;
}

/* Abstentions, and the answered options of a list that is not answered whole; a result that was
 * made since counts more. */
static int add_beside(struct labels *l, const struct label_studio *s, struct err *e)
{
    const struct json_t *answers = jv_get(jv_get(jv_get(s->task, "data"), "assent"), "answers");
    struct json_t *value;
    const char *name;
    void *at = NULL;
    int rc = 0;

    while (rc == 0 && jv_is_object(answers) && jv_member(answers, &at, &name, &value)) {
        const char *text = jv_text(value);
        const struct target *t;

        rc = labels_match(l, name, strlen(name), &t, e);
        if (rc == 0 && text && t->found && !t->whole && !is_answered(l, t->column))
            rc = labels_add_text(l, t, text, strlen(text), e);
    }
    return rc;
}

/* Of our own prediction: a number is that of yes. */
static int add_own_probabilities(struct labels *l, const struct label_studio *s, struct err *e)
{
    struct buf name = BUF_INIT(2 * TASK_NAME_MAX + 8);
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < l->n_cells; i++) {
        const struct column *c = &l->task->columns[l->cells[i].column];
        const struct json_t *p;
        double yes;

        buf_clear(&name);
        buf_printf(&name, "p_%s", c->name);
        rc = buf_end(&name, "a name", e);
        p = rc == 0 ? jv_get(jv_get(s->task, "data"), name.text) : NULL;
        if (jv_is_object(p))
            rc = labels_add_probabilities(l, i, p, e);
        else if (c->yesno && jv_number(p, &yes))
            rc = labels_add_yes(l, i, yes, e);
    }
    buf_release(&name);
    return rc;
}

/* Another's score is its only answer's, where that is yes or no. Some count to 100, or without an
 * end: these are no probabilities. */
static int add_score(struct labels *l, const struct json_t *entry, struct err *e)
{
    double score;

    if (l->n_cells != 1 || !l->task->columns[l->cells[0].column].yesno || l->cells[0].value < 0 ||
        !jv_number(jv_get(entry, "score"), &score) || !(score >= 0 && score <= 1))
        return 0;
    return labels_add_yes(l, 0, l->cells[0].value == VALUE_YES ? score : 1 - score, e);
}

/* What the data says of our own entry; a prediction's score. */
static int add_more(struct labels *l, const struct label_studio *s, const struct json_t *entry,
                    struct err *e)
{
    bool own = is_own(s, entry);
    int rc = own ? add_beside(l, s, e) : 0;

    if (rc < 0 || s->list != 0)
        return rc;
    return own ? add_own_probabilities(l, s, e) : add_score(l, entry, e);
}

static int read_entry(struct labels *l, struct label_studio *s, const struct json_t *entry,
                      struct err *e)
{
    const struct json_t *result = jv_get(entry, "result");
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < jv_length(result); i++)
        rc = add_result(l, jv_at(result, i), e);
    if (rc == 0)
        rc = add_more(l, s, entry, e);
    if (rc < 0)
        return task_at(l, s, e);
    set_row(l, s, entry);
    l->row.annotator = annotator_of(s, entry);
    l->row.kind = s->list == 0 ? ANNOTATOR_MODEL : ANNOTATOR_HUMAN;
    return labels_check_row(l, l->path, e);
}

/* ---- JSON_MIN ---- */

static bool is_own_member(const char *key)
{
    static const char *const own[] = { "id",         "annotator", "annotation_id", "created_at",
                                       "updated_at", "lead_time", "image" };

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (strcmp(key, own[i]) == 0)
            return true;
    return false;
}

static int add_member(struct labels *l, const char *key, const struct json_t *value, struct err *e)
{
    const struct json_t *choices = jv_get(value, "choices");
    const char *text = jv_text(value);
    const struct target *t;
    int rc = labels_match(l, key, strlen(key), &t, e);

    if (rc < 0 || !t->found || jv_is_null(value))
        return rc;
    if (jv_is_array(choices) || jv_is_array(value))
        return labels_add_choices(l, t, jv_is_array(value) ? value : choices, e);
    return text ? labels_add_text(l, t, text, strlen(text), e) : add_rating(l, t, value, e);
}

static int read_flat(struct labels *l, struct label_studio *s, struct err *e)
{
    struct json_t *value;
    const char *key;
    void *at = NULL;
    int rc = 0;

    while (rc == 0 && jv_member(s->task, &at, &key, &value))
        if (!is_own_member(key) && jv_text(value) != s->key)
            rc = add_member(l, key, value, e);
    if (rc < 0)
        return task_at(l, s, e);
    set_row(l, s, s->task);
    l->row.annotator = person(s, jv_get(s->task, "annotator"));
    l->row.kind = ANNOTATOR_HUMAN;
    return labels_check_row(l, l->path, e);
}

/* ---- all tasks ---- */

/* The task's next prediction or annotation that counts: 1, or 0 after the last. */
static int next_entry(struct labels *l, struct label_studio *s, const struct json_t **entry)
{
    for (; s->list < N_LISTS; s->list++, s->entry = 0) {
        const struct json_t *list = jv_get(s->task, lists[s->list]);

        while (s->entry < jv_length(list)) {
            *entry = jv_at(list, s->entry++);
            if (!jv_is_true(jv_get(*entry, "was_cancelled")))
                return 1;
            l->found.cancelled++;
        }
    }
    return 0;
}

static int next_label_studio(struct labels *l, struct err *e)
{
    struct label_studio *s = l->state;
    const struct json_t *entry;
    int rc;

    while (next_entry(l, s, &entry) == 0) {
        jv_free(s->task);
        s->task = NULL;
        rc = jv_stream_next(&s->stream, NULL, &s->task, e);
        if (rc != 1)
            return rc;
        rc = start_task(l, s, e);
        if (rc < 0)
            return rc;
        if (is_flat(s->task)) {
            s->list = N_LISTS;
            return read_flat(l, s, e);
        }
    }
    return read_entry(l, s, entry, e);
}

static void close_label_studio(struct labels *l)
{
    struct label_studio *s = l->state;

    jv_free(s->task);
    buf_release(&s->who);
    free(s);
}

const struct label_format format_label_studio = {
    .name = "label-studio",
    .recognise = recognise,
    .open = open_label_studio,
    .next = next_label_studio,
    .close = close_label_studio,
    .write = label_studio_write,
    .sources = 1,
};
