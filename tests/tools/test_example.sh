#!/bin/sh
# The program of the README: it is examples/lenet.c, and it trains and evaluates. $LENET is the program.
# shellcheck disable=SC2016 # code in quotes is meant as it is
set -u
# shellcheck source=tests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

mkdir "$work/idx"
"$MAKE_DIGITS" "$work/idx" 640 100
try convert --dataset_name=fashion_mnist --source_dir="$work/idx" --dataset_dir="$work/data"
ok "drawn digits are converted" ended 0

sed -n '/^```c$/,/^```$/p' "$SLIM_SOURCE_ROOT/README.md" | sed '1d;$d' >"$work/readme.c"
ok "the README shows examples/lenet.c" cmp "$work/readme.c" "$SLIM_SOURCE_ROOT/examples/lenet.c"
lines=$(sed 's|/\*.*\*/||' "$work/readme.c" | grep -c '[^ ]')
ok "in 33 lines" test "$lines" -le 33

# lenet ARGUMENT...: the program, in a folder where it may write
lenet() {
  status=0
  (cd "$work" && "$LENET" "$@") >"$work/out" 2>"$work/err" || status=$?
}
lenet data cpu
ok "it trains and evaluates" ended 0
ok "and prints an accuracy" grep -qE '^accuracy 0\.[2-9]' "$work/out"
ok "checkpoint and events are in its folder" \
  sh -c 'ls "$0"/model.ckpt-50.index "$0"/events.out.tfevents.*' "$work/run"
lenet nothing cpu
ok "without data it fails" ended 1
ok "and says what to do" says "make it with: slimcl convert"
lenet data abacus
ok "without the device it fails" ended 1
ok "and names the devices there are" says "device 'abacus': no such device; there are: cpu"
lenet
ok "without arguments it fails" ended 1
ok "and names the folder that is missing" says "in folder ''"

done_testing
