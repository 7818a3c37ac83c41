package nbd

import (
	"encoding/binary"
	"net"
	"path/filepath"
	"testing"
	"time"
)

// dial opens the disk as a client does, by the option of old or new ones.
func dial(t *testing.T, d *Disk, kind uint32) net.Conn {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	s, err := Serve(path, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	var hello struct {
		A, B  uint64
		Flags uint16
	}
	get(t, c, &hello)
	send(t, c, uint32(flagFixed|flagNoZeroes))
	send(t, c, option{magicOption, 8, 0}) // structured replies, which it does not know
	var a answer
	if get(t, c, &a); a.Type != answerUnsupported {
		t.Fatalf("%+v", a)
	}
	send(t, c, option{magicOption, kind, 0})
	if kind == optExport {
		var e struct {
			Size  uint64
			Flags uint16
		}
		if get(t, c, &e); e.Size != uint64(d.Size()) || e.Flags != features {
			t.Fatalf("%+v", e)
		}
		return c
	}
	for a.Type != answerAck {
		get(t, c, &a)
		get(t, c, make([]byte, a.Length))
	}
	return c
}

func get(t *testing.T, c net.Conn, v any) {
	t.Helper()
	if err := binary.Read(c, binary.BigEndian, v); err != nil {
		t.Fatal(err)
	}
}

func send(t *testing.T, c net.Conn, parts ...any) {
	t.Helper()
	for _, p := range parts {
		if err := binary.Write(c, binary.BigEndian, p); err != nil {
			t.Fatal(err)
		}
	}
}

// ask sends a request and returns the number of its error.
func ask(t *testing.T, c net.Conn, q request, data []byte) uint32 {
	t.Helper()
	q.Magic, q.Handle = magicRequest, 77
	send(t, c, q, data)
	var r reply
	if get(t, c, &r); r.Magic != magicReply || r.Handle != 77 {
		t.Fatalf("%+v", r)
	}
	return r.Error
}

func TestProtocol(t *testing.T) {
	for _, kind := range []uint32{optExport, optGo} {
		d := blank(t, 8)
		c := dial(t, d, kind)
		data := make([]byte, sector)
		data[0] = 'x'
		if e := ask(t, c, request{Kind: cmdWrite, Offset: sector, Length: sector}, data); e != 0 {
			t.Errorf("write: %d", e)
		}
		if e := ask(t, c, request{Kind: cmdRead, Offset: sector, Length: sector}, nil); e != 0 {
			t.Errorf("read: %d", e)
		}
		if get(t, c, data); data[0] != 'x' {
			t.Errorf("read %q", data[0])
		}
		if d.Counts().Flushes != 0 {
			t.Error("flushed too early")
		}
		if e := ask(t, c, request{Kind: cmdFlush}, nil); e != 0 || d.Counts().Flushes != 1 {
			t.Errorf("flush: %d, %+v", e, d.Counts())
		}
		if e := ask(t, c, request{Kind: cmdWrite, Flags: cmdFUA, Length: sector}, data); e != 0 || d.Counts().Flushes != 2 {
			t.Errorf("forced write: %d, %+v", e, d.Counts())
		}
		if e := ask(t, c, request{Kind: cmdWrite, Offset: 8 * sector, Length: sector}, data); e != errIO {
			t.Errorf("write beyond the end: %d", e)
		}
		if e := ask(t, c, request{Kind: 99}, nil); e != errInvalid {
			t.Errorf("nonsense: %d", e)
		}
		if _, err := d.Cut(nil); err != nil {
			t.Fatal(err)
		}
		send(t, c, request{Magic: magicRequest, Kind: cmdFlush})
		if n, err := c.Read(make([]byte, 1)); err == nil {
			t.Errorf("%d bytes of an answer without power", n)
		}
		d.Restore()
	}
}
