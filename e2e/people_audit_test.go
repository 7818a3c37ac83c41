package e2e

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // what the store is

	"glovebox"
)

// TestAuditTamper has somebody with the disk change what the audit log says.
func TestAuditTamper(t *testing.T) {
	p := startPeople(t, nil)
	ada := p.join(p.at.FirstAdmin(), "Ada")
	ada.Must("image", "import", archives.busybox)
	ada.Must("run", "busybox:test", "--", "true")
	var whole struct {
		Events, Last int64
		Hash         string
	}
	parse(t, ada.Must("audit", "verify", "--json"), &whole)
	if whole.Events < 5 || whole.Last != whole.Events {
		t.Fatalf("verify: %+v", whole)
	}
	noted := fmt.Sprintf("%d:%s", whole.Last, whole.Hash)
	p.box.Must("audit", "verify", "--expect", noted)
	p.box.Stop()
	db := filepath.Join(p.box.Data, "control", "store.db")
	before, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, change string
		says         string
		noted        bool // only who noted the end sees it
	}{
		{"another actor", `UPDATE audit SET body = replace(body, '"actor":"', '"actor":"not ') WHERE tenant = ? AND seq = 3`, `event 3 of "local" was changed`, false},
		{"one less", `DELETE FROM audit WHERE tenant = ? AND seq = 3`, `event 4 of "local" does not follow`, false},
		{"the beginning is gone", `DELETE FROM audit WHERE tenant = ? AND seq < 3`, "it begins with event 3", false},
		{"the end is gone", fmt.Sprintf(`DELETE FROM audit WHERE tenant = ? AND seq > %d`, whole.Last-1), fmt.Sprintf("%d was there", whole.Last), true},
	} {
		if err := os.WriteFile(db, before, 0o600); err != nil {
			t.Fatal(err)
		}
		tamper(t, db, c.change)
		p.box.Start()
		r := p.box.Run("audit", "verify", "--expect", noted)
		refused(t, r, glovebox.KindInvalid, "the audit log is not what was written", c.says)
		if r := p.box.Run("audit", "verify"); (r.Code == 0) != c.noted {
			t.Errorf("%s, nothing noted: exit %d\n%s%s", c.name, r.Code, r.Stdout, r.Stderr)
		}
		p.box.Stop()
	}
	if err := os.WriteFile(db, before, 0o600); err != nil {
		t.Fatal(err)
	}
	p.box.Start()
	p.box.Must("audit", "verify", "--expect", noted)
	p.box.NoResidue()
}

// tamper changes rows of the tenant's chain in a store that nobody has open.
func tamper(t *testing.T, path, change string) {
	t.Helper()
	if left, _ := filepath.Glob(path + "-*"); len(left) != 0 {
		for _, f := range left {
			if err := os.Remove(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	result, err := db.Exec(change, glovebox.LocalTenant)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := result.RowsAffected(); n == 0 || err != nil {
		t.Fatalf("%s: %d rows, %v", strings.Fields(change)[0], n, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
