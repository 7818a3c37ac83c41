package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
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
	p.distrusted()
	ada.runs()
	p.outlivesControl(ada)
	ada.isCut(me.Session.ID)
	ada.login(p.at)
	p.restart(ada)
	ada.Must("logout")
	refused(t, ada.Run("whoami"), glovebox.KindUnauthorized)
	p.box.NoResidue()
	p.elsewhere()
}

// distrusted tries to log in without knowing the authority: nobody is asked to
// agree to anything.
func (p *people) distrusted() {
	p.t.Helper()
	r := p.box.As(filepath.Join(p.t.TempDir(), "contexts.json")).Run("login", p.at.URL, "--no-browser")
	if r.Code == 0 || strings.Contains(r.Stderr, "/cli?") || !strings.Contains(r.Stderr, "--ca") {
		p.t.Errorf("login without the authority: %+v", r)
	}
}

// outlivesControl kills control under a job's input and output: the login
// counts in the next one, and no byte is lost.
func (p *people) outlivesControl(who *person) {
	p.t.Helper()
	from, to := io.Pipe()
	done := make(chan box.Result)
	go func() {
		done <- who.RunIn(from, "run", "busybox:test", "--", "sh", "-c", "while read -r line; do echo got $line; done")
	}()
	lines := 0
	write := func(n int) {
		for range n {
			lines++
			fmt.Fprintln(to, lines)
		}
	}
	write(1000)
	for range 2 {
		killed := p.box.Children("glovebox control")
		if len(killed) != 1 {
			p.t.Errorf("control is %v", killed)
		}
		for _, pid := range killed {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		write(1000)
		waitFor(p.t, 20*time.Second, func() bool { return who.Run("whoami").Code == 0 })
	}
	to.Close()
	r := <-done
	if got := strings.Count(r.Stdout, "got "); got != lines || !strings.HasSuffix(r.Stdout, fmt.Sprintf("got %d\n", lines)) || r.Code != 0 {
		p.t.Errorf("%d of %d lines came back, exit %d\n%s", got, lines, r.Code, r.Stderr)
	}
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
	refused(p.t, r, glovebox.KindConflict, `was made for localhost, not for "other.test"`, "hint: ")
	r = p.box.Run("up", "--listen", "127.0.0.1:0")
	if want := "hint: start with the public URL of the first time, " + p.at.URL; r.Code == 0 || !strings.Contains(r.Stderr, want) {
		p.t.Errorf("at another port: exit %d\n%s", r.Code, r.Stderr)
	}
}
