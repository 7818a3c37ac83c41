package campaign

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"glovebox"
	"glovebox/blob/memory"
	"glovebox/fault"
	"glovebox/receipt"
	store "glovebox/store/memory"
)

// world is everything that there is: what is durable, the processes of the
// moment over it, and who watches.
type world struct {
	t       *testing.T
	seed    uint64
	began   time.Time
	faults  *fault.Faults
	weather *weather // nil: the network does what it should

	store    *witness
	records  glovebox.Store // the same, as processes reach it
	blobs    glovebox.Blobs
	shelf    *shelf
	keys     *receipt.Keys
	history  *history
	controls []*control
	nodes    []*node
	clients  *fault.Process

	mu    sync.Mutex
	over  bool           // nothing is started again
	lives sync.WaitGroup // of processes and those who start them again
	kills int
}

// plan is what a world is made of.
type plan struct {
	seed     uint64
	controls int
	nodes    []int // which control each belongs to
	faults   fault.Plan
	skew     func(process string) time.Duration // nil: all clocks agree
	weather  func(*world) *weather
	warm     int  // sandboxes that nodes keep parked
	slow     bool // calls of the store take time
	calm     bool // nobody dies and nobody is asked anything: leases are kept
}

// newWorld makes a world and starts its processes. It must be called in a
// bubble.
func newWorld(t *testing.T, p plan) *world {
	w := &world{t: t, seed: p.seed, began: time.Now(), faults: fault.New(p.faults), blobs: memory.New(), history: newHistory()}
	w.store = newWitness(store.New())
	w.records = w.store
	if p.slow {
		w.records = newSlow(w.store, p.seed)
	}
	w.store.holds, w.store.taken = w.holds, !p.calm
	w.shelf = newShelf()
	var err error
	if w.keys, err = receipt.OpenKeys(filepath.Join(folder(t), "keys")); err != nil {
		t.Fatal(err)
	}
	w.clients = w.faults.Process("client", func() {})
	if p.skew == nil {
		p.skew = func(string) time.Duration { return 0 }
	}
	if p.weather != nil {
		w.weather = p.weather(w)
	}
	for i := range p.controls {
		c := &control{w: w, name: string(rune('a' + i))}
		c.skew = p.skew(c.name)
		w.controls = append(w.controls, c)
	}
	for i, of := range p.nodes {
		n := newNode(w, "n"+string(rune('1'+i)), w.controls[of])
		n.skew, n.warm = p.skew(n.name), p.warm
		w.nodes = append(w.nodes, n)
	}
	for _, c := range w.controls {
		c.start()
	}
	for _, n := range w.nodes {
		n.start()
	}
	return w
}

// lose has whatever runs of a job vanish from its node, as if its keeper had
// died, and says whether there was anything.
func (w *world) lose(id string) bool {
	for _, n := range w.nodes {
		n.mu.Lock()
		machine := n.machine
		n.mu.Unlock()
		found, _ := machine.List(background)
		for _, f := range found {
			if f.Started && strings.HasPrefix(f.ID, id+"-") {
				machine.Lose(f.ID)
				return true
			}
		}
	}
	return false
}

// holds names the node that has anything of a sandbox; "" if none has.
func (w *world) holds(sandbox string) string {
	for _, n := range w.nodes {
		n.mu.Lock()
		found, _ := n.machine.List(background)
		n.mu.Unlock()
		if slices.ContainsFunc(found, func(f glovebox.Found) bool { return f.ID == sandbox }) {
			return n.name
		}
	}
	return ""
}

// again does start after a while, unless the world has ended by then.
func (w *world) again(after time.Duration, start func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	w.kills++
	w.lives.Go(func() {
		time.Sleep(after)
		w.mu.Lock()
		over := w.over
		w.mu.Unlock()
		if !over {
			start()
		}
	})
}

// since is the time of the world, for messages.
func (w *world) since() time.Duration { return time.Since(w.began) }

// until lets time pass until ok.
func (w *world) until(limit time.Duration, ok func() bool) bool {
	for began := time.Now(); !ok(); time.Sleep(20*time.Millisecond + time.Since(began)/100) {
		if time.Since(began) > limit {
			return false
		}
	}
	return true
}

// end stops every process and leaves nothing behind that the bubble would wait
// for.
func (w *world) end() {
	w.mu.Lock()
	w.over = true
	w.mu.Unlock()
	if w.weather != nil {
		w.weather.end()
	}
	for _, n := range w.nodes {
		n.kill()
	}
	for _, c := range w.controls {
		c.kill()
	}
	w.lives.Wait()
	for _, n := range w.nodes {
		n.clear()
	}
}

// folder makes one in memory, if there is such a file system, and removes it
// at the end.
func folder(t *testing.T) string {
	base := "/dev/shm"
	if _, err := os.Stat(base); err != nil {
		base = ""
	}
	dir, err := os.MkdirTemp(base, "glovebox-campaign-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// ready waits until every control has opened and every node has called.
func (w *world) ready() {
	w.until(time.Minute, func() bool {
		return !slices.ContainsFunc(w.controls, func(c *control) bool { return c.serving() == nil })
	})
	time.Sleep(100 * time.Millisecond)
}

var me = glovebox.Principal{Kind: glovebox.PrincipalOperator, Name: "uid:0", Tenant: glovebox.LocalTenant}

var background = context.Background()
