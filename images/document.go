package images

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// document is a manifest or an index, as bytes, with what was said of it.
type document struct {
	raw       []byte
	digest    v1.Hash
	mediaType types.MediaType // by its header or descriptor; may be empty
}

func newDocument(raw []byte, mediaType types.MediaType) document {
	return document{raw: raw, digest: sum(raw), mediaType: mediaType}
}

func sum(raw []byte) v1.Hash {
	s := sha256.Sum256(raw)
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(s[:])}
}

// shape are the fields that tell a manifest from an index.
type shape struct {
	MediaType types.MediaType `json:"mediaType"`
	Manifests json.RawMessage `json:"manifests"`
	Config    json.RawMessage `json:"config"`
	Layers    json.RawMessage `json:"layers"`
	FSLayers  json.RawMessage `json:"fsLayers"`
}

// isIndex tells what the document is, by what is in it. One that could be read
// as both a manifest and an index would be two images under one digest.
func (d document) isIndex() (bool, error) {
	if err := uniqueKeys(d.raw); err != nil {
		return false, invalid("manifest %s: %w", d.digest, err)
	}
	var s shape
	if err := json.Unmarshal(d.raw, &s); err != nil {
		return false, invalid("manifest %s is not readable: %w", d.digest, err)
	}
	index, manifest := s.Manifests != nil, s.Config != nil || s.Layers != nil
	switch {
	case s.FSLayers != nil || strings.HasPrefix(string(s.MediaType), "application/vnd.docker.distribution.manifest.v1"):
		return false, invalid("manifest %s is of the old schema 1", d.digest).
			Try("push the image again with a current client")
	case index && manifest:
		return false, invalid("manifest %s is ambiguous: it has both manifests and layers", d.digest)
	case !index && !manifest:
		return false, invalid("manifest %s is neither an image nor an index", d.digest)
	}
	for _, said := range []types.MediaType{s.MediaType, d.mediaType} {
		if said.IsIndex() && !index || said.IsImage() && index {
			return false, invalid("manifest %s is ambiguous: it is called %s and is something else", d.digest, said)
		}
	}
	return index, nil
}

// manifestOf parses and checks an image manifest.
func (c Caps) manifestOf(d document) (*v1.Manifest, error) {
	m, err := v1.ParseManifest(bytes.NewReader(d.raw))
	if err != nil {
		return nil, invalid("manifest %s is not readable: %w", d.digest, err)
	}
	if m.SchemaVersion != 2 {
		return nil, invalid("manifest %s has schema version %d", d.digest, m.SchemaVersion)
	}
	if len(m.Layers) > c.Layers {
		return nil, tooLarge("image has %d layers, more than %d", len(m.Layers), c.Layers)
	}
	switch m.Config.MediaType {
	case types.OCIConfigJSON, types.DockerConfigJSON:
	default:
		return nil, invalid("manifest %s is of an artifact (%q), not of an image", d.digest, m.Config.MediaType).
			Try("name an image")
	}
	if m.Config.Size > c.Config {
		return nil, tooLarge("config has %d bytes, more than %d", m.Config.Size, c.Config)
	}
	total := int64(0)
	for _, desc := range append([]v1.Descriptor{m.Config}, m.Layers...) {
		if err := checkDescriptor(desc); err != nil {
			return nil, err
		}
		if total += desc.Size; total > c.Stored || total < 0 {
			return nil, tooLarge("image has more than %d bytes", c.Stored)
		}
	}
	for _, l := range m.Layers {
		if err := checkLayerType(l); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func checkDescriptor(desc v1.Descriptor) error {
	switch {
	case desc.Digest.Algorithm != "sha256" || len(desc.Digest.Hex) != 64:
		return invalid("digest %q is not sha256", desc.Digest)
	case desc.Size < 0:
		return invalid("blob %s has a negative size", desc.Digest)
	case len(desc.URLs) > 0:
		return invalid("blob %s is to be fetched from an address in the manifest", desc.Digest).
			Try("push the image with all its layers to one registry")
	}
	return nil
}

func checkLayerType(l v1.Descriptor) error {
	switch l.MediaType {
	case types.OCILayer, types.OCILayerZStd, types.OCIUncompressedLayer, types.DockerLayer,
		types.DockerUncompressedLayer, types.DockerLayer + ".zstd", "application/vnd.docker.image.rootfs.diff.tar.zstd":
		return nil
	}
	return invalid("layer %s is of type %q", l.Digest, l.MediaType).
		Try("use an image whose layers are tar, tar+gzip or tar+zstd")
}

// uniqueKeys refuses a JSON object with a key twice: of two readers each might
// believe another one. Keys of the outermost object are compared without regard
// to case, as Go's decoder does.
func uniqueKeys(raw []byte) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	type level struct {
		keys   map[string]bool // nil in an array
		expect bool            // a key comes next
	}
	var stack []level
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if len(stack) > maxJSONDepth {
			return invalid("nested deeper than %d", maxJSONDepth)
		}
		switch tok {
		case json.Delim('{'):
			stack = append(stack, level{keys: map[string]bool{}, expect: true})
			continue
		case json.Delim('['):
			stack = append(stack, level{})
			continue
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:len(stack)-1]
		}
		if len(stack) == 0 {
			continue
		}
		top := &stack[len(stack)-1]
		if key, ok := tok.(string); ok && top.expect {
			if len(stack) == 1 {
				key = strings.ToLower(key)
			}
			if top.keys[key] {
				return invalid("key %q is there twice", key)
			}
			top.keys[key], top.expect = true, false
			continue
		}
		top.expect = top.keys != nil // a value has ended
	}
}

const maxJSONDepth = 64
