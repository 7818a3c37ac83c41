package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"glovebox"
	"glovebox/e2e/box"
)

// backedUp is what the CLI says of a job.
type backedUp struct {
	JobID, Status, Outcome, Reason string
	Error                          struct{ Message string }
}

// TestBackup takes a backup while jobs run, wait and come in, restores it in
// another folder, and compares: every job that had been archived has the same
// output, every other one has an end that says why, and nothing of it runs again.
func TestBackup(t *testing.T) {
	b := up(t)
	key := backupKey(t)
	var ids []string
	for n := range 12 {
		ids = append(ids, strings.TrimSpace(b.Must("run", "--detach", "busybox:test", "--", "sh", "-c",
			fmt.Sprintf("seq %d; seq %d >&2", 1000*n, 10*n))))
	}
	settle(t, b, ids)
	long := strings.TrimSpace(b.Must("run", "--detach", "busybox:test", "--", "sh", "-c", "echo begun; sleep 600"))
	waitFor(t, 30*time.Second, func() bool { return b.Run("logs", long).Stdout == "begun\n" })
	if r := b.RunIn(strings.NewReader("hunter2hunter2"), "secret", "set", "KEY", "--any-domain"); r.Code != 0 {
		t.Fatal(r.Stderr)
	}

	file, later := backupUnderLoad(t, b, key)
	if strings.Contains(read(t, file), "begun") || strings.Contains(read(t, file), "hunter2") {
		t.Error("the backup can be read")
	}
	b.Must("cancel", long)
	settle(t, b, append(slices.Clone(later), long))

	c := box.New(t)
	r := c.Run("restore", file, "--data", c.Data, "--passphrase-file", key, "--json")
	var restored struct {
		Jobs, Ended int
		Instance    string
	}
	if err := json.Unmarshal([]byte(r.Stdout), &restored); err != nil || r.Code != 0 || restored.Ended < 1 {
		t.Fatalf("exit %d, %v\n%s%s", r.Code, err, r.Stdout, r.Stderr)
	}
	c.Start()
	same := compare(t, b, c, ids)
	if same != len(ids) {
		t.Errorf("%d of %d archived jobs are as they were", same, len(ids))
	}
	had := jobsOf(t, c)
	if len(had) != restored.Jobs {
		t.Errorf("%d jobs are there, and %d were restored", len(had), restored.Jobs)
	}
	ended := 0
	for id, j := range had {
		if j.Outcome != "COMPLETED" {
			ended++
			parse(t, c.Must("show", "--json", id), &j) // a list does not say what went wrong
			if j.Outcome != "FAILED" || j.Reason != "node_lost" || !strings.Contains(j.Error.Message, "restored from a backup") {
				t.Errorf("%s: %+v", id, j)
			}
		}
	}
	if had[long].Reason != "node_lost" || ended != restored.Ended {
		t.Errorf("the job that ran: %+v; %d ended by the restore, %d said", had[long], ended, restored.Ended)
	}
	if out := c.Must("logs", long); out != "begun\n" {
		t.Errorf("what it had written by then: %q", out)
	}
	settle(t, c, []string{long})
	if r := c.Run("audit", "verify"); r.Code != 0 {
		t.Errorf("the audit chain: %s%s", r.Stdout, r.Stderr)
	}
	if out := c.Must("run", "busybox:test", "--", "echo", "again"); out != "again\n" {
		t.Error(out)
	}
	if len(starts(c)) != 1 {
		t.Errorf("commands were started: %v; want the one of now", starts(c))
	}
	if out := c.Must("secret", "list"); !strings.Contains(out, "KEY") {
		t.Error(out)
	}
	cleanWithin(t, c, 30*time.Second)
	t.Logf("%d jobs restored, %d of them ended by it", restored.Jobs, restored.Ended)
}

// backupUnderLoad takes a backup while jobs come in and run.
func backupUnderLoad(t *testing.T, b *box.Box, key string) (file string, later []string) {
	t.Helper()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range 2 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				id := strings.TrimSpace(b.Must("run", "--detach", "busybox:test", "--", "sh", "-c", fmt.Sprintf("seq %d", 100*n)))
				mu.Lock()
				later = append(later, id)
				mu.Unlock()
			}
		})
	}
	count := func() int { mu.Lock(); defer mu.Unlock(); return len(later) }
	waitFor(t, 30*time.Second, func() bool { return count() >= 4 })
	before := count()
	dir := t.TempDir()
	file = strings.TrimSpace(b.Must("backup", "-o", dir, "--passphrase-file", key))
	if count() == before {
		t.Log("no job came in while the backup was taken")
	}
	waitFor(t, 30*time.Second, func() bool { return count() > before })
	close(stop)
	wg.Wait()
	if st, err := os.Stat(file); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", st.Mode(), err)
	}
	if found, _ := os.ReadDir(dir); len(found) != 1 {
		t.Errorf("beside the backup: %v", found)
	}
	return file, later
}

// compare counts the jobs that say and hold the same in both.
func compare(t *testing.T, a, b *box.Box, ids []string) (same int) {
	t.Helper()
	for _, id := range ids {
		equal := a.Must("show", "--json", id) == b.Must("show", "--json", id)
		if x, y := a.Run("logs", id), b.Run("logs", id); !equal || x.Stdout != y.Stdout || x.Stderr != y.Stderr || len(x.Stdout)+len(x.Stderr) == 0 && id != ids[0] {
			t.Errorf("job %s differs: %s\n%s", id, a.Must("show", "--json", id), b.Must("show", "--json", id))
			continue
		}
		same++
	}
	return same
}

func jobsOf(t *testing.T, b *box.Box) map[string]backedUp {
	t.Helper()
	var all []backedUp
	if err := json.Unmarshal([]byte(b.Must("jobs", "--json", "--limit", "1000")), &all); err != nil {
		t.Fatal(err)
	}
	byID := map[string]backedUp{}
	for _, j := range all {
		byID[j.JobID] = j
	}
	return byID
}

// TestBackupPeople: who was logged in still is, and passkeys count, at an instance
// that was restored in another folder under the same name.
func TestBackupPeople(t *testing.T) {
	p := startPeople(t, nil)
	ada := p.join(p.at.FirstAdmin(), "Ada")
	key := backupKey(t)
	file := filepath.Join(t.TempDir(), "all.backup")
	p.box.Must("backup", "-o", file, "--passphrase-file", key)
	if code := p.box.Stop(); code != 0 {
		t.Errorf("glovebox up ended with %d", code)
	}
	c := box.New(t)
	if r := c.Run("restore", file, "--data", c.Data, "--passphrase-file", key); r.Code != 0 {
		t.Fatal(r.Stderr)
	}
	q := &people{t, c, c.StartPublic("--listen", p.host())}
	ada.Must("whoami")
	if status, kind := ada.ask(http.MethodGet, "/v1/me", "", nil, nil); status != http.StatusOK {
		t.Errorf("the browser's session: %d %s", status, kind)
	}
	if err := ada.browser.Login(t.Context()); err != nil {
		t.Errorf("the passkey: %v", err)
	}
	refused(t, c.Run("admin", "link"), glovebox.KindConflict)
	if strings.Contains(q.at.Since(), "/enrol#") {
		t.Errorf("a link for another first admin was printed\n%s", q.at.Since())
	}
}

// backupKey is a file with a passphrase.
func backupKey(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "passphrase")
	if err := os.WriteFile(path, []byte("correct horse battery staple\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
