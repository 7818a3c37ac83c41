package sqlite

import (
	"bytes"
	"database/sql"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"glovebox"
)

var update = flag.Bool("update", false, "write the dump of the present version, if there is none")

func dumpPath(version int) string { return fmt.Sprintf("testdata/version-%d.sql", version) }

// TestDump: of each version there is a file that its own code has filled, as text.
// With -update the present code writes that of the present version. One that was
// released is never written again.
func TestDump(t *testing.T) {
	path := dumpPath(len(migrations))
	if _, err := os.Stat(path); err == nil {
		return
	}
	if !*update {
		t.Fatalf("there is no %s: before this version is released, run go test ./store/sqlite -run TestDump -update", path)
	}
	file := filepath.Join(t.TempDir(), "filled.db")
	s := openTest(t, file)
	fillStore(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, dump(t, file), 0o644); err != nil {
		t.Fatal(err)
	}
}

// fillStore writes something of everything, by what all versions have.
func fillStore(t *testing.T, s *Store) {
	t.Helper()
	at := func(n int) time.Time { return time.Date(2026, 1, 2, 3, 0, n, n, time.UTC) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	told := func(tenant, action, target string, n int) glovebox.AuditEvent {
		return glovebox.AuditEvent{Tenant: tenant, At: at(n), Actor: "uid:0", Action: action, Target: target, OK: n%3 > 0, Detail: map[string]string{"n": fmt.Sprint(n)}}
	}
	tenants := []string{"alice", "bob"}
	for n, status := range append(glovebox.Statuses(), glovebox.StatusArchived, glovebox.StatusArchived) {
		tenant := tenants[n%2]
		job := glovebox.Job{
			ID: fmt.Sprintf("job-%d", n), Tenant: tenant, Owner: "uid:0", Status: glovebox.StatusPending, CreatedAt: at(n), Due: at(n + 30),
			Spec: glovebox.Spec{Image: "busybox", Cmd: []string{"echo", "it's \x01 \"" + strings.Repeat("é", n)}, Labels: map[string]string{"n": fmt.Sprint(n % 3), "k": "it's"}},
		}
		var key *glovebox.IdempotencyKey
		if n%2 == 0 {
			key = &glovebox.IdempotencyKey{Key: fmt.Sprintf("key-%d", n), Fingerprint: "f", Expires: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
		}
		job, _, err := s.CreateJob(ctx, job, key, told(tenant, "job.submit", job.ID, n))
		must(err)
		job.Status, job.Node, job.Attempt = status, "n1", 1
		if status.Ended() {
			job.Outcome = []glovebox.Status{glovebox.StatusCompleted, glovebox.StatusFailed, glovebox.StatusCancelled}[n%3]
			job.Output = glovebox.Output{Stdout: int64(100 * n), Stderr: int64(n), Sealed: true}
		}
		if status == glovebox.StatusArchived {
			job.Due = time.Time{}
		}
		job, err = s.UpdateJob(ctx, job, glovebox.Durable, told(tenant, "job.end", job.ID, n+20))
		must(err)
		if n == len(glovebox.Statuses())+1 {
			must(s.DeleteJob(ctx, tenant, job.ID, job.Version, told("bob", "job.delete", job.ID, n)))
		}
	}
	for n, name := range []string{"docker.io/library/busybox:1", "it's"} {
		img := glovebox.Image{
			Tenant: tenants[n], Name: name, Digest: "sha256:" + strings.Repeat("ab", 32), Platform: "linux/amd64", Size: 7, Created: at(n),
			Layers: []glovebox.Layer{{Blob: glovebox.Blob{Digest: "sha256:cd", Size: 5}, DiffID: "sha256:ef"}}, Source: "import",
		}
		must(s.PutImage(ctx, img))
	}
	for n := range 4 {
		w := glovebox.Write{Kind: []string{"person", "session"}[n%2], Key: fmt.Sprintf("tenant/%d", n), Value: []byte{byte(n), 0, 255, '\''}}
		if n%2 == 1 {
			w.Expires = at(1000 + n)
		}
		must(s.Commit(ctx, []glovebox.Write{w}, told("alice", "record.write", w.Key, n)))
	}
	must(s.Commit(ctx, []glovebox.Write{{Kind: "person", Key: "tenant/0", Value: []byte{}, If: 1}}))
}

// dump writes a file down as SQL.
func dump(t *testing.T, path string) []byte {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var out bytes.Buffer
	for _, pragma := range []string{"application_id", "user_version"} {
		var n int
		if err := db.QueryRow("PRAGMA " + pragma).Scan(&n); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "PRAGMA %s = %d;\n", pragma, n)
	}
	var tables []string
	eachRow(t, db, "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type <> 'table', name", func(row []any) {
		fmt.Fprintf(&out, "%s;\n", row[2])
		if row[0] == "table" {
			tables = append(tables, row[1].(string))
		}
	})
	for _, table := range tables {
		eachRow(t, db, "SELECT * FROM "+table, func(row []any) {
			values := make([]string, len(row))
			for i, v := range row {
				values[i] = literal(v)
			}
			fmt.Fprintf(&out, "INSERT INTO %s VALUES (%s);\n", table, strings.Join(values, ", "))
		})
	}
	return out.Bytes()
}

func literal(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case string:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	case []byte:
		return "x'" + hex.EncodeToString(v) + "'"
	}
	return fmt.Sprint(v)
}

// eachRow calls f with the columns of each row.
func eachRow(t *testing.T, db *sql.DB, text string, f func([]any)) {
	t.Helper()
	rows, err := db.Query(text)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		f(row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// undump makes a file of a dump.
func undump(t testing.TB, version int) string {
	t.Helper()
	text, err := os.ReadFile(dumpPath(version))
	if err != nil {
		t.Fatal(err)
	}
	path := tempPath(t)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("BEGIN;" + string(text) + "COMMIT;"); err != nil {
		t.Fatal(err)
	}
	return path
}
