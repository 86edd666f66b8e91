#!/bin/sh
# launched.sh FILE: were all kernels, and the twins that are built of them (lib/backend/opencl/source.c), launched by the
# tests that wrote their names to FILE (tests/support/launched.c)? Prints those that were not.
set -u
cd "$(dirname "$0")/.." || exit 2

# names FILE MACRO: the kernels that the file names by this macro, its own or that of winograd_tiles.h.
names() {
  sed -n "s/.*[ (]\(SLIM_CL_WINOGRAD_\)\{0,1\}$2([^\"]*\"\(slim_[a-z0-9_]*\)\".*/\2/p" "lib/backend/opencl/$1"
}

# twins FILE: those that a file names by TILED, whose parts are $tiles, and by TAPPED and READING, whose parts are $taps.
twins() {
  for part in '' $tiles; do
    names "$1" TILED | sed "s/$/${part}_f32/"
  done
  for part in '' $taps; do
    names "$1" TAPPED | sed "s/$/${part}_f32/"
    names "$1" READING | sed "s/$/${part}_f32/;p;s/_f32$/_f16/"
  done
}

named=$(mktemp) || exit 2
trap 'rm -f "$named"' EXIT
{
  sed -n 's/^__kernel .*void \(slim_[a-z0-9_]*\)(.*/\1/p' kernels/*.cl
  grep -oh 'SLIM_CL_READING([^"]*"slim_[a-z0-9_]*"' lib/backend/opencl/*.c | sed 's/.*"\(.*\)"/\1_f16/'
  grep -oh 'SLIM_CL_READING([^"]*"slim_[a-z0-9_]*\(_tile_[vo]4\|_whole\)"' lib/backend/opencl/*.c | sed 's/.*"\(.*\)"/\1_f32/'
  grep -oh '"slim_[a-z0-9_]*_\([vo]4\|whole\)_f32"' lib/backend/opencl/*.c | tr -d '"'
  tiles=_n7 taps='_n7 _t5 _t5_n7 _t4_n7'
  twins winograd.c
  twins winograd_gradient.c
  tiles='' taps=_t7
  twins winograd_line.c
} | sort -u >"$named"
missing=$(sort -u "$1" | comm -23 "$named" -)
[ -z "$missing" ] || { echo "launched by no test:"; echo "$missing"; exit 1; }
echo "$(wc -l <"$named") kernels were launched"
