package glovebox

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"path"
	"strings"
	"time"
	"unicode"
)

// OutDir is the folder of a sandbox whose files outlive it: what a job leaves
// there when its command ends are its artifacts.
const OutDir = "/out"

// Bounds of what a job can leave. Limits.Artifacts bounds the bytes.
const (
	MaxArtifacts     = 10_000 // files and folders together
	MaxArtifactPath  = 1024   // bytes of one path
	MaxArtifactDepth = 64     // folders on the way to one file, and the file
	MaxArtifactIndex = 24 << 20
)

// Artifact is a file or folder that a job has left under OutDir. The bytes of
// all files of an attempt are one stream, one after another in the order of the
// index, which is a line of JSON for each.
type Artifact struct {
	Path   string `json:"path"` // relative to OutDir, clean; see CheckArtifactPath
	Folder bool   `json:"folder,omitempty"`
	Size   int64  `json:"size"`             // bytes; 0 for a folder
	Mode   uint32 `json:"mode"`             // permission bits, as the job set them
	Digest string `json:"digest,omitempty"` // "sha256:…" of a file's bytes; "" for a folder
	Offset int64  `json:"offset"`           // of its first byte in the stream; for a folder, where the next file begins
}

// Line is the artifact as a line of an index, in its one spelling.
func (a Artifact) Line() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // names would be six times as long
	_ = e.Encode(a)        // strings and numbers
	return b.Bytes()
}

// Artifacts sums up what a job has left. Until the job's output is sealed, it
// is what the node speaks of; then, what was checked and is kept.
type Artifacts struct {
	Files      int    `json:"files"`               // without folders; known once sealed
	Folders    int    `json:"folders,omitempty"`   // known once sealed
	Bytes      int64  `json:"bytes"`               // of all files
	IndexBytes int64  `json:"indexBytes"`          // of the list itself
	Digest     string `json:"digest,omitempty"`    // sha256 of the index, "" until sealed
	LeftOut    int    `json:"leftOut,omitempty"`   // links, devices, names that cannot be kept, and what is beyond a bound
	Truncated  bool   `json:"truncated,omitempty"` // not everything fits the bounds, or could be collected
	Refused    bool   `json:"refused,omitempty"`   // what the node sent is no list with its bytes: nothing of it is kept
}

// Kept is what is counted of them as kept by the tenant.
func (a *Artifacts) Kept() int64 {
	if a == nil {
		return 0
	}
	return a.Bytes + a.IndexBytes
}

// CollectTime bounds how long a node takes to collect what a job with these
// limits has left, after its command has ended. Control gives it that much more
// time to report the end.
func (l Limits) CollectTime() time.Duration {
	if l.Artifacts <= 0 {
		return 0
	}
	return 20*time.Second + time.Duration(l.Artifacts/(32<<20))*time.Second
}

// CheckArtifactPath returns KindInvalid on "path" unless p can be kept as it is
// and means the same everywhere: relative, clean, valid UTF-8 without control
// characters and backslashes, not too long or deep.
func CheckArtifactPath(p string) error {
	switch {
	case p == "." || !fs.ValidPath(p):
		return Errorf(KindInvalid, "%.80q is not a clean relative path", p).On("path")
	case len(p) > MaxArtifactPath:
		return Errorf(KindInvalid, "the path has %d bytes", len(p)).On("path").Try("at most %d", MaxArtifactPath)
	case strings.ContainsFunc(p, unicode.IsControl) || strings.ContainsRune(p, '\\'):
		return Errorf(KindInvalid, "%.80q has control characters or backslashes", p).On("path")
	case strings.Count(p, "/") >= MaxArtifactDepth:
		return Errorf(KindInvalid, "the path has %d parts", strings.Count(p, "/")+1).On("path").Try("at most %d", MaxArtifactDepth)
	}
	return nil
}

// ArtifactSet decides, one after another, which artifacts can be kept together.
// Its zero value is empty.
type ArtifactSet struct {
	paths map[string]bool // true: a folder that may still be named itself
	count int
	end   int64
}

// Claim takes a path, for a folder or for a file. KindInvalid on "path" if it
// cannot be kept, was taken before, or would be both a file and a folder;
// KindTooLarge for more than MaxArtifacts.
func (s *ArtifactSet) Claim(p string, folder bool) error {
	if err := CheckArtifactPath(p); err != nil {
		return err
	}
	if s.count >= MaxArtifacts {
		return Errorf(KindTooLarge, "more than %d files and folders", MaxArtifacts).On("path")
	}
	if unnamed, taken := s.paths[p]; taken && !(unnamed && folder) {
		return Errorf(KindInvalid, "%.80q is there twice", p).On("path")
	}
	if s.paths == nil {
		s.paths = map[string]bool{}
	}
	for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
		open, taken := s.paths[dir]
		if taken && !open && !s.isFolder(dir) {
			return Errorf(KindInvalid, "%.80q is in a file", p).On("path")
		}
		if taken {
			break // and so are all above it
		}
		s.paths[dir] = true
	}
	s.paths[p] = false
	if folder {
		s.paths[p+"/"] = false // no path of a file ends so
	}
	s.count++
	return nil
}

func (s *ArtifactSet) isFolder(p string) bool {
	_, ok := s.paths[p+"/"]
	return ok
}

// Add takes an artifact of an index, in its order. KindInvalid with the field
// that is wrong, and what Claim says.
func (s *ArtifactSet) Add(a Artifact) error {
	switch {
	case a.Mode&^0o777 != 0:
		return Errorf(KindInvalid, "mode %o has more than permissions", a.Mode).On("mode")
	case a.Size < 0 || a.Folder && a.Size != 0 || a.Size > 1<<62-s.end:
		return Errorf(KindInvalid, "%d cannot be its size", a.Size).On("size")
	case a.Offset != s.end:
		return Errorf(KindInvalid, "it begins at %d and not at %d", a.Offset, s.end).On("offset")
	case a.Folder != (a.Digest == "") || !a.Folder && !IsDigest(a.Digest):
		return Errorf(KindInvalid, "%.80q is not its digest", a.Digest).On("digest")
	}
	if err := s.Claim(a.Path, a.Folder); err != nil {
		return err
	}
	s.end += a.Size
	return nil
}

// Bytes is the sum of the sizes of what was added.
func (s *ArtifactSet) Bytes() int64 { return s.end }
