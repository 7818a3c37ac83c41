package images

import (
	"regexp"
	"slices"
	"strings"

	"glovebox"

	"github.com/distribution/reference"
)

// tagOnly is a tag without a repository.
var tagOnly = regexp.MustCompile(`^[\w][\w.-]{0,127}$`)

// nameAll decides what the images of an archive are called.
func nameAll(all []found, given string) error {
	single := len(all) == 1
	used := map[string]bool{}
	for i := range all {
		f := &all[i]
		if given != "" && single && len(f.said) == 0 {
			f.said = []called{{full: given}}
		}
		for _, c := range f.said {
			name, err := c.name(given, single, len(f.said) == 1)
			if err != nil {
				return err
			}
			if !used[name] {
				f.names = append(f.names, name)
			} else if !slices.Contains(f.names, name) {
				return invalid("archive has two images called %s", name)
			}
			used[name] = true
		}
		if err := f.checkDigest(); err != nil {
			return err
		}
	}
	if given != "" && !single {
		for _, f := range all {
			if len(f.said) == 0 || f.said[0].tag == "" {
				return badGiven("archive has %d images, which cannot all be called %q", len(all), clip(given)).
					Try("leave the name out, or save one image only")
			}
		}
	}
	return nil
}

// name completes a name. The given one replaces the archive's if there is just
// one image with one name; a lone tag is added to it.
func (c called) name(given string, single, only bool) (string, error) {
	switch {
	case given != "" && (c.tag != "" || single):
		return complete(given, c.tag, only)
	case c.tag != "":
		return "", badGiven("archive only says the tag %q of its image", c.tag).
			Try("give the image a name, such as myimage:%s", c.tag)
	}
	name, err := Normalize(c.full)
	if err != nil {
		return "", invalid("archive calls its image %q: %w", clip(c.full), err).Try("give the image a name")
	}
	return name, nil
}

func complete(given, tag string, only bool) (string, error) {
	named, err := reference.ParseDockerRef(given)
	if err == nil && tag != "" && isBare(given) {
		given = reference.TrimNamed(named).Name() + ":" + tag
	} else if err == nil && tag != "" && !only {
		return "", badGiven("image has several tags, which cannot all be %q", clip(given)).Try("give a name without a tag")
	}
	name, err := Normalize(given)
	if err != nil {
		e := *glovebox.AsError(err)
		return "", e.On("name")
	}
	return name, nil
}

// isBare says whether a valid name has neither a tag nor a digest.
func isBare(name string) bool {
	n, err := reference.ParseNormalizedNamed(name)
	return err == nil && reference.IsNameOnly(n)
}

// checkDigest refuses a name with the digest of another image.
func (f *found) checkDigest() error {
	for _, name := range f.names {
		_, digest, ok := strings.Cut(name, "@")
		if byDigest.MatchString(name) {
			digest, ok = name, true
		}
		if ok && digest != f.manifest.digest.String() {
			return badGiven("image is %s and cannot be called %s", f.manifest.digest, name).
				Try("give it a name with a tag, or its own digest")
		}
	}
	return nil
}

func badGiven(format string, args ...any) *glovebox.Error {
	return glovebox.Errorf(glovebox.KindInvalid, format, args...).On("name")
}
