package remote_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"go.etcd.io/etcd/server/v3/embed"

	"github.com/cpgate/cpgate/remote"
)

const secret = "what etcd signs with"

// signing lets etcd give out signed tokens.
func signing(t *testing.T, ttl time.Duration) func(*embed.Config) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	return func(c *embed.Config) {
		c.AuthToken = fmt.Sprintf("jwt,sign-method=HS256,priv-key=%s,ttl=%v", file, ttl)
	}
}

// signed is a token as somebody else would sign it who has etcd's key.
func signed(t *testing.T, user string, revision uint64, ttl time.Duration) string {
	t.Helper()
	claims := jwt.MapClaims{"username": user, "revision": revision, "exp": time.Now().Add(ttl).Unix()}
	return must(jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret)))(t)
}

func TestAccess_TakesSignedTokensFromAnywhere(t *testing.T) {
	t.Parallel()
	r := secured(t, signing(t, time.Hour))
	elsewhere := must(r.client("", "").Authenticate(r.soon(), "alice", "of alice"))(t).Token
	revision := must(r.root.AuthStatus(r.soon()))(t).AuthRevision
	for what, tt := range map[string]struct{ token, want string }{
		"given here":       {r.login("bob"), "bob"},
		"given elsewhere":  {elsewhere, "alice"},
		"signed by others": {signed(t, "root", revision, time.Hour), "root"},
	} {
		if who, err := r.Caller(r.with("token", tt.token)); err != nil || who.Name() != tt.want {
			t.Errorf("%s: %v, %v; want %s", what, who, err, tt.want)
		}
	}
	forged := must(jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"username": "root", "revision": revision}).SignedString([]byte("guess")))(t)
	for what, token := range map[string]string{
		"forged":                 forged,
		"forged, without key":    must(jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"username": "root", "revision": revision}).SignedString(jwt.UnsafeAllowNoneSignatureType))(t),
		"expired":                signed(t, "alice", revision, -time.Second),
		"of an earlier revision": signed(t, "alice", revision-1, time.Hour),
		"of no revision":         signed(t, "alice", 0, time.Hour),
		"of no user":             signed(t, "", revision, time.Hour),
		"of somebody unknown":    signed(t, "carol", revision, time.Hour),
	} {
		r.refuses(r.with("token", token), what)
	}

	_ = r.caller(r.with("token", elsewhere))
	done(r.root.UserAdd(r.soon(), "frank", "of frank"))(t)
	passes(remote.Fresh)
	r.refuses(r.with("token", elsewhere), "from before users changed")
	if who := r.caller(r.with("token", r.login("alice"))); who.Name() != "alice" {
		t.Errorf("got %v", who)
	}
}

// While access control is off, etcd takes any token. None of that counts once it is on again.
func TestAccess_WhatWasTakenWhileItWasOffCountsForNothing(t *testing.T) {
	t.Parallel()
	r := secured(t, signing(t, time.Hour))
	forged := must(jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"username": "root", "revision": 1}).SignedString([]byte("guess")))(t)
	r.refuses(r.soon(), "nobody")
	done(r.root.AuthDisable(r.soon()))(t)
	_, _ = r.Caller(r.with("token", forged)) // who may be root, if the node has not seen yet that it is off
	done(r.root.AuthEnable(r.soon()))(t)
	passes(remote.Fresh)
	r.refuses(r.with("token", forged), "a forged token")
}

func TestTokens_AreForgottenWhenNobodyUsesThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tokens := &remote.Tokens{}
		tokens.Note("used", "alice", 1)
		tokens.Note("idle", "bob", 1)
		for range 7 {
			time.Sleep(time.Minute)
			if user, _ := tokens.Look("used", 1); user != "alice" {
				t.Fatalf("a token in use is %q's", user)
			}
		}
		tokens.Note("new", "carol", 1)
		if user, _ := tokens.Look("idle", 1); user != "" {
			t.Errorf("an idle token is still %q's", user)
		}
	})
}

func TestTokens_AreGoodForFiveSecondsOfOneRevision(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tokens := &remote.Tokens{}
		tokens.Note("t", "alice", 1)
		good := func(revision uint64) bool { _, good := tokens.Look("t", revision); return good }
		if !good(1) || good(2) {
			t.Errorf("at first: %v; of a later revision: %v", good(1), good(2))
		}
		time.Sleep(remote.TokenGood)
		if good(1) {
			t.Error("it is good for ever")
		}
	})
}

// Names are read just as etcd's own decoder reads them.
func TestTokens_ClaimTheUserThatEtcdReads(t *testing.T) {
	t.Parallel()
	token := func(head, claims string) string {
		part := base64.RawURLEncoding.EncodeToString
		return part([]byte(head)) + "." + part([]byte(claims)) + "." + part([]byte("signature"))
	}
	const head = `{"alg":"HS256"}`
	for what, tt := range map[string]struct{ token, want string }{
		"a name":            {token(head, `{"username":"alice"}`), "alice"},
		"another case":      {token(head, `{"username":"alice","USERNAME":"root"}`), "alice"},
		"twice":             {token(head, `{"username":"root","username":"alice"}`), "alice"},
		"no text":           {token(head, `{"username":["root"]}`), ""},
		"none":              {token(head, `{}`), ""},
		"no JSON":           {token(head, `root`), ""},
		"no such algorithm": {token(`{"alg":"x"}`, `{"username":"alice"}`), ""},
		"two parts":         {"YQ.YQ", ""},
		"a simple token":    {"abcdefghijklmnop.17", ""},
		"other letters":     {"!.!.!", ""},
	} {
		if got := remote.Claimed(tt.token); got != tt.want {
			t.Errorf("%s: %q, want %q", what, got, tt.want)
		}
	}
}
