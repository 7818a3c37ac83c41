package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// child is what the others start: it just stays.
func child(o options) { time.Sleep(o.stay) }

// mounter mounts something where only it sees that.
func mounter(options) {
	if err := unix.Mount("x", "/tmp", "tmpfs", 0, ""); err != nil {
		os.Exit(1)
	}
}

// made says how far a bomb got. It is printed as it grows, because the bomb may
// not live to see its end.
func made(n int) { fmt.Println("made", n) }

// forks starts children that stay, until it may not.
func forks(o options) {
	n := 0
	for ; n < o.most; n++ {
		if exec.Command("/proc/self/exe", "child", "-stay", o.stay.String()).Start() != nil {
			break
		}
		if n%16 == 15 {
			made(n + 1)
		}
	}
	made(n)
	if n == o.most {
		time.Sleep(o.stay)
	}
}

func threads(o options) {
	var n atomic.Int64
	for range min(o.most, 100_000) {
		go func() {
			runtime.LockOSThread()
			n.Add(1)
			_ = unix.Nanosleep(&unix.Timespec{Sec: int64(o.stay / time.Second), Nsec: 1}, nil)
		}()
		if n.Load()%16 == 15 {
			made(int(n.Load()))
		}
		runtime.Gosched()
	}
	for range 20 {
		time.Sleep(50 * time.Millisecond)
		made(int(n.Load()))
	}
	time.Sleep(o.stay)
}

// zombies starts children that end, and never asks how.
func zombies(o options) {
	n := 0
	for ; n < o.most; n++ {
		pid, err := syscall.ForkExec("/proc/self/exe", []string{"attacker", "child", "-stay", "1ms"}, &syscall.ProcAttr{})
		if err != nil || pid == 0 {
			break
		}
		if n%16 == 15 {
			made(n + 1)
		}
	}
	made(n)
	time.Sleep(o.stay)
}

// memory takes megabytes, and touches them.
func memory(o options) {
	var all [][]byte
	for n := 0; n < o.most; n++ {
		m := make([]byte, 1<<20)
		for i := 0; i < len(m); i += 4096 {
			m[i] = byte(n + 1)
		}
		all = append(all, m)
		if n%16 == 15 {
			made(n + 1)
		}
	}
	made(len(all))
}

// pageCache writes a file of so many megabytes.
func pageCache(o options) {
	f, err := os.Create(filepathTmp("cache"))
	block := make([]byte, 1<<20)
	n := 0
	for ; err == nil && n < o.most; n++ {
		_, err = f.Write(block)
		if n%16 == 15 {
			made(n + 1)
		}
	}
	made(n)
	fmt.Println(err)
	time.Sleep(o.stay)
}

// sparse makes a file of a terabyte, and fills holes of it that are far apart.
func sparse(o options) {
	f, err := os.Create(filepathTmp("sparse"))
	if err == nil {
		err = f.Truncate(1 << 40)
	}
	block := make([]byte, 1<<20)
	n := 0
	for ; err == nil && n < o.most; n++ {
		_, err = f.WriteAt(block, int64(n)<<30%(1<<40)+int64(n)<<20)
		if n%16 == 15 {
			made(n + 1)
		}
	}
	made(n)
	fmt.Println(err)
	time.Sleep(o.stay)
}

func filepathTmp(name string) string { return os.TempDir() + "/" + name + strconv.Itoa(os.Getpid()) }

// files opens files until it may not.
func files(o options) {
	n := 0
	for ; n < o.most; n++ {
		if _, err := unix.Open("/proc/self/exe", unix.O_RDONLY, 0); err != nil {
			break
		}
	}
	made(n)
}

// spin keeps every core busy.
func spin(o options) {
	end := time.Now().Add(o.stay)
	for range min(o.most, 64) {
		go func() {
			for time.Now().Before(end) { //nolint:revive // it is there to spin
			}
		}()
	}
	time.Sleep(o.stay)
	made(1)
}
