#!/usr/bin/env bash
# Measures what docs/SPECIFICATION.md promises, side by side, and leaves the
# figures in bench/results.json. Nothing here passes or fails on a time.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p bench
(cd e2e && CGO_ENABLED=0 go build -o ../bin/bench ./cmd/bench)
GLOVEBOX_BIN=$PWD/bin bin/bench -n "${N:-30}" -json bench/results.json

# What an authenticated read costs over one at the unix socket, turn by turn,
# and how many one core answers.
go test ./api -run '^$' -bench StatusRead -benchtime "${READS:-2000}x"

# Lists in a store of a thousand jobs and in one of a million, by turns. Filling
# the large one takes minutes and 2 GB under $TMPDIR.
go test ./store/sqlite -run '^$' -bench '^BenchmarkLists$' -benchtime "${LISTS:-1000}x" -timeout 60m
