package runtimetest

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"
)

// jobs: what goes in and comes out.
func (s suite) jobs(t *testing.T) {
	s.check(t, "exit codes", func(t *testing.T) {
		for arg, code := range map[string]int{"0": 0, "1": 1, "7": 7, "127": 127, "255": 255} {
			if _, exit := s.run(t, s.spec("exit", arg), nil); exit.Code != code || exit.Limit != "" {
				t.Errorf("exit %s gives %+v", arg, exit)
			}
		}
	})
	s.check(t, "fast job many times", func(t *testing.T) {
		for range 10 {
			j, exit := s.run(t, s.spec("echo", "hi"), nil)
			if exit.Code != 0 || j.stdout() != "hi\n" || j.stderr() != "" {
				t.Fatalf("exit %+v, stdout %q, stderr %q", exit, j.stdout(), j.stderr())
			}
		}
	})
	s.check(t, "side by side", func(t *testing.T) {
		var wg sync.WaitGroup
		for range 4 {
			spec := s.spec("echo")
			spec.Args = append(spec.Args, spec.ID)
			wg.Go(func() {
				if j, exit := s.run(t, spec, nil); exit.Code != 0 || j.stdout() != spec.ID+"\n" {
					t.Errorf("exit %+v, stdout %q", exit, j.stdout())
				}
			})
		}
		wg.Wait()
	})
	s.streams(t)
	s.surroundings(t)
}

func (s suite) streams(t *testing.T) {
	s.check(t, "every byte of output", func(t *testing.T) {
		const size = 1 << 20
		j, exit := s.run(t, s.spec("spew", "1048576"), nil)
		if exit.Code != 0 || j.stdout() != strings.Repeat("x", size) {
			t.Errorf("exit %+v, %d bytes of %d", exit, len(j.stdout()), size)
		}
	})
	s.check(t, "stdin", func(t *testing.T) {
		in := bytes.Repeat([]byte("in\x00\xff\r\n"), 50_000)
		if j, exit := s.run(t, s.spec("cat"), in); exit.Code != 0 || j.stdout() != string(in) {
			t.Errorf("exit %+v, %d bytes of %d came back", exit, len(j.stdout()), len(in))
		}
		if j, exit := s.run(t, s.spec("cat"), nil); exit.Code != 0 || j.stdout() != "" {
			t.Errorf("without stdin: exit %+v, stdout %q", exit, j.stdout())
		}
		if j, exit := s.run(t, s.spec("cat"), []byte{}); exit.Code != 0 || j.stdout() != "" {
			t.Errorf("empty stdin: exit %+v, stdout %q", exit, j.stdout())
		}
	})
}

func (s suite) surroundings(t *testing.T) {
	s.check(t, "environment and folder", func(t *testing.T) {
		spec := s.spec("env")
		spec.Env = []string{"PATH=/bin", "A=1", "EMPTY=", "ODD=a=b c\nd"}
		j, _ := s.run(t, spec, nil)
		for _, want := range spec.Env {
			if !strings.Contains("\n"+j.stdout(), "\n"+want+"\n") {
				t.Errorf("no %q in the environment %q", want, j.stdout())
			}
		}
		for dir, want := range map[string]string{"": "/", "/home/app": "/home/app", "/tmp/": "/tmp", "/made/here": "/made/here"} {
			spec := s.spec("pwd")
			spec.Workdir = dir
			if j, exit := s.run(t, spec, nil); exit.Code != 0 || strings.TrimSpace(j.stdout()) != want {
				t.Errorf("in %q: exit %+v, pwd says %q, stderr %q", dir, exit, j.stdout(), j.stderr())
			}
		}
	})
	s.check(t, "signals", func(t *testing.T) {
		j := s.newJob(t, s.spec("polite"), nil).start().ready()
		if err := s.sys.Signal(j.ctx, j.spec.ID, 15); err != nil {
			t.Fatal(err)
		}
		if exit := j.wait(); exit.Code != 3 || exit.Signal != 0 {
			t.Errorf("after SIGTERM: %+v, want code 3", exit)
		}
		j.drain()
		if j.stdout() != "ready\nbye\n" {
			t.Errorf("stdout %q", j.stdout())
		}
		j.destroy()

		j = s.newJob(t, s.spec("stubborn"), nil).start().ready()
		if err := s.sys.Signal(j.ctx, j.spec.ID, 15); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		if err := s.sys.Signal(j.ctx, j.spec.ID, 9); err != nil {
			t.Fatal(err)
		}
		if exit := j.wait(); exit.Code != 137 || exit.Signal != 9 || exit.Limit != "" {
			t.Errorf("after SIGKILL: %+v, want code 137 of signal 9", exit)
		}
		j.drain()
		j.destroy()
	})
}
