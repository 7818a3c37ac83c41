package wire

import "time"

// Template says for which jobs nodes keep sandboxes parked, besides those that
// do for any.
type Template struct {
	Name        string    `json:"name" example:"python"`
	Image       string    `json:"image" doc:"As it was named, normalized"`
	Digest      string    `json:"digest" doc:"That it stood for when the template was made; only jobs of this very image fit"`
	Interpreter string    `json:"interpreter,omitempty" enum:"python3,node" doc:"Started ahead"`
	Min         int       `json:"min" doc:"Parked on each node at least, as far as its memory for that goes"`
	Max         int       `json:"max" doc:"And at most"`
	Snapshot    Snapshot  `json:"snapshot,omitzero" doc:"That its sandboxes go on from; then only jobs of the same tenant that name the template take them"`
	Tenant      string    `json:"tenant" doc:"Of who made it"`
	CreatedBy   string    `json:"createdBy"`
	CreatedAt   time.Time `json:"createdAt"`
}

// Snapshot is a job's sandbox that was saved while it ran, with all that it held.
type Snapshot struct {
	Name   string `json:"name" doc:"Of its folder on the node"`
	Job    string `json:"jobID" doc:"That was saved"`
	Node   string `json:"node" doc:"The only one that has it"`
	Bytes  int64  `json:"bytes" doc:"On the node's disk"`
	Digest string `json:"digest" doc:"Of the list of its files and their checksums"`
	Stdin  bool   `json:"stdin" doc:"Whether the job had a stdin; else none that goes on from it can have one"`
	User   string `json:"user,omitempty" doc:"The same for all jobs that go on from it"`
	Limits Limits `json:"limits" doc:"Of jobs that name none; disk, inodes and files are the same for all"`
}

// TemplateRequest is the body of POST /v1/templates.
type TemplateRequest struct {
	Name        string `json:"name" minLength:"1" maxLength:"63" pattern:"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$" doc:"A DNS label; generic is taken"`
	Image       string `json:"image,omitempty" minLength:"1" maxLength:"1024" doc:"One that is here; needed unless from is given" example:"python:3.12"`
	From        string `json:"from,omitempty" doc:"Id of a running job of the caller's tenant, to save as it is at this moment; in place of image and interpreter"`
	End         bool   `json:"end,omitempty" doc:"With from: end the job in the very state that is saved, in place of letting it go on"`
	Interpreter string `json:"interpreter,omitempty" enum:"python3,node" doc:"To start ahead; default none"`
	Min         *int   `json:"min,omitempty" minimum:"0" maximum:"4096" doc:"To park on each node at least; default 1"`
	Max         *int   `json:"max,omitempty" minimum:"1" maximum:"4096" doc:"And at most; default 8, or min"`
}

// TemplateList is the answer of GET /v1/templates.
type TemplateList struct {
	Templates []Template `json:"templates" nullable:"false"`
}
