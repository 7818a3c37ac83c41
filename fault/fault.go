// Package fault makes calls fail by name, from outside of the logic that makes
// them. There is a decorator for each interface between the parts of Glovebox.
// It asks a plan what is to become of each call, so a test can break exactly
// the one it means, or each of them in turn:
//
//	store.UpdateJob   blobs.Seal   provider.Make   runtime.Create   wire.Sync …
//
// The calls belong to a process, which may die of one of them: then no other
// call of its comes through, so whatever goes on of it changes nothing.
package fault

import (
	"maps"
	"sync"
	"sync/atomic"

	"glovebox"
)

// Fate is what becomes of a call.
type Fate int

// The fates.
const (
	Works     Fate = iota
	Fails          // before anything was done
	Loses          // its reply, after everything was done
	Dies           // the process that makes it, before anything was done
	DiesAfter      // the same, after everything was done
)

// Fates are all but Works.
func Fates() []Fate { return []Fate{Fails, Loses, Dies, DiesAfter} }

// String names a fate as it is printed.
func (f Fate) String() string {
	return [...]string{"works", "fails", "loses its reply", "dies before", "dies after"}[f]
}

// Call is one call that somebody makes.
type Call struct {
	Process string // that makes it
	Name    string // such as "store.UpdateJob"
	Of      int    // calls of this name that the process made before
	All     int    // calls of all names and processes before
}

// Plan decides about each call. It is asked by many at the same time.
type Plan func(Call) Fate

// Hit is a call that did not just work.
type Hit struct {
	Call
	Fate Fate
}

// Faults counts the calls of all processes of a test and has them meet their
// fates.
type Faults struct {
	mu    sync.Mutex
	plan  Plan
	all   int
	named map[[2]string]int // by process and name
	hits  []Hit
}

// New returns Faults under which everything works if plan is nil.
func New(plan Plan) *Faults { return &Faults{plan: plan, named: map[[2]string]int{}} }

// Set makes another plan count, from the next call on; nil mends everything.
func (f *Faults) Set(plan Plan) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan = plan
}

// Hits lists the calls that did not just work, in order.
func (f *Faults) Hits() []Hit {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Hit(nil), f.hits...)
}

// All counts the calls that were made.
func (f *Faults) All() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.all
}

// Named counts them by process and name.
func (f *Faults) Named() map[[2]string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.named)
}

func (f *Faults) next(process, name string) Fate {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := [2]string{process, name}
	c := Call{Process: process, Name: name, Of: f.named[key], All: f.all}
	f.all++
	f.named[key]++
	if f.plan == nil {
		return Works
	}
	fate := f.plan(c)
	if fate != Works {
		f.hits = append(f.hits, Hit{c, fate})
	}
	return fate
}

// Process is one life of a process. The next one, over the same durable state,
// has another.
type Process struct {
	faults *Faults
	name   string
	kill   func()
	dead   atomic.Bool
}

// Process returns a life of a process; kill is called once, by whoever ends it,
// and must not wait for the process to go.
func (f *Faults) Process(name string, kill func()) *Process {
	return &Process{faults: f, name: name, kill: kill}
}

// Kill ends the process where it stands. What it is doing is not seen any more.
func (p *Process) Kill() {
	if !p.dead.Swap(true) {
		p.kill()
	}
}

// Dead says whether it has ended.
func (p *Process) Dead() bool { return p.dead.Load() }

// through makes a call and returns what its caller sees of it.
func through[T any](p *Process, name string, call func() (T, error)) (T, error) {
	return throughAs(p, name, glovebox.KindUnavailable, call)
}

// throughAs is through for a call whose callers are told in other words that
// it may have been done.
func throughAs[T any](p *Process, name string, lost glovebox.Kind, call func() (T, error)) (T, error) {
	var none T
	if p.Dead() {
		return none, died(name)
	}
	fate := p.faults.next(p.name, name)
	switch fate {
	case Fails:
		return none, glovebox.Errorf(glovebox.KindUnavailable, "%s fails", name)
	case Dies:
		p.Kill()
		return none, died(name)
	}
	v, err := call()
	switch {
	case fate == DiesAfter:
		p.Kill()
		return none, died(name)
	case p.Dead():
		return none, died(name)
	case fate == Loses && err == nil:
		return none, glovebox.Errorf(lost, "%s: the reply is lost", name)
	}
	return v, err
}

// Do makes a call of a caller that has no decorator of its own.
func Do[T any](p *Process, name string, call func() (T, error)) (T, error) {
	return through(p, name, call)
}

// run is through for a call that returns nothing else.
func run(p *Process, name string, call func() error) error {
	_, err := through(p, name, func() (struct{}, error) { return struct{}{}, call() })
	return err
}

func died(name string) error {
	return glovebox.Errorf(glovebox.KindUnavailable, "%s: the process is dead", name)
}
