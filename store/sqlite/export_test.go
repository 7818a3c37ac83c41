package sqlite

// For the tests from outside, which run the suite of all stores.
var (
	EmptyOf = emptyOf
	Dumped  = dumped
)
