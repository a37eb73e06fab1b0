package client

import "slices"

// portion is some permits of one acquire on their way back.
type portion struct {
	of   *Permits
	n    int
	last bool // none is left after it
}

// take takes n permits off p, before anything is sent, so that none is given back twice; the caller has the mutex.
func (p *Permits) take(n int) portion {
	p.left -= n
	if p.left == 0 {
		p.stake.leave()
	}
	return portion{of: p, n: n, last: p.left == 0}
}

// keep remembers p as something that Release may give back by number.
func (m *Semaphore) keep(p *Permits) {
	if !p.session.real() || p.left == 0 {
		return // without a session any number can be given back
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = append(m.held, p)
}

// withdraw takes all that is left of p.
func (m *Semaphore) withdraw(p *Permits) portion {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = slices.DeleteFunc(m.held, func(o *Permits) bool { return o == p })
	return p.take(p.left)
}

// draw takes n permits off those that the handle has, the oldest first; none, and false, when it has fewer.
func (m *Semaphore) draw(n int) ([]portion, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = slices.DeleteFunc(m.held, func(p *Permits) bool { return p.session.check() != nil })
	have := 0
	for _, p := range m.held {
		have += p.left
	}
	if have < n {
		return nil, false
	}
	var portions []portion
	for _, p := range m.held {
		some := p.take(min(p.left, n))
		portions, n = append(portions, some), n-some.n
		if n == 0 {
			break
		}
	}
	m.held = slices.DeleteFunc(m.held, func(p *Permits) bool { return p.left == 0 })
	return portions, true
}
