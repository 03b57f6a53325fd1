/* SPDX-License-Identifier: MIT
 *
 * servers.c - what server check found.
 */
#include <math.h>

#include "show/show.h"

static const char *const states[] = { [LOOK_NONE] = "none",
                                      [LOOK_REFUSES] = "refuses",
                                      [LOOK_BLIND] = "blind",
                                      [LOOK_FAILS] = "fails",
                                      [LOOK_ANSWERS] = "answers" };

/* ---- JSON ---- */

static struct json_t *protocol_json(const struct look_protocol *p)
{
    return jv_pack("{s:s, s:s, s:s?, s:s?, s:b, s:o, s:o, s:b, s:o, s:o}", "name", p->name, "state",
                   states[p->state], "why", p->why, "picture", p->picture, "probabilities",
                   !isnan(p->yes[0]), "mass", jv_real(p->mass), "p_yes",
                   jv_pack("[o, o]", jv_real(p->yes[0]), jv_real(p->yes[1])), "same_again", p->same,
                   "drift", jv_real(p->drift), "seconds",
                   jv_real(p->state == LOOK_ANSWERS ? p->seconds : (double)NAN));
}

static void add_protocols(struct page *p, const struct look_server *s)
{
    struct json_t *list = jv_array();

    for (size_t i = 0; i < LOOK_PROTOCOLS; i++)
        jv_append(list, protocol_json(&s->protocols[i]));
    page_set(p, "protocols", list);
}

static void add_chat(struct page *p, const struct look_server *s)
{
    const struct look_chat *c = &s->chat;

    if (s->protocols[LOOK_CHAT].state != LOOK_ANSWERS)
        return page_set(p, "chat", jv_pack("n"));
    page_set(p, "chat",
             jv_pack("{s:I, s:o, s:b, s:b, s:b, s:b}", "top_logprobs", (long long)c->top,
                     "rounded_to", jv_real(c->grid > 0 ? c->grid : (double)NAN), "usage", c->usage,
                     "cached_tokens", c->cached, "json_schema", c->constrained, "exact", c->exact));
}

static void add_server(struct page *p, const struct look_server *s)
{
    page_text(p, "url", s->url);
    page_set(p, "reached", jv_pack("b", s->reached));
    page_text(p, "server", s->kind);
    page_text(p, "version", s->version);
    page_text(p, "server_header", s->calls_itself);
    page_set(p, "models", s->lists ? jv_texts(s->models, s->n_models) : jv_pack("n"));
    page_set(p, "has_model", jv_pack("b", s->has_model));
    add_protocols(p, s);
    add_chat(p, s);
    page_text(p, "protocol", s->ours ? s->ours->name : NULL);
    page_text(p, "best_protocol", s->best ? s->best->name : NULL);
    page_set(p, "seconds_own_picture", jv_real(s->own_seconds));
    page_text(p, "problem", s->problem);
    page_text(p, "hint", s->hint);
}

/* ---- for people ---- */

static const char *worth(const struct look_server *s, const struct look_protocol *p, char out[160])
{
    if (isnan(p->yes[0]))
        snprintf(out, 160, "a label alone, without a probability");
    else if (p == &s->protocols[LOOK_CHAT])
        snprintf(out, 160,
                 "probabilities out of the %llu likeliest tokens; the mass is a lower bound",
                 (unsigned long long)s->chat.top);
    else
        snprintf(out, 160, "a probability an option, %s its mass",
                 isnan(p->mass) ? "without" : "with");
    return out;
}

static void say_protocols(struct page *p, const struct look_server *s)
{
    char text[160];

    for (size_t i = 0; i < LOOK_PROTOCOLS; i++) {
        const struct look_protocol *one = &s->protocols[i];

        if (one->state != LOOK_ANSWERS)
            page_line(p, one->name, "%s", one->why ? one->why : states[one->state]);
        else if (one->picture)
            page_line(p, one->name, "%s (pictures as %s)", worth(s, one, text), one->picture);
        else
            page_line(p, one->name, "%s", worth(s, one, text));
    }
}

/* Was what it said of the two pictures right? */
static void say_sight(struct page *p, const struct look_protocol *o)
{
    bool right = o->values[0] == VALUE_YES && o->values[1] == VALUE_NO;

    if (!isnan(o->yes[0]) && !isnan(o->yes[1]))
        page_line(p, "pictures",
                  "it looks at them: a blue one is blue with P(yes) %.3g, a yellow one with %.3g%s",
                  o->yes[0], o->yes[1], right ? "" : ": not what they are");
    else if (o->values[0] != o->values[1])
        page_line(p, "pictures", "it looks at them: its answers about two differ");
    else
        page_line(
            p, "pictures",
            "perhaps it looks at them: its answers about a blue and a yellow one are the same");
}

static void say_chat(struct page *p, const struct look_server *s)
{
    const struct look_chat *c = &s->chat;

    if (c->top == 0)
        page_note(p, "logprobs and top_logprobs are passed over: labels alone");
    else if (c->top < 20)
        page_note(p, "20 likeliest tokens are asked for and %llu come: less of the mass is seen",
                  (unsigned long long)c->top);
    if (c->exact)
        page_note(p, "it gives the log-probabilities of tokens that are named: with "
                     "probabilities: exact the mass is exact");
    if (c->grid > 0)
        page_note(p, "its log-probabilities are rounded to %g", c->grid);
    if (!c->usage)
        page_note(p, "it does not count the tokens of prompts (usage)");
    else if (!c->cached)
        page_note(p, "it does not say how many tokens were cached%s%s",
                  s->cached_by ? ": it does when started with " : "",
                  s->cached_by ? s->cached_by : "");
    if (!c->constrained)
        page_note(p, "response_format json_schema is passed over, or refused");
}

static void say_again(struct page *p, const struct look_protocol *o)
{
    if (o->same)
        page_line(p, "again", "the same question gets the same answer");
    else if (!isnan(o->drift) && (o->values[0] == VALUE_YES) == (o->again == VALUE_YES))
        page_line(p, "again", "the same question gets the same answer; P(yes) moved by %.1g",
                  o->drift);
    else
        page_line(p, "again", "the same question gets another answer the second time");
}

static void say_answering(struct page *p, const struct look_server *s)
{
    const struct look_protocol *o = s->ours ? s->ours : s->best;

    say_sight(p, o);
    say_again(p, o);
    if (s->asked_own)
        page_line(p, "speed",
                  "%.3g s a request with the project's picture, %.3g s with a drawn one",
                  s->own_seconds, o->seconds);
    else
        page_line(p, "speed", "%.3g s a request, with a drawn picture%s", o->seconds,
                  s->kept_back ? "; --yes sends one of the project's" : "");
    if (o == &s->protocols[LOOK_CHAT])
        say_chat(p, s);
}

static void say_server(struct page *p, const struct server_check_result *r,
                       const struct look_server *s)
{
    char n[TEXT_COUNT_MAX];

    page_heading(p, "%s", s->url);
    if (s->kind || s->calls_itself)
        page_line(p, "server", "%s%s%s", s->kind ? s->kind : s->calls_itself, s->version ? " " : "",
                  s->version ? s->version : "");
    if (s->lists)
        page_line(p, "models", "%s, %s %s", text_count(s->n_models, "model", n), r->model,
                  s->has_model ? "among them" : "not among them");
    if (s->reached && (s->best || !s->problem || s->protocols[LOOK_CHAT].why))
        say_protocols(p, s);
    if (s->best)
        say_answering(p, s);
    if (s->problem)
        page_paragraph(p, "It cannot label: %s.", s->problem);
    if (s->hint)
        page_note(p, "%s", s->hint);
}

static void advise(struct page *p, const struct server_check_result *r)
{
    const struct look_server *s = r->look.servers;

    if (!r->line)
        return;
    page_paragraph(p, "In assent.yaml, under annotators, with what else the entry has:");
    page_note(p, "%s", r->line);
    if (s->ours && s->best && s->ours != s->best)
        page_note(p,
                  "It has protocol: %s now, which answers too. Another protocol is another "
                  "annotator: a name that has answered keeps its own.",
                  r->protocol);
}

struct page *show_server_check(const struct server_check_result *r)
{
    struct page *p = page_new();

    page_text(p, "annotator", r->annotator);
    page_text(p, "model", r->model);
    page_text(p, "protocol", r->protocol);
    page_text(p, "picture", r->picture);
    for (size_t i = 0; i < r->look.n; i++) {
        page_open(p, "servers", PAGE_ELEMENT, false);
        add_server(p, &r->look.servers[i]);
        say_server(p, r, &r->look.servers[i]);
        page_close(p);
    }
    advise(p, r);
    page_text(p, "line", r->line);
    page_count(p, "n_good", r->n_good);
    return p;
}
