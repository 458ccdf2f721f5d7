#!/bin/sh
# The program that becomes the container needs no library: nothing undefined, no interpreter, nothing writable and
# executable at once. usage: init_symbols.sh PROGRAM
set -eu
program=$1
fail() { echo "$program: $1"; exit 1; }

# Without symbols nm would find nothing missing in anything.
nm "$program" 2> /dev/null | grep -q ' T _start$' || fail 'has no symbol _start to judge by'
undefined=$(nm -u "$program")
[ -z "$undefined" ] || fail "undefined symbols: $(echo "$undefined" | awk "{print \$NF}" | paste -sd " ")"
headers=$(readelf -lW "$program")
case $headers in *INTERP*) fail 'asks for an interpreter' ;; esac
case $headers in *DYNAMIC*) fail 'is linked dynamically' ;; esac
echo "$headers" | awk '$1 == "LOAD" || $1 == "GNU_STACK" { if ($0 ~ / RWE /) exit 1 }' || fail 'has a segment both writable and executable'
size=$(stat -c %s "$program")
[ "$size" -le 262144 ] || fail "has $size bytes; tens of KiB are expected"
echo "no undefined symbols, $size bytes"
