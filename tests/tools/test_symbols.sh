#!/bin/sh
# tests/parity/symbols.tsv: every name that TF-Slim exports (tests/parity/reference.tsv), what it is here, and where that
# is compared or tested. $LIBRARY is the shared library, $SLIM_SOURCE_ROOT the sources.
set -u
# shellcheck source=tests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

tests=$SLIM_SOURCE_ROOT/tests
table=$tests/parity/symbols.tsv
tab=$(printf '\t')

# What a program can name: exported functions; macros, types and constants of the headers.
nm -D --defined-only "$LIBRARY" | awk '{ print $3 }' >"$work/names"
cat "$SLIM_SOURCE_ROOT"/include/slim/*.h |
  sed -n -e 's/^#define \([A-Za-z0-9_]*\).*/\1/p' -e 's/^} \(slim_[a-z0-9_]*\);.*/\1/p' \
    -e 's/^typedef .* \(slim_[a-z0-9_]*\);.*/\1/p' -e 's/^typedef .*(\*\(slim_[a-z0-9_]*\))(.*/\1/p' \
    -e 's/^  \(SLIM_[A-Z0-9_]*\)\(,.*\| =.*\| *\/[*].*\|\)$/\1/p' >>"$work/names"

same_list() {
  cut -f 1-3 "$table" | diff "$tests/parity/reference.tsv" -
}

# Six columns; a function and where it is replayed, or why there is none; of core symbols the former.
rows_whole() {
  awk -F '\t' '
    NR == 1 {
      if ($0 != "component\tsymbol\ttag\tfunction\tfixture\twhy_not") {
        print "the head is " $0
        bad = 1
      }
      next
    }
    function complain(text) {
      print $1 " " $2 ": " text
      bad = 1
    }
    NF != 6 || /\t\t/ || /\t$/ { complain("must have six columns, - for nothing") }
    $4 == "-" && $6 == "-" { complain("has neither a function nor a reason") }
    $4 != "-" && $6 != "-" { complain("has a function and a reason why there is none") }
    ($4 == "-") != ($5 == "-") { complain("must have a function and a fixture, or neither") }
    $3 == "core" && $4 == "-" { complain("is core and has no function") }
    END { exit bad }' "$table"
}

# each_row CHECK: runs it with component, symbol, function and fixture of each row that has a function.
each_row() {
  failed=0
  while IFS=$tab read -r component symbol _ function fixture _; do
    [ "$function" = - ] || [ "$function" = function ] || "$1" "$component" "$symbol" "$function" "$fixture" || failed=1
  done <"$table"
  return $failed
}

is_named() {
  grep -qx "$3" "$work/names" || { echo "$1 $2: nothing is called $3"; return 1; }
}

# A fixture of values is written by a script that calls the symbol, and read by a test that calls the function; another
# fixture is a test itself.
is_replayed() {
  case $4 in
  *.txt)
    scripts=$(grep -l "Writes .*${4##*/}" "$tests"/parity/*.py)
    readers=$(grep -rl --include='*.c' "\"tests/$4\"" "$tests")
    [ -s "$tests/$4" ] && [ -n "$scripts" ] && [ -n "$readers" ] || { echo "$1 $2: $4 is not written or not read"; return 1; }
    # shellcheck disable=SC2086 # lists of files
    grep -qw "$2" $scripts || { echo "$1 $2: $4 is made without it"; return 1; }
    ;;
  *)
    readers=$tests/$4
    [ -s "$readers" ] || { echo "$1 $2: there is no $4"; return 1; }
    ;;
  esac
  # shellcheck disable=SC2086
  grep -qw "$3" $readers || { echo "$1 $2: no test of $4 calls $3"; return 1; }
}

fixtures_small() {
  size=$(cat "$tests"/parity/* | wc -c)
  [ "$size" -le 20000000 ] || { echo "they take $size bytes"; return 1; }
}

ok "the table lists what TF-Slim exports" same_list
ok "each symbol has a function and a fixture, or a reason; core ones the former" rows_whole
ok "each function is one" each_row is_named
ok "each fixture replays its function" each_row is_replayed
ok "fixtures take at most 20 MB" fixtures_small

done_testing
