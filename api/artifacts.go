package api

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"glovebox"
	"glovebox/api/wire"
)

// artifacts lists what a job has left.
func (h *handler) artifacts(w http.ResponseWriter, r *http.Request) error {
	q := params(r, []string{"limit", "cursor"})
	limit := int(q.number("limit", 1000, 1, glovebox.MaxArtifacts))
	from := int(q.number("cursor", 0, 0, glovebox.MaxArtifacts))
	if err := q.err(); err != nil {
		return err
	}
	job, err := h.over(r)
	if err != nil {
		return err
	}
	tag := artifactsTag(job)
	w.Header().Set("ETag", tag)
	if matches(r, "If-None-Match", tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	page := wire.ArtifactPage{Artifacts: []wire.Artifact{}}
	n := 0
	err = h.eachArtifact(r, job, func(a glovebox.Artifact) error {
		switch n++; {
		case n <= from:
		case len(page.Artifacts) == limit:
			page.Next = strconv.Itoa(from + limit)
			return errFound
		default:
			page.Artifacts = append(page.Artifacts, wire.Artifact(a))
		}
		return nil
	})
	if err != nil && !errors.Is(err, errFound) {
		return err
	}
	return writeJSON(w, http.StatusOK, page)
}

// errFound ends the reading of an index.
var errFound = errors.New("found")

// over returns the job that the path names, if all that it left is here.
func (h *handler) over(r *http.Request) (glovebox.Job, error) {
	job, err := h.find(r)
	if err == nil && !job.Output.Sealed {
		err = glovebox.Errorf(glovebox.KindConflict, "what the job leaves is not complete yet").
			Try("wait for it: GET /v1/jobs/{id}/wait?for=sealed")
	}
	return job, err
}

func artifactsTag(j glovebox.Job) string {
	if j.Artifacts == nil || j.Artifacts.Digest == "" {
		return `"none"`
	}
	return `"` + j.Artifacts.Digest + `"`
}

// eachArtifact goes through what was checked when the job's output was sealed.
func (h *handler) eachArtifact(r *http.Request, job glovebox.Job, f func(glovebox.Artifact) error) error {
	if job.Artifacts == nil || job.Artifacts.Digest == "" {
		return nil
	}
	return h.Logs.Index(r.Context(), job.ID, job.Attempt, f)
}

// artifact answers with the bytes of a file, or a range of them. What it is
// called and what is in it is the job's word, so no browser is to make anything
// of it.
func (h *handler) artifact(w http.ResponseWriter, r *http.Request) error {
	q := params(r, []string{"path"})
	name := q.text("path")
	if err := q.err(); err != nil {
		return err
	}
	if err := glovebox.CheckArtifactPath(name); err != nil {
		return glovebox.AsError(err).Try("give a path of GET /v1/jobs/{id}/artifacts, relative to %s", glovebox.OutDir)
	}
	job, err := h.over(r)
	if err != nil {
		return err
	}
	a, err := h.artifactAt(r, job, name)
	if err != nil {
		return err
	}
	tag := `"` + a.Digest + `"`
	from, n, part, err := rangeOf(r, tag, a.Size)
	if err != nil {
		w.Header().Set("Content-Range", "bytes */"+strconv.FormatInt(a.Size, 10))
		return err
	}
	head := w.Header()
	head.Set("ETag", tag)
	if matches(r, "If-None-Match", tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	head.Set("Content-Type", "application/octet-stream")
	head.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": path.Base(name)}))
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Accept-Ranges", "bytes")
	head.Set("Repr-Digest", reprDigest(a.Digest))
	head.Set("Content-Length", strconv.FormatInt(n, 10))
	status := http.StatusOK
	if part {
		status = http.StatusPartialContent
		head.Set("Content-Range", "bytes "+strconv.FormatInt(from, 10)+"-"+strconv.FormatInt(from+n-1, 10)+"/"+strconv.FormatInt(a.Size, 10))
	}
	if r.Method == http.MethodHead || n == 0 {
		w.WriteHeader(status)
		return nil
	}
	return h.sendArtifact(w, r, job, a, from, n, status)
}

// artifactAt finds a file by its path.
func (h *handler) artifactAt(r *http.Request, job glovebox.Job, name string) (glovebox.Artifact, error) {
	var found glovebox.Artifact
	err := h.eachArtifact(r, job, func(a glovebox.Artifact) error {
		if a.Path != name {
			return nil
		}
		found = a
		return errFound
	})
	switch {
	case err == nil:
		return found, glovebox.Errorf(glovebox.KindNotFound, "the job has left no such file").Try("list them with GET /v1/jobs/{id}/artifacts")
	case !errors.Is(err, errFound):
		return found, err
	case found.Folder:
		return found, glovebox.Errorf(glovebox.KindInvalid, "%.80q is a folder", name).On("path").Try("get the files in it, one after another")
	}
	return found, nil
}

func (h *handler) sendArtifact(w http.ResponseWriter, r *http.Request, job glovebox.Job, a glovebox.Artifact, from, n int64, status int) error {
	content, err := h.Logs.OpenArtifact(r.Context(), job.ID, job.Attempt, a, from)
	if err != nil {
		return err
	}
	defer content.Close()
	w.WriteHeader(status)
	body := &body{w: w, control: http.NewResponseController(w), left: n}
	buf := pieces.Get().(*[]byte)
	defer pieces.Put(buf)
	for {
		n, err := content.Read(*buf)
		if n > 0 {
			if err := body.write((*buf)[:n]); errors.Is(err, errFull) {
				return nil
			} else if err != nil {
				return err
			}
		}
		if err == io.EOF {
			return io.ErrUnexpectedEOF // there is less than was announced
		}
		if err != nil {
			return err
		}
	}
}

// reprDigest writes a digest as RFC 9530 has it.
func reprDigest(digest string) string {
	sum, _ := hex.DecodeString(strings.TrimPrefix(digest, "sha256:")) // it was checked
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum) + ":"
}
