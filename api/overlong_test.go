package api_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"glovebox"
	"glovebox/api"
	"glovebox/api/wire"
)

// tenMB is how long the headers of these tests are.
const tenMB = 10 << 20

// dots are a token that would be split at each.
var dots = bytes.Repeat([]byte("."), 16<<10)

// dial opens a connection with TLS and a protocol.
func (w *world) dial(protocol string) *tls.Conn {
	w.t.Helper()
	config := w.tls.Transport.(*http.Transport).TLSClientConfig.Clone()
	config.NextProtos = []string{protocol}
	c, err := tls.Dial("tcp", w.server.Listener.Addr().String(), config)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { c.Close() })
	if got := c.ConnectionState().NegotiatedProtocol; got != protocol {
		w.t.Fatalf("the protocol is %q", got)
	}
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

// sendHead sends a request with so long a token, all of it before anything is
// read, as simple clients do.
func sendHead(c net.Conn, length int) error {
	if _, err := io.WriteString(c, "GET /v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: DPoP "); err != nil {
		return err
	}
	for left := length; left > 0; left -= len(dots) {
		if _, err := c.Write(dots[:min(left, len(dots))]); err != nil {
			return err
		}
	}
	_, err := io.WriteString(c, "\r\n\r\n")
	return err
}

// sendHead2 is sendHead for HTTP/2, in as many frames as it takes.
func sendHead2(c net.Conn, length int) error {
	var small bytes.Buffer
	e := hpack.NewEncoder(&small)
	for _, f := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", "x"}, {":path", "/v1/jobs"}} {
		_ = e.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	small.WriteByte(0x10) // never indexed, with a name of its own
	small.Write(hpackString("authorization"))
	small.Write(hpackLength(length))
	if _, err := io.WriteString(c, http2.ClientPreface); err != nil {
		return err
	}
	f := http2.NewFramer(c, nil)
	err := errors.Join(f.WriteSettings(), f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: small.Bytes(), EndStream: true}))
	for left := length; left > 0 && err == nil; left -= len(dots) {
		err = f.WriteContinuation(1, left <= len(dots), dots[:min(left, len(dots))])
	}
	return err
}

func hpackString(s string) []byte { return append(hpackLength(len(s)), s...) }

// hpackLength is that of a string without Huffman's code.
func hpackLength(n int) []byte {
	if n < 127 {
		return []byte{byte(n)}
	}
	b := []byte{127}
	for n -= 127; n >= 128; n >>= 7 {
		b = append(b, byte(n)|128)
	}
	return append(b, byte(n))
}

// answer2 reads the answer on stream 1 of HTTP/2, to the end of the connection.
func answer2(c net.Conn) (status string, header http.Header, body []byte, goAway *http2.GoAwayFrame, err error) {
	f := http2.NewFramer(nil, c)
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	header = http.Header{}
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			return status, header, body, goAway, err
		}
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			status = frame.PseudoValue("status")
			for _, field := range frame.RegularFields() {
				header.Add(field.Name, field.Value)
			}
		case *http2.DataFrame:
			body = append(body, frame.Data()...)
		case *http2.GoAwayFrame:
			goAway = &http2.GoAwayFrame{LastStreamID: frame.LastStreamID, ErrCode: frame.ErrCode}
		}
	}
}

// unreadable sees to the one refusal that headers get which are too long.
func (w *world) unreadable(status string, header http.Header, body []byte) {
	w.t.Helper()
	var p wire.Problem
	if err := json.Unmarshal(body, &p); err != nil {
		w.t.Fatalf("%v in %q", err, body)
	}
	if status != "401" || p.Kind != glovebox.KindUnauthorized || p.Detail != "not authenticated" || p.Hint != "log in again" || p.RequestID == "" {
		w.t.Errorf("%s %s", status, body)
	}
	for name, want := range map[string]string{"Content-Type": "application/problem+json", "Cache-Control": "no-store", "Content-Length": fmt.Sprint(len(body))} {
		if got := header.Get(name); got != want {
			w.t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if header.Get("WWW-Authenticate") == "" {
		w.t.Error("no WWW-Authenticate")
	}
}

// overlong are the events of headers that were too long.
func (w *world) overlong() (n int) {
	w.t.Helper()
	all, err := w.store.AuditEvents(w.t.Context(), glovebox.AuditFilter{Tenant: "installation", Action: "session.use"})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range all {
		if !e.OK && e.Kind == glovebox.KindUnauthorized && e.Detail["cause"] == "headers too long" {
			n++
		}
	}
	return n
}

// overlongs are ways of asking with headers that are too long.
var overlongs = map[string]func(w *world, length int){
	"HTTP/1.1": func(w *world, length int) {
		c := w.dial("http/1.1")
		if err := sendHead(c, length); err != nil {
			w.t.Fatalf("while sending: %v", err)
		}
		in := bufio.NewReader(c)
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			w.t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || !resp.Close {
			w.t.Errorf("%v, close %v", err, resp.Close)
		}
		w.unreadable(fmt.Sprint(resp.StatusCode), resp.Header, body)
		if rest, err := io.ReadAll(in); err != nil || len(rest) > 0 {
			w.t.Errorf("after the answer: %q, %v", rest, err)
		}
	},
	"HTTP/2": func(w *world, length int) {
		c := w.dial("h2")
		if err := sendHead2(c, length); err != nil {
			w.t.Fatalf("while sending: %v", err)
		}
		status, header, body, goAway, err := answer2(c)
		if err != nil {
			w.t.Error(err)
		}
		w.unreadable(status, header, body)
		if goAway == nil || goAway.LastStreamID != 1 || goAway.ErrCode != http2.ErrCodeEnhanceYourCalm {
			w.t.Errorf("%+v", goAway)
		}
	},
}

// TestOverlongHeaders: a token of 10 MB is refused as any other that is good for
// nothing: the same answer, which reaches also who sends everything first, one
// event, and nothing else. It is not kept anywhere meanwhile.
func TestOverlongHeaders(t *testing.T) {
	for name, ask := range overlongs {
		t.Run(name, func(t *testing.T) {
			defer func() { tally.refusal(!t.Failed()) }()
			w := newWorld(t)
			ask(w, tenMB) // what is made once
			commits, events := w.store.counts()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			const times = 5
			for range times {
				ask(w, tenMB)
			}
			runtime.ReadMemStats(&after)
			if n := w.overlong(); n != times+1 {
				t.Errorf("%d events", n)
			}
			if c, e := w.store.counts(); c != commits+times || e != events+times {
				t.Errorf("%d commits with %d events", c-commits, e-events)
			}
			if each := (after.TotalAlloc - before.TotalAlloc) / times; each > tenMB/2 {
				t.Errorf("each took %d bytes of memory", each)
			}
			ask(w, 17<<10) // not much too long
			w.want(w.from("192.0.2.1:1", w.request("GET", "/healthz", "")), http.StatusOK, nil)
		})
	}
}

// TestLongHeaders: what is not too long is read, and the connection goes on.
func TestLongHeaders(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("a", 11<<10)
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		transport := w.tls.Transport.(*http.Transport).Clone()
		transport.ForceAttemptHTTP2 = protocol == "HTTP/2.0"
		if !transport.ForceAttemptHTTP2 {
			transport.TLSClientConfig.NextProtos = []string{"http/1.1"}
			transport.Protocols = new(http.Protocols)
			transport.Protocols.SetHTTP1(true)
		}
		client := &http.Client{Transport: transport}
		for range 20 { // with HTTP/2, by an index from the second on
			req, _ := http.NewRequestWithContext(t.Context(), "GET", "https://"+w.server.Listener.Addr().String()+"/v1/version", nil)
			req.Host = "glovebox.example"
			req.Header.Set("Authorization", "DPoP "+long)
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != http.StatusUnauthorized || resp.Proto != protocol || !bytes.Contains(body, []byte("not authenticated")) {
				t.Fatalf("%s %s %s", resp.Proto, resp.Status, body)
			}
			if resp.Header.Get("Strict-Transport-Security") == "" {
				t.Fatal("TLS is not seen")
			}
			w.clock.pass(time.Second)
		}
		transport.CloseIdleConnections()
	}
	if n := w.overlong(); n != 0 {
		t.Errorf("%d were too long", n)
	}
}

// TestOverlongByIndex: few bytes that stand for many are counted as many.
func TestOverlongByIndex(t *testing.T) {
	w := newWorld(t)
	c := w.dial("h2")
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	for _, f := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", "x"}, {":path", "/v1/jobs"}} {
		_ = e.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	for range 100 {
		_ = e.WriteField(hpack.HeaderField{Name: "x", Value: strings.Repeat("y", 3000)})
	}
	if block.Len() > 4000 {
		t.Fatalf("%d bytes", block.Len())
	}
	f := http2.NewFramer(c, nil)
	_, _ = io.WriteString(c, http2.ClientPreface)
	if err := errors.Join(f.WriteSettings(), f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndStream: true,
		EndHeaders: true, PadLength: 200, Priority: http2.PriorityParam{Weight: 1}})); err != nil {
		t.Fatal(err)
	}
	status, header, body, _, err := answer2(c)
	if err != nil {
		t.Error(err)
	}
	w.unreadable(status, header, body)
	if n := w.overlong(); n != 1 {
		t.Errorf("%d events", n)
	}
}

// TestFloodOfOverlongHeaders: they count as failures of their address.
func TestFloodOfOverlongHeaders(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Rates = api.Rates{Failures: api.Rate{PerSecond: 0.001, Burst: 3}} })
	for range 3 {
		overlongs["HTTP/1.1"](w, 64<<10)
	}
	before, _ := w.store.counts()
	for range 10 {
		c := w.dial("http/1.1")
		if err := sendHead(c, 64<<10); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") == "" {
			t.Fatal(resp, err)
		}
		c.Close()
	}
	if after, _ := w.store.counts(); after != before+1 { // of the burst
		t.Errorf("%d commits", after-before)
	}
	if n := w.overlong(); n != 3 {
		t.Errorf("%d events", n)
	}
}

// TestAnswersAreNotMistaken: an answer that contains what net/http says of long
// headers is passed on, at TLS and without, and what comes after it on the
// connection is still looked at.
func TestAnswersAreNotMistaken(t *testing.T) {
	said := "HTTP/1.1 431 Request Header Fields Too Large\r\n\r\n"
	for _, secure := range []bool{true, false} {
		w := newWorld(t)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		var config *tls.Config
		if secure {
			config = w.certificate
		}
		s, l := api.NewPublicServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/said" {
				w.Handler.ServeHTTP(rw, r)
				return
			}
			rw.Header().Set("Content-Length", fmt.Sprint(len(said)))
			_ = http.NewResponseController(rw).Flush()
			_, _ = io.WriteString(rw, said)
		}), l, config)
		done := make(chan error, 1)
		go func() { done <- s.Serve(l) }()
		var c net.Conn
		if c, err = net.Dial("tcp", l.Addr().String()); err != nil {
			t.Fatal(err)
		}
		if secure {
			c = tls.Client(c, w.tls.Transport.(*http.Transport).TLSClientConfig)
		}
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		in := bufio.NewReader(c)
		for range 2 {
			if _, err := io.WriteString(c, "GET /said HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(resp.Body); err != nil || string(body) != said || resp.StatusCode != http.StatusOK {
				t.Errorf("TLS %v: %s %q, %v", secure, resp.Status, body, err)
			}
		}
		if n := w.overlong(); n != 0 {
			t.Errorf("TLS %v: %d events", secure, n)
		}
		if err := sendHead(c, 100<<10); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		w.unreadable(fmt.Sprint(resp.StatusCode), resp.Header, body)
		if n := w.overlong(); n != 1 {
			t.Errorf("TLS %v: %d events", secure, n)
		}
		c.Close()
		s.Close()
		<-done
	}
}

// TestPlainAtTLS: who forgets the s in https is told.
func TestPlainAtTLS(t *testing.T) {
	w := newWorld(t)
	c, err := net.Dial("tcp", w.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if told, _ := io.ReadAll(c); !bytes.Contains(told, []byte("400 Bad Request")) || !bytes.Contains(told, []byte("https")) {
		t.Errorf("%q", told)
	}
}
