package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// powersOfProcess are what the process was given, and what it can make of that.
func powersOfProcess() []surface {
	status := func(field string) string {
		data, _ := os.ReadFile("/proc/self/status")
		for line := range bytes.Lines(data) {
			if v, ok := bytes.CutPrefix(line, []byte(field+":")); ok {
				return strings.TrimSpace(string(v))
			}
		}
		return ""
	}
	nonzero := func(v string) bool { return strings.Trim(v, "0") != "" }
	return []surface{
		{"effective capabilities", true, func() bool { return nonzero(status("CapEff")) }},
		{"permitted capabilities", true, func() bool { return nonzero(status("CapPrm")) }},
		{"bounding capabilities", false, func() bool { return nonzero(status("CapBnd")) }},
		{"new privileges", true, func() bool {
			v, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
			return err != nil || v == 0
		}},
		{"no seccomp filter before the host's kernel", false, func() bool { return status("Seccomp") == "0" && !ownKernel() }},
		{"the host's kernel", false, func() bool { return !ownKernel() }},
		{"mount namespace", true, func() bool { return inThread(func() error { return unix.Unshare(unix.CLONE_NEWNS) }) }},
		{"network namespace", true, func() bool { return inThread(func() error { return unix.Unshare(unix.CLONE_NEWNET) }) }},
		{"user namespace with mounts", false, mountsInUserNamespace},
		{"mount", true, func() bool { return works(unix.Mount("x", "/nosuch", "tmpfs", 0, ""), unix.ENOENT) }},
		{"new mount calls", true, func() bool {
			fd, err := unix.Fsopen("tmpfs", 0)
			unix.Close(fd)
			return works(err)
		}},
		{"chroot", true, func() bool { return works(unix.Chroot("/nosuch"), unix.ENOENT) }},
		{"mknod of a device", true, func() bool {
			defer os.Remove("/tmp/device")
			return works(unix.Mknod("/tmp/device", unix.S_IFBLK|0o600, 0))
		}},
		{"join another's namespace", true, func() bool {
			f, err := os.Open("/proc/1/ns/net")
			if err != nil || os.Getpid() == 1 {
				return false
			}
			defer f.Close()
			return inThread(func() error { return unix.Setns(int(f.Fd()), unix.CLONE_NEWNET) })
		}},
		{"ptrace of a child", false, tracesChild},
		{"processes of others", true, seesOthers},
	}
}

// ownKernel says whether this is gVisor, which calls its kernel so.
func ownKernel() bool {
	data, _ := os.ReadFile("/proc/version")
	log := make([]byte, 4096)
	n, _ := unix.Klogctl(unix.SYSLOG_ACTION_READ_ALL, log)
	return bytes.Contains(data, []byte("gvisor")) || n > 0 && bytes.Contains(log[:n], []byte("gVisor"))
}

// inThread does what a thread cannot undo in one that ends with it.
func inThread(f func() error) bool {
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		result <- f()
	}()
	return works(<-result)
}

// mountsInUserNamespace starts a child as root of a user namespace of its own,
// which is where most holes of Linux are found.
func mountsInUserNamespace() bool {
	cmd := exec.Command("/proc/self/exe", "mounter")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	return cmd.Run() == nil
}

func tracesChild() bool {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command("/proc/self/exe", "child", "-stay", "5s")
	if cmd.Start() != nil {
		return false
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	err := unix.PtraceSeize(cmd.Process.Pid)
	if err == nil {
		_ = unix.PtraceDetach(cmd.Process.Pid)
	}
	return works(err)
}

// seesOthers says whether there are processes besides this one, what it came
// from, and the first of its sandbox.
func seesOthers() bool {
	all, _ := filepath.Glob("/proc/[0-9]*")
	others := 0
	for _, p := range all {
		pid, _ := strconv.Atoi(filepath.Base(p))
		if pid != os.Getpid() && pid != os.Getppid() && pid != 1 {
			others++
		}
	}
	return others > 0
}
