package campaign

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"glovebox"
	"glovebox/agent"
	"glovebox/fault"
	"glovebox/internal/nodev1"
	"glovebox/internal/nodev1/nodev1connect"
	"glovebox/runtime/fake"
)

// node is a machine: what it holds, and whatever process is its agent at the
// moment.
type node struct {
	w       *world
	name    string
	control *control
	dir     string
	skew    time.Duration // of its clock
	warm    int
	links   *links
	starts  *starts

	mu      sync.Mutex
	boot    int
	machine *fake.Runtime
	process *fault.Process
}

func newNode(w *world, name string, c *control) *node {
	return &node{w: w, name: name, control: c, dir: folder(w.t), links: newLinks(), boot: 1,
		starts: &starts{n: map[string]int{}}, machine: fake.New(glovebox.RuntimeGVisor)}
}

// start starts an agent over what the machine holds.
func (n *node) start() {
	n.mu.Lock()
	defer n.mu.Unlock()
	ctx, cancel := context.WithCancel(background)
	p := n.w.faults.Process(n.name, cancel)
	machine := fault.Runtime(p, &counted{n.machine, n.starts, n.w.store})
	wire := fault.Wire(p, n.w.weather.over(n, &line{n: n}))
	a, err := agent.New(agent.Config{
		Node: n.name, Dir: n.dir, Boot: "boot-" + strconv.Itoa(n.boot), Log: quiet,
		Client:  &skewed{agent.Client(wire, "http://control"), n.skew},
		Runtime: machine, Inventory: machine, Images: machine, Network: fault.Network(p, n.links),
		Capacity: glovebox.Capacity{Sandboxes: 3, Memory: 8 << 30}, Info: agent.Info{Runtimes: []string{glovebox.RuntimeGVisor}},
		Pool: agent.PoolConfig{Min: n.warm, Max: n.warm, Memory: int64(n.warm) << 30}, Poll: 20 * time.Millisecond,
	})
	if err != nil {
		panic(err) // the configuration is wrong
	}
	n.process = p
	n.w.lives.Go(func() {
		_ = a.Run(ctx)
		p.Kill() // if it could not begin
		n.links.died()
		n.w.again(restartTime, n.start)
	})
}

// kill ends the agent where it stands.
func (n *node) kill() {
	n.mu.Lock()
	p := n.process
	n.mu.Unlock()
	p.Kill()
}

// reboot is a power cut of the machine: nothing that runs on it is left, and
// what is in memory is gone.
func (n *node) reboot() {
	n.kill()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.clearLocked()
	n.boot++
	n.links.clear()
	_ = os.RemoveAll(agent.VolatileIn(n.dir))
}

// clear ends everything that runs on the machine.
func (n *node) clear() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.clearLocked()
}

func (n *node) clearLocked() {
	found, _ := n.machine.List(background)
	for _, f := range found {
		_ = n.machine.Destroy(background, f.ID)
	}
}

// left lists what is on the machine that no running job accounts for; nothing
// should be once all jobs are archived.
func (n *node) left() (all []string) {
	residue, _ := n.machine.Residue(background, nil)
	for _, r := range residue {
		if n.warm == 0 || r.Sandbox == "" || !isParked(r.Sandbox) {
			all = append(all, n.name+": "+r.Kind+" "+r.Name)
		}
	}
	all = append(all, n.links.left(n.name)...)
	for dir, but := range map[string]string{"sandboxes": "", "kept": ".marker"} {
		entries, _ := os.ReadDir(filepath.Join(n.dir, dir))
		for _, e := range entries {
			if e.Name() != but {
				all = append(all, n.name+": file "+dir+"/"+e.Name())
			}
		}
	}
	return all
}

// isParked knows the ids that agents give to what belongs to nobody yet.
func isParked(id string) bool { return strings.HasPrefix(id, "pool-") }

// counted is a machine that counts the commands which were really started.
type counted struct {
	*fake.Runtime
	starts *starts
	store  *witness
}

func (c *counted) Start(ctx context.Context, id string) error {
	err := c.Runtime.Start(ctx, id)
	if err == nil {
		c.starts.add(id)
		c.store.started(id)
	}
	return err
}

type starts struct {
	mu sync.Mutex
	n  map[string]int // by sandbox
}

func (s *starts) add(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n[id]++
}

func (s *starts) of(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n[id]
}

// skewed tells control the times of a clock that is wrong.
type skewed struct {
	nodev1connect.NodeServiceClient
	by time.Duration
}

func (s *skewed) Sync(ctx context.Context, req *connect.Request[nodev1.SyncRequest]) (*connect.Response[nodev1.SyncResponse], error) {
	if s.by == 0 {
		return s.NodeServiceClient.Sync(ctx, req)
	}
	m := proto.CloneOf(req.Msg)
	for _, x := range m.GetHave() {
		x.Started = s.shift(x.GetStarted())
		if e := x.GetExit(); e != nil {
			e.Ended = s.shift(e.GetEnded())
		}
	}
	return s.NodeServiceClient.Sync(ctx, connect.NewRequest(m))
}

func (s *skewed) shift(t *timestamppb.Timestamp) *timestamppb.Timestamp {
	if t == nil {
		return nil
	}
	return timestamppb.New(t.AsTime().Add(s.by))
}
