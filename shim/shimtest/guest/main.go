// Command guest runs inside test sandboxes and misbehaves on request.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"syscall"
	"time"
)

func main() {
	debug.SetMaxThreads(1 << 20)
	n := 0
	if len(os.Args) > 2 {
		n, _ = strconv.Atoi(os.Args[2])
	}
	switch os.Args[1] {
	case "hold":
		hold(n)
	case "tick":
		tick()
	case "threads":
		threads(n, func() { time.Sleep(time.Hour) })
	case "blocked":
		threads(n, func() { syscall.Pause() })
	case "spin":
		threads(n, func() {
			//lint:ignore SA5002 it is there to spin
			for {
			}
		})
	case "processes":
		processes(n)
	case "forkbomb":
		forkbomb()
	case "mapped":
		mapped(n)
	case "fillfree":
		fillFree(n)
	case "probe":
		probe()
	case "flood":
		flood()
	case "getpid":
		getpid(n)
	case "opens":
		opens(n)
	case "forks":
		forks(n)
	}
}

// threads occupies n threads and then says so.
func threads(n int, work func()) {
	var ready sync.WaitGroup
	for range n {
		ready.Add(1)
		go func() {
			runtime.LockOSThread()
			ready.Done()
			work()
		}()
	}
	ready.Wait()
	fmt.Println("ready")
	time.Sleep(time.Hour)
}

func processes(n int) {
	for i := range n {
		cmd := exec.Command("/bin/sleep", "3600")
		if err := cmd.Start(); err != nil {
			fmt.Println("refused after", i, err)
			time.Sleep(time.Hour)
		}
	}
	fmt.Println("ready")
	time.Sleep(time.Hour)
}

func forkbomb() {
	for {
		cmd := exec.Command("/guest", "forkbomb")
		_ = cmd.Start()
	}
}
