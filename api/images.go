package api

import (
	"errors"
	"io"
	"net/http"
	"time"

	"glovebox"
	"glovebox/api/wire"
)

func (h *handler) images(w http.ResponseWriter, r *http.Request) error {
	if err := params(r, nil).err(); err != nil {
		return err
	}
	all, err := h.Images.Images(r.Context(), principal(r))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewImages(all))
}

// importImage hands the body on as it comes; its cap is the service's.
func (h *handler) importImage(w http.ResponseWriter, r *http.Request) error {
	q := params(r, []string{"name"})
	name := q.text("name")
	if len(name) > glovebox.MaxImageName {
		q.fail(glovebox.Errorf(glovebox.KindInvalid, "not an image name").On("name").Try("at most %d bytes", glovebox.MaxImageName))
	}
	if err := q.err(); err != nil {
		return err
	}
	if err := wantType(r, "application/x-tar"); err != nil {
		return err
	}
	control := http.NewResponseController(w)
	defer func() { _ = control.SetReadDeadline(time.Time{}) }()
	all, err := h.Images.Import(r.Context(), principal(r), name, &paced{body: r.Body, control: control})
	if err != nil {
		return err
	}
	_ = control.SetWriteDeadline(time.Now().Add(pieceTime))
	return writeJSON(w, http.StatusOK, viewImages(all))
}

// paced reads a body that may be long but must not stall.
type paced struct {
	body    io.Reader
	control *http.ResponseController
}

// Read implements io.Reader.
func (p *paced) Read(b []byte) (int, error) {
	_ = p.control.SetReadDeadline(time.Now().Add(pieceTime)) // not every writer has deadlines
	n, err := p.body.Read(b)
	if err != nil && err != io.EOF {
		err = glovebox.Errorf(glovebox.KindMalformed, "the body broke off or came too slowly")
	}
	return n, err
}

// pull fetches an image. With Accept: text/event-stream it answers with
// "progress" events and then "image" or "error"; without, when it is done.
func (h *handler) pull(w http.ResponseWriter, r *http.Request) error {
	if err := params(r, nil).err(); err != nil {
		return err
	}
	var body wire.PullRequest
	if err := decode(w, r, &body); err != nil {
		return err
	}
	if body.Name == "" || len(body.Name) > glovebox.MaxImageName {
		return glovebox.Errorf(glovebox.KindInvalid, "an image is needed").On("name").Try("name an image, such as busybox:1.36")
	}
	if wantsEvents(r) {
		return h.pullEvents(w, r, body.Name)
	}
	img, err := h.Images.Pull(r.Context(), principal(r), body.Name, func(PullProgress) {})
	if err != nil {
		return err
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(pieceTime))
	return writeJSON(w, http.StatusOK, viewImage(img))
}

func (h *handler) pullEvents(w http.ResponseWriter, r *http.Request, name string) error {
	s := newSSE(w)
	if err := s.begin(); err != nil {
		return err
	}
	latest := newLatest(func(p PullProgress) error { return s.send(wire.EventProgress, "", p) })
	img, err := h.Images.Pull(r.Context(), principal(r), name, latest.put)
	latest.close()
	if err != nil {
		noted(w, err)
		return s.problem(err)
	}
	return s.send(wire.EventImage, "", viewImage(img))
}

// inspectImage reads what an image lets one guess.
func (h *handler) inspectImage(w http.ResponseWriter, r *http.Request) error {
	name, err := imageNamed(r)
	if err != nil {
		return err
	}
	if err := wantNoBody(w, r); err != nil {
		return err
	}
	found, err := h.Images.Inspect(r.Context(), principal(r), name)
	if e, ok := errors.AsType[*glovebox.Error](err); ok && e.Field == "containerImage" {
		copied := *e // which is what a job calls it
		err = copied.On("name")
	}
	if err != nil {
		return err
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(pieceTime))
	d := found.Image.Defaults
	begin := glovebox.Policy{Version: glovebox.PolicyVersion, Egress: found.Egress}
	return writeJSON(w, http.StatusOK, wire.ImageInspected{
		Image: viewImage(found.Image), Entrypoint: d.Entrypoint, Cmd: d.Cmd, Workdir: d.Workdir, User: d.User,
		Listens: found.Listens, Managers: found.Managers, Policy: *wire.PolicyOf(&begin),
	})
}

// imageNamed is the one parameter name, which has to be there.
func imageNamed(r *http.Request) (string, error) {
	q := params(r, []string{"name"})
	name := q.text("name")
	if name == "" || len(name) > glovebox.MaxImageName {
		q.fail(glovebox.Errorf(glovebox.KindInvalid, "an image is needed").On("name").Try("%s %s?name=busybox:1.36", r.Method, r.URL.Path))
	}
	return name, q.err()
}

// removeImage forgets a name. It is a parameter and not part of the path, since
// names are full of slashes and colons.
func (h *handler) removeImage(w http.ResponseWriter, r *http.Request) error {
	name, err := imageNamed(r)
	if err != nil {
		return err
	}
	if err := wantNoBody(w, r); err != nil {
		return err
	}
	if err := h.Images.Remove(r.Context(), principal(r), name); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
