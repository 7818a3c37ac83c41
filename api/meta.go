package api

import (
	"cmp"
	"net/http"
	"runtime"
	"slices"

	"glovebox"
	"glovebox/api/wire"
)

func (h *handler) version(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, wire.Version{Version: h.Version, Go: runtime.Version(), API: "v1"})
}

func (h *handler) errors(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, wire.ErrorKinds{Errors: errorTable()})
}

func errorTable() []wire.ErrorKind {
	var rows []wire.ErrorKind
	for _, k := range glovebox.Kinds() {
		i := k.Info()
		rows = append(rows, wire.ErrorKind{
			Kind: k, Type: wire.ProblemType(k), Status: i.Status, Exit: i.Exit, Title: i.Title, Reason: i.Reason,
		})
	}
	slices.SortFunc(rows, func(a, b wire.ErrorKind) int { return cmp.Compare(a.Kind, b.Kind) })
	return rows
}

func (h *handler) health(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, wire.Health{Status: "ok"})
}

func (h *handler) openAPI(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/openapi+json")
	_, _ = w.Write(h.document) // the caller may be gone; nobody else to tell
	return nil
}
