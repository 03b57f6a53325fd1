/* SPDX-License-Identifier: MIT */
#include "jobs/server_check.h"

#include <stdlib.h>
#include <string.h>

#include "project/catalogue.h"
#include "store/images.h"

enum { NAMES_MAX = 64, LINE_MAX_BYTES = 64 << 10 };

/* ---- whose server ---- */

static bool is_a_server_s(const struct annotator *a)
{
    return a->kind == ANNOTATOR_MODEL && text_equal(a->engine, "http");
}

static int not_found(const char *name, const char *const *names, size_t n, struct err *e)
{
    char list[sizeof(e->hint)] = "";
    const char *near = name ? text_nearest(name, names, n) : NULL;
    size_t at = 0;

    if (name)
        err_set(e, ERR_ARG, "assent.yaml has no annotator '%s' that a server runs", name);
    else
        err_set(e, ERR_ARG,
                n == 0 ? "assent.yaml has no annotator that a server runs"
                       : "assent.yaml has several annotators that servers run");
    for (size_t i = 0; i < n && at < sizeof(list) - 1; i++)
        at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s", i > 0 ? ", " : "", names[i]);
    if (near)
        return err_hint(e, "did you mean '%s'?", near);
    return n > 0
               ? err_hint(e, "assent server check NAME takes one of: %s", list)
               : err_hint(e, "annotators: {NAME: {kind: model, engine: http, url: .., model: ..}} "
                             "there makes one");
}

static int find_annotator(const struct task *t, const char *name, const struct annotator **out,
                          struct err *e)
{
    const char *names[NAMES_MAX] = { NULL };
    size_t n = 0, fit = 0;

    for (size_t i = 0; i < t->n_annotators; i++) {
        const struct annotator *a = &t->annotators[i];

        if (!is_a_server_s(a))
            continue;
        if (n < NAMES_MAX)
            names[n++] = a->name;
        if (name && strcmp(name, a->name) != 0)
            continue;
        *out = a;
        fit++;
    }
    return fit == 1 ? 0 : not_found(name, names, n, e);
}

/* ---- the project's first picture ---- */

struct first_picture {
    struct image image;
    void *bytes;
    size_t len;
};

static int read_first(struct project *p, const struct catalogue *c, struct first_picture *out,
                      struct server_check_result *result, struct err *e)
{
    const char *key = image_source_key(c->source, 0);
    int rc = image_source_read(c->source, 0, &out->bytes, &out->len, e);

    (void)p;
    if (rc == 0)
        rc = image_decode(&out->image, out->bytes, out->len, e);
    if (rc < 0)
        return err_at(e, "%s", key);
    result->picture = arena_text(&result->arena, key, strlen(key), e);
    return result->picture ? 0 : ERR_NOMEM;
}

/* One that cannot be had is no reason not to look at the server. */
static int find_picture(struct project *p, const struct events *events, struct first_picture *out,
                        struct server_check_result *result, struct err *e)
{
    struct store_images images = { 0 };
    struct catalogue c = { 0 };
    char text[ERR_TEXT_MAX];
    int rc = store_images_load(p->store, &images, e);

    if (rc == 0)
        rc = catalogue_open_project(&c, p, &images, events, e);
    if (rc == 0 && c.source && image_source_count(c.source) > 0)
        rc = read_first(p, &c, out, result, e);
    catalogue_close(&c);
    store_images_release(&images);
    if (rc == 0 || rc == ERR_NOMEM || rc == ERR_INTERRUPTED)
        return rc;
    err_line(e, text);
    events_say(events, EVENT_WARNING, "no picture of the project's is sent: %s", text);
    return 0;
}

/* ---- what to write ---- */

static void put_quoted(struct buf *b, const char *text)
{
    char *quoted = jv_quoted(text); /* a JSON text is one of YAML's too */

    buf_puts(b, quoted ? quoted : "\"\"");
    free(quoted);
}

static void put_urls(struct buf *b, const struct annotator *a)
{
    buf_puts(b, a->server.n_urls > 1 ? "[" : "");
    for (size_t i = 0; i < a->server.n_urls; i++) {
        buf_puts(b, i > 0 ? ", " : "");
        put_quoted(b, a->server.urls[i]);
    }
    buf_puts(b, a->server.n_urls > 1 ? "]" : "");
}

static int write_line(const struct annotator *a, struct server_check_result *out, struct err *e)
{
    const struct look_server *s = out->look.servers;
    struct buf b = BUF_INIT(LINE_MAX_BYTES);
    int rc;

    for (size_t i = 0; i < out->look.n && !s->best; i++)
        s = &out->look.servers[i];
    if (!s->best)
        return 0;
    put_quoted(&b, a->name);
    buf_puts(&b, ": {kind: model, engine: http, url: ");
    put_urls(&b, a);
    buf_puts(&b, ", model: ");
    put_quoted(&b, !s->ours && s->lists && !s->has_model && s->nearest ? s->nearest : a->model);
    if (a->server.api_key_env)
        buf_printf(&b, ", api_key_env: %s", a->server.api_key_env);
    buf_printf(&b, ", protocol: %s}", s->best->name);
    rc = buf_end(&b, "an entry of assent.yaml", e);
    if (rc == 0 && !(out->line = arena_text(&out->arena, b.text, b.len, e)))
        rc = ERR_NOMEM;
    buf_release(&b);
    return rc;
}

/* ---- the job ---- */

static int look(struct project *p, const struct annotator *a, const struct server_check_options *o,
                struct server_check_result *out, struct err *e)
{
    struct first_picture first = { 0 };
    int rc = find_picture(p, o->events, &first, out, e);
    const struct label_picture picture = { &first.image, first.bytes, first.len };
    const struct look_options options = { out->picture ? &picture : NULL, o->yes, o->events };

    if (rc == 0)
        rc = look_at_servers(&out->look, a, &options, e);
    image_release(&first.image);
    free(first.bytes);
    for (size_t i = 0; rc == 0 && i < out->look.n; i++)
        out->n_good += !out->look.servers[i].problem;
    return rc < 0 ? rc : write_line(a, out, e);
}

int job_server_check(struct project *p, const struct server_check_options *o,
                     struct server_check_result *out, struct err *e)
{
    const struct annotator *a = NULL;
    int rc = find_annotator(p->task, o->annotator, &a, e);

    *out = (struct server_check_result){ 0 };
    if (rc < 0)
        return rc;
    out->annotator = a->name;
    out->model = a->model;
    out->protocol = a->server.protocol ? a->server.protocol : "chat";
    rc = look(p, a, o, out, e);
    if (rc < 0)
        server_check_result_release(out);
    return rc;
}

void server_check_result_release(struct server_check_result *r)
{
    look_release(&r->look);
    arena_release(&r->arena);
    *r = (struct server_check_result){ 0 };
}
