package identity

import (
	"fmt"

	"glovebox"
)

// Operator is a caller at the local socket, known to the kernel by a user id.
// Root of the machine may do what an admin may; other users who were let in may
// do what a developer may. They have no passkey, so what a person does to their
// own account is not for them.
func Operator(uid int) Caller {
	c := Caller{
		Principal: glovebox.Principal{Kind: glovebox.PrincipalOperator, Name: fmt.Sprintf("uid:%d", uid), Tenant: glovebox.LocalTenant},
		Subject:   fmt.Sprintf("uid:%d", uid), Role: RoleDeveloper,
	}
	if uid == 0 {
		c.Role = RoleAdmin
	}
	return c
}
