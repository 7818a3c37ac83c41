#!/usr/bin/env bash
# Starts a glovebox in a folder of its own, runs a job from an image that is
# put together on the spot, and shows that nothing is left.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "$(id -u)" -ne 0 ]; then
	echo "the demo needs root: the agent makes namespaces, mounts and cgroups" >&2
	exit 1
fi
glovebox=$PWD/bin/glovebox
export GLOVEBOX_DATA
GLOVEBOX_DATA=$(mktemp -d /tmp/gbdemo.XXXXXX)
chmod 755 "$GLOVEBOX_DATA"
log=$GLOVEBOX_DATA.log
up=
finish() {
	[ -n "$up" ] && kill "$up" 2>/dev/null && wait "$up" 2>/dev/null
	rm -rf "$GLOVEBOX_DATA" "$log"
}
trap finish EXIT
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() {
	printf '$ glovebox'
	printf ' %q' "$@"
	echo
	"$glovebox" "$@"
}

say "1. start: control (unprivileged), agent (root), containerd and the gVisor shim"
"$glovebox" up >"$log" 2>&1 &
up=$!
for _ in $(seq 150); do
	grep -q 'glovebox is up' "$log" && break
	kill -0 "$up" 2>/dev/null || { cat "$log"; exit 1; }
	sleep 0.1
done
grep 'glovebox is up' "$log"
ps -o user,pid,args --ppid "$up" | cut -c1-100

say "2. an image, made here from Debian's busybox; no registry is asked"
mkdir -p .cache
(cd e2e && go run ./cmd/mkimage -name busybox:demo -o ../.cache/busybox.tar)
run image import .cache/busybox.tar

say "3. a job, in a sandbox with a kernel of its own"
run run busybox:demo -- echo 'hello from inside'
run run busybox:demo -- uname -sr
echo "(outside: $(uname -sr))"
run run busybox:demo -- ip -o link
run run busybox:demo -- sh -c 'echo "stderr is kept apart" >&2'

say "4. its exit code, a limit, the list"
run run busybox:demo -- sh -c 'exit 7' || echo "exit code: $?"
run run --memory 64m busybox:demo -- sh -c 'x=0123456789; while :; do x=$x$x; done' || echo "exit code: $?"
run jobs

say "5. what is left of them"
run doctor --residue
