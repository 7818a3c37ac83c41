#!/usr/bin/env bash
# Runs every suite and ends with one line that counts them all. It keeps going
# after a failure, so that one run shows everything that is broken.
set -uo pipefail
cd "$(dirname "$0")/.."
bin=$PWD/bin
reports=$(mktemp -d)
campaign= # its process
trap '[ -z "$campaign" ] || pkill -P "$campaign"; rm -rf "$reports"' EXIT
export GLOVEBOX_CAMPAIGN=$reports/campaign # for the counts of the kills
mkdir "$GLOVEBOX_CAMPAIGN"
failed=0

suite() { # name, folder, go test arguments …
	local name=$1 folder=$2
	shift 2
	echo
	echo "== $name"
	(cd "$folder" && "$bin/gotestsum" --format pkgname --format-hide-empty-pkg --jsonfile "$reports/$name.json" -- -count=1 "$@") || failed=1
}

echo "== lint"
scripts/lint.sh || failed=1
suite units . -race -timeout 15m $(go list ./... | grep -v -e '/runtime/containerd' -e '/campaign$' -e '/store/dynamodb$')
# What measures, or takes long for what the race detector could find in it.
suite plain . -timeout 15m -run '^(TestSubmitsAreFlat|TestRecoveryOf10000|TestStoreOfEachVersion)$' ./orchestrator ./store/sqlite
suite dynamodb . -timeout 15m ./store/dynamodb
echo
echo "== identity"
scripts/identity.sh || failed=1
# The campaign's time is virtual, so it does not mind being slow: it takes what
# the suites after this leave, which wait more than they work.
nice -n 19 scripts/campaign.sh play >"$reports/campaign.txt" 2>&1 &
campaign=$!
suite runtime . -timeout 20m -p 1 ./runtime/containerd/...
suite shim shim -timeout 15m -p 1 ./...
GLOVEBOX_TEST_PARKED=1 suite shim-parked shim -timeout 15m -p 1 ./shimtest
suite shim-containerd shim/containerdtest -timeout 10m -p 1 ./...
suite e2e e2e -timeout 40m -p 1 $(cd e2e && go list ./... | grep -v '/hostile$')
echo
echo "== hostile"
scripts/hostile.sh || failed=1
echo
echo "== campaign"
wait "$campaign" || failed=1
campaign=
cat "$reports/campaign.txt"
scripts/campaign.sh sum || failed=1

count() { cat "$reports"/*.json | grep -c "\"Action\":\"$1\",.*\"Test\":\"[^/\"]*\""; }
echo
[ "$(count fail)" -eq 0 ] || failed=1
echo "$(count pass) passed, $(count fail) failed, $(count skip) skipped"
exit $failed
