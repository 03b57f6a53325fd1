/* SPDX-License-Identifier: MIT
 *
 * vlm.c - this program's own engine: every wanted column in each of its wordings is a branch
 * of the image's token tree.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "label/internal.h"
#include "vlm/vlm.h"

/* A column in one of its wordings: one question to the engine. */
struct asked {
    size_t column;
};

struct vlm_labeler {
    const struct task *task;
    const struct annotator *annotator;
    char *path;
    struct vlm *vlm;
    struct vlm_prompts *prompts; /* of the columns wanted last */
    uint8_t *wanted;             /* [n_columns] those */
    struct asked *asked;
    size_t n_asked;
};

/* ---- questions ---- */

/* A multi question is asked once an option. */
static int add_option(const struct task *t, const struct column *c, const char *wording,
                      struct arena *arena, const char **out, struct err *e)
{
    const struct question *q = &t->questions[c->question];
    int rc = task_fill_option(wording, q->options[c->option], arena, out, e);

    if (rc < 0 || *out)
        return rc;
    err_set(e, ERR_ARG, "a multi question is asked once an option: its text needs {option}");
    err_got(e, "%s", wording);
    return err_at(e, "assent.yaml:%u: %s", q->line, q->name);
}

static int fill_question(const struct task *t, size_t column, size_t wording, struct arena *arena,
                         struct vlm_question *out, struct err *e)
{
    const struct column *c = &t->columns[column];
    const struct question *q = &t->questions[c->question];

    *out = (struct vlm_question){ .text = q->wordings[wording],
                                  .kind = c->yesno     ? VLM_YESNO
                                          : q->letters ? VLM_LETTERS
                                                       : VLM_CHOICE,
                                  .options = q->options,
                                  .n_options = q->n_options };
    return q->kind == KIND_MULTI ? add_option(t, c, q->wordings[wording], arena, &out->text, e) : 0;
}

static size_t count_asked(const struct task *t, const uint8_t *wanted)
{
    size_t n = 0;

    for (size_t c = 0; c < t->n_columns; c++)
        n += wanted[c] ? t->questions[t->columns[c].question].n_wordings : 0;
    return n;
}

static int fill_questions(struct vlm_labeler *s, const uint8_t *wanted,
                          struct vlm_question *questions, struct arena *arena, struct err *e)
{
    size_t n = 0;

    for (size_t c = 0; c < s->task->n_columns; c++) {
        const struct question *q = &s->task->questions[s->task->columns[c].question];

        for (size_t w = 0; wanted[c] && w < q->n_wordings; w++) {
            int rc = fill_question(s->task, c, w, arena, &questions[n], e);

            if (rc < 0)
                return rc;
            s->asked[n++].column = c;
        }
    }
    s->n_asked = n;
    return 0;
}

static int make_prompts(struct vlm_labeler *s, const uint8_t *wanted, struct err *e)
{
    size_t n = count_asked(s->task, wanted);
    struct vlm_question *questions = mem_new(n, sizeof(*questions), e);
    struct arena arena = { 0 };
    int rc = questions ? 0 : ERR_NOMEM;

    vlm_prompts_free(s->prompts);
    free(s->asked);
    s->prompts = NULL;
    s->asked = mem_new(n, sizeof(*s->asked), e);
    if (!s->asked)
        rc = ERR_NOMEM;
    if (rc == 0)
        rc = fill_questions(s, wanted, questions, &arena, e);
    if (rc == 0)
        rc = vlm_prompts_new(&s->prompts, s->vlm, questions, n, e);
    if (rc == 0)
        memmove(s->wanted, wanted, s->task->n_columns);
    arena_release(&arena);
    free(questions);
    return rc;
}

/* The prompts of these columns: mostly they are those of the image before. */
static int use_prompts(struct vlm_labeler *s, const uint8_t *wanted, struct err *e)
{
    bool same = s->prompts && memcmp(s->wanted, wanted, s->task->n_columns) == 0;

    return same ? 0 : make_prompts(s, wanted, e);
}

/* ---- answers ---- */

/* A column's mean over its wordings. */
struct mean {
    double mass, low, high; /* low, high: of the first option's score, for the spread */
    double *score;          /* [n_values] */
    size_t n;
};

static void add_wording(struct mean *m, const struct vlm_answer *a, size_t shown)
{
    double score = vlm_score(a, shown);

    m->low = m->n == 0 ? score : fmin(m->low, score);
    m->high = m->n == 0 ? score : fmax(m->high, score);
    m->mass += vlm_mass(a);
    for (size_t o = 0; o < a->n_options; o++)
        m->score[o] += vlm_score(a, o);
    m->n++;
}

static int16_t best_of(const double *score, size_t n)
{
    size_t best = 0;

    for (size_t o = 1; o < n; o++)
        if (score[o] > score[best])
            best = o;
    return (int16_t)best;
}

/* What a column's wordings, answers[from, to), say together. */
static void settle(const struct vlm_labeler *s, const struct vlm_answers *answers, size_t from,
                   size_t to, double *score, struct label_answers *out)
{
    size_t column = s->asked[from].column;
    const struct column *c = &s->task->columns[column];
    struct mean m = { .score = score };
    int16_t best;

    memset(score, 0, c->n_values * sizeof(*score));
    for (size_t i = from; i < to; i++)
        add_wording(&m, &answers->items[i], c->yesno ? VALUE_YES : 0);
    for (size_t o = 0; o < c->n_values; o++)
        score[o] /= (double)m.n;
    best = best_of(score, c->n_values);
    out->mass[column] = (float)(m.mass / (double)m.n);
    out->values[column] =
        m.mass / (double)m.n < s->task->questions[c->question].min_mass ? VALUE_UNPARSEABLE : best;
    if (c->yesno)
        out->probabilities[c->probability] = (float)score[VALUE_YES];
    for (size_t o = 0; !c->yesno && o < c->n_values; o++)
        out->probabilities[c->probability + o] = (float)score[o];
    if (out->spread && to - from > 1)
        out->spread[column] = (float)(m.high - m.low);
}

/* The likeliest first tokens, so that one can see what the model would have said. */
static struct json_t *likeliest(const struct vlm_labeler *s, const struct vlm_answer *a)
{
    struct json_t *list = jv_array();

    for (size_t i = 0; i < VLM_TOP; i++) {
        char *text = vlm_token_text(s->vlm, a->top[i].id);

        jv_append(list, text ? jv_pack("{s:s, s:o}", "text", text, "probability",
                                       jv_real(exp(a->top[i].logprob)))
                             : NULL);
        free(text);
    }
    return list;
}

static int add_detail(const struct vlm_labeler *s, const struct vlm_answers *answers,
                      struct label_answers *out, struct err *e)
{
    struct json_t *detail = NULL;

    for (size_t i = s->n_asked; i-- > 0;) { /* so that a column's first wording is what stays */
        size_t column = s->asked[i].column;

        if (out->values[column] != VALUE_UNPARSEABLE)
            continue;
        if (!detail && !(detail = jv_pack("{}")))
            return err_set(e, ERR_NOMEM, "out of memory: an answer's detail");
        jv_set(detail, s->task->columns[column].name, likeliest(s, &answers->items[i]));
    }
    if (!detail)
        return 0;
    out->detail = jv_print_line(detail);
    jv_free(detail);
    return out->detail ? 0 : err_set(e, ERR_NOMEM, "out of memory: an answer's detail");
}

static int take_answers(const struct vlm_labeler *s, const struct vlm_answers *answers,
                        struct label_answers *out, struct err *e)
{
    double *score = mem_new(TASK_OPTIONS_MAX, sizeof(*score), e);

    if (!score)
        return ERR_NOMEM;
    for (size_t from = 0, to; from < s->n_asked; from = to) {
        for (to = from; to < s->n_asked && s->asked[to].column == s->asked[from].column;)
            to++;
        settle(s, answers, from, to, score, out);
    }
    free(score);
    return add_detail(s, answers, out, e);
}

static int answer(void *state, const struct image *image, const uint8_t *wanted,
                  struct label_answers *out, struct err *e)
{
    struct vlm_labeler *s = state;
    struct vlm_how how = { 0 };
    struct vlm_answers answers;
    int rc = use_prompts(s, wanted, e);

    if (rc == 0)
        rc = vlm_ask(s->vlm, s->prompts, image, &how, &answers, e);
    if (rc < 0)
        return rc;
    rc = take_answers(s, &answers, out, e);
    vlm_answers_release(&answers);
    return rc;
}

/* ---- the model ---- */

static int find_model(const struct annotator *a, const struct label_options *o, char **path,
                      struct err *e)
{
    if (!a->model) {
        err_set(e, ERR_ARG, "the annotator '%s' names no model", a->name);
        err_expected(e, "model: the folder, as downloaded");
        return err_at(e, "assent.yaml:%u", a->line);
    }
    *path = file_join(o->dir, a->model, e);
    return *path ? 0 : ERR_NOMEM;
}

static void close_model(void *state)
{
    struct vlm_labeler *s = state;

    vlm_prompts_free(s->prompts);
    vlm_close(s->vlm);
    free(s->asked);
    free(s->wanted);
    free(s->path);
    free(s);
}

static int open_model(void **state, const struct task *t, const struct annotator *a,
                      const struct label_options *o, struct err *e)
{
    struct vlm_options options = {
        .dtype = a->dtype, .prompt = a->prompt, .reference = o->reference, .events = o->events
    };
    struct vlm_labeler *s = mem_new(1, sizeof(*s), e);
    int rc = s ? find_model(a, o, &s->path, e) : ERR_NOMEM;

    if (rc == 0) {
        s->task = t;
        s->annotator = a;
        s->wanted = mem_new(t->n_columns, 1, e);
        rc = s->wanted ? vlm_open(&s->vlm, s->path, &options, e) : ERR_NOMEM;
    }
    if (rc == 0) { /* every question is a prompt, before any image is read */
        memset(s->wanted, 1, t->n_columns);
        rc = make_prompts(s, s->wanted, e);
    }
    if (rc == 0) {
        char *quoted = jv_quoted(vlm_prompt_text(s->prompts, 0)); /* line ends as \n */

        events_say(o->events, EVENT_DETAIL, "prompt: %s", quoted ? quoted : "");
        free(quoted);
    }
    if (rc < 0 && s)
        close_model(s);
    else
        *state = s;
    return rc;
}

static struct label_model model(const void *state)
{
    const struct vlm_labeler *s = state;
    struct vlm_info i = vlm_info(s->vlm);

    return (struct label_model){ s->path,      i.family,      i.dtype, s->annotator->prompt,
                                 i.parameters, i.weight_bytes };
}

static struct json_t *settings(const void *state)
{
    const struct vlm_labeler *s = state;

    return vlm_settings(s->vlm);
}

static char *model_file(const void *state, size_t i, struct err *e)
{
    const struct vlm_labeler *s = state;

    return vlm_file(s->vlm, i, e);
}

static const char *file_part(const void *state, size_t i)
{
    const struct vlm_labeler *s = state;

    return vlm_file_part(s->vlm, i);
}

static int file_digest(const void *state, size_t i, char hex[SHA256_HEX], struct err *e)
{
    const struct vlm_labeler *s = state;

    return vlm_file_digest(s->vlm, i, hex, e);
}

static int cost(void *state, const struct image *size, const uint8_t *wanted,
                struct label_cost *out, struct err *e)
{
    struct vlm_labeler *s = state;
    struct vlm_cost c;
    int rc = use_prompts(s, wanted, e);

    if (rc == 0)
        rc = vlm_estimate(&c, s->vlm, s->prompts, size->width, size->height, e);
    if (rc == 0)
        *out = (struct label_cost){ c.flop, c.activation_bytes, c.tokens };
    return rc;
}

static int speed(void *state, double *flops, struct err *e)
{
    struct vlm_labeler *s = state;

    return vlm_speed(s->vlm, flops, e);
}

const struct label_backend label_vlm = {
    .engine = "vlm",
    .open = open_model,
    .close = close_model,
    .model = model,
    .settings = settings,
    .file = model_file,
    .file_part = file_part,
    .file_digest = file_digest,
    .cost = cost,
    .speed = speed,
    .answer = answer,
};
