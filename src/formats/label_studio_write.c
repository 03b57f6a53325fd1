/* SPDX-License-Identifier: MIT
 *
 * Label Studio's tasks as label_studio.c reads them, and the labelling configuration beside them.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "formats/internal.h"

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

/* Of yes, or of each option. */
static struct json_t *probabilities_of(const struct column *c, const float *p)
{
    struct json_t *options;

    if (c->yesno)
        return jv_real((double)p[0]);
    options = jv_pack("{}");
    for (size_t v = 0; v < c->n_values; v++)
        jv_set(options, c->labels[v], jv_real((double)p[v]));
    return options;
}

/* As p_QUESTION. The smallest one of a given label, what a person would sort by; NaN where there is
 * none. */
static double add_probabilities(const struct label_export *x, size_t image, struct json_t *data,
                                struct buf *name)
{
    double least = NAN;

    for (size_t c = 0; c < x->task->n_columns; c++) {
        const struct column *column = &x->task->columns[c];
        const float *p = export_probabilities(x, 0, c, image);
        int16_t value = export_value(x, 0, c, image);
        double own;

        if (!p || value == VALUE_MISSING)
            continue;
        buf_clear(name);
        buf_printf(name, "p_%s", column->name);
        if (!name->failed)
            jv_set(data, name->text, probabilities_of(column, p));
        if (value < 0)
            continue;
        own = column->yesno ? (value == VALUE_YES ? (double)p[0] : 1 - (double)p[0])
                            : (double)p[value];
        if (!(least <= own))
            least = own;
    }
    return least;
}

/* What no result can say: abstentions, and options of a list that is not answered whole. */
static struct json_t *answers_beside(const struct label_export *x, size_t image)
{
    struct json_t *answers = jv_pack("{}");

    for (size_t c = 0; c < x->task->n_columns; c++) {
        const struct column *column = &x->task->columns[c];
        int16_t value = export_value(x, 0, c, image);

        if (value != VALUE_MISSING &&
            !question_has_label(x, &x->task->questions[column->question], image))
            jv_set(answers, column->name, jv_pack("s", task_value_text(column, value)));
    }
    return answers;
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

/* The one prediction or annotation; none of an image about which nothing was answered: Label Studio
 * takes an empty one for work that is done. */
static struct json_t *entries_of(const struct label_export *x, struct json_t *result, bool answered,
                                 double score)
{
    struct json_t *entries = jv_array(), *entry;

    if (!answered) {
        jv_free(result);
        return entries;
    }
    entry = jv_pack("{s:o}", "result", result);
    if (x->sources[0].kind == ANNOTATOR_HUMAN)
        jv_set(entry, "was_cancelled", jv_pack("b", 0));
    else
        jv_set(entry, "model_version", jv_pack("s", x->sources[0].annotator));
    if (!isnan(score))
        jv_set(entry, "score", jv_real(score));
    jv_append(entries, entry);
    return entries;
}

static char *task_text(const struct label_export *x, size_t image, struct buf *scratch,
                       uint64_t *cells)
{
    const char *list = x->sources[0].kind == ANNOTATOR_HUMAN ? "annotations" : "predictions";
    struct json_t *data, *task, *beside = answers_beside(x, image);
    struct json_t *result = result_of(x, image, cells);
    bool answered = jv_length(result) > 0 || jv_members(beside) > 0;
    double score;
    char *text;

    image_address(x, image, scratch);
    data =
        jv_pack("{s:s, s:s}", "image", scratch->text ? scratch->text : "", "key", x->keys[image]);
    score = add_probabilities(x, image, data, scratch);
    jv_set(data, "assent", jv_pack("{s:s, s:o}", "of", x->sources[0].annotator, "answers", beside));
    task = jv_pack("{s:o, s:o}", "data", data, list, entries_of(x, result, answered, score));
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

/* What people are asked, not what a model is told: of a list, about all of its options at once.
 * NULL without memory. */
static const char *header_of(const struct question *q, struct arena *texts, struct err *e)
{
    const char *text = task_text_for_people(q->wordings[0], texts, e), *filled = NULL;

    if (text && q->kind == KIND_MULTI && task_fill_option(text, "..", texts, &filled, e) < 0)
        return NULL;
    return filled ? filled : text;
}

static int write_configuration(FILE *f, const struct task *t, struct err *e)
{
    struct arena texts = { 0 };
    int rc = 0;

    fputs("<View>\n  <Image name=\"image\" value=\"$image\"/>\n", f);
    for (size_t i = 0; i < t->n_questions; i++) {
        const struct question *q = &t->questions[i];
        const char *text = header_of(q, &texts, e);

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

int label_studio_write(const char *path, const struct label_export *x, uint64_t *cells,
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
