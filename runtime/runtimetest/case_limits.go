package runtimetest

import (
	"testing"
	"time"

	"glovebox"
)

// limits: each one ends its job by name, and a neighbour does not notice.
func (s suite) limits(t *testing.T) {
	cases := []struct {
		name string
		args []string
		kind glovebox.Kind
	}{
		{"memory", []string{"oom"}, glovebox.KindOutOfMemory},
		{"fork bomb", []string{"sh", "-c", "f() { sleep 30 & f; }; f"}, glovebox.KindPids},
		{"double fork bomb", []string{"sh", "-c", "f() { f | f & }; f; sleep 30"}, glovebox.KindPids},
		{"fork bomb, and it goes on", []string{"sh", "-c", "sh -c 'for i in $(seq 200); do sleep 60 & done'; exec sleep 60"}, glovebox.KindPids},
		{"disk, and it goes on", []string{"sh", "-c", "dd if=/dev/zero of=/home/app/x bs=1M; sleep 30"}, glovebox.KindDisk},
		{"disk, and it ends", []string{"sh", "-c", "dd if=/dev/zero of=/home/app/x bs=1M; exit 0"}, glovebox.KindDisk},
		{"files, and it goes on", []string{"sh", "-c", "cd /home/app; for i in $(seq 5000); do : > f$i; done; sleep 30"}, glovebox.KindDisk},
		{"files, and it ends", []string{"sh", "-c", "cd /home/app; i=0; while : > f$i; do i=$((i+1)); done 2>/dev/null; exit 0"}, glovebox.KindDisk},
	}
	for _, c := range cases {
		s.check(t, "limit/"+c.name, func(t *testing.T) {
			neighbour := s.newJob(t, s.spec("polite"), nil).start().ready()
			spec := s.spec(c.args...)
			spec.Limits.Memory = 96 << 20
			begin := time.Now()
			j := s.newJob(t, spec, nil).start()
			exit := j.wait()
			if exit.Limit != c.kind {
				t.Errorf("exit %+v, want limit %s; stderr %.300q", exit, c.kind, j.stderr())
			}
			if took := time.Since(begin); took > 25*time.Second {
				t.Errorf("it took %v", took)
			}
			j.destroy()
			if err := s.sys.Signal(neighbour.ctx, neighbour.spec.ID, 15); err != nil {
				t.Error(err)
			}
			if exit := neighbour.wait(); exit.Code != 3 || exit.Limit != "" {
				t.Errorf("the neighbour: %+v", exit)
			}
			neighbour.destroy()
		})
	}
	s.check(t, "limit/below it", func(t *testing.T) {
		j, exit := s.run(t, s.spec("sh", "-c",
			"dd if=/dev/zero of=/home/app/x bs=1M count=8 && for i in $(seq 500); do : > /home/app/f$i; done && ulimit -n"), nil)
		if exit.Code != 0 || exit.Limit != "" || j.stdout() != "256\n" {
			t.Errorf("exit %+v, stdout %q, stderr %q", exit, j.stdout(), j.stderr())
		}
	})
	s.check(t, "usage", func(t *testing.T) {
		_, exit := s.run(t, s.spec("sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"), nil)
		if exit.Usage.MemoryPeak < 100_000 || exit.Usage.MemoryPeak > 128<<20 {
			t.Errorf("memory peak %d", exit.Usage.MemoryPeak)
		}
		if cpu := time.Duration(exit.Usage.CPUTime); cpu < 10*time.Millisecond || cpu > patience {
			t.Errorf("CPU time %v", cpu)
		}
	})
}
