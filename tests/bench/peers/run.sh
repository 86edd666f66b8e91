#!/bin/sh
# run.sh [--output=FOLDER] [FLAG...]: SlimCL beside its peers: installs their packages, builds, measures, and writes
# results.json, table.txt and table.html to FOLDER (build-peers/results). The other flags are those of compare.py: --parts=conv,...,
# --nets=..., --filter=..., --rounds=... A whole run takes more than half an hour; nothing else should run meanwhile. TensorFlow takes
# part when SLIMCL_TENSORFLOW_PYTHON names a Python that has it, for example that of a virtual environment.
set -eu
root=$(cd "$(dirname "$0")/../../.." && pwd)
build=$root/build-peers
sh "$root/tools/install-deps.sh" build opencl peers
[ -f "$build/build.ninja" ] || meson setup "$build" "$root" -Dbench=true -Dtests=disabled >/dev/null
ninja -C "$build" tools/slimcl tests/bench/slim_peer tests/bench/bench_conv tests/bench/bench_gemm >/dev/null
exec /usr/bin/python3 "$root/tests/bench/peers/compare.py" "$build" --output="$build/results" "$@"
