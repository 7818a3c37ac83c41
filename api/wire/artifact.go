package wire

import "time"

// Artifacts sums up what a job has left under /out.
type Artifacts struct {
	Files      int    `json:"files" doc:"Without folders; 0 until output.sealed"`
	Folders    int    `json:"folders,omitempty"`
	Bytes      int64  `json:"bytes" doc:"Of all files"`
	IndexBytes int64  `json:"indexBytes" doc:"Of the list of them as it is kept; counts against limits.artifacts, too"`
	Digest     string `json:"digest,omitempty" doc:"sha256 of that list; the ETag of GET /v1/jobs/{id}/artifacts. Absent until output.sealed"`
	LeftOut    int    `json:"leftOut,omitempty" doc:"Links, devices and the like, names that cannot be kept, and what is beyond a bound"`
	Truncated  bool   `json:"truncated,omitempty" doc:"Not everything fits limits.artifacts, or could be collected in time"`
	Refused    bool   `json:"refused,omitempty" doc:"What the node sent did not check out, and nothing of it is kept"`
}

// Artifact is a file or folder that a job has left under /out.
type Artifact struct {
	Path   string `json:"path" example:"report/summary.txt" doc:"Relative to /out"`
	Folder bool   `json:"folder,omitempty"`
	Size   int64  `json:"size" doc:"Bytes"`
	Mode   uint32 `json:"mode" doc:"Permissions as a number, as the job set them"`
	Digest string `json:"digest,omitempty" doc:"sha256:… of a file's bytes"`
	Offset int64  `json:"offset" doc:"Of its first byte, if all files are put one after another"`
}

// ArtifactPage is a part of a job's artifacts, parents before what is in them.
type ArtifactPage struct {
	Artifacts []Artifact `json:"artifacts" nullable:"false"`
	Next      string     `json:"next,omitempty" doc:"Cursor of the next page; absent at the end"`
}

// File is an uploaded file. Jobs name it by its digest in spec.files.
type File struct {
	Digest string    `json:"digest" example:"sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" doc:"sha256 of its bytes"`
	Size   int64     `json:"size" doc:"Bytes"`
	Until  time.Time `json:"until" doc:"Kept at least so long, and as long as a job that is not over names it; another upload of it, or a job, makes it later"`
}
