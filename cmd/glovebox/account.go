package main

import "github.com/spf13/cobra"

// accountCommands are those about who may do what.
func (a *app) accountCommands() []*cobra.Command {
	return []*cobra.Command{
		a.loginCommand(), a.logoutCommand(), a.whoamiCommand(), a.sessionsCommand(), a.contextsCommand(),
		a.passkeysCommand(), a.peopleCommand(), a.invitationsCommand(), a.rulesCommand(), a.tokenCommand(),
		a.approvalsCommand(), a.auditCommand(), a.tenantCommand(), a.poolCommand(), a.templateCommand(), a.secretCommand(), a.policyCommand(), a.adminCommand(), a.recoverCommand(),
	}
}
