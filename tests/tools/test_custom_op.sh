#!/bin/sh
# examples/custom_op.c learns on the device of $SLIM_TEST_DEVICE, its own op included. $CUSTOM_OP is the program.
set -u
# shellcheck source=tests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

status=0
"$CUSTOM_OP" "$SLIM_TEST_DEVICE" >"$work/out" 2>"$work/err" || status=$?
if says "no such device"; then
  echo "1..0 # SKIP $(cat "$work/err")"
  exit 0
fi
ok "it trains" ended 0
ok "to a small loss" grep -q '^loss 0\.00' "$work/out"
ok "and no step falls back to the CPU" prints ", 0 of "

done_testing
