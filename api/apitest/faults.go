package apitest

import "sync"

// Faults make calls fail on purpose.
type Faults struct {
	lock sync.Mutex
	rule func(method string) error
}

// Fail asks rule before every call from now on, by method name; what it returns
// is the call's error. nil lets everything pass.
func (f *Faults) Fail(rule func(method string) error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.rule = rule
}

func (f *Faults) fail(method string) error {
	f.lock.Lock()
	rule := f.rule
	f.lock.Unlock()
	if rule == nil {
		return nil
	}
	return rule(method)
}
