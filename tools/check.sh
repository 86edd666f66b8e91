#!/bin/sh
# check.sh [--full]: installs what it needs (as root or with sudo), builds, and runs the tests on every device present;
# then once more under AddressSanitizer and UBSan. --full adds what takes long; README.md lists it with its times.
# Ends with "N passed, N failed, N skipped" and fails if anything failed. A test skips itself where its device is missing.
set -u

full=no
case "${1-}" in
  '') ;;
  --full) full=yes ;;
  *)
    echo "usage: check.sh [--full]" >&2
    exit 2
    ;;
esac

cd "$(dirname "$0")/.." || exit 1
root=$PWD
passed=0
failed=0
skipped=0
failures=

# check NAME COMMAND...: one more thing that passes or fails.
check() {
  name=$1
  shift
  echo "== $name"
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    failures="$failures
  $name"
    return 1
  fi
}

# build DIR [MESON OPTION...]: sets DIR up once and compiles it, or of it only what $targets names.
build() {
  folder=$1
  shift
  if [ ! -f "$folder/build.ninja" ]; then
    meson setup "$folder" -Dwerror=true "$@" >"$folder.log" 2>&1 || { cat "$folder.log"; return 1; }
  fi
  # shellcheck disable=SC2086 # targets are split on purpose
  ninja -C "$folder" ${targets-} >"$folder.log" 2>&1 || { tail -n 40 "$folder.log"; return 1; }
}

count() {
  sed -n "s/^$1: *\([0-9]*\).*/\1/p" "$log" | tail -n 1
}

# tests DIR [MESON TEST OPTION...]: runs the tests of a build and adds them up.
tests() {
  log=$1-tests.log
  meson test -C "$@" --print-errorlogs >"$log" 2>&1
  result=$?
  grep -vE '^(ninja:|$)' "$log" | grep -vE ' +OK +[0-9.]+s' | tail -n 200
  ok=$(count Ok)
  passed=$((passed + ${ok:-0}))
  skipped=$((skipped + $(count Skipped) + 0))
  if [ $result != 0 ]; then
    bad=$(($(count Fail) + $(count Timeout) + 0))
    failed=$((failed + (bad > 0 ? bad : 1)))
    failures="$failures
  tests in $1: $(grep -oE '[^ ]+ +(FAIL|ERROR|TIMEOUT) ' "$log" | awk '{print $1}' | sort -u | tr '\n' ' ')"
  fi
}

# names DIR PATTERN [OPTION...]: the tests of a build that are not slow and whose names match an extended regular expression.
names() (
  folder=$1
  pattern=$2
  shift 2
  meson test -C "$folder" --list --no-suite slow "$@" 2>/dev/null | sed 's|.* / ||' | grep -E "$pattern" | sort -u
)

# The CPU backend with leaks; PoCL without, whose compiler keeps its own memory, and those that list every device and so
# load every driver. bench and inference of all nets take long on PoCL, run there what the tests of ops and training do, and
# are left to --full. Other drivers are left to the plain run: compiling for them takes many times as long here, and finds
# nothing else.
sanitized() {
  export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
  export LSAN_OPTIONS="suppressions=$root/tests/suppressions/lsan.txt:print_suppressions=0"
  # gcc's frames for use after return are not aligned to vectors of 64 bytes (its bug 110027): such code would crash.
  export ASAN_OPTIONS=detect_stack_use_after_return=0:strict_string_checks=1
  # shellcheck disable=SC2046 # names are split on purpose
  tests build-check-sanitize -t 6 $(names build-check-sanitize '^[^@]*$|@cpu' | grep -vxE 'cli|missing_device')
  export ASAN_OPTIONS=detect_leaks=0:strict_string_checks=1
  long='(bench|nets_run)@pocl'
  [ $full = no ] || long=
  # shellcheck disable=SC2046
  tests build-check-sanitize -t 6 \
    $(names build-check-sanitize '@pocl$|^(cli|missing_device)$' | grep -vxE "$long")
  unset UBSAN_OPTIONS LSAN_OPTIONS ASAN_OPTIONS
}

# A second compiler, whose errors are others. Nothing is optimised, which is quick; --full optimises instead, and runs tests.
with_clang() (
  export CC=clang
  build build-check-clang-debug -Dbuildtype=debug
)

# Installs into an empty folder and builds a C program of a user against what is there, shared and static.
installed() (
  stage=$root/build-check/stage
  rm -rf "$stage"
  DESTDIR=$stage meson install -C build-check --no-rebuild >/dev/null || return 1
  pc=$(find "$stage" -name slimcl.pc)
  export PKG_CONFIG_PATH="${pc%/*}" PKG_CONFIG_SYSROOT_DIR="$stage"
  library=$(dirname "$(find "$stage" -name libslimcl.so)")
  # shellcheck disable=SC2046 # flags are split on purpose
  cc -std=c11 -Wall -Wextra -Werror -o "$stage/shared" examples/lenet.c $(pkg-config --cflags --libs slimcl) &&
    cc -std=c11 -o "$stage/static" examples/lenet.c $(pkg-config --cflags slimcl) "$library/libslimcl.a" \
      $(env -u PKG_CONFIG_SYSROOT_DIR pkg-config --static --libs slimcl | sed 's/-lslimcl//') || return 1
  readelf -d "$stage/shared" | grep -q 'NEEDED.*\[libslimcl\.so\.0\]' || { echo "soname is not libslimcl.so.0"; return 1; }
  LD_LIBRARY_PATH=$library "$stage$(pkg-config --variable=prefix slimcl | sed "s|^$stage||")/bin/slimcl" --version
)

# The CPU backend's NEON kernels under qemu: products, convolutions, gradients. --full runs all tests there.
aarch64_ops='matmul conv2d depthwise_conv2d batch_norm gradients'
aarch64() {
  sh tools/arm64-sysroot.sh build-check-arm64-root || return 1
  # shellcheck disable=SC2086
  targets=$(printf ' tests/ops/ops_%s' $aarch64_ops)
  build build-check-arm64 --cross-file build-check-arm64-root/cross.ini -Dopencl=dlopen
  result=$?
  unset targets
  return $result
}

# Runs the tests; did they launch every kernel there is? Those of CPUs on PoCL, of GPUs on rusticl.
tests_and_kernels() {
  launched=$root/build-check/launched
  rm -f "$launched"
  export LD_PRELOAD="$root/build-check/tests/support/launched.so" SLIM_TEST_LAUNCHED="$launched"
  tests build-check --no-suite full
  unset LD_PRELOAD SLIM_TEST_LAUNCHED
  if grep -qE ' matmul@pocl +OK ' build-check-tests.log && grep -qE ' training@rusticl +OK ' build-check-tests.log; then
    check "every kernel is launched by a test" sh tests/launched.sh "$launched"
  fi
}

check "install packages" sh tools/install-deps.sh build opencl data test aarch64 manual || exit 1
if check "build" build build-check; then
  tests_and_kernels
  check "install, and a program against the installed library" installed
fi
[ $full = yes ] || check "build with clang" with_clang
check "manual, without a warning of Doxygen's" sh tools/manual.sh build-check/manual
# -O1 and line numbers alone: kernels of vectors compile in a third of the time that -O2 and all of -g take. Sums of pointers
# that wrap are looked for by the fuzz targets alone, as they take long to compile and AddressSanitizer sees what is accessed.
if check "build with AddressSanitizer and UBSan" build build-check-sanitize -Dbuildtype=custom -Doptimization=1 \
  -Ddebug=false -Dc_args='-g1 -fno-sanitize=pointer-overflow' -Db_sanitize=address,undefined -Db_ndebug=false; then
  sanitized
fi
if check "build for AArch64" aarch64 && [ $full = no ]; then
  # shellcheck disable=SC2046,SC2086
  tests build-check-arm64 --no-rebuild -t 10 $(printf ' %s@cpu' $aarch64_ops)
fi
if [ $full = yes ]; then
  # shellcheck source=tools/check-full.sh
  . tools/check-full.sh
fi

[ -z "$failures" ] || echo "failed:$failures"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
