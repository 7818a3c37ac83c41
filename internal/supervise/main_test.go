package supervise

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// The main goroutine stays on the main thread, which has the signal of the
// parent's death.
func init() {
	if os.Getenv("CHILD") == "settler" {
		runtime.LockOSThread()
	}
}

// The test binary is also every child: CHILD says which.
func TestMain(m *testing.M) {
	if mode := os.Getenv("CHILD"); mode != "" {
		child(mode)
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func child(mode string) {
	term := make(chan os.Signal, 1)
	switch mode {
	case "daemon": // ends when asked
		signal.Notify(term, syscall.SIGTERM)
		fmt.Println("pid", os.Getpid())
		NotifyReady()
		<-term
		fmt.Println("bye")
	case "stubborn": // does not
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("pid", os.Getpid())
		NotifyReady()
		time.Sleep(time.Minute)
	case "settler": // outlives its parent and does not listen
		if err := unix.Prctl(unix.PR_SET_PDEATHSIG, 0, 0, 0, 0); err != nil {
			panic(err)
		}
		signal.Ignore(syscall.SIGTERM, syscall.SIGPIPE)
		fmt.Println("pid", os.Getpid())
		NotifyReady()
		time.Sleep(time.Minute)
	case "broken":
		fmt.Println("cannot find my feet")
		os.Exit(3)
	case "flaky": // is ready, then dies
		NotifyReady()
		os.Exit(4)
	case "mute": // never ready
		time.Sleep(time.Minute)
	case "parent": // leaves processes behind
		fork("orphan")
		fork("middle")
		NotifyReady()
		time.Sleep(time.Minute)
	case "orphan":
		signal.Ignore(syscall.SIGTERM)
		time.Sleep(time.Minute)
	case "middle":
		fork("short")
	case "short":
		time.Sleep(50 * time.Millisecond)
	case "who":
		b, _ := os.ReadFile("/proc/self/status")
		fmt.Printf("%s", b)
		fmt.Println("env", strings.Join(os.Environ(), " "))
		NotifyReady()
		time.Sleep(time.Minute)
	case "server":
		l, err := net.FileListener(Inherited("api"))
		if err != nil {
			panic(err)
		}
		NotifyReady()
		for {
			c, err := l.Accept()
			if err != nil {
				panic(err)
			}
			fmt.Fprintln(c, os.Getpid())
			c.Close()
		}
	case "supervisor":
		s, err := New(Config{Output: os.Stdout, Log: quiet()})
		if err == nil {
			err = s.Start(bg(), proc("inner", "daemon"))
		}
		fmt.Println("started", err)
		time.Sleep(time.Minute)
	}
}

func fork(mode string) {
	pid, err := syscall.ForkExec("/proc/self/exe", os.Args[:1], &syscall.ProcAttr{
		Env: []string{"CHILD=" + mode, "GORACE=atexit_sleep_ms=0"}, Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(mode, pid)
}
