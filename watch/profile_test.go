package watch_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"glovebox"
	"glovebox/watch"
)

func run(calls []string, things []glovebox.Observation, memory int64) glovebox.Observed {
	o := glovebox.Observed{Things: things, Calls: map[string]uint64{}, TasksPeak: 4, Usage: glovebox.Usage{MemoryPeak: memory}}
	for _, c := range calls {
		o.Calls[c] = 3
	}
	return o
}

func bound(address string) glovebox.Observation {
	return did(glovebox.Observation{Kind: glovebox.ObserveBind, Proto: "tcp", Address: address})
}

func TestProfile(t *testing.T) {
	a := watch.ProfileOf(run([]string{"read", "write"}, append(execs("/bin/sh", "/tmp/go-build123/b001/exe/main"), bound("0.0.0.0:8080"), bound("127.0.0.1:45678")), 10<<20))
	b := watch.ProfileOf(run([]string{"read", "mmap"}, execs("/bin/sh", "/bin/ls"), 20<<20))
	m := a.Merge(b)
	if m.Runs != 2 || m.Memory != 20<<20 || m.Tasks != 4 {
		t.Errorf("%+v", m)
	}
	if want := []string{"mmap", "read", "write"}; !slices.Equal(m.Calls, want) {
		t.Errorf("calls %v", m.Calls)
	}
	if want := []string{"/bin/ls", "/bin/sh", "/tmp/*/main"}; !slices.Equal(m.Execs, want) {
		t.Errorf("execs %v", m.Execs)
	}
	if want := []string{"tcp/8080"}; !slices.Equal(m.Binds, want) {
		t.Errorf("binds %v", m.Binds)
	}
	if other := b.Merge(a); !reflect.DeepEqual(m, other) {
		t.Errorf("the order matters: %+v and %+v", m, other)
	}
	data, err := json.Marshal(m)
	var back glovebox.Profile
	if err != nil || json.Unmarshal(data, &back) != nil || !reflect.DeepEqual(m, back) {
		t.Errorf("%s: %+v, %v", data, back, err)
	}
}

func TestDrift(t *testing.T) {
	calls := []string{"read", "write", "openat"}
	learned := watch.ProfileOf(run(calls, append(execs("/bin/sh", "/tmp/build-1/tool"), bound("0.0.0.0:80")), 10<<20))
	for _, c := range []struct {
		name     string
		now      glovebox.Observed
		from, to float64
		first    string
	}{
		{"the same", run(calls, append(execs("/bin/sh", "/tmp/build-2/tool"), bound("[::]:80")), 11<<20), 0, 0, ""},
		{"less", run(calls[:1], execs("/bin/sh"), 1<<20), 0, 0, ""},
		{"a call", run(append(calls, "getrandom"), execs("/bin/sh"), 1<<20), 0.01, 0.1, "system call getrandom"},
		{"a probe", run(append(calls, "mount"), execs("/bin/sh"), 1<<20), 0.4, 0.5, "system call mount"},
		{"a program", run(calls, execs("/bin/sh", "/bin/evil\x1b"), 1<<20), 0.3, 0.4, `program /bin/evil\x1b`},
		{"memory", run(calls, execs("/bin/sh"), 30<<20), 0.1, 0.1, "more than twice the memory"},
		{"all of it", run(append(calls, "mount", "bpf"), append(execs("/bin/a", "/bin/b"), bound("0.0.0.0:4444"), open("/proc/kcore")), 1<<30), 0.8, 1, "system call bpf"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := watch.DriftOf(learned, watch.ProfileOf(c.now))
			if d.Score < c.from || d.Score > c.to {
				t.Errorf("score %v: %+v", d.Score, d.Lines)
			}
			if c.first != "" && (len(d.Lines) == 0 || d.Lines[0].What != c.first) {
				t.Errorf("%+v", d.Lines)
			}
		})
	}
	if d := watch.DriftOf(glovebox.Profile{}, watch.ProfileOf(run(calls, execs("/bin/sh"), 1))); d.Score != 0 {
		t.Errorf("from nothing: %+v", d)
	}
	// A profile of runs without full watch says nothing of system calls.
	if d := watch.DriftOf(watch.ProfileOf(run(nil, execs("/bin/sh"), 1<<30)), watch.ProfileOf(run(calls, execs("/bin/sh"), 1))); d.Score != 0 {
		t.Errorf("without calls: %+v", d)
	}
}
