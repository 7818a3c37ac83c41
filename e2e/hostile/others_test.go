package hostile

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// others runs what only asks by programs of others, for the scoreboard.
func (g *ground) others(t *testing.T) {
	ways := map[string]func(*testing.T, []string) string{}
	if _, err := exec.LookPath("runc"); err != nil {
		t.Error("there is no runc to compare with (Debian: runc)")
	} else {
		ways[Default] = g.runc
	}
	if _, err := exec.LookPath("bwrap"); err != nil {
		t.Log("bubblewrap is not compared with: it is not installed (Debian: bubblewrap)")
	} else {
		ways[Bwrap] = g.bwrap
	}
	for column, run := range ways {
		for _, words := range asks {
			mark := g.w.Ledger.Mark()
			g.judge(t, column, column, mark, results(t, run(t, []string{words})), nothing)
		}
		g.countSurfaces(t, column, column, openSurfaces(t, run(t, []string{"surfaces"})))
	}
}

// runc runs the attacker as `runc spec` proposes.
func (g *ground) runc(t *testing.T, words []string) string {
	t.Helper()
	bundle := t.TempDir()
	if out, err := exec.Command("runc", "spec", "--bundle", bundle).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	path := filepath.Join(bundle, "config.json")
	var spec map[string]any
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &spec)
	}
	if err != nil {
		t.Fatal(err)
	}
	process, _ := spec["process"].(map[string]any)
	if process == nil {
		t.Fatalf("there is no process in %s", data)
	}
	process["args"], process["terminal"] = append([]string{"/attacker"}, words...), false
	spec["root"] = map[string]any{"path": g.root, "readonly": true}
	if data, err = json.Marshal(spec); err == nil {
		err = os.WriteFile(path, data, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(t.TempDir(), "state")
	return g.outside(t, exec.Command("runc", "--root", state, "run", "--bundle", bundle, filepath.Base(g.dir)+"-hostile"))
}

// bwrap runs it in everything that can be unshared.
func (g *ground) bwrap(t *testing.T, words []string) string {
	t.Helper()
	args := []string{"--unshare-all", "--die-with-parent", "--clearenv", "--ro-bind", g.root, "/", "--proc", "/proc", "--dev", "/dev", "--chdir", "/", "--", "/attacker"}
	return g.outside(t, exec.Command("bwrap", append(args, words...)...))
}
