package orchestrator

// Undelivered counts the events that are not stored yet.
func (o *Orchestrator) Undelivered() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for _, events := range o.inbox {
		n += len(events)
	}
	return n
}

// Watched counts the jobs that somebody waits for.
func (o *Orchestrator) Watched() int {
	o.watchers.mu.Lock()
	defer o.watchers.mu.Unlock()
	return len(o.watchers.jobs)
}
