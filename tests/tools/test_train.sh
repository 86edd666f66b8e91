#!/bin/sh
# Train, stop, kill, resume, evaluate and classify from the command line on the device that SLIM_TEST_DEVICE names.
set -u
# shellcheck source=tests/tools/tap.sh
. "$(dirname "$0")/tap.sh"
device=${SLIM_TEST_DEVICE:-cpu}

if ! "$SLIMCL" devices 2>/dev/null | grep -qi -- "$device"; then
  echo "1..0 # SKIP there is no device '$device'"
  exit 0
fi

mkdir "$work/idx"
"$MAKE_DIGITS" "$work/idx" 2000 500
try convert --dataset_name=mnist --source_dir="$work/idx" --dataset_dir="$work/data"
ok "drawn digits are converted" ended 0

net="--model_name=lenet --dataset_name=mnist --dataset_dir=$work/data --device=$device"
recipe="--optimizer=adam --opt_epsilon=1e-8 --learning_rate=0.001 --learning_rate_decay_type=fixed --batch_size=32"

# train DIR STEPS ARGUMENT...
train() {
  dir=$1
  steps=$2
  shift 2
  # shellcheck disable=SC2086 # flags are split on purpose
  try train $net $recipe --train_dir="$work/$dir" --max_number_of_steps="$steps" --json "$@"
}

# evaluate DIR DEVICE ARGUMENT...: leaves the document of the test split in $work/out
evaluate() {
  dir=$1
  on=$2
  shift 2
  # shellcheck disable=SC2086
  try eval $net --dataset_split_name=test --checkpoint_path="$work/$dir" --device="$on" --json "$@"
}

# The step of the newest checkpoint that the state file of DIR names; its file must be whole.
newest() {
  latest=$(sed -n 's/^model_checkpoint_path: "\(.*\)"$/\1/p' "$work/$1/checkpoint") || return 1
  "$SLIMCL" inspect "$work/$1/$latest" --tensor=LeNet/fc3/weights --json >"$work/inspect.json" || return 1
  echo "${latest##*-}"
}

train learns 200
ok "200 steps are trained" ended 0
ok "the document says so" is 'd["global_step"] == 200 and d["steps"] > 0'
ok "no step falls back to the CPU" is 'd["cpu_steps"] == 0'
loss=$(json 'd["loss"]')
ok "progress is told on stderr" says "global step 200: loss = "
train learns 200
ok "a finished run ends at once" ended 0
ok "and says why" says "200"
evaluate learns "$device"
ok "evaluation" ended 0
ok "LeNet reads nine digits of ten" is 'd["eval/Accuracy"] >= 0.9'
ok "the right class is mostly among five" is 'd["eval/Recall_5"] >= 0.98 and d["eval/Recall_5"] >= d["eval/Accuracy"]'
ok "each sample counts once" is 'abs(d["eval/Accuracy"] * 500 - round(d["eval/Accuracy"] * 500)) < 1e-3'
ok "loss is low, step and device are told" is \
  '0 < d["eval/Loss"] < 0.6 and d["global_step"] == 200 and d["steps"] > 0 and d["cpu_steps"] == 0 and d["device"] != ""'
ok "training loss had fallen" is "$loss < 1.0"
accuracy=$(json 'd["eval/Accuracy"]')
evaluate learns "$device" --half_weights
ok "with weights as halves the accuracy is the same" is "abs(d['eval/Accuracy'] - $accuracy) < 1.5 / 500"
if [ "$device" != cpu ]; then
  evaluate learns cpu
  ok "the CPU backend finds the same accuracy" is "abs(d['eval/Accuracy'] - $accuracy) < 1.5 / 500"
fi

train once 60 --seed=7
train twice 60 --seed=7
ok "the same seed gives the same checkpoint, byte by byte" \
  cmp "$work/once/model.ckpt-60.data-00000-of-00001" "$work/twice/model.ckpt-60.data-00000-of-00001"
train other 60 --seed=8
ok "another seed gives another one" differ \
  "$work/once/model.ckpt-60.data-00000-of-00001" "$work/other/model.ckpt-60.data-00000-of-00001"
train halves 30 --seed=7
train halves 60 --seed=7
ok "a resumed run ends where an unbroken one does" \
  cmp "$work/once/model.ckpt-60.data-00000-of-00001" "$work/halves/model.ckpt-60.data-00000-of-00001"

train watched 60 --seed=7 --eval_interval_steps=30 --eval_split_name=test
ok "evaluation on the way" ended 0
ok "is told on stderr" says "global step 30: eval/Accuracy = 0."
ok "and in the document, for the steps asked for" is '[e["global_step"] for e in d["evaluations"]] == [30, 60]'
watched=$(json 'd["evaluations"]')
ok "it changes nothing in the checkpoint" \
  cmp "$work/once/model.ckpt-60.data-00000-of-00001" "$work/watched/model.ckpt-60.data-00000-of-00001"
ok "its event file is in a folder of its own" ls "$work"/watched/eval/events.out.tfevents.*
evaluate once "$device" --batch_size=32
ok "a separate evaluation of the checkpoint finds the same numbers" \
  is "all(d[k] == v for k, v in ($watched)[1].items())"
train halves_watched 30 --seed=7
evaluate halves_watched "$device" --batch_size=32
ok "and so at the step before" is "all(d[k] == v for k, v in ($watched)[0].items())"
train averages 40 --moving_average_decay=0.9 --eval_interval_steps=40 --eval_max_num_batches=3
ok "moving averages are evaluated, on the split there is" ended 0
watched=$(json 'd["evaluations"][0]')
evaluate averages "$device" --batch_size=32 --max_num_batches=3 --moving_average_decay=0.9
ok "as from the checkpoint" is "all(d[k] == v for k, v in ($watched).items())"

train aggregated 15 --seed=7 --sync_replicas --replicas_to_aggregate=4 --batch_size=8 --moving_average_decay=0.9
ok "four batches make a step" ended 0
ok "and 15 steps are 15" is 'd["global_step"] == 15'
train halves_aggregated 6 --seed=7 --sync_replicas --replicas_to_aggregate=4 --batch_size=8 --moving_average_decay=0.9
train halves_aggregated 15 --seed=7 --sync_replicas --replicas_to_aggregate=4 --batch_size=8 --moving_average_decay=0.9
ok "a resumed run of them ends where an unbroken one does" \
  cmp "$work/aggregated/model.ckpt-15.data-00000-of-00001" "$work/halves_aggregated/model.ckpt-15.data-00000-of-00001"

# start DIR ARGUMENT...: trains without end in the background, as $trainer.
start() {
  dir=$1
  shift
  : >"$work/err"
  # shellcheck disable=SC2086
  "$SLIMCL" train $net $recipe --train_dir="$work/$dir" "$@" >"$work/out" 2>"$work/err" &
  trainer=$!
}

# Waits until the trainer has said that it trains.
wait_for_steps() {
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
    grep -q "global step" "$work/err" && return 0
    sleep 1
  done
  return 1
}

for signal in TERM INT; do
  start "stop$signal" --save_interval_secs=600 --log_every_n_steps=1
  ok "training is under way" wait_for_steps
  kill -s $signal $trainer
  status=0
  wait $trainer || status=$?
  ok "SIG$signal ends it cleanly" ended 0
  ok "with a last checkpoint" newest "stop$signal"
done

# Random moments: every one of them must do, so each run of this test tries others; a failure names its own.
last=0
for pause in $(awk -v seed=$$ 'BEGIN { srand(seed + srand()); for (i = 0; i < 5; i++) printf "%.2f ", 0.2 + 2 * rand() }'); do
  start killed --save_interval_secs=1 --log_every_n_steps=1
  wait_for_steps
  sleep $pause
  kill -9 $trainer
  wait $trainer 2>/dev/null
  [ ! -f "$work/killed/checkpoint" ] || now=$(newest killed) || now=broken
  ok "kill -9 after $pause s: the newest checkpoint is whole and no older than before" test "${now:-0}" -ge "$last"
  last=${now:-0}
done
train killed $((last + 20))
ok "the next run resumes" ended 0
ok "from the last whole checkpoint" is "d['global_step'] == $last + 20 and d['first_step'] == $last"

"$SLIMCL" inspect "$work/data/mnist_test.tfrecord" --record=3 --feature=image/encoded --output="$work/digit.png" >"$work/label" 2>&1
# shellcheck disable=SC2086
try classify "$work/digit.png" --model_name=lenet --labels="$work/data/labels.txt" --device="$device" \
  --checkpoint_path="$work/learns" --json
ok "an image is classified" ended 0
ok "five classes, best first" is \
  'len(d["images"][0]["classes"]) == 5 and d["images"][0]["classes"][0]["probability"] >= d["images"][0]["classes"][4]["probability"]'
ok "classes have names" is 'd["images"][0]["classes"][0]["name"] in "zero one two three four five six size seven eight nine".split()'

done_testing
