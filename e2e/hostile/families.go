package hostile

// Family is a kind of attack. Its number is its place in Families, from 1.
type Family struct {
	Name string
	// Elsewhere says where it is tried if not, or not only, by this suite.
	Elsewhere string
}

// Families are all kinds that there are.
var Families = []Family{
	{Name: "network"},
	{Name: "metadata services"},
	{Name: "other jobs' data"},
	{Name: "host surfaces"},
	{Name: "fork, thread and zombie bombs"},
	{Name: "exhaustion"},
	{Name: "logs"},
	{Name: "artifacts", Elsewhere: "also `agent`"},
	{Name: "images", Elsewhere: "also `images`"},
	{Name: "hostile agent", Elsewhere: "`provider/local`"},
	{Name: "clock"},
	{Name: "refuses to die"},
}

// Columns of the scoreboard.
const (
	GVisor  = "gvisor"
	Runc    = "glovebox runc"
	Default = "runc's default"
	Bwrap   = "bubblewrap"
)

// Columns in the order in which they are shown.
var Columns = []string{GVisor, Runc, Default, Bwrap}
