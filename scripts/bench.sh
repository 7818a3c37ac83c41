#!/usr/bin/env bash
# Measures the product beside runc, crun, runsc, bubblewrap and containerd, and
# writes docs/BENCHMARKS.md, its chart, and bench/results.json. Nothing here
# passes or fails on a time. QUICK=1 takes a few minutes and writes the page to
# bench/ instead; N is the number of rounds.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$PWD/bin

# What only the benchmark needs. What cannot be installed is skipped by name.
want=()
command -v crun >/dev/null || want+=(crun)
command -v bwrap >/dev/null || want+=(bubblewrap)
if [ ${#want[@]} -gt 0 ] && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
	echo "installing Debian packages: ${want[*]}" >&2
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq >/dev/null && apt-get install -y -qq --no-install-recommends "${want[@]}" >/dev/null ||
		echo "could not install ${want[*]}: they are left out" >&2
fi

mkdir -p bench
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd e2e && CGO_ENABLED=0 go build -o "$work/bench" ./cmd/bench)
go test -c -o "$work/claims" ./runtime/containerd
go test -c -o "$work/filter" ./egress/filter
(cd shim && go test -c -o "$work/saves" ./shimtest)

flags=(-cache .cache -claims "$work/claims" -saves "$work/saves" -filter "$work/filter" -json bench/results.json -rounds "${N:-0}")
if [ -n "${QUICK:-}" ] && [ "$QUICK" != 0 ]; then
	GLOVEBOX_BIN=$bin timeout --foreground --kill-after=60 $((280 + 10 * ${N:-0})) "$work/bench" -quick "${flags[@]}" \
		-page bench/BENCHMARKS.quick.md -chart bench/bench-latency.quick.svg
	echo "see bench/BENCHMARKS.quick.md and bench/results.json" >&2
	exit
fi
GLOVEBOX_BIN=$bin timeout --foreground --kill-after=60 2h "$work/bench" "${flags[@]}" -page docs/BENCHMARKS.md -chart docs/bench-latency.svg
echo "see docs/BENCHMARKS.md and bench/results.json" >&2

# What an authenticated read costs over one at the unix socket, turn by turn,
# and how many one core answers.
timeout 30m go test ./api -run '^$' -bench StatusRead -benchtime "${READS:-2000}x"

# Lists in a store of a thousand jobs and in one of a million, by turns. Filling
# the large one takes minutes and 2 GB under $TMPDIR.
timeout 70m go test ./store/sqlite -run '^$' -bench '^BenchmarkLists$' -benchtime "${LISTS:-1000}x" -timeout 60m
