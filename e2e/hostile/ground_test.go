package hostile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"glovebox/e2e/box"
	"glovebox/e2e/fixture"
	"glovebox/e2e/internet"
	"glovebox/e2e/internet/places"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func TestMain(m *testing.M) {
	if os.Getenv("GLOVEBOX_BIN") == "" {
		if dir, err := filepath.Abs("../../bin"); err == nil {
			_ = os.Setenv("GLOVEBOX_BIN", dir)
		}
	}
	os.Exit(m.Run())
}

// ground is what all attacks of the suite share.
type ground struct {
	w        *internet.World
	sheet    *Sheet
	dir      string
	attacker string // program
	archive  string // image "attacker:test": busybox and the program
	root     string // the same, unpacked
}

func newGround(t *testing.T) *ground {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("skipped: namespaces need root")
	}
	w, err := internet.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	g := &ground{w: w, sheet: &Sheet{}, dir: t.TempDir()}
	g.attacker, g.archive, g.root = filepath.Join(g.dir, "attacker"), filepath.Join(g.dir, "attacker.tar"), filepath.Join(g.dir, "root")
	if err := fixture.Build(g.attacker, "glovebox/e2e/attacker"); err != nil {
		t.Fatal(err)
	}
	for path := g.dir; path != "/tmp" && path != "/"; path = filepath.Dir(path) { // controls run as somebody else
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := fixture.Busybox(fixture.BusyboxPath)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(g.attacker)
	if err != nil {
		t.Fatal(err)
	}
	tree["attacker"] = fixture.Entry{Mode: 0o755, Data: data}
	g.pack(t, tree)
	return g
}

// pack makes the archive and the folder of a tree.
func (g *ground) pack(t *testing.T, tree fixture.Tree) {
	t.Helper()
	img, err := fixture.Image(tree, v1.Config{Env: []string{"PATH=/bin:/usr/bin"}})
	if err == nil {
		err = fixture.WriteArchive(g.archive, "attacker:test", img)
	}
	raw, err2 := tree.Tar()
	if err := errors.Join(err, err2, os.Mkdir(g.root, 0o755)); err != nil {
		t.Fatal(err)
	}
	untar := exec.Command("tar", "-C", g.root, "-xf", "-")
	untar.Stdin = bytes.NewReader(raw)
	if out, err := untar.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// up starts a glovebox on the internet's host, with the attacker's image.
func (g *ground) up(t *testing.T, args ...string) *box.Box {
	t.Helper()
	b := box.New(t)
	ca := filepath.Join(g.dir, "world.pem")
	if err := os.WriteFile(ca, g.w.CA.PEM, 0o644); err != nil {
		t.Fatal(err)
	}
	b.Env = append(b.Env, "SSL_CERT_FILE="+ca)
	if err := g.w.Host.Do(func() error { b.Start(args...); return nil }); err != nil {
		t.Fatal(err)
	}
	b.Must("image", "import", g.archive)
	return b
}

// result is what the attacker prints about a trial.
type result struct {
	Family    int
	Case      string
	Attempted bool
	Succeeded bool
	Trace     string
	Detail    string
	Millis    int
}

// results reads what an attacker printed. There must be some.
func results(t *testing.T, out string) []result {
	t.Helper()
	var all []result
	for line := range strings.Lines(out) {
		var r result
		if json.Unmarshal([]byte(line), &r) == nil && r.Attempted {
			all = append(all, r)
		}
	}
	if len(all) == 0 {
		t.Errorf("the attacker has tried nothing:\n%.2000s", out)
	}
	return all
}

// free runs the attacker on the internet's host, where nothing holds it back.
func (g *ground) free(t *testing.T, args ...string) string {
	t.Helper()
	return g.outside(t, exec.Command(g.attacker, args...))
}

// outside runs a command on the internet's host.
func (g *ground) outside(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &errs, 5*time.Second
	if err := g.w.Host.Do(cmd.Start); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })()
	if err := cmd.Wait(); err != nil {
		t.Errorf("%s: %v\n%.1000s", strings.Join(cmd.Args, " "), err, errs.String())
	}
	return out.String()
}

// bounded is the attacker as nobody in particular, with bounds of ours, so that
// a bomb shows that it works and harms nobody.
func (g *ground) bounded(t *testing.T, args ...string) string {
	t.Helper()
	home, err := os.MkdirTemp(g.dir, "bounded")
	if err != nil || os.Chmod(home, 0o777) != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(home)
	size := 128 << 20
	if args[0] == "sparse" { // which writes little, but far apart
		size = 1 << 41
	}
	cmd := exec.Command("prlimit", append([]string{"--nproc=2000", "--fsize=" + itoa(size), "--nofile=4096", "--as=" + itoa(8<<30), "--", g.attacker}, args...)...)
	cmd.Dir, cmd.Env = home, []string{"TMPDIR=" + home}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: &syscall.Credential{Uid: 64999, Gid: 64999}}
	defer func() {
		if cmd.Process != nil {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		}
	}()
	return g.outside(t, cmd)
}

// control notes for each case whether it works on the internet's host.
func (g *ground) control(t *testing.T, words ...string) {
	t.Helper()
	mark := g.w.Ledger.Mark()
	for _, r := range results(t, g.free(t, words...)) {
		held := r.Succeeded || r.Trace != "" && len(g.traces(mark, r.Trace)) > 0
		g.sheet.Control(words[0]+": "+r.Case, held)
		if !held {
			t.Errorf("control: %s: %s does not work where nothing holds it back: %s", words[0], r.Case, r.Detail)
		}
	}
}

// traces are what has arrived since mark and tells of a trial.
func (g *ground) traces(mark int, trace string) []internet.Arrival {
	time.Sleep(50 * time.Millisecond) // what is under way arrives
	return g.w.Ledger.Since(mark, func(a internet.Arrival) bool { return strings.Contains(a.String(), trace) })
}

// judge notes the results of a run, and what arrived that was not expected.
func (g *ground) judge(t *testing.T, column, how string, mark int, all []result, expected func(internet.Arrival) bool) {
	t.Helper()
	for _, r := range all {
		if strings.HasPrefix(r.Detail, "not even") {
			t.Errorf("%s: %s was not really tried: %s", how, r.Case, r.Detail)
		}
		worked := r.Succeeded || r.Trace != "" && len(g.traces(mark, r.Trace)) > 0
		g.note(t, Attempt{Family: r.Family, Column: column, Case: how + ": " + r.Case, Succeeded: worked, Detail: r.Detail})
	}
	time.Sleep(50 * time.Millisecond)
	seen := map[string]bool{}
	for _, a := range g.w.Ledger.Since(mark, func(a internet.Arrival) bool { return !expected(a) }) {
		if key := a.Server + a.To.String(); !seen[key] {
			seen[key] = true
			family := 1
			if strings.Contains(places.Metadata+places.Metadata6+places.Task+places.Alibaba, a.To.Addr().String()) {
				family = 2
			}
			g.note(t, Attempt{Family: family, Column: column, Case: how + ": arrived: " + a.String(), Succeeded: true})
		}
	}
}

// note adds an attempt, and fails the test if it is one that must not work.
func (g *ground) note(t *testing.T, a Attempt) {
	t.Helper()
	g.sheet.Add(a)
	if a.Succeeded && a.Column == GVisor {
		t.Errorf("family %d: %s has worked: %s", a.Family, a.Case, a.Detail)
	}
}
