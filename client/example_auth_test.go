package client_test

import (
	"context"
	"errors"
	"log"
	"os"

	"github.com/cpgate/cpgate/client"
)

// A client of a cluster with access control. Its user has to have write on "cp/lock/orders/", with the slash.
func ExampleNewWith_user() {
	ship := func(ctx context.Context) error {
		c, err := client.NewWith(client.Config{
			Endpoints: []string{"a.example.org:2379", "b.example.org:2379"},
			User:      "alice",
			Password:  os.Getenv("ALICE_PASSWORD"),
		})
		if err != nil {
			return err
		}
		defer c.Close()
		err = c.Lock("orders").Do(ctx, func(context.Context, client.Fence) error {
			return nil // one at a time
		})
		switch {
		case errors.Is(err, client.ErrUnauthenticated):
			log.Print("no such user, or not with this password")
		case errors.Is(err, client.ErrPermissionDenied):
			log.Print("alice may not write to cp/lock/orders/")
		}
		return err
	}
	_ = ship
}
