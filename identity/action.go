package identity

// Action is something that a caller may or may not do. The list is closed:
// what is not in it, nobody may.
type Action string

// The actions.
const (
	ActionJobRead       Action = "job.read" // status, output, artifacts, receipt
	ActionJobSubmit     Action = "job.submit"
	ActionJobCancel     Action = "job.cancel"
	ActionJobDelete     Action = "job.delete"     // that is archived; own
	ActionJobDeleteAny  Action = "job.delete_any" // other people's
	ActionJobWiden      Action = "job.widen"      // egress or secrets beyond the tenant's default
	ActionJobPrivate    Action = "job.private"    // the same, for addresses, private destinations, or to be observed
	ActionJobApprove    Action = "job.approve"    // second person of the two-person rule
	ActionImageRead     Action = "image.read"
	ActionImageAdd      Action = "image.add"
	ActionImageRemove   Action = "image.remove"
	ActionNodeRead      Action = "node.read"
	ActionPoolRead      Action = "pool.read" // what nodes have parked, for all tenants together
	ActionTemplateRead  Action = "template.read"
	ActionTemplateWrite Action = "template.write" // make and remove: nodes park sandboxes for them
	ActionNodeEnrol     Action = "node.enrol"
	ActionNodeRemove    Action = "node.remove"
	ActionPolicyRead    Action = "policy.read"
	ActionPolicyChange  Action = "policy.change"
	ActionSecretRead    Action = "secret.read" // that there is one: nobody reads values
	ActionSecretWrite   Action = "secret.write"
	ActionSecretRotate  Action = "secret.rotate"  // of all tenants: root of the machine alone
	ActionReceiptRotate Action = "receipt.rotate" // the key that signs receipts: the same
	ActionQuotaChange   Action = "quota.change"   // and tenants: root of the machine alone
	ActionHostLink      Action = "host.link"      // links of the first admin and of who lost all passkeys: the same
	ActionAuditRead     Action = "audit.read"

	ActionSelfRead      Action = "self.read"      // whoami, own passkeys and sessions
	ActionPasskeyAdd    Action = "passkey.add"    // own
	ActionPasskeyRename Action = "passkey.rename" // own
	ActionPasskeyRemove Action = "passkey.remove" // own
	ActionSessionOpen   Action = "session.open"   // own, on another device
	ActionSessionDevice Action = "session.device" // own, on a machine without a browser
	ActionSessionEnd    Action = "session.end"    // own
	ActionSessionLeave  Action = "session.leave"  // this very one: every session may
	ActionCodesMake     Action = "recovery.codes" // own

	ActionPersonRead    Action = "person.read"
	ActionPersonInvite  Action = "person.invite"
	ActionPersonRole    Action = "person.role"
	ActionPersonDisable Action = "person.disable"
	ActionPersonEnable  Action = "person.enable"
	ActionInviteRevoke  Action = "invitation.revoke"
	ActionRuleRead      Action = "rule.read"
	ActionRuleWrite     Action = "rule.write"
	ActionRuleRemove    Action = "rule.remove"
)

// grant is who may do an action.
type grant struct {
	action   Action
	least    Role // the least role that may
	stepUp   bool // only with a fresh signature over the very operation
	workload bool // a trust rule may allow it to a workload
	local    bool // the operator at the local socket may, without a signature
	host     bool // and nobody else
}

// grants is the role table.
var grants = []grant{
	{action: ActionJobRead, least: RoleViewer, workload: true, local: true},
	{action: ActionJobSubmit, least: RoleDeveloper, workload: true, local: true},
	{action: ActionJobCancel, least: RoleDeveloper, workload: true, local: true},
	{action: ActionJobDelete, least: RoleDeveloper, local: true},
	{action: ActionJobDeleteAny, least: RoleAdmin, local: true},
	{action: ActionJobWiden, least: RoleDeveloper, stepUp: true, local: true},
	{action: ActionJobPrivate, least: RoleAdmin, stepUp: true, local: true},
	{action: ActionJobApprove, least: RoleDeveloper, stepUp: true},
	{action: ActionImageRead, least: RoleViewer, workload: true, local: true},
	{action: ActionImageAdd, least: RoleDeveloper, workload: true, local: true},
	{action: ActionImageRemove, least: RoleDeveloper, local: true},
	{action: ActionNodeRead, least: RoleViewer, local: true},
	{action: ActionPoolRead, least: RoleAdmin, local: true},
	{action: ActionTemplateRead, least: RoleAdmin, local: true},
	{action: ActionTemplateWrite, least: RoleAdmin, local: true},
	{action: ActionNodeEnrol, least: RoleAdmin, stepUp: true, local: true},
	{action: ActionNodeRemove, least: RoleAdmin, stepUp: true, local: true},
	{action: ActionPolicyRead, least: RoleViewer, local: true},
	{action: ActionPolicyChange, least: RoleAdmin, stepUp: true, local: true},
	{action: ActionSecretRead, least: RoleDeveloper, local: true},
	{action: ActionSecretWrite, least: RoleAdmin, stepUp: true, local: true},
	{action: ActionSecretRotate, least: RoleAdmin, local: true, host: true},
	{action: ActionReceiptRotate, least: RoleAdmin, local: true, host: true},
	{action: ActionQuotaChange, least: RoleAdmin, local: true, host: true},
	{action: ActionHostLink, least: RoleAdmin, local: true, host: true},
	{action: ActionAuditRead, least: RoleAdmin, local: true},

	{action: ActionSelfRead, least: RoleViewer, workload: true, local: true},
	{action: ActionPasskeyAdd, least: RoleViewer, stepUp: true},
	{action: ActionPasskeyRename, least: RoleViewer},
	{action: ActionPasskeyRemove, least: RoleViewer, stepUp: true},
	{action: ActionSessionOpen, least: RoleViewer},
	{action: ActionSessionDevice, least: RoleViewer, stepUp: true},
	{action: ActionSessionEnd, least: RoleViewer},
	{action: ActionSessionLeave, least: RoleViewer},
	{action: ActionCodesMake, least: RoleViewer, stepUp: true},

	{action: ActionPersonRead, least: RoleAdmin, local: true},
	{action: ActionPersonInvite, least: RoleDeveloper, stepUp: true},
	{action: ActionPersonRole, least: RoleAdmin, stepUp: true},
	{action: ActionPersonDisable, least: RoleAdmin, stepUp: true},
	{action: ActionPersonEnable, least: RoleAdmin, stepUp: true},
	{action: ActionInviteRevoke, least: RoleDeveloper},
	{action: ActionRuleRead, least: RoleAdmin},
	{action: ActionRuleWrite, least: RoleAdmin, stepUp: true},
	{action: ActionRuleRemove, least: RoleAdmin, stepUp: true},
}

// Actions lists every action, in the order of the role table.
func Actions() []Action {
	all := make([]Action, 0, len(grants))
	for _, g := range grants {
		all = append(all, g.action)
	}
	return all
}

// NeedsSignature says whether a needs a signature over the very operation. An
// action that does not exist needs one too, and will not be allowed anyway.
func (a Action) NeedsSignature() bool {
	g, ok := a.grant()
	return !ok || g.stepUp
}

func (a Action) grant() (grant, bool) {
	for _, g := range grants {
		if g.action == a {
			return g, true
		}
	}
	return grant{}, false
}
