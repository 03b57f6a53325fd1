/* SPDX-License-Identifier: MIT
 *
 * vlm.c - this program's own engine: what is asked of a picture are branches of one token tree.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "label/internal.h"
#include "vlm/vlm.h"

enum {
    TOGETHER_MOST = 64,
    WAITING_BYTES = 128 << 20 /* of pictures that wait, beside what a pass takes */
};

/* A picture that was submitted, until it is collected. */
struct waiting {
    struct image image; /* its own copy */
    const struct asked_list *asked;
    uint64_t tag;
    struct raw_answer *raw; /* once it is answered */
    size_t n_raw;           /* whose likeliest tokens are still its own */
    struct arena arena;     /* of raw */
    struct err error;
};

struct vlm_labeler {
    const struct task *task;
    const struct annotator *annotator;
    char *path;
    struct vlm *vlm;
    struct vlm_prompts *prompts; /* of the columns wanted last */
    uint8_t *wanted;             /* [n_columns] those */
    /* Pictures in the order of their coming; those in front are answered. */
    struct waiting waiting[TOGETHER_MOST];
    size_t n, n_answered;
    struct waiting given; /* that was collected last */
    size_t together;      /* pictures of the pass that is waited for; 0: none is */
};

/* ---- questions ---- */

static int make_prompts(struct vlm_labeler *s, const struct asked_list *asked, struct err *e)
{
    static const enum vlm_kind kinds[] = {
        [ASKED_YESNO] = VLM_YESNO, [ASKED_CHOICE] = VLM_CHOICE, [ASKED_LETTERS] = VLM_LETTERS
    };
    struct vlm_question *questions = mem_new(asked->n, sizeof(*questions), e);
    int rc = questions ? 0 : ERR_NOMEM;

    vlm_prompts_free(s->prompts);
    s->prompts = NULL;
    for (size_t i = 0; rc == 0 && i < asked->n; i++)
        questions[i] = (struct vlm_question){ asked->items[i].text, kinds[asked->items[i].form],
                                              asked->items[i].options, asked->items[i].n_options };
    if (rc == 0)
        rc = vlm_prompts_new(&s->prompts, s->vlm, questions, asked->n, e);
    if (rc == 0)
        memcpy(s->wanted, asked->wanted, s->task->n_columns);
    free(questions);
    return rc;
}

/* The prompts of these columns: mostly they are those of the image before. */
static int use_prompts(struct vlm_labeler *s, const struct asked_list *asked, struct err *e)
{
    bool same = s->prompts && memcmp(s->wanted, asked->wanted, s->task->n_columns) == 0;

    return same ? 0 : make_prompts(s, asked, e);
}

/* ---- answers ---- */

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

/* May the column have no answer: is some wording's mass too small? */
static bool is_doubtful(const struct vlm_labeler *s, const struct waiting *w, size_t column)
{
    double least = s->task->questions[s->task->columns[column].question].min_mass;

    for (size_t i = 0; i < w->asked->n; i++)
        if (w->asked->items[i].column == column && w->raw[i].mass < least)
            return true;
    return false;
}

static int take_answers(const struct vlm_labeler *s, struct waiting *w,
                        const struct vlm_answers *answers, struct err *e)
{
    size_t n = w->asked->n;

    w->raw = arena_new(&w->arena, n, sizeof(*w->raw), e);
    for (size_t i = 0; w->raw && i < n; i++) {
        const struct vlm_answer *a = &answers->items[i];

        w->raw[i].mass = vlm_mass(a);
        w->raw[i].score = arena_new(&w->arena, a->n_options, sizeof(*w->raw[i].score), e);
        if (!w->raw[i].score)
            return ERR_NOMEM;
        for (size_t o = 0; o < a->n_options; o++)
            w->raw[i].score[o] = vlm_score(a, o);
    }
    for (size_t i = 0; w->raw && i < n; i++)
        if (is_doubtful(s, w, w->asked->items[i].column))
            w->raw[i].top = likeliest(s, &answers->items[i]);
    w->n_raw = w->raw ? n : 0;
    return w->raw ? 0 : ERR_NOMEM;
}

/* ---- pictures ---- */

/* The waiting pictures [first, first + n) in one pass. What they are asked need not be what was
 * wanted last: a cost may have been reckoned meanwhile, of other columns. */
static int ask(struct vlm_labeler *s, size_t first, size_t n, struct err *e)
{
    const struct image *images[TOGETHER_MOST];
    struct vlm_answers answers[TOGETHER_MOST];
    struct vlm_asked asked = { .images = images, .n = n };
    struct vlm_how how = { 0 };
    int rc = use_prompts(s, s->waiting[first].asked, e);

    if (rc < 0)
        return rc;
    asked.prompts = s->prompts;
    for (size_t i = 0; i < n; i++)
        images[i] = &s->waiting[first + i].image;
    rc = vlm_ask_together(s->vlm, &asked, &how, answers, e);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++) {
        if (rc == 0)
            rc = take_answers(s, &s->waiting[first + i], &answers[i], e);
        vlm_answers_release(&answers[i]);
    }
    return rc;
}

/* A prompt that is too long for the model is its picture's fault: then each is asked alone. */
static int answer_waiting(struct vlm_labeler *s, struct err *e)
{
    size_t n = s->n - s->n_answered;
    int rc = ask(s, s->n_answered, n, e);

    for (size_t i = s->n_answered; rc == ERR_LIMIT && i < s->n; i++) {
        struct err alone = { 0 };
        int code = ask(s, i, 1, &alone);

        s->waiting[i].error = alone;
        if (code < 0 && code != ERR_LIMIT) {
            *e = alone;
            return code;
        }
    }
    if (rc < 0 && rc != ERR_LIMIT)
        return rc;
    s->n_answered = s->n;
    s->together = 0;
    return 0;
}

static bool wants_more(const void *state)
{
    const struct vlm_labeler *s = state;

    return s->n_answered == 0 && s->n < s->together;
}

static int copy_image(struct image *out, const struct image *in, struct err *e)
{
    size_t bytes = (size_t)in->width * in->height * 3;

    *out = (struct image){ .width = in->width, .height = in->height, .rgb = mem_new(bytes, 1, e) };
    if (!out->rgb)
        return ERR_NOMEM;
    memcpy(out->rgb, in->rgb, bytes);
    return 0;
}

static void forget(struct waiting *w)
{
    for (size_t i = 0; i < w->n_raw; i++)
        jv_free(w->raw[i].top);
    image_release(&w->image);
    arena_release(&w->arena);
    *w = (struct waiting){ 0 };
}

/* As many as a pass should be of, and as may wait as large as they came. */
static int count_together(struct vlm_labeler *s, const struct image *image, size_t *out,
                          struct err *e)
{
    size_t bytes = (size_t)image->width * image->height * 3, fit = WAITING_BYTES / bytes;
    int rc = vlm_together(s->vlm, s->prompts, image, out, e);

    if (rc == 0 && *out > fit)
        *out = fit > 0 ? fit : 1;
    return rc;
}

static bool asks_the_same(const struct vlm_labeler *s, const struct asked_list *asked)
{
    const struct asked_list *first = s->waiting[s->n_answered].asked;

    return memcmp(first->wanted, asked->wanted, s->task->n_columns) == 0;
}

/* Those that wait are answered first, where a pass with this one would be too large or asked
 * different things: small pictures let no large ones in. */
static int make_room(struct vlm_labeler *s, const struct image *image,
                     const struct asked_list *asked, struct err *e)
{
    size_t n = s->n - s->n_answered, most = 1;
    int rc = n > 0 && !asks_the_same(s, asked) ? answer_waiting(s, e) : 0;

    if (rc == 0)
        rc = use_prompts(s, asked, e);
    if (rc == 0)
        rc = count_together(s, image, &most, e);
    if (rc == ERR_LIMIT)
        rc = 0; /* asking says it, of this picture */
    n = s->n - s->n_answered;
    if (rc == 0 && n >= most)
        rc = answer_waiting(s, e);
    if (s->n == s->n_answered || most < s->together)
        s->together = most;
    return rc;
}

/* It waits until there are enough for a pass, all asked the same. */
static int submit(void *state, const struct label_picture *picture, const struct asked_list *asked,
                  uint64_t tag, struct err *e)
{
    struct vlm_labeler *s = state;
    struct waiting *w;
    int rc = make_room(s, picture->image, asked, e);

    if (rc < 0)
        return rc;
    w = &s->waiting[s->n];
    *w = (struct waiting){ .asked = asked, .tag = tag };
    if ((rc = copy_image(&w->image, picture->image, e)) == 0)
        s->n++;
    return rc;
}

/* The picture that is given out is the first; its raw answers stay until the next call. */
static int collect(void *state, double seconds, struct collected *out, struct err *e)
{
    struct vlm_labeler *s = state;
    struct waiting *given = &s->given;
    int rc = 0;

    (void)seconds;
    forget(given);
    if (s->n == 0)
        return 0;
    if (s->n_answered == 0)
        rc = answer_waiting(s, e);
    if (rc < 0)
        return rc;
    *given = s->waiting[0];
    given->n_raw = 0; /* who collects takes them */
    s->n--;
    s->n_answered--;
    memmove(s->waiting, s->waiting + 1, s->n * sizeof(*s->waiting));
    *out = (struct collected){ given->tag, given->raw, given->error };
    return 1;
}

/* ---- the model ---- */

static int find_model(const struct annotator *a, const struct label_options *o, char **path,
                      struct err *e)
{
    if (a->way.name) {
        err_set(e, ERR_ARG, "the engine vlm asks its questions alone: it has no way: %s",
                a->way.name);
        err_hint(e, "ways are for engine: http with protocol: chat, and a model that writes");
        return err_at(e, "assent.yaml:%u: %s", a->line, a->name);
    }
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
    for (size_t i = 0; i < s->n; i++)
        forget(&s->waiting[i]);
    forget(&s->given);
    free(s->wanted);
    free(s->path);
    free(s);
}

/* Every question is a prompt, before any image is read. */
static int make_all_prompts(struct vlm_labeler *s, struct err *e)
{
    uint8_t *all = mem_new(s->task->n_columns, 1, e);
    struct asked_list asked = { 0 };
    int rc = ERR_NOMEM;

    if (all) {
        memset(all, 1, s->task->n_columns);
        rc = asked_fill(&asked, s->task, all, false, e);
    }
    if (rc == 0)
        rc = make_prompts(s, &asked, e);
    asked_release(&asked);
    free(all);
    return rc;
}

/* Where the annotator is said to be what it cannot be, its line. */
static int open_engine(struct vlm_labeler *s, const struct annotator *a,
                       const struct label_options *o, struct err *e)
{
    const struct picture_limits *p = &a->pictures;
    struct vlm_options options = { .dtype = a->dtype,
                                   .prompt = a->prompt,
                                   .pictures = { .min_pixels = p->min_pixels,
                                                 .max_pixels = p->max_pixels,
                                                 .tiles = (uint32_t)p->tiles },
                                   .pass_tokens = o->pass_tokens,
                                   .reference = o->reference,
                                   .events = o->events };
    int rc = vlm_open(&s->vlm, s->path, &options, e);

    return rc == ERR_ARG ? err_at(e, "assent.yaml:%u: %s", a->line, a->name) : rc;
}

static int open_model(void **state, const struct task *t, const struct annotator *a,
                      const struct label_options *o, struct err *e)
{
    struct vlm_labeler *s = mem_new(1, sizeof(*s), e);
    int rc = s ? find_model(a, o, &s->path, e) : ERR_NOMEM;

    if (rc == 0) {
        s->task = t;
        s->annotator = a;
        s->wanted = mem_new(t->n_columns, 1, e);
        rc = s->wanted ? open_engine(s, a, o, e) : ERR_NOMEM;
    }
    if (rc == 0)
        rc = make_all_prompts(s, e);
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

    return (struct label_model){ .path = s->path,
                                 .family = i.family,
                                 .dtype = i.dtype,
                                 .prompt = s->annotator->prompt,
                                 .parameters = i.parameters,
                                 .weight_bytes = i.weight_bytes };
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

static int cost(void *state, const struct image *size, const struct asked_list *asked,
                struct label_cost *out, struct err *e)
{
    struct vlm_labeler *s = state;
    struct vlm_cost c;
    int rc = use_prompts(s, asked, e);

    if (rc == 0)
        rc = vlm_estimate(&c, s->vlm, s->prompts, &(struct vlm_size){ size->width, size->height },
                          e);
    if (rc == 0)
        *out = (struct label_cost){ c.flop, c.activation_bytes, c.tokens, c.image_tokens };
    return rc;
}

/* A photograph of so many pixels still shows what faces and products are asked about. */
enum { FEW_PIXELS = 512 * 512 };

/* Fewer pixels, else no tiles. What the model cannot be given is no saving. */
static int saving(void *state, const struct image *size, const struct asked_list *asked,
                  struct label_saving *out, struct err *e)
{
    struct vlm_labeler *s = state;
    struct vlm_pictures is = vlm_info(s->vlm).pictures, few = { 0 };
    struct vlm_size as = { .width = size->width, .height = size->height, .chosen = &few };
    struct vlm_cost c;
    int rc = use_prompts(s, asked, e);

    if (is.max_pixels > FEW_PIXELS)
        few.max_pixels = FEW_PIXELS;
    else if (is.max_pixels == 0 && is.tiles > 1)
        few.tiles = 1;
    else
        return rc;
    if (rc == 0)
        rc = vlm_estimate(&c, s->vlm, s->prompts, &as, e);
    if (rc == ERR_ARG)
        return 0;
    if (rc == 0)
        *out = (struct label_saving){ few.tiles ? "tiles" : "max_pixels",
                                      few.tiles ? few.tiles : few.max_pixels,
                                      { c.flop, c.activation_bytes, c.tokens, c.image_tokens } };
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
    .saving = saving,
    .speed = speed,
    .wants_more = wants_more,
    .submit = submit,
    .collect = collect,
};
