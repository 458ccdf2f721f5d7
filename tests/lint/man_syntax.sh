#!/bin/sh
# The manual pages are valid mdoc. usage: man_syntax.sh PAGE...
set -eu
if ! command -v mandoc > /dev/null; then
  echo 'skipped: mandoc is not installed'
  exit 77
fi
status=0
for page in "$@"; do
  # Whether a page of another package is installed here says nothing about this one.
  found=$(mandoc -T lint -W warning "$page" 2>&1 | grep -vE 'outdated mandoc.db|referenced manual not found' || true)
  if [ -n "$found" ]; then echo "$found"; status=1; fi
  grep -q '^\.Dt ' "$page" || { echo "$page: is not mdoc"; status=1; }
done
[ $status = 0 ] && echo "$# pages are valid"
exit $status
