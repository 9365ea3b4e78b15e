package app

import (
	"errors"
	"os/user"
	"slices"
	"testing"

	"github.com/flipmeter/flipmeter/configs"
)

func TestDecodingProcessesRunAsAUserWithItsGroups(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{me.Username, me.Uid} {
		a, err := decodeUser(configs.Watch{DecodeAs: name})
		if err != nil || !slices.Contains(a.groups, a.gid) {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
	if a, err := decodeUser(configs.Watch{}); err != nil || a.groups != nil || a.uid != 0 || a.gid != 0 {
		t.Errorf("nobody else: %+v, %v", a, err)
	}
	if _, err := decodeUser(configs.Watch{DecodeAs: "no such user"}); !errors.Is(err, ErrUsage) {
		t.Errorf("%v", err)
	}
}
