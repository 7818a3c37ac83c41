package containerd

import (
	"errors"
	"os"
	"slices"

	"glovebox"
	"glovebox/runtime/containerd/internal/hostview"
)

// Release takes away what is shared by sandboxes and outlives them: the mounts
// of images and layers, and the node's empty control group. Everything comes
// back when it is needed. Call it when the node is taken down, after the last
// sandbox was destroyed; mounts in use stay, with an error.
func (r *Runtime) Release() error {
	var errs []error
	for _, dir := range []string{r.imageDir(), r.layersDir()} {
		mounts, err := hostview.Mounts(dir)
		if err != nil {
			return glovebox.Errorf(glovebox.KindInternal, "list mounts: %w", err)
		}
		for _, m := range slices.Backward(mounts) {
			errs = append(errs, unmountImage(m.Point))
		}
	}
	for _, dir := range r.groups.Group(r.config.cgroupParent()).Existing() {
		if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return glovebox.Errorf(glovebox.KindResidue, "release the node: %w", err)
	}
	return nil
}
