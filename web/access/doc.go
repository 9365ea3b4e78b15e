// Package access says who may do what over HTTP: credentials of viewers and
// admins, which are kept as hashes; a limit on failed logins; protection
// against requests that another site makes a browser send; headers that keep
// pages in their place; a log of changes; certificates that are read anew
// when they change; and that nothing listens beyond the machine without
// credentials.
package access
