/* SPDX-License-Identifier: MIT
 *
 * Label Studio's JSON: a list of tasks, {"data": {"image": ..}, "predictions": [..], "annotations":
 * [..]}, each prediction and annotation with a "result" list of {"from_name": question, "type":
 * "choices", "value": {"choices": [..]}} or "rating", {"rating": 2}. Its JSON_MIN is a list of
 * annotations: {"image": .., "annotator": 1, "Bald": "yes", "Age": 2, "Tags": {"choices": [..]}}.
 *
 * There is no place for a probability a label, so we write those into data as p_QUESTION, and read
 * them there.
 */
#include <math.h>
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

static bool is_address(const char *text)
{
    return strstr(text, "://") || strstr(text, "/data/") || labels_is_picture(text);
}

/* The image among a task's data: what the user says, our own key, "image"; else the one text that
 * is a picture's address. NULL: none, or several. */
static const char *image_of(const struct labels *l, const struct json_t *data)
{
    const char *said = l->names ? l->names->image : NULL, *found = NULL, *key;
    struct json_t *value;
    void *at = NULL;

    if (said)
        return jv_text(jv_get(data, said));
    if (jv_text(jv_get(data, "key")))
        return jv_text(jv_get(data, "key"));
    if (jv_text(jv_get(data, "image")))
        return jv_text(jv_get(data, "image"));
    while (jv_member(data, &at, &key, &value)) {
        if (!jv_text(value) || !is_address(jv_text(value)))
            continue;
        if (found)
            return NULL;
        found = jv_text(value);
    }
    return found;
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

/* Who made an entry: a prediction's model_version, an annotation's completed_by. */
static const char *annotator_of(struct label_studio *s, const struct json_t *entry)
{
    const char *version = jv_text(jv_get(entry, "model_version"));

    if (s->list == 0)
        return version && *version != '\0' ? version : "label-studio-model";
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

static int add_choices(struct labels *l, const struct target *t, const struct json_t *choices,
                       struct err *e)
{
    size_t n = jv_length(choices);
    struct buf text = BUF_INIT(1 << 16);
    int rc = 0;

    for (size_t i = 0; i < n; i++) {
        const char *choice = jv_text(jv_at(choices, i));

        if (!choice)
            rc = err_set(e, ERR_FORMAT, "a choice should be a text");
        buf_printf(&text, "%s%s", i > 0 ? ";" : "", choice ? choice : "");
    }
    if (rc == 0)
        rc = buf_end(&text, "a list of choices", e);
    if (rc == 0 && n > 1 && !t->whole)
        rc =
            err_set(e, ERR_FORMAT, "several choices for a question with one answer: %s", text.text);
    for (size_t o = 0; rc == 0 && n == 0 && t->whole && o < t->n; o++)
        rc = labels_add_cell(l, t->column + o, VALUE_NO, e); /* none of them */
    if (rc == 0 && n > 0)
        rc = labels_add_text(l, t, text.text, text.len, e);
    buf_release(&text);
    return rc;
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
    return jv_is_array(choices) ? add_choices(l, t, choices, e) : add_rating(l, t, rating, e);
}

static int read_entry(struct labels *l, struct label_studio *s, const struct json_t *entry,
                      struct err *e)
{
    const struct json_t *result = jv_get(entry, "result");
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < jv_length(result); i++)
        rc = add_result(l, jv_at(result, i), e);
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
        return add_choices(l, t, jv_is_array(value) ? value : choices, e);
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

/* ---- writing ---- */

/* All of it: of a list, an option that nobody answered is not one that was left out. */
static bool question_has_label(const struct label_export *x, const struct question *q, size_t image)
{
    for (size_t c = 0; c < q->n_columns; c++)
        if (export_value(x, 0, q->first_column + c, image) < 0)
            return false;
    return true;
}

static struct json_t *choices_of(const struct label_export *x, const struct question *q,
                                 size_t image)
{
    struct json_t *choices = jv_array();

    if (q->kind != KIND_MULTI) {
        jv_append(choices, jv_pack("s", q->options[export_value(x, 0, q->first_column, image)]));
        return choices;
    }
    for (size_t o = 0; o < q->n_options; o++)
        if (export_value(x, 0, q->first_column + o, image) == VALUE_YES)
            jv_append(choices, jv_pack("s", q->options[o]));
    return choices;
}

static struct json_t *result_of(const struct label_export *x, size_t image, uint64_t *cells)
{
    struct json_t *result = jv_array();

    for (size_t i = 0; i < x->task->n_questions; i++) {
        const struct question *q = &x->task->questions[i];
        char id[32];

        if (!question_has_label(x, q, image))
            continue;
        snprintf(id, sizeof(id), "q%zu", i);
        jv_append(result, jv_pack("{s:s, s:s, s:s, s:s, s:{s:o}}", "id", id, "type", "choices",
                                  "from_name", q->name, "to_name", "image", "value", "choices",
                                  choices_of(x, q, image)));
        *cells += q->n_columns;
    }
    return result;
}

/* The smallest probability of a given label: what a person would sort by. NaN where there is none.
 */
static double add_probabilities(const struct label_export *x, size_t image, struct json_t *data,
                                struct buf *name)
{
    double least = NAN;

    for (size_t c = 0; c < x->task->n_columns; c++) {
        const float *p = export_probabilities(x, 0, c, image);
        int16_t value = export_value(x, 0, c, image);
        double own;

        if (!p || value < 0)
            continue;
        own = x->task->columns[c].yesno ? (value == VALUE_YES ? (double)p[0] : 1 - (double)p[0])
                                        : (double)p[value];
        buf_clear(name);
        buf_printf(name, "p_%s", x->task->columns[c].name);
        if (!name->failed)
            jv_set(data, name->text, jv_real(x->task->columns[c].yesno ? (double)p[0] : own));
        if (!(least <= own))
            least = own;
    }
    return least;
}

/* Where Label Studio's local storage serves the image from. */
static void image_address(const struct label_export *x, size_t image, struct buf *out)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    const char *folder = x->task->images ? x->task->images : "",
               *parts[] = { folder, x->keys[image] };

    buf_clear(out);
    buf_puts(out, "/data/local-files/?d=");
    for (size_t i = 0; i < 2; i++) {
        for (const char *s = parts[i]; *s != '\0'; s++) {
            if (strchr(plain, *s))
                buf_putc(out, *s);
            else
                buf_printf(out, "%%%02X", (unsigned char)*s);
        }
        if (i == 0 && *folder != '\0' && folder[strlen(folder) - 1] != '/')
            buf_putc(out, '/');
    }
}

static char *task_text(const struct label_export *x, size_t image, struct buf *scratch,
                       uint64_t *cells)
{
    const char *list = x->sources[0].kind == ANNOTATOR_HUMAN ? "annotations" : "predictions";
    struct json_t *data, *entry, *task;
    double score;
    char *text;

    image_address(x, image, scratch);
    data =
        jv_pack("{s:s, s:s}", "image", scratch->text ? scratch->text : "", "key", x->keys[image]);
    score = add_probabilities(x, image, data, scratch);
    entry = jv_pack("{s:o}", "result", result_of(x, image, cells));
    if (x->sources[0].kind == ANNOTATOR_HUMAN)
        jv_set(entry, "was_cancelled", jv_pack("b", 0));
    else
        jv_set(entry, "model_version", jv_pack("s", x->sources[0].annotator));
    if (!isnan(score))
        jv_set(entry, "score", jv_real(score));
    task = jv_pack("{s:o, s:[o]}", "data", data, list, entry);
    text = jv_print_line(task);
    jv_free(task);
    return text;
}

static int write_tasks(FILE *f, const struct label_export *x, uint64_t *cells, struct err *e)
{
    struct buf scratch = BUF_INIT(1 << 20);
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < x->n_images; i++) {
        char *text = task_text(x, i, &scratch, cells);

        if (text)
            fprintf(f, "%s%s", i > 0 ? ",\n" : "[\n", text);
        else
            rc = err_set(e, ERR_NOMEM, "out of memory: a task");
        free(text);
    }
    fputs(x->n_images > 0 ? "\n]\n" : "[]\n", f);
    buf_release(&scratch);
    return rc;
}

static void write_xml(FILE *f, const char *s)
{
    for (; *s != '\0'; s++) {
        switch (*s) {
        case '&': fputs("&amp;", f); break;
        case '<': fputs("&lt;", f); break;
        case '>': fputs("&gt;", f); break;
        case '"': fputs("&quot;", f); break;
        case '\n': fputs("&#10;", f); break;
        default: fputc(*s, f);
        }
    }
}

/* People read what people are asked, not what a model is told. */
static int write_configuration(FILE *f, const struct task *t, struct err *e)
{
    struct arena texts = { 0 };
    int rc = 0;

    fputs("<View>\n  <Image name=\"image\" value=\"$image\"/>\n", f);
    for (size_t i = 0; i < t->n_questions; i++) {
        const struct question *q = &t->questions[i];
        const char *text = task_text_for_people(q->wordings[0], &texts, e);

        if (!text) {
            rc = ERR_NOMEM;
            break;
        }
        fputs("  <Header value=\"", f);
        write_xml(f, text);
        fputs("\"/>\n  <Choices name=\"", f);
        write_xml(f, q->name);
        fprintf(f, "\" toName=\"image\" choice=\"%s\" showInline=\"true\">\n",
                q->kind == KIND_MULTI ? "multiple" : "single");
        for (size_t o = 0; o < q->n_options; o++) {
            fputs("    <Choice value=\"", f);
            write_xml(f, q->options[o]);
            fputs("\"/>\n", f);
        }
        fputs("  </Choices>\n", f);
    }
    fputs("</View>\n", f);
    arena_release(&texts);
    return rc;
}

/* faces.json -> faces.xml */
static int write_configuration_file(const char *path, const struct task *t, struct err *e)
{
    struct buf name = BUF_INIT(1 << 16);
    struct writer *w = NULL;
    size_t len = strlen(path);
    int rc;

    buf_add(&name, path, len > 5 && strcmp(path + len - 5, ".json") == 0 ? len - 5 : len);
    buf_puts(&name, ".xml");
    rc = buf_end(&name, "a path", e);
    if (rc == 0)
        rc = writer_open(&w, name.text, e);
    buf_release(&name);
    if (rc < 0)
        return rc;
    return writer_end(w, write_configuration(writer_file(w), t, e), e);
}

static int write_label_studio(const char *path, const struct label_export *x, uint64_t *cells,
                              struct err *e)
{
    struct writer *w;
    int rc = writer_open(&w, path, e);

    if (rc < 0)
        return rc;
    rc = write_tasks(writer_file(w), x, cells, e);
    rc = writer_end(w, rc, e);
    return rc < 0 || strcmp(path, "-") == 0 ? rc : write_configuration_file(path, x->task, e);
}

const struct label_format format_label_studio = {
    .name = "label-studio",
    .recognise = recognise,
    .open = open_label_studio,
    .next = next_label_studio,
    .close = close_label_studio,
    .write = write_label_studio,
    .sources = 1,
};
