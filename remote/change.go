package remote

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

// changePause is between two tries to change the members.
const changePause = time.Second

// WhenWell makes a change of members, again while etcd finds the cluster too unwell for one, until ctx is done: its members
// have to be connected for five seconds before.
func WhenWell(ctx context.Context, change func() error) error {
	for {
		err := change()
		if !errors.Is(err, rpctypes.ErrUnhealthy) {
			return err
		}
		select {
		case <-time.After(changePause):
		case <-ctx.Done():
			return err
		}
	}
}
