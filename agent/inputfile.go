package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"connectrpc.com/connect"

	"glovebox"
	"glovebox/internal/nodev1"
)

// maxLoads is how many sandboxes' input files are in the agent's memory at one
// time. They are there only until the sandbox is made.
const maxLoads = 4

func parseInputFiles(files []*nodev1.InputFile) []glovebox.InputFile {
	var all []glovebox.InputFile
	for _, f := range files {
		all = append(all, glovebox.InputFile{Path: f.GetPath(), Digest: f.GetDigest(), Size: f.GetSize(), Mode: f.GetMode()})
	}
	return all
}

// loadFiles fetches what the job is to find in its sandbox, after its turn has
// come. Nothing of it is on the node's disk at any time.
func (s *sandbox) loadFiles(ctx context.Context) error {
	if len(s.work.files) == 0 {
		return nil
	}
	select {
	case s.a.loads <- struct{}{}:
		s.loaded = true
	case <-ctx.Done():
		return ctx.Err()
	}
	have := map[string][]byte{}
	files := append([]glovebox.File(nil), s.access.Files...)
	for i, f := range s.work.files {
		content, ok := have[f.Digest]
		if !ok {
			var err error
			if content, err = s.fetchFile(ctx, i, f); err != nil {
				return err
			}
			have[f.Digest] = content
		}
		files = append(files, glovebox.File{Path: f.Path, Mode: f.Mode, Data: glovebox.NewSecretValue(content)})
	}
	s.work.spec.Files = files
	return nil
}

// unload lets go of the files, and lets others have theirs. They are in the
// sandbox, or are fetched again.
func (s *sandbox) unload() {
	s.work.spec.Files = nil
	if s.loaded {
		s.loaded = false
		<-s.a.loads
	}
}

// fetchFile brings one file, going on after breaks, and checks it.
func (s *sandbox) fetchFile(ctx context.Context, i int, f glovebox.InputFile) ([]byte, error) {
	b := backoff{max: s.a.cfg.MaxBackoff}
	content := bytes.NewBuffer(make([]byte, 0, f.Size))
	for {
		before := content.Len()
		err := s.readFile(ctx, f, content)
		switch {
		case content.Len() > int(f.Size):
			return nil, otherBytes(f)
		case err == nil:
			if sum := sha256.Sum256(content.Bytes()); content.Len() < int(f.Size) || "sha256:"+hex.EncodeToString(sum[:]) != f.Digest {
				return nil, otherBytes(f)
			}
			return content.Bytes(), nil
		case isNo(err):
			return nil, glovebox.Errorf(glovebox.KindInvalid, "control does not hand out %s: %w", f.Path, err).
				On(fmt.Sprintf("files[%d].digest", i)).Try("upload the file and submit the job again")
		}
		if content.Len() > before {
			b.reset()
		}
		if !b.wait(ctx) {
			return nil, ctx.Err()
		}
	}
}

// otherBytes is about control or the way to it, and not the job's fault: the
// same call may do later.
func otherBytes(f glovebox.InputFile) error {
	return glovebox.Errorf(glovebox.KindUnavailable, "the bytes that came for %s are not those of %s", f.Path, f.Digest)
}

// readFile makes one call, from where content ends.
func (s *sandbox) readFile(ctx context.Context, f glovebox.InputFile, content *bytes.Buffer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := s.a.cfg.Client.ReadFile(ctx, connect.NewRequest(&nodev1.ReadFileRequest{
		Job: s.job, Attempt: s.attempt, Digest: f.Digest, Offset: int64(content.Len())}))
	if err != nil {
		return err
	}
	defer stream.Close()
	for stream.Receive() && content.Len() <= int(f.Size) {
		_, _ = content.Write(stream.Msg().GetData()) // never fails
	}
	return stream.Err()
}
