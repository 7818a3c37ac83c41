package hostile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Attempt is one thing that was tried.
type Attempt struct {
	Family    int    `json:"family"`
	Column    string `json:"runtime"`
	Case      string `json:"case"`
	Succeeded bool   `json:"succeeded"`
	Detail    string `json:"detail"`
}

// Surfaces are how many doors of a kernel and a host are open in a column.
type Surfaces struct{ Open, Tried int }

// Sheet collects attempts. The zero value is empty. It may be used by many.
type Sheet struct {
	mu       sync.Mutex
	attempts []Attempt
	surfaces map[string]Surfaces
	controls map[string]bool
}

// Add notes an attempt.
func (s *Sheet) Add(a Attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attempts = append(s.attempts, a)
}

// Control notes whether an attack works where nothing holds it back. One that
// is noted again counts once, and holds if it always did.
func (s *Sheet) Control(name string, held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.controls == nil {
		s.controls = map[string]bool{}
	}
	before, known := s.controls[name]
	s.controls[name] = held && (before || !known)
}

// Open notes the surfaces of a column.
func (s *Sheet) Open(column string, f Surfaces) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.surfaces == nil {
		s.surfaces = map[string]Surfaces{}
	}
	s.surfaces[column] = f
}

// Count returns how many attempts of a column there were and which worked; of
// all families if family is 0.
func (s *Sheet) Count(column string, family int) (tried int, succeeded []Attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.attempts {
		if a.Column != column || family != 0 && a.Family != family {
			continue
		}
		tried++
		if a.Succeeded {
			succeeded = append(succeeded, a)
		}
	}
	return tried, succeeded
}

// Controls returns how many controls held, of how many, and which did not.
func (s *Sheet) Controls() (held, all int, failed []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, ok := range s.controls {
		if ok {
			held++
		} else {
			failed = append(failed, name)
		}
	}
	slices.Sort(failed)
	return held, len(s.controls), failed
}

// Line is the result in one line, of the sandbox that is for hostile jobs.
func (s *Sheet) Line() string {
	tried, succeeded := s.Count(GVisor, 0)
	held, all, _ := s.Controls()
	return fmt.Sprintf("hostile: tried=%d succeeded=%d controls=%d/%d", tried, len(succeeded), held, all)
}

// Table is the scoreboard in Markdown, with these columns.
func (s *Sheet) Table(columns ...string) string {
	var b strings.Builder
	b.WriteString("| # | family | " + strings.Join(columns, " | ") + " |\n| ---: | --- |" + strings.Repeat(" ---: |", len(columns)) + "\n")
	for i, f := range Families {
		fmt.Fprintf(&b, "| %d | %s |", i+1, f.Name)
		for _, c := range columns {
			tried, succeeded := s.Count(c, i+1)
			switch {
			case tried > 0:
				fmt.Fprintf(&b, " %d / %d |", len(succeeded), tried)
			case f.Elsewhere != "" && c == GVisor:
				fmt.Fprintf(&b, " %s |", f.Elsewhere)
			default:
				b.WriteString(" – |")
			}
		}
		b.WriteString("\n")
	}
	b.WriteString("| | open surfaces |")
	for _, c := range columns {
		if f, ok := s.surfaces[c]; ok {
			fmt.Fprintf(&b, " %d of %d |", f.Open, f.Tried)
		} else {
			b.WriteString(" – |")
		}
	}
	return b.String() + "\n"
}

// Write leaves the scoreboard and the line in a folder, and every attempt.
func (s *Sheet) Write(dir string) error {
	var all bytes.Buffer
	s.mu.Lock()
	for _, a := range s.attempts {
		if err := json.NewEncoder(&all).Encode(a); err != nil {
			s.mu.Unlock()
			return err
		}
	}
	s.mu.Unlock()
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "attempts.jsonl"), all.Bytes(), 0o644),
		os.WriteFile(filepath.Join(dir, "scoreboard.md"), []byte(s.Table(Columns...)), 0o644),
		os.WriteFile(filepath.Join(dir, "line"), []byte(s.Line()+"\n"), 0o644),
	)
}
