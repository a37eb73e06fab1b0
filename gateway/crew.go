package gateway

// mayRest is how many goroutines of a crew may wait for work.
const mayRest = 64

// crew runs tasks, each at once. It prefers goroutines that have run some before, whose stacks have grown to what a call takes: to
// grow them costs a tenth of all that a call does. gRPC's calls have no such choice.
type crew struct {
	work    chan func()   // for those who rest
	resting chan struct{} // has one for each of them
	over    <-chan struct{}
}

// newCrew makes a crew whose goroutines leave when over is closed.
func newCrew(over <-chan struct{}) *crew {
	return &crew{make(chan func()), make(chan struct{}, mayRest), over}
}

func (c *crew) run(task func()) {
	select {
	case c.work <- task:
	default:
		go c.serve(task)
	}
}

// serve runs a task, and then others.
func (c *crew) serve(task func()) {
	for task != nil {
		task()
		task = c.next()
	}
}

// next waits for a task; there is none when enough others rest, or the crew is over.
func (c *crew) next() func() {
	select {
	case c.resting <- struct{}{}:
	default:
		return nil
	}
	defer func() { <-c.resting }()
	select {
	case task := <-c.work:
		return task
	case <-c.over:
		return nil
	}
}
