package listing

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"glovebox"
)

// TestCursor: a cursor says what was put in, to its own tenant and no other.
func TestCursor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Position{
			Created: rapid.Int64Range(math.MinInt64, math.MaxInt64).Draw(t, "created"),
			ID:      rapid.StringN(1, 40, 100).Draw(t, "id"),
		}
		tenant := rapid.StringN(1, 20, -1).Draw(t, "tenant")
		cursor := Cursor(tenant, want)
		page, err := Parse(glovebox.JobFilter{Tenant: tenant, Cursor: cursor})
		if err != nil || page.After == nil || *page.After != want {
			t.Fatalf("got %+v, %v; want %+v", page.After, err, want)
		}
		if _, err := Parse(glovebox.JobFilter{Tenant: tenant + "x", Cursor: cursor}); err == nil {
			t.Fatal("taken from another tenant")
		}
	})
}

// FuzzParse: no cursor brings Parse down, and what it takes it made.
func FuzzParse(f *testing.F) {
	f.Add("")
	f.Add("AAAA")
	f.Add(Cursor("t", Position{Created: 1, ID: "job"}))
	f.Fuzz(func(t *testing.T, cursor string) {
		page, err := Parse(glovebox.JobFilter{Tenant: "t", Cursor: cursor})
		if err == nil && page.After != nil && Cursor("t", *page.After) != cursor {
			t.Errorf("%q was taken, and is not what was given out", cursor)
		}
	})
}
