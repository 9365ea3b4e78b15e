package child

import (
	"fmt"
	"syscall"
)

// niceness is by how much a child stands back behind its parent. Cameras that
// send more than the machine can decode would else take it all, and what they
// decoded would wait for a network that never gets to run.
const niceness = 10

// attributes put the child under another user, where that is asked for, and
// out of reach of the terminal's Ctrl-C: the parent ends it.
func attributes(cfg Config) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true}
	if cfg.UID != 0 || cfg.GID != 0 {
		a.Credential = &syscall.Credential{Uid: cfg.UID, Gid: cfg.GID, Groups: cfg.Groups}
	}
	return a
}

// standBack lowers the priority of a child, which leads a group of its own, and
// of all its threads: of those to come, too, as they inherit it.
func standBack(pid int) error {
	const kernels = 20 // the call returns 20 less the nice value, to tell it from an error
	own, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	if err != nil {
		return fmt.Errorf("read the own priority: %w", err)
	}
	if err := syscall.Setpriority(syscall.PRIO_PGRP, pid, kernels-own+niceness); err != nil {
		return fmt.Errorf("lower the priority of process %d: %w", pid, err)
	}
	return nil
}
