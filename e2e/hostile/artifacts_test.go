package hostile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// artifactsLimit is what jobs of this family may leave, in bytes.
const artifactsLimit = 8 << 20

// artifacts is family 8: what a job leaves in /out, and whoever takes it home.
func (s *stand) artifacts(t *testing.T) {
	dir := t.TempDir()
	canary := filepath.Join(dir, "outside", "canary")
	if err := os.MkdirAll(filepath.Dir(canary), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(canary, []byte("canary"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.parked(t)
	label, agent, control := "artifacts="+s.how, s.rss("agent"), s.rss("control")
	home := filepath.Join(dir, "home")
	line := append([]string{"run", "--label", label, "--out", home, "--timeout", "60s", "--artifacts-limit", strconv.Itoa(artifactsLimit)}, s.args...)
	r := s.b.Run(append(line, "attacker:test", "--", "/attacker", "artifacts", "-find", "/out", "-canary", canary)...)
	if r.Code != 0 || !strings.Contains(r.Stdout, "made ") {
		t.Errorf("attacker: %+v", r)
	}
	grown := max(s.rss("agent")-agent, s.rss("control")-control)
	found := look(t, home)
	if found["plain"] == "" {
		t.Errorf("nothing came home: %v", found)
	}
	job := shown(t, s.b, label)
	left, listed := job.Artifacts, onTerminal(t, s.b, "artifacts", "list", job.ID)
	for name, a := range map[string]struct {
		worked bool
		detail string
	}{
		"a link, device, socket or FIFO": {found["odd"] != "", found["odd"]},
		"rights of an owner":             {found["setuid"] != "", found["setuid"]},
		"a name that is an instruction":  {found["name"] != "" || strings.Contains(listed, "\x1b["), found["name"]},
		"a path without end":             {found["deep"] != "", found["deep"]},
		"more files than may be":         {left.Files+left.Folders > 10_000, fmt.Sprint(left)},
		"more bytes than may be":         {left.Bytes+left.IndexBytes > artifactsLimit || found["sparse"] != "", fmt.Sprint(left)},
		"memory of agent and control":    {grown > 64<<20, fmt.Sprint("grown by ", grown)},
		"left out without a word":        {left.LeftOut == 0 || !left.Truncated, fmt.Sprint(left)},
		"what lies beside it":            {content(canary) != "canary", canary},
	} {
		s.note(t, Attempt{Family: 8, Column: s.column, Case: s.how + ": " + name, Succeeded: a.worked, Detail: a.detail})
	}
	s.freeArtifacts(t, filepath.Join(dir, "free"), canary)
}

// freeArtifacts shows on the host what a folder of the attacker's is to whoever
// takes it as it is.
func (s *stand) freeArtifacts(t *testing.T, dir, canary string) {
	t.Helper()
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.free(t, "artifacts", "-find", dir, "-canary", canary, "-most", "100")
	found := look(t, dir)
	for name, held := range map[string]bool{
		"odd": found["odd"] != "", "setuid": found["setuid"] != "", "name": found["name"] != "", "deep": found["deep"] != "",
		"sparse": found["sparse"] != "", "through a link": content(filepath.Join(dir, "link")) == "canary",
		"through a relative link": content(filepath.Join(dir, "relative")) == "canary",
	} {
		s.sheet.Control("artifacts: "+name, held)
		if !held {
			t.Errorf("control: %s cannot be seen in %s", name, dir)
		}
	}
}

func content(path string) string {
	b, _ := os.ReadFile(path)
	return string(b)
}

// look says what of a folder should not be there, by what is wrong with it, and
// whether what may be there is.
func look(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		switch {
		case name == "a plain file":
			found["plain"] = name
		case !st.IsDir() && !st.Mode().IsRegular():
			found["odd"] = name
		case st.Mode()&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky) != 0 || st.Mode().Perm()&0o022 != 0:
			found["setuid"] = name
		case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || r == '\\' || r == '\ufffd' }):
			found["name"] = name
		case strings.Count(name, "/") > 64 || len(name) > 1024:
			found["deep"] = name[:64]
		case st.Size() > artifactsLimit:
			found["sparse"] = name
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// leftBy is what is told of a job's artifacts.
type leftBy struct {
	Files, Folders, LeftOut int
	Bytes, IndexBytes       int64
	Truncated               bool
}
