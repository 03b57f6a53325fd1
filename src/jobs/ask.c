/* SPDX-License-Identifier: MIT */
#include "jobs/ask.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image/image.h"
#include "task/task.h"
#include "vlm/vlm.h"

struct asking {
    const struct ask_options *options;
    struct ask_result *out;
    struct vlm *vlm;
    struct vlm_prompts *prompts;
    FILE *logits; /* NULL: none are wanted */
};

static int make_prompts(struct asking *a, struct err *e)
{
    const struct ask_options *o = a->options;
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
    rc = vlm_prompts_new(&a->prompts, a->vlm, questions, o->n_questions, e);
    free(questions);
    for (size_t i = 0; rc == 0 && i < o->n_questions; i++) {
        char *quoted = jv_quoted(vlm_prompt_text(a->prompts, i)); /* line ends as \n */

        events_say(o->events, EVENT_DETAIL, "prompt: %s", quoted ? quoted : "");
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

static int fill_answer(const struct asking *asking, size_t question, const struct vlm_answer *a,
                       struct ask_answer *out, struct err *e)
{
    static const char *const yesno[] = { "no", "yes" };
    const struct ask_options *o = asking->options;
    struct arena *arena = &asking->out->arena;
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
    return name_tokens(asking->vlm, a, out, arena, e);
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

static int ask_image(struct asking *a, const struct image *image, struct ask_image *out,
                     struct err *e)
{
    struct vlm_how how = { a->options->one_by_one, a->logits != NULL, a->options->trace };
    struct vlm_answers answers;
    int rc = vlm_ask(a->vlm, a->prompts, image, &how, &answers, e);

    if (rc < 0)
        return rc;
    out->answers = arena_new(&a->out->arena, answers.n, sizeof(*out->answers), e);
    rc = out->answers ? 0 : ERR_NOMEM;
    for (size_t q = 0; rc == 0 && q < answers.n; q++)
        rc = fill_answer(a, q, &answers.items[q], &out->answers[q], e);
    if (rc == 0 && a->logits)
        fwrite(answers.logits, sizeof(float), answers.n * vlm_info(a->vlm).vocabulary, a->logits);
    vlm_answers_release(&answers);
    return rc;
}

/* A picture that cannot be read, or that the model cannot be given, ends nothing, if others can be.
 * Logits have a place for every picture, and so need all. */
static int pass_over(struct asking *a, size_t i, const struct err *reason, struct err *e)
{
    const struct ask_options *o = a->options;
    struct ask_image *image = &a->out->images[i];
    char text[ERR_TEXT_MAX];

    *e = *reason;
    if (reason->code == ERR_NOMEM || o->logits || ++a->out->n_failed == o->n_images)
        return reason->code;
    err_line(reason, text);
    events_say(o->events, EVENT_WARNING, "%s", text);
    image->error = arena_text(&a->out->arena, text, strlen(text), e);
    return image->error ? 0 : ERR_NOMEM;
}

static int ask_one(struct asking *a, size_t i, struct err *e)
{
    const char *path = a->options->images[i];
    struct image image = { 0 };
    struct err reason;
    int rc = events_check(a->options->events, e);

    a->out->images[i].path = path;
    if (rc < 0)
        return rc;
    if (read_image(path, &image, &reason) < 0)
        return pass_over(a, i, &reason, e);
    rc = ask_image(a, &image, &a->out->images[i], &reason);
    if (rc == ERR_LIMIT) {
        err_at(&reason, "%s", path);
        rc = pass_over(a, i, &reason, e);
    } else if (rc < 0) {
        *e = reason;
    }
    image_release(&image);
    return rc;
}

static int ask_images(struct asking *a, struct err *e)
{
    struct progress progress;
    int rc = 0;

    progress_start(&progress, a->options->events, "asking about", "images", a->options->n_images);
    for (size_t i = 0; rc == 0 && i < a->options->n_images; i++) {
        rc = ask_one(a, i, e);
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
    rc = npy_header(writer_file(*out), NPY_FLOAT32, 3, shape, e);
    if (rc < 0) {
        writer_abort(*out);
        *out = NULL;
    }
    return rc;
}

static int ask(struct asking *a, struct err *e)
{
    struct writer *w = NULL;
    int rc = make_prompts(a, e);

    if (rc == 0)
        rc = open_logits(a->vlm, a->options, &w, e);
    a->logits = w ? writer_file(w) : NULL;
    if (rc == 0)
        rc = ask_images(a, e);
    if (w)
        rc = writer_end(w, rc, e);
    vlm_prompts_free(a->prompts);
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

int job_ask(const struct ask_options *o, struct ask_result *out, struct err *e)
{
    struct vlm_options options = { .dtype = o->dtype,
                                   .prompt = o->prompt,
                                   .pictures = o->pictures,
                                   .reference = o->reference,
                                   .events = o->events };
    struct asking a = { .options = o, .out = out };
    int rc = check(o, e);

    *out = (struct ask_result){ .model = o->model,
                                .n_images = o->n_images,
                                .n_questions = o->n_questions };
    if (rc == 0)
        rc = vlm_open(&a.vlm, o->model, &options, e);
    if (rc == 0) {
        out->dtype = vlm_info(a.vlm).dtype;
        out->images = arena_new(&out->arena, o->n_images, sizeof(*out->images), e);
        rc = out->images ? ask(&a, e) : ERR_NOMEM;
    }
    vlm_close(a.vlm);
    if (rc < 0)
        ask_result_release(out);
    return rc;
}

void ask_result_release(struct ask_result *r)
{
    arena_release(&r->arena);
    *r = (struct ask_result){ 0 };
}
