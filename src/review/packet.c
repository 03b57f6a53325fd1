/* SPDX-License-Identifier: MIT
 *
 * A packet is the page with its items and images in a zip, for somebody without the server. The
 * items in it are leased to that person for a month. Its answers file comes back by import, and
 * names the packet by the hash of its person and items, so that answers to something else are
 * refused.
 */
#include "review/packet.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "review/assets.h"
#include "review/body.h"
#include "review/documents.h"
#include "review/pictures.h"
#include "review/state.h"
#include "store/reviewers.h"
#include "store/runs.h"

enum {
    LEASE_DAYS = 30,
    LEASE_SECONDS = LEASE_DAYS * 24 * 60 * 60,
    ANSWERS_FILE_MAX = 256 << 20,
    VERSION = 1
};

struct packing {
    const struct review_site *site;
    const struct store_reviewer *who;
    struct state state;
    struct person *person;
    size_t *items, n;
    struct zip_writer *zip;
    char hash[SHA256_HEX];
};

/* ---- writing ---- */

/* Images first: an item whose image cannot be read is left out, and set aside. */
static int add_image(struct packing *p, size_t i, bool *kept, struct err *e)
{
    const struct store_item *item = &p->state.items.items[i];
    size_t picture = p->site->catalogue->picture_of[item->image], len;
    char name[SECRET_TEXT];
    struct err broken;
    void *jpeg;
    int rc = picture == SIZE_MAX
                 ? err_set(&broken, ERR_IO, "the picture is not there any more")
                 : picture_make(p->site->catalogue, picture, NULL, &jpeg, &len, &broken);

    *kept = rc == 0;
    if (rc == ERR_NOMEM) {
        *e = broken;
        return rc;
    }
    if (rc < 0)
        return state_set_aside(&p->state, item->image, broken.what, e);
    snprintf(name, sizeof(name), "images/%s.jpg", item->key);
    rc = zip_writer_add(p->zip, name, jpeg, len, e);
    free(jpeg);
    return rc;
}

static int add_images(struct packing *p, struct err *e)
{
    size_t n = 0;
    int rc = 0;

    for (size_t k = 0; rc == 0 && k < p->n; k++) {
        bool kept = true;

        if (p->state.items.items[p->items[k]].aside)
            continue;
        rc = events_check(p->site->events, e);
        if (rc == 0 && p->site->catalogue)
            rc = add_image(p, p->items[k], &kept, e);
        if (kept)
            p->items[n++] = p->items[k];
    }
    p->n = n;
    return rc;
}

static struct json_t *items_json(const struct packing *p)
{
    struct json_t *all = jv_array();

    for (size_t k = 0; k < p->n; k++) {
        const struct store_item *item = &p->state.items.items[p->items[k]];
        char name[SECRET_TEXT];

        snprintf(name, sizeof(name), "images/%s.jpg", item->key);
        jv_append(all, jv_pack("{s:s, s:I, s:s?}", "id", item->key, "question",
                               (long long)item->column, "image", p->site->catalogue ? name : NULL));
    }
    return all;
}

/* Ids are random, so that no other project's packet has this hash. The same items may be another
 * person's too, where several votes are wanted; a packet that is made again has the hash it had. */
static int hash_items(struct packing *p, struct json_t *items, struct err *e)
{
    struct json_t *what = jv_pack("{s:s, s:O}", "name", p->who->name, "items", items);
    char *text = jv_print_line(what);

    if (text)
        sha256_hex(text, strlen(text), p->hash);
    jv_free(what);
    if (!text)
        return err_set(e, ERR_NOMEM, "out of memory: a packet");
    free(text);
    return 0;
}

static int add_data(struct packing *p, struct err *e)
{
    const struct task *t = p->site->task;
    struct json_t *items = items_json(p), *data;
    struct buf b = BUF_INIT(ANSWERS_FILE_MAX);
    char *text;
    int rc = hash_items(p, items, e);

    data = jv_pack("{s:i, s:s, s:s, s:s, s:o, s:o, s:i, s:{s:i, s:i}, s:o}", "version", VERSION,
                   "packet", rc == 0 ? p->hash : "", "name", p->who->name, "title", t->name,
                   "questions", document_questions(t), "reasons", jv_texts(t->flags, t->n_flags),
                   "idle_seconds", IDLE_SECONDS, "grid", "least", GRID_LEAST, "most", GRID_MOST,
                   "items", items);
    text = jv_print_line(data);
    jv_free(data);
    if (text)
        buf_printf(&b, "window.assentPacket = %s;\n", text);
    free(text);
    if (rc == 0)
        rc = b.text ? buf_end(&b, "a packet's items", e)
                    : err_set(e, ERR_NOMEM, "out of memory: a packet");
    if (rc == 0)
        rc = zip_writer_add(p->zip, "data.js", b.text, b.len, e);
    buf_release(&b);
    return rc;
}

static int add_page(struct packing *p, struct err *e)
{
    static const char *const files[][2] = { { "packet.html", "index.html" },
                                            { "style.css", "style.css" },
                                            { "review.js", "review.js" } };
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof(files) / sizeof(files[0]); i++) {
        const struct asset *a = asset_find(files[i][0]);

        rc = zip_writer_add(p->zip, files[i][1], a->text, a->len, e);
    }
    return rc;
}

static int fill(struct packing *p, struct err *e)
{
    struct store *s = p->site->store;
    int rc = state_load(&p->state, p->site, e);

    if (rc == 0)
        rc = state_person(&p->state, p->who->annotator, &p->person, e);
    if (rc == 0)
        rc = state_take_all(&p->state, p->person, LEASE_DAYS, &p->items, &p->n, e);
    if (rc == 0)
        rc = add_page(p, e);
    if (rc == 0)
        rc = add_images(p, e);
    if (rc == 0 && p->n == 0) {
        rc = err_set(e, ERR_ARG, "there is nothing left for %s to answer", p->who->name);
        err_hint(e, "--sample 200 has people check cells drawn at random");
    }
    if (rc == 0)
        rc = add_data(p, e);
    if (rc == 0)
        rc = zip_writer_end(p->zip, e);
    return rc < 0 ? rc : store_packet_add(s, p->hash, p->who->annotator, p->n, e);
}

int review_packet(const struct review_site *site, const struct store_reviewer *who,
                  const char *path, size_t *n, struct err *e)
{
    struct packing p = { .site = site, .who = who };
    struct writer *w;
    int rc = writer_open(&w, path, e);

    if (rc < 0)
        return rc;
    rc = zip_writer_new(&p.zip, writer_file(w), e);
    if (rc == 0)
        rc = fill(&p, e);
    *n = p.n;
    zip_writer_free(p.zip);
    free(p.items);
    state_release(&p.state);
    return writer_end(w, rc, e);
}

/* ---- answers that come back ---- */

struct taking {
    const struct review_site *site;
    struct state state;
    struct person *person;
    struct review_answers *out;
    struct store_run run; /* what is kept of the file is one, so that it can be taken back */
    bool begun;
};

struct was_kept {
    int64_t item;
    bool found, counts;
};

static int find_kept(void *data, const struct store_answer *a)
{
    struct was_kept *w = data;

    if (a->item != w->item)
        return 0;
    w->found = true;
    w->counts = !a->undone;
    return 0;
}

/* Could the page have offered it? The task may have changed since. */
static bool is_offered(const struct task *t, const struct column *c, const struct body *b,
                       const struct body_answer *a)
{
    bool offered = a->kind != ANSWER_FLAG;

    for (size_t i = 0; !offered && i < t->n_flags; i++)
        offered = strcmp(a->reason, t->flags[i]) == 0;
    return offered && (b->mode != MODE_GRID || c->yesno) &&
           (a->kind != ANSWER_VALUE || (uint64_t)a->value < c->n_values);
}

/* The answer stays, and the item is theirs again. */
static int take_back(struct taking *t, size_t item, struct err *e)
{
    t->out->undone++;
    return state_undo(&t->state, t->person, item, PACKET_TAB, e);
}

static int begin_run(struct taking *t, struct err *e)
{
    int rc = t->begun ? 0 : store_run_begin(t->site->store, &t->run, t->site->task, e);

    t->begun = rc == 0;
    return rc;
}

static int end_run(struct taking *t, struct err *e)
{
    const struct store_counts counts = { .labels = t->out->kept };

    return t->begun ? store_run_end(t->site->store, &counts, e) : 0;
}

static int take_new(struct taking *t, const struct body *b, const struct body_answer *a,
                    size_t item, const char *at, struct err *e)
{
    struct state *s = &t->state;
    struct given g = { .item = item,
                       .kind = a->kind,
                       .value = (int16_t)a->value,
                       .reason = a->reason,
                       .key = b->key,
                       .seconds = b->seconds / (double)b->n_answers,
                       .mode = MODE_PACKET,
                       .at = at };
    const struct column *c = &s->task->columns[s->items.items[item].column];
    enum kept how = is_offered(s->task, c, b, a) ? state_check(s, t->person, &g) : NOT_LEASED;
    int rc;

    if (how != KEPT) {
        *(how == ANSWERED ? &t->out->known : &t->out->refused) += 1;
        return 0;
    }
    rc = begin_run(t, e);
    if (rc == 0)
        rc = state_answer(s, t->person, &g, e);
    t->out->kept++;
    return rc == 0 && b->undone ? take_back(t, item, e) : rc;
}

static int take_one(struct taking *t, const struct body *b, const struct body_answer *a,
                    const char *at, struct err *e)
{
    const struct state *s = &t->state;
    struct was_kept w = { 0 };
    size_t item;
    int rc;

    t->out->answers++;
    if (!state_find(s, a->item, &item)) {
        t->out->refused++;
        return 0;
    }
    w.item = s->items.items[item].id;
    rc = store_answers_of(t->site->store, t->person->annotator, b->key,
                          (struct store_answer_reader){ find_kept, &w }, e);
    if (rc < 0)
        return rc;
    if (!w.found)
        return take_new(t, b, a, item, at, e);
    t->out->known++;
    t->out->withdrawn += !b->undone && !w.counts;
    if (b->undone && w.counts && !s->items.items[item].aside)
        return take_back(t, item, e);
    return 0;
}

/* When it was given, as the page wrote it; NULL where that is no time, or one to come. */
static const char *checked_time(const char *at)
{
    static const char format[] = "%Y-%m-%dT%H:%M:%SZ";
    char again[32] = "";
    struct tm tm = { 0 };
    time_t when;

    if (!at || !strptime(at, format, &tm))
        return NULL;
    when = timegm(&tm); /* brings the 31st of June to July: then it is not the same again */
    if (when < 0 || when > time(NULL))
        return NULL;
    strftime(again, sizeof(again), format, &tm);
    return strcmp(at, again) == 0 ? at : NULL;
}

static int take_list(struct taking *t, const struct cursor *file, struct err *e)
{
    struct cursor list = cursor_member(file, "answers"), item = { 0 };
    int rc = 0;

    while (rc == 0 && cursor_next(&list, &item)) {
        struct body b;

        rc = body_read_packet(&b, &item, e);
        for (size_t k = 0; rc == 0 && k < b.n_answers; k++)
            rc = take_one(t, &b, &b.answers[k], checked_time(b.at), e);
        if (rc == ERR_FORMAT)
            cursor_at(&item, e);
    }
    return rc;
}

static int check_packet(struct taking *t, const struct json_t *file, int64_t *annotator,
                        struct err *e)
{
    const char *hash = jv_text(jv_get(file, "packet"));
    int64_t version = 0;
    int rc;

    if (!hash || !jv_integer(jv_get(file, "assent_answers"), &version) || version != VERSION)
        return err_set(e, ERR_FORMAT, "this is no file of answers to a packet");
    if (!jv_is_array(jv_get(file, "answers")))
        return err_set(e, ERR_FORMAT, "\"answers\" is missing or is no list");
    if (jv_members(file) != 3)
        return err_set(e, ERR_FORMAT, "the file has a member that is not known");
    rc = store_packet_find(t->site->store, hash, annotator, e);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    err_set(e, ERR_FORMAT, "these are answers to a packet that this project did not make");
    return err_got(e, "%.16s..", hash);
}

static int take_file(struct taking *t, const char *path, struct err *e)
{
    struct cursor file = { 0 };
    int64_t annotator = 0;
    char *text = NULL, hex[SHA256_HEX];
    size_t len;
    int rc = file_read(path, ANSWERS_FILE_MAX, &text, &len, e);

    if (rc == 0)
        sha256_hex(text, len, hex);
    if (rc == 0)
        rc = cursor_parse(&file, path, text, len, e);
    if (rc == 0)
        rc = check_packet(t, file.value, &annotator, e);
    if (rc == 0)
        rc = state_person(&t->state, annotator, &t->person, e);
    t->run = (struct store_run){ .annotator = annotator,
                                 .settings = "{\"format\":\"answers\"}",
                                 .source = path,
                                 .source_sha256 = hex };
    if (rc == 0)
        rc = take_list(t, &file, e);
    if (rc == 0)
        rc = end_run(t, e);
    free(text);
    cursor_close(&file);
    return rc;
}

bool review_is_answers(const char *path)
{
    static const char first[] = "\"assent_answers\"";
    FILE *file = file_is_regular(path) ? fopen(path, "rb") : NULL;
    char head[256];
    size_t len = file ? fread(head, 1, sizeof(head) - 1, file) : 0, at;

    if (file)
        fclose(file);
    head[len] = '\0';
    at = strspn(head, " \t\r\n");
    if (head[at++] != '{')
        return false;
    at += strspn(head + at, " \t\r\n");
    return strncmp(head + at, first, sizeof(first) - 1) == 0;
}

int review_take_answers(const struct review_site *site, const char *path,
                        struct review_answers *out, struct err *e)
{
    struct taking t = { .site = site, .out = out };
    int rc;

    *out = (struct review_answers){ 0 };
    rc = store_review_begin(site->store, site->task, e);
    if (rc == 0)
        rc = state_load(&t.state, site, e);
    t.state.lease_seconds = LEASE_SECONDS; /* of what was undone */
    if (rc == 0)
        rc = take_file(&t, path, e);
    state_release(&t.state);
    return rc;
}
