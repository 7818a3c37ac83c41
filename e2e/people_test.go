package e2e

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/e2e/box"
)

// TestPasskeyToJob is the way of a person from the first admin's link to the
// output of a job, and back out.
func TestPasskeyToJob(t *testing.T) {
	p := startPeople(t, nil)
	link := p.at.FirstAdmin()
	ada := p.join(link, "Ada")
	if _, err := p.enrol(link, "Eve"); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("the link again: %v", err)
	}
	var me struct {
		Name, DisplayName, Tenant, Role string
		Session                         struct{ ID, Kind string }
	}
	parse(t, ada.Must("whoami", "--json"), &me)
	if me.DisplayName != "Ada" || me.Role != "admin" || me.Tenant != glovebox.LocalTenant || me.Session.Kind != "key" {
		t.Errorf("whoami: %+v", me)
	}
	ada.runs()
	ada.isCut(me.Session.ID)
	ada.login(p.at)
	p.restart(ada)
	ada.Must("logout")
	refused(t, ada.Run("whoami"), glovebox.KindUnauthorized)
	p.box.NoResidue()
	p.elsewhere()
}

// runs checks that all of a job's streams cross TLS.
func (w *person) runs() {
	w.t.Helper()
	w.Must("image", "import", archives.busybox)
	in := bytes.Repeat([]byte("0123456789abcde\n"), 1<<15)
	r := w.RunIn(bytes.NewReader(in), "run", "busybox:test", "--", "sh", "-c", "wc -c; echo err >&2; exit 7")
	if r.Stdout != "524288\n" || r.Stderr != "err\n" || r.Code != 7 {
		w.t.Errorf("run: %+v", r)
	}
	id := strings.TrimSpace(w.Must("run", "--detach", "busybox:test", "--", "sh", "-c", "echo a; sleep 0.3; echo b"))
	if out := w.Must("logs", "-f", id); out != "a\nb\n" {
		w.t.Errorf("logs -f: %q", out)
	}
	var owner shownJob
	if parse(w.t, w.Must("show", "--json", id), &owner); !strings.HasPrefix(owner.Owner, "person:per_") {
		w.t.Errorf("the job's owner is %q", owner.Owner)
	}
}

// isCut ends the session that the CLI has while it streams.
func (w *person) isCut(session string) {
	w.t.Helper()
	id := strings.TrimSpace(w.Must("run", "--detach", "busybox:test", "--", "sh", "-c", "echo begun; sleep 300"))
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	logs := w.Command(ctx, "logs", "-f", id)
	var out, errs box.Buffer
	logs.Stdout, logs.Stderr = &out, &errs
	if err := logs.Start(); err != nil {
		w.t.Fatal(err)
	}
	for !strings.Contains(out.String(), "begun") && ctx.Err() == nil {
		time.Sleep(20 * time.Millisecond)
	}
	var all []struct {
		ID      string
		Current bool
	}
	parse(w.t, w.Must("sessions", "--json"), &all)
	if len(all) != 2 {
		w.t.Errorf("sessions: %+v", all)
	}
	w.Must("sessions", "end", session)
	ended := time.Now()
	_ = logs.Wait()
	if took := time.Since(ended); took > 5*time.Second {
		w.t.Errorf("the stream went on for %s", took)
	}
	refused(w.t, box.Result{Stdout: out.String(), Stderr: errs.String(), Code: logs.ProcessState.ExitCode()}, glovebox.KindUnauthorized, "glovebox login")
	refused(w.t, w.Run("jobs"), glovebox.KindUnauthorized, "glovebox login")
	if status, kind := w.ask(http.MethodPost, "/v1/jobs/"+id+"/cancel", "", nil, nil); status >= 300 {
		w.t.Errorf("cancel in the browser, whose session goes on: %d %s", status, kind)
	}
}

// restart starts the service again: who was there is there, and nobody can
// become the first admin again.
func (p *people) restart(who *person) {
	p.t.Helper()
	if code := p.box.Stop(); code != 0 {
		p.t.Errorf("glovebox up ended with %d", code)
	}
	p.at = p.box.StartPublic("--listen", p.host())
	who.Must("whoami")
	if status, kind := who.ask(http.MethodGet, "/v1/me", "", nil, nil); status != http.StatusOK {
		p.t.Errorf("the browser's session: %d %s", status, kind)
	}
	if err := who.browser.Login(p.t.Context()); err != nil {
		p.t.Errorf("the passkey: %v", err)
	}
	refused(p.t, p.box.Run("admin", "link"), glovebox.KindConflict)
	if strings.Contains(p.at.Since(), "/enrol#") {
		p.t.Errorf("another link was printed\n%s", p.at.Since())
	}
}

// host is where the service listens, for the next start.
func (p *people) host() string {
	u, err := url.Parse(p.at.URL)
	if err != nil {
		p.t.Fatal(err)
	}
	return "127.0.0.1:" + u.Port()
}

// elsewhere starts the service under another name, and at another port: no
// passkey is bound to these.
func (p *people) elsewhere() {
	p.t.Helper()
	p.box.Stop()
	if strings.Contains(p.at.Since(), "/enrol#") {
		p.t.Errorf("another link was printed\n%s", p.at.Since())
	}
	r := p.box.Run("up", "--listen", p.host(), "--public-url", strings.Replace(p.at.URL, "localhost", "other.test", 1))
	refused(p.t, r, glovebox.KindConflict, `was not made for "other.test"`, "hint: ")
	r = p.box.Run("up", "--listen", "127.0.0.1:0")
	refused(p.t, r, glovebox.KindConflict, "passkeys are bound to localhost", p.at.URL, "hint: ")
}
