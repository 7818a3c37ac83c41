package hostile

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"glovebox/e2e/box"
)

func newCanary(t *testing.T) string {
	t.Helper()
	b := make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(b)
}

// data is family 3: job A leaves a canary wherever it can, B looks for it beside
// A, and C where A was.
func (s *stand) data(t *testing.T) {
	s.dataControl(t)
	canary := newCanary(t)
	s.parked(t)
	a := strings.TrimSpace(s.b.Must(append(append([]string{"run", "--detach"}, s.args...),
		"--env", "LEFT=canary-"+canary, "attacker:test", "--", "/attacker", "leave", "-canary", canary)...))
	waitFor(t, 20*time.Second, func() bool { return strings.Contains(s.b.Run("logs", a).Stdout, "left") })
	for _, when := range []string{"beside", "after"} {
		for _, r := range results(t, s.job(t, nil, "scan", "-canary", canary)) {
			s.note(t, Attempt{Family: r.Family, Column: s.column, Case: s.how + ": " + when + ": " + r.Case, Succeeded: r.Succeeded, Detail: r.Detail})
		}
		if when == "beside" {
			s.b.Must("cancel", a)
			waitFor(t, 20*time.Second, func() bool { return strings.Contains(s.b.Must("show", "--json", a), `"ARCHIVED"`) })
		}
	}
	// What is left of A's files on the machine is nothing, too.
	where, err := inTree(s.b.Data, []byte("canary-"+canary))
	if err != nil {
		t.Error(err)
	}
	s.note(t, Attempt{Family: 3, Column: s.column, Case: s.how + ": left on the node", Succeeded: where != "", Detail: where})
}

// dataControl shows that what is left is found where nothing is between.
func (s *stand) dataControl(t *testing.T) {
	t.Helper()
	canary, dir := newCanary(t), t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, s.attacker, "leave", "-canary", canary, "-find", dir)
	cmd.Env = append(os.Environ(), "LEFT=canary-"+canary)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	out := &box.Buffer{}
	cmd.Stdout = out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cancel(); _ = cmd.Wait() }()
	waitFor(t, 10*time.Second, func() bool { return strings.Contains(out.String(), "left") })
	for _, r := range results(t, s.free(t, "scan", "-canary", canary, "-find", dir)) {
		s.sheet.Control("scan: "+r.Case, r.Succeeded)
		if !r.Succeeded {
			t.Errorf("control: %s: not found where nothing is between: %s; %s", r.Case, r.Detail, out)
		}
	}
	where, err := inTree(dir, []byte("canary-"+canary))
	s.sheet.Control("scan: left on the node", where != "" && err == nil)
}

// inTree looks for a canary in regular files below dir, apart from the store's
// record of the job that had it in its environment.
func inTree(dir string, canary []byte) (string, error) {
	found := ""
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || found != "" {
			return nil // it went while we looked
		}
		if !d.Type().IsRegular() || strings.Contains(path, "/control/") || strings.Contains(path, "/store/") {
			return nil
		}
		if data, err := os.ReadFile(path); err == nil && bytes.Contains(data, canary) {
			found = path
		}
		return nil
	})
	return found, err
}

func waitFor(t *testing.T, d time.Duration, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(d); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("did not come about within %s", d)
		}
	}
}
