package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"glovebox"
	"glovebox/store/sqlite"
)

// killed names the folder that a child of this test binary writes to until
// its end, which is a SIGKILL.
const killed = "GLOVEBOX_TEST_KILLED_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killed); dir != "" {
		writeForever(dir)
	}
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// writeForever tells of each write after it was acknowledged: a create, then
// an update of the same job, lazily or not, then a document and an event about
// it.
func writeForever(dir string) {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, filepath.Join(dir, "glovebox.db"))
	if err != nil {
		panic(err)
	}
	tell := make(chan string, 1024)
	for i := range 8 {
		go func() {
			for n := 0; ; n++ {
				job := glovebox.Job{
					ID: glovebox.NewID("job-"), Tenant: "alice", CreatedAt: time.Now(),
					Spec: glovebox.Spec{Labels: map[string]string{"writer": fmt.Sprint(i)}},
				}
				key := &glovebox.IdempotencyKey{Key: job.ID, Fingerprint: job.ID, Expires: job.CreatedAt.Add(time.Hour)}
				job, _, err := s.CreateJob(ctx, job, key)
				if err != nil {
					panic(err)
				}
				tell <- fmt.Sprintf("%s %d\n", job.ID, job.Version)
				job, err = s.UpdateJob(ctx, job, glovebox.Durability(n%2))
				if err != nil {
					panic(err)
				}
				tell <- fmt.Sprintf("%s %d\n", job.ID, job.Version)
				told := glovebox.AuditEvent{Tenant: "alice", At: job.CreatedAt, Action: job.ID}
				seen := glovebox.Write{Kind: "seen", Key: job.ID, Value: []byte("v")}
				if err := s.Commit(ctx, []glovebox.Write{seen}, told); err != nil {
					panic(err)
				}
				tell <- fmt.Sprintf("seen/%s 1\n", job.ID)
			}
		}()
	}
	for line := range tell {
		_, _ = os.Stdout.WriteString(line) // the parent is gone or reads all
	}
}

// TestKill: what was acknowledged is there after kill -9, round after round on
// one file, and the file is whole. It says nothing about power cuts, for which
// there is the sync.
func TestKill(t *testing.T) {
	rounds := 5
	if testing.Short() {
		rounds = 2
	}
	dir := t.TempDir()
	want := map[string]int64{}
	for round := range rounds {
		fresh := killWriter(t, dir, 5+rand.IntN(800))
		if len(fresh) == 0 {
			t.Fatal("the writer came to nothing")
		}
		for id, version := range fresh {
			want[id] = version
		}
		got := versions(t, dir)
		for id, version := range want {
			if got[id] < version {
				t.Errorf("round %d: %s is at version %d, and %d was acknowledged", round, id, got[id], version)
			}
		}
		checkIntegrity(t, dir)
	}
	t.Logf("%d jobs acknowledged over %d kills", len(want), rounds)
}

// versions opens the store that was left behind and reads the versions of all
// its jobs; 0 stands for one that is not there.
func versions(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	s := openIn(t, dir)
	got := map[string]int64{}
	f := glovebox.JobFilter{Tenant: "alice", Limit: 1000}
	for {
		page, err := s.ListJobs(context.Background(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, job := range page.Jobs {
			got[job.ID] = job.Version
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			break
		}
	}
	addSeen(t, s, got)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return got
}

// addSeen adds the documents as seen/id, and wants one event for each and the
// chain to be whole.
func addSeen(t *testing.T, s glovebox.Store, got map[string]int64) {
	t.Helper()
	var all []glovebox.AuditEvent
	for {
		f := glovebox.AuditFilter{Tenant: "alice", After: int64(len(all)), Limit: 1000}
		events, err := s.AuditEvents(context.Background(), f)
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, events...); len(events) < f.Limit {
			break
		}
	}
	if err := glovebox.VerifyChain(all); err != nil {
		t.Error(err)
	}
	for _, e := range all {
		r, err := s.Record(context.Background(), "seen", e.Action)
		if err != nil {
			t.Errorf("the event is there, and: %v", err)
		}
		got["seen/"+e.Action] = r.Version
	}
	if len(all) > 0 && all[0].Seq != 1 {
		t.Errorf("the chain begins at %d", all[0].Seq)
	}
}

// killWriter runs a child that writes, kills it once it has told of a number
// of writes, and returns all it told of.
func killWriter(t *testing.T, dir string, after int) map[string]int64 {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), killed+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var kill sync.Once
	defer kill.Do(func() { _ = child.Process.Kill() })
	told := map[string]int64{}
	lines := bufio.NewReader(out)
	for n := 0; ; n++ {
		if n == after {
			kill.Do(func() { go func() { _ = child.Process.Kill() }() })
		}
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			break // what is left is no whole line, so maybe not acknowledged
		}
		if err != nil {
			t.Fatal(err)
		}
		var id string
		var version int64
		if _, err := fmt.Sscan(strings.TrimSpace(line), &id, &version); err != nil {
			t.Fatal(err)
		}
		told[id] = max(told[id], version)
	}
	if err := child.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the writer ended with %v", err)
	}
	return told
}
