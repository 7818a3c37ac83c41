package runtimetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"glovebox"
)

// System is what the suite is about.
type System interface {
	glovebox.Runtime
	glovebox.Inventory
	glovebox.ImageStore
}

// Node is a place with an implementation on it.
type Node struct {
	// Runtime to ask for in specifications.
	Runtime string
	// Open returns a further value over the same folder, as a new process
	// would; what it holds is freed when the test ends.
	Open func(t testing.TB) System
	// Parked has the whole suite run with every sandbox made ahead and claimed
	// for its job: nobody may see a difference.
	Parked bool
	// Real says that jobs run on a kernel, so that the suite may look into it.
	Real bool
	// Dir is the folder with all that the node keeps on disk, if it is Real.
	Dir string
	// KillDaemon kills what the node's sandboxes must survive and starts it
	// again; nil if there is none.
	KillDaemon func(t testing.TB)
	// KillKeeper kills what they cannot survive; nil if there is none.
	KillKeeper func(t testing.TB)
	// Plants are things that Residue must find, put there as if a sandbox had
	// left them. Each is removed by the test's cleanup.
	Plants []Plant
}

// Plant puts one thing somewhere.
type Plant struct {
	Kind string
	Put  func(t testing.TB, id string)
}

// Run runs the whole suite.
func Run(t *testing.T, n Node) {
	if n.Parked {
		n.Open = ahead(n.Open)
	}
	s := suite{n: n, img: NewImage(t), sys: n.Open(t)}
	ctx := t.Context()
	if err := s.sys.EnsureImage(ctx, s.img.Image, s.img.Fetch); err != nil {
		t.Fatalf("EnsureImage: %v", err)
	}
	for _, group := range []func(suite, *testing.T){
		suite.images, suite.lifecycle, suite.jobs, suite.refusals, suite.crashes, suite.inventory, suite.parking, suite.watching,
		suite.lateFiles, suite.collecting,
	} {
		group(s, t)
	}
	if !n.Real {
		return
	}
	for _, group := range []func(suite, *testing.T){suite.names, suite.limits, suite.stubbornness, suite.sealed} {
		group(s, t)
	}
}

type suite struct {
	n   Node
	sys System
	img Image
}

// check runs one case and then asserts that it left nothing.
func (s suite) check(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) {
		f(t)
		left, err := s.sys.Residue(context.Background(), nil)
		if err != nil {
			t.Errorf("Residue: %v", err)
		}
		for _, x := range left {
			t.Errorf("left behind: %s %s of %q", x.Kind, x.Name, x.Sandbox)
		}
	})
}

var serial = time.Now().UnixNano() % 1e9

// spec is a sandbox of the suite's image with small limits and its own id.
func (s suite) spec(args ...string) glovebox.SandboxSpec {
	serial++
	return glovebox.SandboxSpec{
		ID: fmt.Sprintf("test%d-1", serial), Tenant: glovebox.LocalTenant, Image: s.img.Image,
		Runtime: s.n.Runtime, Args: args, Env: []string{"PATH=/bin"}, Workdir: "/", User: "1000:1000",
		Limits: glovebox.Limits{
			Memory: 128 << 20, CPUs: 1, Pids: 64, Disk: 16 << 20, Inodes: 1000, Files: 256, Output: 1 << 20,
		},
	}
}

func wantKind(t testing.TB, err error, want glovebox.Kind) {
	t.Helper()
	if got := glovebox.KindOf(err); got != want {
		t.Errorf("error is %q, want kind %q: %v", got, want, err)
	}
	if err != nil && want != "" && glovebox.AsError(err).Message == "" {
		t.Errorf("error of kind %q says nothing", got(err))
	}
}

func got(err error) glovebox.Kind { return glovebox.KindOf(err) }
