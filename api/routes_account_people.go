package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"glovebox/api/wire"
	"glovebox/identity"
)

// peopleRoutes adds what is done with the people of a tenant.
func (h *handler) peopleRoutes(rt *router) {
	id := inPath("id", "Of the person")
	errors := append([]int{http.StatusPreconditionFailed}, signable...)
	rt.add(call, identity.ActionPersonRead, huma.Operation{
		OperationID: "listPeople", Method: http.MethodGet, Path: "/v1/people", Tags: []string{"people"},
		Summary:   "List the tenant's people",
		Responses: out{"200": answer[wire.PersonList](rt, "All, the disabled ones too")},
	}, h.people)
	rt.add(call, identity.ActionSelfRead, huma.Operation{
		OperationID: "getPerson", Method: http.MethodGet, Path: "/v1/people/{id}", Tags: []string{"people"},
		Summary:    "Read a person: oneself, or a colleague for who has person.read",
		Parameters: in{id},
		Responses:  out{"200": answer[wire.Person](rt, "The person")},
		Errors:     []int{http.StatusNotFound},
	}, h.person)
	rt.add(call, identity.ActionPersonRole, huma.Operation{
		OperationID: "setRole", Method: http.MethodPost, Path: "/v1/people/{id}/role", Tags: []string{"people"},
		Summary:     "Change somebody's role",
		Description: "Counts from their next request on. There is always an admin.",
		Parameters:  in{id},
		RequestBody: jsonBody[wire.RoleRequest](rt),
		Responses:   nothing("They have the role"),
		Errors:      errors,
	}, h.setRole)
	rt.add(call, identity.ActionPersonDisable, huma.Operation{
		OperationID: "disablePerson", Method: http.MethodPost, Path: "/v1/people/{id}/disable", Tags: []string{"people"},
		Summary:     "Keep somebody out",
		Description: "Ends all their sessions for good. There is always an admin.",
		Parameters:  in{id},
		RequestBody: jsonBody[wire.SignedRequest](rt),
		Responses:   nothing("They are out"),
		Errors:      errors,
	}, h.disable)
	rt.add(call, identity.ActionPersonEnable, huma.Operation{
		OperationID: "enablePerson", Method: http.MethodPost, Path: "/v1/people/{id}/enable", Tags: []string{"people"},
		Summary:     "Let somebody in again",
		Parameters:  in{id},
		RequestBody: jsonBody[wire.SignedRequest](rt),
		Responses:   nothing("They can log in again"),
		Errors:      errors,
	}, h.enable)
}

// invitationRoutes adds how people join a tenant.
func (h *handler) invitationRoutes(rt *router) {
	rt.add(call, identity.ActionPersonInvite, huma.Operation{
		OperationID: "listInvitations", Method: http.MethodGet, Path: "/v1/invitations", Tags: []string{"people"},
		Summary:   "List open invitations: the tenant's for admins, else one's own",
		Responses: out{"200": answer[wire.InvitationList](rt, "Those that can be used")},
	}, h.invitations)
	rt.add(call, identity.ActionPersonInvite, huma.Operation{
		OperationID: "invite", Method: http.MethodPost, Path: "/v1/invitations", Tags: []string{"people"},
		Summary:     "Invite somebody into the tenant",
		Description: "The link works once, for 24 hours, and while the inviter could still invite.",
		RequestBody: jsonBody[wire.InviteRequest](rt),
		Responses:   out{"201": answer[wire.Invited](rt, "The invitation and its link")},
		Errors:      signable,
	}, h.invite, secret)
	rt.add(call, identity.ActionInviteRevoke, huma.Operation{
		OperationID: "revokeInvitation", Method: http.MethodDelete, Path: "/v1/invitations/{id}", Tags: []string{"people"},
		Summary:    "Make an invitation worthless",
		Parameters: in{inPath("id", "Of the invitation")},
		Responses:  nothing("It is worthless"),
		Errors:     []int{http.StatusNotFound},
	}, h.revoke)
}
