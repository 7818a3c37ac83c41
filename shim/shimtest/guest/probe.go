package main

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// probe does what an ordinary job does not.
func probe() {
	connect("169.254.169.254:80")
	connect("[::ffff:169.254.169.254]:80")
	connect("10.0.0.1:3333")
	sendTo("9.9.9.9:53")
	for port := range 20 {
		connect(fmt.Sprintf("10.0.0.9:%d", 1000+port))
	}
	for _, s := range [][3]int{{syscall.AF_INET, syscall.SOCK_RAW, syscall.IPPROTO_ICMP}, {syscall.AF_PACKET, syscall.SOCK_RAW, 0x300}} {
		if fd, err := syscall.Socket(s[0], s[1], s[2]); err == nil {
			syscall.Close(fd)
		}
	}
	_ = syscall.Mount("cgroup", "/tmp", "cgroup", 0, "")
	_ = syscall.Unshare(syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS)
	_, _, _ = syscall.Syscall(syscall.SYS_SETUID, 0, 0, 0)
	_, _, _ = syscall.Syscall(321, 0, 0, 0) // bpf
	_, _, _ = syscall.Syscall(syscall.SYS_INIT_MODULE, 0, 0, 0)
	for _, path := range []string{"/proc/kcore", "/dev/mem", "/sys/fs/cgroup/release_agent", "/var/run/secrets/kubernetes.io/serviceaccount/token"} {
		if f, err := os.Open(path); err == nil {
			f.Close()
		}
	}
	docker, _ := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	_ = syscall.Connect(docker, &syscall.SockaddrUnix{Name: "/var/run/docker.sock"})
	_ = exec.Command("/tmp/none").Run()
	link := "/tmp/\x1b[31mred\u202e\xff\n" + strings.Repeat("n", 150)
	if os.Symlink("/bin/true", link) == nil {
		_ = (&exec.Cmd{Path: link, Args: []string{"\x07bell\\", "stratum+tcp://pool.example:3333"}}).Run()
	}
	fmt.Println("probed")
}

// flood makes far more things to note than anybody keeps, and one at the end.
func flood() {
	for i := range 5000 {
		connect(fmt.Sprintf("10.%d.%d.7:%d", i/250, i%250, 2000+i))
	}
	connect("169.254.169.254:80")
	fmt.Println("flooded")
	time.Sleep(time.Hour)
}

// getpid makes n system calls that do next to nothing.
func getpid(n int) {
	for range n {
		_, _, _ = syscall.RawSyscall(syscall.SYS_GETPPID, 0, 0, 0)
	}
}

// opens opens and closes a file n times.
func opens(n int) {
	for range n {
		if fd, err := syscall.Open("/bin/busybox", syscall.O_RDONLY, 0); err == nil {
			syscall.Close(fd)
		}
	}
}

// forks runs a program n times.
func forks(n int) {
	for range n {
		_ = exec.Command("/bin/true").Run()
	}
}

func sockaddr(to string) (int, []byte) {
	a := netip.MustParseAddrPort(to)
	port := []byte{byte(a.Port() >> 8), byte(a.Port())}
	if ip := a.Addr(); ip.Is4() {
		return syscall.AF_INET, append(append([]byte{syscall.AF_INET, 0}, port...), append(ip.AsSlice(), make([]byte, 8)...)...)
	}
	ip := a.Addr().As16()
	return syscall.AF_INET6, append(append([]byte{syscall.AF_INET6, 0}, port...), append(make([]byte, 4), append(ip[:], 0, 0, 0, 0)...)...)
}

func connect(to string) {
	family, addr := sockaddr(to)
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return
	}
	defer syscall.Close(fd)
	_, _, _ = syscall.Syscall(syscall.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&addr[0])), uintptr(len(addr)))
}

func sendTo(to string) {
	family, addr := sockaddr(to)
	fd, err := syscall.Socket(family, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return
	}
	defer syscall.Close(fd)
	_, _, _ = syscall.Syscall6(syscall.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&addr[0])), 1, 0, uintptr(unsafe.Pointer(&addr[0])), uintptr(len(addr)))
}
