#!/usr/bin/env bash
# Measures what docs/SPECIFICATION.md promises, side by side, and leaves the
# figures in bench/results.json. Nothing here passes or fails on a time.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p bench
(cd e2e && CGO_ENABLED=0 go build -o ../bin/bench ./cmd/bench)
GLOVEBOX_BIN=$PWD/bin bin/bench -n "${N:-30}" -json bench/results.json
