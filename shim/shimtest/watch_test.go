package shimtest

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	api "github.com/containerd/containerd/api/runtime/task/v3"

	"glovebox/shim/seen"
)

// seen asks the shim what a job was seen to do.
func (k *Task) seen(t testing.TB) (*seen.Report, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	var resp api.StatsResponse
	if err := k.shim.client.Call(ctx, "dev.glovebox.Watch", "Seen", &api.StatsRequest{ID: k.ID}, &resp); err != nil {
		return nil, err
	}
	r := &seen.Report{}
	must(t, json.Unmarshal(resp.Stats.Value, r))
	return r, nil
}

// reported is what the report says about it.
func (k *Task) reported(t testing.TB) *seen.Report {
	t.Helper()
	data, err := json.Marshal(k.Report(t)["watch"])
	must(t, err)
	var r *seen.Report
	must(t, json.Unmarshal(data, &r))
	return r
}

// watched runs a job to its end.
func (s *Shim) watched(t testing.TB, mode string, j Job) *seen.Report {
	t.Helper()
	j.Annotations = map[string]string{"dev.glovebox.watch": mode}
	k := s.NewTask(t, j)
	k.Create(t)
	k.Start(t)
	k.Wait(t)
	defer k.Delete(t)
	return k.reported(t)
}

// kinds counts things by kind.
func kinds(r *seen.Report) map[string]int {
	n := map[string]int{}
	for _, thing := range r.Things {
		n[thing.Kind]++
	}
	return n
}

// TestWatchSeesProbes has a job try what no ordinary job tries.
func TestWatchSeesProbes(t *testing.T) {
	s := StartShim(t)
	s.AddGuest(t)
	for name, j := range map[string]Job{
		"cold": {}, "parked": {Parked: true}, "without a scratch layer": {},
	} {
		t.Run(name, func(t *testing.T) {
			j.Args, j.UID = []string{"/guest", "probe"}, 1000
			if !strings.Contains(name, "without") {
				j.ScratchSize = 16 << 20
			}
			r := s.watched(t, "default", j)
			got := kinds(r)
			for kind, want := range map[string]int{"metadata": 1, "pool": 1, "dns": 1, "connect": 20, "socket": 2, "open": 5} {
				if got[kind] != want {
					t.Errorf("%d of %s, want %d", got[kind], kind, want)
				}
			}
			calls := map[string]string{}
			for _, thing := range r.Things {
				if thing.Count == 0 || thing.Last.Before(thing.First) || time.Since(thing.Last) > time.Hour {
					t.Errorf("%+v", thing)
				}
				if thing.UID != 1000 {
					t.Errorf("%+v, want uid 1000", thing)
				}
				if thing.Result == "pending" {
					t.Errorf("%+v has not ended", thing)
				}
				calls[thing.Call] = thing.Detail
			}
			for call, detail := range map[string]string{
				"mount": "cgroup at /tmp", "unshare": "user,mount", "setuid": "to root", "bpf": "", "init_module": "",
			} {
				if is, ok := calls[call]; !ok || is != detail {
					t.Errorf("%s: %q, %v", call, is, ok)
				}
			}
			if r.Calls != nil {
				t.Errorf("system calls are counted: %v", r.Calls)
			}
			if j.ScratchSize > 0 {
				checkMiner(t, r)
			}
			if t.Failed() {
				for _, thing := range r.Things {
					t.Logf("%+v", thing)
				}
			}
		})
	}
}

// checkMiner looks for the program with the evil name.
func checkMiner(t *testing.T, r *seen.Report) {
	t.Helper()
	at := slices.IndexFunc(r.Things, func(x seen.Thing) bool { return x.Kind == "miner" })
	if at < 0 {
		t.Error("the miner was not seen")
		return
	}
	m := r.Things[at]
	if m.Path != "/bin/busybox" && !strings.Contains(m.Path, `red`) {
		t.Errorf("its path is %q", m.Path)
	}
	if m.Arg0 != `\abell\\` {
		t.Errorf("its name is %q", m.Arg0)
	}
	for _, text := range []string{m.Path, m.Arg0} {
		if len(text) > 1000 || !utf8.ValidString(text) || strings.ContainsAny(text, "\x1b\n\x00\x07") {
			t.Errorf("%q is not fit to be shown", text)
		}
	}
}

// TestWatchIsQuiet: jobs that do nothing unusual leave programs, and nothing else.
func TestWatchIsQuiet(t *testing.T) {
	s := StartShim(t)
	r := s.watched(t, "default", Job{
		Args: []string{"/bin/sh", "-c", "ls / >/dev/null; cat /proc/self/status >/dev/null; echo x > /tmp/x; id >/dev/null; (true; true)"}, ScratchSize: 16 << 20,
	})
	for _, thing := range r.Things {
		if thing.Kind != "exec" {
			t.Errorf("%+v", thing)
		}
	}
	if paths := kinds(r)["exec"]; paths < 2 || r.Forks < 3 || r.TasksPeak < 2 || r.ForkBurst < 2 {
		t.Errorf("%+v", r)
	}
}

// TestWatchFull counts system calls by name.
func TestWatchFull(t *testing.T) {
	s := StartShim(t)
	s.AddGuest(t)
	for _, j := range []Job{{}, {ScratchSize: 16 << 20}} {
		j.Args = []string{"/guest", "getpid", "1000"}
		r := s.watched(t, "full", j)
		if r.Calls["getppid"] != 1000 || r.Calls["mmap"] == 0 || r.Calls["exit_group"] != 1 {
			t.Errorf("%v", slices.Sorted(maps.Keys(r.Calls)))
		}
	}
}

// TestWatchFlood: a job that floods one class hides nothing of another, costs
// no more memory, and what was seen can be asked for while it runs and after it
// was killed.
func TestWatchFlood(t *testing.T) {
	s := StartShim(t)
	s.AddGuest(t)
	k := s.NewTask(t, Job{Args: []string{"/guest", "flood"}, Annotations: map[string]string{"dev.glovebox.watch": "default"}})
	k.Create(t)
	k.Start(t)
	<-k.Stdout.First
	check := func(r *seen.Report) {
		t.Helper()
		n := kinds(r)
		if n["connect"] != 64 || r.Missed["connect"] < 4000 || n["metadata"] != 1 {
			t.Errorf("%v, missed %v", n, r.Missed)
		}
	}
	live, err := k.seen(t)
	must(t, err)
	check(live)
	s.killIfRunning(k)
	k.Wait(t)
	check(k.reported(t))
	after, err := k.seen(t)
	must(t, err)
	check(after)
	k.Delete(t)
}

// TestWatchOff: nothing is noted unless somebody asks, and nonsense is refused.
func TestWatchOff(t *testing.T) {
	s := StartShim(t)
	for _, mode := range []string{"", "off"} {
		k := s.NewTask(t, Job{Args: []string{"/bin/true"}, Annotations: map[string]string{"dev.glovebox.watch": mode}})
		k.Create(t)
		if _, err := k.seen(t); err == nil || !strings.Contains(err.Error(), "not watched") {
			t.Errorf("%q: %v", mode, err)
		}
		k.Start(t)
		k.Wait(t)
		if r := k.reported(t); r != nil {
			t.Errorf("%q: %+v", mode, r)
		}
		k.Delete(t)
	}
	k := s.NewTask(t, Job{Args: []string{"/bin/true"}, Annotations: map[string]string{"dev.glovebox.watch": "much"}})
	if err := k.TryCreate(); err == nil || !strings.Contains(err.Error(), "dev.glovebox.watch") {
		t.Errorf("nonsense: %v", err)
	}
}

// TestWatchRestored: a program that came with a snapshot is watched from the
// claim on, whether the one it was saved from was or not.
func TestWatchRestored(t *testing.T) {
	s := StartShim(t)
	s.AddGuest(t)
	for _, mode := range []string{"off", "full"} {
		j := holder(1)
		j.Annotations = map[string]string{"dev.glovebox.watch": mode}
		dir, from, _ := s.saved(t, j)
		j.Annotations = map[string]string{"dev.glovebox.watch": "full"}
		h := s.restored(t, dir, from, j)
		h.Start(t)
		h.Stdin.Close()
		s.closeInput(t, h.Task)
		h.Wait(t)
		r := h.reported(t)
		if r == nil || r.Calls["read"] == 0 || len(r.Things) != 1 || r.Things[0].Path != "/guest" {
			t.Errorf("saved with %s: %+v", mode, r)
		}
		h.Delete(t)
	}
}
