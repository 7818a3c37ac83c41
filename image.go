package glovebox

import "time"

// Image is a verified image, whole in Blobs: every layer was checked against
// its digest, size and diff id, and its entries against the rules for names
// and types, before the record was written.
type Image struct {
	Tenant   string    `json:"tenant"`
	Name     string    `json:"name"`     // normalized, with tag or digest
	Digest   string    `json:"digest"`   // of Manifest, "sha256:…"
	Platform string    `json:"platform"` // "linux/amd64"
	Size     int64     `json:"size"`     // bytes of all blobs, as stored
	Unpacked int64     `json:"unpacked"` // bytes of all layers' contents
	Layers   []Layer   `json:"layers"`   // from the bottom up
	Config   Blob      `json:"config"`
	Defaults Defaults  `json:"defaults"`
	Source   string    `json:"source"` // "registry" or "import"
	Created  time.Time `json:"createdAt"`
}

// Blob names bytes in Blobs by their hash.
type Blob struct {
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
	MediaType string `json:"mediaType"`
}

// Layer is a compressed layer and the digest of what it unpacks to.
type Layer struct {
	Blob
	DiffID string `json:"diffID"`
}

// Defaults are the parts of an image's config that a job falls back on. They
// are the image author's words: untrusted.
type Defaults struct {
	Entrypoint []string `json:"entrypoint,omitempty"`
	Cmd        []string `json:"cmd,omitempty"`
	Env        []string `json:"env,omitempty"`
	Workdir    string   `json:"workdir,omitempty"`
	User       string   `json:"user,omitempty"`
	StopSignal string   `json:"stopSignal,omitempty"`
}
