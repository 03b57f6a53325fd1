#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes small tokenizers and what the `tokenizers` library makes of ten thousand generated strings: the fixtures of
tests/unit/t_tokenizer*.c.

    texts.py OUT_DIR        (make oracle)

OUT_DIR/NAME.json are tokenizers. recipe.json says how the strings are generated (by splitmix64, here and in the test) and
which variants of the files read them, each a text replaced in a file; hashes.txt has for each variant one FNV-1a (64 bits)
for every block of strings, over their ids and an end mark each. cases.json has strings with their ids in full. digits.json
has the code points that Digits takes for a digit, as ranges.
"""

import json
import pathlib
import sys

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from models import LLAMA3_WORDS, QWEN_WORDS, with_begin

SEED, COUNT, BLOCK, PARTS = 20240531, 10000, 20, 6
MASK = (1 << 64) - 1

# ---- the strings ----

CONTRACTIONS = ["'s", "'S", "'t", "'T", "'re", "'RE", "'Re", "'ve", "'VE", "'m", "'M", "'ll", "'LL", "'lL", "'d", "'D",
                "'\u017f", "'\u017fs", "\u2019s", "'", "''", "he", "HE", "don", "WE", "\u212a", "i"]
WORDS = ["Is", "it", "a", "cat", "hat", " the", " person", " bald", " wearing", " glasses", "?", " Yes", " No", "yes",
         "no", "\nAnswer", " only", " Größe", " naïve", " Việt", " Nam", " xyzzy", "xyzzy", "\nkcab", " zzz", "漢字", "日本語", " слово", "हिन्दी", "ไทย",
         "한국어", " 한", "e\u0301", "A\u030a", "\u0344", "ﬃ", "ß", " (#123456)", "...", " --", "==", "http://", "_x", "▁",
         "▁▁", "Ġ", "<0x0A>", "<0x", "\t", "user", "ASSISTANT", ":", "USER", "[INST]", "🙂", "👩\u200d👩\u200d👧", "👍🏽", "🇩🇪"]
ADDED = ["<image>", "<|eot_id|>", "<|begin_of_text|>", "<|im_start|>", "<s>", "</s>", "<unk>", "<pad>", "<|im_end|>",
         " <image>", "<image> ", "<imag", "image>", "<<image>>", "<image", ">", "<", "<strip>", "  <strip>  ", "<left>",
         " \n<left>", "<right>", "<right>\u00a0\t", "<word>", "a<word>", "<word>b", "<word>\u0301", "<norm>", "<é>", "<e\u0301>",
         "<norm> b", "<image>x", "<right> <left>", "<|eot_id|>\n"]
SPACES = [" ", "  ", "\n", "\r\n", "\r", "\t", "\v", "\f", "\u0085", "\u00a0", "\u1680", "\u180e", "\u2000", "\u2009", "\u200a",
          "\u200b", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\ufeff", "\x1c", "\x1d", "\x1e", "\x1f", "\u2060", "x"]

# Letters and marks of Unicode 17: the reference has Unicode 16, so a later PCRE2 will differ in them.
LATER = [(0x88F, 0x88F), (0xC5C, 0xC5C), (0xCDC, 0xCDC), (0x1ACF, 0x1AEB), (0xA7CE, 0xA7DC), (0xA7F1, 0xA7F1),
         (0x10940, 0x1095F), (0x10EC5, 0x10ED8), (0x10EFA, 0x10EFB), (0x11B60, 0x11B67), (0x11DB0, 0x11DEF),
         (0x16EA0, 0x16EDF), (0x16FF2, 0x16FF6), (0x187F8, 0x187FF), (0x18D09, 0x18DF2), (0x1E6C0, 0x1E6FF),
         (0x2A6DA, 0x2A6FF), (0x2B73A, 0x2B73F), (0x2CEA2, 0x2CEAF), (0x323B0, 0x3347F), (0xD800, 0xDFFF)]


def ranges(*given):
    """The code points of the given ranges that are not in LATER."""
    out = []
    for first, last in given:
        for a, b in LATER:
            if first <= b and a <= last:
                if first < a:
                    out.append([first, a - 1])
                first = b + 1
        if first <= last:
            out.append([first, last])
    return out


# An alphabet has pieces or ranges; a part of a string takes 1 to `most` of them, or one of them that often.
ALPHABETS = [
    {"pieces": WORDS, "most": 12},
    {"pieces": WORDS, "most": 12},
    {"pieces": WORDS, "most": 5},
    {"pieces": CONTRACTIONS, "most": 6},
    {"pieces": ADDED, "most": 3},
    {"pieces": SPACES, "most": 6},
    {"pieces": [" ", "\n"], "most": 5},
    {"ranges": [[0x20, 0x7E]], "most": 16},
    {"ranges": [[0x30, 0x39]], "most": 12},
    {"ranges": [[0x41, 0x5A], [0x61, 0x7A]], "most": 10},
    {"ranges": [[0, 0x20], [0x7F, 0xA0]], "most": 4},
    {"ranges": ranges((0xA0, 0x24F)), "most": 8},
    {"ranges": [[0x300, 0x36F], [0x61, 0x7A]], "most": 10},
    {"ranges": ranges((0x370, 0x1CFF)), "most": 6},
    {"ranges": [[0x900, 0x97F]], "most": 8},
    {"ranges": ranges((0x1100, 0x11FF), (0xAC00, 0xD7A3)), "most": 5},
    {"ranges": [[0x2000, 0x2BFF]], "most": 4},
    {"ranges": [[0x3040, 0x30FF], [0x4E00, 0x9FFF]], "most": 8},
    {"ranges": ranges((0x80, 0xFFFF)), "most": 4},
    {"ranges": ranges((0x10000, 0x1FFFF)), "most": 4},
    {"ranges": [[0x1F300, 0x1F64F], [0x200D, 0x200D], [0xFE0F, 0xFE0F], [0x1F3FB, 0x1F3FF]], "most": 6},
    {"ranges": ranges((0x20000, 0x3FFFF)), "most": 4},
    {"ranges": ranges((0x40000, 0x10FFFF)), "most": 3},
    {"pieces": ["a", "A", " ", "1", "e", "\n", "-", "漢", "\u0301", "▁", "no", "Ġ", "\u00a0", "é", "🙂"], "most": 200, "same": True},
]


class Random:
    """splitmix64: Steele, Lea and Flood 2014."""

    def __init__(self, seed):
        self.state = seed

    def next(self, n):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return (z ^ (z >> 31)) % n


def take(alphabet, rng):
    if "pieces" in alphabet:
        return alphabet["pieces"][rng.next(len(alphabet["pieces"]))]
    at = rng.next(sum(last - first + 1 for first, last in alphabet["ranges"]))
    for first, last in alphabet["ranges"]:
        if at <= last - first:
            return chr(first + at)
        at -= last - first + 1
    raise AssertionError


def strings():
    rng = Random(SEED)
    for _ in range(COUNT):
        text = ""
        for _ in range(1 + rng.next(PARTS)):
            alphabet = ALPHABETS[rng.next(len(ALPHABETS))]
            n = 1 + rng.next(alphabet["most"])
            if alphabet.get("same"):
                text += take(alphabet, rng) * n
            else:
                text += "".join(take(alphabet, rng) for _ in range(n))
        yield text


# ---- the tokenizers ----


def corpus():
    """A mixed text to learn merges from."""
    rng = Random(7)
    words = WORDS + [" is", " are", " this", " that's", " don't", " Does", " black", " blond", " brown", " gray", " 2024",
                     " 1234567", " man", " woman", " smiling", " mouth", " hair", "\n\n", "  ", " eyebrows", " {\n    return",
                     ";\n}", " für", " été", " 東京", " привет", "'s", "'LL", "ing", "ed", " un", "able", "ñ", " él"]
    return ["".join(words[rng.next(len(words))] for _ in range(40)) for _ in range(400)]


def learn(bpe, size, alphabet):
    bpe.train_from_iterator(corpus(), trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False))
    return bpe


def add(bpe, names):
    """Special tokens, and tokens with each of the options."""
    bpe.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in names])
    bpe.add_special_tokens([AddedToken("<strip>", special=True, normalized=False, lstrip=True, rstrip=True)])
    bpe.add_tokens([
        AddedToken("<left>", lstrip=True, normalized=False), AddedToken("<right>", rstrip=True, normalized=False),
        AddedToken("<word>", single_word=True, normalized=False), AddedToken("<norm>", normalized=True),
        AddedToken("<é>", normalized=True), AddedToken("<image", normalized=False),
    ])
    return bpe


def split(words):
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(words), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])


def byte_level(pre_tokenizer, names, normalizer=None, ignore_merges=False):
    bpe = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        bpe.normalizer = normalizer
    bpe.pre_tokenizer = pre_tokenizer
    return add(learn(bpe, 1100, sorted(pre_tokenizers.ByteLevel.alphabet())), names)


def unreachable(bpe):
    """Words that no merges lead to, which only ignore_merges finds."""
    file = json.loads(bpe.to_str())
    vocab = file["model"]["vocab"]
    for word in ("xyzzy", "qqq", "Ġ" * 9, "kcab", "777", "Ġzzz", "!?!", "ĠNam", "ĠViá»ĩt", "he", "wE", "<", "Ġxyzzy", "Ċ" * 5, "cat", "hat", "no" * 3):
        vocab.setdefault(word, len(vocab))
    kept = {t["content"]: t for t in file["added_tokens"]}
    file["added_tokens"] = []
    bpe = Tokenizer.from_str(json.dumps(file))
    for token in kept.values():
        options = {k: v for k, v in token.items() if k not in ("id", "content")}
        (bpe.add_special_tokens if token["special"] else bpe.add_tokens)([AddedToken(token["content"], **options)])
    return bpe


def sentencepiece(legacy):
    learnt = Tokenizer(models.BPE())
    learnt.pre_tokenizer = pre_tokenizers.Metaspace()
    inner = json.loads(learn(learnt, 800, []).to_str())["model"]
    names = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    names += [name for name in sorted(inner["vocab"], key=inner["vocab"].get) if name not in names]
    names = [name for name in names if name not in ("é", "한", "Z")]
    kept = set(names)
    merges = [tuple(m) for m in inner["merges"] if set(m) <= kept and "".join(m) in kept]
    bpe = Tokenizer(models.BPE(vocab={name: i for i, name in enumerate(names)}, merges=merges, byte_fallback=True,
                               fuse_unk=True, unk_token="<unk>"))
    if legacy:
        bpe.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    else:
        bpe.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=False)
    return with_begin(add(bpe, ["<unk>", "<s>", "</s>", "<image>", "<pad>"]), "<s>")


def make():
    llama = ["<|begin_of_text|>", "<|eot_id|>", "<image>"]
    qwen = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>"]
    llama3 = unreachable(byte_level(split(LLAMA3_WORDS), llama, ignore_merges=True))
    llama3.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single="<|begin_of_text|> $A <|eot_id|>", special_tokens=[
            (name, llama3.token_to_id(name)) for name in ("<|begin_of_text|>", "<|eot_id|>")]),
    ])
    return {
        "llama3": llama3,
        "qwen2": byte_level(split(QWEN_WORDS), qwen, normalizers.NFC()),
        "gpt2": byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False), ["<image>"]),
        "legacy": sentencepiece(True),
        "metaspace": sentencepiece(False),
    }


def save(bpe, path):
    """Compactly; merges of the byte-level ones as older files have them, "a b"."""
    file = json.loads(bpe.to_str())
    if path.stem != "metaspace":
        file["model"]["merges"] = [" ".join(m) for m in file["model"]["merges"]]
    path.write_text(dump(file) + "\n", encoding="utf-8")


def dump(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


GPT2 = '"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}'
FIRST = '"prepend_scheme":"first","split":false'
PREPEND = '{"type":"Prepend","prepend":"▁"},'


def splitting(pattern, behavior, invert):
    parts = [{"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert},
             {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": False}]
    return '"pre_tokenizer":' + dump({"type": "Sequence", "pretokenizers": parts})


def digits(individual):
    return '"pre_tokenizer":{"type":"Sequence","pretokenizers":[%s,%s]}' % (
        dump({"type": "Digits", "individual_digits": individual}), GPT2.split(":", 1)[1])


# name: file, what is replaced by what
VARIANTS = {
    "llama3": ["llama3"],
    "llama3-merging": ["llama3", '"ignore_merges":true', '"ignore_merges":false'],
    "qwen2": ["qwen2"],
    "gpt2": ["gpt2"],
    "gpt2-space": ["gpt2", GPT2, GPT2.replace("false", "true", 1)],
    "split-removed": ["gpt2", GPT2, splitting({"Regex": r"\s+"}, "Removed", False)],
    "split-contiguous": ["gpt2", GPT2, splitting({"Regex": r"\p{L}|\p{N}"}, "Contiguous", False)],
    "split-previous": ["gpt2", GPT2, splitting({"String": " "}, "MergedWithPrevious", False)],
    "split-next": ["gpt2", GPT2, splitting({"String": "a"}, "MergedWithNext", True)],
    "split-empty": ["gpt2", GPT2, splitting({"Regex": r"\p{L}*"}, "MergedWithNext", False)],
    "digits": ["gpt2", GPT2, digits(True)],
    "digits-together": ["gpt2", GPT2, digits(False)],
    "legacy": ["legacy"],
    "legacy-unknown": ["legacy", '"byte_fallback":true', '"byte_fallback":false'],
    "legacy-some-bytes": ["legacy", '"<0xC3>"', '"<no byte>"'],
    "metaspace": ["metaspace"],
    "metaspace-always": ["metaspace", FIRST, '"prepend_scheme":"always","split":true'],
    "metaspace-never": ["metaspace", FIRST, '"prepend_scheme":"never","split":false'],
    "metaspace-unfused": ["metaspace", '"fuse_unk":true,"byte_fallback":true', '"fuse_unk":false,"byte_fallback":false'],
}


def open_variant(out, variant):
    text = (out / f"{variant[0]}.json").read_text(encoding="utf-8")
    if len(variant) > 1:
        assert text.count(variant[1]) == 1, variant
        text = text.replace(variant[1], variant[2])
    return Tokenizer.from_str(text)


def fnv(h, values):
    for value in values:
        for byte in value.to_bytes(4, "little"):
            h = ((h ^ byte) * 0x100000001B3) & MASK
    return h


def encode(bpe, texts):
    return [e.ids for e in bpe.encode_batch(texts, add_special_tokens=False)]


def write_hashes(out, texts):
    lines = []
    for name, variant in VARIANTS.items():
        ids = encode(open_variant(out, variant), texts)
        lines.append(name)
        for start in range(0, COUNT, BLOCK):
            h = 0xCBF29CE484222325
            for one in ids[start : start + BLOCK]:
                h = fnv(h, [*one, 0xFFFFFFFF])
            lines.append(f"{h:016x}")
    (out / "hashes.txt").write_text("\n".join(lines) + "\n")


CASES = [
    "", " ", "\n", "a", "Is it a cat?", "Hello  world", "don't DON'T we'LL WE'll 'S", "it'\u017f", "\u212a", "1234567 12 1",
    "a\r\nb\r\n\r\n c", "x \u00a0 y", "a\u0085b\u180ec\u2028d\u001ce", "   leading", "trailing   ", "tabs\t\there", "\n\n  x",
    "漢字かな交じり文", "한국어", "हिन्दी", "ไทย", "naïve café", "cafe\u0301", "A\u030angstro\u0308m", "👩\u200d👩\u200d👧 👍🏽 🇩🇪",
    "<image>", "\n<image>\n", "<image>\nWhat?", "a <image> b", "<imag", "<<image>>", "<|eot_id|><|begin_of_text|>", "<s>a</s> <unk>",
    "a  <strip>  b", "a \u00a0<left> b", "a <right>\t\nb", "a<word>b <word> c", "<word>", "<norm>", " <norm>", "a<norm>", "<e\u0301>",
    "▁a ▁ a", "Ġ a", "<0x0A>", "xyzzy", "qqq kcab 777 zzz !?!", "é Z 한", "ZéZ", "ZZéé", "\u0344\u0958", "\ufb01 ß", "\u1e9b\u0323",
    "\u0301\u0327a", "(#123456)...", "==--==", "http://a.b/c?d=e&f", "a" * 50, " " * 30, "\n" * 20, "no" * 20, "1" * 10, "▁" * 9,
    "\ud7ff\ue000\ufffd\uffff", "\U00010000\U0001f600\U000e0041\U0010ffff", "\U00031350\U00013460", "\U0001e4ec\u0301\u0327",
]


def write_cases(out, texts):
    cases = CASES + [text for text in texts[: 2 * COUNT // BLOCK : 25] if "\0" not in text]
    ids = {}
    for name, variant in VARIANTS.items():
        bpe = open_variant(out, variant)
        ids[name] = encode(bpe, cases if name in ("llama3", "qwen2", "legacy", "metaspace") else cases[:60])
        ids[name].append(bpe.encode("a b").ids)  # with begin and end tokens
    lines = ["{", '"texts":[', ",\n".join(dump(t) for t in cases), "],", '"ids":{']
    lines.append(",\n".join(f"{dump(name)}:{dump(lists)}" for name, lists in ids.items()))
    (out / "cases.json").write_text("\n".join([*lines, "}", "}"]) + "\n", encoding="utf-8")


def write_digits(out):
    each = pre_tokenizers.Digits(individual_digits=True)
    found = []
    for code in (*range(0xD800), *range(0xE000, 0x110000)):
        if len(each.pre_tokenize_str(f"a{chr(code)}a")) == 3:
            if found and found[-1][1] == code - 1:
                found[-1][1] = code
            else:
                found.append([code, code])
    (out / "digits.json").write_text(dump(found) + "\n")


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for name, bpe in make().items():
        save(bpe, out / f"{name}.json")
    recipe = {"seed": SEED, "count": COUNT, "block": BLOCK, "parts": PARTS, "alphabets": ALPHABETS, "variants": VARIANTS}
    (out / "recipe.json").write_text(json.dumps(recipe, ensure_ascii=False) + "\n", encoding="utf-8")
    texts = list(strings())
    write_hashes(out, texts)
    write_cases(out, texts)
    write_digits(out)


if __name__ == "__main__":
    main()
