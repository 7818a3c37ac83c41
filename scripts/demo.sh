#!/usr/bin/env bash
# Starts a glovebox in a folder of its own, lets the first admin in by a one-time
# link and a passkey, logs the command line in, runs jobs from an image that is
# put together on the spot, and shows that nothing is left. The passkey is one in
# software, so that it runs without a screen; in a browser it is yours.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "$(id -u)" -ne 0 ]; then
	echo "the demo needs root: the agent makes namespaces, mounts and cgroups" >&2
	exit 1
fi
glovebox=$PWD/bin/glovebox
data=$(mktemp -d /tmp/gbdemo.XXXXXX)
chmod 755 "$data"
log=$data.log
home=$(mktemp -d /tmp/gbdemo-home.XXXXXX)
export GLOVEBOX_CONFIG=$home/contexts.json
unset GLOVEBOX_DATA GLOVEBOX_CONTEXT
up=
finish() {
	[ -n "$up" ] && kill "$up" 2>/dev/null && wait "$up" 2>/dev/null
	rm -rf "$data" "$log" "$home"
}
trap finish EXIT
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() {
	printf '$ glovebox'
	printf ' %q' "$@"
	echo
	"$glovebox" "$@"
}

say "1. start: control (unprivileged), agent (root), containerd and the gVisor shim; API and pages at a TCP port, with TLS"
"$glovebox" up --data "$data" --listen 127.0.0.1:0 --at-stop=end >"$log" 2>&1 &
up=$!
for _ in $(seq 150); do
	grep -q 'enrol#' "$log" && break
	kill -0 "$up" 2>/dev/null || { cat "$log"; exit 1; }
	sleep 0.1
done
sed -n '/glovebox is up/,$p' "$log"
ps -o user,pid,args --ppid "$up" | cut -c1-100
link=$(grep -o 'https://.*/enrol#.*' "$log")
url=${link%%/enrol#*}

say "2. the first admin: one-time link, passkey, login; then the command line, by the browser"
(cd e2e && CGO_ENABLED=0 go build -o ../bin/softkey ./cmd/softkey)
bin/softkey -ca "$data/tls/ca.pem" -link "$link" -name Ada -- "$glovebox" login "$url" --no-browser --ca "$data/tls/ca.pem"
run whoami

say "3. an image, made here from Debian's busybox; no registry is asked"
mkdir -p .cache
(cd e2e && go run ./cmd/mkimage -name busybox:demo -o ../.cache/busybox.tar)
run image import .cache/busybox.tar

say "4. a job, submitted over TLS with a token that is bound to a key, in a sandbox with a kernel of its own"
run run busybox:demo -- echo 'hello from inside'
run run busybox:demo -- uname -sr
echo "(outside: $(uname -sr))"
run run busybox:demo -- ip -o link
run run busybox:demo -- sh -c 'echo "stderr is kept apart" >&2'

say "5. its exit code, a limit, the list, the sandboxes that wait"
run run busybox:demo -- sh -c 'exit 7' || echo "exit code: $?"
run run --memory 64m busybox:demo -- sh -c 'x=0123456789; while :; do x=$x$x; done' || echo "exit code: $?"
run jobs
run pool

say "6. who did what: one event for each grant, use and refusal of power, chained by hashes"
run audit | cut -c1-150
run audit verify

say "7. logged out, the key is worth nothing"
run logout
run jobs --context "${url#https://}" || echo "exit code: $?"

say "8. what is left of the jobs"
run doctor --residue --data "$data"
