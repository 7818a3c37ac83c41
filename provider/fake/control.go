package fake

import "glovebox"

// Open connects a control process: what it has not ordered by now is
// destroyed, and the node tells it everything.
func (p *Provider) Open(reports Reports) {
	p.mu.Lock()
	var told []glovebox.Report
	for name, b := range p.boxes {
		if !b.ordered {
			p.bury(name)
			continue
		}
		if r := b.startReport(); r != nil {
			told = append(told, *r)
		}
		if b.exit != nil {
			told = append(told, glovebox.Report{Job: b.r.Job, Attempt: b.r.Attempt, Exit: b.exit})
		}
	}
	p.reports = reports
	p.mu.Unlock()
	reports.NodeSeen(p.Node)
	for _, r := range told {
		p.send(r)
	}
}

// Restart forgets the control process. Reports until Open are lost.
func (p *Provider) Restart() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reports = nil
	for _, b := range p.boxes {
		b.ordered = b.removing // what is being removed goes on being so
	}
}

// Crash ends a sandbox behind everybody's back, with all that was known of it.
func (p *Provider) Crash(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bury(name)
}

// Starts counts how often each attempt's command was started.
func (p *Provider) Starts() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := map[string]int{}
	for name, n := range p.starts {
		all[name] = n
	}
	return all
}

// Most is how many sandboxes there were at one time.
func (p *Provider) Most() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.most
}

func (p *Provider) send(r glovebox.Report) {
	p.mu.Lock()
	reports := p.reports
	p.mu.Unlock()
	if reports == nil {
		return
	}
	if p.Deliver != nil {
		p.Deliver(r, reports.Report)
		return
	}
	reports.Report(r)
}
