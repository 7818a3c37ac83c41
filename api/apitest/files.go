package apitest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"sync"
	"time"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/output"
)

// Files is a model of api.Files, in memory and for ever. Its zero value is empty.
type Files struct {
	mu  sync.Mutex
	all map[string][]byte // by tenant and digest
}

// Put implements api.Files.
func (f *Files) Put(_ context.Context, tenant string, body io.Reader) (wire.File, error) {
	b, err := io.ReadAll(io.LimitReader(body, glovebox.MaxInputFileBytes+1))
	if err != nil {
		return wire.File{}, err
	}
	if len(b) > glovebox.MaxInputFileBytes {
		return wire.File{}, glovebox.Errorf(glovebox.KindTooLarge, "the file is too large")
	}
	sum := sha256.Sum256(b)
	digest := "sha256:" + hex.EncodeToString(sum[:])
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all == nil {
		f.all = map[string][]byte{}
	}
	f.all[tenant+"/"+digest] = b
	return fileOf(digest, b), nil
}

// Get implements api.Files.
func (f *Files) Get(_ context.Context, tenant, digest string) (wire.File, error) {
	b, ok := f.Content(tenant, digest)
	if !ok {
		return wire.File{}, glovebox.Errorf(glovebox.KindNotFound, "there is no such file")
	}
	return fileOf(digest, b), nil
}

// Content returns the bytes of a file.
func (f *Files) Content(tenant, digest string) ([]byte, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, ok := f.all[tenant+"/"+digest]
	return b, ok
}

func fileOf(digest string, b []byte) wire.File {
	return wire.File{Digest: digest, Size: int64(len(b)), Until: time.Now().Add(24 * time.Hour).UTC()}
}

// Left is a file that a job leaves.
type Left struct {
	Path    string // with a slash at the end, a folder
	Content []byte
	Mode    uint32
}

// Leave has a job leave files, before it is finished. told changes what is known
// of them besides; it may be nil.
func (s *Server) Leave(id string, files []Left, told func(*glovebox.Artifacts)) error {
	ctx := context.Background()
	var at int64
	index := int64(0)
	for _, f := range files {
		sum := sha256.Sum256(f.Content)
		a := glovebox.Artifact{Path: f.Path, Size: int64(len(f.Content)), Mode: f.Mode, Offset: at, Digest: "sha256:" + hex.EncodeToString(sum[:])}
		if n := len(f.Path) - 1; f.Path[n] == '/' {
			a.Path, a.Folder, a.Digest = f.Path[:n], true, ""
		}
		line := a.Line()
		if _, err := s.Logs.Append(ctx, id, 1, output.Index, index, line); err != nil {
			return err
		}
		if _, err := s.Logs.Append(ctx, id, 1, output.Artifacts, at, f.Content); err != nil {
			return err
		}
		index += int64(len(line))
		at += a.Size
	}
	all, err := s.Logs.SealArtifacts(ctx, id, 1, 1<<40)
	if err != nil {
		return err
	}
	if all == nil {
		all = &glovebox.Artifacts{}
	}
	if told != nil {
		told(all)
	}
	if *all != (glovebox.Artifacts{}) {
		s.Service.Update(id, func(j *glovebox.Job) { j.Artifacts = all })
	}
	return nil
}
