#!/usr/bin/env bash
# Builds the pinned linters and the test runner into the folder given, unless
# they are there already.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath -m "${1:-bin}")
stamp="$out/.check-tools"
sum=$(cat tools/check/go.mod tools/check/go.sum <(go version) | sha256sum)
[ -x "$out/gotestsum" ] && [ -x "$out/staticcheck" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$sum" ] && exit 0
echo "building staticcheck and gotestsum" >&2
mkdir -p "$out"
(cd tools/check && CGO_ENABLED=0 go build -trimpath -o "$out/" honnef.co/go/tools/cmd/staticcheck gotest.tools/gotestsum)
echo "$sum" >"$stamp"
