package cpgate

import (
	"errors"

	"github.com/cpgate/cpgate/embedded"
)

// Restore makes the data folder of the node that c describes out of a snapshot, for a new cluster: each of its members is
// restored from the same one. The revision is raised by far, so that every fence is above all that were given out,
// also after the snapshot (R2). Sessions are as they were in it, and live on for their TTL.
func Restore(c Config, snapshot string) (embedded.Restored, error) {
	if err := c.Validate(); err != nil {
		return embedded.Restored{}, err
	}
	if !c.votes() {
		return embedded.Restored{}, errors.New("only a member that votes keeps anything: there is nothing to restore for this node")
	}
	cluster, err := c.cluster()
	if err != nil {
		return embedded.Restored{}, err
	}
	return embedded.Restore(embedded.Config{Name: c.Name, DataDir: c.DataDir, Cluster: cluster}, snapshot)
}
