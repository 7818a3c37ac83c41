package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
)

// mapped fills n megabytes of a file through memory, so that no system call
// ever fails, and survives what it gets instead.
func mapped(n int) {
	signal.Ignore(syscall.SIGBUS)
	debug.SetPanicOnFault(true)
	f, err := os.Create("/tmp/mapped")
	if err == nil {
		err = f.Truncate(int64(n) << 20)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	mem, err := syscall.Mmap(int(f.Fd()), 0, n<<20, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	func() {
		defer func() { fmt.Println(recover()) }()
		for i := 0; i < len(mem); i += 4096 {
			mem[i] = 1
		}
	}()
	time.Sleep(time.Minute)
}

// fillFree fills the disk, makes room again and ends, all in one process.
func fillFree(n int) {
	f, err := os.Create("/big")
	buf := make([]byte, 1<<20)
	for i := 0; i < n && err == nil; i++ {
		_, err = f.Write(buf)
	}
	os.Remove("/big")
	f.Close()
	fmt.Println(err)
}
