# What check.sh --full adds; check.sh reads this file and provides check, build and tests.
# shellcheck shell=sh disable=SC2015,SC2046,SC2030,SC2031 # names are split, and variables set in subshells, on purpose

# A fuzz target for $fuzz_seconds, starting from its corpus.
fuzz_one() {
  work=build-check-fuzz/${1##*/}-work
  corpus=tests/fuzz/corpus/${1##*/fuzz_}
  [ -d "$corpus" ] || corpus=$work
  mkdir -p "$work"
  echo "${1##*/}, $fuzz_seconds s"
  "$1" -max_total_time="$fuzz_seconds" -rss_limit_mb=2048 -artifact_prefix="$work-" "$work" "$corpus" \
    >"$work.log" 2>&1 || { tail -n 40 "$work.log"; return 1; }
}

# All of them, two at a time.
fuzz() {
  : "${fuzz_seconds:=60}"
  found=0
  bad=0
  other=
  for program in build-check-fuzz/tests/fuzz/fuzz_*; do
    [ -x "$program" ] && [ -f "$program" ] || continue
    found=$((found + 1))
    if [ -z "$other" ]; then
      fuzz_one "$program" &
      other=$!
    else
      fuzz_one "$program" || bad=1
      wait "$other" || bad=1
      other=
    fi
  done
  [ -z "$other" ] || wait "$other" || bad=1
  [ $found != 0 ] || { echo "no fuzz target was built"; return 1; }
  return $bad
}

# An op test on Oclgrind, which reports every invalid access and data race of a kernel, with the kernels of some limits
# and without CLBlast's. simulate PROGRAM LIMITS [UNITS]
simulate() {
  log=build-check/oclgrind-${1##*/}-$2-${3-1}.log
  SLIM_TEST_DEVICE=oclgrind SLIM_CLBLAST=0 SLIM_DEVICE_LIMITS=$2 CK_FORK=no timeout 3600 \
    oclgrind --compute-units "${3-1}" --build-options -DSLIM_NO_PREFETCH --max-errors 20 --data-races --log "$log" \
    "$1" >"$log.tap" 2>&1
  result=$?
  [ $result = 0 ] || grep -v '^ok' "$log.tap" | tail -n 20
  [ ! -s "$log" ] || head -n 30 "$log"
  [ $result = 0 ] && [ ! -s "$log" ]
}

# All of them with the kernels of some limits. Gradients, which take longest and launch what others launch too, and kernels
# of users, which have no class, run with one of these; tiles, which only GPUs have, and Strassen's products with shapes
# larger than others' here. Vectors of 16 have local memory as PoCL has; Winograd's run also where blocks are too few for the
# units.
# simulate_all LIMITS
simulate_all() {
  bad=0
  case "$1" in
    *width=16*)
      export OCLGRIND_LOCAL_MEM_SIZE=524288
      simulate build-check/tests/ops/ops_winograd "$1" 64 || bad=1
      ;;
  esac
  for program in build-check/tests/ops/ops_*; do
    [ -x "$program" ] && [ -f "$program" ] || continue
    case "$1 ${program##*/}" in
      class=gpu*ops_gradients | *width=16*ops_gradients | class=cpu*ops_custom_op | class=cpu*ops_tiles) ;;
      class=gpu*ops_strassen | *width=8*ops_strassen) ;;
      *ops_strassen) (export SLIM_TEST_PRODUCTS=30e6 SLIM_CACHES=32,512 && simulate "$program" "$1") || bad=1 ;;
      *ops_tiles) (export SLIM_TEST_PRODUCTS=13e6 && simulate "$program" "$1") || bad=1 ;;
      *) simulate "$program" "$1" || bad=1 ;;
    esac
  done
  return $bad
}

# As a GPU and as two CPUs, side by side: one test takes longest as this, another as that.
simulated() {
  worse=0
  all=
  for limits in class=gpu class=cpu,width=8 class=cpu,width=16; do
    simulate_all "$limits" &
    all="$all $!"
  done
  for one in $all; do
    wait "$one" || worse=1
  done
  return $worse
}

check "install packages for --full" sh tools/install-deps.sh full

tests build-check -t 4 --suite full

# Neither the compiler nor the way to the loader changes what a driver is given: rusticl, which compiles slowly, is left
# to the run above.
export CC=clang
check "build with clang, optimised" build build-check-clang &&
  tests build-check-clang $(names build-check-clang '^[^@]*$|@cpu|@pocl$')
check "build the fuzz targets" build build-check-fuzz -Dfuzz=true -Dtests=disabled -Dbuildtype=custom -Doptimization=1 \
  -Ddebug=false -Dc_args=-g1 -Db_ndebug=false -Db_sanitize=address,undefined -Db_lundef=false && check "fuzzing" fuzz
unset CC

check "build without OpenCL" build build-check-cpu -Dopencl=disabled && tests build-check-cpu
check "build that opens OpenCL at run time" build build-check-dlopen -Dopencl=dlopen &&
  tests build-check-dlopen $(names build-check-dlopen '^cli$|@pocl$')
check "kernels on Oclgrind" simulated
check "build for valgrind" build build-check-valgrind -Dbuildtype=debugoptimized &&
  tests build-check-valgrind --setup=memcheck \
    $(names build-check-valgrind '^[^@]*$|@cpu$' --suite unit | grep -vE '^opencl_|^missing_device') # drivers lose memory of their own
check "build all for AArch64" build build-check-arm64 && tests build-check-arm64 -t 10 --no-suite slow
