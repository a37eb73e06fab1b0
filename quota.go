package cpgate

import (
	"errors"
	"fmt"

	"github.com/cpgate/cpgate/embedded"
)

// minQuotaBytes leaves room for a few of the largest transactions.
const minQuotaBytes = 16 << 20

func (c Config) checkQuota() error {
	switch {
	case c.QuotaBytes == 0:
		return nil
	case !c.votes():
		return errors.New("needs a member of its own: the etcd that this node serves has a quota of its own")
	case c.QuotaBytes < minQuotaBytes || c.QuotaBytes > embedded.DefaultQuotaBytes:
		return fmt.Errorf("must be %d (16 MiB) to %d (8 GiB)", minQuotaBytes, embedded.DefaultQuotaBytes)
	}
	return nil
}
