package e2e

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"glovebox/e2e/box"
	"glovebox/e2e/fixture"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func itoa(n int) string { return strconv.Itoa(n) }

// TestBadCommands: what cannot run says why, each in its own way, and leaves
// nothing.
func TestBadCommands(t *testing.T) {
	b := up(t)
	good, evil := registries(t)
	cases := []struct {
		name string
		args []string
		code int    // of the kind
		says string // on stderr
	}{
		{"unknown local image", []string{"--pull", "Never", "nosuch:1", "--", "true"}, 81, "hint:"},
		{"unknown repository", []string{good + "/nosuch:1", "--", "true"}, 81, "hint:"},
		{"no such tag", []string{good + "/app:nosuch", "--", "true"}, 82, "hint:"},
		{"unreachable registry", []string{closedPort(t) + "/app:1", "--", "true"}, 84, "hint:"},
		{"lying layer", []string{evil + "/lie:1", "--", "true"}, 85, "hint:"},
		{"wrong architecture", []string{good + "/arm:1", "--", "true"}, 87, "hint:"},
		{"missing executable", []string{"busybox:test", "--", "/bin/nosuch"}, 127, "hint:"},
		{"not executable", []string{"busybox:test", "--", "/etc/passwd"}, 126, "hint:"},
		{"unknown user", []string{"--user", "nosuch", "busybox:test", "--", "true"}, 89, "hint:"},
		{"no command", []string{good + "/app:1"}, 80, "hint:"},
		{"negative limit", []string{"--pids", "-1", "busybox:test", "--", "true"}, 65, "limits.pids"},
		{"bad timeout", []string{"--timeout", "-5s", "busybox:test", "--", "true"}, 65, "timeout"},
		{"bad runtime", []string{"--runtime", "chroot", "busybox:test", "--", "true"}, 65, "runtime"},
		{"workdir under /proc", []string{"--workdir", "/proc/self/fd/7", "busybox:test", "--", "true"}, 65, "workdir"},
		{"bad reference", []string{"UPPER//case::", "--", "true"}, 65, "containerImage"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := b.Run(append([]string{"run"}, c.args...)...)
			if r.Code != c.code || !strings.Contains(r.Stderr, c.says) || r.Stdout != "" {
				t.Errorf("exit %d, want %d; stderr must contain %q:\n%s", r.Code, c.code, c.says, r.Stderr)
			}
		})
	}
	t.Run("positive control: the same image from the honest registry runs", func(t *testing.T) {
		if r := b.Run("run", good+"/lie:1", "--", "cat", "/mark"); r.Stdout != "lie" || r.Code != 0 {
			t.Errorf("%+v", r)
		}
	})
	t.Run("positive control: the good image runs", func(t *testing.T) {
		if r := b.Run("run", good+"/app:1", "--", "echo", "pulled"); r.Stdout != "pulled\n" || r.Code != 0 {
			t.Errorf("%+v", r)
		}
	})
	b.NoResidue()
}

// TestBadRequests: what the API refuses before it is a job.
func TestBadRequests(t *testing.T) {
	b := up(t)
	cases := []struct {
		name, body, kind string
		status           int
	}{
		{"unknown field", `{"containerImage":"busybox:test","cmd":["true"],"priviledged":true}`, "unknown_field", 422},
		{"duplicate field", `{"containerImage":"busybox:test","cmd":["true"],"cmd":["false"]}`, "duplicate_field", 422},
		{"no image", `{"cmd":["true"]}`, "invalid", 422},
		{"not JSON", `{"containerImage":`, "malformed", 400},
		{"two values", `{"containerImage":"busybox:test","cmd":["true"]} {}`, "malformed", 400},
		{"oversize", `{"containerImage":"busybox:test","cmd":["` + strings.Repeat("x", 5<<20) + `"]}`, "too_large", 413},
		{"negative limit", `{"containerImage":"busybox:test","cmd":["true"],"limits":{"memory":-1}}`, "invalid", 422},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			status, problem := post(t, b, c.body)
			if status != c.status || problem.Kind != c.kind || problem.Detail == "" {
				t.Errorf("%d %+v, want %d %s", status, problem, c.status, c.kind)
			}
		})
	}
	if status, _ := post(t, b, `{"containerImage":"busybox:test","cmd":["true"]}`); status != 202 {
		t.Errorf("positive control: %d", status)
	}
}

// TestBadArchives: what `image import` must not take.
func TestBadArchives(t *testing.T) {
	b := up(t)
	whole := unknownArchive(t)
	cases := map[string][]byte{
		"truncated": whole[:len(whole)/2],
		"not a tar": bytes.Repeat([]byte("x"), 4096),
		"traversal": tarOf(map[string]string{"../../etc/evil": "x", "oci-layout": `{"imageLayoutVersion":"1.0.0"}`}),
		"empty":     tarOf(nil),
		"lying":     flipped(whole),
	}
	for name, data := range cases {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bad.tar")
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
			r := b.Run("image", "import", path)
			if r.Code < 65 || !strings.Contains(r.Stderr, "hint:") {
				t.Errorf("%+v", r)
			}
		})
	}
	path := filepath.Join(t.TempDir(), "good.tar")
	if err := os.WriteFile(path, whole, 0o644); err != nil {
		t.Fatal(err)
	}
	b.Must("image", "import", path) // positive control
	b.NoResidue()
}

type problem struct{ Kind, Detail, Field string }

func post(t *testing.T, b *box.Box, body string) (int, problem) {
	t.Helper()
	c := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(b.Data, "run", "api.sock"))
	}}}
	defer c.CloseIdleConnections()
	resp, err := c.Post("http://glovebox/v1/jobs", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var p problem
	data, _ := io.ReadAll(resp.Body)
	if err := json.Unmarshal(data, &p); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	return resp.StatusCode, p
}

// registries serves images on loopback: an honest registry, and one whose
// layers are not what their digests say.
func registries(t *testing.T) (good, evil string) {
	t.Helper()
	reg := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	honest := httptest.NewServer(reg)
	lying := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/blobs/") && r.Method == http.MethodGet {
			rec := httptest.NewRecorder()
			reg.ServeHTTP(rec, r)
			body := rec.Body.Bytes()
			if len(body) > 4096 {
				body[len(body)/2] ^= 0xff
			}
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			w.WriteHeader(rec.Code)
			_, _ = w.Write(body)
			return
		}
		reg.ServeHTTP(w, r)
	}))
	t.Cleanup(honest.Close)
	t.Cleanup(lying.Close)
	good, evil = strings.TrimPrefix(honest.URL, "http://"), strings.TrimPrefix(lying.URL, "http://")
	app := marked(t, "app")
	file, err := app.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	file = file.DeepCopy()
	file.Architecture = "arm64"
	arm, err := mutate.ConfigFile(app, file)
	if err != nil {
		t.Fatal(err)
	}
	push(t, good+"/app:1", app)
	push(t, good+"/lie:1", marked(t, "lie"))
	push(t, good+"/arm:1", arm)
	return good, evil
}

func push(t *testing.T, ref string, img v1.Image) {
	t.Helper()
	r, err := name.ParseReference(ref, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(r, img); err != nil {
		t.Fatal(err)
	}
}

// closedPort is an address on loopback where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// unknownArchive is an image that no box has yet: bytes that are known by their
// digest are not taken from an archive at all, true or not.
func unknownArchive(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "unknown.tar")
	if err := fixture.WriteArchive(path, "unknown:1", marked(t, "unknown")); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// marked is busybox with one file more, so that its layer has a digest of its
// own.
func marked(t *testing.T, mark string) v1.Image {
	t.Helper()
	tree, err := fixture.Busybox(fixture.BusyboxPath)
	if err != nil {
		t.Fatal(err)
	}
	tree["mark"] = fixture.Entry{Mode: 0o644, Data: []byte(mark)}
	img, err := fixture.Image(tree, v1.Config{Env: []string{"PATH=/bin"}})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// flipped changes one bit in the middle, which is inside the layer.
func flipped(data []byte) []byte {
	data = bytes.Clone(data)
	data[len(data)/2] ^= 1
	return data
}

func tarOf(files map[string]string) []byte {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for name, data := range files {
		_ = w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data))})
		_, _ = io.WriteString(w, data)
	}
	_ = w.Close()
	return buf.Bytes()
}
