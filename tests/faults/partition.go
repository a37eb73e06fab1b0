package faults

import "context"

// The kinds that hit the network between members. Clients reach all of them all the time.
var (
	// IsolateLeader cuts the leader off, both ways.
	IsolateLeader = Kind{Name: "isolate the leader", lasts: 2 * longerThanElection, inject: cutting((*scene).leader, true, true)}
	// IsolateFollower cuts another one off, both ways.
	IsolateFollower = Kind{
		Name: "isolate a follower", lasts: longerThanElection, inject: cutting((*scene).follower, true, true),
	}
	// MuteLeader lets the leader hear the others, who do not hear it.
	MuteLeader = Kind{Name: "mute the leader", lasts: longerThanElection, inject: cutting((*scene).leader, true, false)}
	// DeafenLeader lets the others hear the leader, which does not hear them.
	DeafenLeader = Kind{Name: "deafen the leader", lasts: longerThanElection, inject: cutting((*scene).leader, false, true)}
	// MuteFollower and DeafenFollower are the same with another one.
	MuteFollower = Kind{
		Name: "mute a follower", lasts: longerThanElection, inject: cutting((*scene).follower, true, false),
	}
	// DeafenFollower lets the others hear it; it does not hear them.
	DeafenFollower = Kind{
		Name: "deafen a follower", lasts: longerThanElection, inject: cutting((*scene).follower, false, true),
	}
	// Split parts the leader and as many others as are no majority from the rest.
	Split = Kind{Name: "split", Least: 5, lasts: longerThanElection, inject: cutting((*scene).minority, true, true)}
	// Shatter cuts every member off from every other.
	Shatter = Kind{Name: "shatter", NoMajority: true, lasts: longerThanElection, inject: shatter}
)

// minority is the leader and some others: most that are no majority.
func (s *scene) minority(ctx context.Context) ([]*Member, error) {
	members, err := s.leader(ctx)
	if err != nil {
		return nil, err
	}
	others := s.network.without(members[0].index)
	s.rand.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	for _, i := range others[:(s.Len()-1)/2-1] {
		members = append(members, s.members[i])
	}
	return members, nil
}

// cutting cuts the ways from those members to the others, or those back, or both.
func cutting(whom choice, out, in bool) func(context.Context, *scene) (func(context.Context) error, error) {
	return func(ctx context.Context, s *scene) (func(context.Context) error, error) {
		members, err := whom(s, ctx)
		if err != nil {
			return nil, err
		}
		var hit []int
		for _, m := range members {
			hit = append(hit, m.index)
		}
		rest, ways := s.network.without(hit...), []way{}
		if out {
			ways = append(ways, between(hit, rest)...)
		}
		if in {
			ways = append(ways, between(rest, hit)...)
		}
		return s.cut(ways), nil
	}
}

func shatter(_ context.Context, s *scene) (func(context.Context) error, error) {
	return s.cut(between(s.network.without(), s.network.without())), nil
}

func (s *scene) cut(ways []way) (heal func(context.Context) error) {
	s.network.Cut(ways...)
	return func(context.Context) error {
		s.network.Heal(ways...)
		return nil
	}
}

// cutOff cuts one member off from all others, and what was on its way is lost.
func (s *scene) cutOff(m *Member) (heal func(context.Context) error) {
	one, rest := []int{m.index}, s.network.without(m.index)
	ways := append(between(one, rest), between(rest, one)...)
	heal = s.cut(ways)
	s.network.sever(ways)
	return heal
}
