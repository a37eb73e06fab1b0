package embedded

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// harmless are messages that ask nothing of anybody here.
var harmless = []string{
	// There is no port of etcd's own to share.
	"Running http and grpc server on single port. This is not recommended for production.",
	// Simple tokens stay inside one process until a cluster turns on etcd's authentication.
	"simple token is not cryptographically signed",
	// A member that was killed soon after its first start has not yet written down its Raft term, by which etcd tells
	// the version of its files. It looks again every few seconds.
	"Failed to detect schema version",
	"failed to update storage version",
}

// closed is what etcd says of its own listener for the other members when it is closed, at the level of an error.
const closed = "setting up serving from embedded etcd failed."

// stage is how far a member is; it starts, runs, stops.
type stage struct{ atomic.Int32 }

const (
	starting int32 = iota
	running
	stopping
)

// zapCore hands etcd's log entries of level warn and above to log/slog. Warnings while the member stops are
// about what was cut short by just that.
type zapCore struct {
	log    *slog.Logger
	stage  *stage
	fields []zapcore.Field
}

func (z *zapCore) Enabled(l zapcore.Level) bool { return l >= zapcore.WarnLevel }

func (z *zapCore) With(fs []zapcore.Field) zapcore.Core {
	return &zapCore{log: z.log, stage: z.stage, fields: slices.Concat(z.fields, fs)}
}

func (z *zapCore) Check(e zapcore.Entry, c *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if z.Enabled(e.Level) {
		return c.AddCore(e, z)
	}
	return c
}

func (z *zapCore) Write(e zapcore.Entry, fs []zapcore.Field) error {
	l := slog.LevelWarn
	if e.Level > zapcore.WarnLevel {
		l = slog.LevelError
	}
	ctx := context.Background()
	if z.isNoise(e, l) || !z.log.Enabled(ctx, l) {
		return nil
	}
	r := slog.NewRecord(e.Time, l, "etcd: "+e.Message, 0)
	r.AddAttrs(attrs(slices.Concat(z.fields, fs))...)
	return z.log.Handler().Handle(ctx, r)
}

func (z *zapCore) isNoise(e zapcore.Entry, l slog.Level) bool {
	stops := z.stage.Load() == stopping
	return slices.Contains(harmless, e.Message) || stops && (l == slog.LevelWarn || e.Message == closed)
}

func (z *zapCore) Sync() error { return nil }

func attrs(fs []zapcore.Field) []slog.Attr {
	enc := zapcore.NewMapObjectEncoder()
	for _, f := range fs {
		f.AddTo(enc)
	}
	var out []slog.Attr
	for _, k := range slices.Sorted(maps.Keys(enc.Fields)) {
		out = append(out, slog.Any(k, enc.Fields[k]))
	}
	return out
}

// giveUp is what etcd does instead of returning an error from a place where it can't go on: it logs at level
// panic or fatal. While a member starts, that becomes a panic which Start turns into its error; later it ends
// the process, since etcd's own code counts on not being returned to.
type giveUp struct {
	stage *stage
	then  zapcore.CheckWriteHook
}

func (g giveUp) OnWrite(e *zapcore.CheckedEntry, fs []zapcore.Field) {
	if g.stage.Load() == starting {
		panic(startError(e.Message, fs))
	}
	g.then.OnWrite(e, fs)
}

// startError is the message with the error that etcd logged beside it.
func startError(message string, fs []zapcore.Field) error {
	for _, f := range fs {
		if err, ok := f.Interface.(error); ok {
			return fmt.Errorf("%s: %w", message, err)
		}
	}
	return fmt.Errorf("%s", message)
}

// newZap is the logger that etcd gets.
func newZap(log *slog.Logger, s *stage) *zap.Logger {
	return zap.New(&zapCore{log: log, stage: s},
		zap.WithPanicHook(giveUp{stage: s, then: zapcore.WriteThenPanic}),
		zap.WithFatalHook(giveUp{stage: s, then: zapcore.WriteThenFatal}))
}
