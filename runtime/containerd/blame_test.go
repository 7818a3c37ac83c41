package containerd_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"glovebox"
	"glovebox/runtime/containerd"
	"glovebox/runtime/runtimetest"
)

// blameRounds is how often TestBlame kills; GLOVEBOX_BLAME_ROUNDS overrides it.
const blameRounds = 12

// atOnce is how many sandboxes are under way when it does.
const atOnce = 4

// told is what a runtime said about one sandbox.
type told struct {
	park, create, start, wait error
	claimed                   bool
	code                      int
}

// TestBlame kills the shim or containerd somewhere in the making, start and run
// of a sandbox. Whatever the dying say, no error may put it on the job.
func TestBlame(t *testing.T) { blame(t, false) }

// TestBlameParked does it to sandboxes that are parked before.
func TestBlameParked(t *testing.T) { blame(t, true) }

func blame(t *testing.T, parked bool) {
	rounds := blameRounds
	if s := os.Getenv("GLOVEBOX_BLAME_ROUNDS"); s != "" {
		rounds, _ = strconv.Atoi(s)
	}
	n := newNode(t, glovebox.RuntimeGVisor)
	r := n.open(t)
	img := runtimetest.NewImage(t)
	if err := r.EnsureImage(t.Context(), img.Image, img.Fetch); err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 2))
	seen := map[string]int{}
	for i := range rounds {
		var batch []glovebox.SandboxSpec
		done := make(chan told, atOnce)
		for j := range atOnce {
			spec := glovebox.SandboxSpec{
				ID: fmt.Sprintf("blame-%d-%d", i+1, j+1), Image: img.Image, Runtime: glovebox.RuntimeGVisor,
				Args: []string{"/bin/sh", "-c", "exit 5"}, Limits: glovebox.DefaultLimits(),
			}
			if parked {
				spec.Parked = "pool-" + spec.ID
			}
			batch = append(batch, spec)
			go func() { done <- live(t.Context(), r, spec) }()
		}
		time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond)
		if i%4 == 3 {
			n.daemon.kill()
			n.startDaemon(t)
		} else {
			n.shim.kill()
			n.startShim(t)
		}
		for range atOnce {
			got := <-done
			got.judge(t, i, seen)
		}
		for _, spec := range batch {
			destroyed(t, r, spec.ID)
			if parked {
				destroyed(t, r, spec.Parked)
			}
		}
		if left, err := r.Residue(t.Context(), nil); err != nil || len(left) > 0 {
			t.Errorf("round %d leaves %v, %v", i, left, err)
		}
	}
	t.Logf("%v", seen)
	if seen["park unavailable"]+seen["create unavailable"]+seen["create not_found"]+seen["start node_lost"]+seen["wait node_lost"] == 0 {
		t.Error("no kill was felt: this proves nothing")
	}
}

// judge checks what was said and counts it.
func (got told) judge(t *testing.T, round int, seen map[string]int) {
	t.Helper()
	for _, c := range []struct {
		step string
		err  error
		may  []glovebox.Kind
	}{
		{"park", got.park, []glovebox.Kind{"", glovebox.KindUnavailable}},
		{"create", got.create, got.mayCreate()},
		{"start", got.start, []glovebox.Kind{"", glovebox.KindUnavailable, glovebox.KindNotFound, glovebox.KindNodeLost}},
		{"wait", got.wait, []glovebox.Kind{"", glovebox.KindNodeLost, glovebox.KindNotFound}},
	} {
		kind := glovebox.KindOf(c.err)
		seen[c.step+" "+string(kind)]++
		if !slices.Contains(c.may, kind) {
			t.Errorf("round %d: %s says %s: %v", round, c.step, kind, c.err)
		}
	}
	if got.park == nil && got.create == nil && got.start == nil && got.wait == nil && got.code != 5 {
		t.Errorf("round %d: the command is said to have exited with %d", round, got.code)
	}
}

// mayCreate: of a parked sandbox that is gone it is said that it is not there.
func (got told) mayCreate() []glovebox.Kind {
	may := []glovebox.Kind{"", glovebox.KindUnavailable}
	if got.claimed {
		may = append(may, glovebox.KindNotFound)
	}
	return may
}

func destroyed(t *testing.T, r runtimetest.System, id string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if err := r.Destroy(t.Context(), id); err == nil {
			return
		} else if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// live takes a sandbox as far as it comes.
func live(ctx context.Context, r *containerd.Runtime, spec glovebox.SandboxSpec) (got told) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if got.claimed = spec.Parked != ""; got.claimed {
		if got.park = r.Park(ctx, spec.Parked, glovebox.Template{Name: glovebox.PoolGeneric}); got.park != nil {
			return got
		}
	}
	if got.create = r.Create(ctx, spec); got.create != nil {
		return got
	}
	if got.start = r.Start(ctx, spec.ID); got.start != nil {
		return got
	}
	exit, err := r.Wait(ctx, spec.ID)
	got.wait, got.code = err, exit.Code
	return got
}
