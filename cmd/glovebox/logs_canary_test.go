package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"glovebox"
	"glovebox/agent"
	"glovebox/api"
	"glovebox/api/apitest"
	blobs "glovebox/blob/memory"
	"glovebox/identity"
	"glovebox/identity/identitytest"
	"glovebox/internal/redact"
	"glovebox/orchestrator"
	"glovebox/output"
	"glovebox/provider/fake"
	"glovebox/store/memory"
)

const (
	canaryURL  = "https://box.example:8443"
	canaryRPID = "box.example"
)

// canaryStack is control in one process, with everything at debug level and no
// net under its log.
type canaryStack struct {
	t       *testing.T
	log     *slog.Logger
	ids     *identity.Service
	api     http.Handler
	orch    *orchestrator.Orchestrator
	secrets map[string]string // what no line may hold, by what it is

	mu      sync.Mutex
	written bytes.Buffer
}

// Write implements io.Writer for the log.
func (s *canaryStack) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.written.Write(p)
}

func (s *canaryStack) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.written.String()
}

// secret plants a secret and returns it.
func (s *canaryStack) secret(what, value string) string {
	s.t.Helper()
	if len(value) < 8 {
		s.t.Fatalf("%s: %q could be found by accident", what, value)
	}
	s.secrets[what] = value
	return value
}

func newCanaryStack(t *testing.T) *canaryStack {
	t.Helper()
	s := &canaryStack{t: t, secrets: map[string]string{}}
	s.log = slog.New(slog.NewJSONHandler(s, &slog.HandlerOptions{Level: slog.LevelDebug}))
	store, logs, node := memory.New(), output.New(blobs.New()), fake.New(4)
	issuer := identitytest.NewIssuer("https://ci.example")
	var err error
	s.ids, err = identity.Open(t.Context(), identity.Config{Records: store, Now: time.Now, PublicURL: canaryURL, RPID: canaryRPID,
		Origins: []string{canaryURL}, Fetch: issuer.Fetch})
	if err != nil {
		t.Fatal(err)
	}
	node.Ship = func(job string, attempt int, p []byte) {
		_, _ = logs.Append(context.Background(), job, attempt, output.Stdout, 0, p)
	}
	var once sync.Once
	node.Fail = func(step fake.Step, _ glovebox.Resource) (err error) {
		once.Do(func() { err = errors.New("the first call of the provider fails") })
		return err
	}
	s.orch = orchestrator.New(orchestrator.Config{Store: store, Provider: node, Images: canaryShelf{}, Output: canaryOutput{logs}, Log: s.log, Holder: "a"})
	s.api = api.NewHandler(api.Config{
		Service: s.orch, Images: &apitest.Images{}, Logs: logs, Identity: s.ids, Auth: api.Callers(nobody, s.ids), Allow: s.ids.Authorize,
		PublicURL: canaryURL, Audit: store, Records: store, Log: s.log,
	})
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- s.orch.Run(ctx, func() { node.Open(s.orch); close(ready) }) }()
	<-ready
	t.Cleanup(func() { stop(); <-ended })
	return s
}

func nobody(*http.Request) (identity.Caller, error) {
	return identity.Caller{}, glovebox.Errorf(glovebox.KindUnauthorized, "there is no socket")
}

// canaryOutput is the logs as the orchestrator wants them.
type canaryOutput struct{ *output.Logs }

func (o canaryOutput) Sizes(ctx context.Context, job string, attempt int) (glovebox.StreamSizes, error) {
	s, err := o.Logs.Sizes(ctx, job, attempt)
	return s.Written(), err
}

func (o canaryOutput) Forget(ctx context.Context, job string) error { return o.Logs.Forget(ctx, job) }

func (o canaryOutput) PutStdin(ctx context.Context, job string, p []byte) error {
	_, err := o.Append(ctx, job, 0, output.Stdin, 0, p)
	return err
}

// canaryShelf has every image.
type canaryShelf struct{}

func (canaryShelf) Normalize(name string) (string, error) { return name, nil }
func (canaryShelf) Find(_ context.Context, _, name string) (glovebox.Image, error) {
	return glovebox.Image{Name: name, Digest: "sha256:0123"}, nil
}
func (s canaryShelf) Resolve(ctx context.Context, tenant, name, _ string) (glovebox.Image, error) {
	return s.Find(ctx, tenant, name)
}

// login enrols the first admin and returns them with an access token and its
// key. Everything that they were given on the way is a secret.
func (s *canaryStack) login() (identity.Caller, *identitytest.Key, string) {
	s.t.Helper()
	ctx, root, device := s.t.Context(), glovebox.Principal{Kind: glovebox.PrincipalOperator, Name: "uid:0", Tenant: glovebox.LocalTenant}, identitytest.NewDevice(canaryURL, canaryRPID)
	_, link, err := s.ids.FirstAdmin(ctx, root, "acme")
	s.must(err)
	s.secret("one-time link", link)
	id, options, err := s.ids.BeginEnrol(ctx, link, "Ada", "laptop")
	s.must(err)
	answer, err := device.Register(s.json(options))
	s.must(err)
	_, cookie, err := s.ids.FinishEnrol(ctx, id, answer, "browser")
	s.must(err)
	s.secret("cookie", cookie)
	c, err := s.ids.Authenticate(ctx, identity.Presented{Cookie: cookie})
	s.must(err)
	step, ask, err := s.ids.BeginStepUp(ctx, c, identity.CodesOperation())
	s.must(err)
	answer, err = device.Assert(s.json(ask))
	s.must(err)
	signed, err := s.ids.FinishStepUp(ctx, c, step, identity.CodesOperation(), answer)
	s.must(err)
	codes, err := s.ids.MakeCodes(ctx, c, signed)
	s.must(err)
	for i, code := range codes {
		s.secret("recovery code "+string(rune('0'+i)), code)
	}
	_, token, err := s.ids.UseCode(ctx, codes[0], "phone")
	s.must(err)
	s.secret("recovery session", token)
	key := identitytest.NewKey()
	proof := s.secret("proof of the key", key.Proof(time.Now(), http.MethodPost, canaryURL+"/v1/token", "", nil))
	jkt, err := s.ids.ProvenKey(ctx, identity.Presented{DPoP: []string{proof}, Method: http.MethodPost, Path: "/v1/token"})
	s.must(err)
	access, err := s.ids.OpenKeySession(ctx, c, jkt, "cli")
	s.must(err)
	return c, key, s.secret("access token", access.Token)
}

func (s *canaryStack) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *canaryStack) json(v any) []byte {
	data, err := json.Marshal(v)
	s.must(err)
	return data
}

// send makes a request and wants a status of its answer.
func (s *canaryStack) send(want int, method, path, body string, headers map[string]string) string {
	s.t.Helper()
	r := httptest.NewRequest(method, canaryURL+path, strings.NewReader(body)).WithContext(s.t.Context())
	r.Header.Set("Content-Type", "application/json")
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, r)
	if w.Code != want {
		s.t.Errorf("%s %s: %d, want %d: %s", method, path, w.Code, want, w.Body)
	}
	return w.Body.String()
}

// archived waits until nothing is left of a job.
func (s *canaryStack) archived(id, tenant string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	for version := int64(0); ; {
		j, err := s.orch.Watch(ctx, glovebox.Principal{Tenant: tenant}, id, version)
		s.must(err)
		if j.Status == glovebox.StatusArchived {
			return
		}
		version = j.Version
	}
}

// use does with the service what its users and its enemies do.
func (s *canaryStack) use() {
	s.t.Helper()
	c, key, token := s.login()
	authorized := func(method, path string) map[string]string {
		return map[string]string{"Authorization": "DPoP " + token,
			"DPoP": s.secret("proof for "+method+" "+path+time.Now().String(), key.Proof(time.Now(), method, canaryURL+path, token, nil))}
	}
	for _, command := range [][]string{{"echo", s.secret("output and argument", "canary-output-1f0b")}, {"exit", "3", s.secret("argument", "canary-argument-9d2e")},
		{"fault", "no_executable", s.secret("argument of what fails", "canary-argument-0c55")}} {
		var job struct{ JobID string }
		body := s.json(map[string]any{"containerImage": "box", "cmd": command, "stdin": base64.StdEncoding.EncodeToString([]byte(s.secret("input", "canary-input-63aa"))),
			"env": map[string]string{s.secret("name in the environment", "CANARY_NAME_71BE"): s.secret("environment", "canary-environment-e410")}})
		s.must(json.Unmarshal([]byte(s.send(202, "POST", "/v1/jobs", string(body), authorized("POST", "/v1/jobs"))), &job))
		s.secret("input as it was sent", base64.StdEncoding.EncodeToString([]byte("canary-input-63aa")))
		s.archived(job.JobID, c.Tenant)
		s.send(200, "GET", "/v1/jobs/"+job.JobID, "", authorized("GET", "/v1/jobs/"+job.JobID))
	}
	for _, body := range []string{`{"containerImage":"box","` + s.secret("unknown field", "canary-field-a01f") + `":1}`, `{"env":{"A":"` + s.secret("value in a broken body", "canary-broken-58d3"),
		`{"containerImage":"box","cmd":["x"],"workdir":"` + s.secret("value that cannot be", "canary-workdir-2b9c") + `"}`} {
		r := authorized("POST", "/v1/jobs")
		s.send(map[bool]int{true: 400, false: 422}[strings.Contains(body, "broken")], "POST", "/v1/jobs", body, r)
	}
	for _, headers := range []map[string]string{
		{"Authorization": "DPoP " + s.secret("token that is none", "canary.token.5f7e"), "DPoP": s.secret("proof that is none", "canary.proof.d016")},
		{"Authorization": "Bearer " + s.secret("bearer", "canary-bearer-77f1")},
		{"Cookie": "__Host-glovebox=" + s.secret("cookie that is none", "ses_x.canary-cookie-3c48-canary-cookie-3c48-canary")},
	} {
		s.send(401, "GET", "/v1/jobs", "", headers)
	}
	s.send(404, "GET", "/"+s.secret("path", "canary-path-b7a9"), "", nil)
	s.send(401, "GET", "/v1/jobs?cursor="+s.secret("query", "canary-query-4e62"), "", nil)
	ctx := s.t.Context()
	_, _, wrong := s.ids.UseCode(ctx, s.secret("recovery code that is none", "0000-1111-2222-3333"), "")
	_, used := s.ids.LinkInfo(ctx, s.secrets["one-time link"])
	_, nothing := s.ids.LinkInfo(ctx, s.secret("link that is none", "lnk_x.canary-link-6d11-canary-link-6d11-canary-li"))
	for _, err := range []error{wrong, used, nothing} {
		if glovebox.KindOf(err) != glovebox.KindUnauthorized {
			s.t.Errorf("got %v", err)
		}
	}
	rt := agent.LogRuntime(refusing{}, s.log)
	_ = rt.Create(ctx, glovebox.SandboxSpec{ID: "jx-1", Args: []string{"canary-argument-9d2e"}, Env: []string{"CANARY_NAME_71BE=canary-environment-e410"}})
	_ = rt.Start(ctx, "jx-1")
}

// refusing is a runtime that does nothing.
type refusing struct{ glovebox.Runtime }

func (refusing) Create(context.Context, glovebox.SandboxSpec) error { return nil }
func (refusing) Start(context.Context, string) error {
	return glovebox.Errorf(glovebox.KindStart, "it does not start")
}

// TestLogsHoldNoSecret plants secrets wherever they can be, uses the service in
// every way, and looks for them in the log: at debug level, and without the net
// of package redact under it.
func TestLogsHoldNoSecret(t *testing.T) {
	s := newCanaryStack(t)
	s.use()
	log := s.text()
	for what, secret := range s.secrets {
		for _, form := range forms(secret) {
			if line := lineWith(log, form); line != "" {
				t.Errorf("the %s is in the log: %s", what, line)
			}
		}
	}
	for _, expected := range []string{`"POST /v1/jobs"`, `"a job is tried again"`, `"create sandbox"`, `"start command"`, `"status":401`, `"status":404`, `"status":422`} {
		if !strings.Contains(log, expected) {
			t.Errorf("there is no %s: the test did not do what it should:\n%s", expected, log)
		}
	}
	s.netCatches()
	t.Logf("%d secrets, %d lines", len(s.secrets), strings.Count(log, "\n"))

	// The search would have found each of them, wherever it stood.
	for what, secret := range s.secrets {
		for name, write := range map[string]func(){
			"message": func() { s.log.Info("got " + secret) }, "attribute": func() { s.log.Info("x", "what", secret) },
			"error": func() { s.log.Info("x", "error", glovebox.Errorf(glovebox.KindInvalid, "bad: %q", secret)) },
			"list":  func() { s.log.Info("x", "what", []string{"a", secret}) },
		} {
			before := len(s.text())
			write()
			if lineWith(s.text()[before:], secret) == "" {
				t.Errorf("the %s in a %s would not be found", what, name)
			}
		}
	}
}

// netCatches holds the net to the form that secrets really have.
func (s *canaryStack) netCatches() {
	s.t.Helper()
	var out bytes.Buffer
	log := slog.New(redact.Handler(slog.NewJSONHandler(&out, nil)))
	n := 0
	for what, secret := range s.secrets {
		ours := what == "cookie" || what == "one-time link" || what == "access token" || what == "recovery session"
		if ours || strings.HasPrefix(what, "proof for ") || strings.HasPrefix(what, "recovery code ") {
			log.Info("got "+secret+".", "what", "see "+secret+", please", "error", errors.New(secret))
			n++
			for _, form := range forms(secret) {
				if line := lineWith(out.String(), form); line != "" {
					s.t.Errorf("the net lets the %s through: %s", what, line)
				}
			}
			out.Reset()
		}
	}
	if n < 20 {
		s.t.Errorf("only %d secrets were tried", n)
	}
}

// forms are the ways in which a secret could be told: whole, its random part
// alone, and without the dashes that are there for people.
func forms(secret string) []string {
	all := []string{secret}
	if _, random, ok := strings.Cut(secret, "."); ok {
		all = append(all, random)
	}
	if bare := strings.ReplaceAll(secret, "-", ""); bare != secret && len(bare) == 16 {
		all = append(all, bare)
	}
	return all
}

func lineWith(log, text string) string {
	for line := range strings.Lines(log) {
		if strings.Contains(line, text) {
			return line
		}
	}
	return ""
}
