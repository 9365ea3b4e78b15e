package child

import (
	"slices"
	"testing"
)

func TestAnotherUserKeepsItsGroups(t *testing.T) {
	c := attributes(Config{UID: 5, GID: 6, Groups: []uint32{6, 44}}).Credential
	if c == nil || c.Uid != 5 || c.Gid != 6 || !slices.Equal(c.Groups, []uint32{6, 44}) || c.NoSetGroups {
		t.Errorf("%+v", c)
	}
	if c := attributes(Config{}).Credential; c != nil {
		t.Errorf("the same user: %+v", c)
	}
}
