package main

import (
	"context"
	"fmt"
	"strings"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// withMember does something to the member of that name or id.
func (r *reach) withMember(ctx context.Context, who string, use func(context.Context, *clientv3.Client, *etcdserverpb.Member) error) error {
	return r.with(ctx, changeTimeout, func(ctx context.Context, e *clientv3.Client) error {
		list, err := e.MemberList(ctx)
		if err != nil {
			return said(err)
		}
		m := memberNamed(list.Members, who)
		if m == nil {
			return fmt.Errorf("no member has the name or id %q", who)
		}
		return use(ctx, e, m)
	})
}

// memberNamed finds a member by its name, or by its id, which one that has not started has alone.
func memberNamed(all []*etcdserverpb.Member, who string) *etcdserverpb.Member {
	for _, m := range all {
		if m.Name == who || fmt.Sprintf("%x", m.ID) == who {
			return m
		}
	}
	return nil
}

// peerScheme is how the members talk to each other.
func peerScheme(all []*etcdserverpb.Member) string {
	for _, m := range all {
		for _, u := range m.PeerURLs {
			if strings.HasPrefix(u, "https://") {
				return "https://"
			}
		}
	}
	return "http://"
}

// addresses writes URLs as they are in the settings.
func addresses(urls []string) string {
	var all []string
	for _, u := range urls {
		_, address, _ := strings.Cut(u, "://")
		all = append(all, address)
	}
	return strings.Join(all, ",")
}
