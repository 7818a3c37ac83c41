package images

import (
	"errors"
	"regexp"
	"strings"

	"glovebox"

	"github.com/distribution/reference"
)

const nameField = "containerImage"

// byDigest is the name of an image that was imported without one.
var byDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// Normalize completes a name as Docker does: "busybox" and
// "docker.io/library/busybox:latest" are the same image. A digest is kept, and
// with it a tag is dropped, since it says nothing more. "sha256:<hex>" is the name
// of an image without any other. KindInvalid on field containerImage.
func Normalize(name string) (string, error) {
	if len(name) > glovebox.MaxImageName {
		return "", badName("image name has %d bytes", len(name)).Try("use at most %d", glovebox.MaxImageName)
	}
	if byDigest.MatchString(name) {
		return name, nil
	}
	named, err := reference.ParseDockerRef(name)
	if err == nil {
		if d, ok := named.(reference.Digested); ok && d.Digest().Algorithm() != "sha256" {
			return "", badName("image %q has a digest that is not sha256", name).Try("use a sha256 digest")
		}
		return named.String(), nil
	}
	bad := badName("%q is not an image name: %w", name, err)
	switch {
	case name == "":
		return "", badName("image name is empty").Try("give a name such as busybox:latest")
	case strings.Contains(name, "://"):
		return "", bad.Try("leave out the part before ://")
	case errors.Is(err, reference.ErrNameContainsUppercase):
		return "", bad.Try("write the repository in lower case; only tags may have capitals")
	}
	return "", bad.Try("give a name such as busybox:latest or registry:5000/path/image@sha256:…")
}

// splitDigest returns the repository and the digest of a normalized name; each is
// "" if it has none.
func splitDigest(name string) (repo, digest string) {
	if byDigest.MatchString(name) {
		return "", name
	}
	named, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return "", ""
	}
	if d, ok := named.(reference.Digested); ok {
		digest = d.Digest().String()
	}
	return named.Name(), digest
}

func badName(format string, args ...any) *glovebox.Error {
	return glovebox.Errorf(glovebox.KindInvalid, format, args...).On(nameField)
}
