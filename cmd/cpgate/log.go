package main

import (
	"fmt"
	"io"
	"log/slog"
)

const (
	formatText = "text"
	formatJSON = "json"
)

// levels are the levels that can be set.
var levels = map[string]slog.Level{
	"debug": slog.LevelDebug,
	"info":  slog.LevelInfo,
	"warn":  slog.LevelWarn,
	"error": slog.LevelError,
}

// newLogger makes the log that the options ask for.
func newLogger(o *options, out io.Writer) (*slog.Logger, error) {
	level, ok := levels[o.logLevel]
	if !ok {
		return nil, fmt.Errorf("log-level %q: must be debug, info, warn or error", o.logLevel)
	}
	with := &slog.HandlerOptions{Level: level}
	switch o.logFormat {
	case formatText:
		return slog.New(slog.NewTextHandler(out, with)), nil
	case formatJSON:
		return slog.New(slog.NewJSONHandler(out, with)), nil
	}
	return nil, fmt.Errorf("log-format %q: must be text or json", o.logFormat)
}
