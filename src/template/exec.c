/* SPDX-License-Identifier: MIT
 *
 * A loop's body, a captured block and a generation block have a scope of their own: what is set
 * there is gone behind them. `if` has none. (Jinja settles names before it renders: where a name of
 * the context is set behind a loop that uses it, the loop finds it undefined there, not here.)
 */
#include "template/eval.h"

#include <string.h>

#include "template/node.h"
#include "template/render.h"
#include "template/sequence.h"
#include "template/template.h"
#include "template/text.h"
#include "template/value.h"

enum flow { FLOW_ON = 0, FLOW_BREAK = 1, FLOW_CONTINUE = 2 };

/* ---- scopes ---- */

static struct variable *find(struct render *r, const struct name_scope *s, struct span name)
{
    size_t passed = 0;

    for (struct variable *v = s->variables; v; v = v->next, passed++)
        if (span_equal(v->name, name))
            return v;
    return render_charge(r, passed / 8), NULL;
}

const struct val *scope_get(struct render *r, const struct name_scope *s, struct span name)
{
    for (; s; s = s->outer) {
        const struct variable *v = find(r, s, name);

        if (v)
            return &v->value;
    }
    return NULL;
}

int scope_set(struct render *r, struct name_scope *s, struct span name, struct val value)
{
    struct variable *v = find(r, s, name);

    if (!v) {
        if (!(v = render_new(r, 1, sizeof(*v))))
            return r->e->code;
        v->name = name;
        v->next = s->variables;
        s->variables = v;
    }
    v->value = value;
    return 0;
}

/* ---- set ---- */

static int assign(struct render *r, const struct node *target, const struct val *value);

static int assign_member(struct render *r, const struct node *target, const struct val *value)
{
    const struct val *space = scope_get(r, r->scope, target->text);
    struct span name = target->kid[0]->text;

    if (!space || space->kind != VAL_SPACE)
        return err_set(r->e, ERR_FORMAT, "cannot assign attribute on non-namespace object");
    if (name.text[0] == '_')
        return render_refuses(r, "the member", name);
    return scope_set(r, space->space, name, *value);
}

static int assign_each(struct render *r, const struct node *target, const struct val *value)
{
    const struct val *items;
    size_t n, wanted = 0;
    int rc;

    for (const struct node *t = target->kid[0]; t; t = t->next)
        wanted++;
    if ((rc = sequence_of(r, value, &items, &n)) < 0)
        return rc;
    if (n != wanted)
        return err_set(r->e, ERR_FORMAT, "%zu values for %zu names", n, wanted);
    for (const struct node *t = target->kid[0]; rc == 0 && t; t = t->next)
        rc = assign(r, t, items++);
    return rc;
}

static int assign(struct render *r, const struct node *target, const struct val *value)
{
    int rc = render_charge(r, 1);

    if (rc < 0)
        return rc;
    return target->kind == NODE_NAME    ? scope_set(r, r->scope, target->text, *value)
           : target->kind == NODE_SPACE ? assign_member(r, target, value)
                                        : assign_each(r, target, value);
}

static int exec_set(struct render *r, const struct node *n)
{
    struct val value;
    int rc = eval(r, n->kid[1], &value);

    return rc < 0 ? rc : assign(r, n->kid[0], &value);
}

static int exec_inside(struct render *r, const struct node *body)
{
    struct name_scope *outer = r->scope, inner = { .outer = outer };
    int rc;

    r->scope = &inner;
    rc = exec(r, body);
    r->scope = outer;
    return rc;
}

static int exec_capture(struct render *r, const struct node *n)
{
    struct buf *outer = r->out, text = BUF_INIT(TEMPLATE_OUTPUT_MAX);
    struct val value;
    int rc;

    r->out = &text;
    rc = exec_inside(r, n->kid[1]);
    r->out = outer;
    if (rc == FLOW_ON)
        rc = text_new(r, &text, &value);
    buf_release(&text);
    return rc == FLOW_ON ? assign(r, n->kid[0], &value) : rc;
}

/* ---- for ---- */

/* The items that pass the condition. */
static int keep(struct render *r, const struct node *n, const struct val **items, size_t *count)
{
    struct name_scope *outer = r->scope;
    struct val *kept = render_new(r, *count, sizeof(*kept));
    size_t n_kept = 0;
    int rc = kept ? 0 : r->e->code;

    for (size_t i = 0; rc == 0 && i < *count; i++) {
        struct name_scope inner = { .outer = outer };
        struct val passes;

        r->scope = &inner;
        rc = assign(r, n->kid[0], &(*items)[i]);
        if (rc == 0)
            rc = eval(r, n->kid[2], &passes);
        if (rc == 0 && val_is_true(&passes))
            kept[n_kept++] = (*items)[i];
    }
    r->scope = outer;
    *items = kept;
    *count = n_kept;
    return rc;
}

static int exec_item(struct render *r, const struct node *n, const struct loop *loop)
{
    struct val own = { .kind = VAL_LOOP, .n = loop->n, .loop = loop };
    struct name_scope *outer = r->scope, inner = { .outer = outer };
    int rc;

    r->scope = &inner;
    rc = assign(r, n->kid[0], &loop->items[loop->at]);
    if (rc == 0)
        rc = scope_set(r, &inner, SPAN("loop"), own);
    if (rc == 0)
        rc = exec(r, n->kid[3]);
    r->scope = outer;
    return rc;
}

/* As Jinja has it, `else` follows unless one item got to the end of the body. */
static int exec_for(struct render *r, const struct node *n)
{
    struct loop *loop = render_new(r, 1, sizeof(*loop));
    bool ended = false;
    struct val of;
    int rc = loop ? eval(r, n->kid[1], &of) : r->e->code;

    if (rc == 0)
        rc = sequence_of(r, &of, &loop->items, &loop->n);
    if (rc == 0 && n->kid[2])
        rc = keep(r, n, &loop->items, &loop->n);
    for (; rc >= 0 && rc != FLOW_BREAK && loop->at < loop->n; loop->at++)
        if ((rc = exec_item(r, n, loop)) == FLOW_ON)
            ended = true;
    if (rc < 0)
        return rc;
    return n->kid[4] && !ended ? exec_inside(r, n->kid[4]) : 0;
}

/* ---- the others ---- */

static int exec_if(struct render *r, const struct node *n)
{
    struct val condition;
    int rc = eval(r, n->kid[0], &condition);

    return rc < 0 ? rc : exec(r, n->kid[val_is_true(&condition) ? 1 : 2]);
}

static int exec_print(struct render *r, const struct node *n)
{
    struct val value;
    int rc = eval(r, n->kid[0], &value);

    return rc < 0 ? rc : val_print(r, r->out, &value, PRINT_STR);
}

static int exec_data(struct render *r, const struct node *n)
{
    struct val value = val_text(n->text);

    return val_print(r, r->out, &value, PRINT_STR);
}

static int exec_generation(struct render *r, const struct node *n)
{
    return exec_inside(r, n->kid[0]);
}

static int exec_break(struct render *r, const struct node *n)
{
    (void)r;
    return n->kind == NODE_BREAK ? FLOW_BREAK : FLOW_CONTINUE;
}

int exec(struct render *r, const struct node *list)
{
    static int (*const kinds[])(struct render *, const struct node *) = {
        [NODE_PRINT] = exec_print,
        [NODE_DATA] = exec_data,
        [NODE_FOR] = exec_for,
        [NODE_IF] = exec_if,
        [NODE_SET] = exec_set,
        [NODE_CAPTURE] = exec_capture,
        [NODE_GENERATION] = exec_generation,
        [NODE_BREAK] = exec_break,
        [NODE_CONTINUE] = exec_break,
    };

    for (; list; list = list->next) {
        int rc = render_charge(r, 1);

        if (rc == 0)
            rc = kinds[list->kind](r, list);
        if (rc < 0)
            return err_at(r->e, "%s:%u", r->t->name, list->line);
        if (rc != FLOW_ON)
            return rc;
    }
    return FLOW_ON;
}
