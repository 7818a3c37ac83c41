package images

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"regexp"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// savedImage is an entry of manifest.json in what docker save writes.
type savedImage struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// findDocker finds the images of a docker-save archive. It has no OCI manifest,
// so one is made; it depends on nothing but the image, and so does its digest.
func (i *Importer) findDocker(s *spool) ([]found, error) {
	caps := i.Stock.Caps
	raw, err := s.read("manifest.json", caps.Manifest)
	if err != nil {
		return nil, err
	}
	var saved []savedImage
	if err := uniqueKeys(raw); err != nil {
		return nil, invalid("manifest.json: %w", err)
	}
	if err := json.Unmarshal(raw, &saved); err != nil {
		return nil, invalid("manifest.json is not readable: %w", err)
	}
	if len(saved) == 0 {
		return nil, invalid("manifest.json names no image")
	}
	if len(saved) > caps.Images {
		return nil, tooLarge("archive has %d images, more than %d", len(saved), caps.Images)
	}
	d := dockerSave{spool: s, known: map[string]v1.Descriptor{}, names: map[v1.Hash]string{}}
	var all []found
	for _, img := range saved {
		manifest, err := d.manifest(img)
		if err != nil {
			return nil, err
		}
		f := found{candidate: candidate{manifest: manifest, blobs: spooled{s, d.names}, origin: "import"}}
		for _, tag := range img.RepoTags {
			f.said = append(f.said, called{full: tag})
		}
		all = addFound(all, f)
	}
	return all, nil
}

// dockerSave makes descriptors for files of an archive.
type dockerSave struct {
	*spool
	known map[string]v1.Descriptor
	names map[v1.Hash]string
}

func (d dockerSave) manifest(img savedImage) (document, error) {
	if len(img.Layers) > d.caps.Layers {
		return document{}, tooLarge("image has %d layers, more than %d", len(img.Layers), d.caps.Layers)
	}
	config, err := d.describe(img.Config)
	if err != nil {
		return document{}, err
	}
	if err := configName(img.Config, config.Digest); err != nil {
		return document{}, err
	}
	config.MediaType = types.OCIConfigJSON
	m := v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: config, Layers: []v1.Descriptor{}}
	for _, name := range img.Layers {
		l, err := d.describe(name)
		if err != nil {
			return document{}, err
		}
		m.Layers = append(m.Layers, l)
	}
	raw, err := json.Marshal(m)
	if err != nil {
		return document{}, invalid("manifest.json: %w", err)
	}
	return newDocument(raw, m.MediaType), nil
}

// describe hashes a file of the archive, once.
func (d dockerSave) describe(name string) (v1.Descriptor, error) {
	f, ok := d.find(name)
	if !ok {
		return v1.Descriptor{}, corrupt("archive has no %q", clip(name)).Try("save the image again, with all its layers")
	}
	if desc, ok := d.known[f.number]; ok {
		return desc, nil
	}
	r, err := d.open(f)
	if err != nil {
		return v1.Descriptor{}, err
	}
	defer r.Close()
	h := sha256.New()
	head := make([]byte, 4)
	n, _ := io.ReadFull(r, head)
	_, _ = h.Write(head[:n])
	if _, err := io.Copy(h, r); err != nil {
		return v1.Descriptor{}, spoolError("read from", err)
	}
	desc := v1.Descriptor{
		MediaType: types.OCIUncompressedLayer, Size: f.size,
		Digest: v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(h.Sum(nil))},
	}
	if n >= 3 && string(head[:3]) == string(gzipMagic) {
		desc.MediaType = types.OCILayer
	}
	d.known[f.number], d.names[desc.Digest] = desc, name
	return desc, nil
}

var hexName = regexp.MustCompile(`(?:^|[/:])([0-9a-f]{64})(?:\.json)?$`)

// configName holds a config to its name, if that is a digest.
func configName(name string, is v1.Hash) error {
	if m := hexName.FindStringSubmatch(name); m != nil && m[1] != is.Hex {
		return corrupt("config %q is really %s", clip(name), is)
	}
	return nil
}
