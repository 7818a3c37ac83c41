#!/usr/bin/env bash
# gofmt, vet, staticcheck and the layer test, over every module.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$PWD/bin
unformatted=$(git ls-files '*.go' | xargs gofmt -l)
if [ -n "$unformatted" ]; then
	echo "not gofmt-ed:" >&2
	echo "$unformatted" >&2
	exit 1
fi
for module in . shim shim/containerdtest e2e; do
	echo "lint $module" >&2
	(cd "$module" && go vet ./... && "$bin/staticcheck" ./...)
done
go test ./internal/layers
