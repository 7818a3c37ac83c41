package runtimetest

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"glovebox"
)

// collected is what Collect handed over of a job.
type collected struct {
	bytes   []byte
	leftOut int
	names   []string // in the order of the archive
	modes   map[string]int64
	files   map[string]string // what is in them
}

// collect collects, and checks what holds for every archive.
func (j *job) collect() collected {
	j.t.Helper()
	var b bytes.Buffer
	leftOut, err := j.sys.(glovebox.Collector).Collect(j.ctx, j.spec.ID, &b)
	if err != nil {
		j.t.Fatalf("Collect: %v", err)
	}
	c := collected{bytes: b.Bytes(), leftOut: leftOut, modes: map[string]int64{}, files: map[string]string{}}
	for r := tar.NewReader(&b); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			j.t.Fatalf("the archive: %v", err)
		}
		if h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeDir || strings.HasSuffix(h.Name, "/") != (h.Typeflag == tar.TypeDir) {
			j.t.Errorf("%q is of type %q", h.Name, h.Typeflag)
		}
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Linkname != "" || h.Mode&^0o777 != 0 {
			j.t.Errorf("%q tells more than permissions: %+v", h.Name, h)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			j.t.Fatalf("%q: %v", h.Name, err)
		}
		c.names, c.modes[h.Name] = append(c.names, h.Name), h.Mode
		if h.Typeflag == tar.TypeReg {
			c.files[h.Name] = string(body)
		}
	}
	inOrder := slices.IsSortedFunc(c.names, func(a, b string) int { return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/")) })
	if !inOrder {
		j.t.Errorf("not in order: %q", c.names)
	}
	return c
}

// want compares with a text such as "a=1 b/ b/c=2", and a number.
func (c collected) want(t testing.TB, leftOut int, want ...string) {
	t.Helper()
	var have []string
	for _, name := range c.names {
		if text, isFile := c.files[name]; isFile {
			name = fmt.Sprintf("%s=%s", name, text)
		}
		have = append(have, name)
	}
	if !slices.Equal(have, want) || c.leftOut != leftOut {
		t.Errorf("collected %.2000q and %d left out, want %.2000q and %d", have, c.leftOut, want, leftOut)
	}
}

// stopsAt is a writer that fails after so many bytes.
type stopsAt struct{ left int }

var errEnough = errors.New("that is enough")

func (w *stopsAt) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errEnough
	}
	return len(p), nil
}
