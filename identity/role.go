package identity

// Role is what a person may do within their tenant.
type Role string

// The roles, each of which may do what the ones after it may.
const (
	RoleAdmin     Role = "admin"
	RoleDeveloper Role = "developer"
	RoleViewer    Role = "viewer"
)

// rank orders roles; what is no role is below all of them.
func (r Role) rank() int {
	switch r {
	case RoleAdmin:
		return 3
	case RoleDeveloper:
		return 2
	case RoleViewer:
		return 1
	}
	return 0
}

// Valid says whether r is one of the roles.
func (r Role) Valid() bool { return r.rank() > 0 }

// Covers says whether r may do everything that other may.
func (r Role) Covers(other Role) bool { return r.Valid() && other.Valid() && r.rank() >= other.rank() }
