package images

import (
	"context"
	"io"
	"strings"
	"sync"
	"time"

	"glovebox"
)

// Library finds images for jobs. Its parts share one Stock.
//
//	name ─▶ the tenant's record, by name or digest ──there──▶ Image
//	             │ absent, or policy Always
//	             ▼
//	        Puller ─▶ Blobs ─▶ record
type Library struct {
	Images   glovebox.Images
	Puller   *Puller
	Importer *Importer

	// Allow says whether a tenant may use an image of this normalized name, by
	// an error of KindImageDenied if not. nil allows all.
	Allow func(ctx context.Context, tenant, name string) error
	// Progress is told of pulls; nil is fine.
	Progress Progress
	Now      func() time.Time // of audit events; nil is time.Now

	pulls flights[glovebox.Image]
	whole sync.Map // by tenant and digest: found to have all its blobs
	hints hinted
}

// Resolve returns the image that a tenant's job names, pulling it if the policy
// (glovebox.Pull…; "" is IfNotPresent) asks for that. A digest is looked for under
// the tenant's other names, too, which the image then has. Calls for the same image at
// the same time share a pull. Errors: KindInvalid on field containerImage or
// imagePullPolicy, KindImageDenied, KindImageUnknown, and those of Puller.Pull and
// of the Images.
func (l *Library) Resolve(ctx context.Context, tenant, name, policy string) (glovebox.Image, error) {
	name, err := l.admit(ctx, tenant, name)
	if err != nil {
		return glovebox.Image{}, err
	}
	switch policy {
	case "", glovebox.PullIfNotPresent, glovebox.PullNever:
		img, found, err := l.local(ctx, tenant, name)
		if err != nil || found {
			return img, err
		}
		if policy == glovebox.PullNever {
			return glovebox.Image{}, glovebox.Errorf(glovebox.KindImageUnknown, "image %s is not here, and must not be pulled", name).
				On(nameField).Try("import the image, or use imagePullPolicy %s", glovebox.PullIfNotPresent)
		}
	case glovebox.PullAlways:
		if byDigest.MatchString(name) { // there is nowhere to ask, and nothing to ask for
			return l.Resolve(ctx, tenant, name, glovebox.PullNever)
		}
	default:
		return glovebox.Image{}, glovebox.Errorf(glovebox.KindInvalid, "there is no policy %q", clip(policy)).On("imagePullPolicy").
			Try("use %s, %s or %s", glovebox.PullIfNotPresent, glovebox.PullAlways, glovebox.PullNever)
	}
	return l.pulls.do(ctx, tenant+"\x00"+name, func(ctx context.Context) (glovebox.Image, error) {
		return l.pull(ctx, tenant, name)
	})
}

func (l *Library) admit(ctx context.Context, tenant, name string) (string, error) {
	name, err := Normalize(name)
	if err == nil && l.Allow != nil {
		err = l.Allow(ctx, tenant, name)
	}
	return name, err
}

// local returns the tenant's record, if all that it stands for is there.
func (l *Library) local(ctx context.Context, tenant, name string) (glovebox.Image, bool, error) {
	img, err := l.Images.Image(ctx, tenant, name)
	if glovebox.KindOf(err) == glovebox.KindImageUnknown {
		return l.localByDigest(ctx, tenant, name)
	}
	if err != nil {
		return glovebox.Image{}, false, err
	}
	found, err := l.isWhole(ctx, img)
	return img, found, err
}

// localByDigest finds what a normalized name with a digest stands for under the
// tenant's other names: those of its repository, or all for a digest alone.
func (l *Library) localByDigest(ctx context.Context, tenant, name string) (glovebox.Image, bool, error) {
	repo, digest := splitDigest(name)
	if digest == "" {
		return glovebox.Image{}, false, nil
	}
	kept, err := l.Images.Images(ctx, tenant)
	if err != nil {
		return glovebox.Image{}, false, err
	}
	for _, img := range kept {
		itsRepo, itsDigest := splitDigest(img.Name) // which may be an index's
		if repo != "" && repo != itsRepo || digest != img.Digest && digest != itsDigest {
			continue
		}
		if l.Allow != nil && l.Allow(ctx, tenant, img.Name) != nil {
			continue // the digest alone is no way around
		}
		if found, err := l.isWhole(ctx, img); err != nil || found {
			return img, found, err
		}
	}
	return glovebox.Image{}, false, nil
}

// isWhole looks once in the life of the process whether an image's blobs are
// there; after that the Collector spares them as long as the record stands.
func (l *Library) isWhole(ctx context.Context, img glovebox.Image) (bool, error) {
	key := img.Tenant + "\x00" + img.Name + "\x00" + img.Digest
	if _, ok := l.whole.Load(key); ok {
		return true, nil
	}
	digests := []string{img.Digest, img.Config.Digest}
	for _, layer := range img.Layers {
		digests = append(digests, layer.Digest)
	}
	for _, d := range digests {
		info, err := l.Puller.Stock.Blobs.Stat(ctx, keyOf(strings.TrimPrefix(d, "sha256:")))
		if glovebox.KindOf(err) == glovebox.KindNotFound || err == nil && !info.Sealed {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	l.whole.Store(key, true)
	return true, nil
}

// pull asks the registry; if the name still stands for what is here, nothing is
// copied.
func (l *Library) pull(ctx context.Context, tenant, name string) (glovebox.Image, error) {
	if img, found, err := l.local(ctx, tenant, name); err == nil && found {
		digest, err := l.Puller.Digest(ctx, name)
		if err != nil || digest == img.Digest {
			return img, err
		}
	}
	return l.Puller.pull(ctx, tenant, name, l.Progress, l.put(ForJob))
}

// Import takes the images of an archive into the tenant's library.
func (l *Library) Import(ctx context.Context, r io.Reader, how Import) ([]glovebox.Image, error) {
	if l.Allow != nil {
		how.allow = func(name string) error { return l.Allow(ctx, how.Tenant, name) }
	}
	return l.Importer.importTo(ctx, r, how, l.put(how.By))
}

// Remove forgets a name, for somebody (a Principal.Name). Its blobs go when the
// Collector finds them unused.
func (l *Library) Remove(ctx context.Context, by, tenant, name string) error {
	name, err := Normalize(name)
	if err != nil {
		return err
	}
	img, err := l.Images.Image(ctx, tenant, name)
	if err != nil {
		return err
	}
	l.whole.Delete(img.Tenant + "\x00" + img.Name + "\x00" + img.Digest)
	return l.Images.DeleteImage(ctx, tenant, name, l.event(by, auditRemove, img))
}

// Blob copies a sealed blob into w from offset on, for a node that is to unpack
// it: the other end of a glovebox.FetchBlob. It asks for no tenant, so it is not
// for people. KindNotFound.
func (l *Library) Blob(ctx context.Context, digest string, offset int64, w io.Writer) error {
	if !byDigest.MatchString(digest) {
		return glovebox.Errorf(glovebox.KindInvalid, "%q is not a sha256 digest", clip(digest)).On("digest")
	}
	blobs, key := l.Puller.Stock.Blobs, keyOf(strings.TrimPrefix(digest, "sha256:"))
	info, err := blobs.Stat(ctx, key)
	if err == nil && !info.Sealed {
		err = glovebox.Errorf(glovebox.KindNotFound, "blob %s is not complete", digest)
	}
	if err != nil {
		return err
	}
	r, err := blobs.Open(ctx, key, offset)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(w, r)
	return err
}
