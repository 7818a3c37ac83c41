package client_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"glovebox"
	"glovebox/api/apitest"
	"glovebox/client"
)

// left is a job that has left files and is over.
func left(t *testing.T, s *apitest.Server, c *client.Client, files ...apitest.Left) string {
	t.Helper()
	id := submit(t, c)
	s.Place(id)
	if err := s.Leave(id, files, nil); err != nil {
		t.Fatal(err)
	}
	s.Finish(t, id, 0)
	return id
}

func TestArtifacts(t *testing.T) {
	s, c := start(t)
	var files []apitest.Left
	for i := range 1500 { // more than a page
		files = append(files, apitest.Left{Path: fmt.Sprintf("f%04d", i), Content: []byte(fmt.Sprint(i)), Mode: 0o644})
	}
	id := left(t, s, c, files...)
	n := 0
	for a, err := range c.Artifacts(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		if a.Path != files[n].Path || a.Size != int64(len(files[n].Content)) {
			t.Errorf("%d is %+v", n, a)
		}
		n++
	}
	if n != len(files) {
		t.Errorf("%d of %d", n, len(files))
	}
	for a := range c.Artifacts(t.Context(), id) {
		if a.Path != "f0000" {
			t.Error(a)
		}
		break
	}
	if job, err := c.Wait(t.Context(), id, client.Sealed); err != nil || job.Artifacts == nil || job.Artifacts.Files != len(files) {
		t.Errorf("%+v, %v", job.Artifacts, err)
	}
	running := submit(t, c)
	for _, err := range c.Artifacts(t.Context(), running) {
		want(t, err, glovebox.KindConflict, "")
	}
}

// TestArtifact: a file is read whole, from any place on, and over the deaths of
// control.
func TestArtifact(t *testing.T) {
	s, c := start(t)
	content := pattern(6 << 20)
	id := left(t, s, c, apitest.Left{Path: "before", Content: []byte("before")}, apitest.Left{Path: "d/ä <f>", Content: content}, apitest.Left{Path: "empty"})
	var all []client.Artifact
	for a, err := range c.Artifacts(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	file := all[1]
	for _, from := range []int64{0, 1, 4 << 20, file.Size - 1} {
		r, err := c.Artifact(t.Context(), id, file, from)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, content[from:]) {
			t.Errorf("from %d: %d bytes, %v", from, len(got), err)
		}
		r.Close()
	}
	if r, err := c.Artifact(t.Context(), id, all[2], 0); err != nil {
		t.Error(err)
	} else if got, err := io.ReadAll(r); err != nil || len(got) != 0 {
		t.Errorf("%q, %v", got, err)
	}
	_, err := c.Artifact(t.Context(), id, file, file.Size)
	want(t, err, glovebox.KindRange, "Range")
	other := file
	other.Digest = "sha256:" + strings.Repeat("0", 64)
	_, err = c.Artifact(t.Context(), id, other, 5)
	want(t, err, glovebox.KindConflict, "")
	_, err = c.Artifact(t.Context(), id, client.Artifact{Path: "nothing"}, 0)
	want(t, err, glovebox.KindNotFound, "")

	r, err := c.Artifact(t.Context(), id, file, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	read, breaks := 0, 0
	var got bytes.Buffer
	buf := make([]byte, 100_000)
	for slow := iotest.HalfReader(r); ; {
		n, err := slow.Read(buf)
		got.Write(buf[:n])
		if read += n; read > (breaks+1)<<20 && breaks < 5 {
			breaks++
			s.Kill()
			s.Up(t)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(got.Bytes(), content) || breaks != 5 {
		t.Errorf("%d bytes, %d breaks", got.Len(), breaks)
	}
}

func TestUpload(t *testing.T) {
	_, c := start(t)
	for _, content := range [][]byte{[]byte("hello"), nil, pattern(2 << 20)} {
		sum := sha256.Sum256(content)
		digest := "sha256:" + hex.EncodeToString(sum[:])
		_, err := c.File(t.Context(), digest)
		want(t, err, glovebox.KindNotFound, "")
		f, err := c.Upload(t.Context(), content)
		if err != nil || f.Digest != digest || f.Size != int64(len(content)) {
			t.Fatalf("%+v, %v", f, err)
		}
		if again, err := c.File(t.Context(), digest); err != nil || again.Digest != digest {
			t.Errorf("%+v, %v", again, err)
		}
	}
	_, err := c.Upload(t.Context(), make([]byte, glovebox.MaxInputFileBytes+1))
	want(t, err, glovebox.KindTooLarge, "")
	_, err = c.File(t.Context(), "../jobs")
	want(t, err, glovebox.KindInvalid, "digest")
}
