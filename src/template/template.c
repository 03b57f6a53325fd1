/* SPDX-License-Identifier: MIT
 *
 * text -> lexemes (lex.h) -> nodes (parser.h) -> text, by way of values (eval.h).
 *
 * The language is Jinja 3.1 as transformers 5.23 sets it up; values behave as Python's do. Where
 * an equal answer would cost tables (letters beyond ASCII in upper(), fractions), the construct is
 * refused by name.
 */
#include "template/template.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "template/eval.h"
#include "template/lex.h"
#include "template/node.h"
#include "template/parser.h"
#include "template/render.h"
#include "template/text.h"
#include "template/value.h"

/* ---- parsing ---- */

static int check_text(const char *what, const char *text, size_t len, struct err *e)
{
    size_t bad;

    if (text_utf8(text, len, &bad) && !memchr(text, '\0', len))
        return 0;
    return err_set(e, ERR_FORMAT, "%s is not UTF-8 text", what);
}

static int parse(struct template *t, const char *text, size_t len, struct err *e)
{
    struct lexeme *lexemes = NULL;
    int rc = template_lex(t, text, len, &lexemes, e);
    struct parser p = { .t = t, .at = lexemes, .e = e };

    if (rc == 0 && !parse_body(&p, &t->body))
        rc = e->code;
    free(lexemes);
    return rc;
}

int template_parse(struct template **out, const char *name, const char *text, size_t len,
                   struct err *e)
{
    struct template *t;
    int rc;

    *out = NULL;
    if (len > TEMPLATE_FILE_MAX) {
        err_set(e, ERR_LIMIT, "the template is too large");
        err_expected(e, "at most %d bytes", TEMPLATE_FILE_MAX);
        return err_at(e, "%s", name);
    }
    if (check_text("the template", text, len, e) < 0)
        return err_at(e, "%s", name);
    if (!(t = mem_new(1, sizeof(*t), e)))
        return ERR_NOMEM;
    t->name = arena_text(&t->arena, name, strlen(name), e);
    rc = t->name ? parse(t, text, len, e) : ERR_NOMEM;
    if (rc < 0) {
        template_free(t);
        return rc;
    }
    *out = t;
    return 0;
}

void template_free(struct template *t)
{
    if (!t)
        return;
    arena_release(&t->arena);
    free(t);
}

/* ---- what a rendering may cost ---- */

int render_charge(struct render *r, size_t steps)
{
    if (steps <= TEMPLATE_STEPS_MAX - r->steps) {
        r->steps += steps;
        return 0;
    }
    r->steps = TEMPLATE_STEPS_MAX; /* nothing succeeds from here on */
    err_set(r->e, ERR_LIMIT, "the template takes too long");
    return err_expected(r->e, "at most %d steps", TEMPLATE_STEPS_MAX);
}

int render_charge_bytes(struct render *r, size_t bytes)
{
    return render_charge(r, bytes / BYTES_PER_STEP);
}

void *render_new(struct render *r, size_t n, size_t size)
{
    size_t bytes, total;

    if (size_mul(n, size, &bytes) && size_add(bytes, r->arena.used, &total) &&
        total <= RENDER_MEMORY_MAX)
        return arena_new(&r->arena, n, size, r->e);
    err_set(r->e, ERR_LIMIT, "the template's values are too large");
    err_expected(r->e, "at most %d bytes", RENDER_MEMORY_MAX);
    return NULL;
}

int render_refuses(struct render *r, const char *what, struct span name)
{
    return err_set(r->e, ERR_FORMAT, "the template uses %s %.*s: not implemented", what,
                   SHOWN(name));
}

/* ---- what a rendering sees ---- */

static struct val text_of(const char *s)
{
    return val_text((struct span){ s ? s : "", s ? strlen(s) : 0 });
}

/* {key: value, ...}: pairs are (const char *, struct val), n of them. */
static int dict_new(struct render *r, struct val *out, size_t n, ...)
{
    struct pair *pairs = render_new(r, n, sizeof(*pairs));
    va_list args;

    if (!pairs)
        return r->e->code;
    va_start(args, n);
    for (size_t i = 0; i < n; i++) {
        pairs[i].key = text_of(va_arg(args, const char *));
        pairs[i].value = va_arg(args, struct val);
    }
    va_end(args);
    *out = (struct val){ .kind = VAL_DICT, .n = n, .pairs = pairs };
    return 0;
}

static int make_question(struct render *r, const char *question, struct val *out)
{
    struct val *content = render_new(r, 2, sizeof(*content));
    int rc = content ? 0 : r->e->code;

    if (rc == 0)
        rc = dict_new(r, &content[0], 1, "type", text_of("image"));
    if (rc == 0)
        rc = dict_new(r, &content[1], 2, "type", text_of("text"), "text", text_of(question));
    if (rc == 0)
        rc =
            dict_new(r, out, 2, "role", text_of("user"), "content", val_list(VAL_LIST, content, 2));
    return rc;
}

static int make_answer(struct render *r, const char *answer, struct val *out)
{
    struct val *content = render_new(r, 1, sizeof(*content));
    int rc = content ? 0 : r->e->code;

    if (rc == 0)
        rc = dict_new(r, content, 2, "type", text_of("text"), "text", text_of(answer));
    if (rc == 0)
        rc = dict_new(r, out, 2, "role", text_of("assistant"), "content",
                      val_list(VAL_LIST, content, 1));
    return rc;
}

static int make_messages(struct render *r, const struct template_input *input, struct val *out)
{
    struct val *messages = render_new(r, 2, sizeof(*messages));
    int rc = messages ? make_question(r, input->question, &messages[0]) : r->e->code;

    if (rc == 0 && input->answer)
        rc = make_answer(r, input->answer, &messages[1]);
    *out = val_list(VAL_LIST, messages, input->answer ? 2 : 1);
    return rc;
}

static int set_context(struct render *r, struct name_scope *s, const struct template_input *input)
{
    const struct {
        struct span name;
        struct val value;
    } context[] = { { SPAN("add_generation_prompt"), val_bool(!input->answer) },
                    { SPAN("bos_token"), text_of(input->bos_token) },
                    { SPAN("eos_token"), text_of(input->eos_token) },
                    { SPAN("tools"), val_none() }, /* transformers always names these two */
                    { SPAN("documents"), val_none() } };
    struct val messages;
    int rc = make_messages(r, input, &messages);

    if (rc == 0)
        rc = scope_set(r, s, SPAN("messages"), messages);
    for (size_t i = 0; rc == 0 && i < sizeof(context) / sizeof(context[0]); i++)
        rc = scope_set(r, s, context[i].name, context[i].value);
    return rc;
}

static int check_input(const struct template_input *input, struct err *e)
{
    const char *texts[] = { input->question, input->bos_token, input->eos_token, input->answer };
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i])
            rc = check_text("a text for the template", texts[i], strlen(texts[i]), e);
    return rc;
}

int template_render(const struct template *t, const struct template_input *input, char **out,
                    struct err *e)
{
    struct buf text = BUF_INIT(TEMPLATE_OUTPUT_MAX);
    struct name_scope context = { 0 }, top = { .outer = &context };
    struct render r = { .t = t, .e = e, .out = &text, .scope = &top };
    int rc = check_input(input, e);

    *out = NULL;
    if (rc == 0)
        rc = set_context(&r, &context, input);
    if (rc == 0)
        rc = exec(&r, t->body);
    if (rc == 0 && !(*out = buf_take(&text)))
        rc = err_set(e, ERR_NOMEM, "out of memory");
    buf_release(&text);
    arena_release(&r.arena);
    return rc < 0 ? err_at(e, "%s", t->name) : 0;
}
