#!/bin/sh
# manual.sh [FOLDER]: the manual in HTML, made by Doxygen of the headers and of tools/manual, to FOLDER (build/manual). Any
# warning of Doxygen's is an error, and so is a public function without a comment.
set -eu
cd "$(dirname "$0")/.."
out=${1:-build/manual}
sh tools/install-deps.sh manual
bare=$(awk '/^SLIM_API/ && before !~ /\*\/$/ { print FILENAME ":" FNR ": no comment: " $0 } { before = $0 }' include/slim/*.h)
[ -z "$bare" ] || { echo "$bare" >&2; exit 1; }
mkdir -p "$out"
MANUAL_OUTPUT=$out doxygen tools/manual/Doxyfile
echo "manual: $out/html/index.html"
