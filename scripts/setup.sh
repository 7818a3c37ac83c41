#!/usr/bin/env bash
# Installs the Debian packages that the demo and the tests need, if they are
# missing. The service itself needs none of them.
set -euo pipefail
"$(dirname "$0")/dynamodb-local.sh"
want=()
[ -x /bin/busybox ] && /bin/busybox --list >/dev/null 2>&1 || want+=(busybox-static)
command -v runc >/dev/null || want+=(runc)
command -v git >/dev/null || want+=(git)
command -v chromium >/dev/null || want+=(chromium)
command -v qemu-system-x86_64 >/dev/null || want+=(qemu-system-x86)
command -v mkfs.ext4 >/dev/null || want+=(e2fsprogs)
command -v python3 >/dev/null || want+=(python3)
command -v stress-ng >/dev/null || want+=(stress-ng)
command -v trinity >/dev/null || want+=(trinity)
command -v bwrap >/dev/null || want+=(bubblewrap)
command -v mkfs.erofs >/dev/null || want+=(erofs-utils)
[ ${#want[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
	echo "please install: ${want[*]} (this needs root and apt-get)" >&2
	exit 1
fi
echo "installing Debian packages: ${want[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >/dev/null
apt-get install -y -qq --no-install-recommends "${want[@]}" >/dev/null
