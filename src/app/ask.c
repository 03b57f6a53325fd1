/* SPDX-License-Identifier: MIT
 *
 * ask.c - questions about images without a project.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/app.h"
#include "image/image.h"
#include "vlm/vlm.h"

static int make_prompts(const struct vlm *v, const struct ask_options *o, struct vlm_prompts **out,
                        struct err *e)
{
    struct vlm_question *questions = mem_new(o->n_questions, sizeof(*questions), e);
    int rc;

    if (!questions)
        return ERR_NOMEM;
    for (size_t i = 0; i < o->n_questions; i++)
        questions[i] = (struct vlm_question){ o->questions[i],
                                              o->n_options == 0 ? VLM_YESNO
                                              : o->letters      ? VLM_LETTERS
                                                                : VLM_CHOICE,
                                              o->options, o->n_options };
    rc = vlm_prompts_new(out, v, questions, o->n_questions, e);
    free(questions);
    for (size_t i = 0; rc == 0 && i < o->n_questions; i++) {
        char *quoted = jv_quoted(vlm_prompt_text(*out, i)); /* line ends as \n */

        log_debug("prompt: %s", quoted ? quoted : "");
        free(quoted);
    }
    return rc;
}

/* The likeliest first tokens as text: what the model would have said instead. */
static int name_tokens(const struct vlm *v, const struct vlm_answer *a, struct ask_answer *out,
                       struct arena *arena, struct err *e)
{
    for (size_t i = 0; i < ASK_TOP; i++) {
        char *text = vlm_token_text(v, a->top[i].id);

        out->top[i].text = text ? arena_text(arena, text, strlen(text), e) : NULL;
        out->top[i].probability = exp(a->top[i].logprob);
        free(text);
        if (!out->top[i].text)
            return err_set(e, ERR_NOMEM, "out of memory: a token's text");
    }
    return 0;
}

static int fill_answer(const struct vlm *v, const struct ask_options *o, size_t question,
                       const struct vlm_answer *a, struct ask_answer *out, struct arena *arena,
                       struct err *e)
{
    static const char *const yesno[] = { "no", "yes" };
    bool choice = o->n_options > 0;
    size_t best = 0;

    *out = (struct ask_answer){ .question = o->questions[question],
                                .kind = choice ? "choice" : "yesno",
                                .options = choice ? o->options : yesno,
                                .n_options = a->n_options,
                                .mass = vlm_mass(a) };
    out->logprob = arena_new(arena, a->n_options, sizeof(*out->logprob), e);
    if (!out->logprob)
        return ERR_NOMEM;
    memcpy(out->logprob, a->logprob, a->n_options * sizeof(*out->logprob));
    for (size_t i = 1; i < a->n_options; i++)
        if (a->logprob[i] > a->logprob[best])
            best = i;
    out->score = vlm_score(a, choice ? best : 1);
    out->answer = out->options[best];
    if (out->mass < (choice ? TASK_MIN_MASS_OPTION : TASK_MIN_MASS_YESNO))
        out->answer = task_reason_name(VALUE_UNPARSEABLE);
    return name_tokens(v, a, out, arena, e);
}

static int read_image(const char *path, struct image *out, struct err *e)
{
    char *data;
    size_t len;
    int rc = file_read(path, IMAGE_BYTES_MAX, &data, &len, e);

    if (rc < 0)
        return rc;
    rc = image_decode(out, data, len, e);
    free(data);
    return rc < 0 ? err_at(e, "%s", path) : 0;
}

static int ask_image(struct vlm *v, const struct vlm_prompts *p, const struct ask_options *o,
                     const char *path, const struct image *image, struct ask_image *out,
                     FILE *logits, struct arena *arena, struct err *e)
{
    struct vlm_how how = { o->one_by_one, logits != NULL, o->trace };
    struct vlm_answers answers;
    int rc = vlm_ask(v, p, image, &how, &answers, e);

    out->path = path;
    if (rc < 0)
        return rc;
    out->answers = arena_new(arena, answers.n, sizeof(*out->answers), e);
    rc = out->answers ? 0 : ERR_NOMEM;
    for (size_t q = 0; rc == 0 && q < answers.n; q++)
        rc = fill_answer(v, o, q, &answers.items[q], &out->answers[q], arena, e);
    if (rc == 0 && logits)
        fwrite(answers.logits, sizeof(float), answers.n * vlm_info(v).vocabulary, logits);
    vlm_answers_release(&answers);
    return rc;
}

/* A picture that cannot be read ends nothing, if others can be. Logits have a place for every
 * picture, and so need all. */
static int pass_over(const struct ask_options *o, struct ask_result *out, size_t i,
                     const struct err *reason, struct err *e)
{
    char text[ERR_TEXT_MAX];

    *e = *reason;
    if (reason->code == ERR_NOMEM || o->logits || ++out->n_failed == o->n_images)
        return reason->code;
    err_line(reason, text);
    log_warn("%s", text);
    out->images[i].path = o->images[i];
    out->images[i].error = arena_text(&out->arena, text, strlen(text), e);
    return out->images[i].error ? 0 : ERR_NOMEM;
}

static int ask_images(struct vlm *v, const struct vlm_prompts *p, const struct ask_options *o,
                      struct ask_result *out, FILE *logits, struct err *e)
{
    struct progress progress;
    int rc = 0;

    progress_start(&progress, "asking about", "images", o->n_images);
    for (size_t i = 0; rc == 0 && i < o->n_images; i++) {
        struct image image = { 0 };
        struct err reason;

        rc = signals_check(e);
        if (rc == 0 && read_image(o->images[i], &image, &reason) < 0)
            rc = pass_over(o, out, i, &reason, e);
        else if (rc == 0)
            rc = ask_image(v, p, o, o->images[i], &image, &out->images[i], logits, &out->arena, e);
        image_release(&image);
        progress_add(&progress, 1);
    }
    progress_end(&progress);
    return rc;
}

/* float32 [images, questions, vocabulary] in a .npy file. */
static int open_logits(const struct vlm *v, const struct ask_options *o, struct writer **out,
                       struct err *e)
{
    size_t shape[] = { o->n_images, o->n_questions, vlm_info(v).vocabulary };
    int rc;

    *out = NULL;
    if (!o->logits)
        return 0;
    rc = writer_open(out, o->logits, e);
    if (rc < 0)
        return rc;
    rc = vlm_npy_header(writer_file(*out), 3, shape, e);
    if (rc < 0) {
        writer_abort(*out);
        *out = NULL;
    }
    return rc;
}

static int run(struct vlm *v, const struct ask_options *o, struct ask_result *out, struct err *e)
{
    struct vlm_prompts *p = NULL;
    struct writer *w = NULL;
    int rc = make_prompts(v, o, &p, e);

    if (rc == 0)
        rc = open_logits(v, o, &w, e);
    if (rc == 0)
        rc = ask_images(v, p, o, out, w ? writer_file(w) : NULL, e);
    if (w)
        rc = writer_end(w, rc, e);
    vlm_prompts_free(p);
    return rc;
}

static int check(const struct ask_options *o, struct err *e)
{
    for (size_t i = 0; i < o->n_questions; i++)
        if (o->questions[i][strspn(o->questions[i], " \t\r\n")] == '\0')
            return err_set(e, ERR_ARG, "an empty question");
    if (!o->trace)
        return 0;
    if (o->n_images > 1)
        return err_set(e, ERR_ARG, "--trace writes the stages of one image: name one");
    if (!file_is_folder(o->trace) && mkdir(o->trace, 0777) != 0)
        return err_errno(e, "make the folder", o->trace);
    return 0;
}

int ask(const struct ask_options *o, struct ask_result *out, struct err *e)
{
    struct vlm_options options = { o->dtype, o->prompt, o->reference };
    struct vlm *v = NULL;
    int rc = check(o, e);

    *out = (struct ask_result){ .model = o->model,
                                .n_images = o->n_images,
                                .n_questions = o->n_questions };
    if (rc == 0)
        rc = vlm_open(&v, o->model, &options, e);
    if (rc == 0) {
        out->dtype = vlm_info(v).dtype;
        out->images = arena_new(&out->arena, o->n_images, sizeof(*out->images), e);
        rc = out->images ? run(v, o, out, e) : ERR_NOMEM;
    }
    vlm_close(v);
    if (rc < 0)
        ask_result_release(out);
    return rc;
}

void ask_result_release(struct ask_result *r)
{
    arena_release(&r->arena);
    *r = (struct ask_result){ 0 };
}

/* ---- JSON ---- */

/* Yes before no, as everybody says it. */
static struct json_t *options_json(const struct ask_answer *a)
{
    struct json_t *list = jv_array();
    bool reverse = strcmp(a->kind, "yesno") == 0;

    for (size_t i = 0; i < a->n_options; i++) {
        size_t o = reverse ? a->n_options - 1 - i : i;

        if (!jv_append(list, jv_pack("{s:s, s:o}", "text", a->options[o], "logprob",
                                     jv_real(a->logprob[o]))))
            break;
    }
    return list;
}

static struct json_t *top_json(const struct ask_answer *a)
{
    struct json_t *list = jv_array();

    for (size_t i = 0; i < ASK_TOP; i++)
        jv_append(list, jv_pack("{s:s, s:o}", "text", a->top[i].text, "probability",
                                jv_real(a->top[i].probability)));
    return list;
}

static struct json_t *answer_json(const struct ask_answer *a)
{
    struct json_t *json = jv_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "question", a->question, "kind",
                                  a->kind, "answer", a->answer, "score", jv_real(a->score), "mass",
                                  jv_real(a->mass), "options", options_json(a));

    if (strcmp(a->answer, task_reason_name(VALUE_UNPARSEABLE)) == 0)
        jv_set(json, "top", top_json(a));
    return json;
}

struct json_t *ask_json(const struct ask_result *r)
{
    struct json_t *results = jv_array();

    for (size_t i = 0; i < r->n_images; i++) {
        struct json_t *answers = jv_array(), *image;

        for (size_t q = 0; !r->images[i].error && q < r->n_questions; q++)
            jv_append(answers, answer_json(&r->images[i].answers[q]));
        image = jv_pack("{s:s, s:o}", "image", r->images[i].path, "answers", answers);
        if (r->images[i].error)
            jv_set(image, "error", jv_pack("s", r->images[i].error));
        jv_append(results, image);
    }
    return jv_pack("{s:s, s:s, s:o}", "model", r->model, "dtype", r->dtype, "results", results);
}
