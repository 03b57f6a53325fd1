/* SPDX-License-Identifier: MIT
 *
 * prompts.c - questions become token sequences, and what is scored at their ends.
 */
#include <stdlib.h>
#include <string.h>

#include "vlm/engine.h"

enum { PATHS_MAX = 1 << 20, PROMPT_MAX = 2 << 20 };

/* ---- the text ---- */

static int add_replaced(struct buf *b, const char *template, const char *image,
                        const char *question)
{
    static const char image_mark[] = "{image}", question_mark[] = "{question}";

    while (*template) {
        if (strncmp(template, image_mark, strlen(image_mark)) == 0) {
            buf_puts(b, image);
            template += strlen(image_mark);
        } else if (strncmp(template, question_mark, strlen(question_mark)) == 0) {
            buf_puts(b, question);
            template += strlen(question_mark);
        } else {
            buf_putc(b, *template ++);
        }
    }
    return 0;
}

static int render_own(const struct vlm *v, const char *question, char **out, struct err *e)
{
    const char *image = tokenizer_token(v->tokenizer, v->model->config.image_token);
    struct buf b = BUF_INIT(PROMPT_MAX);
    int rc;

    add_replaced(&b, v->prompt, image, question);
    rc = buf_end(&b, "a prompt", e);
    if (rc == 0)
        *out = buf_take(&b);
    buf_release(&b);
    return rc;
}

/* A template that opens a thought wants words of it next; what is read here is the answer's first,
 * so the thought is closed, empty, as models of that kind are asked not to think. */
static int close_thought(char **text, struct err *e)
{
    static const char opened[] = "<think>\n", closed[] = "\n</think>\n\n";
    size_t len = strlen(*text), before = len - (sizeof(opened) - 1);
    char *whole;

    if (len < sizeof(opened) - 1 || strcmp(*text + before, opened) != 0)
        return 0;
    whole = mem_new(len + sizeof(closed), 1, e);
    if (!whole)
        return ERR_NOMEM;
    memcpy(whole, *text, len);
    memcpy(whole + len, closed, sizeof(closed));
    free(*text);
    *text = whole;
    return 0;
}

static int render_folders(const struct vlm *v, const char *question, char **out, struct err *e)
{
    struct template_input input = { question, v->bos, v->eos, NULL };
    int rc = template_render(v->template, &input, out, e);

    return rc < 0 ? rc : close_thought(out, e);
}

static int render(const struct vlm *v, const char *question, char **out, struct err *e)
{
    int rc = v->template ? render_folders(v, question, out, e) : render_own(v, question, out, e);

    if (rc < 0 && v->template && e->hint[0] == '\0')
        err_hint(e, "say the prompt yourself, with {image} and {question}: prompt: in assent.yaml, "
                    "or ask --prompt");
    return rc;
}

/* The question with its options under it: "A. black". */
static int list_options(const struct vlm_question *q, char **out, struct err *e)
{
    struct buf b = BUF_INIT(PROMPT_MAX);
    int rc;

    buf_puts(&b, q->text);
    for (size_t i = 0; i < q->n_options; i++)
        buf_printf(&b, "\n%c. %s", (char)('A' + (char)i), q->options[i]);
    rc = buf_end(&b, "a question with its options", e);
    if (rc == 0)
        *out = buf_take(&b);
    buf_release(&b);
    return rc;
}

static int check_text(const struct vlm *v, const char *text, struct err *e)
{
    const char *control;
    int rc = tokenizer_control_in(v->tokenizer, text, strlen(text), &control, e);

    if (rc < 0 || !control)
        return rc;
    err_set(e, ERR_ARG, "a question holds the text of a control token");
    err_got(e, "%s", control);
    return err_hint(e, "the model would not read it as text: write it in another way");
}

/* ---- ids ---- */

static int add_ids(struct arena *a, const uint32_t *ids, size_t n, uint32_t **out, struct err *e)
{
    *out = arena_new(a, n, sizeof(**out), e);
    if (!*out)
        return ERR_NOMEM;
    memcpy(*out, ids, n * sizeof(*ids));
    return 0;
}

/* A question on its way into the prompts. */
struct asking {
    const struct vlm *v;
    struct vlm_prompts *p;
    size_t question;
    const char *asked; /* the question's text, with its options where they are listed */
    char *text;        /* the prompt */
    bool ends;         /* the tokenizer adds the begin token, which the template has not written */
    struct token_ids ids; /* the prompt's */
    size_t image;         /* where in them */
};

/* The prompt of a question: exactly one image in it. */
static int encode_prompt(struct asking *a, struct err *e)
{
    const struct vlm *v = a->v;
    struct token_ids *ids = &a->ids;
    size_t images = 0;
    int rc;

    a->ends = !v->bos || !*v->bos || strncmp(a->text, v->bos, strlen(v->bos)) != 0;
    rc = tokenizer_encode(v->tokenizer, a->text, strlen(a->text), a->ends, ids, e);

    for (size_t i = 0; rc == 0 && i < ids->n; i++) {
        if (ids->ids[i] >= v->model->config.text.vocab) {
            err_set(e, ERR_FORMAT, "the tokenizer has a token that the model has not");
            err_got(e, "id %u", ids->ids[i]);
            return err_expected(e, "below %u", v->model->config.text.vocab);
        }
        if (ids->ids[i] == v->model->config.image_token) {
            a->image = i;
            images++;
        }
    }
    if (rc < 0 || images == 1)
        return rc;
    err_set(e, v->template ? ERR_FORMAT : ERR_ARG, "a prompt needs the image once");
    err_got(e, "%zu times in: %s", images, a->text);
    return err_hint(e, "say the prompt yourself, with {image} and {question}");
}

static int add_path(const struct asking *a, const uint32_t *ids, size_t n, struct err *e)
{
    struct path path = { .n = n, .image = a->image, .question = a->question };
    struct vlm_prompts *p = a->p;
    int rc = add_ids(&p->arena, ids, n, &path.ids, e);

    if (rc == 0)
        rc = mem_grow(&p->paths, &p->cap_paths, p->n_paths + 1, sizeof(*p->paths), PATHS_MAX, e);
    if (rc == 0)
        p->paths[p->n_paths++] = path;
    return rc;
}

/* On the path that was added last. */
static int add_probe(struct vlm_prompts *p, size_t option, const uint32_t *tokens, size_t n,
                     struct err *e)
{
    struct probe probe = { p->n_paths - 1, option, n, NULL };
    int rc = add_ids(&p->arena, tokens, n, &probe.tokens, e);

    if (rc == 0)
        rc =
            mem_grow(&p->probes, &p->cap_probes, p->n_probes + 1, sizeof(*p->probes), PATHS_MAX, e);
    if (rc == 0)
        p->probes[p->n_probes++] = probe;
    return rc;
}

/* ---- what is scored ---- */

/* A probe for each form that is one token, with the mark of a space before it or not, each token
 * once. *found counts them. */
static int add_forms(const struct asking *a, size_t option, const char *const *forms,
                     size_t n_forms, size_t *found, struct err *e)
{
    const struct vlm *v = a->v;
    const char *const marks[] = { "", tokenizer_space(v->tokenizer) };
    uint32_t seen[8];
    char text[64];

    *found = 0;
    for (size_t f = 0; f < n_forms; f++)
        for (size_t m = 0; m < 2; m++) {
            uint32_t id;
            bool known = false;
            int rc;

            snprintf(text, sizeof(text), "%s%s", marks[m], forms[f]);
            if (!tokenizer_id(v->tokenizer, text, &id) || id >= v->model->config.text.vocab)
                continue;
            for (size_t i = 0; i < *found; i++)
                known |= seen[i] == id;
            if (known)
                continue;
            seen[(*found)++] = id;
            if ((rc = add_probe(a->p, option, &id, 1, e)) < 0)
                return rc;
        }
    return 0;
}

static bool begins(const struct token_ids *a, const struct token_ids *b)
{
    return a->n <= b->n && memcmp(a->ids, b->ids, a->n * sizeof(*a->ids)) == 0;
}

/* Where one option's tokens begin another's, its probability would hold the other's: the end of
 * turn closes them all. */
static bool needs_closing(const struct token_ids *options, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (i != j && begins(&options[i], &options[j]))
                return true;
    return false;
}

/* One path an option: the prompt and the option's tokens but the last, whose probability is read
 * there. */
static int add_sequence(const struct asking *a, size_t option, const struct token_ids *tokens,
                        struct err *e)
{
    const struct token_ids *prompt = &a->ids;
    uint32_t *ids = mem_new(prompt->n + tokens->n, sizeof(*ids), e);
    int rc;

    if (!ids)
        return ERR_NOMEM;
    memcpy(ids, prompt->ids, prompt->n * sizeof(*ids));
    memcpy(ids + prompt->n, tokens->ids, (tokens->n - 1) * sizeof(*ids));
    rc = add_path(a, ids, prompt->n + tokens->n - 1, e);
    if (rc == 0)
        rc = add_probe(a->p, option, tokens->ids, tokens->n, e);
    free(ids);
    return rc;
}

/* The end of the answer in a conversation that goes on from the prompt, with nothing but spaces
 * between the two, or NULL. What else a template puts there (LLaVA-NeXT's for Llama 3 has a line
 * break in front of every text) no model has learnt to write behind this prompt. */
static const char *answer_end(const char *conversation, const char *prompt, const char *answer)
{
    size_t n = strlen(prompt), len = strlen(answer);
    const char *at = conversation + n;

    if (strncmp(conversation, prompt, n) != 0)
        return NULL;
    while (strncmp(at, answer, len) != 0)
        if (*at++ != ' ')
            return NULL;
    return at + len;
}

/* Takes the ids behind the prompt's from those of the conversation up to the answer's end. None
 * where the prompt's are not its beginning. */
static int take_answer(const struct asking *a, const char *conversation, const char *end,
                       struct token_ids *out, struct err *e)
{
    const struct token_ids *prompt = &a->ids;
    int rc = tokenizer_encode(a->v->tokenizer, conversation, (size_t)(end - conversation), a->ends,
                              out, e);

    if (rc < 0 || !begins(prompt, out)) {
        out->n = 0;
        return rc;
    }
    out->n -= prompt->n;
    memmove(out->ids, out->ids + prompt->n, out->n * sizeof(*out->ids));
    return 0;
}

/* The option's ids as the model would answer it. None where the template has no such turn, or
 * changes what it says. */
static int encode_answer(const struct asking *a, const char *text, struct token_ids *out,
                         struct err *e)
{
    const struct vlm *v = a->v;
    struct template_input input = { a->asked, v->bos, v->eos, text };
    char *conversation = NULL;
    const char *end;
    int rc = template_render(v->template, &input, &conversation, e);

    if (rc == ERR_FORMAT || rc == ERR_LIMIT)
        return 0;
    if (rc == 0 && (end = answer_end(conversation, a->text, text)))
        rc = take_answer(a, conversation, end, out, e);
    free(conversation);
    return rc;
}

static int encode_option(const struct asking *a, const char *text, struct token_ids *out,
                         struct err *e)
{
    const struct vlm *v = a->v;
    int rc = check_text(v, text, e);

    if (rc == 0 && v->template)
        rc = encode_answer(a, text, out, e);
    if (rc == 0 && out->n == 0)
        rc = tokenizer_encode(v->tokenizer, text, strlen(text), false, out, e);
    if (rc == 0 && out->n == 0)
        rc = err_set(e, ERR_ARG, "an option without any token");
    for (size_t i = 0; rc == 0 && i < out->n; i++)
        if (out->ids[i] >= v->model->config.text.vocab)
            rc = err_set(e, ERR_FORMAT, "an option's token is not in the model's vocabulary");
    return rc < 0 ? err_at(e, "option %s", text) : 0;
}

static int close_options(const struct vlm *v, struct token_ids *options, size_t n, struct err *e)
{
    if (!needs_closing(options, n))
        return 0;
    if (!v->has_eos) {
        err_set(e, ERR_FORMAT, "the folder names no end-of-turn token");
        return err_hint(e, "an option's tokens begin another's: one is needed to tell them apart");
    }
    for (size_t i = 0; i < n; i++) {
        int rc = mem_grow(&options[i].ids, &options[i].cap, options[i].n + 1,
                          sizeof(*options[i].ids), PATHS_MAX, e);

        if (rc < 0)
            return rc;
        options[i].ids[options[i].n++] = v->eos_id;
    }
    return 0;
}

static int add_choice(const struct asking *a, const char *const *texts, size_t n, struct err *e)
{
    struct token_ids *options = mem_new(n, sizeof(*options), e);
    int rc = options ? 0 : ERR_NOMEM;

    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = encode_option(a, texts[i], &options[i], e);
    if (rc == 0)
        rc = close_options(a->v, options, n, e);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = add_sequence(a, i, &options[i], e);
    for (size_t i = 0; options && i < n; i++)
        token_ids_release(&options[i]);
    free(options);
    return rc;
}

static int add_yes_no(const struct asking *a, struct err *e)
{
    static const char *const no[] = { "No", "no", "NO" }, *const yes[] = { "Yes", "yes", "YES" };
    static const char *const words[] = { "No", "Yes" };
    size_t paths = a->p->n_paths, probes = a->p->n_probes, found[2] = { 0 };
    int rc = add_path(a, a->ids.ids, a->ids.n, e);

    if (rc == 0)
        rc = add_forms(a, 0, no, 3, &found[0], e);
    if (rc == 0)
        rc = add_forms(a, 1, yes, 3, &found[1], e);
    if (rc < 0 || (found[0] > 0 && found[1] > 0))
        return rc;
    a->p->n_paths = paths;
    a->p->n_probes = probes;
    return add_choice(a, words, 2, e);
}

static int add_letters(const struct asking *a, size_t n, struct err *e)
{
    int rc = add_path(a, a->ids.ids, a->ids.n, e);

    for (size_t i = 0; rc == 0 && i < n; i++) {
        char letter[2] = { (char)('A' + (char)i), '\0' };
        const char *forms[] = { letter };
        size_t found;

        rc = add_forms(a, i, forms, 1, &found, e);
        if (rc == 0 && found == 0) {
            rc = err_set(e, ERR_FORMAT, "the vocabulary has no token for a letter");
            err_got(e, "%s", letter);
        }
    }
    return rc;
}

/* ---- a question ---- */

static int check_options(const struct vlm_question *q, struct err *e)
{
    if (q->kind == VLM_YESNO)
        return 0;
    if (q->n_options < 2)
        return err_set(e, ERR_ARG, "a choice needs two options or more");
    if (q->kind == VLM_LETTERS && q->n_options > VLM_LETTERS_MAX) {
        err_set(e, ERR_ARG, "too many options for letters");
        err_got(e, "%zu", q->n_options);
        return err_expected(e, "at most %d", VLM_LETTERS_MAX);
    }
    return 0;
}

/* Does the rendered prompt hold the question? Templates may strip it. */
static bool holds_question(const char *prompt, const char *question)
{
    size_t len;

    question += strspn(question, " \t\r\n");
    len = strlen(question);
    while (len > 0 && strchr(" \t\r\n", question[len - 1]))
        len--;
    return memmem(prompt, strlen(prompt), question, len) != NULL;
}

static int check_rendered(const struct vlm *v, const char *prompt, const char *question,
                          struct err *e)
{
    if (holds_question(prompt, question))
        return 0;
    err_set(e, v->template ? ERR_FORMAT : ERR_ARG, "the chat template leaves the question out");
    err_got(e, "%s", prompt);
    return err_hint(e, "say the prompt yourself, with {image} and {question}: prompt: in "
                       "assent.yaml, or ask --prompt");
}

/* Whatever the image: a prompt has to fit. */
static int check_length(const struct vlm *v, const struct token_ids *ids, struct err *e)
{
    const struct model_config *c = &v->model->config;
    size_t least = ids->n - 1 + c->family->least_tokens(c), most = c->text.max_positions;

    if (least <= most)
        return 0;
    err_set(e, ERR_ARG, "a question is too long for the model");
    err_got(e, "at least %zu tokens with the image", least);
    return err_expected(e, "at most %zu", most);
}

static int add_scored(const struct asking *a, const struct vlm_question *q, struct err *e)
{
    return q->kind == VLM_YESNO     ? add_yes_no(a, e)
           : q->kind == VLM_LETTERS ? add_letters(a, q->n_options, e)
                                    : add_choice(a, q->options, q->n_options, e);
}

static int add_question(struct vlm_prompts *p, const struct vlm *v, const struct vlm_question *q,
                        size_t i, struct err *e)
{
    struct asking a = { .v = v, .p = p, .question = i, .asked = q->text };
    char *listed = NULL;
    int rc = check_options(q, e);

    if (rc == 0 && q->kind == VLM_LETTERS) {
        rc = list_options(q, &listed, e);
        a.asked = listed;
    }
    if (rc == 0)
        rc = check_text(v, a.asked, e);
    if (rc == 0)
        rc = render(v, a.asked, &a.text, e);
    if (rc == 0)
        rc = check_rendered(v, a.text, a.asked, e);
    if (rc == 0) {
        p->questions[i].text = arena_text(&p->arena, a.text, strlen(a.text), e);
        p->questions[i].n_options = q->kind == VLM_YESNO ? 2 : q->n_options;
        rc = p->questions[i].text ? encode_prompt(&a, e) : ERR_NOMEM;
    }
    if (rc == 0)
        rc = check_length(v, &a.ids, e);
    if (rc == 0)
        rc = add_scored(&a, q, e);
    token_ids_release(&a.ids);
    free(a.text);
    free(listed);
    return rc < 0 ? err_at(e, "question \"%.100s\"", q->text) : 0;
}

int vlm_prompts_new(struct vlm_prompts **out, const struct vlm *v,
                    const struct vlm_question *questions, size_t n, struct err *e)
{
    struct vlm_prompts *p = mem_new(1, sizeof(*p), e);
    int rc = p ? 0 : ERR_NOMEM;

    *out = NULL;
    if (rc == 0) {
        p->n = n;
        p->questions = arena_new(&p->arena, n, sizeof(*p->questions), e);
        rc = p->questions ? 0 : ERR_NOMEM;
    }
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = add_question(p, v, &questions[i], i, e);
    if (rc < 0) {
        vlm_prompts_free(p);
        return rc;
    }
    *out = p;
    return 0;
}

void vlm_prompts_free(struct vlm_prompts *p)
{
    if (!p)
        return;
    free(p->paths);
    free(p->probes);
    arena_release(&p->arena);
    free(p);
}

const char *vlm_prompt_text(const struct vlm_prompts *p, size_t question)
{
    return p->questions[question].text;
}

/* ---- with an image ---- */

static int text_ids(struct token_ids *out, const struct vlm *v, const struct layout *l,
                    struct err *e)
{
    const struct model_config *c = &v->model->config;
    struct buf b = BUF_INIT(PROMPT_MAX);
    size_t tokens = 0;
    int rc;

    c->family->image_text(&b, c, l);
    rc = buf_end(&b, "the text of an image", e);
    if (rc == 0)
        rc = tokenizer_encode(v->tokenizer, b.text, b.len, false, out, e);
    buf_release(&b);
    for (size_t i = 0; rc == 0 && i < out->n; i++)
        tokens += out->ids[i] == c->image_token;
    if (rc < 0 || tokens == l->tokens)
        return rc;
    err_set(e, ERR_FORMAT, "the tokenizer does not know the marks that stand around an image");
    err_got(e, "%zu image tokens", tokens);
    err_expected(e, "%zu", l->tokens);
    return err_at(e, "%s", v->dir);
}

/* What stands in the place of the image's mark. Its ids do not depend on what is around them: they
 * begin and end with tokens that no text merges with. */
static int image_ids(struct token_ids *out, const struct vlm *v, const struct layout *l,
                     struct err *e)
{
    const struct model_config *c = &v->model->config;
    int rc;

    if (c->family->image_text)
        return text_ids(out, v, l, e);
    rc = mem_grow(&out->ids, &out->cap, l->tokens, sizeof(*out->ids), TREE_TOKENS_MAX, e);
    for (; rc == 0 && out->n < l->tokens; out->n++)
        out->ids[out->n] = c->image_token;
    return rc;
}

static int expand(const struct path *path, const struct token_ids *image, struct prompt *out,
                  struct arena *arena, struct err *e)
{
    size_t n = path->n - 1 + image->n, behind = path->n - path->image - 1;
    uint32_t *ids = arena_new(arena, n, sizeof(*ids), e);

    if (!ids)
        return ERR_NOMEM;
    memcpy(ids, path->ids, path->image * sizeof(*ids));
    memcpy(ids + path->image, image->ids, image->n * sizeof(*ids));
    memcpy(ids + n - behind, path->ids + path->image + 1, behind * sizeof(*ids));
    *out = (struct prompt){ ids, n };
    return 0;
}

int prompts_expand(const struct vlm_prompts *p, const struct vlm *v, const struct layout *l,
                   struct prompt **out, struct arena *arena, struct err *e)
{
    struct prompt *prompts = arena_new(arena, p->n_paths, sizeof(*prompts), e);
    struct token_ids image = { 0 };
    int rc = prompts ? image_ids(&image, v, l, e) : ERR_NOMEM;

    for (size_t i = 0; rc == 0 && i < p->n_paths; i++)
        rc = expand(&p->paths[i], &image, &prompts[i], arena, e);
    token_ids_release(&image);
    *out = prompts;
    return rc;
}
