#!/bin/sh
# Each public header compiles alone, as C11 and as C++17, with every compiler there is; a C++ program runs. $LIBRARY is the
# shared library, $SLIM_SOURCE_ROOT the sources.
set -u
# shellcheck source=tests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

include=$SLIM_SOURCE_ROOT/include
folder=$(dirname "$LIBRARY")

# compiles COMPILER OPTION...: each header as the only one of a file.
compiles() {
  for header in "$include"/slim/*.h; do
    echo "#include <slim/${header##*/}>" |
      "$@" -pedantic -Wall -Wextra -Werror -I"$include" -fsyntax-only - || { echo "${header##*/}"; return 1; }
  done
}

not() {
  ! "$@"
}

# warns WARNING TEXT COMPILER OPTION...: a program that sets the option TEXT of a layer draws the warning.
warns() {
  warning=$1
  text=$2
  shift 2
  printf '#include <slim/slim.h>\nslim_tensor *f(slim_tensor *x, bool yes)\n{\n  return slim_dropout(x, %s);\n}\n' "$text" |
    "$@" -std=c11 -I"$include" -fsyntax-only -x c - 2>"$work/err" || true
  says "$warning"
}

for compiler in gcc clang; do
  if command -v "$compiler" >/dev/null; then
    ok "$compiler warns of a bare bool as an option" warns slim_flag_needs_SLIM_FLAG ".is_training = yes" "$compiler"
    ok "and with -Wall of false" warns -Wmissing-braces ".is_training = false" "$compiler" -Wall
    ok "but of no flag" not warns warning ".is_training = SLIM_FLAG(yes)" "$compiler" -Wall -Wextra -pedantic
    ok "each header is C11 for $compiler" compiles "$compiler" -x c -std=c11
  fi
done
for compiler in g++ clang++; do
  if command -v "$compiler" >/dev/null; then
    ok "each header is C++17 for $compiler" compiles "$compiler" -x c++ -std=c++17
    ok "a C++17 program compiles with $compiler" "$compiler" -std=c++17 -pedantic -Wall -Wextra -Werror -I"$include" \
      -o "$work/xor" "$SLIM_SOURCE_ROOT/examples/xor.cpp" "-L$folder" -lslimcl "-Wl,-rpath,$folder"
    status=0
    "$work/xor" cpu >"$work/out" 2>"$work/err" || status=$?
    ok "it trains" ended 0
    ok "to a small loss" grep -q '^loss 0\.00' "$work/out"
  fi
done

done_testing
