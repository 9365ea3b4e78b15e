package configs

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// composeFile is what deploy/compose.yaml may hold; any other key is a
// mistake.
type composeFile struct {
	Name     string                    `yaml:"name"`
	Services map[string]composeService `yaml:"services"`
	Secrets  map[string]struct {
		Environment string `yaml:"environment"`
	} `yaml:"secrets"`
	Volumes map[string]struct{} `yaml:"volumes"`
}

type composeService struct {
	Image string `yaml:"image"`
	Build struct {
		Context string `yaml:"context"`
	} `yaml:"build"`
	Command         []string          `yaml:"command"`
	Environment     map[string]string `yaml:"environment"`
	Volumes         []string          `yaml:"volumes"`
	Secrets         []string          `yaml:"secrets"`
	Ports           []string          `yaml:"ports"`
	StopGracePeriod string            `yaml:"stop_grace_period"`
	Restart         string            `yaml:"restart"`
	DependsOn       []string          `yaml:"depends_on"`
}

const deploy = "../deploy"

func readYAML[T any](t *testing.T, path string, opts ...yaml.DecodeOption) (v T) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalWithOptions(text, &v, opts...); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

// Without a container engine this is what can be known of the compose file:
// it holds no unknown key, what it mounts is there, versions are pinned,
// nothing is published beyond this machine, and what the parts call each
// other by is what they are called.
func TestComposeFileFitsTogether(t *testing.T) {
	c := readYAML[composeFile](t, filepath.Join(deploy, "compose.yaml"), yaml.Strict())
	pinned := regexp.MustCompile(`^[a-z/]+:v?\d+\.\d+\.\d+(-[a-z]+)?$`)
	mounted := map[string]string{} // by service and place
	for name, s := range c.Services {
		if s.Image == "" {
			if _, err := os.Stat(filepath.Join(deploy, s.Build.Context, "Dockerfile")); err != nil {
				t.Errorf("%s is built of %v", name, err)
			}
		} else if !pinned.MatchString(s.Image) {
			t.Errorf("%s: %s is not pinned to a version", name, s.Image)
		}
		for _, v := range s.Volumes {
			parts := strings.Split(v, ":")
			if !strings.HasPrefix(v, "./") {
				if _, ok := c.Volumes[parts[0]]; !ok {
					t.Errorf("%s: no volume is called %s", name, parts[0])
				}
				continue
			}
			path := filepath.Join(deploy, parts[0])
			if st, err := os.Stat(path); err != nil || st.IsDir() || parts[len(parts)-1] != "ro" {
				t.Errorf("%s mounts %s: %v", name, v, err)
			}
			mounted[name+parts[1]] = path
		}
		for _, other := range s.DependsOn {
			if _, ok := c.Services[other]; !ok {
				t.Errorf("%s depends on %s, which is none", name, other)
			}
		}
		for _, secret := range s.Secrets {
			if c.Secrets[secret].Environment == "" {
				t.Errorf("%s: no secret is called %s", name, secret)
			}
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s publishes %s to others", name, p)
			}
		}
	}

	// flipmeter's own part.
	meter := c.Services["flipmeter"]
	path, ok := mounted["flipmeter"+meter.Command[len(meter.Command)-1]]
	if !ok {
		t.Fatalf("the configuration %v is not mounted", meter.Command)
	}
	cfg, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(cfg.Watch.Web.Listen)
	if err != nil || meter.Ports[0] != "127.0.0.1:"+port+":"+port {
		t.Errorf("it listens on %s, published is %v", cfg.Watch.Web.Listen, meter.Ports)
	}
	if file := cfg.Watch.Web.TokenFile; strings.TrimPrefix(file, "/run/secrets/") != meter.Secrets[0] {
		t.Errorf("the token is in %s, the secrets are %v", file, meter.Secrets)
	}
	service := func(what, address, wantPort string) {
		t.Helper()
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := c.Services[u.Hostname()]; !ok || u.Port() != wantPort {
			t.Errorf("%s at %s: no such service, or not its port %s", what, address, wantPort)
		}
	}
	service("the broker", cfg.Watch.NATS.URL, "4222")
	rtsp := readYAML[struct {
		Address string         `yaml:"rtspAddress"`
		Paths   map[string]any `yaml:"paths"`
	}](t, mounted["rtsp/mediamtx.yml"])
	for _, cam := range cfg.Cameras {
		service("camera "+cam.Name, cam.URL, strings.TrimPrefix(rtsp.Address, ":"))
		u, err := url.Parse(cam.URL)
		if err != nil || rtsp.Paths[strings.TrimPrefix(u.Path, "/")] == nil {
			t.Errorf("nobody sends what %s shows: %v", cam.URL, err)
		}
	}

	// Prometheus and Grafana.
	prom := readYAML[struct {
		Rules  []string `yaml:"rule_files"`
		Scrape []struct {
			Authorization struct {
				File string `yaml:"credentials_file"`
			} `yaml:"authorization"`
			Static []struct {
				Targets []string `yaml:"targets"`
			} `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}](t, mounted["prometheus/etc/prometheus/prometheus.yml"])
	if len(prom.Rules) != 1 || mounted["prometheus"+prom.Rules[0]] == "" {
		t.Errorf("rules %v are not mounted", prom.Rules)
	}
	if got := prom.Scrape[0].Static[0].Targets[0]; got != "flipmeter:"+port || prom.Scrape[0].Authorization.File != cfg.Watch.Web.TokenFile {
		t.Errorf("it scrapes %s with %s", got, prom.Scrape[0].Authorization.File)
	}
	if hosts := strings.Join(cfg.Watch.Web.Hosts, " "); !strings.Contains(hosts, "flipmeter") {
		t.Errorf("the name that it is scraped under is not among the hosts: %s", hosts)
	}
	sources := readYAML[struct {
		Sources []struct {
			URL string `yaml:"url"`
		} `yaml:"datasources"`
	}](t, mounted["grafana/etc/grafana/provisioning/datasources/flipmeter.yml"])
	service("Grafana's source", sources.Sources[0].URL, "9090")
	boards := readYAML[struct {
		Providers []struct {
			Options struct {
				Path string `yaml:"path"`
			} `yaml:"options"`
		} `yaml:"providers"`
	}](t, mounted["grafana/etc/grafana/provisioning/dashboards/flipmeter.yml"])
	if mounted["grafana"+boards.Providers[0].Options.Path+"/flipmeter.json"] == "" {
		t.Errorf("no dashboard is mounted in %s", boards.Providers[0].Options.Path)
	}
}
