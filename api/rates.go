package api

// Rates bound how often callers may come; beyond, the answer is 429 with
// Retry-After. A zero Rate means the default.
type Rates struct {
	Open     Rate // routes without a caller, for each source address; 20 a second, 100 at once
	Failures Rate // failed authentications of one source address; 1 a second, 30 at once
	Calls    Rate // of one caller; 2,000 a second, 4,000 at once
	Changes  Rate // of one caller, those that change something but submits; 20 a second, 200 at once; the operator has no such rate
	Refusals Rate // of one caller, of what they may not do; 1 a second, 200 at once
	Submits  Rate // of one caller, of jobs that quota or policy refused; 1 a second, 200 at once
	Operator Rate // of one user at the local socket; 20,000 a second, 40,000 at once
}

// Rate is a token bucket.
type Rate struct {
	PerSecond float64
	Burst     int
}

func (r Rate) or(def Rate) Rate {
	if r == (Rate{}) {
		return def
	}
	return r
}
