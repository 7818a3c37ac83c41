package wire

import "time"

// Person is somebody with passkeys.
type Person struct {
	ID            string    `json:"id"`
	Tenant        string    `json:"tenant"`
	Name          string    `json:"name"`
	Role          string    `json:"role" enum:"admin,developer,viewer"`
	Disabled      bool      `json:"disabled"`
	CreatedAt     time.Time `json:"createdAt"`
	Passkeys      int       `json:"passkeys" doc:"How many usable ones there are"`
	RecoveryCodes int       `json:"recoveryCodes" doc:"How many unused ones there are"`
}

// PersonList is a list of people.
type PersonList struct {
	People []Person `json:"people" nullable:"false"`
}

// RoleRequest is the body of POST /v1/people/{id}/role.
type RoleRequest struct {
	Role      string     `json:"role" enum:"admin,developer,viewer"`
	Signature *Signature `json:"signature,omitempty" doc:"Without one the answer is approval_required"`
}

// InviteRequest is the body of POST /v1/invitations.
type InviteRequest struct {
	Name      string     `json:"name" minLength:"1" maxLength:"100"`
	Role      string     `json:"role" enum:"admin,developer,viewer" doc:"At most the caller's own"`
	Signature *Signature `json:"signature,omitempty" doc:"Without one the answer is approval_required"`
}

// Link is a one-time link, without what makes it work.
type Link struct {
	ID        string    `json:"id"`
	Purpose   string    `json:"purpose" enum:"first_admin,invite,recover"`
	Tenant    string    `json:"tenant"`
	Role      string    `json:"role" enum:"admin,developer,viewer"`
	Name      string    `json:"name,omitempty" doc:"Of the person, if given beforehand"`
	By        string    `json:"by" doc:"Who made it"`
	CreatedAt time.Time `json:"createdAt"`
	Until     time.Time `json:"until"`
}

// Invited is the answer of POST /v1/invitations.
type Invited struct {
	Invitation Link   `json:"invitation"`
	URL        string `json:"url" doc:"For the invited person alone; shown here and never again"`
}

// InvitationList is the answer of GET /v1/invitations.
type InvitationList struct {
	Invitations []Link `json:"invitations" nullable:"false"`
}

// HostLinkRequest is the body of POST /v1/host/links.
type HostLinkRequest struct {
	Purpose string `json:"purpose" enum:"first_admin,recover"`
	Tenant  string `json:"tenant,omitempty" maxLength:"63" doc:"first_admin: whose admin; default local"`
	Person  string `json:"person,omitempty" maxLength:"64" doc:"recover: id of who lost all passkeys"`
}

// HostLink is the answer.
type HostLink struct {
	Link Link   `json:"link"`
	URL  string `json:"url" doc:"For the person alone; shown here and never again"`
}
