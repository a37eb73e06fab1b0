package client_test

import (
	"context"
	"testing"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
)

// Who gives back through an endpoint that has just fallen silent is answered by another one, before a heartbeat, which comes
// every five seconds here, can have found it out: nobody behind waits for that.
func TestDo_GivesBackElsewhereWhenItsConnectionGoesSilent(t *testing.T) {
	t.Parallel()
	node := cpgatetest.Start(t)
	first := newProxy(t, node.Addr())
	c := connect(t, at(first.addr(), node.Addr()))
	err := c.Lock("orders").Do(within(t), func(context.Context, client.Fence) error {
		first.freeze()
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	first.thaw()
}
