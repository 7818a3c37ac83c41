package wire

import (
	"encoding/json"
	"time"
)

// LoginRequest is the body of POST /v1/login/finish, and of links/finish.
type LoginRequest struct {
	ID       string          `json:"id" maxLength:"128"`
	Response json.RawMessage `json:"response" doc:"The credential as its toJSON() gives it, without nulls; at most 64 KiB"`
	Device   string          `json:"device,omitempty" maxLength:"100" doc:"What the session is to be called, such as the browser"`
}

// CodeLoginRequest is the body of POST /v1/login/code.
type CodeLoginRequest struct {
	Code   string `json:"code" maxLength:"64" doc:"A recovery code; spaces, hyphens and case do not matter"`
	Device string `json:"device,omitempty" maxLength:"100" doc:"What the session is to be called, such as the browser"`
}

// Login is the answer of every call that opens a browser's session. What holds
// the session is in the cookie alone.
type Login struct {
	Session Session `json:"session"`
}

// Session is a login.
type Session struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind" enum:"browser,key,recovery,workload" doc:"How it is held: browser and recovery by a cookie, key and workload by a key. A recovery session can only register a passkey"`
	Name      string    `json:"name,omitempty" doc:"Of the device, as it calls itself"`
	CreatedAt time.Time `json:"createdAt"`
	SeenAt    time.Time `json:"seenAt" doc:"Last use, to the minute; of browsers alone"`
	Until     time.Time `json:"until" doc:"The end at the latest"`
	Passkey   string    `json:"passkey,omitempty" doc:"Id of the passkey that opened it"`
	Current   bool      `json:"current,omitempty" doc:"It is the session of this very call"`
}

// SessionList is the answer of GET /v1/me/sessions.
type SessionList struct {
	Sessions []Session `json:"sessions" nullable:"false"`
}

// LinkRequest is the body of POST /v1/links/inspect.
type LinkRequest struct {
	Token string `json:"token" maxLength:"256" doc:"What stands after # in the link's URL"`
}

// LinkInfo says what a link is for.
type LinkInfo struct {
	Purpose string    `json:"purpose" enum:"first_admin,invite,recover"`
	Tenant  string    `json:"tenant"`
	Role    string    `json:"role" enum:"admin,developer,viewer"`
	Name    string    `json:"name,omitempty" doc:"Of the person, if it was given beforehand"`
	Until   time.Time `json:"until"`
}

// EnrolRequest is the body of POST /v1/links/begin.
type EnrolRequest struct {
	Token   string `json:"token" maxLength:"256" doc:"What stands after # in the link's URL"`
	Name    string `json:"name,omitempty" maxLength:"100" doc:"Of the person; not used if the link says it"`
	Passkey string `json:"passkey" minLength:"1" maxLength:"100" doc:"What the passkey will be called"`
}
