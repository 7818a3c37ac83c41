package campaign

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"glovebox"
	"glovebox/fault"
	"glovebox/store/memory"
	"glovebox/store/sqlite"
)

// TestLinearizable has processes fight over a few jobs, with replies that are
// lost, and looks for an order in which a store that does one thing after the
// other would have answered all of them the same.
func TestLinearizable(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) glovebox.Store{
		"memory": func(*testing.T) glovebox.Store { return memory.New() },
		"sqlite": func(t *testing.T) glovebox.Store {
			s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "store.db"))
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			defer s.Close()
			h := newHistory()
			f := fault.New(fault.Seeded(1, func(fault.Call) fault.Odds { return fault.Odds{Fail: 300, Lose: 300} }))
			var all sync.WaitGroup
			for i := range 4 {
				p := string(rune('a' + i))
				all.Go(func() { fight(t, h.of(fault.Store(f.Process(p, func() {}), s), p), p) })
			}
			all.Wait()
			h.linear(t)
			t.Logf("%d calls, %d of them with a fault", len(h.ops), len(f.Hits()))
		})
	}
}

// fight changes every job again and again, from whatever it was at the last look.
func fight(t *testing.T, s glovebox.Store, process string) {
	for round := range 25 {
		for i := range 3 {
			id := fmt.Sprintf("j%d-%d", round/5, i)
			job, err := s.Job(t.Context(), glovebox.AnyTenant, id)
			switch glovebox.KindOf(err) {
			case glovebox.KindNotFound:
				_, _, _ = s.CreateJob(t.Context(), glovebox.Job{ID: id, Tenant: "t", Status: glovebox.StatusPending, Owner: process, CreatedAt: time.Unix(1, 0)}, nil)
			case "":
				job.Owner, job.Node = process, fmt.Sprint(round)
				_, _ = s.UpdateJob(t.Context(), job, glovebox.Lazy)
				_, _ = s.UpdateJob(t.Context(), job, glovebox.Lazy) // with a version that is not it any more
			}
		}
	}
}

// TestModelRefuses: answers that no such store would give are found.
func TestModelRefuses(t *testing.T) {
	create := func(at int64, sum uint64) porcupine.Operation {
		return porcupine.Operation{Input: question{kind: "create", job: "j", sum: sum}, Output: answer{version: 1, sum: sum}, Call: at, Return: at + 1}
	}
	update := func(at, version int64, sum uint64, a answer) porcupine.Operation {
		return porcupine.Operation{Input: question{kind: "update", job: "j", version: version, sum: sum}, Output: a, Call: at, Return: at + 1}
	}
	read := func(at int64, a answer) porcupine.Operation {
		return porcupine.Operation{Input: question{kind: "read", job: "j"}, Output: a, Call: at, Return: at + 1}
	}
	for name, tt := range map[string]struct {
		ops  []porcupine.Operation
		fine bool
	}{
		"fine":              {[]porcupine.Operation{create(1, 7), update(3, 1, 8, answer{version: 2, sum: 8}), read(5, answer{version: 2, sum: 8})}, true},
		"perhaps":           {[]porcupine.Operation{create(1, 7), update(3, 1, 8, answer{kind: glovebox.KindUnavailable}), read(5, answer{version: 2, sum: 8})}, true},
		"perhaps not":       {[]porcupine.Operation{create(1, 7), update(3, 1, 8, answer{kind: glovebox.KindUnavailable}), read(5, answer{version: 1, sum: 7})}, true},
		"a lost write":      {[]porcupine.Operation{create(1, 7), update(3, 1, 8, answer{version: 2, sum: 8}), read(5, answer{version: 1, sum: 7})}, false},
		"two with one base": {[]porcupine.Operation{create(1, 7), update(3, 1, 8, answer{version: 2, sum: 8}), update(5, 1, 9, answer{version: 2, sum: 9})}, false},
		"made twice":        {[]porcupine.Operation{create(1, 7), create(3, 7)}, false},
		"a stale winner":    {[]porcupine.Operation{create(1, 7), update(3, 1, 8, answer{kind: glovebox.KindStale})}, false},
	} {
		if got := porcupine.CheckOperations(model, tt.ops); got != tt.fine {
			t.Errorf("%s: linearizable %v", name, got)
		}
	}
}
