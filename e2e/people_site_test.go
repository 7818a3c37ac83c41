package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/e2e/box"
	"glovebox/e2e/softkey"
)

// people is a box that serves people from elsewhere.
type people struct {
	t   *testing.T
	box *box.Box
	at  box.Public
}

// startPeople starts one. What env has, `up` gets.
func startPeople(t *testing.T, env []string, args ...string) *people {
	t.Helper()
	archives.once.Do(makeArchives)
	if archives.err != nil {
		t.Fatal(archives.err)
	}
	b := box.New(t)
	b.Env = env
	return &people{t, b, b.StartPublic(args...)}
}

// person is somebody with a passkey, a browser and a command line.
type person struct {
	*box.CLI
	t       *testing.T
	browser *softkey.Browser
	config  string
}

// enrol uses a one-time link with a new browser and a new passkey.
func (p *people) enrol(link, name string) (*softkey.Browser, error) {
	p.t.Helper()
	ca, err := os.ReadFile(p.at.CA)
	if err != nil {
		p.t.Fatal(err)
	}
	b, err := softkey.New(p.at.URL, ca)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(b.HTTP.CloseIdleConnections)
	return b, b.Enrol(p.t.Context(), link, name)
}

// join makes a person of a one-time link, who logs in with the CLI.
func (p *people) join(link, name string) *person {
	p.t.Helper()
	b, err := p.enrol(link, name)
	if err != nil {
		p.t.Fatal(err)
	}
	config := filepath.Join(p.t.TempDir(), "contexts.json")
	who := &person{p.box.As(config), p.t, b, config}
	who.login(p.at)
	return who
}

// invite has a person sign an invitation, and returns its link.
func (w *person) invite(name, role string) string {
	w.t.Helper()
	wanted := map[string]any{"name": name, "role": role}
	body := w.signed("person.invite", wanted)
	var made struct {
		URL string `json:"url"`
	}
	if err := w.browser.Post(w.t.Context(), "/v1/invitations", body, &made); err != nil {
		w.t.Fatal(err)
	}
	return made.URL
}

// signed is a body with the person's signature over it.
func (w *person) signed(action string, body map[string]any) map[string]any {
	w.t.Helper()
	signature, err := w.browser.Sign(w.t.Context(), action, "", body)
	if err != nil {
		w.t.Fatal(err)
	}
	all := map[string]any{"signature": signature}
	for k, v := range body {
		all[k] = v
	}
	return all
}

var cliPage = regexp.MustCompile(`https://\S+/cli\?\S+`)

// login is `glovebox login`, agreed to in the person's browser.
func (w *person) login(at box.Public) {
	w.t.Helper()
	r := w.answered(cliPage, w.browser.AllowCLI, "login", at.URL, "--ca", at.CA, "--no-browser")
	if r.Code != 0 {
		w.t.Fatalf("login: exit %d\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
}

// answered runs a command that waits for somebody at a browser: do is called
// with the page that it prints on stderr.
func (w *person) answered(page *regexp.Regexp, do func(context.Context, string) error, args ...string) box.Result {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	cmd := w.Command(ctx, args...)
	var out, errs bytes.Buffer
	cmd.Stdout = &out
	said, err := cmd.StderrPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	asked := false
	for lines := bufio.NewScanner(io.TeeReader(said, &errs)); lines.Scan(); {
		url := page.FindString(lines.Text())
		if url == "" || asked {
			continue
		}
		asked = true
		if err := do(ctx, url); err != nil {
			w.t.Errorf("%s: %v", url, err)
			cancel()
		}
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	if !asked {
		w.t.Errorf("glovebox %s named no page\n%s", strings.Join(args, " "), errs.String())
	}
	return box.Result{Stdout: out.String(), Stderr: errs.String(), Code: cmd.ProcessState.ExitCode()}
}

// ask sends a request as the person's browser does, with a body unless it is
// nil, and returns the status. What went wrong is a problem with a kind.
func (w *person) ask(method, path, approval string, body, into any) (int, glovebox.Kind) {
	w.t.Helper()
	var sent bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			w.t.Fatal(err)
		}
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.browser.Base+path, &sent)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Origin", w.browser.Base)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if approval != "" {
		r.Header.Set("Glovebox-Approval", approval)
	}
	res, err := w.browser.HTTP.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	var problem struct{ Type string }
	if res.StatusCode >= 400 {
		parse(w.t, string(answer), &problem)
	} else if into != nil {
		parse(w.t, string(answer), into)
	}
	return res.StatusCode, glovebox.Kind(strings.TrimPrefix(problem.Type, "urn:glovebox:problem:"))
}

// refused checks that a command ended with the exit code of a kind.
func refused(t *testing.T, r box.Result, want glovebox.Kind, words ...string) {
	t.Helper()
	if r.Code != want.Info().Exit {
		t.Errorf("exit %d, want %d (%s)\n%s%s", r.Code, want.Info().Exit, want, r.Stdout, r.Stderr)
	}
	for _, word := range words {
		if !strings.Contains(r.Stderr, word) {
			t.Errorf("stderr lacks %q:\n%s", word, r.Stderr)
		}
	}
}

// shownJob is what these tests read of `glovebox show --json`.
type shownJob struct {
	ID              string `json:"jobID"`
	Status, Outcome string
	Owner           string
	Approvals       []struct {
		By       string
		Evidence json.RawMessage
	}
}

// job waits until a job has one of the statuses.
func (w *person) job(id string, statuses ...string) shownJob {
	w.t.Helper()
	var j shownJob
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		parse(w.t, w.Must("show", "--json", id), &j)
		for _, s := range statuses {
			if j.Status == s {
				return j
			}
		}
	}
	w.t.Fatalf("job %s is %s, not %v", id, j.Status, statuses)
	return j
}

// parse reads JSON that a command printed.
func parse(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatal(fmt.Errorf("%w: %s", err, text))
	}
}
