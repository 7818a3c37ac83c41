package instance

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestUIDsDoNotMeet(t *testing.T) {
	needRoot(t)
	h, base := tempHost(t), short(t)
	seen := map[int]bool{}
	for n := range 20 {
		i := mustOpen(t, filepath.Join(base, itoa(n)), h)
		if seen[i.ControlUID] {
			t.Fatalf("uid %d twice", i.ControlUID)
		}
		seen[i.ControlUID] = true
	}
}

func TestUIDAvoidsUsers(t *testing.T) {
	needRoot(t)
	h, dir := tempHost(t), filepath.Join(short(t), "x")
	first, claim, err := h.claimUID(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	claim.Close()
	os.WriteFile(h.Passwd, fmt.Appendf(nil, "root:x:0:0\n\n#\nsomebody:x:%d:%d::/:/bin/sh\n", first, first), 0o644)
	second, claim, err := h.claimUID(dir, 0)
	if err != nil || second == first {
		t.Fatal(second, err)
	}
	claim.Close()
	os.MkdirAll(filepath.Join(h.Systemd, itoa(second)), 0o755)
	third, claim, err := h.claimUID(dir, 0)
	if err != nil || third == first || third == second {
		t.Fatal(third, err)
	}
	claim.Close()
}

// An instance whose uid was taken in the meantime moves to another one, with
// everything that its control owned and nothing else.
func TestUIDMoves(t *testing.T) {
	needRoot(t)
	h, dir := tempHost(t), filepath.Join(short(t), "x")
	i := mustOpen(t, dir, h)
	own, foreign := filepath.Join(i.Control(), "store.db"), filepath.Join(i.Control(), "foreign")
	for _, f := range []string{own, foreign} {
		os.WriteFile(f, nil, 0o600)
	}
	os.Chown(own, i.ControlUID, i.ControlUID)
	i.Close()
	os.WriteFile(h.Passwd, fmt.Appendf(nil, "somebody:x:%d:0::/:/bin/sh\n", i.ControlUID), 0o644)

	again := mustOpen(t, dir, h)
	if again.ControlUID == i.ControlUID || again.ID != i.ID {
		t.Fatalf("%+v then %+v", i.Record, again.Record)
	}
	if uid, _ := owner(t, own); uid != again.ControlUID {
		t.Errorf("own file has uid %d", uid)
	}
	if uid, _ := owner(t, foreign); uid != 0 {
		t.Errorf("foreign file has uid %d", uid)
	}
	if r, _ := Read(i.Layout); r != again.Record {
		t.Errorf("recorded %+v", r)
	}
}

func TestDockerConfig(t *testing.T) {
	needRoot(t)
	i := mustOpen(t, filepath.Join(short(t), "x"), tempHost(t))
	src, dst := filepath.Join(t.TempDir(), "config.json"), filepath.Join(i.Docker(), "config.json")
	os.WriteFile(src, []byte(`{"credsStore":"evil","auths":{"r.example":{"auth":"eDp5"}}}`), 0o600)
	for range 2 {
		if err := i.GiveDockerConfig(src); err != nil {
			t.Fatal(err)
		}
	}
	b, _ := os.ReadFile(dst)
	if string(b) != `{"auths":{"r.example":{"auth":"eDp5"}}}` {
		t.Fatalf("%s", b)
	}
	if uid, mode := owner(t, dst); uid != i.ControlUID || mode != 0o600 {
		t.Fatal(uid, mode)
	}
	if err := i.GiveDockerConfig(src + "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dst); err == nil {
		t.Fatal("the old passwords are still there")
	}
}
