package browser

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Browser is a running Chromium.
type Browser struct {
	t     testing.TB
	dir   string // its profile
	group int    // of its processes
	root  context.Context
}

// programs are the names that Chromium has: Debian's, and others'.
var programs = []string{"chromium", "chromium-browser", "google-chrome"}

// Start runs Chromium until the test ends. It skips the test only if there is
// none: scripts/setup.sh installs it. Of certificates that no known authority
// has signed it takes those given.
func Start(t testing.TB, trusted ...*x509.Certificate) *Browser {
	t.Helper()
	path := ""
	for _, name := range programs {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("skipped: there is no Chromium; run `make setup`")
	}
	dir, err := os.MkdirTemp("", "gb-chromium")
	if err != nil {
		t.Fatal(err)
	}
	b := &Browser{t: t, dir: dir}
	var keys []string
	for _, c := range trusted {
		sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
		keys = append(keys, base64.StdEncoding.EncodeToString(sum[:]))
	}
	// Chromium's own sandbox refuses to run as root, as tests of Glovebox do.
	// It would protect from hostile pages; these are our own.
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(dir), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.WSURLReadTimeout(30*time.Second),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("ignore-certificate-errors-spki-list", strings.Join(keys, ",")),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"), // nothing leaves the machine
		chromedp.Env("HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_CACHE_HOME="+dir),
		chromedp.ModifyCmdFunc(func(c *exec.Cmd) {
			c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
		}))
	allocator, release := chromedp.NewExecAllocator(context.Background(), options...)
	var end context.CancelFunc
	b.root, end = chromedp.NewContext(allocator)
	t.Cleanup(func() {
		stopping, cancel := context.WithTimeout(b.root, 10*time.Second)
		_ = chromedp.Cancel(stopping) // closes it in order; what is left is killed below
		cancel()
		end()
		release()
		b.gone()
	})
	if err := chromedp.Do(b.root); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	b.group = chromedp.FromContext(b.root).Browser.Process().Pid // it leads the group
	return b
}

// gone ends what is left of the browser, by pid, and removes its folder.
func (b *Browser) gone() {
	deadline := time.Now().Add(10 * time.Second)
	for left := b.processes(); len(left) > 0; left = b.processes() {
		if time.Now().After(deadline) {
			b.t.Errorf("Chromium does not end: %v", left)
			break
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := os.RemoveAll(b.dir); err != nil {
		b.t.Errorf("Chromium's folder cannot be removed: %v", err)
	}
}

// processes are those of the browser's process group, and those whose command
// line names the profile: its crash handler leaves the group.
func (b *Browser) processes() []int {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	var pids []int
	for _, dir := range dirs {
		line, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err != nil || len(line) == 0 { // over, or only waits to be reaped
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil || pid == os.Getpid() {
			continue
		}
		group, err := syscall.Getpgid(pid)
		if bytes.Contains(line, []byte(b.dir)) || err == nil && b.group > 0 && group == b.group {
			pids = append(pids, pid)
		}
	}
	return pids
}
