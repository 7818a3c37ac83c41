package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"glovebox/e2e/internet/places"
)

// deaf ignores every signal that can be ignored.
func deaf() { signal.Ignore() }

// stubborn ignores signals, and so does a child that has left its session.
func stubborn(o options) {
	deaf()
	cmd := exec.Command("/proc/self/exe", "stopped", "-stay", o.stay.String())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	_ = cmd.Start()
	fmt.Println("ready")
	time.Sleep(o.stay)
}

// respawn has children whose end makes more of them.
func respawn(o options) {
	deaf()
	fmt.Println("ready")
	for end := time.Now().Add(o.stay); time.Now().Before(end); {
		var all []*exec.Cmd
		for range 4 {
			cmd := exec.Command("/proc/self/exe", "child", "-stay", "100ms")
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
			if cmd.Start() == nil {
				all = append(all, cmd)
			}
		}
		for _, cmd := range all {
			_ = cmd.Wait()
		}
	}
}

// stopped is in the state T: it cannot hear anything.
func stopped(o options) {
	deaf()
	fmt.Println("ready")
	time.AfterFunc(20*time.Millisecond, func() { _ = unix.Kill(os.Getpid(), unix.SIGSTOP) })
	time.Sleep(o.stay)
}

// busy keeps its folders, files and pipes in use, in several processes.
func busy(o options) {
	deaf()
	_ = os.Chdir("/tmp")
	f, err := os.Create(filepathTmp("busy"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	_ = f.Truncate(1 << 20)
	mem, err := unix.Mmap(int(f.Fd()), 0, 1<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 3 {
		cmd := exec.Command("/proc/self/exe", "stopped", "-stay", o.stay.String())
		cmd.Dir, cmd.ExtraFiles = "/tmp", []*os.File{f}
		_ = cmd.Start()
	}
	fmt.Println("ready")
	for end := time.Now().Add(o.stay); time.Now().Before(end); time.Sleep(time.Millisecond) {
		mem[0]++
	}
}

// serve is the service of another job: it says where it is and greets.
func serve(o options) {
	l, err := net.Listen("tcp", fmt.Sprint(":", places.PortVictim))
	if err != nil {
		fmt.Println(err)
		return
	}
	addrs, _ := net.InterfaceAddrs()
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && !n.IP.IsLinkLocalUnicast() {
			fmt.Println("serving", at(n.IP.String(), places.PortVictim))
		}
	}
	fmt.Println("ready")
	time.AfterFunc(o.stay, func() { l.Close() })
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		fmt.Println("visited by", c.RemoteAddr())
		_, _ = io.WriteString(c, places.Reached)
		c.Close()
	}
}
