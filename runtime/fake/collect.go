package fake

import (
	"archive/tar"
	"context"
	"io"
	"path"
	"slices"
	"strings"

	"glovebox"
)

var _ glovebox.Collector = (*Runtime)(nil)

// Collect implements glovebox.Collector, for what the command "leave" has left.
func (r *Runtime) Collect(ctx context.Context, id string, w io.Writer) (int, error) {
	b, err := r.find(id)
	if err != nil {
		return 0, err
	}
	select {
	case <-b.done:
	default:
		return 0, glovebox.Errorf(glovebox.KindConflict, "the command of sandbox %s has not ended", id).Try("wait for its end")
	}
	if b.err != nil {
		return 0, b.err // it was lost
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.handed != nil {
		_, err := w.Write(b.handed)
		return 0, err
	}
	return archive(w, b.left)
}

// Hand makes Collect of a sandbox write these bytes, whatever they are.
func (r *Runtime) Hand(id string, archive []byte) {
	if b, err := r.find(id); err == nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.handed = archive
	}
}

// archive writes what is left. A name that ends in a slash is a folder's, one
// that ends in @ that of something else.
func archive(w io.Writer, left map[string]string) (leftOut int, err error) {
	all := map[string]string{}
	for name, text := range left {
		if strings.HasSuffix(name, "@") {
			leftOut++
		} else {
			all[name] = text
		}
		for dir := path.Dir(strings.TrimSuffix(name, "/")); dir != "."; dir = path.Dir(dir) {
			all[dir+"/"] = ""
		}
	}
	tw := tar.NewWriter(w)
	for _, name := range inOrder(all) {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(all[name])), Format: tar.FormatPAX}
		if strings.HasSuffix(name, "/") {
			h.Typeflag, h.Mode = tar.TypeDir, 0o755
		}
		if err := tw.WriteHeader(h); err != nil {
			return leftOut, err
		}
		if _, err := io.WriteString(tw, all[name]); err != nil {
			return leftOut, err
		}
	}
	return leftOut, tw.Close()
}

// inOrder has what is in a folder follow it, sorted by name.
func inOrder(all map[string]string) []string {
	var names []string
	for name := range all {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
	})
	return names
}

// leave is the command: see the package comment.
func leave(b *sandbox) glovebox.Exit {
	for _, arg := range b.spec.Args[1:] {
		name, text, _ := strings.Cut(arg, "=")
		if arg == "wait" {
			return stubborn(b)
		}
		b.mu.Lock()
		b.left[name] = text
		b.mu.Unlock()
	}
	return glovebox.Exit{}
}
