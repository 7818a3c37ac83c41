package metrics_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"glovebox"
	"glovebox/internal/metrics"
)

// TestListener: nothing is there but the numbers.
func TestListener(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := metrics.New(metrics.Config{}).NewServer()
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	defer func() { s.Close(); <-served }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/metrics", 200}, {"HEAD", "/metrics", 200}, {"POST", "/metrics", 405}, {"GET", "/", 404}, {"GET", "/metrics/x", 404},
		{"GET", "/debug/pprof/", 404}, {"GET", "/v1/jobs", 404},
	} {
		r, err := http.NewRequest(c.method, "http://"+l.Addr().String()+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		w, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(w.Body)
		w.Body.Close()
		if w.StatusCode != c.status {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, w.StatusCode, c.status)
		}
		if c.method == "GET" && c.status == 200 {
			for _, name := range []string{"glovebox_build_info", "go_goroutines", "process_open_fds"} {
				if !strings.Contains(string(body), "\n"+name) {
					t.Errorf("there is no %s", name)
				}
			}
		}
	}
}

// TestAddress: on the loopback unless an address is named.
func TestAddress(t *testing.T) {
	for given, want := range map[string]string{
		":9464": "127.0.0.1:9464", "0.0.0.0:9464": "0.0.0.0:9464", "[::1]:9464": "[::1]:9464", "box:9464": "box:9464",
		"": "", "9464": "", "box:": "", "::1:9464": "",
	} {
		got, err := metrics.Address(given)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v, want %q", given, got, err, want)
		}
		if err != nil && (glovebox.KindOf(err) != glovebox.KindUsage || glovebox.AsError(err).Field != "--metrics-listen" || glovebox.AsError(err).Hint == "") {
			t.Errorf("%q: %v", given, err)
		}
	}
}
