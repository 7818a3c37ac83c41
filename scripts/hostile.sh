#!/usr/bin/env bash
# Hostile jobs of twelve families in gVisor, runc and what others use, on an
# internet of namespaces that the test makes; ends with one line of what was
# counted. UPDATE=1 keeps what is found as the scoreboard of
# docs/THREAT_MODEL.md.
set -uo pipefail
cd "$(dirname "$0")/.."
if [ "$(id -u)" -ne 0 ]; then
	echo "hostile jobs need root: the test makes network namespaces" >&2
	exit 1
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export GLOVEBOX_HOSTILE=$out GLOVEBOX_BIN=${GLOVEBOX_BIN:-$PWD/bin}
(cd e2e && go test -count=1 -timeout 15m ./hostile ${UPDATE:+-args -update})
code=$?
echo
cat "$out/scoreboard.md" 2>/dev/null
echo
cat "$out/line" 2>/dev/null || { echo "hostile: tried=0 succeeded=0 controls=0/0"; code=1; }
exit $code
