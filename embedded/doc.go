// Package embedded is one etcd member as a value: [Start] configures it, starts it and returns when it serves;
// [Member.Close] stops it and leaves a data folder that starts again. Everything cpgate knows is kept by such
// members.
//
// A member that is alone opens no port and no socket at all. etcd makes none when it is given no listen
// address, and nobody needs one: clients come in through the gateway, which serves etcd's API from
// [Member.Server], and cpgate itself calls the member in memory, through [Member.NewClient]. With nothing
// listening there is no socket path that could be too long, no file to clean up after a crash, and no
// connection for a stop to wait for.
//
// The files, in the order in which a start meets them:
//
//   - config.go: what a caller sets, and what cpgate makes of etcd's own settings. cluster.go: the same of the other members.
//   - folder.go: the data folder: created, writable, locked against a second process.
//   - log.go: etcd's log lines on their way to log/slog.
//   - member.go: start, ready, close. root.go: calls in memory, as root. access.go: who callers are, and what they may do.
//   - watcher.go: the keys are followed where etcd keeps them.
//   - renewal.go, forward.go and pipeline.go: leases are renewed, by the leader.
//   - restore.go: a data folder from a snapshot. state.go: whether there is a member in one.
//   - history.go and compact.go: old revisions are dropped, by age. room.go: a full database gets room.
package embedded
