package glovebox

import "strings"

// InputFile is a file that a job finds in its sandbox. Its bytes were handed
// over before and are named by their digest.
type InputFile struct {
	Path   string `json:"path"`           // absolute; what the image has there is out of sight
	Digest string `json:"digest"`         // "sha256:…" of an uploaded file of the tenant
	Size   int64  `json:"size,omitempty"` // bytes; filled in by the service
	Mode   uint32 `json:"mode,omitempty"` // permission bits; default DefaultFileMode
}

// Bounds of Spec.Files. They leave room in a sandbox's files for secrets.
const (
	MaxInputFiles     = 48
	MaxInputFileBytes = 15 << 20 // of all together, and so of one
	DefaultFileMode   = 0o444
)

// IsDigest says whether s is "sha256:" and 64 digits in lower-case base 16.
func IsDigest(s string) bool {
	hex, ok := strings.CutPrefix(s, "sha256:")
	return ok && len(hex) == 64 && strings.Trim(hex, "0123456789abcdef") == ""
}

// checkFiles checks all but the sizes, which only the service knows.
func (s *Spec) checkFiles() error {
	if len(s.Files) == 0 {
		return nil
	}
	if len(s.Files) > MaxInputFiles {
		return Errorf(KindTooLarge, "%d files", len(s.Files)).On("files").Try("at most %d; pack them into an archive", MaxInputFiles)
	}
	if s.Template != "" {
		return Errorf(KindInvalid, "a job that goes on from a snapshot takes no files").On("files").Try("pass data on stdin")
	}
	files, all := append([]InputFile(nil), s.Files...), make([]File, len(s.Files))
	for i := range files {
		f, field := &files[i], "files["+itoa(i)+"]"
		if f.Mode == 0 {
			f.Mode = DefaultFileMode
		}
		all[i] = File{Path: f.Path, Mode: f.Mode}
		switch {
		case !IsDigest(f.Digest):
			return Errorf(KindInvalid, "%.80q is not a digest", f.Digest).On(field + ".digest").
				Try("upload the file by POST /v1/files and write the digest of the answer, sha256:…")
		case f.Size < 0:
			return Errorf(KindInvalid, "%d is not a size", f.Size).On(field + ".size").Try("leave it out")
		case f.Mode&^0o777 != 0:
			return Errorf(KindInvalid, "mode %o has more than permissions", f.Mode).On(field + ".mode").Try("write it as a number up to 511, which is 0777")
		case !printable(f.Path) || f.Path == OutDir || strings.HasPrefix(f.Path, OutDir+"/") || f.Path == SecretsDir || strings.HasPrefix(f.Path, SecretsDir+"/"):
			return Errorf(KindInvalid, "%.80q cannot be a file's path", f.Path).On(field+".path").
				Try("use a path outside of %s and %s, without control characters", OutDir, SecretsDir)
		}
		if err := CheckFiles(all[i : i+1]); err != nil {
			return AsError(err).On(field + ".path")
		}
	}
	if err := CheckFiles(all); err != nil {
		return AsError(err).Try("give each file a path of its own, and none inside of another")
	}
	s.Files = files
	return s.checkFileBytes()
}

// checkFileBytes is about the sizes that are known.
func (s *Spec) checkFileBytes() error {
	total := int64(0)
	for i, f := range s.Files {
		if total += f.Size; f.Size > MaxInputFileBytes || total > MaxInputFileBytes {
			return Errorf(KindTooLarge, "the files have more than %d bytes", MaxInputFileBytes).On("files[" + itoa(i) + "].size").
				Try("bring larger data in on stdin, or put it into the image")
		}
	}
	return nil
}

// WithFileSizes returns s with the sizes of its files, in their order.
// KindTooLarge on "files[…].size".
func (s Spec) WithFileSizes(sizes []int64) (Spec, error) {
	files := append([]InputFile(nil), s.Files...)
	for i := range files {
		files[i].Size = sizes[i]
	}
	s.Files = files
	return s, s.checkFileBytes()
}
