package wire

import "time"

// Image is a verified image that jobs can name.
type Image struct {
	Name      string    `json:"name" doc:"Normalized, with tag or digest"`
	Digest    string    `json:"digest" doc:"Of the manifest"`
	Platform  string    `json:"platform" example:"linux/amd64"`
	Size      int64     `json:"size" doc:"Bytes of all blobs, as stored"`
	Unpacked  int64     `json:"unpacked" doc:"Bytes of all layers' contents"`
	Layers    int       `json:"layers" doc:"Number of layers"`
	Source    string    `json:"source" enum:"registry,import"`
	CreatedAt time.Time `json:"createdAt"`
}

// ImageList is the answer of GET /v1/images and of an import.
type ImageList struct {
	Images []Image `json:"images" nullable:"false"`
}

// ImageInspected is the answer of GET /v1/images/inspect. It is the words of the
// image's author and a list of well-known places: nothing follows from it.
type ImageInspected struct {
	Image      Image    `json:"image"`
	Entrypoint []string `json:"entrypoint" nullable:"false"`
	Cmd        []string `json:"cmd" nullable:"false"`
	Workdir    string   `json:"workdir,omitempty"`
	User       string   `json:"user,omitempty"`
	Listens    []string `json:"listens" nullable:"false" doc:"Ports that it says it listens at, such as 8080/tcp; a sandbox lets nobody in"`
	Managers   []string `json:"managers" nullable:"false" doc:"Package managers in it, such as apt"`
	Policy     Policy   `json:"policy" doc:"To begin with: where the package managers fetch from"`
}

// PullRequest is the body of POST /v1/images/pull.
type PullRequest struct {
	Name string `json:"name" minLength:"1" maxLength:"1024" example:"busybox:1.36"`
}

// PullProgress says how far a pull is. It is the data of "progress" events;
// Total is zero until it is known.
type PullProgress struct {
	Phase string `json:"phase" doc:"resolve, fetch, verify or store" example:"fetch"`
	Layer string `json:"layer,omitempty" doc:"Digest of the layer it is about, if about one"`
	Done  int64  `json:"done" doc:"Bytes"`
	Total int64  `json:"total" doc:"Bytes; 0 if not known yet"`
}
