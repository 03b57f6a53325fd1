/* SPDX-License-Identifier: MIT */
#include "vlm/tree.h"

#include <stdlib.h>
#include <string.h>

/* The trie as it grows: nodes in order of insertion. */
struct trie_node {
    uint32_t id, depth, parent;
    uint32_t child, last_child, sibling; /* TREE_ROOT: none */
};

struct trie {
    struct trie_node *nodes; /* nodes[0] stands before every first token */
    size_t n, cap;
};

static int new_node(struct trie *t, uint32_t parent, uint32_t id, uint32_t *out, struct err *e)
{
    uint32_t depth = parent == TREE_ROOT ? 0 : t->nodes[parent].depth + 1;
    int rc = mem_grow(&t->nodes, &t->cap, t->n + 1, sizeof(*t->nodes), TREE_TOKENS_MAX, e);

    if (rc < 0)
        return rc;
    *out = (uint32_t)t->n++;
    t->nodes[*out] = (struct trie_node){ id, depth, parent, TREE_ROOT, TREE_ROOT, TREE_ROOT };
    if (parent == TREE_ROOT)
        return 0;
    if (t->nodes[parent].child == TREE_ROOT)
        t->nodes[parent].child = *out;
    else
        t->nodes[t->nodes[parent].last_child].sibling = *out;
    t->nodes[parent].last_child = *out;
    return 0;
}

static uint32_t find_child(const struct trie *t, uint32_t parent, uint32_t id)
{
    uint32_t at = t->nodes[parent].child;

    while (at != TREE_ROOT && t->nodes[at].id != id)
        at = t->nodes[at].sibling;
    return at;
}

/* *end: the node of the prompt's last token. */
static int insert(struct trie *t, const struct prompt *p, uint32_t *end, struct err *e)
{
    uint32_t at = 0;

    for (size_t i = 0; i < p->n; i++) {
        uint32_t next = find_child(t, at, p->ids[i]);
        int rc = next == TREE_ROOT ? new_node(t, at, p->ids[i], &next, e) : 0;

        if (rc < 0)
            return rc;
        at = next;
    }
    *end = at;
    return 0;
}

static int take_memory(struct tree *out, size_t tokens, size_t prompts, struct err *e)
{
    out->ids = mem_new(tokens, sizeof(*out->ids), e);
    out->depth = mem_new(tokens, sizeof(*out->depth), e);
    out->parent = mem_new(tokens, sizeof(*out->parent), e);
    out->segments = mem_new(tokens, sizeof(*out->segments), e);
    out->ends = mem_new(prompts, sizeof(*out->ends), e);
    return out->ids && out->depth && out->parent && out->segments && out->ends ? 0 : ERR_NOMEM;
}

static uint32_t next_in_preorder(const struct trie *t, uint32_t at)
{
    if (t->nodes[at].child != TREE_ROOT)
        return t->nodes[at].child;
    while (at != 0 && t->nodes[at].sibling == TREE_ROOT)
        at = t->nodes[at].parent;
    return at == 0 ? TREE_ROOT : t->nodes[at].sibling;
}

static bool is_fork(const struct trie *t, uint32_t node)
{
    return t->nodes[node].child != t->nodes[node].last_child;
}

/* place[node] is the token that the node becomes. A segment begins behind a fork, and where the
 * token before is another path's. */
static void lay_out(const struct trie *t, struct tree *out, uint32_t *place)
{
    for (uint32_t at = next_in_preorder(t, 0); at != TREE_ROOT; at = next_in_preorder(t, at)) {
        const struct trie_node *node = &t->nodes[at];
        uint32_t token = (uint32_t)out->n++;

        place[at] = token;
        out->ids[token] = node->id;
        out->depth[token] = node->depth - 1;
        out->parent[token] = node->parent == 0 ? TREE_ROOT : place[node->parent];
        if (node->depth > out->height)
            out->height = node->depth;
        if (node->parent == 0 || is_fork(t, node->parent))
            out->segments[out->n_segments++].first = token;
        out->segments[out->n_segments - 1].end = token + 1;
    }
}

/* size[token]: it and its descendants. */
static void measure(struct tree *t, uint32_t *size)
{
    for (size_t i = 0; i < t->n; i++)
        size[i] = 1;
    for (size_t i = t->n; i-- > 0;)
        if (t->parent[i] != TREE_ROOT)
            size[t->parent[i]] += size[i];
    for (size_t s = 0; s < t->n_segments; s++)
        t->segments[s].below = t->segments[s].first + size[t->segments[s].first];
}

static int build(struct trie *t, struct tree *out, const struct prompt *prompts, size_t n,
                 struct err *e)
{
    uint32_t *nodes = mem_new(n, sizeof(*nodes), e), *place = NULL, root;
    int rc = nodes ? new_node(t, TREE_ROOT, 0, &root, e) : ERR_NOMEM;

    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = insert(t, &prompts[i], &nodes[i], e);
    if (rc == 0)
        rc = take_memory(out, t->n, n, e);
    if (rc == 0 && !(place = mem_new(t->n, sizeof(*place), e)))
        rc = ERR_NOMEM;
    if (rc == 0) {
        lay_out(t, out, place);
        for (size_t i = 0; i < n; i++)
            out->ends[i] = place[nodes[i]];
        out->n_prompts = n;
        measure(out, place);
    }
    free(place);
    free(nodes);
    return rc;
}

int tree_build(struct tree *out, const struct prompt *prompts, size_t n, struct err *e)
{
    struct trie t = { 0 };
    int rc;

    *out = (struct tree){ 0 };
    rc = build(&t, out, prompts, n, e);
    free(t.nodes);
    if (rc < 0)
        tree_release(out);
    return rc;
}

static void append(struct tree *out, const struct tree *t)
{
    uint32_t first = (uint32_t)out->n;

    for (size_t i = 0; i < t->n; i++, out->n++) {
        out->ids[out->n] = t->ids[i];
        out->depth[out->n] = t->depth[i];
        out->parent[out->n] = t->parent[i] == TREE_ROOT ? TREE_ROOT : first + t->parent[i];
    }
    for (size_t i = 0; i < t->n_segments; i++) {
        struct tree_segment s = t->segments[i];

        out->segments[out->n_segments++] = (struct tree_segment){ .first = first + s.first,
                                                                  .end = first + s.end,
                                                                  .below = first + s.below };
    }
    for (size_t i = 0; i < t->n_prompts; i++)
        out->ends[out->n_prompts++] = first + t->ends[i];
    if (t->height > out->height)
        out->height = t->height;
}

int tree_join(struct tree *out, const struct tree *trees, size_t n, struct err *e)
{
    size_t tokens = 0, prompts = 0;
    int rc;

    *out = (struct tree){ 0 };
    for (size_t i = 0; i < n; i++) {
        tokens += trees[i].n;
        prompts += trees[i].n_prompts;
    }
    if (tokens > TREE_TOKENS_MAX) {
        err_set(e, ERR_LIMIT, "prompts of too many tokens");
        err_got(e, "%zu", tokens);
        return err_expected(e, "at most %d", TREE_TOKENS_MAX);
    }
    rc = take_memory(out, tokens + 1, prompts, e); /* as tree_bytes says */
    for (size_t i = 0; rc == 0 && i < n; i++)
        append(out, &trees[i]);
    if (rc < 0)
        tree_release(out);
    return rc;
}

/* One more token than there are: the trie has a node before every first one. */
size_t tree_bytes(const struct tree *t)
{
    return (t->n + 1) *
               (sizeof(*t->ids) + sizeof(*t->depth) + sizeof(*t->parent) + sizeof(*t->segments)) +
           t->n_prompts * sizeof(*t->ends);
}

void tree_release(struct tree *t)
{
    free(t->ids);
    free(t->depth);
    free(t->parent);
    free(t->segments);
    free(t->ends);
    *t = (struct tree){ 0 };
}
