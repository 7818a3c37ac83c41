package fault

import (
	"io"
	"net/http"
	"path"

	"glovebox"
)

// Wire makes the requests of a client fail: "wire." and the last element of
// the path, such as "wire.Sync". A request that loses its reply has reached the
// other side; of a stream, some of the reply may come before it breaks.
func Wire(p *Process, rt http.RoundTripper) http.RoundTripper { return &wire{rt, p} }

type wire struct {
	http.RoundTripper
	p *Process
}

// firstWords are how many reads of a stream's reply come through before it
// breaks: the length and the text of its first message.
const firstWords = 2

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	name := "wire." + path.Base(r.URL.Path)
	var got *http.Response
	resp, err := through(w.p, name, func() (resp *http.Response, err error) {
		got, err = w.RoundTripper.RoundTrip(r)
		return got, err
	})
	switch {
	case err == nil:
		resp.Body = &mortal{ReadCloser: resp.Body, p: w.p}
	case got != nil && !w.p.Dead() && isStream(got):
		got.Body = &broken{ReadCloser: got.Body, left: firstWords, name: name}
		return got, nil
	case got != nil:
		got.Body.Close()
	}
	return resp, err
}

func isStream(r *http.Response) bool {
	return r.Header.Get("Content-Type") == "application/connect+proto"
}

// mortal is a reply that nobody reads any more once the process is dead.
type mortal struct {
	io.ReadCloser
	p *Process
}

// Read implements io.Reader.
func (m *mortal) Read(b []byte) (int, error) {
	n, err := m.ReadCloser.Read(b)
	if m.p.Dead() {
		return 0, died("reply")
	}
	return n, err
}

// broken is a reply that ends before its end.
type broken struct {
	io.ReadCloser
	left int
	name string
}

// Read implements io.Reader.
func (b *broken) Read(p []byte) (int, error) {
	if b.left--; b.left < 0 {
		return 0, glovebox.Errorf(glovebox.KindUnavailable, "%s: the reply breaks off", b.name)
	}
	return b.ReadCloser.Read(p)
}
