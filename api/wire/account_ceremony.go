package wire

import "encoding/json"

// Challenge is what an authenticator is to answer. Options are what the
// browser's parseCreationOptionsFromJSON or parseRequestOptionsFromJSON take.
type Challenge struct {
	ID      string          `json:"id" doc:"Goes back with the answer; good for one answer"`
	Options json.RawMessage `json:"options" doc:"PublicKeyCredentialCreationOptionsJSON or PublicKeyCredentialRequestOptionsJSON"`
}

// Answer is an authenticator's answer to a challenge.
type Answer struct {
	ID       string          `json:"id" maxLength:"128"`
	Response json.RawMessage `json:"response" doc:"The credential as its toJSON() gives it, without nulls; at most 64 KiB"`
}

// Signature is a passkey's answer to the challenge of POST /v1/step-up/begin:
// consent to exactly the operation that the call does.
type Signature struct {
	ID       string          `json:"id" maxLength:"128" doc:"Of the step-up"`
	Response json.RawMessage `json:"response" doc:"The credential as its toJSON() gives it, without nulls; at most 64 KiB"`
}

// Operation is what a signature agrees to. In requests tenant and person are
// left out: they are the caller's.
type Operation struct {
	Action     string          `json:"action" maxLength:"64" example:"person.disable"`
	Resource   string          `json:"resource,omitempty" maxLength:"256" doc:"Id of what is acted on"`
	Version    string          `json:"version,omitempty" maxLength:"256" doc:"Of the resource, such as its ETag"`
	Parameters json.RawMessage `json:"parameters,omitempty" doc:"Everything else that matters, as an object"`
	Tenant     string          `json:"tenant,omitempty"`
	Person     string          `json:"person,omitempty"`
}

// StepUpRequest is the body of POST /v1/step-up/begin.
type StepUpRequest struct {
	Action     string          `json:"action" maxLength:"64" example:"person.disable"`
	Resource   string          `json:"resource,omitempty" maxLength:"256" doc:"Id of what is acted on"`
	Version    string          `json:"version,omitempty" maxLength:"256" doc:"Of the resource, such as its ETag"`
	Parameters json.RawMessage `json:"parameters,omitempty" doc:"Everything else that matters, as an object"`
}

// StepUp is the answer: the challenge, and the operation whose hash it is.
type StepUp struct {
	ID        string          `json:"id" doc:"Goes back as signature.id; good once, for two minutes"`
	Options   json.RawMessage `json:"options" doc:"PublicKeyCredentialRequestOptionsJSON"`
	Operation Operation       `json:"operation"`
}
