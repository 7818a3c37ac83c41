package agent

import (
	"regexp"
	"strings"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"
)

// work is an order as the agent carries it out.
type work struct {
	spec    glovebox.SandboxSpec // without ID and Stdio
	timeout time.Duration
	stdin   bool
	files   []glovebox.InputFile
}

// Arguments and environment of a job and of its image come together, so more
// than a Spec may have is legal; far more is not.
const (
	maxStrings     = 8 * glovebox.MaxArgs
	maxStringBytes = 4 * (glovebox.MaxArgBytes + glovebox.MaxEnvBytes)
	maxLayers      = 1024
	maxGrace       = time.Hour
)

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// parseWork turns an order's work into the domain's words and refuses what
// cannot be meant. Control decides what runs, but nothing that it says may lead
// outside the agent's folder or past the limits that hold for everybody.
func parseWork(w *nodev1.Work, runtimes []string) (work, error) {
	if w == nil {
		return work{}, glovebox.Errorf(glovebox.KindInvalid, "the order has no work").On("work")
	}
	img, err := parseImage(w.GetImage())
	if err != nil {
		return work{}, err
	}
	if len(w.GetArgs()) == 0 {
		return work{}, glovebox.Errorf(glovebox.KindCommandMissing, "the order has no command").On("args")
	}
	if err := checkStrings("args", w.GetArgs()); err != nil {
		return work{}, err
	}
	if err := checkStrings("env", w.GetEnv()); err != nil {
		return work{}, err
	}
	for _, e := range w.GetEnv() {
		if strings.IndexByte(e, '=') < 1 {
			return work{}, glovebox.Errorf(glovebox.KindInvalid, "%.64q is not NAME=value", e).On("env")
		}
	}
	// The rules for the rest are those for a job's spec.
	spec, err := glovebox.Spec{
		Image: "checked-above", Runtime: w.GetRuntime(), Workdir: w.GetWorkdir(), User: w.GetUser(),
		Timeout: glovebox.Duration(w.GetTimeout().AsDuration()), Limits: parseLimits(w.GetLimits()),
		Files: parseInputFiles(w.GetFiles()),
	}.Complete()
	if err != nil {
		return work{}, err
	}
	if w.GetSnapshot() != "" && !glovebox.ValidID(prefixSnapshot, w.GetSnapshot()) {
		return work{}, glovebox.Errorf(glovebox.KindInvalid, "%.80q cannot be a snapshot's name", w.GetSnapshot()).On("snapshot")
	}
	if err := hasRuntime(spec.Runtime, runtimes); err != nil {
		return work{}, err
	}
	return work{
		spec: glovebox.SandboxSpec{
			Tenant: w.GetTenant(), Image: img, Runtime: spec.Runtime, Args: w.GetArgs(), Env: w.GetEnv(),
			Workdir: spec.Workdir, User: spec.User, Limits: spec.Limits, Snapshot: w.GetSnapshot(),
		},
		timeout: time.Duration(spec.Timeout), stdin: w.GetStdin(), files: spec.Files,
	}, nil
}

func parseImage(p *nodev1.Image) (glovebox.Image, error) {
	img := glovebox.Image{Name: p.GetName(), Digest: p.GetDigest(), Platform: p.GetPlatform(), Size: p.GetSize(),
		Unpacked: p.GetUnpacked(), Config: parseBlob(p.GetConfig())}
	digests := []string{img.Digest, img.Config.Digest}
	sizes := []int64{img.Size, img.Unpacked, img.Config.Size}
	if len(p.GetLayers()) > maxLayers {
		return img, glovebox.Errorf(glovebox.KindImageTooLarge, "the image has %d layers", len(p.GetLayers())).On("image.layers").Try("at most %d", maxLayers)
	}
	for _, l := range p.GetLayers() {
		layer := glovebox.Layer{Blob: parseBlob(l.GetBlob()), DiffID: l.GetDiffId()}
		img.Layers = append(img.Layers, layer)
		digests = append(digests, layer.Digest, layer.DiffID)
		sizes = append(sizes, layer.Size)
	}
	for _, d := range digests {
		if !digestForm.MatchString(d) {
			return img, glovebox.Errorf(glovebox.KindImageInvalid, "%.80q is not a sha256 digest", d).On("image")
		}
	}
	for _, n := range sizes {
		if n < 0 {
			return img, glovebox.Errorf(glovebox.KindImageInvalid, "%d is not a size", n).On("image")
		}
	}
	return img, nil
}

func parseBlob(b *nodev1.Blob) glovebox.Blob {
	return glovebox.Blob{Digest: b.GetDigest(), Size: b.GetSize(), MediaType: b.GetMediaType()}
}

func parseLimits(l *nodev1.Limits) glovebox.Limits {
	return glovebox.Limits{Memory: l.GetMemory(), CPUs: l.GetCpus(), Pids: l.GetPids(), Disk: l.GetDisk(),
		Inodes: l.GetInodes(), Files: l.GetFiles(), Output: l.GetOutput(), Artifacts: l.GetArtifacts()}
}

func checkStrings(field string, all []string) error {
	total := 0
	for _, s := range all {
		if strings.IndexByte(s, 0) >= 0 {
			return glovebox.Errorf(glovebox.KindInvalid, "an element contains a NUL byte").On(field)
		}
		total += len(s) + 1
	}
	if len(all) > maxStrings || total > maxStringBytes {
		return glovebox.Errorf(glovebox.KindTooLarge, "%d elements of %d bytes together", len(all), total).On(field).Try("at most %d of %d bytes", maxStrings, maxStringBytes)
	}
	return nil
}

func hasRuntime(name string, have []string) error {
	for _, h := range have {
		if h == name {
			return nil
		}
	}
	if len(have) == 0 {
		return nil
	}
	return glovebox.Errorf(glovebox.KindRuntime, "runtime %q is not on this node", name).On("runtime").Try("it has %s", strings.Join(have, ", "))
}
