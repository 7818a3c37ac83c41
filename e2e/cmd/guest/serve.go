package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"glovebox/e2e/machine/wire"
)

// serve takes requests from the port until it is closed.
func serve() error {
	port, err := openPort()
	if err != nil {
		return err
	}
	s := &server{out: json.NewEncoder(port), running: map[uint64]*os.Process{}}
	s.tell(wire.Event{})
	for in := json.NewDecoder(bufio.NewReader(port)); ; {
		var r wire.Request
		if err := in.Decode(&r); err != nil {
			return err
		}
		if r.Signal != 0 {
			s.signal(r)
		} else {
			s.start(r)
		}
	}
}

func openPort() (*os.File, error) {
	names, _ := filepath.Glob("/sys/class/virtio-ports/*/name") // the pattern is sound
	for _, n := range names {
		if text, err := os.ReadFile(n); err == nil && strings.TrimSpace(string(text)) == wire.PortName {
			return os.OpenFile("/dev/"+filepath.Base(filepath.Dir(n)), os.O_RDWR, 0)
		}
	}
	return nil, fmt.Errorf("no port %s, only %v", wire.PortName, names)
}

type server struct {
	mu      sync.Mutex
	out     *json.Encoder
	running map[uint64]*os.Process
}

func (s *server) tell(e wire.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.out.Encode(e) // without the port there is nobody to tell
}

func (s *server) signal(r wire.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.running[r.ID]; p != nil {
		_ = p.Signal(syscall.Signal(r.Signal))
	}
}

func (s *server) start(r wire.Request) {
	cmd := exec.Command(r.Args[0], r.Args[1:]...)
	cmd.Stdin = bytes.NewReader(r.Stdin)
	cmd.Stdout = writer(func(p []byte) { s.tell(wire.Event{ID: r.ID, Stdout: p}) })
	cmd.Stderr = writer(func(p []byte) { s.tell(wire.Event{ID: r.ID, Stderr: p}) })
	if err := cmd.Start(); err != nil {
		s.tell(wire.Event{ID: r.ID, Ended: true, Error: err.Error()})
		return
	}
	s.mu.Lock()
	s.running[r.ID] = cmd.Process
	s.mu.Unlock()
	go func() {
		end := wire.Event{ID: r.ID, Ended: true}
		var exit *exec.ExitError
		if err := cmd.Wait(); errors.As(err, &exit) {
			end.Code = exit.ExitCode()
			if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
				end.Code = 128 + int(status.Signal())
			}
		} else if err != nil {
			end.Error = err.Error()
		}
		s.mu.Lock()
		delete(s.running, r.ID)
		s.mu.Unlock()
		s.tell(end)
	}()
}

// writer passes on what is written.
type writer func([]byte)

var _ io.Writer = writer(nil)

// Write never fails.
func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}
