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

done_testing
