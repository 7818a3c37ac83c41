package e2e

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"glovebox/e2e/box"
	"glovebox/e2e/machine"
	"glovebox/e2e/nbd"
)

// powerCuts is how often TestPowerCut takes the power away;
// GLOVEBOX_POWER_CUTS overrides it.
const powerCuts = 3

// cutAfter bounds how many jobs are acknowledged before a cut. Each has to run
// on an emulated processor afterwards.
const cutAfter = 5

// TestPowerCut takes the power away from a whole machine while jobs are
// accepted. Its disk keeps what was flushed, and of the rest nothing, or a
// random half. After the next boot every job that was acknowledged is known and
// comes to an end that says why, and none is started twice.
//
// At the end the disk begins to lie: it acknowledges flushes and keeps nothing.
// Then acknowledged jobs must be missing, or the test could not have failed.
func TestPowerCut(t *testing.T) {
	cuts := powerCuts
	if s := os.Getenv("GLOVEBOX_POWER_CUTS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			t.Fatalf("GLOVEBOX_POWER_CUTS is %q, not a number of cuts", s)
		}
		cuts = n
	}
	p := newPowerTest(t)
	p.boot()
	p.must("glovebox", "image", "import", machine.Files+"/busybox.tar")
	p.must("glovebox", "run", "busybox:test", "--", "true") // unpacks the image, shortly before the cut
	for i := range cuts {
		random := p.random
		if i%2 == 0 {
			random = nil // everything that is not flushed is lost
		}
		p.acceptAndCut(random)
		p.fsck()
		p.boot()
		p.judge()
	}
	p.lie()
	if err := p.Off(); err != nil {
		t.Error(err)
	}
}

// powerTest is a machine whose disk survives it.
type powerTest struct {
	*vm
	t      *testing.T
	kit    *machine.Kit
	random *rand.Rand
	path   string // of the disk's file
	disk   *nbd.Disk
	socket string
	log    *box.Buffer
	ids    []string        // acknowledged so far
	read   map[string]bool // of these, the ones whose output was looked at
}

func newPowerTest(t *testing.T) *powerTest {
	p := &powerTest{t: t, kit: openKit(t), log: &box.Buffer{}, read: map[string]bool{}}
	if _, err := exec.LookPath("e2fsck"); err != nil {
		t.Skip("skipped: e2fsck is missing (run: make setup)")
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	p.random = rand.New(rand.NewPCG(seed, 1))
	dir := t.TempDir()
	p.path, p.socket = filepath.Join(dir, "data.img"), filepath.Join(dir, "nbd")
	if err := machine.MakeDisk(p.path, 2<<30, ""); err != nil {
		t.Fatal(err)
	}
	var err error
	if p.disk, err = nbd.Open(p.path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.disk.Close() })
	return p
}

// boot gives the disk and the machine power.
func (p *powerTest) boot() {
	p.t.Helper()
	p.disk.Restore()
	_ = os.Remove(p.socket) // the one before it left it
	server, err := nbd.Serve(p.socket, p.disk)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = server.Close() })
	p.vm = bootVM(p.t, p.kit, "driver=nbd,server.type=unix,server.path="+p.socket, p.log)
	if mode := p.must("sh", "-c", "cat /sys/block/$(basename $(readlink /dev/disk/data))/queue/write_cache"); mode != "write back\n" {
		p.t.Fatalf("the machine thinks that its disk's cache is %q, so it would not flush", mode)
	}
}

// acceptAndCut submits jobs and cuts the power soon after a random one of them
// was acknowledged, while others are being accepted, unpacked and run.
func (p *powerTest) acceptAndCut(random *rand.Rand) {
	p.t.Helper()
	client := p.Start("/sbin/guest", "submit", "-pause", "100ms", "-socket", machine.Data+"/run/api.sock", "-image", "busybox:test", "sh", "-c", "echo begin; echo end")
	n := 1 + p.random.IntN(cutAfter)
	for end := time.Now().Add(vmPatience); strings.Count(client.Stdout.String(), "\n") < n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("%d jobs were not accepted within %s: %s%s\n%s", n, vmPatience, client.Stdout, client.Stderr, p.tail())
		}
	}
	time.Sleep(time.Duration(p.random.IntN(500)) * time.Millisecond) // anywhere in what the machine does then
	loss, err := p.disk.Cut(random)
	if err != nil {
		p.t.Fatal(err)
	}
	p.Cut()
	ids := strings.Fields(client.Stdout.String())
	p.ids = append(p.ids, ids...)
	p.t.Logf("cut after %d jobs: %d sectors were not flushed, %d of them survived; so far %+v", len(ids), loss.Unflushed, loss.Kept, p.disk.Counts())
}

// fsck checks a copy of the disk as it is after a cut: replaying the journal must
// be all that it needs.
func (p *powerTest) fsck() {
	p.t.Helper()
	twin := p.path + ".copy"
	defer os.Remove(twin)
	if out, err := exec.Command("cp", "--sparse=always", p.path, twin).CombinedOutput(); err != nil {
		p.t.Fatalf("copy the disk: %v: %s", err, out)
	}
	// The first may replay and say so by exit code 1; the second finds it clean.
	first, _ := exec.Command("e2fsck", "-p", twin).CombinedOutput()
	if out, err := exec.Command("e2fsck", "-f", "-n", twin).CombinedOutput(); err != nil {
		p.t.Errorf("the file system is broken after the cut: %v\n%s%s", err, first, out)
	}
}

// judge waits for the end of every acknowledged job.
func (p *powerTest) judge() {
	p.t.Helper()
	began := time.Now()
	jobs := p.list()
	if missing := p.missing(jobs); len(missing) > 0 {
		p.t.Fatalf("%d of %d acknowledged jobs are unknown after the cut: %v", len(missing), len(p.ids), missing)
	}
	waitFor(p.t, 2*vmPatience, func() bool {
		jobs = p.list()
		return !slices.ContainsFunc(p.ids, func(id string) bool { return jobs[id].Status != "ARCHIVED" })
	})
	ends := map[string]int{}
	for _, id := range p.ids {
		j := jobs[id]
		ends[j.end()]++
		switch {
		case j.Outcome == "COMPLETED":
			if p.read[id] {
				continue
			}
			p.read[id] = true
			if out := p.must("glovebox", "logs", id); out != "begin\nend\n" {
				p.t.Errorf("job %s completed with output %q", id, out)
			}
		case j.Outcome == "FAILED" && j.Reason == "provision_failed":
			// An emulated machine on a busy one may be too slow for the bounds
			// of a start. It is an end with a reason.
			p.t.Logf("job %s was too slow to start: %+v", id, j.Error)
		case j.Outcome != "FAILED" || j.Reason != "node_lost":
			p.t.Errorf("job %s ended as %s: %+v", id, j.end(), j.Error)
		}
	}
	if ends["COMPLETED"] == 0 {
		p.t.Error("no job completed: the cuts prove nothing")
	}
	p.onceEach()
	p.clean()
	p.t.Logf("%d jobs, ends %v, seen within %.1f s", len(p.ids), ends, time.Since(began).Seconds())
}

// list returns every job that the machine knows.
func (p *powerTest) list() map[string]killedJob {
	p.t.Helper()
	var all []struct {
		JobID string
		killedJob
	}
	out := p.must("glovebox", "jobs", "--json", "--limit", "1000")
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		p.t.Fatalf("%v\n%s", err, out)
	}
	jobs := map[string]killedJob{}
	for _, j := range all {
		jobs[j.JobID] = j.killedJob
	}
	return jobs
}

// missing lists the acknowledged jobs that are not among these.
func (p *powerTest) missing(jobs map[string]killedJob) []string {
	var missing []string
	for _, id := range p.ids {
		if _, ok := jobs[id]; !ok {
			missing = append(missing, id)
		}
	}
	return missing
}

// onceEach counts how often each job was started, over all boots and attempts.
func (p *powerTest) onceEach() {
	p.t.Helper()
	seen := 0
	for _, id := range p.ids {
		n := 0
		for sandbox, times := range startsIn(p.log.String()) {
			if strings.Contains(sandbox, strings.ToLower(id)) {
				n += times
			}
		}
		seen += min(n, 1)
		if n > 1 {
			p.t.Errorf("job %s was started %d times", id, n)
		}
	}
	if seen == 0 {
		p.t.Error("no start was seen: the count of starts proves nothing")
	}
}

// lie is the control: with a disk that keeps nothing of what it acknowledges,
// this test sees jobs that are lost.
func (p *powerTest) lie() {
	p.t.Helper()
	before := len(p.ids)
	p.disk.Lie()
	p.acceptAndCut(nil)
	p.boot()
	missing := p.missing(p.list())
	if len(missing) != len(p.ids)-before {
		p.t.Errorf("control: with a disk that lies %d of %d acknowledged jobs are lost, and the test sees that of %d", len(p.ids)-before, len(p.ids), len(missing))
	}
	p.t.Logf("control: a disk that lies lost %d of %d jobs", len(missing), len(p.ids)-before)
}
