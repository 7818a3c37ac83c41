package identity

import (
	"net/url"
	"strconv"
)

// loopback says whether a redirect goes to a program on the browser's own
// machine. Only the address counts: what "localhost" means, a resolver decides.
func loopback(redirect string) bool {
	u, err := url.Parse(redirect)
	if err != nil || len(redirect) > 500 || u.Scheme != "http" || u.User != nil || u.Fragment != "" {
		return false
	}
	port, err := strconv.Atoi(u.Port())
	return err == nil && port > 0 && port < 1<<16 && (u.Hostname() == "127.0.0.1" || u.Hostname() == "::1")
}
