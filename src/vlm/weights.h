/* SPDX-License-Identifier: MIT
 *
 * weights.h - the tensors of a model's folder: safetensors files, mapped, never copied. Private
 * to vlm/.
 *
 * What the reference reader of safetensors refuses is refused here: docs of the format at
 * https://github.com/huggingface/safetensors. Names are brought to one form, whichever version of
 * transformers wrote them:
 *
 *     language_model.layers.N.self_attn.q_proj.weight vision_tower.encoder.layers.N.mlp.fc1.bias
 *     language_model.embed_tokens.weight, lm_head.weight  multi_modal_projector.linear_1.weight
 */
#ifndef ASSENT_VLM_WEIGHTS_H
#define ASSENT_VLM_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "vlm/ops/numbers.h"

enum { TENSOR_RANK_MAX = 8 };

struct weight {       /* a tensor as stored */
    const char *name; /* in the form above */
    const char *file; /* that holds it, without its folder */
    const void *data; /* little-endian, row-major, aligned for nothing; mapped */
    enum dtype dtype;
    uint32_t rank;
    uint64_t shape[TENSOR_RANK_MAX];
    size_t n; /* elements */
};

struct weights;

/* Maps DIR/model.safetensors, or the files that DIR/model.safetensors.index.json names, in this
 * order as transformers 5.24 does (modeling_utils.py, _get_resolved_checkpoint_files). named: the
 * file or index to read instead; NULL or "": none. Tensors stay valid until weights_close. */
int weights_open(struct weights **out, const char *dir, const char *named, struct err *e);
/* The file or index that was opened, without its folder. */
const char *weights_source(const struct weights *w);
/* Is this one of the files that are mapped? */
bool weights_has_file(const struct weights *w, const char *file);
void weights_close(struct weights *w); /* NULL is fine */

size_t weights_count(const struct weights *w);
const struct weight *weights_at(const struct weights *w, size_t i);
const struct weight *weights_find(const struct weights *w, const char *name); /* NULL: none */
size_t weights_bytes(const struct weights *w);

/* The files, in order of their names. */
size_t weights_files(const struct weights *w);
const char *weights_file_path(const struct weights *w, size_t i);

/* The hash of the tensors of a file: names in the form above, types, shapes and numbers, in
 * whatever order and with whatever else stands in its header. Those of several files folded
 * (sha256_fold) are the hash of all their tensors, however they are spread over files: no two
 * tensors have one name, so that none cancels another. Reads them all. */
void weights_digest(const struct weights *w, size_t file, char hex[SHA256_HEX]);

/* Reads one file's header: the function that is fuzzed. Adds its tensors, whose data lies at
 * data + 8 + header length. */
int weights_read_file(struct weights *w, const char *file, const void *data, size_t len,
                      struct err *e);
int weights_new(struct weights **out, struct err *e); /* an empty one */

/* "[1024, 3, 14, 14]" in out, which holds 160 bytes. */
const char *weights_shape_text(uint32_t rank, const uint64_t *shape, char *out);

#endif
