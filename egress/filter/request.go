package filter

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"glovebox"
)

// serveRequest decides about one request of a connection. Whatever was decided
// before it on the same connection counts for nothing.
func (f *filter) serveRequest(w http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(connKey{}).(*conn)
	if c.s.requests.Wait(r.Context()) != nil {
		return // the connection is over
	}
	path := r.URL.EscapedPath()
	e := glovebox.NetEvent{
		Type: glovebox.NetRequest, Name: r.Host, Address: c.dst.String(), Proto: c.proto, Conn: c.id, Method: r.Method, Path: path,
	}
	deny := func(status int, reason, why string) {
		e.Reason = reason
		c.s.tell(e)
		problem(w, status, glovebox.KindDenied, why)
	}
	if why := unusable(r, c.transport.TLSClientConfig != nil); why != "" {
		deny(http.StatusBadRequest, glovebox.NetProtocol, why)
		return
	}
	host, ok := hostOf(r.Host, c.dst)
	if !ok {
		deny(http.StatusForbidden, glovebox.NetName, "the Host of the request is not that of this connection")
		return
	}
	req := &request{host: host, method: r.Method, odd: upgrades(r)}
	req.clean, _ = cleanPath(path)
	rule, secrets, reason := c.begin(req)
	if rule == nil {
		deny(http.StatusForbidden, reason, refusal(reason, r))
		return
	}
	defer c.end()
	e.Allowed, e.Name, e.Rule = true, host, rule.name
	if len(secrets) > 0 && (r.Method == http.MethodTrace || r.Method == "TRACK") {
		e.Allowed = false
		deny(http.StatusForbidden, glovebox.NetMethod, "a request with a secret cannot ask to be echoed")
		return
	}
	if !c.count(rule) {
		c.s.tell(e)
		c.cut(glovebox.NetBudget)
		return
	}
	c.s.tell(e)
	withoutOverrides(r.Header, rule)
	f.forward(w, r, c, e, secrets)
}

// begin chooses the rule for a request and notes it as under way, so that a
// change of the rules can cut it. Without a rule it says why.
func (c *conn) begin(r *request) (*rule, []Secret, string) {
	c.s.mu.RLock()
	defer c.s.mu.RUnlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isCut {
		return nil, nil, glovebox.NetNarrowed
	}
	ch := c.choice(r.host)
	if len(ch.rules) == 0 {
		return nil, nil, glovebox.NetName
	}
	rule, reason := ch.allow(*r)
	if rule == nil {
		return nil, nil, reason
	}
	c.now, c.name = r, ch.name
	if ch.name == "" || rule.any {
		return rule, nil, ""
	}
	return rule, c.s.m.secrets[ch.name], ""
}

// choice returns the rules for a request's Host. TLS that is ended here stays
// with the name that it was opened to, as that is what the destination proves.
func (c *conn) choice(host string) choice {
	if c.proto == glovebox.EgressTLS {
		if c.name != "" && host != c.name {
			return choice{}
		}
		return choice{c.name, of(c.proto, c.s.m.opens(c.name, c.dst))}
	}
	ch, ok := c.s.choose(c.dst, c.proto, host, c.s.f.now())
	if !ok && c.name != "" && c.name == host {
		// Answered long ago: the connection may go on as long as the rules do.
		return choice{host, of(c.proto, c.s.m.opens(host, c.dst))}
	}
	return ch
}

func (c *conn) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = nil
}

// unusable says why a request cannot be judged, whatever the rules.
func unusable(r *http.Request, secure bool) string {
	scheme := "http"
	if secure {
		scheme = "https"
	}
	switch {
	case r.Method == http.MethodConnect:
		return "CONNECT asks for a tunnel, and the filter is none"
	case !strings.HasPrefix(r.URL.Path, "/"):
		return "the target of the request is not a path"
	case r.URL.IsAbs() && r.URL.Scheme != scheme:
		return "the target of the request has another scheme than its connection"
	case r.URL.User != nil || strings.Contains(r.RequestURI, "#"):
		return "the target of the request is not a path"
	case len(r.Header["Host"]) > 0:
		return "more than one Host"
	}
	return ""
}

// hostOf returns the name in a Host, whose port, if there is one, is that of
// the connection. An address stands for no name, and has to be the destination.
func hostOf(host string, dst netip.AddrPort) (string, bool) {
	name := host
	if h, port, err := net.SplitHostPort(host); err == nil {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || uint16(n) != dst.Port() {
			return "", false
		}
		name = h
	}
	if a, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return "", a.Unmap() == dst.Addr()
	}
	return canonical(name)
}

// upgrades says whether a request asks to leave HTTP for a websocket. To ask for
// another version of HTTP is taken out: nobody has to grant it.
func upgrades(r *http.Request) bool {
	asked := r.Header["Upgrade"]
	if len(asked) == 1 && strings.EqualFold(asked[0], "websocket") {
		return httpguts.HeaderValuesContainsToken(r.Header["Connection"], "upgrade")
	}
	r.Header.Del("Upgrade")
	r.Header.Del("Http2-Settings")
	return false
}

// withoutOverrides removes headers by which some servers take another method or
// path than the one that was judged.
func withoutOverrides(h http.Header, r *rule) {
	if len(r.Methods) > 0 {
		for _, k := range []string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override"} {
			h.Del(k)
		}
	}
	if len(r.Paths) > 0 {
		for _, k := range []string{"X-Original-Url", "X-Rewrite-Url", "X-Original-Uri"} {
			h.Del(k)
		}
	}
}

func refusal(reason string, r *http.Request) string {
	switch reason {
	case glovebox.NetName:
		return "the Host of the request is not that of this connection"
	case glovebox.NetProtocol:
		return "the rule names methods or paths, so nothing can be upgraded"
	case glovebox.NetBudget:
		return "the bytes of the rule are used up"
	}
	return fmt.Sprintf("no rule of the job's policy lets %s %s of %s through", clipText(r.Method, 32), clipText(r.URL.EscapedPath(), maxEventPath), clipText(r.Host, maxEventName))
}

// problem answers with a problem document and ends the connection.
func problem(w http.ResponseWriter, status int, kind glovebox.Kind, detail string) {
	body, _ := json.Marshal(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{"urn:glovebox:problem:" + string(kind), kind.Info().Title, status, detail})
	h := w.Header()
	clear(h)
	h.Set("Content-Type", "application/problem+json")
	h.Set("Connection", "close")
	w.WriteHeader(status)
	w.Write(append(body, '\n'))
}
