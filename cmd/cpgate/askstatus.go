package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

const (
	// memberTimeout is how long one member may take to tell of itself.
	memberTimeout = 2 * time.Second
	// pageSize is how much of a list is asked for at a time, as much as is told.
	pageSize = 1000
)

func newStatus() *cobra.Command {
	c := &cobra.Command{
		Use:   "status",
		Short: "Show the members of a cluster, and how much it keeps",
		Long: "Show the members of a cluster, who leads, how large the database is, alarms, and how many sessions, locks,\n" +
			"semaphores and latches there are. Members are asked at --endpoints and where they advertise themselves.\n" +
			"Under access control, --user sees how many there are if it may read all of them, and of the sessions its own; root\n" +
			"sees all.",
		Args: cobra.NoArgs,
	}
	r := addReach(c)
	asJSON := addOutput(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		return r.with(c.Context(), answerTimeout, func(ctx context.Context, e *clientv3.Client) error {
			s, err := askStatus(ctx, e)
			switch {
			case err != nil:
				return err
			case asJSON():
				return writeJSON(c.OutOrStdout(), s)
			}
			return s.write(c.OutOrStdout())
		})
	}
	return c
}

// addOutput gives the command the choice of JSON.
func addOutput(c *cobra.Command) (asJSON func() bool) {
	output := c.Flags().StringP("output", "o", "table", "`form` of the answer: table or json")
	c.PreRunE = func(*cobra.Command, []string) error {
		if !slices.Contains([]string{"table", "json"}, *output) {
			return fmt.Errorf("output %q: must be table or json", *output)
		}
		return nil
	}
	return func() bool { return *output == "json" }
}

// askStatus puts the status together. Members that don't answer are part of it; without a quorum it is shown too.
func askStatus(ctx context.Context, c *clientv3.Client) (status, error) {
	list, err := c.MemberList(ctx, clientv3.WithSerializable())
	if err != nil {
		return status{}, said(err)
	}
	addresses := slices.Clone(c.Endpoints())
	for _, m := range list.Members {
		addresses = append(addresses, m.ClientURLs...)
	}
	slices.SortFunc(list.Members, func(a, b *etcdserverpb.Member) int { return strings.Compare(a.Name, b.Name) })
	told := askEach(ctx, c, addresses)
	var s status
	names := map[uint64]string{}
	for _, m := range list.Members {
		names[m.ID] = m.Name
		s.Members = append(s.Members, statusOf(m, told[m.ID]))
	}
	s.Alarms = askAlarms(ctx, c, names)
	k, err := askKept(ctx, c.ActiveConnection())
	switch grpcstatus.Code(err) {
	case codes.OK:
		s.Kept = &k
	case codes.PermissionDenied:
		s.why = "the user may not list them"
	default:
		s.why = "no node could tell"
	}
	return s, nil
}

// askEach asks all addresses at once and returns the answers by the members that gave them.
func askEach(ctx context.Context, c *clientv3.Client, addresses []string) map[uint64]*clientv3.StatusResponse {
	var mu sync.Mutex
	var all sync.WaitGroup
	told := map[uint64]*clientv3.StatusResponse{}
	for _, a := range addresses {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, memberTimeout)
			defer cancel()
			if s, err := c.Status(ctx, a); err == nil {
				mu.Lock()
				defer mu.Unlock()
				told[s.Header.MemberId] = s
			}
		})
	}
	all.Wait()
	return told
}

func statusOf(m *etcdserverpb.Member, told *clientv3.StatusResponse) memberStatus {
	s := memberStatus{
		Name: m.Name, ID: fmt.Sprintf("%x", m.ID), Role: roleFollower, PeerURLs: m.PeerURLs, ClientURLs: m.ClientURLs,
	}
	if m.IsLearner {
		s.Role = roleLearner
	}
	switch {
	case told == nil && len(m.ClientURLs) == 0:
		s.Problem = "has not started yet"
		return s
	case told == nil:
		s.Problem = "does not answer"
		return s
	case told.Leader == m.ID:
		s.Role = roleLeader
	case told.Leader == 0:
		s.Problem = "sees no leader"
	}
	s.Version, s.Revision, s.DatabaseBytes, s.InUseBytes = told.Version, told.Header.Revision, told.DbSize, told.DbSizeInUse
	return s
}

func askAlarms(ctx context.Context, c *clientv3.Client, names map[uint64]string) []alarm {
	all := []alarm{}
	answer, err := c.AlarmList(ctx)
	if err != nil {
		return all // without a quorum there is nobody to ask
	}
	for _, a := range answer.Alarms {
		all = append(all, alarm{Member: names[a.MemberID], Alarm: a.Alarm.String()})
	}
	return all
}

// askKept counts what the cluster keeps.
func askKept(ctx context.Context, conn grpc.ClientConnInterface) (k kept, err error) {
	sessions, locks := cpgatev1.NewSessionServiceClient(conn), cpgatev1.NewFencedLockServiceClient(conn)
	semaphores, latches := cpgatev1.NewSemaphoreServiceClient(conn), cpgatev1.NewCountDownLatchServiceClient(conn)
	for _, count := range []struct {
		into *int
		page func(token string) (n int, next string, err error)
	}{
		{&k.Sessions, func(token string) (int, string, error) {
			a, err := sessions.ListSessions(ctx, &cpgatev1.ListSessionsRequest{PageSize: pageSize, PageToken: token})
			return len(a.GetSessions()), a.GetNextPageToken(), err
		}},
		{&k.Locks, func(token string) (int, string, error) {
			a, err := locks.ListLocks(ctx, &cpgatev1.ListLocksRequest{PageSize: pageSize, PageToken: token})
			return len(a.GetLocks()), a.GetNextPageToken(), err
		}},
		{&k.Semaphores, func(token string) (int, string, error) {
			a, err := semaphores.ListSemaphores(ctx, &cpgatev1.ListSemaphoresRequest{PageSize: pageSize, PageToken: token})
			return len(a.GetSemaphores()), a.GetNextPageToken(), err
		}},
		{&k.Latches, func(token string) (int, string, error) {
			a, err := latches.ListLatches(ctx, &cpgatev1.ListLatchesRequest{PageSize: pageSize, PageToken: token})
			return len(a.GetLatches()), a.GetNextPageToken(), err
		}},
	} {
		for token := ""; ; {
			n, next, err := count.page(token)
			if err != nil {
				return kept{}, err
			}
			*count.into += n
			if token = next; token == "" {
				break
			}
		}
	}
	return k, nil
}
