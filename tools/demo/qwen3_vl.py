# SPDX-License-Identifier: MIT
"""The second demo model: a very small Qwen3VLForConditionalGeneration (Qwen3-VL dense).

A drawing becomes 4 x 5 or 5 x 5 tokens of 24 x 24 pixels: the limits are so narrow that a picture of one of the two
shapes is resized to the same grid whatever its size.
"""

import functools
import json
import pathlib

import numpy as np
import torch
from PIL import Image
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from torch import nn
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2VLImageProcessorPil,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
)
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize
from transformers.models.qwen3_vl.modeling_qwen3_vl import apply_rotary_pos_emb_vision
from transformers.vision_utils import get_vision_interpolation_indices_and_weights, get_vision_position_ids

import faces
import questions

PATCH, MERGE, FRAMES = 12, 2, 2
FEWEST, MOST = 10000, 15000  # pixels of a resized picture
MEAN = STD = 0.5
VIDEO = {  # which transformers wants to see beside the pictures' settings
    "video_processor_type": "Qwen3VLVideoProcessor",
    "patch_size": PATCH,
    "merge_size": MERGE,
    "temporal_patch_size": FRAMES,
    "size": {"shortest_edge": FEWEST, "longest_edge": MOST},
    "image_mean": [MEAN] * 3,
    "image_std": [STD] * 3,
}
SEEING = ("visual.",)  # what learns to see first
PREFIX = "<|im_start|>user\n<|vision_start|>"  # what stands before the image
SPECIALS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
PLAIN = ("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>")
TEMPLATE = pathlib.Path(__file__).parents[2] / "tests/data/vlm/qwen3vl-a/chat_template.jinja"
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def make_tokenizer():
    """Byte-level BPE with the rules of Qwen2's, learnt from the questions; what is special comes behind, as there."""
    bpe = Tokenizer(models.BPE())
    bpe.normalizer = normalizers.NFC()
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=700, min_frequency=1, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())
    )
    bpe.train_from_iterator(list(questions.corpus()) * 2 + ["user", "assistant", "system"] * 4, trainer)
    bpe.add_tokens([AddedToken(name, normalized=False, special=True) for name in SPECIALS])
    bpe.add_tokens([AddedToken(name, normalized=False, special=False) for name in PLAIN])
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        extra_special_tokens={
            "image_token": "<|image_pad|>",
            "video_token": "<|video_pad|>",
            "vision_bos_token": "<|vision_start|>",
            "vision_eos_token": "<|vision_end|>",
        },
    )


def behind_image(question):
    return f"<|vision_end|>{question}<|im_end|>\n<|im_start|>assistant\n"


def make_config(tokenizer):
    special = {name: tokenizer.convert_tokens_to_ids(f"<|{name}|>") for name in ("im_end", "endoftext")}
    vision = {
        "hidden_size": 96,
        "intermediate_size": 320,
        "depth": 4,
        "num_heads": 4,
        "patch_size": PATCH,
        "spatial_merge_size": MERGE,
        "temporal_patch_size": FRAMES,
        "out_hidden_size": 128,
        "num_position_embeddings": 64,
        "deepstack_visual_indexes": [1],
    }
    text = {
        "vocab_size": -(-len(tokenizer) // 64) * 64,
        "hidden_size": 128,
        "intermediate_size": 288,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 32,
        "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-6,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10000.0,
            "mrope_interleaved": True,
            "mrope_section": [6, 5, 5],
        },
        "bos_token_id": special["endoftext"],
        "eos_token_id": special["im_end"],
        "pad_token_id": special["endoftext"],
        "tie_word_embeddings": True,
    }
    return Qwen3VLConfig(
        vision_config=vision,
        text_config=text,
        image_token_id=tokenizer.convert_tokens_to_ids("<|image_pad|>"),
        video_token_id=tokenizer.convert_tokens_to_ids("<|video_pad|>"),
        vision_start_token_id=tokenizer.convert_tokens_to_ids("<|vision_start|>"),
        vision_end_token_id=tokenizer.convert_tokens_to_ids("<|vision_end|>"),
        tie_word_embeddings=True,
    )


def make_model(tokenizer):
    config = make_config(tokenizer)
    model = Qwen3VLForConditionalGeneration(config)
    out = ("attn.proj.weight", "mlp.linear_fc2.weight")  # what a block of the tower adds
    with torch.no_grad():  # the class's own initialisation starts too small to learn from in minutes
        for name, weight in model.named_parameters():
            if "pos_embed" in name:
                weight.normal_(0, 0.3)
            elif "embed_tokens" in name:
                weight.normal_(0, weight.shape[1] ** -0.5)
            elif weight.dim() > 1 and ("visual" in name or "self_attn" in name):
                weight.normal_(0, weight[0].numel() ** -0.5)
            if name.endswith(out):
                weight *= (2 * config.vision_config.depth) ** -0.5
    return model


def make_image_processor():
    return Qwen2VLImageProcessorPil(
        size={"shortest_edge": FEWEST, "longest_edge": MOST},
        patch_size=PATCH,
        merge_size=MERGE,
        temporal_patch_size=FRAMES,
        image_mean=[MEAN] * 3,
        image_std=[STD] * 3,
    )


def prepare(image):
    """A drawing as the processor resizes it, before normalising: bytes [3, height, width]."""
    height, width = smart_resize(image.height, image.width, PATCH * MERGE, FEWEST, MOST)
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC)).transpose(2, 0, 1)


def patches_of(drawings):
    """Patches [batch, patches, 3 * PATCH * PATCH] of one frame, four that are merged after each other."""
    batch, channels, height, width = drawings.shape
    grid = height // PATCH, width // PATCH
    x = (torch.from_numpy(drawings).float() / 255 - MEAN) / STD
    x = x.view(batch, channels, grid[0] // MERGE, MERGE, PATCH, grid[1] // MERGE, MERGE, PATCH)
    x = x.permute(0, 2, 5, 3, 6, 1, 4, 7)
    return x.reshape(batch, grid[0] * grid[1], channels * PATCH * PATCH), grid


@functools.cache
def places_of(side, grid):
    """The four positions of the table that a patch lies between, their weights, and its row and column."""
    grid_thw = torch.tensor([[1, *grid]])
    among = get_vision_interpolation_indices_and_weights(
        grid_thw, num_grid_per_side=side, mode="bilinear", align_corners=True, spatial_merge_size=MERGE
    )
    return *among, get_vision_position_ids(grid_thw, MERGE)


def attend(attention, x, turn):
    batch, patches, width = x.shape
    q, k, v = attention.qkv(x).view(batch, patches, 3, attention.num_heads, -1).unbind(2)
    q, k = apply_rotary_pos_emb_vision(q, k, *turn)
    out = nn.functional.scaled_dot_product_attention(*(rows.transpose(1, 2) for rows in (q, k, v)))
    return attention.proj(out.transpose(1, 2).reshape(batch, patches, width))


def features(model, drawings, size):
    """The main features, then those of the taps, [batch, tokens, hidden] each: the tower over a batch of one size.

    The class goes through a batch image by image; this is the same for all at once (checked below). Both frames of a
    still image are one, so their weights are summed.
    """
    visual = model.model.visual
    x, grid = patches_of(drawings)
    embed = visual.patch_embed.proj
    x = nn.functional.linear(x, embed.weight.sum(2).flatten(1), embed.bias)
    among, weights, places = places_of(visual.num_grid_per_side, grid)
    x = x + (visual.pos_embed(among) * weights[:, :, None]).sum(1)
    turn = visual.rotary_pos_emb(x, places)
    taps = []
    for i, block in enumerate(visual.blocks):
        x = x + attend(block.attn, block.norm1(x), turn)
        x = x + block.mlp(block.norm2(x))
        if i in visual.deepstack_visual_indexes:
            taps.append(visual.deepstack_merger_list[len(taps)](x))
    shape = len(drawings), x.shape[1] // MERGE**2, -1
    return [rows.reshape(shape) for rows in (visual.merger(x), *taps)]


GRIDS = {20: (5, 4), 25: (5, 5)}  # rows and columns of so many tokens


def positions(before, image, features):
    """Positions [3, before + image] of the shared part (time, row, column), and that of what follows."""
    rows, columns = GRIDS[image]
    text = torch.arange(before).expand(3, -1)
    at = torch.arange(image)
    place = before + torch.stack([at * 0, at // columns, at % columns])
    return torch.cat([text, place], 1), before + max(rows, columns)


def decode(model, embeds, position, mask, features):
    """Hidden states; `position` is [3, batch, tokens]."""
    before = int((position[0, 0, :-1] == position[0, 0, 1:]).nonzero()[0])
    seen = torch.zeros(embeds.shape[:2], dtype=torch.bool)
    seen[:, before : before + features[0].shape[1]] = True
    out = model.model.language_model(
        inputs_embeds=embeds,
        attention_mask=mask,
        position_ids=position,
        visual_pos_masks=seen,
        deepstack_visual_embeds=[rows.flatten(0, 1) for rows in features[1:]],
        use_cache=False,
    )
    return out.last_hidden_state


def check(processor, model):
    for size in faces.SIZES:
        _, image = faces.make(1, size)
        made = processor([image, image], return_tensors="pt")
        mine, grid = patches_of(np.stack([prepare(image)] * 2))
        both = mine.view(-1, 3, 1, PATCH * PATCH).expand(-1, -1, FRAMES, -1).flatten(1)
        assert made["image_grid_thw"].tolist() == [[1, *grid]] * 2, "the grid is not the processor's"
        assert made["pixel_values"].shape == both.shape, "the patches are not the processor's"
        assert (made["pixel_values"] - both).abs().max() < 1e-5, "the patches are not the processor's"
        with torch.no_grad():
            out = model.model.visual(made["pixel_values"], made["image_grid_thw"])
            ours = features(model, np.stack([prepare(image)] * 2), size)
        for theirs, rows in zip([out.pooler_output, *out.deepstack_features], ours, strict=True):
            assert (theirs - rows.flatten(0, 1)).abs().max() < 1e-4, "the tower is not the model's"


def save(model, tokenizer, processor, out):
    """As the released folders are: bfloat16, a file each for pictures, videos and the template."""
    model.bfloat16().save_pretrained(out)
    tokenizer.chat_template = TEMPLATE.read_text(encoding="utf-8")
    tokenizer.save_pretrained(out)
    processor.save_pretrained(out)
    (out / "video_preprocessor_config.json").write_text(json.dumps(VIDEO, indent=2) + "\n", encoding="utf-8")


class StillProcessor(Qwen3VLProcessor):
    """Without the part for videos, which wants torchvision."""

    def check_argument_for_proper_class(self, name, argument):
        return None if name == "video_processor" else super().check_argument_for_proper_class(name, argument)


def load_processor(folder):
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    return StillProcessor(Qwen2VLImageProcessorPil.from_pretrained(folder), tokenizer, chat_template=tokenizer.chat_template)
