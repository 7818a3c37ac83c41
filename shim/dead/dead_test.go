package dead_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	api "github.com/containerd/containerd/api/runtime/task/v3"
	"google.golang.org/protobuf/proto"

	"glovebox/shim/dead"
)

// TestAnswer: what is written by hand is what containerd reads.
func TestAnswer(t *testing.T) {
	for _, now := range []time.Time{time.Unix(1, 0), time.Unix(1<<31, 999_999_999), time.Now()} {
		var got api.DeleteResponse
		if err := proto.Unmarshal(dead.Answer(now), &got); err != nil {
			t.Fatal(err)
		}
		if got.ExitStatus != dead.Status || !got.ExitedAt.AsTime().Equal(now) || got.Pid != 0 {
			t.Errorf("%s: %v", now, &got)
		}
	}
}

func TestAsked(t *testing.T) {
	question := []string{"shim", "-namespace", "n", "-address", "a", "-publish-binary", "b", "-id", "i", "-bundle", "/b", "delete"}
	if !dead.Asked(question) || dead.Bundle(question) != "/b" {
		t.Errorf("not recognised: %q", dead.Bundle(question))
	}
	info := []string{"shim", "-info"}
	if !dead.Asked(info) || dead.Bundle(info) != "" {
		t.Errorf("not recognised: %q", info)
	}
	for _, other := range [][]string{
		{"shim"}, {"shim", "delete"}, {"runsc-sandbox", "--root=/r", "boot", "--bundle=/b", "job"}, {"runsc", "--root=/r", "boot", "x"},
	} {
		if dead.Asked(other) {
			t.Errorf("taken for the question: %q", other)
		}
	}
	if b := dead.Bundle([]string{"shim", "-id", "i", "delete"}); b != "" {
		t.Errorf("a bundle from nowhere: %q", b)
	}
}

// TestAlive: the shim's lock is what tells, and a bundle that names no shim
// leaves nothing to do; one whose shim has gone does.
func TestAlive(t *testing.T) {
	root, bundle := t.TempDir(), t.TempDir()
	if !dead.Alive(bundle) {
		t.Error("a bundle without a shim is to be cleaned up")
	}
	if err := os.WriteFile(filepath.Join(bundle, dead.RootFile), []byte(root), 0o600); err != nil {
		t.Fatal(err)
	}
	if dead.Alive(bundle) {
		t.Error("there is no lock, and it lives")
	}
	lock, err := os.Create(filepath.Join(root, dead.LockFile))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if dead.Alive(bundle) {
		t.Error("nobody has the lock, and it lives")
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if !dead.Alive(bundle) {
		t.Error("it has the lock, and does not live")
	}
}
