package hostile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	scoreboardFile = "testdata/scoreboard.md"
	threatModel    = "../../docs/THREAT_MODEL.md"
	beginMark      = "<!-- scoreboard: written by make hostile -->"
	endMark        = "<!-- end of scoreboard -->"
)

// scoreboard holds that gVisor's column is the one that was kept; the others are
// of this machine's kernel. With -update all are kept, and written into the
// threat model.
func (g *ground) scoreboard(t *testing.T, table string) {
	t.Helper()
	if !*update {
		kept, err := os.ReadFile(scoreboardFile)
		if err != nil {
			t.Fatalf("%v; make it with -update", err)
		}
		if got, want := column(table), column(string(kept)); got != want {
			t.Errorf("gVisor's column of %s differs; it was\n%s\nand is\n%s\nkeep it with `UPDATE=1 make hostile` if that is meant", scoreboardFile, want, got)
		}
		return
	}
	if err := os.WriteFile(scoreboardFile, []byte(table), 0o644); err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile(threatModel)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(doc), beginMark+"\n")
	_, after, ended := strings.Cut(rest, endMark)
	if !ok || !ended {
		t.Logf("%s has no %s and %s: put the table of %s between them", threatModel, beginMark, endMark, scoreboardFile)
		return
	}
	if err := os.WriteFile(threatModel, []byte(before+beginMark+"\n"+table+endMark+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// column is a table with its first three columns alone.
func column(table string) string {
	var b strings.Builder
	for line := range strings.Lines(table) {
		b.WriteString(strings.Join(strings.SplitAfterN(line, "|", 5)[:4], "") + "\n")
	}
	return b.String()
}

// TestScoreboardIsInTheDocs: what readers see is what was measured.
func TestScoreboardIsInTheDocs(t *testing.T) {
	doc, err := os.ReadFile(threatModel)
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(filepath.FromSlash(scoreboardFile))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(doc), beginMark) {
		t.Fatalf("%s has no scoreboard: run `UPDATE=1 make hostile`", threatModel)
	}
	if !strings.Contains(string(doc), beginMark+"\n"+string(table)+endMark) {
		t.Errorf("the scoreboard in %s is not %s: run `UPDATE=1 make hostile`", threatModel, scoreboardFile)
	}
}
