package fencedlock_test

import (
	"strings"
	"testing"

	"github.com/cpgate/cpgate/fencedlock"
)

func TestLimits_TheFirstRuleThatMatchesCounts(t *testing.T) {
	cases := []struct {
		rules string
		name  string
		want  int32
	}{
		{rules: "", name: "orders", want: 0},
		{rules: "3", name: "orders", want: 3},
		{rules: "*=3", name: "a/b", want: 3},
		{rules: "orders=1 *=3", name: "orders", want: 1},
		{rules: "*=3 orders=1", name: "orders", want: 3},
		{rules: "orders=1", name: "orders2", want: 0},
		{rules: "orders=1", name: "my orders", want: 0},
		{rules: "orders/*=2", name: "orders/1/2", want: 2},
		{rules: "orders/*=2", name: "orders/", want: 2},
		{rules: "orders/*=2", name: "orders", want: 0},
		{rules: "*job=2", name: "batch-job", want: 2},
		{rules: "*job=2", name: "batch-jobs", want: 0},
		{rules: "a*b*c=2", name: "a1b2c", want: 2},
		{rules: "a*b*c=2", name: "abc", want: 2},
		{rules: "a*b*c=2", name: "acb", want: 0},
		{rules: "a*b*c=2", name: "abxbc", want: 2},
		{rules: "aa*aa=2", name: "aaa", want: 0},
		{rules: "aa*aa=2", name: "aaaa", want: 2},
		{rules: "**=2", name: "x", want: 2},
		{rules: "a=b=2", name: "a=b", want: 2},
		{rules: "orders@default=1", name: "orders", want: 1},
		{rules: "orders@payments=1", name: "orders@payments", want: 1},
		{rules: "orders@payments=1", name: "orders", want: 0},
		{rules: "ü*锁=1", name: "ü 锁", want: 1},
		{rules: "free=0 *=1", name: "free", want: 0},
		{rules: "2147483647", name: "x", want: 2147483647},
	}
	for _, c := range cases {
		l, err := fencedlock.ParseLimits(strings.Fields(c.rules))
		if err != nil {
			t.Errorf("%s: %v", c.rules, err)
		} else if got := l.For(c.name); got != c.want {
			t.Errorf("%s: %q has limit %d, want %d", c.rules, c.name, got, c.want)
		}
	}
}

func TestParseLimits_QuotesTheRuleThatItCantRead(t *testing.T) {
	cases := map[string]string{
		"":                              `"": "" must be a whole number from 0 to 2147483647`,
		"orders":                        `"orders": "orders" must be`,
		"orders=":                       `"orders=": "" must be`,
		"orders=-1":                     `"orders=-1": "-1" must be`,
		"orders=1.5":                    `"orders=1.5": "1.5" must be`,
		"orders=2147483648":             `"orders=2147483648": "2147483648" must be`,
		"=1":                            `"=1": the pattern must be 1 to 512 bytes`,
		"\xff=1":                        `"\xff=1": the pattern must be valid UTF-8`,
		strings.Repeat("x", 513) + "=1": `the pattern must be 1 to 512 bytes, is 513`,
	}
	for rule, want := range cases {
		_, err := fencedlock.ParseLimits([]string{"a=1", rule})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: said %v, want %s", rule, err, want)
		}
	}
}
