# SPDX-License-Identifier: MIT
"""The first demo model: a very small LlavaNextForConditionalGeneration (LLaVA-NeXT)."""

import numpy as np
import torch
from PIL import Image
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    AutoProcessor,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaNextImageProcessorPil,
    LlavaNextProcessor,
    PreTrainedTokenizerFast,
)

import faces
import questions

TILE, PATCH = 56, 14
PINPOINTS = [[56, 112], [112, 56], [112, 112], [168, 56], [56, 168]]
SEEING = ("vision_tower", "multi_modal_projector", "image_newline")  # what learns to see first
BOS, EOS, HEAD, TAIL, EOT, IMAGE, PAD = (
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<image>",
    "<|pad|>",
)
CHAT = (
    "{% for message in messages %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}"
    "{% for part in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>' }}{% endfor %}"
    "{% for part in message['content'] | selectattr('type', 'equalto', 'text') %}{{ '\\n' + part['text'] }}{% endfor %}"
    "{{ '<|eot_id|>' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
)
PREFIX = f"{BOS}{HEAD}user{TAIL}\n\n"  # what stands before the image
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def make_tokenizer():
    """Byte-level BPE with the expression of Llama 3, learnt from the questions."""
    bpe = Tokenizer(models.BPE(ignore_merges=True))
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        min_frequency=1,
        special_tokens=[BOS, EOS, HEAD, TAIL, EOT, IMAGE, PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    bpe.train_from_iterator(list(questions.corpus()) * 2 + ["user", "assistant", "\n\n"] * 4, trainer)
    bpe.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", special_tokens=[(BOS, bpe.token_to_id(BOS))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token=BOS,
        eos_token=EOT,
        pad_token=PAD,
        extra_special_tokens={"image_token": IMAGE},
        chat_template=CHAT,
    )


def behind_image(question):
    return f"\n{question}{EOT}{HEAD}assistant{TAIL}\n\n"


def make_model(tokenizer):
    vision = CLIPVisionConfig(
        hidden_size=128,
        intermediate_size=512,
        num_hidden_layers=4,
        num_attention_heads=4,
        image_size=TILE,
        patch_size=PATCH,
        projection_dim=64,
    )
    text = LlamaConfig(
        vocab_size=-(-len(tokenizer) // 64) * 64,
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    config = LlavaNextConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE),
        image_grid_pinpoints=PINPOINTS,
        image_seq_length=(TILE // PATCH) ** 2,
        tie_word_embeddings=False,
    )
    model = LlavaNextForConditionalGeneration(config)
    with torch.no_grad():  # CLIP's own initialisation starts too small to learn from in minutes
        for name, weight in model.named_parameters():
            if "patch_embedding" in name:
                weight.normal_(0, weight[0].numel() ** -0.5)
            elif "position_embedding" in name or "class_embedding" in name:
                weight.normal_(0, 0.3)
            elif name.endswith(("q_proj.weight", "k_proj.weight", "v_proj.weight", "o_proj.weight", "out_proj.weight")):
                weight.normal_(0, weight.shape[1] ** -0.5)
            elif "multi_modal_projector" in name and name.endswith("weight"):
                weight.normal_(0, weight.shape[1] ** -0.5)
    return model


def make_image_processor():
    return LlavaNextImageProcessorPil(
        size={"shortest_edge": TILE}, crop_size={"height": TILE, "width": TILE}, image_grid_pinpoints=PINPOINTS
    )


def prepare(image):
    """The five 56 x 56 elements of a drawing, before normalising: what the image processor makes (checked below)."""
    width, height = image.size
    fits = min(112 / width, 112 / height)
    inner = (112, min(int(np.ceil(height * (112 / width))), 112)) if fits == 112 / width else None
    inner = inner or (min(int(np.ceil(width * (112 / height))), 112), 112)
    canvas = Image.new("RGB", (112, 112))
    canvas.paste(image.resize(inner, Image.Resampling.BICUBIC), ((112 - inner[0]) // 2, (112 - inner[1]) // 2))
    base = image.resize((TILE, TILE), Image.Resampling.BICUBIC)
    parts = [base] + [canvas.crop((x, y, x + TILE, y + TILE)) for y in (0, TILE) for x in (0, TILE)]
    return np.stack([np.asarray(part).transpose(2, 0, 1) for part in parts])


MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 1, 3, 1, 1)
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 1, 3, 1, 1)


def features(model, tiles, size):
    """Packed image features [[batch, tokens, hidden]] of tiles [batch, 5, 3, 56, 56] of drawings of one size."""
    pixels = (torch.from_numpy(tiles).float() / 255 - MEAN) / STD
    sizes = torch.tensor([[size[1], size[0]]] * len(tiles))
    out = model.model.get_image_features(pixels, sizes)
    out = getattr(out, "pooler_output", out)
    return [torch.stack(list(out)) if isinstance(out, (list, tuple)) else out.view(len(tiles), -1, out.shape[-1])]


def positions(before, image, features):
    """Positions [axes, before + image] of the shared part, and that of what follows."""
    return torch.arange(before + image)[None], before + image


def decode(model, embeds, position, mask, features):
    """Hidden states; `position` is [axes, batch, tokens]."""
    out = model.model.language_model(
        inputs_embeds=embeds, attention_mask=mask, position_ids=position[0], use_cache=False
    )
    return out.last_hidden_state


def check(processor, model):
    for size in faces.SIZES:
        _, image = faces.make(1, size)
        made = processor(image, return_tensors="np")["pixel_values"][0]
        mine = ((torch.from_numpy(prepare(image)).float() / 255 - MEAN) / STD)[0].numpy()
        assert made.shape == mine.shape and np.abs(made - mine).max() < 1e-5, "the tiles are not the processor's"


def save(model, tokenizer, processor, out):
    model = model.half()
    model.save_pretrained(out)
    LlavaNextProcessor(
        image_processor=processor,
        tokenizer=tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT,
    ).save_pretrained(out)


def load_processor(folder):
    return AutoProcessor.from_pretrained(folder, backend="pil")
