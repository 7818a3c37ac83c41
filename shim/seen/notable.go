package seen

import (
	"bytes"
	"net/netip"
	"strings"
)

// metadata are the addresses of cloud metadata services.
var metadata = []netip.Prefix{
	netip.MustParsePrefix("169.254.0.0/16"),         // all of it: nothing else is there
	netip.MustParsePrefix("100.100.100.200/32"),     // Alibaba
	netip.MustParsePrefix("192.0.0.192/32"),         // Oracle, long ago
	netip.MustParsePrefix("168.63.129.16/32"),       // Azure's host
	netip.MustParsePrefix("fd00:ec2::/32"),          // AWS
	netip.MustParsePrefix("fd20:ce::254/128"),       // Google
	netip.MustParsePrefix("fd00:c1::a9fe:a9fe/128"), // Oracle
}

// pools are ports that mining pools listen on. Other things do, too: by itself
// one of them means little.
var pools = map[uint16]bool{
	3333: true, 3334: true, 4444: true, 5555: true, 7777: true, 14433: true, 14444: true, 45560: true, 45700: true,
}

// Destination is the class of an address that was connected or sent to.
func Destination(a netip.AddrPort) Class {
	addr := unwrap(a.Addr())
	for _, p := range metadata {
		if p.Contains(addr) {
			return Metadata
		}
	}
	switch {
	case a.Port() == 53, a.Port() == 853:
		return DNS
	case pools[a.Port()] && !addr.IsLoopback():
		return Pool
	}
	return Connect
}

// unwrap finds the IPv4 address that an IPv6 address stands for: mapped,
// compatible, NAT64 or 6to4.
func unwrap(a netip.Addr) netip.Addr {
	a = a.WithZone("").Unmap()
	if !a.Is6() {
		return a
	}
	b := a.As16()
	switch {
	case bytes.Equal(b[:12], []byte{0, 0x64, 0xff, 0x9b, 11: 0}):
		return netip.AddrFrom4([4]byte(b[12:]))
	case b[0] == 0x20 && b[1] == 0x02:
		return netip.AddrFrom4([4]byte(b[2:6]))
	case bytes.Equal(b[:12], make([]byte, 12)) && b[12] != 0:
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return a
}

// Program is the class of a program by its path and arguments. A miner under
// another name is not found.
func Program(path string, argv []string) Class {
	names := []string{path}
	if len(argv) > 0 {
		names = append(names, argv[0])
	}
	for _, name := range names {
		name = strings.ToLower(name[strings.LastIndexByte(name, '/')+1:])
		for _, miner := range []string{"xmrig", "xmr-stak", "minerd", "cpuminer", "ccminer", "ethminer", "nbminer", "t-rex", "lolminer", "kinsing", "kdevtmpfsi", "cgminer", "bfgminer", "srbminer"} {
			if strings.HasPrefix(name, miner) {
				return Miner
			}
		}
	}
	const most = 64 // arguments that are looked at
	for _, arg := range argv[:min(len(argv), most)] {
		if strings.Contains(arg[:min(len(arg), 256)], "stratum+") {
			return Miner
		}
	}
	return Exec
}

// sensitive files, by their last element: what the path must begin with, and
// whether only writing counts.
var sensitive = map[string]struct {
	prefix  string
	writing bool
}{
	"kcore": {"/proc/", false}, "mem": {"/dev/mem", false}, "kmem": {"/dev/", false}, "port": {"/dev/port", false},
	"release_agent": {"", false}, "uevent_helper": {"", true}, "sysrq-trigger": {"/proc/", true},
	"core_pattern": {"/proc/sys/", true}, "modprobe": {"/proc/sys/", true}, "binfmt_misc": {"/proc/sys/", true}, "register": {"/proc/sys/fs/binfmt_misc/", true},
	"docker.sock": {"", false}, "containerd.sock": {"", false}, "crio.sock": {"", false}, "podman.sock": {"", false},
	"token": {"/var/run/secrets/kubernetes.io/", false},
}

// Sensitive says whether a path, as the job spells it, is one of what escapes
// are made of. A link or a relative path to it is not found.
func Sensitive(path []byte, writing bool) bool {
	last := path[bytes.LastIndexByte(path, '/')+1:]
	s, ok := sensitive[string(last)]
	if !ok || s.writing && !writing {
		return false
	}
	return bytes.HasPrefix(path, []byte(s.prefix)) || s.prefix == "/var/run/secrets/kubernetes.io/" && bytes.HasPrefix(path, []byte(s.prefix[4:]))
}
