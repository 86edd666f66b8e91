#!/bin/sh
# The bench command on the device of SLIM_TEST_DEVICE: what it reports, not how fast anything is. $SLIMCL is the program.
set -u
# shellcheck source=tests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

device=--device=$SLIM_TEST_DEVICE
if ! "$SLIMCL" bench --op=batch_norm --input=1,1,1,1 --filter=1,1,1,1 "$device" --runs=1 >"$work/out" 2>&1; then
  echo "1..0 # SKIP no device $SLIM_TEST_DEVICE: $(tail -n 1 "$work/out")"
  exit 0
fi

# --- nets
try bench "$device" --model_name=lenet --num_classes=10 --batch_size=4 --runs=3 --json --save_path="$work/start" \
  --output_path="$work/logits"
ok "a net ends well" ended 0
ok "it says what ran" is 'd["model_name"] == "lenet" and d["mode"] == "inference" and d["batch_size"] == 4 and d["runs"] == 3'
ok "and where" is 'len(d["device"]) > 0 and d["steps"] >= 6 and d["cpu_steps"] == 0'
ok "times agree" is '0 < d["best_ms"] <= d["median_ms"] and abs(d["images_per_s"] * d["median_ms"] - 4000) < 0.01'
ok "GFLOP/s agree" is 'abs(d["gflops"] * d["median_ms"] * 1e6 - d["flops"]) < 1e-6 * d["flops"] and d["peak_gflops"] > 0'
ok "work is that of summary" is 'd["flops"] >= 2 * 4 * 13883904'
ok "memory is counted" is 'd["variable_bytes"] == 4 * 3274634 and 0 < d["arena_bytes"] and d["bytes"] > d["variable_bytes"]'
ok "peak memory holds it all" is 'd["peak_bytes"] > d["empty_bytes"] + d["variable_bytes"]'
ok "the host's part is a time" is '0 <= d["host_us_per_step"] < 1e6 and 0 <= d["feed_ms"] < 1e3 and d["first_ms"] > 0'
ok "logits of each run" test "$(($(wc -c <"$work/logits") % 160))" = 0
head -c 160 "$work/logits" >"$work/first"
try bench "$device" --model_name=lenet --num_classes=10 --batch_size=4 --runs=1 --json --seed=7 \
  --checkpoint_path="$work/start" --output_path="$work/logits"
head -c 160 "$work/logits" >"$work/again"
ok "the variables of a checkpoint give the same logits" cmp "$work/first" "$work/again"
try bench "$device" --model_name=lenet --num_classes=10 --half_weights --runs=1 --json
ok "weights as halves take half the memory" is '2 * 3274634 <= d["variable_bytes"] < 2.01 * 3274634 and d["cpu_steps"] == 0'
try bench "$device" --model_name=lenet --num_classes=10 --half_weights --mode=train --runs=1
ok "and are not trained" ended 1
ok "as the error says" says "kept as halves, which is for inference"
try bench "$device" --model_name=lenet --num_classes=10 --batch_size=8 --mode=train --runs=20 --json --profile \
  --dropout_keep_prob=1 --output_path="$work/losses"
ok "training ends well" ended 0
ok "it trains: variables, momentum and the step" is 'd["mode"] == "train" and d["variable_bytes"] >= 2 * 4 * 3274634'
ok "layers have a step of both ways" is \
  '{"LeNet/conv1", "LeNet/fc3"} <= {l["layer"] for l in d["layers"]} and sum(l["layer"] == "LeNet/conv2" for l in d["layers"]) > 1'
ok "every step has a kernel and a time" is 'all(len(l["kernel"]) > 0 and l["ms"] is not None for l in d["layers"])'
ok "layers add up" is 'sum(l["flops"] for l in d["layers"]) == d["flops"] and len(d["layers"]) == d["steps"]'
losses() {
  python3 -c 'import array, sys; a = array.array("f", open(sys.argv[1], "rb").read()); print(eval(sys.argv[2]))' "$work/losses" "$1"
}
ok "losses fall" test "$(losses 'len(a) >= 20 and a[-1] < 0.5 * a[0]')" = True
try bench "$device" --model_name=lenet --num_classes=10 --profile --runs=1
ok "as text" prints "lenet, inference, batch 1, on "
ok "with a line a layer" prints "LeNet/conv2"

# --- ops
for pass in forward input_gradient weights_gradient; do
  try bench "$device" --op=conv2d --input=2,9,8,3 --filter=3,3,3,5 --stride=2 --padding=VALID --pass=$pass --runs=2 --json
  ok "conv2d $pass" ended 0
  ok "conv2d $pass counts multiply-adds" is "d['flops'] == 2 * 2 * 4 * 3 * 3 * 3 * 3 * 5 and d['pass'] == '$pass'"
  ok "conv2d $pass says what it was" is \
    'd["op"] == "conv2d" and d["input"] == [2, 9, 8, 3] and d["filter"] == [3, 3, 3, 5] and d["stride"] == 2 and d["cpu_steps"] == 0'
done
try bench "$device" --op=depthwise --input=2,9,8,4 --filter=3,3,4,2 --runs=2 --pass=weights_gradient --json
ok "depthwise counts its multiply-adds" is 'd["flops"] == 2 * 2 * 9 * 8 * 8 * 3 * 3 and d["op"] == "depthwise" and d["cpu_steps"] == 0'
for op in max_pool2d avg_pool2d batch_norm fully_connected; do
  try bench "$device" --op=$op --input=2,4,4,8 --filter=2,2,8,8 --stride=2 --runs=1 --pass=input_gradient
  ok "$op" prints "$op"
done
try bench "$device" --suite=conv --batch_size=1 --runs=1 --json
ok "a suite ends well" ended 0
ok "it has rows of three passes" is 'len(d["rows"]) % 3 == 0 and len(d["rows"]) == 45 and d["rows"][1]["pass"] == "input_gradient"'
ok "of the batch that was asked for" is 'all(r["input"][0] == 1 and r["median_ms"] > 0 and r["gflops"] > 0 for r in d["rows"])'
ok "and says in all" is 'd["suite"] == "conv" and d["steps"] >= len(d["rows"]) and d["cpu_steps"] == 0 and d["peak_bytes"] > 0'

# --- usage
try bench --model_name=lenet --op=conv2d
ok "two things at once are wrong usage" ended 2
ok "and named" says "slimcl bench: give one of --model_name, --op and --suite"
try bench "$device" --op=max_pool2d --pass=weights_gradient
ok "a pass that an op lacks" says "slimcl bench: max_pool2d has no pass weights_gradient"
try bench "$device" --op=conv2d --filter=3,3,3,64
ok "channels that differ" says "slimcl bench: --filter=3,3,3,64 wants 3 channels, --input=8,56,56,64 has 64"
try bench "$device" --op=conv2d --input=8,56,56
ok "an input that is none" says "slimcl bench: --input=8,56,56: must be four numbers, like 8,56,56,64"
try bench "$device" --model_name=lnet --json
ok "a net that is not there" is '"there is no net" in d["error"]["text"]'

done_testing
