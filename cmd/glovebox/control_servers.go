package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"glovebox"
	"glovebox/agent"
	"glovebox/api"
	"glovebox/internal/certs"
	"glovebox/internal/instance"
	"glovebox/internal/supervise"
)

// server is one listener that control inherited, and who answers there.
type server struct {
	*http.Server
	listener net.Listener
	hasty    bool // breaks off at a stop, for its callers come back to where they were
}

// servers are all of control's.
type servers []server

// takeSockets takes over the sockets that `up` has opened: the operator's, the
// agent's and, if there are any, those for callers from elsewhere and metrics.
func takeSockets(f controlFlags) (map[string]net.Listener, error) {
	names := []string{fileAPI, fileNode}
	if f.public != "" {
		names = append(names, filePublic)
	}
	if f.metrics {
		names = append(names, fileMetrics)
	}
	all := map[string]net.Listener{}
	for _, name := range names {
		var err error
		if all[name], err = inheritedListener(name); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// servers says who answers at which socket.
func (p *parts) servers(l instance.Layout, f controlFlags, sockets map[string]net.Listener) (servers, error) {
	all := servers{
		{Server: api.NewServer(p.api), listener: sockets[fileAPI]},
		{Server: newNodeServer(p.node), listener: sockets[fileNode], hasty: true},
	}
	if p.metrics != nil {
		all = append(all, server{Server: p.metrics.NewServer(), listener: sockets[fileMetrics], hasty: true})
	}
	if p.public == nil {
		return all, nil
	}
	var config *tls.Config // none: plain HTTP, on loopback
	if f.tls {
		reload, err := certs.NewReloader(filepath.Join(l.ServerTLS(), instance.CertFile), filepath.Join(l.ServerTLS(), instance.KeyFile), time.Now)
		if err != nil {
			return nil, err
		}
		config = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: reload.GetCertificate}
	}
	s, listener := api.NewPublicServer(p.public, crowded(sockets[filePublic]), config)
	return append(all, server{Server: s, listener: listener}), nil
}

// start serves; what is received is why one of them ended.
func (all servers) start() <-chan error {
	failed := make(chan error, len(all))
	for _, s := range all {
		go func() {
			failed <- served(s.Serve(s.listener))
		}()
	}
	return failed
}

func served(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return glovebox.Errorf(glovebox.KindInternal, "serve: %w", err)
}

// shutDown lets callers' short calls end; their streams break off, and so do the
// agent's calls: both know how to go on.
func (all servers) shutDown() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for _, s := range all {
		if s.hasty {
			continue
		}
		wg.Go(func() {
			if s.Shutdown(ctx) != nil {
				_ = s.Close()
			}
		})
	}
	wg.Wait()
	for _, s := range all {
		_ = s.Close()
	}
}

func inheritedListener(name string) (net.Listener, error) {
	f := supervise.Inherited(name)
	if f == nil {
		return nil, glovebox.Errorf(glovebox.KindUsage, "control is started by `glovebox up`, which gives it its sockets")
	}
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "take over the socket %s: %w", name, err)
	}
	return l, nil
}

// newNodeServer serves the agent: HTTP/2 without TLS, for streams in both
// directions. The socket is open to root alone.
func newNodeServer(h http.Handler) *http.Server {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, Protocols: new(http.Protocols), ConnContext: withPeerUID}
	s.Protocols.SetUnencryptedHTTP2(true)
	s.Protocols.SetHTTP1(true)
	s.HTTP2 = agent.HTTP2()
	return s
}
