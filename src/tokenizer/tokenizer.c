/* SPDX-License-Identifier: MIT
 *
 * The parts of a tokenizer, in the order in which a text goes through them: added tokens (added.h)
 * cut the text; what lies between them is normalised and split into pieces by steps (steps.h, with
 * regex.h and unicode.h); each piece becomes ids (bpe.h).
 */
#include "tokenizer/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "tokenizer/added.h"
#include "tokenizer/bpe.h"
#include "tokenizer/read.h"
#include "tokenizer/regex.h"
#include "tokenizer/steps.h"

enum { TEXT_MAX = 4 << 20 }; /* bytes of a text to encode */

/* ---- opening ---- */

/* Closes top. */
static int read_top(struct tokenizer **out, struct cursor *top, struct err *e)
{
    struct tokenizer *t = mem_new(1, sizeof(*t), e);
    int rc = t ? tokenizer_read(t, top, e) : ERR_NOMEM;

    if (rc < 0) {
        cursor_at(top, e);
        tokenizer_free(t);
    } else {
        *out = t;
    }
    cursor_close(top);
    return rc;
}

int tokenizer_parse(struct tokenizer **out, const char *name, const char *text, size_t len,
                    struct err *e)
{
    struct cursor top;
    int rc = cursor_parse(&top, name, text, len, e);

    *out = NULL;
    return rc < 0 ? rc : read_top(out, &top, e);
}

int tokenizer_open(struct tokenizer **out, const char *path, struct err *e)
{
    struct cursor top;
    int rc = cursor_open(&top, path, TOKENIZER_FILE_MAX, e);

    *out = NULL;
    return rc < 0 ? rc : read_top(out, &top, e);
}

void tokenizer_free(struct tokenizer *t)
{
    if (!t)
        return;
    steps_release(&t->normalizer);
    steps_release(&t->pre_tokenizer);
    bpe_release(&t->bpe);
    regex_free(t->word);
    token_ids_release(&t->begin);
    token_ids_release(&t->end);
    arena_release(&t->arena);
    free(t);
}

void token_ids_release(struct token_ids *ids)
{
    free(ids->ids);
    *ids = (struct token_ids){ 0 };
}

/* ---- encoding ---- */

struct encoder {
    const struct tokenizer *t;
    struct token_ids *out;
    struct cuts raw, normalized;
    struct pieces segment, pieces, spare;
    struct bpe_scratch scratch;
};

static void encoder_init(struct encoder *c, const struct tokenizer *t, struct token_ids *out)
{
    *c = (struct encoder){ .t = t, .out = out };
    pieces_init(&c->segment);
    pieces_init(&c->pieces);
    pieces_init(&c->spare);
}

static void encoder_release(struct encoder *c)
{
    free(c->raw.list);
    free(c->normalized.list);
    pieces_release(&c->segment);
    pieces_release(&c->pieces);
    pieces_release(&c->spare);
    bpe_scratch_release(&c->scratch);
}

static int encode_words(struct encoder *c, const char *text, size_t len, bool first, struct err *e)
{
    int rc = pieces_set(&c->pieces, text, len, first, e);

    if (rc == 0)
        rc = steps_run(&c->t->pre_tokenizer, &c->pieces, &c->spare, e);
    for (size_t i = 0; rc == 0 && i < c->pieces.n; i++)
        rc = bpe_encode(&c->t->bpe, c->pieces.text.text + c->pieces.list[i].start,
                        c->pieces.list[i].len, &c->scratch, c->out, e);
    return rc;
}

/* Text between two added tokens: normalised, and cut at those that are looked for only then. */
static int encode_segment(struct encoder *c, const char *text, size_t len, bool first,
                          struct err *e)
{
    const char *normal;
    int rc = pieces_set(&c->segment, text, len, first, e);

    if (rc == 0)
        rc = steps_run(&c->t->normalizer, &c->segment, &c->spare, e);
    normal = c->segment.text.text;
    if (rc == 0)
        rc = added_cut(&c->t->normalized, c->t->word, normal, c->segment.text.len, &c->normalized,
                       e);
    for (size_t i = 0; rc == 0 && i < c->normalized.n; i++) {
        const struct cut *cut = &c->normalized.list[i];

        rc = cut->token
                 ? token_ids_add(c->out, cut->token->id, e)
                 : encode_words(c, normal + cut->start, cut->len, first && cut->start == 0, e);
    }
    return rc;
}

static int encode_text(struct encoder *c, const char *text, size_t len, struct err *e)
{
    int rc = added_cut(&c->t->raw, c->t->word, text, len, &c->raw, e);

    for (size_t i = 0; rc == 0 && i < c->raw.n; i++) {
        const struct cut *cut = &c->raw.list[i];

        rc = cut->token ? token_ids_add(c->out, cut->token->id, e)
                        : encode_segment(c, text + cut->start, cut->len, cut->start == 0, e);
    }
    return rc;
}

static int add_all(struct token_ids *out, const struct token_ids *ids, struct err *e)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < ids->n; i++)
        rc = token_ids_add(out, ids->ids[i], e);
    return rc;
}

static int check_text(const char *text, size_t len, struct err *e)
{
    size_t bad;

    if (len > TEXT_MAX) {
        err_set(e, ERR_LIMIT, "a text is too long for the tokenizer");
        err_got(e, "%zu bytes", len);
        return err_expected(e, "at most %d", TEXT_MAX);
    }
    if (text_utf8(text, len, &bad))
        return 0;
    err_set(e, ERR_FORMAT, "a text is not UTF-8");
    return err_got(e, "byte 0x%02x at offset %zu", (unsigned char)text[bad], bad);
}

int tokenizer_encode(const struct tokenizer *t, const char *text, size_t len, bool ends,
                     struct token_ids *out, struct err *e)
{
    struct encoder c;
    size_t before = out->n;
    int rc = check_text(text, len, e);

    if (rc < 0)
        return rc;
    encoder_init(&c, t, out);
    if (ends)
        rc = add_all(out, &t->begin, e);
    if (rc == 0)
        rc = encode_text(&c, text, len, e);
    if (rc == 0 && ends)
        rc = add_all(out, &t->end, e);
    encoder_release(&c);
    if (rc < 0)
        out->n = before;
    return rc;
}

/* ---- the vocabulary ---- */

size_t tokenizer_size(const struct tokenizer *t)
{
    return t->bpe.n_ids;
}

bool tokenizer_id(const struct tokenizer *t, const char *token, uint32_t *id)
{
    if (bpe_id(&t->bpe, token, strlen(token), id))
        return true;
    for (size_t i = 0; i < t->n_added; i++)
        if (strcmp(t->added[i].text, token) == 0) {
            *id = t->added[i].id;
            return true;
        }
    return false;
}

const char *tokenizer_token(const struct tokenizer *t, uint32_t id)
{
    return id < t->bpe.n_ids ? t->bpe.tokens[id] : NULL;
}

const char *tokenizer_space(const struct tokenizer *t)
{
    return t->space;
}

/* ---- for people ---- */

static bool is_added(const struct tokenizer *t, uint32_t id)
{
    for (size_t i = 0; i < t->n_added; i++)
        if (t->added[i].id == id)
            return true;
    return false;
}

/* The bytes that a token of a byte-level vocabulary stands for. */
static void add_level_bytes(struct buf *b, const char *token)
{
    size_t n;

    for (; *token != '\0'; token += n) {
        unsigned char byte;

        n = text_utf8_size(token);
        if (byte_from_char(text_utf8_code(token), &byte))
            buf_putc(b, (char)byte);
        else
            buf_add(b, token, n);
    }
}

static void add_with_spaces(struct buf *b, const char *token, const char *mark)
{
    const char *found;

    for (; *mark != '\0' && (found = strstr(token, mark)); token = found + strlen(mark)) {
        buf_add(b, token, (size_t)(found - token));
        buf_putc(b, ' ');
    }
    buf_puts(b, token);
}

/* Is it the token of a byte, "<0x0A>"? */
static bool is_byte(const struct tokenizer *t, uint32_t id, char *byte)
{
    for (unsigned i = 0; i < 256; i++)
        if (t->bpe.byte_fallback && t->bpe.bytes[i] == id) {
            *byte = (char)i;
            return true;
        }
    return false;
}

/* Bytes that are not UTF-8, and NUL, become U+FFFD. */
static void add_readable(struct buf *out, const char *text, size_t len)
{
    while (len > 0) {
        size_t good = len, n;

        text_utf8(text, len, &good);
        n = strnlen(text, good);
        buf_add(out, text, n);
        if (n == len)
            return;
        buf_puts(out, "\xef\xbf\xbd");
        text += n + 1;
        len -= n + 1;
    }
}

char *tokenizer_text(const struct tokenizer *t, uint32_t id)
{
    const char *token = tokenizer_token(t, id);
    struct buf bytes = BUF_INIT(TOKENIZER_FILE_MAX), out = BUF_INIT(3 * (size_t)TOKENIZER_FILE_MAX);
    char byte;

    if (!token)
        token = "";
    if (is_byte(t, id, &byte))
        buf_putc(&bytes, byte);
    else if (is_added(t, id))
        buf_puts(&bytes, token);
    else if (steps_have(&t->pre_tokenizer, step_bytes))
        add_level_bytes(&bytes, token);
    else
        add_with_spaces(&bytes, token, t->space);
    add_readable(&out, bytes.text, bytes.len);
    buf_release(&bytes);
    return buf_take(&out);
}

/* ---- control tokens ---- */

/* The special token, of those that `set` looks for, that comes first in text. */
static const struct added *first_special(const struct added_set *set, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const struct added *token = added_at(set, text + i, len - i);

        if (token && token->special)
            return token;
    }
    return NULL;
}

/* A special token that is looked for in normalised text may be there only once it is normalised. */
static int first_normalized(const struct tokenizer *t, const char *text, size_t len,
                            const struct added **found, struct err *e)
{
    struct pieces p, spare;
    int rc;

    pieces_init(&p);
    pieces_init(&spare);
    rc = pieces_set(&p, text, len, true, e);
    if (rc == 0)
        rc = steps_run(&t->normalizer, &p, &spare, e);
    if (rc == 0)
        *found = first_special(&t->normalized, p.text.text, p.text.len);
    pieces_release(&p);
    pieces_release(&spare);
    return rc;
}

int tokenizer_control_in(const struct tokenizer *t, const char *text, size_t len,
                         const char **token, struct err *e)
{
    const struct added *found = first_special(&t->special, text, len);
    size_t bad;
    int rc = 0;

    if (!found && t->special.n > 0 && t->normalizer.n > 0 && text_utf8(text, len, &bad))
        rc = first_normalized(t, text, len, &found, e);
    *token = found ? found->text : NULL;
    return rc;
}
