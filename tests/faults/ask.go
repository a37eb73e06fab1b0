package faults

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// awaitReady returns when the member's /readyz says that it serves.
func (m *Member) awaitReady(ctx context.Context) error {
	for {
		err := m.ask(ctx, "/readyz", nothing)
		if err == nil {
			return nil
		}
		if pause(ctx, 50*time.Millisecond) != nil {
			return fmt.Errorf("waiting for %s: %w", m.name, err)
		}
	}
}

func nothing(io.Reader) error { return nil }

// snapshots is how many the member's process has received from others.
func (m *Member) snapshots(ctx context.Context) (n float64, err error) {
	err = m.ask(ctx, "/metrics", func(page io.Reader) error {
		n, err = sum(page, "etcd_network_snapshot_receive_success")
		return err
	})
	return n, err
}

// sum adds up a metric, whatever its labels. One that is not there is 0.
func sum(page io.Reader, metric string) (total float64, err error) {
	s := bufio.NewScanner(page)
	for s.Scan() {
		rest, ok := strings.CutPrefix(s.Text(), metric)
		if !ok || rest == "" || (rest[0] != '{' && rest[0] != ' ') {
			continue
		}
		n, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, s.Err()
}

// ask gets a page of the member's port.
func (m *Member) ask(ctx context.Context, path string, read func(io.Reader) error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+m.Addr()+path, http.NoBody)
	if err != nil {
		return err
	}
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		return fmt.Errorf("%s says %s", path, a.Status)
	}
	return read(a.Body)
}
