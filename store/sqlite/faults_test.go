package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"glovebox"
)

// TestLocked: while another process holds the file, writes fail after a wait
// and reads go on.
func TestLocked(t *testing.T) {
	path := tempPath(t)
	s := openTest(t, path)
	mustCreate(t, s, "a")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	other, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	_, _, err = s.CreateJob(ctx, newJob("b"), nil)
	wantUnavailable(t, err, "another process")
	_, err = open(ctx, path, 50*time.Millisecond)
	wantUnavailable(t, err, "another process")
	if !has(t, s, "a") {
		t.Error("cannot read")
	}
	if _, err := other.ExecContext(ctx, "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	mustCreate(t, s, "b")
}

// TestDiskFails: after a failed write of the log nothing is acknowledged any
// more, even if the disk seems to be well again; reads go on, and opening anew
// finds what was acknowledged.
func TestDiskFails(t *testing.T) {
	path := tempPath(t)
	s := openTest(t, path)
	mustCreate(t, s, "a")
	restore := replaceLog(t, path, "/dev/null", os.O_RDONLY)
	_, _, err := s.CreateJob(ctx, newJob("b"), nil)
	wantUnavailable(t, err, "disk has failed")
	restore()
	_, _, err = s.CreateJob(ctx, newJob("c"), nil)
	wantUnavailable(t, err, "start glovebox again")
	if !has(t, s, "a") {
		t.Error("cannot read")
	}
	_ = s.Close()
	s = openTest(t, path)
	if !has(t, s, "a") || has(t, s, "c") {
		t.Error("not what was acknowledged")
	}
	mustCreate(t, s, "c")
}

// replaceLog puts another file behind the descriptors by which this process
// writes the log, until restore is called.
func replaceLog(t *testing.T, path, by string, flag int) (restore func()) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("needs /proc")
	}
	f, err := os.OpenFile(by, flag, 0)
	if err != nil {
		t.Skip(err)
	}
	defer func() { _ = f.Close() }()
	var undo []func()
	for _, e := range entries {
		fd := atoi(e.Name())
		if link, _ := os.Readlink("/proc/self/fd/" + e.Name()); link != path+"-wal" {
			continue
		}
		saved, err := syscall.Dup(fd)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Dup3(int(f.Fd()), fd, syscall.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
		undo = append(undo, func() {
			if err := errors.Join(syscall.Dup3(saved, fd, syscall.O_CLOEXEC), syscall.Close(saved)); err != nil {
				t.Fatal(err)
			}
		})
	}
	if len(undo) == 0 {
		t.Fatal("nobody has the log open")
	}
	return func() {
		for _, u := range undo {
			u()
		}
	}
}

func atoi(s string) (n int) {
	for _, c := range s {
		n = n*10 + int(c-'0')
	}
	return n
}

// TestDamaged: a page that was overwritten is an error with a hint, not a
// wrong answer.
func TestDamaged(t *testing.T) {
	path := tempPath(t)
	s := openTest(t, path)
	for _, id := range strings.Split("abcdefgh", "") {
		mustCreate(t, s, id)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096; i < len(file); i++ { // all but the first page, which has the schema's root
		file[i] ^= 0x55
	}
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err = open(ctx, path, 50*time.Millisecond)
	if err == nil {
		_, err = s.Job(ctx, "alice", "a")
		_ = s.Close()
	}
	wantUnavailable(t, err, "damaged")
}

// TestFault: kinds and contexts pass through.
func TestFault(t *testing.T) {
	known := glovebox.Errorf(glovebox.KindStale, "x")
	for _, err := range []error{nil, known, context.Canceled, context.DeadlineExceeded} {
		if got := fault(err, "doing"); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
	if got := fault(errors.New("x"), "doing"); glovebox.KindOf(got) != glovebox.KindInternal {
		t.Errorf("got %v", got)
	}
}
