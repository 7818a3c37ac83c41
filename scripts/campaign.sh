#!/usr/bin/env bash
# The fault campaign: every call of the job path fails in turn, seeds of a
# simulation, kill -9 of real processes, and bugs that are put in on purpose and
# must be found. Ends with one line of what was counted.
#
#   campaign.sh         all of it
#   campaign.sh play    what runs on virtual time, and so beside anything else
#   campaign.sh sum     the line, of what is in the folder GLOVEBOX_CAMPAIGN
set -uo pipefail
cd "$(dirname "$0")/.."
part=${1:-all}
failed=0
out=${GLOVEBOX_CAMPAIGN:-}
if [ -z "$out" ]; then
	out=$(mktemp -d)
	trap 'rm -rf "$out"' EXIT
fi
export GLOVEBOX_CAMPAIGN=$out GLOVEBOX_BIN=${GLOVEBOX_BIN:-$PWD/bin}

if [ "$part" = all ]; then
	if [ "$(id -u)" -ne 0 ]; then
		echo "killing real processes needs root: they run sandboxes" >&2
		exit 1
	fi
	(cd e2e && go test -count=1 -timeout 40m -run '^(TestKills|TestKillEverything)$' .) || failed=1
fi
if [ "$part" != sum ]; then
	go test -count=1 -timeout 120m ./fault ./campaign || failed=1
	GLOVEBOX_SEEDS=20 GLOVEBOX_CAMPAIGN='' go test -race -count=1 -timeout 30m -run '^(TestSimulation|TestLeases|TestLinearizable)$' ./campaign || failed=1
	GLOVEBOX_MUTANTS=1 go test -count=1 -timeout 60m -run '^TestMutants$' ./campaign || failed=1
fi
[ "$part" != play ] || exit $failed

cat "$out"/* | awk -F= '
	{ n[$1] += $2 }
	END {
		printf "campaign: faults=%d seeds=%d kills=%d jobs=%d lost=%d doubled=%d left=%d mutants=%d/%d\n",
			n["faults"], n["seeds"], n["kills"], n["jobs"], n["lost"], n["doubled"], n["left"], n["found"], n["mutants"]
		bad = n["lost"] + n["doubled"] + n["left"]
		exit !(bad == 0 && n["faults"] && n["seeds"] && n["kills"] && n["jobs"] && n["mutants"] && n["found"] == n["mutants"])
	}' || failed=1
exit $failed
