package console

import (
	"net/http"
	"net/url"
	"strings"

	"glovebox"
)

// Config is what the pages need.
type Config struct {
	// PublicURL is where browsers reach the pages and the API: scheme, host and
	// port. Passkeys are bound to it, so a page that is opened by another name
	// of the machine says where to go instead.
	PublicURL string
}

// Handler serves the pages, and a page that says so for every path that has
// none. It takes GET and HEAD alone. KindInvalid for a PublicURL that is none.
func Handler(c Config) (http.Handler, error) {
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "%q is not a scheme, host and port", c.PublicURL).On("publicURL")
	}
	return &handler{site: newSite(u.Scheme + "://" + u.Host)}, nil
}

type handler struct{ site site }

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	protect(w.Header())
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "pages take GET and HEAD alone", http.StatusMethodNotAllowed)
		return
	}
	f, ok := h.site.find(r.URL.Path)
	if !ok {
		h.site.missing.serve(w, r, http.StatusNotFound)
		return
	}
	f.serve(w, r, http.StatusOK)
}

// find returns the file for a path: a page, or what pages are made of. The page
// of a signed job has the job's id behind its name.
func (s site) find(path string) (file, bool) {
	if id, ok := strings.CutPrefix(path, "/approve/"); ok {
		return s.approve, id != "" && !strings.Contains(id, "/")
	}
	f, ok := s.files[path]
	return f, ok
}
