package filter

import (
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"

	"glovebox"
)

// Secret is a header that the filter puts into every request to Domain that it
// reads, in place of any such header of the job. The job never has the value.
// What the destination answers is the destination's: if it echoes the header,
// the job sees it.
type Secret struct {
	Domain string // exact
	Header string
	Prefix string // before the value
	Value  string
}

// Format implements fmt.Formatter: no verb shows the value.
func (s Secret) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "header %s for %s", s.Header, s.Domain)
}

// hopHeaders are those that a proxy decides about, so no secret can be in them.
var hopHeaders = []string{
	"Host", "Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length", "Expect",
}

func (s Secret) check() *glovebox.Error {
	if _, ok := canonical(s.Domain); !ok {
		return glovebox.Errorf(glovebox.KindInvalid, "%q is no domain", s.Domain).On("domain").Try("an exact name")
	}
	if !httpguts.ValidHeaderFieldName(s.Header) {
		return glovebox.Errorf(glovebox.KindInvalid, "%q is no header", s.Header).On("header")
	}
	for _, h := range hopHeaders {
		if strings.EqualFold(h, s.Header) {
			return glovebox.Errorf(glovebox.KindInvalid, "header %s is the filter's own", h).On("header").Try("another, such as Authorization")
		}
	}
	if s.Value == "" || !httpguts.ValidHeaderFieldValue(s.Prefix+s.Value) {
		return glovebox.Errorf(glovebox.KindInvalid, "the secret for %s is empty or has bytes that no header can carry", s.Domain).On("value")
	}
	return nil
}

// put sets the secrets in h, whose spelling of names can be any.
func put(h http.Header, secrets []Secret) {
	for _, s := range secrets {
		for k := range h {
			if strings.EqualFold(strings.ReplaceAll(k, "_", "-"), s.Header) {
				delete(h, k)
			}
		}
	}
	for _, s := range secrets {
		h.Add(s.Header, s.Prefix+s.Value)
	}
}
