#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Drawn faces, from pictures to the report: demo.sh PROGRAM PROJECT
set -eu
program=$1
project=$2
here=$(dirname "$0")

. "$here/../say.sh"

run() {
    say -C "$project" "$@"
    "$program" -C "$project" "$@"
}

mkdir -p "$project"
if [ ! -e "$project/assent.yaml" ]; then
    cp -r "$here/images" "$here/model" "$project"
    cp "$here/assent.yaml" "$project"
fi

printf 'A toy model looks at 200 drawn faces and answers 16 questions about each.\n'
run annotate
for who in first second; do
    say -C "$project" import "$here/$who.csv" --annotator "$who"
    "$program" -C "$project" import "$here/$who.csv" --annotator "$who"
done
run agree toy first
run consensus
run report
run report --html "$project/report.html"
run plan --review --sample 2%

cat <<EOF

The project is in $project: assent.yaml, its images, and what was answered; its report for your browser is in
$project/report.html. Ask the model something yourself:
  $program ask --model $project/model --image $project/images/face_0001.jpg --question "Is this person wearing a hat?"
Settle the disputes yourself, blind, in your browser (the address it prints; Ctrl-C ends it):
  $program -C $project review --reviewer $(id -un) --sample 2%
Go on with:
  $program -C $project status
  $program -C $project agree toy first second
  $program -C $project export labels.jsonl --format jsonl --annotator toy
EOF
