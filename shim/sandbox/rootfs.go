package sandbox

import (
	"fmt"
	"os"

	"github.com/containerd/errdefs"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"gvisor.dev/gvisor/runsc/specutils"
)

// rootfs is what a job's root is mounted from: the image, and over it a scratch
// layer, if it has one.
type rootfs struct {
	image   *os.File
	layer   *os.File // archive of what the layer begins with, or nil
	scratch *filestore
	conf    specutils.GoferMountConf
}

// prepareRoot opens what the specification names. The root is closed with the
// sandbox.
func (s *Sandbox) prepareRoot(spec *specs.Spec) (r rootfs, err error) {
	path := spec.Annotations[AnnotationRootfs]
	if path == "" {
		return r, fmt.Errorf("%s is missing: %w", AnnotationRootfs, errdefs.ErrInvalidArgument)
	}
	layer, err := ParseScratch(spec.Annotations[AnnotationScratch])
	if err != nil {
		return r, err
	}
	if r.image, err = os.Open(path); err != nil {
		return r, fmt.Errorf("the image: %w: %w", err, errdefs.ErrInvalidArgument)
	}
	r.conf = specutils.GoferMountConf{Lower: specutils.Erofs, Upper: specutils.NoOverlay}
	if layer.Dir == "" || spec.Root.Readonly {
		return r, nil
	}
	if r.scratch, err = openFilestore(layer.Dir); err == nil {
		r.conf.Upper, r.conf.Size = specutils.AnonOverlay, layer.options()
		r.layer, err = prepareLayer(spec)
	}
	if err != nil {
		r.close()
	}
	return r, err
}

// files are the host's files for gVisor: the image, and those behind layers.
func (r rootfs) files() (image, layers []*os.File) {
	if r.scratch != nil {
		layers = []*os.File{r.scratch.file}
	}
	return []*os.File{r.image}, layers
}

func (r rootfs) close() {
	if r.image != nil {
		r.image.Close()
	}
	if r.layer != nil {
		r.layer.Close()
	}
	r.scratch.Close()
}
