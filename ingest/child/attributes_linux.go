package child

import "syscall"

// attributes put the child under another user, where that is asked for, and
// out of reach of the terminal's Ctrl-C: the parent ends it.
func attributes(cfg Config) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true}
	if cfg.UID != 0 || cfg.GID != 0 {
		a.Credential = &syscall.Credential{Uid: cfg.UID, Gid: cfg.GID}
	}
	return a
}
