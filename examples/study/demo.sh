#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The study, from its published files to the report: demo.sh PROGRAM PROJECT
set -eu
program=$1
project=$2
here=$(dirname "$0")

. "$here/../say.sh"

if [ ! -e "$project/assent.yaml" ]; then
    mkdir -p "$project"
    say init "$project" --preset celeba
    "$program" init "$project" --preset celeba
    say -C "$project" import "$here"
    "$program" -C "$project" import "$here"
    say -C "$project" consensus
    "$program" -q -C "$project" consensus | sed -n '1,14p'
else
    echo "using the project that is there; rm -r $project begins anew"
fi
say -C "$project" report
"$program" -C "$project" report
say -C "$project" report --html "$project/report.html"
"$program" -C "$project" report --html "$project/report.html"

heading The paper beside this program
echo
python3 "$here/figures.py" "$program" "$project"

cat <<EOF

The project is in $project, its report for your browser in $project/report.html. Go on with:
  $program -C $project status
  $program -C $project agree llava-next-8b celeba
  $program -C $project agree llava-next-8b consensus --group objective
  $program -C $project report
  $program -C $project export labels.csv --format csv --annotator consensus
Settle its 8 193 disputes yourself, in your browser (the study published no images: a placeholder stands for them):
  $program -C $project review --reviewer $(id -un)
EOF
