package bus

import (
	"time"

	"github.com/nats-io/nats.go"
)

// Config says which broker to use and what to keep there.
type Config struct {
	// Server is an embedded server to connect to inside the process; it
	// goes before URL.
	Server *Server
	// InProcess is another server inside the process, in place of Server.
	InProcess nats.InProcessConnProvider
	// URL is one server or several, separated by commas: nats://, tls://,
	// ws://, wss://. Credentials in it are used and never shown.
	URL string
	// Name tells this connection apart in the broker's lists.
	Name string

	CredsFile string // JWT and key, as made by nsc
	NKeyFile  string // seed of an nkey
	User      string
	Password  string
	Token     string
	TLS       TLS

	// ConnectTimeout bounds the first connection, 0 is 5 s.
	ConnectTimeout time.Duration
	// Retry lets Connect succeed while the broker is away: messages wait in
	// the publisher's buffer until it is there. For live streams.
	Retry bool

	once bool // a broken connection stays broken

	Storage  Storage
	Pictures PictureStorage
}

// TLS is how a remote broker is trusted. tls:// in the URL, or any of these
// fields, turns TLS on.
type TLS struct {
	CAFile     string // PEM; "" trusts the system's authorities
	CertFile   string // PEM of the client, with KeyFile
	KeyFile    string
	ServerName string
}

// Storage bounds what the broker keeps. Zero values mean the defaults. A
// stream or bucket that exists already on a remote broker stays as its
// operator made it; on the embedded one the limits are brought up to date.
type Storage struct {
	MaxAge   time.Duration // 0: 7 days
	MaxBytes int64         // 0: 1 GiB, or 64 MiB in memory
	Replicas int           // 0: 1
	InMemory bool
	// Duplicates is the window in which a resend is recognised, 0: 10 min, and
	// 2 min with a Server. The broker holds every id of the window in memory,
	// about 170 bytes each.
	Duplicates time.Duration
}

// PictureStorage bounds the pictures around flips.
type PictureStorage struct {
	Off      bool
	MaxAge   time.Duration // 0: 24 h
	MaxBytes int64         // 0: 256 MiB, or 64 MiB in memory
}

const (
	defaultConnectTimeout = 5 * time.Second
	defaultMaxAge         = 7 * 24 * time.Hour
	defaultMaxBytes       = 1 << 30
	defaultMemoryBytes    = 64 << 20
	defaultDuplicates     = 10 * time.Minute
	// A server in this process is never away: what it does not acknowledge is
	// sent again within seconds.
	embeddedDuplicates  = 2 * time.Minute
	defaultPictureAge   = 24 * time.Hour
	defaultPictureBytes = 256 << 20
)

// DefaultConfig is a Config with the defaults written out, without a broker.
func DefaultConfig() Config { return Config{}.withDefaults() }

func (c Config) withDefaults() Config {
	setDefault(&c.ConnectTimeout, defaultConnectTimeout)
	setDefault(&c.Storage.MaxAge, defaultMaxAge)
	if c.Storage.InMemory {
		setDefault(&c.Storage.MaxBytes, defaultMemoryBytes)
		setDefault(&c.Pictures.MaxBytes, defaultMemoryBytes)
	}
	setDefault(&c.Storage.MaxBytes, defaultMaxBytes)
	setDefault(&c.Storage.Replicas, 1)
	if c.Server != nil {
		setDefault(&c.Storage.Duplicates, min(embeddedDuplicates, c.Storage.MaxAge))
	}
	setDefault(&c.Storage.Duplicates, min(defaultDuplicates, c.Storage.MaxAge))
	setDefault(&c.Pictures.MaxAge, defaultPictureAge)
	setDefault(&c.Pictures.MaxBytes, defaultPictureBytes)
	setDefault(&c.Name, "flipmeter")
	return c
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}
