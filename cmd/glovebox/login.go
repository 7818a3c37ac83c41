package main

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/client"
	"glovebox/internal/contexts"
	"glovebox/internal/instance"
)

// loginTime is how long the person may take in the browser.
const loginTime = 5 * time.Minute

type loginFlags struct {
	ca, name          string
	device, noBrowser bool
}

func (a *app) loginCommand() *cobra.Command {
	var f loginFlags
	cmd := &cobra.Command{
		Use: "login [URL]", Short: "Log in to a server with your passkey, in the browser", Args: takes(0, 1),
		Long: `Log in to a server: a page of it opens in the browser, you touch your passkey and
agree, and the browser hands a code to this command, which is of no use to
anybody else. On a machine without a browser, --device shows a code that you
type in the browser of another one.

What you get is a session that is bound to a private key made here. Both are
kept as a context in ~/.config/glovebox/contexts.json ($GLOVEBOX_CONFIG names
another file), which only you can read. The context becomes the current one:
commands go to its server until you log out or choose another.

Without URL, log in again to the server of --context or of the current context.

A server with a local CA of its own: give the CA's certificate with --ca once; it
is in <data>/tls/ca.pem on the server's machine. For a server on this machine
that is found by itself. There is no way to go without checking.`,
		Example: "  glovebox login https://glovebox.example.org:8443\n  glovebox login https://box:8443 --ca box.pem --context box --device",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.login(cmd.Context(), args, f)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.ca, "ca", "", "file with the certificate of the server's CA, PEM")
	fs.BoolVar(&f.device, "device", false, "show a code to type in a browser elsewhere")
	fs.BoolVar(&f.noBrowser, "no-browser", false, "print the page's URL and do not open it")
	fs.StringVar(&f.name, "name", "", "what the session is called (default USER@HOST)")
	cmd.MarkFlagsMutuallyExclusive("device", "no-browser")
	return cmd
}

func (a *app) login(ctx context.Context, args []string, f loginFlags) error {
	if a.data != "" && len(args) == 0 {
		return glovebox.Errorf(glovebox.KindUsage, "nobody logs in at the socket of an instance").Try("give the instance's URL")
	}
	path, err := contexts.Path(a.getenv)
	if err != nil {
		return err
	}
	// That the session can be kept is made sure of before there is one.
	if err := contexts.Update(path, func(*contexts.Contexts) error { return nil }); err != nil {
		return err
	}
	one, err := a.loginTo(path, args)
	if err != nil {
		return err
	}
	if one.CA, err = a.authority(one, f.ca); err != nil {
		return err
	}
	c, err := a.newLogin(&one)
	if err != nil {
		return err
	}
	defer c.Close()
	// Who is there, and who vouches for them, before anybody agrees to anything.
	if err := c.Health(ctx); err != nil {
		return err
	}
	if f.name == "" {
		f.name = thisMachine()
	}
	if f.device {
		err = a.loginByDevice(ctx, c, f.name)
	} else {
		err = a.loginByBrowser(ctx, c, one.URL, f)
	}
	if err != nil {
		return err
	}
	return a.keepLogin(ctx, c, path, one)
}

// loginTo is the context to log in to, without a session.
func (a *app) loginTo(path string, args []string) (contexts.Context, error) {
	all, err := contexts.Load(path)
	if err != nil {
		return contexts.Context{}, err
	}
	name := a.context
	if name == "" && len(args) == 0 {
		if name = a.getenv(envContext); name == "" {
			name = all.Current
		}
		if name == "" {
			return contexts.Context{}, glovebox.Errorf(glovebox.KindUsage, "which server?").Try("glovebox login https://HOST:PORT")
		}
	}
	if len(args) == 0 {
		one, err := all.Find(name)
		return contexts.Context{Name: one.Name, URL: one.URL, CA: one.CA}, err
	}
	base, err := client.BaseURL(args[0])
	if err != nil {
		return contexts.Context{}, err
	}
	if name == "" {
		u, _ := url.Parse(base) // what BaseURL made
		name = u.Host
	}
	if err := contexts.CheckName(name); err != nil {
		return contexts.Context{}, err
	}
	old, err := all.Find(name)
	if err != nil {
		return contexts.Context{Name: name, URL: base}, nil
	}
	if old.URL != base {
		return contexts.Context{}, glovebox.Errorf(glovebox.KindConflict, "the context %s is of %s", name, old.URL).On("--context").
			Try("choose another name, or forget it first: glovebox contexts rm %s", name)
	}
	return contexts.Context{Name: name, URL: base, CA: old.CA}, nil
}

// authority is the CA to check the server by: the one that is given, the one
// that was given before, or that of this machine's instance for a server here.
func (a *app) authority(one contexts.Context, file string) (string, error) {
	if file != "" {
		return readCA(file)
	}
	u, err := url.Parse(one.URL)
	if err != nil || one.CA != "" || u.Scheme != "https" || !isHere(u.Hostname()) {
		return one.CA, nil
	}
	l, err := instance.Find(a.data, a.getenv)
	if err != nil {
		return "", nil
	}
	text, err := readCA(filepath.Join(l.TLS(), "ca.pem"))
	if err != nil {
		return "", nil // it has none, or none for us: the system's decide
	}
	return text, nil
}

func isHere(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// newLogin makes the key, and a client that has it and nothing else.
func (a *app) newLogin(one *contexts.Context) (*client.Client, error) {
	key, err := client.NewKey()
	if err != nil {
		return nil, err
	}
	if one.Key, err = key.PEM(); err != nil {
		return nil, err
	}
	roots, err := poolOf(one.CA)
	if err != nil {
		return nil, err
	}
	return client.New(client.Options{URL: one.URL, RootCAs: roots, Credential: client.Credential{Key: key}, Patience: 10 * time.Second}), nil
}

// keepLogin stores the session that c has.
func (a *app) keepLogin(ctx context.Context, c *client.Client, path string, one contexts.Context) error {
	token, err := c.Token(ctx)
	if err != nil {
		return err
	}
	me, err := c.Me(ctx)
	if err != nil {
		return err
	}
	one.Session, one.Tenant, one.Person = token.Session.ID, me.Tenant, me.DisplayName
	err = contexts.Update(path, func(all *contexts.Contexts) error {
		all.Put(one)
		return all.Use(one.Name)
	})
	if err != nil {
		_ = c.Logout(ctx) // its key is lost
		return err
	}
	fmt.Fprintf(a.stderr, "logged in at %s as %s, %s of tenant %s, until %s\n", one.URL, inert(me.DisplayName), me.Role, me.Tenant,
		token.Session.Until.Local().Format("2006-01-02 15:04 MST"))
	return nil
}

// thisMachine is what a session is called where nobody says.
func thisMachine() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	if u, err := user.Current(); err == nil {
		host = u.Username + "@" + host
	}
	return cut(strings.ToValidUTF8(host, "?"), 100)
}
