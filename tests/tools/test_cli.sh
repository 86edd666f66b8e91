#!/bin/sh
# The command from outside: usage, help, errors, exit status, JSON. $SLIMCL is the program.
set -u
# shellcheck source=tests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

commands=$("$SLIMCL" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p')

try
ok "no command is wrong usage" ended 2
ok "and shows what there is" says "usage: slimcl COMMAND"
try --help
ok "help ends well" ended 0
ok "help lists commands" test "$(echo "$commands" | wc -l)" -ge 1
try --version
ok "version" prints "slimcl 0."
try devics
ok "an unknown command is wrong usage" ended 2
ok "it names the nearest" says "unknown command 'devics'; did you mean 'devices'?"
for command in $commands; do
  try "$command" --help
  ok "$command --help ends well" ended 0
  ok "$command --help shows usage" prints "usage: slimcl $command"
  ok "$command --help shows JSON" prints "--json"
  try "$command" --jsn
  ok "$command with an unknown flag is wrong usage" ended 2
  ok "$command names the nearest flag" says "slimcl $command: unknown flag --jsn; did you mean --json?"
  ok "$command prints nothing else" test ! -s "$work/out"
done

try devices
ok "devices lists the CPU" prints "cpu"
try devices --json
ok "devices as JSON ends well" ended 0
ok "devices as JSON" is 'd["devices"][0]["device"] == "cpu" and d["devices"][0]["compute_units"] >= 1'
ok "every device has a selector of its own" is 'len({i["device"] for i in d["devices"]}) == len(d["devices"])'

try convert --dataset_name=mnist
ok "a flag that is needed is named" says "slimcl convert: --source_dir is missing ('slimcl convert --help' lists its flags)"

try inspect
ok "inspect without a path is wrong usage" ended 2
ok "and says what is missing" says "slimcl inspect: PATH is missing"
try inspect "$work/nothing"
ok "a path that is not there fails" ended 1
ok "and is named" says "slimcl inspect: $work/nothing: no such file, folder or checkpoint"
try inspect "$work/nothing" --json
ok "with --json the failure is a document" is 'd["error"]["status"] == "SLIM_ERR_NOT_FOUND" and "nothing" in d["error"]["text"]'
echo "no records" >"$work/text"
try inspect "$work/text"
ok "any other file fails" ended 1
ok "and is told apart" says "$work/text is neither a TFRecord file, an event file nor a checkpoint"

try summary --model_name=lenet --json
ok "summary of LeNet counts as its paper does" is \
  'd["trainable_parameters"] == d["parameters"] == 3274634 and d["macs"] == 13883904'
ok "variables have name, shape and trainable" is \
  'd["variables"][0] == {"name": "LeNet/conv1/weights", "shape": [5, 5, 1, 32], "trainable": True} and len(d["variables"]) == 8'
ok "layers have name, op, output, parameters and macs" is \
  'd["layers"][0] == {"name": "LeNet/conv1", "op": "conv2d", "output": [None, 28, 28, 32], "parameters": 832, "macs": 627200}'
ok "layers add up" is 'sum(l["macs"] for l in d["layers"]) == d["macs"] and sum(l["parameters"] for l in d["layers"]) == d["parameters"]'
try summary --model_name=lenet --num_classes=100
ok "summary as text" prints "3366884 trainable parameters"
try summary --model_name=inception_v3 --num_classes=1001
ok "summary of a net with an auxiliary head" prints "27145970 trainable parameters of 27182194"
try summary --model_name=mobilenet_v1 --json
ok "summary counts the net's own classes" is \
  'd["trainable_parameters"] == 4233001 and d["variables"][-1]["shape"] == [1001]'
ok "a layer has its normalizer's variables, and each is counted once" is \
  'd["layers"][0]["parameters"] == 992 and sum(l["parameters"] for l in d["layers"]) == d["parameters"]'
try summary --model_name=alexnet_v2 --num_classes=1000
ok "summary of a net without preprocessing of its own" prints "50303912 trainable parameters"
try classify nothing.png --model_name=alexnet_v2 --checkpoint_path="$work/nothing" --num_classes=10
ok "a net without preprocessing needs one" ended 1
ok "and is told how to name it" says "nasnet_mobile nasnet_large pnasnet_mobile pnasnet_large; choose one by --preprocessing_name"
try nets
ok "nets lists every net with its sizes" prints "mobilenet_v1            224x224x3     1001      4254889      568.7"
try nets --json
ok "nets as JSON" is 'd["nets"][0] == {"model_name": "lenet", "image_size": 28, "channels": 1, "num_classes": 10, "parameters": 3274634, "trainable_parameters": 3274634, "macs": 13883904}'
try summary --model_name=lnet
ok "a net that is not there fails" ended 1
ok "and lists what there is" says "slimcl summary: there is no net 'lnet'; there are: lenet"

done_testing
