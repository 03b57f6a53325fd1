#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes which ids an answer has in a conversation, by transformers: the fixtures of tests/unit/t_vlm_options.c.

    conversations.py OUT_DIR        (tests/data/conversation)

OUT_DIR/NAME.json are tokenizers with the special tokens of all templates. cases.json has templates with their image mark
and begin token; for each tokenizer the ids of the prompt, and for each answer those of its tokens in the conversation that
has it as the assistant's turn. These are the ids of the answer alone, and its "rule" is "alone" and not "turn", where the
conversation does not go on from the prompt's ids, has more than spaces in between, or the answer in another form.
"""

import json
import pathlib
import sys

from tokenizers import pre_tokenizers
from transformers import PreTrainedTokenizerFast
from transformers.utils.chat_template_utils import render_jinja_template

from models import CHATML, LLAMA3_CHAT, LLAMA3_WORDS, MISTRAL_CHAT, QWEN_WORDS, VICUNA_CHAT
from models import byte_level, sentencepiece, special, with_begin
from templates import CHATML_PARTS, LLAMA2, LLAMA3, LLAMA31, MISTRAL, QWEN2_VL, VICUNA, VICUNA_SYSTEM

SMOLVLM = (
    "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}"
    "{% if message['content'][0]['type'] == 'image' %}{{ ':' }}{% else %}{{ ': ' }}{% endif %}"
    "{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}"
    "{% elif part['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
ONEVISION = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + ' ' }}"
    "{% for part in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>' }}{% endfor %}"
    "{% for part in message['content'] | selectattr('type', 'equalto', 'text') %}{{ '\n' + part['text'] }}{% endfor %}"
    "{{ '<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
GEMMA = """\
{{ bos_token }}
{%- for message in messages %}
    {%- set role = 'model' if message['role'] == 'assistant' else message['role'] %}
    {{- '<start_of_turn>' + role + '\n' }}
    {%- for part in message['content'] %}
        {%- if part['type'] == 'image' %}
            {{- '<start_of_image>' }}
        {%- elif part['type'] == 'text' %}
            {{- part['text'] | trim }}
        {%- endif %}
    {%- endfor %}
    {{- '<end_of_turn>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<start_of_turn>model\n' }}
{%- endif %}
"""
QWEN3_VL = """\
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\n' }}
    {%- for part in message.content %}
        {%- if part.type == 'image' %}
            {{- '<|vision_start|><|image_pad|><|vision_end|>' }}
        {%- elif 'text' in part %}
            {{- part.text }}
        {%- endif %}
    {%- endfor %}
    {{- '<|im_end|>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
{%- endif %}
"""
DOCLING = (
    "{% for message in messages %}{{ '<|start_of_role|>' + message['role'] + '<|end_of_role|>' }}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}<|end_of_text|>\n{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_of_role|>assistant<|end_of_role|>' }}{% endif %}"
)
CLOSED_THOUGHT = QWEN3_VL.replace(
    "{%- for part", "{%- if message.role == 'assistant' %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}\n    {%- for part"
)

TEMPLATES = {  # with the image's mark
    "chatml": (CHATML, "<image>"),
    "chatml-parts": (CHATML_PARTS, "<image>"),
    "closed-thought": (CLOSED_THOUGHT, "<|image_pad|>"),
    "docling": (DOCLING, "<image>"),
    "gemma": (GEMMA, "<start_of_image>"),
    "llama3": (LLAMA3, "<image>"),
    "llama3-chat": (LLAMA3_CHAT, "<image>"),
    "llama3.1": (LLAMA31, "<|image|>"),
    "mistral": (MISTRAL, "<image>"),
    "mistral-asked-only": (MISTRAL_CHAT, "<image>"),
    "onevision": (ONEVISION, "<image>"),
    "qwen2-vl-counted": (QWEN2_VL, "<|image_pad|>"),
    "qwen2.5-vl": (QWEN2_VL.removesuffix("{{ image_count.value }}"), "<|image_pad|>"),
    "qwen3-vl": (QWEN3_VL, "<|image_pad|>"),
    "refuses-answers": (LLAMA2.replace("bos_token + '[INST] '", "bos_token + '[INST] <image>'"), "<image>"),
    "smolvlm": (SMOLVLM, "<image>"),
    "vicuna": (VICUNA, "<image>"),
    "vicuna-chat": (VICUNA_CHAT, "<image>"),
    "vicuna-system": (VICUNA_SYSTEM, "<image>"),
}
SPECIALS = [
    "<s>", "</s>", "<image>", "<|image|>", "<|image_pad|>", "<|vision_start|>", "<|vision_end|>", "<|im_start|>", "<|im_end|>",
    "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<end_of_utterance>", "<start_of_turn>", "<end_of_turn>",
    "<start_of_image>", "<|start_of_role|>", "<|end_of_role|>", "<|end_of_text|>", "<think>", "</think>",
]
QUESTION = "What colour is it?"
ANSWERS = ["black", "Blond hair", "no", "2 of 12", "größer als 漢字", " gray", "brown\n", "\nA"]
LEARNT = (QUESTION, "Yes No yes no black blond brown gray Blond hair", " black: no gray hair\n\nA USER: ASSISTANT: Assistant:")


def smollm():
    bpe = byte_level(LLAMA3_WORDS, SPECIALS, learnt_from=LEARNT)
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    return bpe


def pieces(legacy):
    bpe = sentencepiece(legacy)
    bpe.add_special_tokens([special(name) for name in SPECIALS])
    return with_begin(bpe, "<s>")


def make():
    return {
        "llama3": with_begin(byte_level(LLAMA3_WORDS, SPECIALS, learnt_from=LEARNT), "<s>"),
        "qwen": byte_level(QWEN_WORDS, SPECIALS, ignore_merges=False, learnt_from=LEARNT),
        "smollm": smollm(),
        "legacy": pieces(True),
        "metaspace": pieces(False),
    }


def rendered(template, answer=None):
    """The prompt, or the conversation with the answer, or None where the template refuses it."""
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": QUESTION}]}]
    if answer is not None:
        messages.append({"role": "assistant", "content": [{"type": "text", "text": answer}]})
    try:
        texts, _ = render_jinja_template([messages], chat_template=template, add_generation_prompt=answer is None,
                                         bos_token="<s>", eos_token="</s>")
        return texts[0]
    except Exception:  # whatever it is, it is no conversation
        return None


def in_turn(tokenizer, template, answer):
    """The answer's ids in the whole conversation, or None."""
    prompt, whole, other = rendered(template), rendered(template, answer), rendered(template, "XYZ")
    if whole is None or other is None or "XYZ" not in other or not whole.startswith(prompt):
        return None
    start = other.index("XYZ")  # where answers stand
    if start < len(prompt) or other[len(prompt) : start].strip(" ") or not whole.startswith(other[:start] + answer):
        return None
    ends = not prompt.startswith("<s>")  # as processors' apply_chat_template has it
    asked = tokenizer(prompt, add_special_tokens=ends).input_ids
    told = tokenizer(whole, add_special_tokens=ends, return_offsets_mapping=True)
    if told.input_ids[: len(asked)] != asked:
        return None
    n, end = len(asked), start + len(answer)
    while n < len(told.input_ids) and told.offset_mapping[n][0] < end:
        n += 1
    if told.offset_mapping[n - 1][1] != end:
        return None  # no token ends where the answer does
    return told.input_ids[len(asked) : n]


def cases_of(tokenizer, name, template):
    prompt = rendered(template)
    answers = []
    for answer in ANSWERS:
        ids = in_turn(tokenizer, template, answer)
        rule = "turn" if ids else "alone"
        answers.append({"rule": rule, "ids": ids or tokenizer(answer, add_special_tokens=False).input_ids})
    return {"template": name, "prompt": tokenizer(prompt, add_special_tokens=not prompt.startswith("<s>")).input_ids,
            "answers": answers}


def dump(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    lines = []
    for name, bpe in make().items():
        (out / f"{name}.json").write_text(dump(json.loads(bpe.to_str())) + "\n", encoding="utf-8")
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token="<s>", eos_token="</s>")
        for template, (text, _) in TEMPLATES.items():
            lines.append(dump({"tokenizer": name} | cases_of(tokenizer, template, text)))
    templates = {name: {"text": text, "image": image} for name, (text, image) in TEMPLATES.items()}
    parts = [f'"question":{dump(QUESTION)}', f'"answers":{dump(ANSWERS)}', f'"templates":{dump(templates)}',
             '"cases":[\n' + ",\n".join(lines) + "\n]"]
    (out / "cases.json").write_text("{" + ",\n".join(parts) + "}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
