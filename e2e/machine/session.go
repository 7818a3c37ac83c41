package machine

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	"glovebox/e2e/box"
	"glovebox/e2e/machine/wire"
)

// errGone is how commands end whose machine does.
var errGone = errors.New("the machine is gone")

// session is the host's end of the port.
type session struct {
	ready chan struct{}

	mu       sync.Mutex
	conn     net.Conn
	last     uint64
	commands map[uint64]*Command
	over     bool
	done     chan struct{} // closed when nothing more is read
}

// Command is a program that was started in the machine.
type Command struct {
	Stdout, Stderr *box.Buffer // so far

	s     *session
	id    uint64
	ended chan struct{}
	code  int
	err   error
}

func (s *session) open(c net.Conn) {
	s.conn, s.commands = c, map[uint64]*Command{}
	s.ready, s.done = make(chan struct{}), make(chan struct{})
	go s.read(c)
}

func (s *session) read(c net.Conn) {
	defer close(s.done)
	for in := json.NewDecoder(bufio.NewReader(c)); ; {
		var e wire.Event
		if err := in.Decode(&e); err != nil {
			s.lost()
			return
		}
		s.take(e)
	}
}

func (s *session) take(e wire.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.ID == 0 {
		close(s.ready)
		return
	}
	c := s.commands[e.ID]
	if c == nil {
		return
	}
	_, _ = c.Stdout.Write(e.Stdout)
	_, _ = c.Stderr.Write(e.Stderr)
	if e.Error != "" {
		c.err = errors.New(e.Error)
	}
	if e.Ended {
		c.code = e.Code
		delete(s.commands, e.ID)
		close(c.ended)
	}
}

// lost ends every command that was not heard of to the end.
func (s *session) lost() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	for id, c := range s.commands {
		c.err = errGone
		delete(s.commands, id)
		close(c.ended)
	}
}

func (s *session) close() {
	if s.conn != nil {
		_ = s.conn.Close()
		<-s.done
	}
}

func (s *session) next() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	return s.last
}

func (s *session) send(r wire.Request) {
	line, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings and numbers always can be
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.conn.Write(append(line, '\n')) // lost tells those who wait
}

// Start starts a program.
func (s *session) Start(args ...string) *Command { return s.StartTo(&box.Buffer{}, args...) }

// StartTo starts a program whose stderr is added to a buffer that there is.
func (s *session) StartTo(stderr *box.Buffer, args ...string) *Command {
	c := &Command{Stdout: &box.Buffer{}, Stderr: stderr, s: s, id: s.next(), ended: make(chan struct{})}
	s.mu.Lock()
	if s.over {
		c.err = errGone
		close(c.ended)
		s.mu.Unlock()
		return c
	}
	s.commands[c.id] = c
	s.mu.Unlock()
	s.send(wire.Request{ID: c.id, Args: args})
	return c
}

// Signal sends a signal.
func (c *Command) Signal(sig syscall.Signal) { c.s.send(wire.Request{ID: c.id, Signal: int(sig)}) }

// Ended is closed when the program has ended.
func (c *Command) Ended() <-chan struct{} { return c.ended }

// Wait waits for the end and returns the exit code; err says that there is none:
// the program could not be started, the machine is gone, or d is over.
func (c *Command) Wait(d time.Duration) (int, error) {
	select {
	case <-c.ended:
		return c.code, c.err
	case <-time.After(d):
		return 0, fmt.Errorf("no end within %s", d)
	}
}

// Run runs a program to its end, which must come within two minutes.
func (s *session) Run(args ...string) (box.Result, error) {
	began := time.Now()
	c := s.Start(args...)
	code, err := c.Wait(2 * time.Minute)
	return box.Result{Stdout: c.Stdout.String(), Stderr: c.Stderr.String(), Code: code, Took: time.Since(began)}, err
}
