package metrics_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"glovebox/internal/metrics"
)

var rewrite = flag.Bool("update", false, "write the table into the page")

// TestPage holds the table of docs/observability.md to what is registered.
func TestPage(t *testing.T) {
	const page, begin, end = "../../docs/observability.md", "<!-- metrics -->\n", "<!-- /metrics -->\n"
	var b strings.Builder
	b.WriteString("| name | kind | labels | what |\n| --- | --- | --- | --- |\n")
	for _, d := range metrics.New(metrics.Config{}).Definitions() {
		labels := ""
		if len(d.Labels) > 0 {
			labels = "`" + strings.Join(d.Labels, "`, `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", d.Name, d.Kind, labels, d.Help)
	}
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	table, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the table", page)
	}
	if table == b.String() {
		return
	}
	if !*rewrite {
		t.Fatalf("the table in %s is not what is registered; run this test with -update", page)
	}
	if err := os.WriteFile(page, []byte(before+begin+b.String()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestNames: ours, in the form that Prometheus asks for.
func TestNames(t *testing.T) {
	form := regexp.MustCompile(`^glovebox_[a-z_]+[a-z]$`)
	for _, d := range metrics.New(metrics.Config{}).Definitions() {
		if !form.MatchString(d.Name) || d.Help == "" || strings.Contains(d.Help, "|") {
			t.Errorf("%s %q", d.Name, d.Help)
		}
		if (d.Kind == "counter") != strings.HasSuffix(d.Name, "_total") {
			t.Errorf("%s is a %s", d.Name, d.Kind)
		}
		if d.Kind == "histogram" && !strings.HasSuffix(d.Name, "_seconds") {
			t.Errorf("%s has no unit", d.Name)
		}
		for _, label := range d.Labels {
			if label == "job" || label == "id" || label == "image" || label == "node" || label == "person" {
				t.Errorf("%s has a label %s, which has no bound", d.Name, label)
			}
		}
	}
}
