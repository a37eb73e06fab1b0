package embedded

import (
	"context"
	"log/slog"
	"slices"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/storage/schema"
	"go.uber.org/zap"
)

// etcd measures the database by its file, which only grows: what is deleted and compacted leaves room inside of it. A member
// whose file has come to the quota raises the alarm NOSPACE, with which all members take nothing that needs room, and which
// stays. So while there are alarms, the members write their files anew, one after the other, and take their alarms back.

const (
	// enough is the part of the quota, in percent, that a file written anew may take at the most for that to be worth the
	// while, and that a file has to take for it.
	enough = 80
	// settled is from which round on something is done: the alarms that come together are there by then, and whatever was on
	// its way to etcd before them has been answered or never will be.
	settled = 3
	// patience is for how many rounds a member waits for each one whose turn is before its own, which may be gone: two
	// minutes.
	patience = 24
)

// roomMaker makes room in a full database.
type roomMaker struct {
	server *etcdserver.EtcdServer
	quota  int64
	log    *slog.Logger
	full   []uint64 // the members whose alarm was on in the last round
	rounds int      // since when no other alarm has come
	waited int      // for so many rounds there has been room to be made
}

// run makes room until ctx is done. Where there are no alarms it only looks.
func (r *roomMaker) run(ctx context.Context, every time.Duration) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			r.attend(ctx)
		}
	}
}

// attend does one round.
func (r *roomMaker) attend(ctx context.Context) {
	full, me := r.alarmed(), uint64(r.server.MemberID())
	if slices.ContainsFunc(full, func(id uint64) bool { return !slices.Contains(r.full, id) }) {
		r.rounds, r.waited = 0, 0
	}
	r.full = full
	r.rounds++
	place := slices.Index(full, me)
	switch {
	case len(full) == 0:
	case place < 0 && r.rounds == 1 && r.holds(r.size()):
		r.set(ctx, pb.AlarmRequest_ACTIVATE, me) // it would have to soon; so it has its turn with the others
	case r.rounds >= settled:
		r.inTurn(ctx, place)
	}
}

// inTurn does what is to be done while there are alarms, of which this member's own is in that place; below 0 there is none.
func (r *roomMaker) inTurn(ctx context.Context, place int) {
	if !r.roomy() {
		if r.waited = 0; r.rounds == settled {
			r.log.Warn("the database is full: nothing more is written until something is deleted", "quota", r.quota)
		}
		return
	}
	r.waited++
	switch me := r.server.MemberID(); {
	case place >= 0 && r.waited > place*patience:
		r.makeRoom(ctx)
	case place < 0 && r.server.Leader() == me && r.waited > len(r.full)*patience:
		for _, gone := range r.full { // whoever is not raises it again
			r.set(ctx, pb.AlarmRequest_DEACTIVATE, gone)
		}
	}
}

// makeRoom writes the file anew, where that helps, and takes the alarm back.
func (r *roomMaker) makeRoom(ctx context.Context) {
	if before := r.size(); r.holds(before) {
		begin := time.Now()
		if err := r.server.Defragment(); err != nil {
			r.log.Warn("the database is full and could not be written anew, trying again", "error", err)
			return
		}
		r.log.Info("the database was full and is written anew", "size", r.size(), "before", before, "took", time.Since(begin))
	}
	if r.size() < r.quota {
		r.set(ctx, pb.AlarmRequest_DEACTIVATE, uint64(r.server.MemberID()))
	}
}

// set raises or takes back the alarm of a member. What fails is tried again in the next round.
func (r *roomMaker) set(ctx context.Context, action pb.AlarmRequest_AlarmAction, member uint64) {
	_, err := r.server.Alarm(ctx, &pb.AlarmRequest{Action: action, MemberID: member, Alarm: pb.AlarmType_NOSPACE})
	if err != nil && ctx.Err() == nil {
		r.log.Warn("an alarm could not be set, trying again", "action", action.String(), "error", err)
	}
}

// alarmed returns the members whose alarm is on, in the order of their turns. It reads them from the database: what etcd keeps
// of them in memory is replaced without a lock when a member catches up by a snapshot.
func (r *roomMaker) alarmed() (all []uint64) {
	alarms, err := schema.NewAlarmBackend(zap.NewNop(), r.server.Backend()).GetAllAlarms()
	if err != nil {
		r.log.Warn("the alarms could not be read, trying again", "error", err)
	}
	for _, a := range alarms {
		if a.Alarm == pb.AlarmType_NOSPACE {
			all = append(all, a.MemberID)
		}
	}
	slices.Sort(all)
	return all
}

// roomy reports whether enough of the quota is free. What the last commit to the file gave free counts with the next one
// only, so there is one, of nothing: the bucket of alarms is there.
func (r *roomMaker) roomy() bool {
	b := schema.NewAlarmBackend(zap.NewNop(), r.server.Backend())
	b.CreateAlarmBucket()
	b.ForceCommit()
	return !r.holds(r.server.Backend().SizeInUse())
}

func (r *roomMaker) size() int64 { return r.server.Backend().Size() }

// holds reports whether so many bytes are a large part of the quota.
func (r *roomMaker) holds(bytes int64) bool { return bytes >= r.quota/100*enough }
