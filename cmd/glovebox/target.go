package main

import (
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"glovebox"
	"glovebox/client"
	"glovebox/internal/contexts"
	"glovebox/internal/instance"
)

// Environment that says where commands go.
const (
	envContext = "GLOVEBOX_CONTEXT"
	envURL     = "GLOVEBOX_URL"        // of a CI job: the server
	envRule    = "GLOVEBOX_RULE"       // … the trust rule to be judged by
	envToken   = "GLOVEBOX_OIDC_TOKEN" // … the CI system's token
	envCA      = "GLOVEBOX_CA"         // … file of the server's CA
)

// target is the server that a command talks to: an instance of this machine at
// its socket, or a server at a URL with a session of ours.
type target struct {
	socket  string
	context contexts.Context // without a name: of a CI job
	options client.Options   // for a URL
}

// target finds the server: what flags say comes before what the environment
// says, and that before the current context. Without any it is this machine's
// own instance.
func (a *app) target() (target, error) {
	switch {
	case a.data != "" && a.context != "":
		return target{}, glovebox.Errorf(glovebox.KindUsage, "--data is an instance of this machine, --context is a server elsewhere").Try("give one of them")
	case a.data != "":
		return a.host()
	case a.context != "":
		return a.byContext(a.context)
	case a.getenv(instance.EnvDir) != "":
		return a.host()
	case a.getenv(envToken) != "":
		return a.workload()
	case a.getenv(envContext) != "":
		return a.byContext(a.getenv(envContext))
	}
	path, err := contexts.Path(a.getenv)
	if err != nil {
		return a.host() // there is no home, so there are no contexts
	}
	all, err := contexts.Load(path)
	if err != nil {
		return target{}, err
	}
	if all.Current == "" {
		return a.host()
	}
	return a.byContext(all.Current)
}

// host is the instance of this machine.
func (a *app) host() (target, error) {
	l, err := a.layout()
	return target{socket: l.API()}, err
}

// byContext is the server of a context. One without a session has none to show.
func (a *app) byContext(name string) (target, error) {
	one, err := a.findContext(name)
	if err != nil {
		return target{}, err
	}
	if one.Session == "" || one.Key == "" {
		return target{}, glovebox.Errorf(glovebox.KindUnauthorized, "nobody is logged in at %s", one.URL).Try("log in: glovebox login --context %s", one.Name)
	}
	key, err := client.ParseKey(one.Key)
	if err != nil {
		return target{}, err
	}
	roots, err := poolOf(one.CA)
	if err != nil {
		return target{}, err
	}
	return target{context: one, options: client.Options{
		URL: one.URL, RootCAs: roots, Credential: client.Credential{Key: key, Session: one.Session},
	}}, nil
}

func (a *app) findContext(name string) (contexts.Context, error) {
	path, err := contexts.Path(a.getenv)
	if err != nil {
		return contexts.Context{}, err
	}
	all, err := contexts.Load(path)
	if err != nil {
		return contexts.Context{}, err
	}
	return all.Find(name)
}

// workload is a CI job, known by its system's token. Nothing of it touches the
// disk: key and session live as long as this process.
func (a *app) workload() (target, error) {
	for _, name := range []string{envURL, envRule} {
		if a.getenv(name) == "" {
			return target{}, glovebox.Errorf(glovebox.KindUsage, "%s is set and %s is not", envToken, name).
				Try("a CI job needs %s, %s and %s", envURL, envRule, envToken)
		}
	}
	key, err := client.NewKey()
	if err != nil {
		return target{}, err
	}
	o := client.Options{
		URL: a.getenv(envURL), Credential: client.Credential{Key: key, Rule: a.getenv(envRule), Token: a.getenv(envToken)},
	}
	if file := a.getenv(envCA); file != "" {
		text, err := readCA(file)
		if err != nil {
			return target{}, err
		}
		if o.RootCAs, err = poolOf(text); err != nil {
			return target{}, err
		}
	}
	return target{context: contexts.Context{URL: o.URL}, options: o}, nil
}

// client returns a client of the target.
func (t target) client(patience time.Duration) *client.Client {
	if t.socket != "" {
		return client.New(client.Options{Socket: t.socket, Patience: patience})
	}
	o := t.options
	o.Patience = patience
	return client.New(o)
}

// address is where the target listens, for net.Dial; nothing if it cannot be
// reached without a proxy.
func (t target) address() (network, address string) {
	if t.socket != "" {
		return "unix", t.socket
	}
	u, err := url.Parse(t.context.URL)
	if err != nil {
		return "", ""
	}
	if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u}); err != nil || proxy != nil {
		return "", ""
	}
	port := u.Port()
	if port == "" {
		port = u.Scheme // net knows their ports
	}
	return "tcp", net.JoinHostPort(u.Hostname(), port)
}

// page is the URL of a page of the target's console, or of nothing where it is
// not known: an instance's own socket does not tell its URL.
func (t target) page(path string) string {
	if t.socket != "" {
		return ""
	}
	return t.context.URL + path
}

// maxCA is more than any CA's file has.
const maxCA = 1 << 20

// readCA reads the file of a CA, checked.
func readCA(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", glovebox.Errorf(glovebox.KindInvalid, "read the CA: %w", err).On("--ca")
	}
	if pool, err := poolOf(string(b)); err != nil || pool == nil || len(b) > maxCA {
		return "", glovebox.Errorf(glovebox.KindInvalid, "%s has no certificate in PEM", path).On("--ca").
			Try("it is what stands in <data>/tls/ca.pem on the server's machine")
	}
	return string(b), nil
}

// poolOf makes a pool of a CA's PEM, nil of no text.
func poolOf(text string) (*x509.CertPool, error) {
	if text == "" {
		return nil, nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(text)) {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "the context's CA is no certificate in PEM").Try("log in anew: glovebox login URL --ca FILE")
	}
	return pool, nil
}
