#!/usr/bin/env bash
# Every proof that must be refused, every route as everybody, and generated
# requests; ends with one line of what was counted. GLOVEBOX_REQUESTS=100000 is
# the nightly number.
set -uo pipefail
cd "$(dirname "$0")/.."
line=$(mktemp)
trap 'rm -f "$line"' EXIT
export GLOVEBOX_REQUESTS=${GLOVEBOX_REQUESTS:-10000} GLOVEBOX_IDENTITY=$line
go test -count=1 -timeout 30m ./api
code=$?
cat "$line"
exit $code
