package metrics

// Reading is of how many jobs it is known how far their events were counted.
func (m *Metrics) Reading() int {
	m.decisions.mu.Lock()
	defer m.decisions.mu.Unlock()
	return len(m.decisions.read)
}
