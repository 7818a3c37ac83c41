package supervise

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestOutput(t *testing.T) {
	text := &record{}
	p := &printer{w: text}
	o, err := p.open("x")
	if err != nil {
		t.Fatal(err)
	}
	o.w.WriteString("one\n\n" + strings.Repeat("a", 3*maxLine) + "\nlast words")
	o.close()
	if got, want := text.String(), "x | one\nx | "+strings.Repeat("a", maxLine)+"\nx | last words\n"; got != want {
		t.Fatalf("got %d bytes, want %d", len(got), len(want))
	}

	lines := &record{}
	p = &printer{w: lines, format: FormatJSON}
	for _, line := range []string{`{"level":"INFO"}`, "plain \xff\"", "{}", "{broken"} {
		p.print("x", []byte(line))
	}
	for _, line := range strings.Split(strings.TrimSpace(lines.String()), "\n") {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil || v["process"] != "x" {
			t.Errorf("%s: %v", line, err)
		}
	}
}
