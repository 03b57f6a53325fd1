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
    cp -r "$here/images" "$here/model" "$here/model-qwen3-vl" "$project"
    cp "$here/assent.yaml" "$project"
fi

printf 'Two toy models of two families look at 200 drawn faces and answer 16 questions about each.\n'
run annotate --annotator toy
run annotate --annotator toy-qwen
for who in first second; do
    say -C "$project" import "$here/$who.csv" --annotator "$who"
    "$program" -C "$project" import "$here/$who.csv" --annotator "$who"
done
run agree toy first

heading 'Do models of two families err alike? Each two of them and of the people; then where both are sure and people differ.'
run agree toy toy-qwen first second

heading 'Which answers may be used? People have to answer cells drawn at random, blind. An imagined one does it here.'
run plan --accept
if [ ! -e "$project/answers.json" ]; then
    run review --packet "$project/packet.zip" --reviewer imagined --sample 2400 --no-disputes
    "$here/answer.py" "$project" "$project/packet.zip" "$project/answers.json"
fi
run import "$project/answers.json"
run accept
run consensus
run report
run report --html "$project/report.html"

cat <<EOF

The report for your browser: $project/report.html
Its verdicts rest on the 2 400 answers of an imagined person, who says what was drawn. 200 pictures are few, so that is
most of the cells; it takes hardly more of a million.

The project is in $project: assent.yaml, its images, and what was answered. Ask the model something yourself:
  $program ask --model $project/model --image $project/images/face_0001.jpg --question "Is this person wearing a hat?"
Take the imagined person's place: withdraw the answers, give your own, blind, in your browser (the address it prints; Ctrl-C ends it):
  $program -C $project undo 5
  $program -C $project review --reviewer $(id -un) --sample 2400 --no-disputes --order decide
Go on with:
  $program -C $project accept
  $program -C $project export accepted/ --accepted
  $program -C $project agree toy toy-qwen imagined
EOF
