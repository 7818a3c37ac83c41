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
	Tenant      string    `json:"tenant" doc:"Of who made it"`
	CreatedBy   string    `json:"createdBy"`
	CreatedAt   time.Time `json:"createdAt"`
}

// TemplateRequest is the body of POST /v1/templates.
type TemplateRequest struct {
	Name        string `json:"name" minLength:"1" maxLength:"63" pattern:"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$" doc:"A DNS label; generic is taken"`
	Image       string `json:"image" minLength:"1" maxLength:"1024" doc:"One that is here" example:"python:3.12"`
	Interpreter string `json:"interpreter,omitempty" enum:"python3,node" doc:"To start ahead; default none"`
	Min         *int   `json:"min,omitempty" minimum:"0" maximum:"4096" doc:"To park on each node at least; default 1"`
	Max         *int   `json:"max,omitempty" minimum:"1" maximum:"4096" doc:"And at most; default 8, or min"`
}

// TemplateList is the answer of GET /v1/templates.
type TemplateList struct {
	Templates []Template `json:"templates" nullable:"false"`
}
