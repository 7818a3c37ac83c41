package internet

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"glovebox/e2e/internet/places"
)

// serveWorld starts what listens in the world. It runs on a thread that is in
// it; goroutines only take from sockets that are open.
func (w *World) serveWorld() error {
	web := &http.Server{Handler: http.HandlerFunc(w.page), ReadHeaderTimeout: 5 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	w.closers = append(w.closers, func() { _ = web.Close() })
	plain, err := w.listen("http", places.PortHTTP)
	if err != nil {
		return err
	}
	secure, err := w.listen("tls", places.PortTLS)
	if err != nil {
		return err
	}
	go func() { _ = web.Serve(plain) }()
	go func() { _ = web.Serve(tls.NewListener(secure, &tls.Config{GetCertificate: w.hello})) }()
	for _, port := range []int{places.PortEcho, places.PortSSH, places.PortService, places.PortControl} {
		l, err := w.listen("tcp", port)
		if err != nil {
			return err
		}
		go w.greet(l)
	}
	for _, a := range []string{places.Allowed4, places.Allowed6, places.Other4, places.Other6, places.Private, places.Metadata, places.Uplink4} {
		for _, port := range []int{places.PortEcho, places.PortTLS} {
			if err := w.echo(a, port); err != nil {
				return err
			}
		}
	}
	return errors.Join(w.resolve(places.Resolver), w.resolve(places.Foreign), w.resolve(places.Metadata))
}

// serveHost starts what listens on the host: a service on all its addresses, one
// on its loopback, one where control would be, and an abstract socket.
func (w *World) serveHost() error {
	for _, port := range []int{places.PortService, places.PortControl} {
		l, err := w.listen("host", port)
		if err != nil {
			return err
		}
		go w.greet(l)
	}
	for _, network := range []string{"127.0.0.1", "::1"} {
		l, err := net.Listen("tcp", net.JoinHostPort(network, strconv.Itoa(places.PortLocal)))
		if err != nil {
			return err
		}
		l = w.keep("local", l)
		go w.greet(l)
	}
	neighbour, err := net.Listen("tcp", net.JoinHostPort(places.HostLAN, strconv.Itoa(places.PortVictim)))
	if err != nil {
		return err
	}
	go w.greet(w.keep("neighbour", neighbour))
	abstract, err := net.Listen("unix", places.Abstract)
	if err != nil {
		return err
	}
	go w.greet(w.keep("abstract", abstract))
	return w.echo(places.Host4, places.PortService)
}

func (w *World) listen(server string, port int) (net.Listener, error) {
	l, err := net.Listen("tcp", ":"+strconv.Itoa(port))
	if err != nil {
		return nil, err
	}
	return w.keep(server, l), nil
}

func (w *World) keep(server string, l net.Listener) net.Listener {
	w.closers = append(w.closers, func() { _ = l.Close() })
	return &watched{l, server, w.Ledger}
}

// watched writes every connection down.
type watched struct {
	net.Listener
	server string
	ledger *Ledger
}

func (l *watched) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.ledger.add(Arrival{Server: l.server, From: addrPort(c.RemoteAddr()), To: addrPort(c.LocalAddr())})
	}
	return c, err
}

func addrPort(a net.Addr) netip.AddrPort {
	p, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
}

// hello writes down which name a client of TLS says.
func (w *World) hello(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
	w.Ledger.add(Arrival{Server: "sni", From: addrPort(h.Conn.RemoteAddr()), To: addrPort(h.Conn.LocalAddr()), Sent: h.ServerName})
	return w.CA.certificate(h)
}

// page answers every request, and redirects where the query's "to" says. At
// /rebind it makes the name Rebinding lead to the metadata service.
func (w *World) page(out http.ResponseWriter, r *http.Request) {
	from, _ := netip.ParseAddrPort(r.RemoteAddr)
	to, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	body, _ := io.ReadAll(io.LimitReader(r.Body, 4096))
	w.Ledger.add(Arrival{
		Server: "request", From: netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), To: addrPort(to),
		Sent: r.Method + " " + r.Host + " " + r.RequestURI + " " + string(body),
	})
	if r.URL.Path == "/rebind" {
		w.names.set(places.Rebinding, places.Metadata)
	}
	if strings.HasPrefix(r.URL.Path, "/v2/") && w.astray(out, r) {
		return
	}
	if target := r.URL.Query().Get("to"); target != "" {
		http.Redirect(out, r, target, http.StatusFound)
		return
	}
	_, _ = io.WriteString(out, places.Reached+" "+r.Host+"\n")
}

// astray is a registry that leads clients to the metadata service: where to get
// a token, at Other4, and where a manifest is, elsewhere.
func (w *World) astray(out http.ResponseWriter, r *http.Request) bool {
	switch {
	case r.Host == places.Other4:
		out.Header().Set("WWW-Authenticate", `Bearer realm="https://`+places.Metadata+`/token",service="registry"`)
		out.WriteHeader(http.StatusUnauthorized)
	case strings.Contains(r.URL.Path, "/manifests/"):
		http.Redirect(out, r, "https://"+places.Metadata+"/manifest", http.StatusTemporaryRedirect)
	default:
		return false
	}
	return true
}

// greet says hello, then everything back.
func (w *World) greet(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(time.Minute))
			_, _ = io.WriteString(c, places.Reached+"\n")
			_, _ = io.Copy(c, c)
		}()
	}
}

// echo answers datagrams.
func (w *World) echo(addr string, port int) error {
	c, err := net.ListenPacket("udp", net.JoinHostPort(addr, strconv.Itoa(port)))
	if err != nil {
		return err
	}
	w.closers = append(w.closers, func() { _ = c.Close() })
	go func() {
		buf := make([]byte, 2048)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			w.Ledger.add(Arrival{Server: "udp", From: addrPort(from), To: addrPort(c.LocalAddr()), Sent: string(buf[:n])})
			_, _ = c.WriteTo([]byte(places.Reached), from)
		}
	}()
	return nil
}

// resolve answers questions over UDP and TCP.
func (w *World) resolve(addr string) error {
	at := net.JoinHostPort(addr, "53")
	packets, err := net.ListenPacket("udp", at)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", at)
	if err != nil {
		packets.Close()
		return err
	}
	handler := dns.HandlerFunc(func(out dns.ResponseWriter, q *dns.Msg) {
		asked := ""
		for _, ask := range q.Question {
			asked += dns.TypeToString[ask.Qtype] + " " + ask.Name
		}
		w.Ledger.add(Arrival{Server: "dns", From: addrPort(out.RemoteAddr()), To: addrPort(out.LocalAddr()), Sent: asked})
		_ = out.WriteMsg(w.names.answer(q))
	})
	for _, s := range []*dns.Server{{PacketConn: packets, Handler: handler}, {Listener: l, Handler: handler}} {
		started := make(chan struct{})
		s.NotifyStartedFunc = func() { close(started) }
		go func() { _ = s.ActivateAndServe() }()
		<-started
		w.closers = append(w.closers, func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_ = s.ShutdownContext(ctx)
		})
	}
	return nil
}
