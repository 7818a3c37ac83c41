package images

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"glovebox"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// registry is a repository one has been let into.
type registry struct {
	name   string // the image's, for messages
	repo   name.Repository
	client *http.Client
}

// resolve asks the registry what a name stands for on the Stock's platform.
func (p *Puller) resolve(ctx context.Context, image string) (candidate, error) {
	image, err := Normalize(image)
	if err != nil {
		return candidate{}, err
	}
	if byDigest.MatchString(image) {
		return candidate{}, glovebox.Errorf(glovebox.KindImageUnknown, "image %s is not here, and its name has no registry", image).
			Try("import the image again, or name it with its repository")
	}
	var r *registry
	var ref name.Reference
	err = p.Stock.persist(ctx, func() (bool, error) {
		if r, ref, err = p.enter(ctx, image); err != nil {
			err = r.blame(ctx, err, "greet registry")
		}
		return false, err
	})
	if err != nil {
		return candidate{}, err
	}
	raw, mediaType, err := r.manifest(ctx, ref.Identifier(), p.Stock)
	if err != nil {
		return candidate{}, err
	}
	d := newDocument(raw, mediaType)
	if digest, ok := ref.(name.Digest); ok && digest.DigestStr() != d.digest.String() {
		return candidate{}, corrupt("manifest %s is really %s", digest.DigestStr(), d.digest)
	}
	d, err = p.Stock.Caps.choose(ctx, d, p.Stock.Platform, func(ctx context.Context, desc v1.Descriptor) ([]byte, error) {
		raw, _, err := r.manifest(ctx, desc.Digest.String(), p.Stock)
		return raw, err
	})
	return candidate{name: image, manifest: d, blobs: r, origin: "registry"}, err
}

// enter pings the registry and gets a token if it wants one.
func (p *Puller) enter(ctx context.Context, image string) (*registry, name.Reference, error) {
	r := &registry{name: image}
	domain, _, _ := strings.Cut(image, "/")
	loopback := isLoopback(hostOf(domain))
	var options []name.Option
	if loopback {
		options = append(options, name.Insecure)
	}
	ref, err := name.ParseReference(image, options...)
	if err != nil {
		return r, nil, badName("%q is not an image name: %w", image, err).Try("give a name such as busybox:latest")
	}
	r.repo = ref.Context()
	auth, err := credentialsFor(ctx, p.Credentials, r.repo.RegistryStr())
	if err != nil {
		return r, nil, err
	}
	scopes := []string{r.repo.Scope(transport.PullScope)}
	t, err := transport.NewWithContext(ctx, r.repo.Registry, auth, p.guardFor(loopback), scopes)
	if err != nil {
		return r, nil, err
	}
	r.client = &http.Client{Transport: t}
	return r, ref, nil
}

var manifestTypes = strings.Join([]string{
	string(types.OCIImageIndex), string(types.DockerManifestList),
	string(types.OCIManifestSchema1), string(types.DockerManifestSchema2),
}, ", ")

// manifest reads a manifest or index by tag or digest.
func (r *registry) manifest(ctx context.Context, identifier string, s *Stock) (raw []byte, mediaType types.MediaType, err error) {
	err = s.persist(ctx, func() (bool, error) {
		limited := withBodyCap(ctx, s.Caps.Manifest)
		resp, err := r.get(limited, "manifests", identifier, http.Header{"Accept": {manifestTypes}})
		if err != nil {
			return false, err
		}
		defer resp.Body.Close()
		if raw, err = io.ReadAll(resp.Body); err != nil {
			return false, r.blame(ctx, err, "read manifest "+identifier)
		}
		said, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
		mediaType = types.MediaType(strings.TrimSpace(said))
		return false, nil
	})
	return raw, mediaType, err
}

// blob implements source by ranges.
func (r *registry) blob(ctx context.Context, desc v1.Descriptor, offset int64) (io.ReadCloser, int64, error) {
	header := http.Header{}
	if offset > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	// One byte more than it should have: the reader tells a lie from a cut.
	resp, err := r.get(withBodyCap(ctx, desc.Size+chunk), "blobs", desc.Digest.String(), header)
	if err != nil {
		return nil, 0, err
	}
	at := int64(0)
	if resp.StatusCode == http.StatusPartialContent {
		if at, err = rangeStart(resp.Header.Get("Content-Range"), desc); err != nil {
			resp.Body.Close()
			return nil, 0, err
		}
	}
	if resp.ContentLength >= 0 && resp.ContentLength != desc.Size-at {
		resp.Body.Close()
		return nil, 0, corrupt("blob %s has %d bytes at the registry, not %d as its manifest says",
			desc.Digest, resp.ContentLength+at, desc.Size)
	}
	return &blamingBody{resp.Body, r, ctx, desc.Digest.String()}, at, nil
}

func rangeStart(contentRange string, desc v1.Descriptor) (int64, error) {
	var from, to, total int64
	if _, err := fmt.Sscanf(contentRange, "bytes %d-%d/%d", &from, &to, &total); err != nil || from < 0 {
		return 0, corrupt("registry answers for blob %s with the range %q", desc.Digest, clip(contentRange))
	}
	if total != desc.Size {
		return 0, corrupt("blob %s has %d bytes at the registry, not %d as its manifest says", desc.Digest, total, desc.Size)
	}
	return from, nil
}

// get sends a request and gives errors and bad answers a kind.
func (r *registry) get(ctx context.Context, what, identifier string, header http.Header) (*http.Response, error) {
	u := fmt.Sprintf("%s://%s/v2/%s/%s/%s", r.repo.Scheme(), r.repo.RegistryStr(), r.repo.RepositoryStr(), what, identifier)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return nil, badName("%q is not an image name: %w", r.name, err)
	}
	req.Header = header
	doing := strings.TrimSuffix(what, "s") + " " + identifier
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, r.blame(ctx, err, doing)
	}
	accepted := []int{http.StatusOK}
	if header.Get("Range") != "" {
		accepted = append(accepted, http.StatusPartialContent)
	}
	if err := transport.CheckError(resp, accepted...); err != nil {
		resp.Body.Close()
		return nil, r.blame(ctx, err, doing)
	}
	return resp, nil
}

// blamingBody gives errors of a connection a kind.
type blamingBody struct {
	io.ReadCloser
	registry *registry
	ctx      context.Context
	digest   string
}

func (b *blamingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		err = b.registry.blame(b.ctx, err, "blob "+b.digest)
	}
	return n, err
}
