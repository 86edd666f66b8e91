#!/bin/sh
# slimcl tune on the OpenCL device of $SLIM_TEST_DEVICE, seen as a GPU: those kernels have knobs wherever they run.
# shellcheck disable=SC2016 # code in quotes is meant as it is
set -u
# shellcheck source=tests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

POCL_CACHE_DIR=${POCL_CACHE_DIR:-$HOME/.cache/pocl/kcache}
XDG_CACHE_HOME=$work/cache
SLIM_DEVICE_LIMITS=class=gpu
export POCL_CACHE_DIR XDG_CACHE_HOME SLIM_DEVICE_LIMITS
mkdir "$XDG_CACHE_HOME"

try tune --device="$SLIM_TEST_DEVICE" --import_path=/nowhere
if says "no such device"; then
  echo "1..0 # SKIP $(cat "$work/err")"
  exit 0
fi
ok "a file that is not there is an error" ended 1
ok "and named" says "cannot open '/nowhere'"

tune_lenet() {
  try tune --model_name=lenet --image_size=12 --mode=train --batch_size=2 --device="$SLIM_TEST_DEVICE" "$@"
}
tune_lenet --budget=4 --json
ok "a training step is tuned" ended 0
ok "rounds, times and findings are reported" \
  is 'd["rounds"] >= 0 and d["found"] >= 0 and 0 < d["after_ms"] <= d["before_ms"] * 1.02 and d["seconds"] > 0'

try tune --device="$SLIM_TEST_DEVICE" --export_path="$work/exported"
ok "what is kept is exported" ended 0
ok "it is what lies in the cache" sh -c 'cmp "$0" "$1"/slimcl/opencl-*.bin' "$work/exported" "$XDG_CACHE_HOME"
rm "$XDG_CACHE_HOME"/slimcl/opencl-*.bin
try tune --device="$SLIM_TEST_DEVICE" --import_path="$work/exported"
ok "and imported" ended 0
ok "with all of it" sh -c 'test "$(wc -c <"$0")" -le "$(cat "$1"/slimcl/opencl-*.bin | wc -c)"' "$work/exported" \
  "$XDG_CACHE_HOME"

pids=
for i in 1 2 3; do
  "$SLIMCL" tune --model_name=lenet --image_size=12 --batch_size=1 --mode=train --device="$SLIM_TEST_DEVICE" --budget=2 \
    --json >"$work/out$i" 2>"$work/err$i" &
  pids="$pids $!"
done
together=0
for pid in $pids; do
  wait "$pid" || together=1
done
ok "three processes tune at a time" test $together = 0
try tune --device="$SLIM_TEST_DEVICE" --export_path="$work/exported"
ok "and leave a whole file" sh -c 'test "$(head -c 8 "$0")" = SLIMCL02' "$work/exported"

printf 'SLIMCL02damaged' >"$work/damaged"
try tune --device="$SLIM_TEST_DEVICE" --import_path="$work/damaged"
ok "a damaged file is an error" says "is no file of tuned parameters and programs"
for file in "$XDG_CACHE_HOME"/slimcl/opencl-*.bin; do
  cp "$work/damaged" "$file"
done
tune_lenet --budget=1 --json
ok "a damaged cache is made anew" ended 0

try tune --device=cpu --model_name=lenet
ok "the CPU backend has nothing to tune" says "tune: the cpu backend has nothing to tune"
try tune --device="$SLIM_TEST_DEVICE" --model_name=lenet --budget=soon
ok "a budget is a time" says "--budget=soon is no time: seconds, or 90s, 5m, 1h"
try tune --device="$SLIM_TEST_DEVICE"
ok "something to do must be given" ended 2

done_testing
