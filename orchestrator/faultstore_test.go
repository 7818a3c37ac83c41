package orchestrator_test

import (
	"strings"
	"sync"

	"glovebox"
	"glovebox/fault"
)

// fate is what becomes of one call of a store.
type fate = fault.Fate

const (
	works = fault.Works
	fails = fault.Fails
	loses = fault.Loses
)

// faultStore makes calls of a store fail. What decides is asked for each call,
// with its number from 0.
type faultStore struct {
	glovebox.Store
	process *fault.Process
	faults  *fault.Faults
}

// withFaults puts a faultStore under the orchestrators that are started next.
func (r *rig) withFaults() *faultStore {
	f := &faultStore{faults: fault.New(nil)}
	f.process = f.faults.Process("a", func() {})
	f.Store = fault.Store(f.process, r.store)
	r.config.Store, r.notary.faults = f, f
	return f
}

func (f *faultStore) set(decide func(call int, name string) fate) {
	f.faults.Set(func(c fault.Call) fate {
		return decide(c.All, strings.TrimPrefix(c.Name, "store."))
	})
}

// loseNext loses the reply of the next call of that name.
func (f *faultStore) loseNext(name string) { f.setNext(name, loses) }

// failNext makes the next call of that name fail.
func (f *faultStore) failNext(name string) { f.setNext(name, fails) }

func (f *faultStore) setNext(name string, x fate) {
	var once sync.Once
	f.set(func(_ int, call string) (now fate) {
		if call == name {
			once.Do(func() { now = x })
		}
		return now
	})
}

func (f *faultStore) count() int { return f.faults.All() }

// through makes a call of something else that fails as the store does.
func through[T any](f *faultStore, name string, call func() (T, error)) (T, error) {
	return fault.Do(f.process, name, call)
}
