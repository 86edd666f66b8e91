# What the tests of the command share; read with `.`. Set up by meson: SLIMCL (the program) and MAKE_DIGITS.
# shellcheck shell=sh

tap_count=0
tap_failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# ok NAME CONDITION...: one test; CONDITION is a command line.
ok() {
  name=$1
  shift
  tap_count=$((tap_count + 1))
  if "$@" >"$work/tap.out" 2>&1; then
    echo "ok $tap_count - $name"
  else
    echo "not ok $tap_count - $name"
    tap_failed=1
    sed 's/^/# /' "$work/tap.out"
    for file in "$work/out" "$work/err"; do
      [ ! -s "$file" ] || tail -n 15 "$file" | sed "s|^|# ${file##*/}: |"
    done
  fi
}

done_testing() {
  echo "1..$tap_count"
  exit $tap_failed
}

# try ARGUMENT...: runs slimcl; leaves $status, $work/out and $work/err.
try() {
  status=0
  "$SLIMCL" "$@" >"$work/out" 2>"$work/err" || status=$?
}

# says TEXT: the last run wrote a line with TEXT to stderr.
says() {
  grep -qF -- "$1" "$work/err"
}

# prints TEXT: the same for stdout.
prints() {
  grep -qF -- "$1" "$work/out"
}

# ended STATUS: the last run ended with it.
ended() {
  [ "$status" = "$1" ] || { echo "exit status $status instead of $1"; return 1; }
}

# json EXPRESSION [FILE]: value of a Python expression about the document d of the last run.
json() {
  python3 -c 'import json, sys; d = json.load(open(sys.argv[2])); print(eval(sys.argv[1]))' "$1" "${2:-$work/out}"
}

# is EXPRESSION: it is true for the document of the last run.
is() {
  [ "$(json "$1")" = True ] || { echo "not true: $1"; json d; return 1; }
}

# differ A B: two files that are not the same.
differ() {
  [ -s "$1" ] && ! cmp -s "$1" "$2"
}
