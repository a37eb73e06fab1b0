package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// machine is where it was measured.
type machine struct {
	processor string
	cores     int
	memory    string
	kernel    string
	sync      time.Duration // the median of a write of 4 KiB with fdatasync
	load      [2]string     // the averages before and behind
	began     time.Time
	took      time.Duration
}

func lookAround(ctx context.Context, dir string) (machine, error) {
	m := machine{
		processor: field("/proc/cpuinfo", "model name"), cores: runtime.NumCPU(), memory: field("/proc/meminfo", "MemTotal"),
		began: time.Now(),
	}
	m.load[0] = load()
	var err error
	if m.kernel, err = output(ctx, ".", "uname", "-sr"); err != nil {
		return m, err
	}
	if err := onDisk(dir); err != nil {
		return m, err
	}
	m.sync, err = syncTime(dir)
	return m, err
}

func (m *machine) finish() {
	m.load[1] = load()
	m.took = time.Since(m.began)
}

// onDisk fails where what is synced would be kept in memory all the same.
func onDisk(dir string) error {
	const tmpfs = 0x01021994
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return err
	}
	if s.Type == tmpfs {
		return fmt.Errorf("%s is in memory, so nothing there is durable: set TMPDIR to a folder on a disk", dir)
	}
	return nil
}

// syncTime is what a durable write takes.
func syncTime(dir string) (median time.Duration, err error) {
	f, err := os.Create(filepath.Join(dir, "sync"))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	took := make([]time.Duration, 1001)
	for i := range took {
		began := time.Now()
		if _, err := f.WriteAt(make([]byte, 4<<10), int64(i%16)<<12); err != nil {
			return 0, err
		}
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			return 0, err
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}

// field is what a file says behind a word and a colon; the first of several.
func field(file, word string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == word {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	one, _, _ := strings.Cut(string(text), " ")
	return one
}
