package sqlite

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"glovebox"
)

// dumped are the versions of which there is a dump.
func dumped(t *testing.T) (versions []int) {
	t.Helper()
	found, err := filepath.Glob("testdata/version-*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "version-"), ".sql"))
		if err != nil {
			t.Fatal(err)
		}
		versions = append(versions, n)
	}
	slices.Sort(versions)
	for _, n := range []int{1, 2, 3, len(migrations)} {
		if !slices.Contains(versions, n) {
			t.Errorf("there is no dump of version %d", n)
		}
	}
	return versions
}

// TestVersions: whatever was written by any version is read by this one, row by
// row, and found by every list; and all of it has the schema of a new file.
func TestVersions(t *testing.T) {
	fresh := schemaOf(t, openTest(t, tempPath(t)))
	for _, version := range dumped(t) {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			path := undump(t, version)
			before := rowsOf(t, path)
			s := openTest(t, path)
			if got := schemaOf(t, s); !slices.Equal(got, fresh) || len(got) < 15 {
				t.Errorf("the schema is %q\nwant %q", got, fresh)
			}
			for name, check := range map[string]func(*testing.T, *Store, []string){
				"jobs": sameJobs, "images": sameImages, "records": sameRecords, "audit": sameEvents, "idempotency_keys": sameKeys,
			} {
				if version == 1 && (name == "records" || name == "audit") {
					continue // there were none
				}
				if len(before[name]) == 0 {
					t.Errorf("there are no %s in the dump: nothing is shown", name)
				}
				check(t, s, before[name])
			}
		})
	}
}

func schemaOf(t *testing.T, s *Store) (all []string) {
	t.Helper()
	rows, err := s.readers.Query("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	all, err = scanAll(rows, func() (text string, err error) { return text, rows.Scan(&text) })
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// rowsOf reads what matters of each table, as the file has it.
func rowsOf(t *testing.T, path string) map[string][]string {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all := map[string][]string{}
	for table, columns := range map[string]string{
		"jobs": "body", "images": "body", "records": "kind, key, version, expires, hex(value)", "audit": "body",
		"idempotency_keys": "tenant, key, fingerprint, job",
	} {
		var there bool
		if err := db.QueryRow("SELECT count(*) FROM sqlite_schema WHERE name = ?", table).Scan(&there); err != nil {
			t.Fatal(err)
		}
		if !there {
			continue
		}
		eachRow(t, db, "SELECT "+columns+" FROM "+table, func(row []any) {
			text, _ := json.Marshal(row) // text and numbers
			all[table] = append(all[table], string(text))
		})
	}
	return all
}

// body is the JSON document that is a row's first column.
func body(t *testing.T, row string, into any) {
	t.Helper()
	var columns []any
	if err := json.Unmarshal([]byte(row), &columns); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(columns[0].(string)), into); err != nil {
		t.Fatal(err)
	}
}

// asJSON is a value as it would be stored today.
func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func sameJobs(t *testing.T, s *Store, rows []string) {
	kept := map[string]int64{}
	for _, row := range rows {
		var want glovebox.Job
		body(t, row, &want)
		kept[want.Tenant] += want.Output.Stdout + want.Output.Stderr
		if got, err := s.Job(ctx, want.Tenant, want.ID); err != nil || asJSON(t, got) != asJSON(t, want) {
			t.Errorf("job %s: %+v, %v", want.ID, got, err)
		}
		filters := []glovebox.JobFilter{{}, {Statuses: []glovebox.Status{want.Status}}, {Outcomes: []glovebox.Status{want.Outcome}}, {Labels: want.Spec.Labels}}
		for _, f := range filters {
			f.Tenant = want.Tenant
			page, err := s.ListJobs(ctx, f)
			if err != nil || !slices.ContainsFunc(page.Jobs, func(j glovebox.Job) bool { return j.ID == want.ID }) {
				t.Errorf("job %s is not in the list %+v: %v", want.ID, f, err)
			}
		}
		due, err := s.DueJobs(ctx, want.Due, 100)
		listed := slices.ContainsFunc(due, func(j glovebox.Job) bool { return j.ID == want.ID })
		if wanted := !want.Due.IsZero() && want.Status != glovebox.StatusArchived; err != nil || listed != wanted {
			t.Errorf("job %s is due: %v, %v; want %v", want.ID, listed, err, wanted)
		}
	}
	for tenant, want := range kept {
		if got, err := s.KeptOutput(ctx, tenant); err != nil || got != want {
			t.Errorf("%s keeps %d, %v; want %d", tenant, got, err, want)
		}
	}
	page, err := s.ListJobs(ctx, glovebox.JobFilter{Tenant: glovebox.AnyTenant, Limit: 1000})
	if err != nil || len(page.Jobs) != len(rows) {
		t.Errorf("%d jobs of %d, %v", len(page.Jobs), len(rows), err)
	}
}

func sameImages(t *testing.T, s *Store, rows []string) {
	for _, row := range rows {
		var want glovebox.Image
		body(t, row, &want)
		if got, err := s.Image(ctx, want.Tenant, want.Name); err != nil || asJSON(t, got) != asJSON(t, want) {
			t.Errorf("image %s: %+v, %v", want.Name, got, err)
		}
	}
}

func sameRecords(t *testing.T, s *Store, rows []string) {
	for _, row := range rows {
		var c []any
		if err := json.Unmarshal([]byte(row), &c); err != nil {
			t.Fatal(err)
		}
		got, err := s.Record(ctx, c[0].(string), c[1].(string))
		if err != nil {
			t.Fatal(err)
		}
		var expires any
		if !got.Expires.IsZero() {
			expires = got.Expires.UnixNano()
		}
		if is := asJSON(t, []any{got.Kind, got.Key, got.Version, expires, fmt.Sprintf("%X", got.Value)}); is != row {
			t.Errorf("document %s, want %s", is, row)
		}
	}
}

// sameEvents also goes on with the chains.
func sameEvents(t *testing.T, s *Store, rows []string) {
	total := 0
	for _, tenant := range []string{"alice", "bob"} {
		before, err := s.AuditEvents(ctx, glovebox.AuditFilter{Tenant: tenant, Limit: 1000})
		if err != nil || len(before) == 0 {
			t.Fatal(err)
		}
		for _, e := range before {
			if !slices.ContainsFunc(rows, func(row string) bool { var want glovebox.AuditEvent; body(t, row, &want); return want.Sum() == e.Sum() }) {
				t.Errorf("event %+v", e)
			}
		}
		total += len(before)
		if err := s.Commit(ctx, nil, glovebox.AuditEvent{Tenant: tenant, At: time.Unix(1, 0), Action: "goes.on"}); err != nil {
			t.Fatal(err)
		}
		after, err := s.AuditEvents(ctx, glovebox.AuditFilter{Tenant: tenant, Limit: 1000})
		if err == nil {
			err = glovebox.VerifyChain(after)
		}
		if err != nil || len(after) != len(before)+1 {
			t.Errorf("%s has %d events, then %d, %v", tenant, len(before), len(after), err)
		}
	}
	if total != len(rows) {
		t.Errorf("%d events of %d", total, len(rows))
	}
}

func sameKeys(t *testing.T, s *Store, rows []string) {
	for _, row := range rows {
		var c [4]string
		if err := json.Unmarshal([]byte(row), &c); err != nil {
			t.Fatal(err)
		}
		job, err := s.JobOfKey(ctx, c[0], glovebox.IdempotencyKey{Key: c[1], Fingerprint: c[2]}, time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC))
		if deleted := c[3] == ""; deleted && glovebox.KindOf(err) != glovebox.KindConflict || !deleted && (err != nil || job.ID != c[3]) {
			t.Errorf("key %s: %s, %v; want %q", c[1], job.ID, err, c[3])
		}
	}
}

// emptyOf makes a file of a version, with nothing in it.
func emptyOf(t *testing.T, version int) string {
	t.Helper()
	path := undump(t, version)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var tables []string
	eachRow(t, db, "SELECT name FROM sqlite_schema WHERE type = 'table'", func(row []any) { tables = append(tables, row[0].(string)) })
	for _, table := range tables {
		if _, err := db.Exec("DELETE FROM " + table); err != nil {
			t.Fatal(err)
		}
	}
	return path
}
