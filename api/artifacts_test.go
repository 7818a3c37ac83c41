package api_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"glovebox"
	"glovebox/api"
	"glovebox/api/apitest"
	"glovebox/api/wire"
	"glovebox/blob/memory"
	"glovebox/identity"
	"glovebox/output"
)

// artifactsOf is a job that has left files.
func artifactsOf(t *testing.T, c *tester, told func(*glovebox.Artifacts), files ...apitest.Left) string {
	t.Helper()
	id := c.submit("").ID
	c.Place(id)
	if err := c.Leave(id, files, told); err != nil {
		t.Fatal(err)
	}
	c.Finish(t, id, 0)
	return id
}

func (c *tester) ask(method, path string, headers ...string) answer {
	c.t.Helper()
	return c.do(method, path, "", headers...)
}

func TestListArtifacts(t *testing.T) {
	c := start(t)
	var files []apitest.Left
	for i := range 25 {
		files = append(files, apitest.Left{Path: fmt.Sprintf("f%02d", i), Content: bytes.Repeat([]byte("x"), i), Mode: 0o644})
	}
	files = append(files, apitest.Left{Path: "d/", Mode: 0o755})
	id := artifactsOf(t, c, nil, files...)
	path := "/v1/jobs/" + id + "/artifacts"
	var page wire.ArtifactPage
	a := c.ask("GET", path)
	c.want(a, http.StatusOK, &page)
	if len(page.Artifacts) != 26 || page.Next != "" || page.Artifacts[3].Size != 3 || page.Artifacts[3].Offset != 3 || !page.Artifacts[25].Folder {
		t.Errorf("%+v", page)
	}
	var job wire.Job
	c.want(c.ask("GET", "/v1/jobs/"+id), http.StatusOK, &job)
	tag := a.Header.Get("ETag")
	if job.Artifacts == nil || job.Artifacts.Files != 25 || job.Artifacts.Folders != 1 || job.Artifacts.Bytes != 300 || tag != `"`+job.Artifacts.Digest+`"` {
		t.Errorf("%+v, ETag %s", job.Artifacts, tag)
	}
	if a := c.ask("GET", path, "If-None-Match: "+tag); a.StatusCode != http.StatusNotModified {
		t.Errorf("%d", a.StatusCode)
	}
	var got []wire.Artifact
	pages := 0
	for cursor := ""; ; pages++ {
		var part wire.ArtifactPage
		q := "?limit=10"
		if cursor != "" {
			q += "&cursor=" + cursor
		}
		c.want(c.ask("GET", path+q), http.StatusOK, &part)
		got = append(got, part.Artifacts...)
		if cursor = part.Next; cursor == "" {
			break
		}
	}
	if pages != 2 || fmt.Sprint(got) != fmt.Sprint(page.Artifacts) {
		t.Errorf("%d pages, %v", pages+1, got)
	}
	for query, field := range map[string]string{"limit=0": "limit", "limit=10001": "limit", "cursor=x": "cursor", "cursor=-1": "cursor"} {
		c.problem(c.ask("GET", path+"?"+query), glovebox.KindInvalid, field)
	}
	c.problem(c.ask("GET", path+"?from=1"), glovebox.KindUnknownField, "from")
}

func TestNoArtifacts(t *testing.T) {
	c := start(t)
	for name, told := range map[string]func(*glovebox.Artifacts){
		"nothing": nil, "refused": func(a *glovebox.Artifacts) { a.Refused = true }, "left out": func(a *glovebox.Artifacts) { a.LeftOut = 3 },
	} {
		id := artifactsOf(t, c, told)
		var page wire.ArtifactPage
		c.want(c.ask("GET", "/v1/jobs/"+id+"/artifacts"), http.StatusOK, &page)
		if page.Artifacts == nil || len(page.Artifacts) != 0 {
			t.Errorf("%s: %+v", name, page)
		}
		c.problem(c.ask("GET", "/v1/jobs/"+id+"/artifacts/file?path=a"), glovebox.KindNotFound, "")
	}
	running := c.submit("").ID
	c.Place(running)
	for _, path := range []string{"/artifacts", "/artifacts/file?path=a"} {
		c.problem(c.ask("GET", "/v1/jobs/"+running+path), glovebox.KindConflict, "")
		c.problem(c.ask("GET", "/v1/jobs/jnobody"+path), glovebox.KindNotFound, "")
	}
}

func TestArtifactHeaders(t *testing.T) {
	c := start(t)
	page := []byte("<script>alert(1)</script>")
	id := artifactsOf(t, c, nil, apitest.Left{Path: "r/ä \"x\".html", Content: page, Mode: 0o644}, apitest.Left{Path: "r/empty", Mode: 0o644})
	file := func(name string) string { return "/v1/jobs/" + id + "/artifacts/file?path=" + url.QueryEscape(name) }
	a := c.ask("GET", file("r/ä \"x\".html"))
	sum := sha256.Sum256(page)
	if a.StatusCode != http.StatusOK || !bytes.Equal(a.body, page) {
		t.Fatalf("%d %q", a.StatusCode, a.body)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/octet-stream", "X-Content-Type-Options": "nosniff", "Accept-Ranges": "bytes",
		"Repr-Digest": "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":", "ETag": `"sha256:` + hex.EncodeToString(sum[:]) + `"`,
		"Content-Disposition": `attachment; filename*=utf-8''%C3%A4%20%22x%22.html`,
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if a := c.ask("HEAD", file("r/ä \"x\".html")); a.StatusCode != http.StatusOK || a.ContentLength != int64(len(page)) || len(a.body) != 0 {
		t.Errorf("HEAD: %d, %d", a.StatusCode, a.ContentLength)
	}
	if a := c.ask("GET", file("r/empty")); a.StatusCode != http.StatusOK || a.ContentLength != 0 {
		t.Errorf("empty: %d, %d", a.StatusCode, a.ContentLength)
	}
	if a := c.ask("GET", file("r/empty"), "If-None-Match: "+a.Header.Get("ETag")); a.StatusCode != http.StatusOK {
		t.Errorf("another's ETag: %d", a.StatusCode)
	}
	for name, kind := range map[string]glovebox.Kind{
		"../x": glovebox.KindInvalid, "/etc/passwd": glovebox.KindInvalid, "": glovebox.KindInvalid, "a\x00b": glovebox.KindInvalid, `a\b`: glovebox.KindInvalid,
		"r/../r/empty": glovebox.KindInvalid, strings.Repeat("x", 2000): glovebox.KindInvalid, "nothing": glovebox.KindNotFound, "r": glovebox.KindNotFound,
	} {
		field := "path"
		if kind == glovebox.KindNotFound {
			field = ""
		}
		c.problem(c.ask("GET", file(name)), kind, field)
	}
}

func TestArtifactRanges(t *testing.T) {
	c := start(t)
	content := []byte("0123456789")
	id := artifactsOf(t, c, nil, apitest.Left{Path: "before", Content: []byte("before"), Mode: 0o644},
		apitest.Left{Path: "f", Content: content, Mode: 0o644}, apitest.Left{Path: "after", Content: []byte("after"), Mode: 0o644}, apitest.Left{Path: "empty", Mode: 0o644})
	path := "/v1/jobs/" + id + "/artifacts/file?path=f"
	tag := c.ask("GET", path).Header.Get("ETag")
	for _, tt := range []struct{ headers, body, span string }{
		{"Range: bytes=0-3", "0123", "bytes 0-3/10"},
		{"Range: bytes=4-", "456789", "bytes 4-9/10"},
		{"Range: bytes=9-", "9", "bytes 9-9/10"},
		{"Range: bytes=-3", "789", "bytes 7-9/10"},
		{"Range: bytes=-30", "0123456789", "bytes 0-9/10"},
		{"Range: bytes=5-500", "56789", "bytes 5-9/10"},
		{"Range: bytes=5-99999999999999999999", "56789", "bytes 5-9/10"},
		{"Range: bytes=4-\nIf-Range: " + tag, "456789", "bytes 4-9/10"},
		{"Range: bytes=4-\nIf-Range: \"sha256:other\"", "0123456789", ""},
		{"Range: bytes=4-\nIf-Range: Wed, 21 Oct 2015 07:28:00 GMT", "0123456789", ""},
		{"Range: bytes=4-2", "0123456789", ""},
		{"Range: bytes=0-1,4-5", "0123456789", ""},
		{"Range: lines=1-2", "0123456789", ""},
		{"Range: bytes=x-", "0123456789", ""},
		{"Range: bytes=-", "0123456789", ""},
		{"Range: bytes=--1", "0123456789", ""},
		{"Range: bytes=+1-", "0123456789", ""},
	} {
		a := c.ask("GET", path, strings.Split(tt.headers, "\n")...)
		status := http.StatusOK
		if tt.span != "" {
			status = http.StatusPartialContent
		}
		if a.StatusCode != status || string(a.body) != tt.body || a.Header.Get("Content-Range") != tt.span || a.ContentLength != int64(len(tt.body)) {
			t.Errorf("%q: %d %q %q", tt.headers, a.StatusCode, a.body, a.Header.Get("Content-Range"))
		}
	}
	for _, header := range []string{"Range: bytes=10-", "Range: bytes=99999999999999999999-", "Range: bytes=-0"} {
		a := c.ask("GET", path, header)
		c.problem(a, glovebox.KindRange, "Range")
		if got := a.Header.Get("Content-Range"); got != "bytes */10" {
			t.Errorf("%s: %q", header, got)
		}
	}
	c.problem(c.ask("GET", "/v1/jobs/"+id+"/artifacts/file?path=empty", "Range: bytes=0-"), glovebox.KindRange, "Range")
}

func TestFiles(t *testing.T) {
	c := start(t)
	upload := func(body io.Reader, headers ...string) answer {
		r, err := http.NewRequest("POST", "http://glovebox/v1/files", body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/octet-stream")
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			r.Header.Set(name, value)
		}
		return c.send(r)
	}
	for _, content := range []string{"hello", "", strings.Repeat("x", 3<<20)} {
		sum := sha256.Sum256([]byte(content))
		var f, again wire.File
		a := upload(strings.NewReader(content))
		c.want(a, http.StatusOK, &f)
		if f.Digest != "sha256:"+hex.EncodeToString(sum[:]) || f.Size != int64(len(content)) || f.Until.IsZero() || a.Header.Get("Location") != "/v1/files/"+f.Digest {
			t.Errorf("%+v, %v", f, a.Header)
		}
		c.want(c.ask("GET", "/v1/files/"+f.Digest), http.StatusOK, &again)
		if again.Digest != f.Digest || again.Size != f.Size {
			t.Errorf("%+v", again)
		}
		c.want(upload(strings.NewReader(content), "Idempotency-Key: k"), http.StatusOK, nil)
		c.want(upload(strings.NewReader(content+"!"), "Idempotency-Key: k"), http.StatusOK, nil) // the content is what it goes by
	}
	c.problem(upload(strings.NewReader("x"), "Content-Type: application/json"), glovebox.KindMediaType, "")
	c.problem(upload(bytes.NewReader(make([]byte, glovebox.MaxInputFileBytes+1))), glovebox.KindTooLarge, "")
	for _, digest := range []string{"sha256:" + strings.Repeat("0", 64), "sha256:x", "x", "md5:" + strings.Repeat("0", 32), "sha256:" + strings.Repeat("G", 64)} {
		c.problem(c.ask("GET", "/v1/files/"+digest), glovebox.KindNotFound, "")
	}
}

func TestSubmitWithFiles(t *testing.T) {
	c := start(t)
	digest := "sha256:" + strings.Repeat("0", 64)
	var job wire.Job
	c.want(c.do("POST", "/v1/jobs", `{"containerImage":"a","files":[{"path":"/data/a","digest":"`+digest+`"}]}`), http.StatusAccepted, &job)
	if len(job.Spec.Files) != 1 || job.Spec.Files[0].Path != "/data/a" || job.Spec.Files[0].Mode != glovebox.DefaultFileMode {
		t.Errorf("%+v", job.Spec.Files)
	}
	for body, want := range map[string]struct {
		kind  glovebox.Kind
		field string
	}{
		`{"path":"data","digest":"` + digest + `"}`:               {glovebox.KindInvalid, "files[0].path"},
		`{"path":"/out/x","digest":"` + digest + `"}`:             {glovebox.KindInvalid, "files[0].path"},
		`{"path":"/a","digest":"sha256:1"}`:                       {glovebox.KindInvalid, "files[0].digest"},
		`{"path":"/a"}`:                                           {glovebox.KindInvalid, "files[0].digest"},
		`{"path":"/a","digest":"` + digest + `","mode":4095}`:     {glovebox.KindInvalid, "files[0].mode"},
		`{"path":"/a","digest":"` + digest + `","size":16777216}`: {glovebox.KindTooLarge, "files[0].size"},
		`{"path":"/a","digest":"` + digest + `","data":"eA=="}`:   {glovebox.KindUnknownField, "files[0].data"},
		`{"path":1,"digest":"` + digest + `"}`:                    {glovebox.KindMalformed, "files[0].path"},
		`"a"`:                                                     {glovebox.KindMalformed, "files[0]"},
	} {
		a := c.do("POST", "/v1/jobs", `{"containerImage":"a","files":[`+body+`]}`)
		var p wire.Problem
		if json.Unmarshal(a.body, &p) != nil || p.Kind != want.kind || strings.NewReplacer(".0", "[0]").Replace(p.Field) != want.field {
			t.Errorf("%s: %s", body, a.body)
		}
	}
}

// FuzzArtifact: whatever the path and the headers, the answer is a part of the
// file or a problem that is the caller's to mend.
func FuzzArtifact(f *testing.F) {
	logs, service := output.New(memory.New()), apitest.NewService()
	s := &apitest.Server{Service: service, Logs: logs}
	h := api.NewHandler(api.Config{Service: service, Images: &apitest.Images{}, Logs: logs,
		Auth: func(*http.Request) (identity.Caller, error) { return identity.Operator(0), nil }})
	job, _, err := service.Submit(f.Context(), glovebox.Principal{Tenant: identity.Operator(0).Tenant, Name: "x"}, glovebox.Spec{Image: "a"}, nil)
	if err != nil {
		f.Fatal(err)
	}
	s.Place(job.ID)
	content := []byte("0123456789")
	if err := s.Leave(job.ID, []apitest.Left{{Path: "d/", Mode: 0o755}, {Path: "d/f", Content: content, Mode: 0o644}}, nil); err != nil {
		f.Fatal(err)
	}
	service.Update(job.ID, func(j *glovebox.Job) { j.Output.Sealed = true })
	for _, r := range []string{"bytes=0-", "bytes=-1", "bytes=3-4", "bytes=9-1", "bytes=99999999999999999999999-", "x"} {
		f.Add("d/f", r, "")
	}
	f.Add("d", "bytes=0-", `"x"`)
	f.Fuzz(func(t *testing.T, path, span, only string) {
		r := httptest.NewRequest("GET", "/v1/jobs/"+job.ID+"/artifacts/file?path="+url.QueryEscape(path), nil)
		r.Header.Set("Range", span)
		if only != "" {
			r.Header.Set("If-Range", only)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		sane(t, w)
		if w.Code < 400 && (path != "d/f" || !bytes.Contains(content, w.Body.Bytes())) {
			t.Fatalf("%q: %d %q", path, w.Code, w.Body)
		}
	})
}
