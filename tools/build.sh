#!/bin/sh
# Builds every program Glovebox runs beside itself, from the pinned modules in
# this repository and the Go module proxy, and nothing else:
#
#   tools/build.sh OUTDIR
#
#   containerd, containerd-shim-runc-v2, ctr   tools/containerd/go.mod
#   runsc (stock), glovebox-boot (ours),
#   containerd-shim-glovebox-v1, glovebox-launch   shim/go.mod
#
# A group whose stamp (a hash of its module files, its sources and the Go
# version) has not changed is skipped. CGO is off throughout: a runsc built with
# it does not start, because it re-executes itself inside an empty root.
set -eu

[ $# -eq 1 ] || { echo "usage: tools/build.sh OUTDIR" >&2; exit 2; }
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
mkdir -p "$1"
out=$(CDPATH= cd -- "$1" && pwd)
command -v go >/dev/null || { echo "tools/build.sh: go is not installed; hint: see go.dev/dl" >&2; exit 1; }
export CGO_ENABLED=0 GOWORK=off

say() { echo "tools/build.sh: $*" >&2; }

# stamp DIR: what the programs built from module DIR depend on.
stamp() {
	(
		cd "$1"
		go version
		echo "flags: -trimpath $ldflags"
		find . -type f \( -name '*.go' -o -name 'go.mod' -o -name 'go.sum' \) ! -name '*_test.go' | LC_ALL=C sort |
			while read -r f; do sha256sum "$f"; done
	) | sha256sum | cut -d' ' -f1
}

# build GROUP DIR PROGRAMS PACKAGES...
build() {
	group=$1 dir=$2 programs=$3
	shift 3
	want=$(stamp "$dir")
	missing=
	for p in $programs; do [ -x "$out/$p" ] || missing=yes; done
	if [ -z "$missing" ] && [ "$(cat "$out/.$group.stamp" 2>/dev/null)" = "$want" ]; then
		say "$group: up to date"
		return
	fi
	say "$group: building $programs (minutes the first time)"
	began=$(date +%s)
	# Built aside and renamed: a running program's file cannot be written.
	tmp=$(mktemp -d "$out/.build.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT INT TERM
	(cd "$dir" && go build -trimpath -ldflags "$ldflags" -o "$tmp/" "$@")
	for p in $programs; do mv -f "$tmp/$p" "$out/$p"; done
	rm -rf "$tmp"
	trap - EXIT INT TERM
	echo "$want" >"$out/.$group.stamp"
	say "$group: done in $(($(date +%s) - began)) s"
}

# gVisor's own build writes its version in, and so do we: the pinned module's.
gvisor=$(cd "$here/../shim" && go list -m -f '{{.Version}}' gvisor.dev/gvisor)
ldflags="-s -w -X gvisor.dev/gvisor/runsc/version.version=$gvisor"
ctd=github.com/containerd/containerd/v2/cmd
build containerd "$here/containerd" "containerd containerd-shim-runc-v2 ctr" \
	"$ctd/containerd" "$ctd/containerd-shim-runc-v2" "$ctd/ctr"
build sandbox "$here/../shim" "runsc glovebox-boot containerd-shim-glovebox-v1 glovebox-launch" \
	gvisor.dev/gvisor/runsc ./cmd/glovebox-boot ./cmd/containerd-shim-glovebox-v1 ./cmd/glovebox-launch
