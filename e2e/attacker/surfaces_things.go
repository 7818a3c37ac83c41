package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// kinds are kinds of sockets.
func kinds() []surface {
	var all []surface
	for _, k := range []struct {
		name                string
		family, kind, proto int
		power               bool
	}{
		{"raw IP", unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_RAW, false}, {"raw ICMP", unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP, false},
		{"packets", unix.AF_PACKET, unix.SOCK_RAW, 0x300, false}, {"SCTP", unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_SCTP, false},
		{"routes", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE, false}, {"netfilter", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_NETFILTER, false},
		{"audit", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_AUDIT, false}, {"events of devices", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_KOBJECT_UEVENT, false},
		{"generic netlink", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_GENERIC, false}, {"IPsec", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_XFRM, false},
		{"virtual machine", unix.AF_VSOCK, unix.SOCK_STREAM, 0, false}, {"crypto", unix.AF_ALG, unix.SOCK_SEQPACKET, 0, false},
		{"XDP", unix.AF_XDP, unix.SOCK_RAW, 0, false}, {"key management", unix.AF_KEY, unix.SOCK_RAW, 2, false}, {"TIPC", unix.AF_TIPC, unix.SOCK_SEQPACKET, 0, false},
		{"bluetooth", unix.AF_BLUETOOTH, unix.SOCK_RAW, 1, false}, {"CAN", unix.AF_CAN, unix.SOCK_RAW, 1, false}, {"RDS", unix.AF_RDS, unix.SOCK_SEQPACKET, 0, false},
		{"MPTCP", unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP, false},
	} {
		all = append(all, surface{"socket: " + k.name, k.power, func() bool {
			fd, err := unix.Socket(k.family, k.kind, k.proto)
			if err == nil {
				unix.Close(fd)
			}
			return err == nil
		}})
	}
	return all
}

// things are files that are doors to the host. They are opened, not used.
func things() []surface {
	opens := func(path string, flags int) bool {
		f, err := os.OpenFile(path, flags|unix.O_NONBLOCK, 0)
		if err == nil {
			f.Close()
		}
		return err == nil
	}
	var all []surface
	for _, d := range []string{
		"mem", "kmem", "port", "kvm", "kmsg", "sda", "vda", "nvme0n1", "loop-control", "loop0", "mapper/control", "net/tun", "fuse", "vhost-net", "vhost-vsock",
		"vsock", "rtc0", "hpet", "snapshot", "uinput", "input/event0", "dri/card0", "nvidiactl", "userfaultfd", "autofs", "btrfs-control", "cuse", "nvram", "ttyS0", "vfio/vfio", "cpu/0/msr",
	} {
		power := d != "fuse" && d != "net/tun" && d != "userfaultfd"
		all = append(all, surface{"device: " + d, power, func() bool { return opens("/dev/"+d, os.O_RDONLY) }})
	}
	for _, s := range []string{"docker.sock", "containerd/containerd.sock", "podman/podman.sock", "crio/crio.sock", "dbus/system_bus_socket", "systemd/private"} {
		all = append(all, surface{"socket of a service: " + s, true, func() bool {
			_, err := unixSocket("/run/" + s)
			return err == nil
		}})
	}
	return append(all,
		surface{"device that nobody expects", true, unexpectedDevice},
		surface{"kernel memory as a file", true, func() bool { return readable("/proc/kcore") }},
		surface{"addresses of the kernel", false, kernelAddresses},
		surface{"keys of others", false, func() bool { return readable("/proc/keys") }},
		surface{"timers of others", false, func() bool { return readable("/proc/timer_list") }},
		surface{"debug files", true, func() bool { return hasEntries("/sys/kernel/debug") || hasEntries("/sys/kernel/tracing") }},
		surface{"firmware", false, func() bool { return hasEntries("/sys/firmware") }},
		surface{"the machine's description", false, func() bool { return readable("/sys/class/dmi/id/sys_vendor") }},
		surface{"block devices", false, func() bool { return hasEntries("/sys/block") }},
		surface{"modules", false, func() bool { return readable("/proc/modules") }},
		surface{"the kernel's start line", false, func() bool { return readable("/proc/cmdline") && !ownKernel() }},
		surface{"pressure and load of the host", false, func() bool { return readable("/proc/pressure/cpu") || readable("/proc/schedstat") }},
		surface{"paths of the host", false, hostPaths},
	)
}

func readable(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	n, _ := f.Read(make([]byte, 16))
	return n > 0
}

func hasEntries(dir string) bool {
	all, err := os.ReadDir(dir)
	return err == nil && len(all) > 0
}

func kernelAddresses() bool {
	data, _ := os.ReadFile("/proc/kallsyms")
	first, _, _ := bytes.Cut(data, []byte(" "))
	return len(bytes.Trim(first, "0")) > 0
}

// unexpectedDevice says whether there is a device node besides those of every
// container.
func unexpectedDevice() bool {
	expected := map[string]bool{}
	for _, d := range []string{"null", "zero", "full", "random", "urandom", "tty", "ptmx", "console", "fuse", "net/tun"} {
		expected["/dev/"+d] = true
	}
	found := false
	_ = filepath.WalkDir("/dev", func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type()&os.ModeDevice != 0 && !expected[path] && !strings.HasPrefix(path, "/dev/pts/") {
			found = true
		}
		return nil
	})
	return found
}

// hostPaths says whether the mounts tell where things are on the host.
func hostPaths() bool {
	data, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range bytes.Lines(data) {
		f := strings.Fields(string(line))
		if len(f) > 4 && len(f[3]) > 8 && !strings.HasPrefix(f[3], "/..") && f[3] != f[4] {
			return true
		}
		if bytes.Contains(line, []byte("upperdir=/")) || bytes.Contains(line, []byte("lowerdir=/")) {
			return true
		}
	}
	return false
}

// knobs are files that change a kernel. They are opened for writing, and not
// written to. One of the host's is a power; one of the sandbox's own is not.
func knobs() []surface {
	var all []surface
	for _, k := range []string{
		"/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hostname", "/proc/sys/kernel/panic",
		"/proc/sys/kernel/yama/ptrace_scope", "/proc/sys/kernel/randomize_va_space", "/proc/sys/vm/drop_caches", "/proc/sys/vm/overcommit_memory",
		"/proc/sys/fs/binfmt_misc/register", "/proc/sys/fs/file-max", "/proc/sys/net/ipv4/ip_forward", "/proc/irq/default_smp_affinity",
		"/sys/kernel/uevent_helper", "/sys/kernel/mm/transparent_hugepage/enabled", "/sys/power/state", "/sys/fs/cgroup/cgroup.procs",
		"/sys/fs/cgroup/memory/release_agent", "/sys/fs/cgroup/devices/devices.allow", "/sys/module/kernel/parameters/panic", "/proc/self/oom_score_adj",
	} {
		own := k == "/proc/self/oom_score_adj" || k == "/proc/sys/kernel/hostname" || strings.HasPrefix(k, "/proc/sys/net/")
		all = append(all, surface{"knob: " + k, !own && !ownKernel(), func() bool {
			f, err := os.OpenFile(k, os.O_WRONLY, 0)
			if err == nil {
				f.Close()
			}
			return err == nil
		}})
	}
	return all
}
