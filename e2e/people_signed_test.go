package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/e2e/box"
	"glovebox/e2e/fixture"
	"glovebox/identity"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

var signPage = regexp.MustCompile(`https://\S+/approve/\S+`)

// TestSignedJob has jobs that go beyond what the tenant allows: under runc,
// which is no sandbox for hostile code.
func TestSignedJob(t *testing.T) {
	p := startPeople(t, nil)
	ada := p.join(p.at.FirstAdmin(), "Ada")
	ada.Must("image", "import", archives.busybox)

	ada.unsigned()
	ada.signsAlone(p.at)
	ada.changesHerMind()
	ada.isBetrayed()
	p.box.Must("tenant", "set", glovebox.LocalTenant, "--two-person")
	ada.signsWith(p.join(ada.invite("Bob", "developer"), "Bob"))
	p.box.NoResidue()
}

// byName is a job that tells its kernel, which is the host's. Its image may be
// moved, so it cannot be signed like this.
var byName = wire.Spec{Image: "busybox:test", Cmd: []string{"cat", "/proc/sys/kernel/osrelease"}, Runtime: glovebox.RuntimeRunc}

// exact is the job byName with the image that the name stands for now.
func (w *person) exact() wire.Spec {
	w.t.Helper()
	exact := byName
	exact.Image += "@" + keptAs(w.t, w.Must, byName.Image)
	return exact
}

// keptAs is the digest of what the server has under a name without a registry.
// must runs a command.
func keptAs(t *testing.T, must func(...string) string, name string) string {
	t.Helper()
	var all []struct{ Name, Digest string }
	parse(t, must("image", "list", "--json"), &all)
	for _, img := range all {
		if img.Name == "docker.io/library/"+name {
			return img.Digest
		}
	}
	t.Fatalf("no image %s in %+v", name, all)
	return ""
}

// unsigned is refused: a program that cannot wait for people learns at once
// what it lacks.
func (w *person) unsigned() {
	w.t.Helper()
	runc := w.exact()
	for _, spec := range []wire.Spec{runc, byName} {
		if status, kind := w.ask(http.MethodPost, "/v1/jobs", "", spec, nil); status != http.StatusForbidden || kind != glovebox.KindApproval {
			w.t.Errorf("%s: %d %s", spec.Image, status, kind)
		}
	}
	if status, kind := w.ask(http.MethodPost, "/v1/approvals", "", map[string]any{"spec": byName}, nil); kind != glovebox.KindInvalid {
		w.t.Errorf("an approval of a name that can be moved: %d %s", status, kind)
	}
	sandboxed := runc
	sandboxed.Runtime = glovebox.RuntimeGVisor
	if status, kind := w.ask(http.MethodPost, "/v1/approvals", "", map[string]any{"spec": sandboxed}, nil); kind != glovebox.KindInvalid {
		w.t.Errorf("an approval that nothing needs: %d %s", status, kind)
	}
}

// signsAlone runs a job that waits for her signature, and checks what is kept
// of it as somebody would who has nothing but the public key.
func (w *person) signsAlone(at box.Public) {
	w.t.Helper()
	r := w.answered(signPage, w.sign, append([]string{"run", "--runtime", "runc", "--label", "signed=alone", byName.Image, "--"}, byName.Cmd...)...)
	if host, _ := os.ReadFile("/proc/sys/kernel/osrelease"); r.Code != 0 || r.Stdout != string(host) {
		w.t.Fatalf("%+v, want %s", r, host)
	}
	if digest := keptAs(w.t, w.Must, byName.Image); !strings.Contains(r.Stderr, "pinned to "+digest) {
		w.t.Errorf("no word of %s: %s", digest, r.Stderr)
	}
	j := w.labelled("signed=alone")
	if len(j.Approvals) != 1 {
		w.t.Fatalf("approvals: %+v", j.Approvals)
	}
	signed := w.verified(j.Approvals[0].Evidence, at)
	var said struct{ Image, Digest string }
	parse(w.t, string(signed.Operation.Parameters), &said)
	if digest := keptAs(w.t, w.Must, byName.Image); said.Image != byName.Image+"@"+digest || said.Digest != digest {
		w.t.Errorf("signed: %+v, want %s", said, digest)
	}
	if !strings.Contains(string(signed.Operation.Parameters), byName.Cmd[1]) || signed.Operation.Action != identity.ActionJobWiden {
		w.t.Errorf("signed: %+v", signed.Operation)
	}
	w.receipted(j.ID, j.Approvals[0].By, signed)
	forged := signed
	forged.Operation.Parameters = json.RawMessage(strings.Replace(string(signed.Operation.Parameters), byName.Cmd[1], "/etc/shadow", 1))
	if err := identity.VerifySigned(forged, "localhost", []string{at.URL}); err == nil {
		w.t.Error("another command is covered by the signature")
	}
}

func (w *person) sign(ctx context.Context, page string) error {
	u, err := url.Parse(page)
	if err != nil {
		return err
	}
	return w.browser.Approve(ctx, path.Base(u.Path))
}

// verified checks evidence without the service. The public key is that of the
// person's authenticator.
func (w *person) verified(evidence json.RawMessage, at box.Public) identity.SignedOperation {
	w.t.Helper()
	var signed identity.SignedOperation
	parse(w.t, string(evidence), &signed)
	if err := identity.VerifySigned(signed, "localhost", []string{at.URL}); err != nil {
		w.t.Errorf("the evidence: %v", err)
	}
	return signed
}

// labelled is the one job that has a label.
func (w *person) labelled(label string) shownJob {
	w.t.Helper()
	id := strings.TrimSpace(w.Must("jobs", "-q", "--label", label))
	return w.job(id, "COMPLETED", "ARCHIVED")
}

// changesHerMind submits another command than she signed, and what she signed
// twice.
func (w *person) changesHerMind() {
	w.t.Helper()
	runc := w.exact()
	id := w.requested(runc, 1)
	if status, kind := w.ask(http.MethodPost, "/v1/jobs", id, runc, nil); kind != glovebox.KindApproval {
		w.t.Errorf("before it is signed: %d %s", status, kind)
	}
	if err := w.browser.Approve(w.t.Context(), id); err != nil {
		w.t.Fatal(err)
	}
	for name, change := range map[string]func(*wire.Spec){
		"command": func(s *wire.Spec) { s.Cmd = []string{"cat", "/etc/shadow"} },
		"image":   func(s *wire.Spec) { s.Image = "busybox:other@" + keptAs(w.t, w.Must, byName.Image) },
		"name":    func(s *wire.Spec) { s.Image = byName.Image },
		"user":    func(s *wire.Spec) { s.User = "user" },
	} {
		other := runc
		change(&other)
		if status, kind := w.ask(http.MethodPost, "/v1/jobs", id, other, nil); status != http.StatusConflict {
			w.t.Errorf("another %s: %d %s", name, status, kind)
		}
	}
	var made shownJob
	if status, kind := w.ask(http.MethodPost, "/v1/jobs", id, runc, &made); status >= 300 {
		w.t.Fatalf("what was signed: %d %s", status, kind)
	}
	w.job(made.ID, "COMPLETED", "ARCHIVED")
	if status, kind := w.ask(http.MethodPost, "/v1/jobs", id, runc, nil); kind != glovebox.KindApproval {
		w.t.Errorf("once more: %d %s", status, kind)
	}
}

// isBetrayed signs a job whose image's name is then moved to other content. The
// job runs what was signed, or not at all.
func (w *person) isBetrayed() {
	w.t.Helper()
	job := w.exact()
	job.Cmd, job.PullPolicy = []string{"sh", "-c", "echo $FROM_IMAGE"}, glovebox.PullNever
	signed := func() string {
		id := w.requested(job, 1)
		if err := w.browser.Approve(w.t.Context(), id); err != nil {
			w.t.Fatal(err)
		}
		return id
	}
	first, second := signed(), signed()
	w.Must("image", "import", "--name", "busybox:kept", archives.busybox)
	w.Must("image", "import", movedArchive(w.t))
	if out := w.Must("run", byName.Image, "--", "sh", "-c", "echo $FROM_IMAGE"); out != "moved\n" {
		w.t.Fatalf("the name was not moved: %q", out)
	}
	var made shownJob
	if status, kind := w.ask(http.MethodPost, "/v1/jobs", first, job, &made); status >= 300 {
		w.t.Fatalf("after the name was moved: %d %s", status, kind)
	}
	if out := w.Must("logs", "-f", made.ID); out != "yes\n" {
		w.t.Errorf("the signed job ran other content: %q", out)
	}
	w.Must("image", "rm", "busybox:kept")
	if status, kind := w.ask(http.MethodPost, "/v1/jobs", second, job, nil); kind != glovebox.KindImageUnknown {
		w.t.Errorf("what was signed is gone: %d %s", status, kind)
	}
	w.Must("image", "import", archives.busybox)
}

// movedArchive has other content under the name busybox:test.
func movedArchive(t *testing.T) string {
	t.Helper()
	tree, err := fixture.Busybox(fixture.BusyboxPath)
	if err != nil {
		t.Fatal(err)
	}
	img, err := fixture.Image(tree, v1.Config{Env: []string{"PATH=/bin:/usr/bin", "FROM_IMAGE=moved"}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "moved.tar")
	if err := fixture.WriteArchive(file, byName.Image, img); err != nil {
		t.Fatal(err)
	}
	return file
}

// requested asks for approval of a job and returns the request's id.
func (w *person) requested(spec wire.Spec, needed int) string {
	w.t.Helper()
	var a wire.Approval
	if status, kind := w.ask(http.MethodPost, "/v1/approvals", "", map[string]any{"spec": spec}, &a); status >= 300 {
		w.t.Fatalf("ask for approval: %d %s", status, kind)
	}
	if a.Needed != needed || len(a.Signatures) != 0 {
		w.t.Errorf("%+v", a)
	}
	return a.ID
}

// signsWith takes another person: one that signs twice is still one.
func (w *person) signsWith(other *person) {
	w.t.Helper()
	runc := w.exact()
	id := w.requested(runc, 2)
	if err := w.browser.Approve(w.t.Context(), id); err != nil {
		w.t.Fatal(err)
	}
	if err := w.browser.Approve(w.t.Context(), id); err == nil {
		w.t.Error("one person signed twice")
	}
	if status, kind := w.ask(http.MethodPost, "/v1/jobs", id, runc, nil); kind != glovebox.KindApproval {
		w.t.Errorf("with one signature: %d %s", status, kind)
	}
	both := func(ctx context.Context, page string) error {
		if err := w.sign(ctx, page); err != nil {
			return err
		}
		return other.sign(ctx, page)
	}
	began := time.Now()
	r := w.answered(signPage, both, append([]string{"run", "--runtime", "runc", "--label", "signed=both", byName.Image, "--"}, byName.Cmd...)...)
	if r.Code != 0 || r.Stdout == "" {
		w.t.Fatalf("after %s: %+v", time.Since(began), r)
	}
	if j := w.labelled("signed=both"); len(j.Approvals) != 2 || j.Approvals[0].By == j.Approvals[1].By {
		w.t.Errorf("approvals: %+v", j.Approvals)
	}
}
