package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

//go:embed pages assets
var embedded embed.FS

// types are the media types of the files there are. What the machine's own
// tables say must not matter.
var types = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// What pages write and what is put in its place: assetsURL gets the version
// behind it, originMark becomes the origin that passkeys are bound to.
const (
	assetsURL  = "/assets/"
	originMark = "{{origin}}"
)

// Pages that are not simply at their own name.
const (
	pageMissing = "missing"
	pageHome    = "account"
	pageApprove = "approve"
)

// site is every file by its path.
type site struct {
	files            map[string]file
	approve, missing file
}

// file is one file as it is served.
type file struct {
	body    []byte
	typ     string
	tag     string
	caching string
}

// newSite reads the embedded files. The assets stand below a folder named after
// the content of all of them, so they can be kept for ever, modules find each
// other by relative names, and a page never mixes two versions.
func newSite(origin string) site {
	s := site{files: map[string]file{}}
	assets := read("assets")
	version := versionOf(assets)
	for name, body := range assets {
		s.files[assetsURL+version+"/"+name] = newFile(name, body, "public, max-age=31536000, immutable")
	}
	for name, body := range read("pages") {
		body = bytes.ReplaceAll(body, []byte(assetsURL), []byte(assetsURL+version+"/"))
		body = bytes.ReplaceAll(body, []byte(originMark), []byte(html.EscapeString(origin)))
		f := newFile(name, body, "no-cache")
		switch page := strings.TrimSuffix(name, ".html"); page {
		case pageMissing:
			s.missing = f
		case pageHome:
			s.files["/"] = f
		case pageApprove:
			s.approve = f
		default:
			s.files["/"+page] = f
		}
	}
	return s
}

// read returns the files of an embedded folder.
func read(folder string) map[string][]byte {
	entries, err := embedded.ReadDir(folder)
	if err != nil {
		panic(err) // embedded: it is there or nothing is built
	}
	files := make(map[string][]byte, len(entries))
	for _, e := range entries {
		body, err := fs.ReadFile(embedded, folder+"/"+e.Name())
		if err != nil {
			panic(err)
		}
		files[e.Name()] = body
	}
	return files
}

// versionOf names the content of all files.
func versionOf(files map[string][]byte) string {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	h := sha256.New()
	for _, name := range names {
		sum := sha256.Sum256(files[name])
		h.Write([]byte(name))
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func newFile(name string, body []byte, caching string) file {
	sum := sha256.Sum256(body)
	return file{body: body, typ: types[path.Ext(name)], tag: `"` + hex.EncodeToString(sum[:16]) + `"`, caching: caching}
}

// serve answers with f, or that the browser has it.
func (f file) serve(w http.ResponseWriter, r *http.Request, status int) {
	h := w.Header()
	h.Set("Cache-Control", f.caching)
	h.Set("ETag", f.tag)
	if status == http.StatusOK && slices.ContainsFunc(r.Header.Values("If-None-Match"), func(v string) bool { return strings.Contains(v, f.tag) }) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", f.typ)
	h.Set("Content-Length", strconv.Itoa(len(f.body)))
	w.WriteHeader(status)
	if r.Method == http.MethodGet {
		_, _ = w.Write(f.body) // the browser may be gone; nobody else to tell
	}
}
