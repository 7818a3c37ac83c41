package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"glovebox"
	"glovebox/blob/folder"
	"glovebox/internal/backup"
	"glovebox/internal/instance"
	"glovebox/output"
	"glovebox/secret"
	"glovebox/store/sqlite"
)

const secretText = "hunter2hunter2"

// TestBackupScripts backs up an instance that is not up, and restores it.
func TestBackupScripts(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("skipped: an instance needs root")
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/backup",
		Setup: func(env *testscript.Env) error {
			base, err := os.MkdirTemp("", "gb")
			if err != nil {
				return err
			}
			env.Defer(func() { _ = os.RemoveAll(base) })
			if err := os.Chmod(base, 0o755); err != nil { // control's user passes through it
				return err
			}
			if err := fillInstance(filepath.Join(base, "data")); err != nil {
				return err
			}
			key, err := age.GenerateX25519Identity()
			if err != nil {
				return err
			}
			env.Setenv("BASE", base)
			env.Setenv("GLOVEBOX_DATA", filepath.Join(base, "data"))
			env.Setenv("RECIPIENT", key.Recipient().String())
			env.Setenv("GORACE", "atexit_sleep_ms=0")
			return os.WriteFile(filepath.Join(env.WorkDir, "key.txt"), []byte(key.String()+"\n"), 0o600)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"damage": damage, "newer": newer, "instance": sameInstance, "smalldisk": smallDisk,
		},
	})
}

// fillInstance makes an instance with a job of every sort, its output, a secret
// and an authority.
func fillInstance(dir string) error {
	ctx := context.Background()
	i, err := instance.Open(instance.Layout{Dir: dir}, instance.ThisHost(), "test")
	if err != nil {
		return err
	}
	defer i.Close()
	store, err := sqlite.Open(ctx, i.Store())
	if err != nil {
		return err
	}
	defer store.Close()
	blobs, err := folder.Open(i.Blobs())
	if err != nil {
		return err
	}
	defer blobs.Close()
	logs := output.New(blobs)
	for id, status := range map[string]glovebox.Status{
		"archived": glovebox.StatusArchived, "running": glovebox.StatusRunning, "pending": glovebox.StatusPending,
	} {
		job := glovebox.Job{ID: id, Tenant: glovebox.LocalTenant, Status: status, CreatedAt: time.Now(), Attempt: 1}
		event := glovebox.AuditEvent{Tenant: job.Tenant, At: time.Now(), Action: "job.submit", Target: id, OK: true}
		if _, _, err := store.CreateJob(ctx, job, nil, event); err != nil {
			return err
		}
		if _, err := logs.Append(ctx, id, 1, output.Stdout, 0, []byte("output of "+id)); err != nil {
			return err
		}
	}
	if err := logs.Seal(ctx, "archived", 1); err != nil {
		return err
	}
	if _, err := logs.Append(ctx, "later", 1, output.Stdout, 0, []byte("of a job that the store does not know")); err != nil {
		return err
	}
	keys, err := secret.OpenKeys(i.SecretKeys())
	if err != nil {
		return err
	}
	_, err = secret.Open(store, keys, time.Now).Put(ctx, glovebox.Principal{Tenant: glovebox.LocalTenant}, "KEY", nil,
		glovebox.NewSecretValue([]byte(secretText)), 0)
	return errors.Join(err, os.WriteFile(filepath.Join(i.TLS(), "ca.key"), []byte("authority"), 0o600),
		os.WriteFile(filepath.Join(i.TLS(), "ca.pem"), []byte("certificate"), 0o644), i.HandOver())
}

// damage changes a byte in the middle of a file, or cuts its end off.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	data, err := os.ReadFile(ts.MkAbs(args[1]))
	ts.Check(err)
	switch args[0] {
	case "change":
		data[len(data)/2] ^= 1
	case "cut":
		data = data[:len(data)/2]
	default:
		ts.Fatalf("usage: damage change|cut FILE TO")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), data, 0o600))
}

// smallDisk makes a folder that has room for very little.
func smallDisk(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.Mkdir(args[0], 0o755))
	ts.Check(unix.Mount("glovebox-test", args[0], "tmpfs", 0, "size=4k,mode=755"))
	ts.Defer(func() { _ = unix.Unmount(args[0], unix.MNT_DETACH) })
}

// newer writes a backup whose store is of a version to come.
func newer(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	w, err := backup.NewWriter(f, nil, backup.About{Instance: "new", Version: "v99", Schema: sqlite.SchemaVersion() + 1, Taken: time.Now()})
	ts.Check(err)
	ts.Check(w.Add(backup.Entry{Name: nameStore(), Size: 4}, strings.NewReader("page")))
	_, err = w.Close()
	ts.Check(err)
}

// sameInstance compares a restored instance with what fillInstance made.
func sameInstance(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	l := instance.Layout{Dir: args[0]}
	record, err := instance.Read(l)
	ts.Check(err)
	first, err := instance.Read(instance.Layout{Dir: ts.Getenv("GLOVEBOX_DATA")})
	ts.Check(err)
	if record.ID == first.ID {
		ts.Fatalf("it has the id of the old one")
	}
	store, err := sqlite.Open(ctx, l.Store())
	ts.Check(err)
	defer store.Close()
	for id, reason := range map[string]glovebox.Reason{"archived": "", "running": glovebox.ReasonNodeLost, "pending": glovebox.ReasonNodeLost} {
		job, err := store.Job(ctx, glovebox.LocalTenant, id)
		ts.Check(err)
		if job.Reason != reason || !job.Status.Ended() {
			ts.Fatalf("job %s is %s %s", id, job.Status, job.Reason)
		}
	}
	events, err := store.AuditEvents(ctx, glovebox.AuditFilter{Tenant: glovebox.LocalTenant})
	ts.Check(err)
	ts.Check(glovebox.VerifyChain(events))
	if n := len(events); events[n-1].Action != "server.restore" || n < 6 {
		ts.Fatalf("the audit log ends with %d: %+v", n, events[n-1])
	}
	ts.Check(sameBytes(ctx, l, store))
}

func sameBytes(ctx context.Context, l instance.Layout, store glovebox.Store) error {
	blobs, err := folder.Open(l.Blobs())
	if err != nil {
		return err
	}
	defer blobs.Close()
	for id, sealed := range map[string]bool{"archived": true, "running": false} {
		key := output.Key(id, 1, output.Stdout)
		r, err := blobs.Open(ctx, key, 0)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(r)
		r.Close()
		info, _ := blobs.Stat(ctx, key)
		if err != nil || string(text) != "output of "+id || info.Sealed != sealed {
			return glovebox.Errorf(glovebox.KindInternal, "%s: %q, sealed %v, %v", key, text, info.Sealed, err)
		}
	}
	if _, err := blobs.Stat(ctx, output.Key("later", 1, output.Stdout)); glovebox.KindOf(err) != glovebox.KindNotFound {
		return glovebox.Errorf(glovebox.KindInternal, "output of a job that is not there: %v", err)
	}
	keys, err := secret.OpenKeys(l.SecretKeys())
	if err != nil {
		return err
	}
	value, err := secret.Open(store, keys, time.Now).Value(ctx, glovebox.LocalTenant, "KEY")
	if err == nil && string(value.Reveal()) != secretText {
		err = errors.New("the secret is another one")
	}
	return err
}
