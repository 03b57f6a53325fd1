#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The study once more, on its own 1 000 images: run.sh PROGRAM MODEL_DIR IMAGES_DIR [PROJECT]
#
# MODEL_DIR is llama3-llava-next-8b-hf as downloaded, IMAGES_DIR CelebA's img_align_celeba (README.md says where both
# come from). Every step can be interrupted; the same command goes on where it stopped.
set -eu
program=${1:?run.sh PROGRAM MODEL_DIR IMAGES_DIR [PROJECT]}
model=$(cd "${2:?MODEL_DIR is missing}" && pwd)
images=$(cd "${3:?IMAGES_DIR is missing}" && pwd)
project=${4:-demo/celeba}
here=$(dirname "$0")
need_kib=20000000 # 16.8 GB of weights, mapped, and room for the pass

fail() {
    printf 'run.sh: %s\n' "$*" >&2
    exit 1
}

# ---- what is missing is said before anything is made ----

for file in config.json tokenizer.json model.safetensors.index.json; do
    [ -f "$model/$file" ] || fail "$model/$file is missing: is the download complete?"
done
"$program" -q model info "$model" > /dev/null || fail "the model's folder is not whole: see above"
while read -r name; do
    [ -f "$images/$name" ] || fail "$images/$name is missing: is this CelebA's img_align_celeba, unpacked?"
done < "$here/keys.txt"
have_kib=$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo)
[ "$have_kib" -ge "$need_kib" ] ||
    fail "this machine has $((have_kib / 1000000)) GB of memory; the model needs $((need_kib / 1000000)) GB"

# ---- the project: the study's labels, and links to its 1 000 images and to the model ----

if [ ! -e "$project/assent.yaml" ]; then
    "$program" init "$project" --preset celeba
    mkdir -p "$project/images"
    while read -r name; do
        ln -sf "$images/$name" "$project/images/$name"
    done < "$here/keys.txt"
    ln -sfn "$model" "$project/model"
    sed -i -e 's|^#images: .*|images: images/|' \
        -e 's|^annotators:|annotators:\n  mine: {kind: model, engine: vlm, model: model/, dtype: auto}|' \
        "$project/assent.yaml"
    "$program" -C "$project" import "$here/../study"
fi

"$program" -C "$project" plan --annotator mine
"$program" -C "$project" annotate --annotator mine
"$program" -C "$project" agree mine llava-next-8b # question by question against the study's published answers
"$program" -C "$project" agree mine celeba
