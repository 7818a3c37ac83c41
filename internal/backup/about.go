package backup

import (
	"encoding/json"
	"path"
	"strings"
	"time"

	"glovebox"
	"glovebox/blob"
)

// Format is the version of the archive's form that this package writes. It reads
// this one and all before.
const Format = 1

// About says what an archive is a backup of.
type About struct {
	Format   int       `json:"format"`
	Instance string    `json:"instance"` // id of the instance
	Version  string    `json:"version"`  // of the glovebox that wrote it
	Schema   int       `json:"schema"`   // version of the store
	Taken    time.Time `json:"taken"`    // the instant of the store
}

// Entry is one file of an archive.
type Entry struct {
	Name string
	Size int64
	Open bool // a blob that was still growing
}

// Total is what an archive holds.
type Total struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// end is the last file: Hash is that of all manifests, one after another.
type end struct {
	Total
	Hash string `json:"hash"`
}

const (
	nameAbout    = "about.json"
	nameEnd      = "end.json"
	dirManifests = "manifest/"

	// Blobs, Control and TLS are what the names of files begin with.
	Blobs   = "blobs/"
	Control = "control/"
	TLS     = "tls/"
)

// maxSmall bounds the archive's own documents.
const maxSmall = 1 << 20

// CheckName refuses what no backup has: a name that is not a blob's, nor that
// of a file right in control's folder or the authority's.
func CheckName(name string) error {
	if key, ok := strings.CutPrefix(name, Blobs); ok {
		return blob.CheckKey(key)
	}
	for _, dir := range []string{Control, TLS} {
		if file, ok := strings.CutPrefix(name, dir); ok && blob.CheckKey(file) == nil && path.Base(file) == file && file[0] != '.' {
			return nil
		}
	}
	return damaged("it has a file %.100q, which no backup has", name)
}

func parseAbout(data []byte) (About, error) {
	var a About
	if err := json.Unmarshal(data, &a); err != nil || a.Format < 1 {
		return About{}, notOurs()
	}
	if a.Format > Format {
		return About{}, glovebox.Errorf(glovebox.KindUnavailable,
			"the backup has format %d, and this glovebox (which wrote none newer than %d) cannot read it", a.Format, Format).
			Try("restore it with glovebox %s, which wrote it, or a newer one", a.Version)
	}
	return a, nil
}

func notOurs() error {
	return glovebox.Errorf(glovebox.KindInvalid, "this is no backup of glovebox").Try("name a file that `glovebox backup` has written")
}

func damaged(format string, args ...any) error {
	return glovebox.Errorf(glovebox.KindInvalid, "the backup is damaged: "+format, args...).Try("use another copy of it, or another backup")
}
